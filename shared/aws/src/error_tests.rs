use super::*;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::ErrorMetadata;
use std::io;

type Failed = SdkError<ErrorMetadata, HttpResponse>;

fn answered(status: u16, code: &str, headers: &[(&'static str, &'static str)]) -> Failed {
    let status = StatusCode::try_from(status).expect("a status");
    let mut response = HttpResponse::new(status, SdkBody::empty());
    for (name, value) in headers {
        response.headers_mut().insert(*name, *value);
    }
    let metadata = ErrorMetadata::builder();
    let metadata = if code.is_empty() { metadata } else { metadata.code(code) };
    SdkError::service_error(metadata.build(), response)
}

const THROTTLED_KIND: Kind = Kind::Retry(AFTER_THROTTLING);
const FAILED_KIND: Kind = Kind::Retry(AFTER_FAILURE);

#[test]
fn answers_that_mean_the_same_to_every_verb() {
    let cases = [
        (503, "SlowDown", THROTTLED_KIND),
        (503, "", FAILED_KIND),
        (500, "InternalError", FAILED_KIND),
        (502, "", FAILED_KIND),
        (429, "", THROTTLED_KIND),
        (400, "ThrottlingException", THROTTLED_KIND),
        (400, "ProvisionedThroughputExceededException", THROTTLED_KIND),
        (400, "RequestLimitExceeded", THROTTLED_KIND),
        (403, "RequestThrottled", THROTTLED_KIND),
        (400, "RequestTimeout", FAILED_KIND),
        (400, "InternalServerError", FAILED_KIND),
        (403, "AccessDenied", Kind::Fatal),
        (403, "SignatureDoesNotMatch", Kind::Fatal),
        (400, "ExpiredToken", Kind::Fatal),
        (400, "ValidationException", Kind::Fatal),
        (400, "EntityTooLarge", Kind::Fatal),
        (301, "PermanentRedirect", Kind::Fatal),
        // What is missing is not the subject.
        (404, "NoSuchBucket", Kind::Fatal),
        (400, "ResourceNotFoundException", Kind::Fatal),
        (400, "AWS.SimpleQueueService.NonExistentQueue", Kind::Fatal),
        (400, "QueueDoesNotExist", Kind::Fatal),
        (400, "ReceiptHandleIsInvalid", Kind::NotFound),
        (400, "AWS.SimpleQueueService.MessageNotInflight", Kind::NotFound),
    ];
    for (status, code, expected) in cases {
        assert_eq!(kind_of(Verb::Other, &answered(status, code, &[])), expected, "{status} {code}");
    }
}

#[cfg(feature = "s3")]
#[test]
fn answers_that_depend_on_the_verb() {
    let contended = Kind::Retry(AFTER_CONTENTION);
    let cases = [
        (412, "PreconditionFailed", [Kind::Exists, Kind::Conflict, Kind::Conflict]),
        (412, "", [Kind::Exists, Kind::Conflict, Kind::Conflict]),
        (409, "ConditionalRequestConflict", [contended, Kind::Conflict, contended]),
        (409, "OperationAborted", [contended, Kind::Conflict, contended]),
        (409, "InvalidBucketState", [Kind::Fatal; 3]),
        (404, "NoSuchKey", [Kind::NotFound, Kind::Conflict, Kind::NotFound]),
        (404, "", [Kind::NotFound, Kind::Conflict, Kind::NotFound]),
        (404, "NoSuchUpload", [contended; 3]),
        (404, "NoSuchBucket", [Kind::Fatal; 3]),
    ];
    for (status, code, expected) in cases {
        let kinds = [Verb::Create, Verb::Swap, Verb::Other].map(|verb| kind_of(verb, &answered(status, code, &[])));
        assert_eq!(kinds, expected, "{status} {code}");
    }
}

#[test]
fn a_service_may_say_how_long() {
    let wait = |headers| match kind_of(Verb::Other, &answered(503, "SlowDown", headers)) {
        Kind::Retry(after) => after.as_millis(),
        kind => panic!("{kind:?}"),
    };
    assert_eq!(wait(&[("retry-after", "7")]), 7_000);
    assert_eq!(wait(&[("x-amz-retry-after", "150"), ("retry-after", "7")]), 150);
    assert_eq!(wait(&[("retry-after", "99999999999")]), 300_000);
    assert_eq!(wait(&[("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT")]), AFTER_THROTTLING.as_millis());
}

#[test]
fn calls_without_an_answer() {
    let broken = || Box::new(io::Error::other("broken"));
    let cases: [(Failed, Kind); 6] = [
        (SdkError::timeout_error(broken()), FAILED_KIND),
        (SdkError::dispatch_failure(ConnectorError::io(broken())), FAILED_KIND),
        (SdkError::dispatch_failure(ConnectorError::timeout(broken())), FAILED_KIND),
        (SdkError::dispatch_failure(ConnectorError::user(broken())), Kind::Fatal),
        (SdkError::construction_failure(broken()), Kind::Fatal),
        (
            SdkError::response_error(
                broken(),
                HttpResponse::new(StatusCode::try_from(200).expect("a status"), SdkBody::empty()),
            ),
            FAILED_KIND,
        ),
    ];
    for (error, expected) in cases {
        assert_eq!(kind_of(Verb::Other, &error), expected, "{error:?}");
    }
}

#[test]
fn the_cause_stays_in_the_chain() {
    let error = port_error(Verb::Other, "read blob", "key", answered(403, "AccessDenied", &[]));
    assert_eq!(error.to_string(), "failed to read blob `key`: it cannot be done");
    let mut chain = String::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        chain.push_str(&format!("{error}; "));
        cause = error.source();
    }
    assert!(chain.contains("AccessDenied"), "{chain}");
}
