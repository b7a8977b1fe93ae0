//! The adapters on services that others wrote: MiniStack (S3, SQS, DynamoDB), SeaweedFS (S3, strict about signatures)
//! and moto (SQS and DynamoDB a second time). `cargo xtask setup` installs them.

mod dynamodb;
mod faults;
mod objects;
mod pipeline;
mod queues;
mod server;
mod stub;

use aws::{Clients, Environment};
use ports::Clock;
use ports::contract::Report;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Promises that a service of the tests breaks, and why the adapter is right all the same: service, promise, reason.
const DEVIATIONS: &[(&str, &str, &str)] = &[
    ("ministack", "copy creates and never overwrites", "it ignores `If-None-Match` of CopyObject, which S3 documents"),
    ("seaweedfs", "delete is final and repeatable", "what was a folder once cannot become an object"),
    ("seaweedfs", "lists are in byte order of keys", "it lists folder by folder, so `a/b` comes before `a-b`"),
    ("seaweedfs", "pages cover everything once", "as above; MiniStack checks the pages"),
    ("seaweedfs", "a prefix may end anywhere", "as above; MiniStack checks the prefixes"),
    ("below a prefix", "strange but safe keys work", "the longest key has no room for a prefix: S3 takes 1,024 bytes"),
];

/// Checks that a service broke nothing but what it is known to break.
#[track_caller]
fn assert_kept(service: &str, report: &Report) {
    let known: BTreeSet<&str> =
        DEVIATIONS.iter().filter(|(name, _, _)| service.contains(name)).map(|(_, promise, _)| *promise).collect();
    let broken: BTreeSet<&str> = report.broken.iter().map(|broken| broken.promise).collect();
    assert!(report.n_kept > 0, "{service}: nothing was checked");
    assert!(broken.is_subset(&known), "{service}: {report}");
}

/// The environment of somebody with a key for the emulators.
fn environment(endpoint: &str, secret: &str) -> Environment {
    let variables = [
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", server::ACCESS_KEY),
        ("AWS_SECRET_ACCESS_KEY", secret),
        ("AWS_ENDPOINT_URL", endpoint),
    ];
    let find = |name: &str| variables.iter().find(|(there, _)| *there == name).map(|(_, value)| (*value).to_owned());
    Environment::read(find).expect("a complete environment")
}

fn clients(endpoint: &str) -> Arc<Clients> {
    Arc::new(Clients::new(environment(endpoint, server::SECRET_KEY)))
}

/// The machine's clock.
struct SystemClock;

#[async_trait::async_trait]
impl Clock for SystemClock {
    fn now_ms(&self) -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_millis() as u64)
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    fn random(&self) -> u64 {
        fastrand::u64(..)
    }
}

/// Configures an SDK of its own: what tests prepare must not depend on what they test.
fn sdk(endpoint: &str) -> aws_types::SdkConfig {
    use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
    let credentials =
        aws_credential_types::Credentials::new(server::ACCESS_KEY, server::SECRET_KEY, None, None, "tests");
    aws_types::SdkConfig::builder()
        .behavior_version(aws_smithy_runtime_api::client::behavior_version::BehaviorVersion::v2026_01_12())
        .region(aws_types::region::Region::new("us-east-1"))
        .credentials_provider(aws_credential_types::provider::SharedCredentialsProvider::new(credentials))
        .http_client(
            aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https(),
        )
        .endpoint_url(endpoint)
        .build()
}
