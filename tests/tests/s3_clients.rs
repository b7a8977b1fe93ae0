//! The S3 endpoint under clients that we did not write: boto3, the AWS CLI, rclone and curl.
//!
//! `cargo xtask setup` installs them. What each one does is in `tests/s3`.

#[path = "../s3/endpoint.rs"]
mod endpoint;

use embedded::Durability;
use endpoint::Endpoint;

async fn drive(driver: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let endpoint = Endpoint::start(folder.path(), Durability::Process).await;
    endpoint.drive(driver).await;
    endpoint.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn boto3() {
    drive("boto3_client.py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn aws_cli() {
    drive("aws_cli.py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rclone() {
    for tool in ["/usr/bin/rclone", "/usr/bin/curl"] {
        assert!(std::path::Path::new(tool).exists(), "`{tool}` is missing: run `cargo xtask setup`");
    }
    drive("rclone.py").await;
}

/// Upload links as the console gives them to a browser.
#[tokio::test(flavor = "multi_thread")]
async fn curl_with_links() {
    drive("links.py").await;
}

/// An endpoint to try things on by hand: `cargo test --release -p e2e --test s3_clients -- --ignored --nocapture serve`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "runs until it is stopped"]
async fn serve() {
    let folder = tempfile::tempdir().expect("a folder");
    let endpoint = Endpoint::start(folder.path(), Durability::Power).await;
    println!("{} {}", endpoint.url, endpoint.credentials_file.display());
    std::future::pending::<()>().await;
}
