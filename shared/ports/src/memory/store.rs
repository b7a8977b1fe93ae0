//! Objects in memory.

use super::{ManualClock, lock};
use crate::blob::{is_safe_key, is_safe_prefix};
use crate::{
    Blob, BlobMeta, Body, Clock, CopyBlob, CreateBlob, DeleteBlob, ETag, Kind, ListBlobs, Page, PortError, ReadBlob,
    SwapBlob,
};
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::stream::{self, BoxStream, StreamExt};
use std::collections::BTreeMap;
use std::ops::{Bound, Range};
use std::sync::{Arc, Mutex};

/// Bytes per chunk of a stream.
const CHUNK: usize = 1024 * 1024;

/// The twin of a bucket.
pub struct MemoryStore {
    clock: Arc<dyn Clock>,
    objects: Mutex<Objects>,
}

#[derive(Default)]
struct Objects {
    by_key: BTreeMap<String, Object>,
    n_writes: u64,
}

#[derive(Clone)]
struct Object {
    bytes: Bytes,
    etag: ETag,
    modified_ms: u64,
}

impl Object {
    fn meta(&self, key: &str) -> BlobMeta {
        let bytes = self.bytes.len() as u64;
        BlobMeta { key: key.to_owned(), bytes, etag: self.etag.clone(), modified_ms: self.modified_ms }
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        MemoryStore::new(Arc::new(ManualClock::new(0)))
    }
}

impl MemoryStore {
    /// Makes an empty store; modification times are `clock`'s.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        MemoryStore { clock, objects: Mutex::default() }
    }

    /// Replaces whatever is at the key, or creates it, at once: what a plain `PUT` does.
    pub async fn overwrite(&self, key: &str, body: Body) -> Result<ETag, PortError> {
        check_key("overwrite blob", key)?;
        let bytes = gather(body).await?;
        Ok(self.put(&mut lock(&self.objects), key, bytes))
    }

    /// Returns every key, in order.
    pub fn keys(&self) -> Vec<String> {
        lock(&self.objects).by_key.keys().cloned().collect()
    }

    fn put(&self, objects: &mut Objects, key: &str, bytes: Bytes) -> ETag {
        objects.n_writes += 1;
        let etag = ETag(objects.n_writes.to_string());
        let object = Object { bytes, etag: etag.clone(), modified_ms: self.clock.now_ms() };
        objects.by_key.insert(key.to_owned(), object);
        etag
    }

    fn get(&self, operation: &'static str, key: &str) -> Result<Object, PortError> {
        check_key(operation, key)?;
        let object = lock(&self.objects).by_key.get(key).cloned();
        object.ok_or_else(|| PortError::new(Kind::NotFound, operation, key))
    }
}

fn check_key(operation: &'static str, key: &str) -> Result<(), PortError> {
    if is_safe_key(key) { Ok(()) } else { Err(PortError::new(Kind::Fatal, operation, key).because("not a safe key")) }
}

async fn gather(body: Body) -> Result<Bytes, PortError> {
    match body {
        Body::Bytes(bytes) => Ok(bytes),
        Body::Stream(mut stream) => {
            let mut bytes = BytesMut::new();
            while let Some(chunk) = stream.next().await {
                bytes.extend_from_slice(&chunk?);
            }
            Ok(bytes.freeze())
        }
    }
}

#[async_trait]
impl ReadBlob for MemoryStore {
    async fn head(&self, key: &str) -> Result<BlobMeta, PortError> {
        Ok(self.get("look at blob", key)?.meta(key))
    }

    async fn read(&self, key: &str) -> Result<Blob, PortError> {
        let object = self.get("read blob", key)?;
        Ok(Blob { bytes: object.bytes, etag: object.etag })
    }

    async fn read_range(&self, key: &str, range: Range<u64>) -> Result<Bytes, PortError> {
        let bytes = self.get("read range of blob", key)?.bytes;
        let clamp = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
        let (start, end) = (clamp(range.start), clamp(range.end));
        Ok(if start < end { bytes.slice(start..end) } else { Bytes::new() })
    }

    async fn stream(&self, key: &str) -> Result<BoxStream<'static, Result<Bytes, PortError>>, PortError> {
        let bytes = self.get("stream blob", key)?.bytes;
        let starts = (0..bytes.len()).step_by(CHUNK);
        let chunks: Vec<_> = starts.map(|start| Ok(bytes.slice(start..bytes.len().min(start + CHUNK)))).collect();
        Ok(stream::iter(chunks).boxed())
    }
}

#[async_trait]
impl CreateBlob for MemoryStore {
    async fn create(&self, key: &str, body: Body) -> Result<ETag, PortError> {
        const OPERATION: &str = "create blob";
        check_key(OPERATION, key)?;
        let bytes = gather(body).await?;
        let mut objects = lock(&self.objects);
        if objects.by_key.contains_key(key) {
            return Err(PortError::new(Kind::Exists, OPERATION, key));
        }
        Ok(self.put(&mut objects, key, bytes))
    }
}

#[async_trait]
impl SwapBlob for MemoryStore {
    async fn swap(&self, key: &str, body: Bytes, expected: Option<&ETag>) -> Result<ETag, PortError> {
        const OPERATION: &str = "swap blob";
        check_key(OPERATION, key)?;
        let mut objects = lock(&self.objects);
        if objects.by_key.get(key).map(|object| &object.etag) != expected {
            return Err(PortError::new(Kind::Conflict, OPERATION, key));
        }
        Ok(self.put(&mut objects, key, body))
    }
}

#[async_trait]
impl CopyBlob for MemoryStore {
    async fn copy(&self, from: &str, to: &str) -> Result<(), PortError> {
        const OPERATION: &str = "copy blob";
        check_key(OPERATION, to)?;
        let bytes = self.get(OPERATION, from)?.bytes;
        self.create(to, Body::Bytes(bytes)).await.map(drop)
    }
}

#[async_trait]
impl DeleteBlob for MemoryStore {
    async fn delete(&self, key: &str) -> Result<(), PortError> {
        check_key("delete blob", key)?;
        lock(&self.objects).by_key.remove(key);
        Ok(())
    }
}

#[async_trait]
impl ListBlobs for MemoryStore {
    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Page, PortError> {
        if !is_safe_prefix(prefix) {
            let error = PortError::new(Kind::Fatal, "list blobs", prefix);
            return Err(error.because("not the beginning of a safe key"));
        }
        let limit = limit.clamp(1, 1000);
        let start = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        let objects = lock(&self.objects);
        let mut found = objects
            .by_key
            .range::<str, _>((start, Bound::Unbounded))
            .take_while(|(key, _)| key.starts_with(prefix))
            .map(|(key, object)| object.meta(key));
        let blobs: Vec<BlobMeta> = found.by_ref().take(limit).collect();
        let next = found.next().and_then(|_| blobs.last().map(|blob| blob.key.clone()));
        Ok(Page { blobs, next })
    }
}
