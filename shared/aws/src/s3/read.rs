//! Reading.

use super::{S3Store, etag_of, quoted};
use crate::Clients;
use crate::error::{Verb, broken_body, port_error};
use async_trait::async_trait;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::primitives::{ByteStream, DateTime};
use bytes::{Bytes, BytesMut};
use futures::stream::{BoxStream, StreamExt, try_unfold};
use ports::{Blob, BlobMeta, ETag, Kind, PortError, ReadBlob};
use std::ops::Range;
use std::sync::Arc;

const MAX_CHUNK: usize = 1024 * 1024;

/// A body that breaks off is asked for again, from where it broke, at most this often.
const MAX_RESUMES: u32 = 3;

/// Memory that is reserved before a byte has come.
const MAX_RESERVED: u64 = 64 * 1024 * 1024;

/// S3 refuses ranges beyond this as text that is no range.
const MAX_OFFSET: u64 = i64::MAX as u64;

pub(super) fn millis_of(time: Option<&DateTime>) -> u64 {
    time.and_then(|time| time.to_millis().ok()).and_then(|millis| u64::try_from(millis).ok()).unwrap_or_default()
}

/// A body on its way. S3 serves what was there when it was asked, however long the body takes; after a break the rest
/// is asked for with the ETag, so that two contents are never mixed.
struct Reading {
    operation: &'static str,
    clients: Arc<Clients>,
    bucket: String,
    full_key: String,
    key: String,
    etag: ETag,
    body: ByteStream,
    /// What has come and was not handed on yet.
    rest: Bytes,
    /// Where the next byte belongs, and where the last one ends.
    offset: u64,
    end: u64,
    n_resumes: u32,
}

impl Reading {
    /// Returns the next bytes, `None` at the end.
    async fn next(&mut self) -> Result<Option<Bytes>, PortError> {
        while self.rest.is_empty() {
            let limit = self.clients.large_timeouts().read;
            let broken = match tokio::time::timeout(limit, self.body.next()).await {
                Ok(Some(Ok(bytes))) => {
                    self.offset += bytes.len() as u64;
                    self.rest = bytes;
                    continue;
                }
                Ok(None) if self.offset == self.end => return Ok(None),
                Ok(None) => broken_body(self.operation, &self.key, "the body ended too early"),
                Ok(Some(Err(error))) => broken_body(self.operation, &self.key, error),
                Err(error) => broken_body(self.operation, &self.key, error),
            };
            // All bytes came and something is wrong all the same, a checksum for example: the rest is no help.
            if self.offset >= self.end || self.n_resumes == MAX_RESUMES {
                return Err(broken);
            }
            self.n_resumes += 1;
            self.resume().await?;
        }
        let n_bytes = self.rest.len().min(MAX_CHUNK);
        Ok(Some(self.rest.split_to(n_bytes)))
    }

    async fn resume(&mut self) -> Result<(), PortError> {
        let rest = self
            .clients
            .s3()
            .get_object()
            .bucket(&self.bucket)
            .key(&self.full_key)
            .range(format!("bytes={}-{}", self.offset, self.end - 1))
            .if_match(quoted(&self.etag))
            .send()
            .await
            .map_err(|error| port_error(Verb::Other, self.operation, &self.key, error))?;
        self.body = rest.body;
        Ok(())
    }

    async fn collect(mut self) -> Result<Bytes, PortError> {
        let Some(first) = self.next().await? else { return Ok(Bytes::new()) };
        let Some(second) = self.next().await? else { return Ok(first) };
        let expected = self.end.min(MAX_RESERVED);
        let mut bytes = BytesMut::with_capacity(usize::try_from(expected).unwrap_or_default().max(first.len()));
        bytes.extend_from_slice(&first);
        bytes.extend_from_slice(&second);
        while let Some(chunk) = self.next().await? {
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes.freeze())
    }
}

impl S3Store {
    async fn open(&self, operation: &'static str, key: &str) -> Result<Reading, PortError> {
        let full_key = self.full_key(operation, key)?;
        let answer = self.client().get_object().bucket(&self.bucket).key(&full_key).send().await;
        let answer = answer.map_err(|error| port_error(Verb::Other, operation, key, error))?;
        self.reading(operation, key, full_key, answer, 0)
    }

    /// Follows an answer whose first byte is the object's `start`th.
    fn reading(
        &self,
        operation: &'static str,
        key: &str,
        full_key: String,
        answer: GetObjectOutput,
        start: u64,
    ) -> Result<Reading, PortError> {
        let n_bytes = answer.content_length().and_then(|n_bytes| u64::try_from(n_bytes).ok());
        let n_bytes = n_bytes.ok_or_else(|| {
            PortError::new(Kind::Fatal, operation, key).because("the answer does not say how long it is")
        })?;
        Ok(Reading {
            operation,
            clients: Arc::clone(&self.clients),
            bucket: self.bucket.clone(),
            full_key,
            key: key.to_owned(),
            etag: etag_of(operation, key, answer.e_tag())?,
            body: answer.body,
            rest: Bytes::new(),
            offset: start,
            end: start + n_bytes,
            n_resumes: 0,
        })
    }
}

#[async_trait]
impl ReadBlob for S3Store {
    async fn head(&self, key: &str) -> Result<BlobMeta, PortError> {
        const OPERATION: &str = "look at blob";
        let full_key = self.full_key(OPERATION, key)?;
        let answer = self.client().head_object().bucket(&self.bucket).key(full_key).send().await;
        let answer = answer.map_err(|error| port_error(Verb::Other, OPERATION, key, error))?;
        Ok(BlobMeta {
            key: key.to_owned(),
            bytes: answer.content_length().and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or_default(),
            etag: etag_of(OPERATION, key, answer.e_tag())?,
            modified_ms: millis_of(answer.last_modified()),
        })
    }

    async fn read(&self, key: &str) -> Result<Blob, PortError> {
        let reading = self.open("read blob", key).await?;
        let etag = reading.etag.clone();
        Ok(Blob { bytes: reading.collect().await?, etag })
    }

    async fn read_range(&self, key: &str, range: Range<u64>) -> Result<Bytes, PortError> {
        const OPERATION: &str = "read blob range";
        let full_key = self.full_key(OPERATION, key)?;
        let range = range.start..range.end.min(MAX_OFFSET);
        if range.is_empty() {
            // HTTP has no name for an empty range; whether there is an object still matters.
            return self.head(key).await.map(|_| Bytes::new());
        }
        let wanted = format!("bytes={}-{}", range.start, range.end - 1);
        match self.client().get_object().bucket(&self.bucket).key(&full_key).range(wanted).send().await {
            Ok(answer) if answer.content_range().is_some() => {
                self.reading(OPERATION, key, full_key, answer, range.start)?.collect().await
            }
            Ok(_) => Err(PortError::new(Kind::Fatal, OPERATION, key).because("the service ignores ranges")),
            // The object ends before the range begins.
            Err(error) if error.raw_response().is_some_and(|raw| raw.status().as_u16() == 416) => Ok(Bytes::new()),
            Err(error) => Err(port_error(Verb::Other, OPERATION, key, error)),
        }
    }

    async fn stream(&self, key: &str) -> Result<BoxStream<'static, Result<Bytes, PortError>>, PortError> {
        let reading = self.open("stream blob", key).await?;
        let chunks = try_unfold(reading, async |mut reading| {
            let chunk = reading.next().await?;
            Ok(chunk.map(|chunk| (chunk, reading)))
        });
        Ok(chunks.boxed())
    }
}
