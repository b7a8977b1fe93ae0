//! The SDKs' clients: each built once, at its first use, from one configuration.
//!
//! Building them lazily matters: the trust store alone takes four of the six milliseconds that eager clients would add
//! to the cold start of a function.

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use std::fmt;
use std::sync::OnceLock;
use std::time::Duration;

/// How often the SDK tries a call, the first time included. It is the only layer that retries a failed call.
const MAX_ATTEMPTS: u32 = 3;

/// Time limits of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// To reach the service.
    pub connect: Duration,
    /// From the request to the first byte of the answer; also between two pieces of a streamed body.
    pub read: Duration,
    /// One attempt, answer read.
    pub attempt: Duration,
    /// All attempts and the waiting between them.
    pub operation: Duration,
}

impl Timeouts {
    /// For calls that carry kilobytes: queues, tables, secrets.
    pub const SMALL: Timeouts = Timeouts::of_seconds(2, 5, 6, 20);
    /// For calls that carry megabytes: objects.
    pub const LARGE: Timeouts = Timeouts::of_seconds(2, 20, 25, 60);

    const fn of_seconds(connect: u64, read: u64, attempt: u64, operation: u64) -> Self {
        Timeouts {
            connect: Duration::from_secs(connect),
            read: Duration::from_secs(read),
            attempt: Duration::from_secs(attempt),
            operation: Duration::from_secs(operation),
        }
    }

    pub(crate) fn to_sdk(self) -> TimeoutConfig {
        TimeoutConfig::builder()
            .connect_timeout(self.connect)
            .read_timeout(self.read)
            .operation_attempt_timeout(self.attempt)
            .operation_timeout(self.operation)
            .build()
    }
}

/// What the SDKs need to know, under the names that every AWS tool uses.
#[derive(Clone)]
pub struct Environment {
    region: String,
    credentials: Credentials,
    /// Addresses of single services and, under the empty name, of all others.
    endpoints: Vec<(&'static str, String)>,
}

/// Variables that have to be set and are not, all of them at once.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the environment lacks {}; `aws configure export-credentials --format env` prints a profile's credentials",
    .0.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
)]
pub struct MissingVariables(pub Vec<&'static str>);

const ENDPOINTS: [(&str, &str); 7] = [
    ("cloudformation", "AWS_ENDPOINT_URL_CLOUDFORMATION"),
    ("lambda", "AWS_ENDPOINT_URL_LAMBDA"),
    ("s3", "AWS_ENDPOINT_URL_S3"),
    ("sqs", "AWS_ENDPOINT_URL_SQS"),
    ("dynamodb", "AWS_ENDPOINT_URL_DYNAMODB"),
    ("secretsmanager", "AWS_ENDPOINT_URL_SECRETS_MANAGER"),
    ("", "AWS_ENDPOINT_URL"),
];

impl Environment {
    /// Reads the process's environment.
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
            return Err(MissingVariables(
                all.into_iter().filter(|(_, value)| value.is_none()).map(|(name, _)| name).collect(),
            ));
        };
        let credentials = Credentials::new(key, secret, variable("AWS_SESSION_TOKEN"), None, "environment");
        let endpoints =
            ENDPOINTS.iter().filter_map(|(service, name)| Some((*service, variable(name)?))).collect::<Vec<_>>();
        Ok(Environment { region: region.clone(), credentials, endpoints })
    }

    /// Returns the region in which everything is looked for.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Returns the address that a service is to be called at instead of its own.
    fn endpoint(&self, service: &str) -> Option<&str> {
        let of = |wanted: &str| self.endpoints.iter().find(|(name, _)| *name == wanted).map(|(_, url)| url.as_str());
        of(service).or_else(|| of(""))
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment")
            .field("region", &self.region)
            .field("endpoints", &self.endpoints)
            .finish_non_exhaustive()
    }
}

/// The clients of one process.
pub struct Clients {
    environment: Environment,
    #[cfg_attr(
        not(any(feature = "sqs", feature = "dynamodb", feature = "secrets", feature = "operate")),
        expect(dead_code, reason = "only objects are there, and they are large")
    )]
    small: Timeouts,
    #[cfg_attr(not(feature = "s3"), expect(dead_code, reason = "only objects are large"))]
    large: Timeouts,
    shared: OnceLock<SdkConfig>,
    #[cfg(feature = "s3")]
    s3: OnceLock<aws_sdk_s3::Client>,
    #[cfg(feature = "sqs")]
    sqs: OnceLock<aws_sdk_sqs::Client>,
    #[cfg(feature = "dynamodb")]
    dynamodb: OnceLock<aws_sdk_dynamodb::Client>,
    #[cfg(feature = "secrets")]
    secrets: OnceLock<aws_sdk_secretsmanager::Client>,
    #[cfg(feature = "operate")]
    cloudformation: OnceLock<aws_sdk_cloudformation::Client>,
    #[cfg(feature = "operate")]
    lambda: OnceLock<aws_sdk_lambda::Client>,
}

impl Clients {
    /// Prepares clients; none is built yet.
    pub fn new(environment: Environment) -> Self {
        Self::with_timeouts(environment, Timeouts::SMALL, Timeouts::LARGE)
    }

