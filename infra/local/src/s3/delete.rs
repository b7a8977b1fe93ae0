//! `DeleteObject` and `DeleteObjects`.

use super::conditions::WriteCondition;
use super::errors::{check_key, from_port};
use super::objects::{Objects, blocking};
use asset::sequencer::Sequencer;
use futures::{StreamExt, stream};
use ports::{DeleteBlob, Kind};
use s3s::dto::{DeleteObjectsInput, DeleteObjectsOutput, DeletedObject, ETagCondition, Error, ObjectIdentifier};
use s3s::{S3Error, S3ErrorCode, S3Result};
use std::sync::Arc;

/// S3's limit of one request.
const MAX_KEYS: usize = 1000;
const CONCURRENCY: usize = 8;

impl Objects {
    /// Deletes an object and announces it; nothing if there is none. On its own task, as a write is.
    pub(super) async fn delete(self: &Arc<Self>, key: &str, if_match: Option<ETagCondition>) -> S3Result<()> {
        let (objects, key) = (Arc::clone(self), key.to_owned());
        let task = tokio::spawn(async move { objects.delete_here(&key, if_match).await });
        task.await.map_err(|error| super::errors::internal(std::io::Error::other(error)))?
    }

    async fn delete_here(self: Arc<Self>, key: &str, if_match: Option<ETagCondition>) -> S3Result<()> {
        check_key(key)?;
        let _held = self.lock(key).await;
        if if_match.is_some() {
            let there = self.find(key).await?;
            let condition = WriteCondition { if_match, if_none_match: None };
            condition.check(there.as_ref().map(|opened| opened.record.etag.as_str()))?;
        }
        let known = match self.inbox.change_time_ns(key) {
            Ok(nanos) => Sequencer::from_unix_nanos(nanos),
            Err(error) if error.kind == Kind::NotFound => return Ok(()),
            Err(error) => return Err(from_port(error)),
        };
        self.inbox.delete(key).await.map_err(from_port)?;
        let (objects, name) = (Arc::clone(&self), key.to_owned());
        blocking(move || objects.records.remove(&name)).await?;
        self.notifier.delete(key, Some(known)).await.map_err(from_port)
    }

    pub(super) async fn delete_many(self: &Arc<Self>, input: DeleteObjectsInput) -> S3Result<DeleteObjectsOutput> {
        let is_quiet = input.delete.quiet.unwrap_or(false);
        if input.delete.objects.is_empty() || input.delete.objects.len() > MAX_KEYS {
            return Err(S3Error::with_message(S3ErrorCode::MalformedXML, "a request deletes 1 to 1000 keys"));
        }
        let delete_one = |object: ObjectIdentifier| async move {
            let result = self.delete(&object.key, object.e_tag.map(ETagCondition::ETag)).await;
            (object.key, result)
        };
        let results: Vec<_> = stream::iter(input.delete.objects).map(delete_one).buffered(CONCURRENCY).collect().await;
        let (mut deleted, mut errors) = (Vec::new(), Vec::new());
        for (key, result) in results {
            match result {
                Ok(()) if is_quiet => {}
                Ok(()) => deleted.push(DeletedObject { key: Some(key), ..DeletedObject::default() }),
                Err(error) => errors.push(Error {
                    code: Some(error.code().as_str().to_owned()),
                    message: error.message().map(str::to_owned),
                    key: Some(key),
                    version_id: None,
                }),
            }
        }
        Ok(DeleteObjectsOutput { deleted: Some(deleted), errors: Some(errors), request_charged: None })
    }
}
