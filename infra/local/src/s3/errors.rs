//! From our errors to S3's.

use ports::{Kind, PortError};
use s3s::{S3Error, S3ErrorCode, S3Result};

/// Refuses a key that the inbox folder cannot hold.
pub(super) fn check_key(key: &str) -> S3Result<()> {
    if key.len() > 1024 || key.split('/').any(|segment| segment.len() > 255) {
        let message = "a key has at most 1024 bytes, and at most 255 between two slashes";
        return Err(S3Error::with_message(S3ErrorCode::KeyTooLongError, message));
    }
    if !ports::blob::is_safe_key(key) {
        let message = "the key has an empty, `.` or `..` segment, a backslash or a NUL: no file can have that name";
        return Err(S3Error::with_message(S3ErrorCode::InvalidArgument, message));
    }
    Ok(())
}

/// Says why an operation on an object failed.
pub(super) fn from_port(error: PortError) -> S3Error {
    let code = match error.kind {
        Kind::NotFound => S3ErrorCode::NoSuchKey,
        Kind::Exists | Kind::Conflict => S3ErrorCode::PreconditionFailed,
        Kind::Retry(_) => S3ErrorCode::SlowDown,
        // A file where a folder would have to be, or the other way round: the one thing about keys that S3 allows and folders do not.
        Kind::Fatal if is_in_the_way(&error) => {
            let message = "the key is a folder of other keys, or lies below another key: files cannot do that";
            return S3Error::with_message(S3ErrorCode::InvalidArgument, message);
        }
        Kind::Fatal => S3ErrorCode::InternalError,
    };
    if matches!(code, S3ErrorCode::InternalError | S3ErrorCode::SlowDown) {
        tracing::error!(error = &error as &dyn std::error::Error, "an operation of the S3 endpoint failed");
    }
    S3Error::with_source(code, Box::new(error))
}

fn is_in_the_way(error: &PortError) -> bool {
    std::error::Error::source(error).is_some_and(|cause| cause.to_string().contains("in the way"))
}

/// Says that something of ours failed.
pub(super) fn internal(error: std::io::Error) -> S3Error {
    tracing::error!(%error, "an operation of the S3 endpoint failed");
    S3Error::internal_error(error)
}

pub(super) fn no_such_key() -> S3Error {
    S3Error::with_message(S3ErrorCode::NoSuchKey, "the specified key does not exist")
}

pub(super) fn invalid(message: impl Into<std::borrow::Cow<'static, str>>) -> S3Error {
    S3Error::with_message(S3ErrorCode::InvalidRequest, message)
}
