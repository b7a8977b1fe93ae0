//! Uploads of unknown length that are too long for one request.
//!
//! The object appears when the upload is completed, under the condition that the key is free. Every way out but that
//! one aborts the upload; what a killed process leaves behind is removed by the bucket's lifecycle rule for incomplete
//! uploads.

use super::{S3Store, etag_of};
use crate::error::{Verb, port_error};
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use bytes::{Bytes, BytesMut};
use futures::future::join;
use futures::stream::{BoxStream, StreamExt};
use ports::{ETag, Kind, PortError};

/// Bytes of a part, and what fits into a single request. S3 wants at least 5 MiB.
pub(super) const PART_BYTES: usize = 8 * 1024 * 1024;

/// S3 takes 10,000 parts. Parts double after each thousand, so that terabytes fit and small files stay cheap.
const PARTS_OF_ONE_SIZE: usize = 1_000;

const OPERATION: &str = "create blob";

/// Cuts a stream into parts of any size.
pub(super) struct Parts {
    /// `None` after its end.
    stream: Option<BoxStream<'static, Result<Bytes, PortError>>>,
    buffer: BytesMut,
}

impl Parts {
    pub(super) fn new(stream: BoxStream<'static, Result<Bytes, PortError>>) -> Self {
        Parts { stream: Some(stream), buffer: BytesMut::new() }
    }

    /// Returns whether everything was handed out.
    pub(super) fn is_done(&self) -> bool {
        self.stream.is_none() && self.buffer.is_empty()
    }

    /// Returns the next `n_bytes`, fewer only at the end. Reads beyond them, to know whether it is the end.
    pub(super) async fn next(&mut self, n_bytes: usize) -> Result<Bytes, PortError> {
        while self.buffer.len() <= n_bytes {
            let Some(stream) = &mut self.stream else { break };
            match stream.next().await {
                Some(chunk) => self.buffer.extend_from_slice(&chunk?),
                None => self.stream = None,
            }
        }
        let n_bytes = self.buffer.len().min(n_bytes);
        Ok(self.buffer.split_to(n_bytes).freeze())
    }
}

/// An upload that was begun. Dropped before its end, it is aborted in the background.
struct Upload {
    client: aws_sdk_s3::Client,
    bucket: String,
    full_key: String,
    key: String,
    /// `None` once it is completed or aborted.
    id: Option<String>,
    parts: Vec<CompletedPart>,
}

impl Upload {
    async fn begin(store: &S3Store, key: &str) -> Result<Self, PortError> {
        let full_key = store.full_key(OPERATION, key)?;
        let begun = store.client().create_multipart_upload().bucket(&store.bucket).key(&full_key).send().await;
        let begun = begun.map_err(|error| port_error(Verb::Create, OPERATION, key, error))?;
        let missing = || PortError::new(Kind::Fatal, OPERATION, key).because("the answer names no upload");
        Ok(Upload {
            client: store.client().clone(),
            bucket: store.bucket.clone(),
            full_key,
            key: key.to_owned(),
            id: Some(begun.upload_id.ok_or_else(missing)?),
            parts: Vec::new(),
        })
    }

    /// Returns how large the next part may be.
    fn part_bytes(&self) -> usize {
        PART_BYTES << (self.parts.len() / PARTS_OF_ONE_SIZE).min(9)
    }

    async fn send(&mut self, bytes: Bytes) -> Result<(), PortError> {
        let number = i32::try_from(self.parts.len() + 1).unwrap_or(i32::MAX);
        let request = self.client.upload_part().bucket(&self.bucket).key(&self.full_key).part_number(number);
        let sent = request.set_upload_id(self.id.clone()).body(bytes.into()).send().await;
        let sent = sent.map_err(|error| port_error(Verb::Create, OPERATION, &self.key, error))?;
        // The checksum goes along where the service gave one, so that it can verify the whole.
        let part = CompletedPart::builder()
            .part_number(number)
            .set_e_tag(sent.e_tag)
            .set_checksum_crc32(sent.checksum_crc32)
            .set_checksum_crc64_nvme(sent.checksum_crc64_nvme);
        self.parts.push(part.build());
        Ok(())
    }

    async fn complete(&mut self) -> Result<ETag, PortError> {
        let parts = CompletedMultipartUpload::builder().set_parts(Some(self.parts.clone())).build();
        let request = self.client.complete_multipart_upload().bucket(&self.bucket).key(&self.full_key);
        let request = request.set_upload_id(self.id.clone()).multipart_upload(parts).if_none_match("*");
        let completed = request.send().await;
        let completed = completed.map_err(|error| port_error(Verb::Create, OPERATION, &self.key, error))?;
        self.id = None;
        etag_of(OPERATION, &self.key, completed.e_tag())
    }

    /// Sends everything, each part while the next one is being read.
    async fn run(&mut self, first: Bytes, mut parts: Parts) -> Result<ETag, PortError> {
        let mut part = first;
        while !parts.is_done() {
            let size = self.part_bytes();
            let (sent, next) = join(self.send(part), parts.next(size)).await;
            part = next?;
            sent?;
        }
        self.send(part).await?;
        self.complete().await
    }

    /// Removes what was sent. Best effort: the error that led here is the one to report.
    async fn abort(&mut self) {
        let id = self.id.take();
        if id.is_some() {
            let request = self.client.abort_multipart_upload().bucket(&self.bucket).key(&self.full_key);
            drop(request.set_upload_id(id).send().await);
        }
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        let (Some(id), Ok(runtime)) = (self.id.take(), tokio::runtime::Handle::try_current()) else { return };
        let request = self.client.abort_multipart_upload().bucket(&self.bucket).key(&self.full_key).upload_id(id);
        runtime.spawn(async move { drop(request.send().await) });
    }
}

impl S3Store {
    pub(super) async fn create_in_parts(&self, key: &str, first: Bytes, parts: Parts) -> Result<ETag, PortError> {
        let mut upload = Upload::begin(self, key).await?;
        let created = upload.run(first, parts).await;
        if created.is_err() {
            upload.abort().await;
        }
        created
    }
}
