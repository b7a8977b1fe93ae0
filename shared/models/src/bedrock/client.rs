//! The SDK's client: one attempt per call, because `retry.rs` is the layer that tries again.

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_bedrockruntime::Client;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use std::fmt;
use std::time::Duration;

/// To reach the service.
const CONNECT: Duration = Duration::from_secs(3);

/// Longer than any model takes for the answers that are asked for here; the caller's deadline is nearly always nearer.
const ATTEMPT: Duration = Duration::from_secs(115);

/// What the SDK needs to know, under the names that every AWS tool uses.
#[derive(Clone)]
pub struct Environment {
    region: String,
    credentials: Credentials,
    endpoint: Option<String>,
}

/// Variables that have to be set and are not, all of them at once.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the environment lacks {}; `aws configure export-credentials --format env` prints a profile's credentials",
    .0.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
)]
pub struct MissingVariables(pub Vec<&'static str>);

impl Environment {
    pub fn of_process() -> Result<Self, MissingVariables> {
        Self::read(|name| std::env::var(name).ok())
    }

    /// Reads an environment; empty variables count as absent.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, MissingVariables> {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let region = variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION"));
        let (key, secret) = (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY"));
        let (Some(region), Some(key), Some(secret)) = (&region, &key, &secret) else {
            let all = [("AWS_REGION", region), ("AWS_ACCESS_KEY_ID", key), ("AWS_SECRET_ACCESS_KEY", secret)];
            let missing = all.into_iter().filter(|(_, value)| value.is_none()).map(|(name, _)| name);
            return Err(MissingVariables(missing.collect()));
        };
        let endpoint = variable("AWS_ENDPOINT_URL_BEDROCK_RUNTIME").or_else(|| variable("AWS_ENDPOINT_URL"));
        let credentials = Credentials::new(key, secret, variable("AWS_SESSION_TOKEN"), None, "environment");
        Ok(Environment { region: region.clone(), credentials, endpoint })
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut environment = f.debug_struct("Environment");
        environment.field("region", &self.region).field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

pub(super) fn client(environment: &Environment) -> Client {
    let http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .read_timeout(ATTEMPT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(ATTEMPT)
        .build();
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(environment.region.clone()))
        .credentials_provider(SharedCredentialsProvider::new(environment.credentials.clone()))
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts)
        .http_client(http);
    config.set_endpoint_url(environment.endpoint.clone());
    Client::new(&config.build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_said_and_secrets_are_not() {
        let read = |variables: &[(&str, &str)]| {
            let find = |name: &str| variables.iter().find(|(there, _)| *there == name).map(|(_, v)| (*v).to_owned());
            Environment::read(find)
        };
        assert_eq!(read(&[("AWS_ACCESS_KEY_ID", "")]).unwrap_err().0.len(), 3);
        let mut all = vec![
            ("AWS_REGION", "eu-north-1"),
            ("AWS_ACCESS_KEY_ID", "AKIATEST"),
            ("AWS_SECRET_ACCESS_KEY", "very-secret"),
        ];
        all.push(("AWS_ENDPOINT_URL", "http://127.0.0.1:1"));
        assert_eq!(read(&all).expect("reads").endpoint.as_deref(), Some("http://127.0.0.1:1"));
        all.push(("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "http://127.0.0.1:2"));
        let environment = read(&all).expect("reads");
        assert_eq!(environment.endpoint.as_deref(), Some("http://127.0.0.1:2"));
        assert!(!format!("{environment:?}").contains("secret"), "{environment:?}");
    }
}
