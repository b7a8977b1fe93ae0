//! Creating and swapping.

use super::multipart::{PART_BYTES, Parts};
use super::{S3Store, etag_of, quoted};
use crate::error::{Verb, port_error};
use async_trait::async_trait;
use bytes::Bytes;
use ports::{Body, CreateBlob, ETag, PortError, SwapBlob};

/// What has to hold for a write to happen.
enum Condition<'a> {
    Absent,
    Is(&'a ETag),
}

impl S3Store {
    async fn put(
        &self,
        verb: Verb,
        operation: &'static str,
        key: &str,
        bytes: Bytes,
        condition: Condition<'_>,
    ) -> Result<ETag, PortError> {
        let put = self.client().put_object().bucket(&self.bucket).key(self.full_key(operation, key)?);
        let put = match condition {
            Condition::Absent => put.if_none_match("*"),
            Condition::Is(etag) => put.if_match(quoted(etag)),
        };
        let answer = put.body(bytes.into()).send().await;
        let answer = answer.map_err(|error| port_error(verb, operation, key, error))?;
        etag_of(operation, key, answer.e_tag())
    }
}

#[async_trait]
impl CreateBlob for S3Store {
    async fn create(&self, key: &str, body: Body) -> Result<ETag, PortError> {
        const OPERATION: &str = "create blob";
        self.full_key(OPERATION, key)?;
        let bytes = match body {
            Body::Bytes(bytes) => bytes,
            Body::Stream(stream) => {
                let mut parts = Parts::new(stream);
                let first = parts.next(PART_BYTES).await?;
                if !parts.is_done() {
                    return self.create_in_parts(key, first, parts).await;
                }
                first
            }
        };
        self.put(Verb::Create, OPERATION, key, bytes, Condition::Absent).await
    }
}

#[async_trait]
impl SwapBlob for S3Store {
    async fn swap(&self, key: &str, body: Bytes, expected: Option<&ETag>) -> Result<ETag, PortError> {
        let condition = expected.map_or(Condition::Absent, Condition::Is);
        self.put(Verb::Swap, "swap blob", key, body, condition).await
    }
}