    /// Prepares clients with other time limits, for small and for large calls.
    pub fn with_timeouts(environment: Environment, small: Timeouts, large: Timeouts) -> Self {
        Clients {
            environment,
            small,
            large,
            shared: OnceLock::new(),
            #[cfg(feature = "s3")]
            s3: OnceLock::new(),
            #[cfg(feature = "sqs")]
            sqs: OnceLock::new(),
            #[cfg(feature = "dynamodb")]
            dynamodb: OnceLock::new(),
            #[cfg(feature = "secrets")]
            secrets: OnceLock::new(),
            #[cfg(feature = "operate")]
            cloudformation: OnceLock::new(),
            #[cfg(feature = "operate")]
            lambda: OnceLock::new(),
        }
    }

    #[cfg(feature = "s3")]
    pub(crate) fn large_timeouts(&self) -> Timeouts {
        self.large
    }

    #[cfg(feature = "s3")]
    pub(crate) fn s3(&self) -> &aws_sdk_s3::Client {
        self.s3.get_or_init(|| {
            let config = self.config("s3", self.large);
            // The names of buckets are not names of hosts below an address that somebody else chose.
            let is_overridden = config.endpoint_url().is_some();
            let config = aws_sdk_s3::config::Builder::from(&config).force_path_style(is_overridden).build();
            aws_sdk_s3::Client::from_conf(config)
        })
    }

    #[cfg(feature = "sqs")]
    pub(crate) fn sqs(&self) -> &aws_sdk_sqs::Client {
        self.sqs.get_or_init(|| aws_sdk_sqs::Client::new(&self.config("sqs", self.small)))
    }

    #[cfg(feature = "dynamodb")]
    pub(crate) fn dynamodb(&self) -> &aws_sdk_dynamodb::Client {
        self.dynamodb.get_or_init(|| aws_sdk_dynamodb::Client::new(&self.config("dynamodb", self.small)))
    }

    #[cfg(feature = "secrets")]
    pub(crate) fn secrets(&self) -> &aws_sdk_secretsmanager::Client {
        self.secrets.get_or_init(|| aws_sdk_secretsmanager::Client::new(&self.config("secretsmanager", self.small)))
    }

    #[cfg(feature = "operate")]
    pub(crate) fn cloudformation(&self) -> &aws_sdk_cloudformation::Client {
        let config = || self.config("cloudformation", self.small);
        self.cloudformation.get_or_init(|| aws_sdk_cloudformation::Client::new(&config()))
    }

    #[cfg(feature = "operate")]
    pub(crate) fn lambda(&self) -> &aws_sdk_lambda::Client {
        self.lambda.get_or_init(|| aws_sdk_lambda::Client::new(&self.config("lambda", self.small)))
    }

    /// Returns the configuration of one service; connections are shared by all of them.
    fn config(&self, service: &str, timeouts: Timeouts) -> SdkConfig {
        let shared = self.shared.get_or_init(|| {
            let http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
            SdkConfig::builder()
                .behavior_version(BehaviorVersion::v2026_01_12())
                .region(Region::new(self.environment.region.clone()))
                .credentials_provider(SharedCredentialsProvider::new(self.environment.credentials.clone()))
                .retry_config(RetryConfig::standard().with_max_attempts(MAX_ATTEMPTS))
                .http_client(http)
                .build()
        });
        let mut config = shared.to_builder().timeout_config(timeouts.to_sdk());
        config.set_endpoint_url(self.environment.endpoint(service).map(str::to_owned));
        config.build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Environment, MissingVariables> {
        let find =
            |name: &str| variables.iter().find(|(there, _)| *there == name).map(|(_, value)| (*value).to_owned());
        Environment::read(find)
    }

    const COMPLETE: [(&str, &str); 3] =
        [("AWS_REGION", "eu-north-1"), ("AWS_ACCESS_KEY_ID", "AKIATEST"), ("AWS_SECRET_ACCESS_KEY", "very-secret")];

    #[test]
    fn everything_that_is_missing_is_said_at_once() {
        let error = read(&[("AWS_ACCESS_KEY_ID", ""), ("AWS_DEFAULT_REGION", "")]).unwrap_err();
        assert_eq!(error.0, ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]);
        assert!(error.to_string().starts_with("the environment lacks `AWS_REGION`, `AWS_ACCESS_KEY_ID`, "), "{error}");
        let error = read(&[COMPLETE[1], COMPLETE[2]]).unwrap_err();
        assert_eq!(error.0, ["AWS_REGION"]);
        assert!(read(&[("AWS_DEFAULT_REGION", "us-east-1"), COMPLETE[1], COMPLETE[2]]).is_ok());
    }

    #[test]
    fn a_services_own_endpoint_comes_before_the_common_one() {
        let mut variables = COMPLETE.to_vec();
        assert_eq!(read(&variables).expect("reads").endpoint("s3"), None);
        variables.push(("AWS_ENDPOINT_URL", "http://127.0.0.1:1"));
        variables.push(("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:2"));
        let environment = read(&variables).expect("reads");
        assert_eq!(environment.endpoint("s3"), Some("http://127.0.0.1:2"));
        assert_eq!(environment.endpoint("sqs"), Some("http://127.0.0.1:1"));
    }

    #[test]
    fn secrets_are_not_printed() {
        let environment = read(&COMPLETE).expect("reads");
        assert!(!format!("{environment:?}").contains("secret"), "{environment:?}");
    }
}
