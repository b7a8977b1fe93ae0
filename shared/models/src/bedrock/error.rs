//! Every error of Bedrock as one of the classes.

use crate::{Class, ModelError};
use aws_sdk_bedrockruntime::operation::RequestId;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use std::error::Error;
use std::time::Duration;

const AFTER_THROTTLING: Duration = Duration::from_secs(2);
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// A quota is not refilled in seconds.
const AFTER_QUOTA: Duration = Duration::from_secs(300);
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// Returns our error for the SDK's, which stays in the chain.
pub(super) fn model_error<E>(model: &str, error: SdkError<E, HttpResponse>) -> Box<ModelError>
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let (class, attempts, code, message) = classify(&error);
    let request_id = error.request_id().map(str::to_owned);
    ModelError::of(class, model, code, message).attempts(attempts).requested(request_id).because(error)
}

fn classify<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> (Class, u32, String, String) {
    let ours =
        |class: Class, attempts: u32, code: &str, message: &str| (class, attempts, code.to_owned(), message.to_owned());
    let later = || Class::Retry { after: AFTER_FAILURE };
    match error {
        SdkError::ServiceError(service) => {
            let code = service.err().code().unwrap_or("unknown").to_owned();
            let message = service.err().message().unwrap_or("the service gave no reason").to_owned();
            let (class, attempts) = of_answer(&code, service.raw());
            (class, attempts, code, message)
        }
        SdkError::TimeoutError(_) => ours(later(), 3, "timeout", "the service did not answer in time"),
        SdkError::DispatchFailure(failure) if failure.is_user() => {
            ours(Class::Permanent, 1, "configuration", "the call could not be sent")
        }
        SdkError::DispatchFailure(_) => ours(later(), 3, "connection", "the service was not reached"),
        SdkError::ResponseError(_) => ours(later(), 3, "protocol", "the answer could not be read"),
        _ => ours(Class::Permanent, 1, "malformed_request", "the call could not be built"),
    }
}

/// How often a failed call is worth sending again while somebody waits is the service's own advice, but for 408 and
/// 424, where its SDKs never do.
fn of_answer(code: &str, response: &HttpResponse) -> (Class, u32) {
    let asked = asked_for(response);
    let retry = |after: Duration| Class::Retry { after: asked.unwrap_or(after) };
    let throttled = |after: Duration| Class::Throttled { after: asked.unwrap_or(after) };
    match (code, response.status().as_u16()) {
        ("AccessDeniedException" | "ValidationException", _) => (Class::Permanent, 1),
        ("ResourceNotFoundException", _) => (Class::Unavailable, 1),
        ("ModelTimeoutException", _) => (retry(AFTER_FAILURE), 3),
        ("ModelErrorException", _) => (retry(AFTER_FAILURE), 2),
        ("ThrottlingException" | "ModelNotReadyException", _) => (throttled(AFTER_THROTTLING), 3),
        // Not in the model of Converse, so it arrives without a type and only by its code.
        ("ServiceQuotaExceededException", _) => (throttled(AFTER_QUOTA), 1),
        (_, 429) => (throttled(AFTER_THROTTLING), 3),
        (_, 408 | 500..) => (retry(AFTER_FAILURE), 3),
        (_, 424) => (retry(AFTER_FAILURE), 2),
        (_, 404) => (Class::Unavailable, 1),
        _ => (Class::Permanent, 1),
    }
}

fn asked_for(response: &HttpResponse) -> Option<Duration> {
    let number = |name: &str| response.headers().get(name)?.trim().parse::<u64>().ok();
    let asked = number("x-amz-retry-after").map(Duration::from_millis);
    asked.or_else(|| number("retry-after").map(Duration::from_secs)).map(|wait| wait.min(LONGEST_WAIT))
}
