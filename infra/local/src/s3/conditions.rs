//! Conditional requests: `If-Match` and its family.

use super::objects::Opened;
use s3s::dto::{ETag, ETagCondition, Timestamp};
use s3s::{S3Error, S3ErrorCode, S3Result};
use std::time::{SystemTime, UNIX_EPOCH};

/// The condition of a write.
#[derive(Clone, Debug, Default)]
pub(super) struct WriteCondition {
    pub if_match: Option<ETagCondition>,
    pub if_none_match: Option<ETagCondition>,
}

impl WriteCondition {
    pub(super) fn is_none(&self) -> bool {
        self.if_match.is_none() && self.if_none_match.is_none()
    }

    /// Whether only a free key will do.
    pub(super) fn is_create_only(&self) -> bool {
        self.if_none_match.as_ref().is_some_and(ETagCondition::is_any)
    }

    /// Checks the condition against the ETag that is there.
    pub(super) fn check(&self, etag: Option<&str>) -> S3Result<()> {
        if let Some(condition) = &self.if_match {
            // As S3 does: a condition on an object that is not there is a 404.
            let etag = etag.ok_or_else(super::errors::no_such_key)?;
            if !is_match(condition, etag) {
                return Err(failed("If-Match"));
            }
        }
        if let Some(condition) = &self.if_none_match
            && etag.is_some_and(|etag| is_match(condition, etag))
        {
            return Err(failed("If-None-Match"));
        }
        Ok(())
    }
}

/// The condition of a read, or of the source of a copy.
pub(super) struct ReadCondition<'a> {
    pub if_match: Option<&'a ETagCondition>,
    pub if_none_match: Option<&'a ETagCondition>,
    pub if_modified_since: Option<&'a Timestamp>,
    pub if_unmodified_since: Option<&'a Timestamp>,
}

impl ReadCondition<'_> {
    /// Checks in the order of RFC 9110; `NotModified` where the client has it already.
    pub(super) fn check(&self, opened: &Opened) -> S3Result<()> {
        let etag = opened.record.etag.as_str();
        // HTTP dates have whole seconds.
        let is_modified_since = |at: &Timestamp| unix_seconds(opened.modified) > unix_seconds_of(at);
        match (self.if_match, self.if_unmodified_since) {
            (Some(condition), _) if !is_match(condition, etag) => return Err(failed("If-Match")),
            (None, Some(at)) if is_modified_since(at) => return Err(failed("If-Unmodified-Since")),
            _ => {}
        }
        match (self.if_none_match, self.if_modified_since) {
            (Some(condition), _) if is_match(condition, etag) => Err(not_modified(opened)),
            (None, Some(at)) if !is_modified_since(at) => Err(not_modified(opened)),
            _ => Ok(()),
        }
    }
}

/// A weak tag matches too: proxies that compress weaken tags on the way.
pub(super) fn is_match(condition: &ETagCondition, etag: &str) -> bool {
    match condition {
        ETagCondition::Any => true,
        ETagCondition::ETag(ETag::Strong(wanted) | ETag::Weak(wanted)) => wanted == etag,
    }
}

pub(super) fn failed(name: &str) -> S3Error {
    let message = format!("at least one of the pre-conditions you specified did not hold: {name}");
    S3Error::with_message(S3ErrorCode::PreconditionFailed, message)
}

fn not_modified(opened: &Opened) -> S3Error {
    let mut error = S3Error::new(S3ErrorCode::NotModified);
    if let Ok(etag) = format!("\"{}\"", opened.record.etag).parse() {
        let mut headers = http::HeaderMap::new();
        headers.insert(http::header::ETAG, etag);
        error.set_headers(headers);
    }
    error
}

fn unix_seconds(at: SystemTime) -> i64 {
    at.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64)
}

fn unix_seconds_of(at: &Timestamp) -> i64 {
    let mut text = Vec::new();
    let _ = at.format(s3s::dto::TimestampFormat::EpochSeconds, &mut text);
    let text = String::from_utf8(text).unwrap_or_default();
    text.split('.').next().and_then(|seconds| seconds.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(text: &str) -> Option<ETagCondition> {
        Some(ETagCondition::ETag(ETag::Strong(text.into())))
    }

    #[test]
    fn writes_are_conditional() {
        let code = |condition: &WriteCondition, etag| condition.check(etag).map_err(|error| error.code().clone());
        let create = WriteCondition { if_none_match: Some(ETagCondition::Any), ..Default::default() };
        assert_eq!(code(&create, None), Ok(()));
        assert_eq!(code(&create, Some("a")), Err(S3ErrorCode::PreconditionFailed));
        let swap = WriteCondition { if_match: tag("a"), ..Default::default() };
        assert_eq!(code(&swap, Some("a")), Ok(()));
        assert_eq!(code(&swap, Some("b")), Err(S3ErrorCode::PreconditionFailed));
        assert_eq!(code(&swap, None), Err(S3ErrorCode::NoSuchKey));
    }

    #[test]
    fn times_are_read() {
        let at = Timestamp::from(UNIX_EPOCH + std::time::Duration::from_millis(1_700_000_000_900));
        assert_eq!(unix_seconds_of(&at), 1_700_000_000);
    }
}
