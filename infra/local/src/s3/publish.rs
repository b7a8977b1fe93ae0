//! Writing an object, however its bytes come: upload, form, copy or assembled parts.

use super::checksum::{Algorithm, Digests, Sums, set_sums, sums_of};
use super::conditions::WriteCondition;
use super::details::{Details, details_of, etag};
use super::errors::{check_key, from_port};
use super::objects::{Objects, blocking};
use super::receive::{Declared, Receipt, Source, receive, too_large};
use super::record::Record;
use futures::{FutureExt, StreamExt, stream};
use ports::{CreateBlob, ReadBlob};
use s3s::dto::{ChecksumType, PutObjectInput, PutObjectOutput, StreamingBlob};
use s3s::{S3Request, S3Result};
use std::sync::Arc;
use tokio::sync::{Mutex, OwnedMutexGuard};

/// An object to be.
pub(super) struct Publication {
    pub key: String,
    pub source: Source,
    pub declared: Declared,
    pub condition: WriteCondition,
    pub details: Details,
    /// Where ETag and checksums are not those of the bytes.
    pub assembled: Option<Assembled>,
}

pub(super) struct Assembled {
    pub etag: String,
    /// Composite checksums; empty if those of the bytes hold.
    pub sums: Sums,
}

impl Objects {
    /// Writes the object and announces it; when this returns both are on disk.
    ///
    /// On its own task: a client that hangs up between the write and its event must not stop the event.
    pub(super) async fn publish(self: &Arc<Self>, publication: Publication) -> S3Result<Record> {
        let objects = Arc::clone(self);
        let task = tokio::spawn(async move { objects.publish_here(publication).await });
        task.await.map_err(|error| super::errors::internal(std::io::Error::other(error)))?
    }

    async fn publish_here(self: Arc<Self>, publication: Publication) -> S3Result<Record> {
        let Publication { key, source, mut declared, condition, details, assembled } = publication;
        check_key(&key)?;
        declared.max_bytes = self.max_object_bytes;
        if declared.bytes.is_some_and(|bytes| bytes > declared.max_bytes) {
            return Err(too_large());
        }
        // S3's default since 2024: every object has a checksum of all its bytes.
        let has_none = declared.wanted.is_empty();
        declared.wanted.extend(has_none.then_some(Algorithm::Crc64nvme));
        let create_only = condition.is_create_only();
        let held: Arc<Mutex<Option<OwnedMutexGuard<()>>>> = Arc::default();
        let gate = Arc::clone(&self).admit(key.clone(), condition, Arc::clone(&held)).boxed();
        let (body, receipt) = receive(source, declared, gate);
        let written = match create_only {
            true => self.inbox.create(&key, body).await,
            false => self.inbox.overwrite(&key, body).await,
        };
        let stamp = match written {
            Ok(stamp) => stamp.0,
            Err(error) => return Err(self.reason(&receipt, error)),
        };
        let record = record_of(key, stamp, receipt.digests(), details, assembled);
        let (objects, saved) = (Arc::clone(&self), record.clone());
        blocking(move || objects.records.save(&saved)).await?;
        self.notifier.put(&record.key).await.map_err(from_port)?;
        drop(held);
        Ok(record)
    }

    /// Waits for the key and checks the condition; the key stays locked until `held` is dropped.
    async fn admit(
        self: Arc<Self>,
        key: String,
        condition: WriteCondition,
        held: Arc<Mutex<Option<OwnedMutexGuard<()>>>>,
    ) -> S3Result<()> {
        *held.lock().await = Some(self.lock(&key).await);
        if condition.is_none() {
            return Ok(());
        }
        if condition.is_create_only() && self.inbox.head(&key).await.is_ok() {
            return condition.check(Some(""));
        }
        let there = self.find(&key).await?;
        condition.check(there.as_ref().map(|opened| opened.record.etag.as_str()))
    }

    fn reason(&self, receipt: &Receipt, error: ports::PortError) -> s3s::S3Error {
        receipt.error().unwrap_or_else(|| from_port(error))
    }

    /// `PutObject`.
    pub(super) async fn put(self: &Arc<Self>, request: S3Request<PutObjectInput>) -> S3Result<PutObjectOutput> {
        let mut input = request.input;
        let mut declared = Declared::of(&request.headers, sums_of!(input), asked(input.checksum_algorithm.as_ref()))?;
        declared.trailers = request.trailing_headers;
        declared.md5 = input.content_md5.as_deref().map(super::checksum::decode_md5).transpose()?;
        declared.bytes = input.content_length.and_then(|bytes| u64::try_from(bytes).ok());
        let publication = Publication {
            details: details_of!(input),
            key: input.key,
            source: source_of(input.body.take()),
            declared,
            condition: WriteCondition { if_match: input.if_match, if_none_match: input.if_none_match },
            assembled: None,
        };
        let record = self.publish(publication).await?;
        let mut output = PutObjectOutput { e_tag: Some(etag(&record.etag)), ..Default::default() };
        output.checksum_type = Some(checksum_type(&record));
        set_sums!(output, record.sums);
        Ok(output)
    }
}

pub(super) fn source_of(body: Option<StreamingBlob>) -> Source {
    body.map_or_else(|| stream::empty().boxed(), |body| body.boxed())
}

pub(super) fn asked(algorithm: Option<&s3s::dto::ChecksumAlgorithm>) -> Option<&str> {
    algorithm.map(s3s::dto::ChecksumAlgorithm::as_str)
}

pub(super) fn checksum_type(record: &Record) -> ChecksumType {
    ChecksumType::from_static(if record.is_composite { ChecksumType::COMPOSITE } else { ChecksumType::FULL_OBJECT })
}

fn record_of(key: String, stamp: String, digests: Digests, details: Details, assembled: Option<Assembled>) -> Record {
    let (etag, composite) = assembled.map_or((None, Sums::new()), |assembled| (Some(assembled.etag), assembled.sums));
    let is_composite = !composite.is_empty();
    Record {
        key,
        stamp,
        etag: etag.unwrap_or(digests.md5),
        sums: if is_composite { composite } else { digests.sums },
        is_composite,
        details,
        is_uploaded: true,
    }
}
