//! Every error of every SDK as one of the five kinds.
//!
//! What a service answers means different things to different verbs: a failed precondition is `Exists` to who creates,
//! and `Conflict` to who swaps. What is missing *beside* the subject (a bucket, a table, a queue) is configuration, and
//! fatal.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use ports::{Kind, PortError};
use std::error::Error;
use std::time::Duration;

/// How long to leave a service alone that said it is asked too often.
const AFTER_THROTTLING: Duration = Duration::from_secs(2);

/// How long to wait after a failure that had nothing to do with us.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// How long to wait for another writer of the same key to finish.
#[cfg(feature = "s3")]
const AFTER_CONTENTION: Duration = Duration::from_millis(100);

/// Services say "too fast" under many names, not always with a status that says it too.
const THROTTLED: &[&str] = &[
    "BandwidthLimitExceeded",
    "KmsThrottled",
    "OverLimit",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequestsException",
    "TransactionInProgressException",
];

/// Failures of the service, or of the way to it, with a status of 400.
const TRANSIENT: &[&str] = &[
    "IDPCommunicationError",
    "InternalError",
    "InternalFailure",
    "InternalServerError",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServiceUnavailable",
    "TransactionConflictException",
];

/// What the caller was about to do, where that decides what an answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    #[cfg(feature = "s3")]
    Create,
    #[cfg(feature = "s3")]
    Swap,
    Other,
}

/// Returns the port's error for an SDK's, which stays in the chain.
pub(crate) fn port_error<E>(
    verb: Verb,
    operation: &'static str,
    subject: &str,
    error: SdkError<E, HttpResponse>,
) -> PortError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    PortError::new(kind_of(verb, &error), operation, subject).because(error)
}

pub(crate) fn kind_of<E: ProvideErrorMetadata>(verb: Verb, error: &SdkError<E, HttpResponse>) -> Kind {
    match error {
        SdkError::ConstructionFailure(_) => Kind::Fatal,
        SdkError::DispatchFailure(failure) if failure.is_user() => Kind::Fatal,
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => {
            Kind::Retry(AFTER_FAILURE)
        }
        SdkError::ServiceError(error) => of_answer(verb, error.err().code(), error.raw()),
        _ => Kind::Fatal,
    }
}

fn of_answer(verb: Verb, code: Option<&str>, response: &HttpResponse) -> Kind {
    let status = response.status().as_u16();
    let code = code.unwrap_or_default();
    if status == 429 || THROTTLED.contains(&code) {
        return Kind::Retry(asked_for(response).unwrap_or(AFTER_THROTTLING));
    }
    if status >= 500 || status == 408 || TRANSIENT.contains(&code) {
        return Kind::Retry(asked_for(response).unwrap_or(AFTER_FAILURE));
    }
    of_refusal(verb, status, code)
}

fn of_refusal(verb: Verb, status: u16, code: &str) -> Kind {
    #[cfg(feature = "s3")]
    match (status, code, verb) {
        (412, _, Verb::Create) => return Kind::Exists,
        (412, _, _) => return Kind::Conflict,
        // Somebody else is writing this key: for who swaps, its content is about to change.
        (409, "ConditionalRequestConflict" | "OperationAborted", Verb::Swap) => return Kind::Conflict,
        (409, "ConditionalRequestConflict" | "OperationAborted", _) => return Kind::Retry(AFTER_CONTENTION),
        // Another attempt of ours completed or aborted it: the next try will see which.
        (404, "NoSuchUpload", _) => return Kind::Retry(AFTER_CONTENTION),
        (404, "" | "NoSuchKey" | "NoSuchVersion" | "NotFound", Verb::Swap) => return Kind::Conflict,
        _ => {}
    }
    match (status, code, verb) {
        // The answer to a `HEAD` has no body, so no code.
        (404, "" | "NoSuchKey" | "NoSuchVersion" | "NotFound", _) => Kind::NotFound,
        (_, "ReceiptHandleIsInvalid" | "MessageNotInflight", _) => Kind::NotFound,
        (_, "AWS.SimpleQueueService.MessageNotInflight", _) => Kind::NotFound,
        _ => Kind::Fatal,
    }
}

/// Returns how long the service asked to be left alone, in seconds by the standard header or in milliseconds by
/// Amazon's.
fn asked_for(response: &HttpResponse) -> Option<Duration> {
    let number = |name: &str| response.headers().get(name)?.trim().parse::<u64>().ok();
    let asked = number("x-amz-retry-after").map(Duration::from_millis);
    asked.or_else(|| number("retry-after").map(Duration::from_secs)).map(|wait| wait.min(Duration::from_secs(300)))
}

/// Returns an error of a body that broke off.
#[cfg(feature = "s3")]
pub(crate) fn broken_body(
    operation: &'static str,
    subject: &str,
    source: impl Into<Box<dyn Error + Send + Sync>>,
) -> PortError {
    PortError::new(Kind::Retry(AFTER_FAILURE), operation, subject).because(source)
}

#[cfg(test)]
#[path = "error_tests.rs"]
mod tests;
