//! The S3 endpoint under AWS's SDK for Rust: the client that Greenroom itself uses on AWS.

#[path = "../s3/endpoint.rs"]
mod endpoint;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region, retry::RetryConfig};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumMode, CompletedMultipartUpload, CompletedPart};
use embedded::Durability;
use endpoint::{Endpoint, tool};
use greenroom::inbox::BUCKET;
use ports::{Kind, PresignBlob};
use std::process::Command;
use std::time::Instant;

fn client(endpoint: &Endpoint, secret: &str) -> Client {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .endpoint_url(&endpoint.url)
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new(&endpoint.credentials.access_key, secret, None, None, "test"))
        .retry_config(RetryConfig::disabled())
        .force_path_style(true)
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    Client::from_conf(config)
}

/// Returns the code that S3 gave, or the status where the answer has no body.
fn code<T: std::fmt::Debug, E: ProvideErrorMetadata + std::fmt::Debug>(
    result: Result<T, SdkError<E, aws_sdk_s3::config::http::HttpResponse>>,
) -> String {
    let error = result.expect_err("a refusal");
    let status = error.raw_response().map_or(0, |response| response.status().as_u16());
    error.code().map_or_else(|| status.to_string(), str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn objects() {
    let folder = tempfile::tempdir().expect("a folder");
    let endpoint = Endpoint::start(folder.path(), Durability::Process).await;
    let s3 = client(&endpoint, &endpoint.credentials.secret_key);
    let key = "a b+%2B/ü 🦀.jpg";
    // A streamed body: aws-chunked with a checksum behind it.
    let body = vec![7_u8; 3_000_000];
    std::fs::write(folder.path().join("body"), &body).expect("a file");
    let stream = ByteStream::from_path(folder.path().join("body")).await.expect("a stream");
    let put = s3.put_object().bucket(BUCKET).key(key).body(stream).send().await.expect("a put");
    assert!(put.checksum_crc32().is_some());
    let got = s3.get_object().bucket(BUCKET).key(key).checksum_mode(ChecksumMode::Enabled).send().await.expect("a get");
    assert_eq!(got.checksum_crc32(), put.checksum_crc32());
    assert_eq!(got.body.collect().await.expect("a body").into_bytes(), body);
    let range = s3.get_object().bucket(BUCKET).key(key).range("bytes=10-19").send().await.expect("a range");
    assert_eq!(range.body.collect().await.expect("a body").into_bytes(), body[10..20]);
    assert_eq!(endpoint.events().await, [format!("+{key}")]);
    // Every algorithm, right and wrong.
    for algorithm in ["CRC32", "CRC32C", "SHA1", "SHA256", "CRC64NVME"] {
        let put = s3.put_object().bucket(BUCKET).key("sum").body(b"hello".to_vec().into());
        put.checksum_algorithm(ChecksumAlgorithm::from(algorithm)).send().await.expect("a put");
        assert_eq!(endpoint.events().await, ["+sum"]);
    }
    let wrong = s3.put_object().bucket(BUCKET).key("wrong").body(b"hello".to_vec().into()).checksum_crc32_c("AAAAAA==");
    assert_eq!(code(wrong.send().await), "BadDigest");
    // Conditions.
    let etag = put.e_tag().expect("an ETag");
    let create = s3.put_object().bucket(BUCKET).key(key).if_none_match("*").body(b"x".to_vec().into());
    assert_eq!(code(create.send().await), "PreconditionFailed");
    assert_eq!(code(s3.get_object().bucket(BUCKET).key(key).if_none_match(etag).send().await), "304");
    // Copy, list, delete.
    let source = format!("{BUCKET}/a%20b%2B%252B/%C3%BC%20%F0%9F%A6%80.jpg");
    s3.copy_object().bucket(BUCKET).key("copy").copy_source(source).send().await.expect("a copy");
    let list = s3.list_objects_v2().bucket(BUCKET).delimiter("/").send().await.expect("a list");
    assert_eq!(list.contents().iter().filter_map(|object| object.key()).collect::<Vec<_>>(), ["copy", "sum"]);
    assert_eq!(list.common_prefixes().iter().filter_map(|prefix| prefix.prefix()).collect::<Vec<_>>(), ["a b+%2B/"]);
    s3.delete_object().bucket(BUCKET).key("copy").send().await.expect("a delete");
    assert_eq!(endpoint.events().await, ["+copy", "-copy"]);
    // Who.
    assert_eq!(code(client(&endpoint, "wrong").list_objects_v2().bucket(BUCKET).send().await), "SignatureDoesNotMatch");
    endpoint.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_survive_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let endpoint = Endpoint::start(folder.path(), Durability::Process).await;
    let s3 = client(&endpoint, &endpoint.credentials.secret_key);
    let begun = s3.create_multipart_upload().bucket(BUCKET).key("big").send().await.expect("an upload");
    let id = begun.upload_id().expect("an id").to_owned();
    let part = |s3: &Client, number: i32, bytes: usize| {
        let body = vec![number as u8; bytes].into();
        s3.upload_part().bucket(BUCKET).key("big").upload_id(&id).part_number(number).body(body).send()
    };
    let first = part(&s3, 1, 8 << 20).await.expect("a part");
    endpoint.stop().await;
    let endpoint = Endpoint::start(folder.path(), Durability::Process).await;
    let s3 = client(&endpoint, &endpoint.credentials.secret_key);
    let second = part(&s3, 2, 100).await.expect("a part");
    let said = |number: i32, etag: Option<&str>| {
        CompletedPart::builder().part_number(number).set_e_tag(etag.map(str::to_owned)).build()
    };
    let parts =
        CompletedMultipartUpload::builder().parts(said(1, first.e_tag())).parts(said(2, second.e_tag())).build();
    let complete = s3.complete_multipart_upload().bucket(BUCKET).key("big").upload_id(&id).multipart_upload(parts);
    let whole = complete.send().await.expect("an object");
    assert!(whole.e_tag().is_some_and(|etag| etag.ends_with("-2\"")), "{whole:?}");
    assert_eq!(endpoint.events().await, ["+big"]);
    // What was said of an object before the restart is known after it.
    let head = s3.head_object().bucket(BUCKET).key("big").send().await.expect("a head");
    assert_eq!((head.content_length(), head.e_tag()), (Some((8 << 20) + 100), whole.e_tag()));
    endpoint.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_dropped_by_hand_are_objects() {
    let folder = tempfile::tempdir().expect("a folder");
    let endpoint = Endpoint::start(folder.path(), Durability::Process).await;
    let s3 = client(&endpoint, &endpoint.credentials.secret_key);
    std::fs::write(endpoint.inbox_folder.join("hand.png"), b"hello").expect("a file");
    std::fs::write(endpoint.inbox_folder.join(".DS_Store"), b"x").expect("a file");
    std::os::unix::fs::symlink("/etc/passwd", endpoint.inbox_folder.join("link.png")).expect("a link");
    let list = s3.list_objects_v2().bucket(BUCKET).send().await.expect("a list");
    assert_eq!(list.contents().iter().filter_map(|object| object.key()).collect::<Vec<_>>(), ["hand.png"]);
    let head = s3.head_object().bucket(BUCKET).key("hand.png").send().await.expect("a head");
    assert_eq!((head.e_tag(), head.content_type()), (Some("\"5d41402abc4b2a76b9719d911017c592\""), Some("image/png")));
    assert_eq!(code(s3.get_object().bucket(BUCKET).key("link.png").send().await), "NoSuchKey");
    // Replaced by hand: what was said of the upload holds no more.
    let put = s3.put_object().bucket(BUCKET).key("b").metadata("k", "v").body(b"1".to_vec().into());
    put.send().await.expect("a put");
    std::fs::write(endpoint.inbox_folder.join("b"), b"22").expect("a file");
    let head = s3.head_object().bucket(BUCKET).key("b").send().await.expect("a head");
    assert_eq!(head.metadata().map_or(0, std::collections::HashMap::len), 0);
    endpoint.stop().await;
}

/// Links: the SDK's, and ours, which the console gives to a browser.
#[tokio::test(flavor = "multi_thread")]
async fn links() {
    let folder = tempfile::tempdir().expect("a folder");
    let endpoint = Endpoint::start(folder.path(), Durability::Process).await;
    let s3 = client(&endpoint, &endpoint.credentials.secret_key);
    let curl = |arguments: &[&str]| {
        let output =
            Command::new("curl").args(["-sS", "-w", "%{http_code}"]).args(arguments).output().expect("curl runs");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let presigner = endpoint.presigner();
    for key in ["plain.jpg", "a b+%2B/ü 🦀 ~'()!*.jpg"] {
        let link = presigner.presign_put(key, 60).await.expect("a link");
        assert!(link.headers.is_empty());
        assert_eq!(curl(&["-X", "PUT", "--data", "hello", &link.url]), "200", "{key}");
        let config = PresigningConfig::expires_in(std::time::Duration::from_secs(60)).expect("a minute");
        let get = s3.get_object().bucket(BUCKET).key(key).presigned(config).await.expect("a link");
        assert_eq!(curl(&[get.uri()]), "hello200", "{key}");
        assert_eq!(endpoint.events().await, [format!("+{key}")]);
    }
    let link = presigner.presign_put("plain.jpg", 60).await.expect("a link").url;
    assert!(curl(&["-X", "PUT", "--data", "x", &link.replace("plain", "other")]).ends_with("403"));
    for (key, seconds) in [("../a", 60), ("a", 0), ("a", 901)] {
        assert_eq!(presigner.presign_put(key, seconds).await.expect_err("a refusal").kind, Kind::Fatal);
    }
    assert!(tool("aws").exists());
    endpoint.stop().await;
}

/// How fast it is here: `cargo test --release -p e2e --test s3_sdk -- --ignored --nocapture`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn measure() {
    for durability in [Durability::Process, Durability::Power] {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
        let endpoint = Endpoint::start(folder.path(), durability).await;
        let s3 = client(&endpoint, &endpoint.credentials.secret_key);
        let put =
            |key: String, bytes: usize| s3.put_object().bucket(BUCKET).key(key).body(vec![1; bytes].into()).send();
        for n_clients in [1, 8] {
            let begun = Instant::now();
            let one = async |client: usize| {
                for n in 0..400 / n_clients {
                    put(format!("{n_clients}/{client}/{n}"), 1024).await.expect("a put");
                }
            };
            futures::future::join_all((0..n_clients).map(one)).await;
            println!("{durability:?}: {n_clients} clients, {:.0} put/s of 1 KB", 400.0 / begun.elapsed().as_secs_f64());
        }
        let begun = Instant::now();
        put("large".into(), 100 << 20).await.expect("a put");
        println!("{durability:?}: put 100 MiB at {:.0} MiB/s", 100.0 / begun.elapsed().as_secs_f64());
        let begun = Instant::now();
        let got = s3.get_object().bucket(BUCKET).key("large").send().await.expect("a get");
        assert_eq!(got.body.collect().await.expect("a body").into_bytes().len(), 100 << 20);
        println!("{durability:?}: get 100 MiB at {:.0} MiB/s", 100.0 / begun.elapsed().as_secs_f64());
        endpoint.stop().await;
    }
}
