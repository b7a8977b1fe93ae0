//! Objects: bytes under a key. Keys are UTF-8, at most 1,024 bytes, with `/` between segments.
//!
//! A key with an empty segment, a `.` or `..` segment, a NUL or a backslash is [`Kind::Fatal`](crate::Kind::Fatal) for every verb:
//! no key may leave its store.

use crate::{Kind, PortError};
use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use std::ops::Range;

/// Names one content of one key; opaque, compared for equality only.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ETag(pub String);

/// What is known of an object without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobMeta {
    pub key: String,
    pub bytes: u64,
    pub etag: ETag,
    /// Milliseconds since 1970 of the last write.
    pub modified_ms: u64,
}

/// An object, read whole.
#[derive(Clone, Debug)]
pub struct Blob {
    pub bytes: Bytes,
    pub etag: ETag,
}

/// What to write. A stream that ends in an error publishes nothing.
pub enum Body {
    Bytes(Bytes),
    Stream(BoxStream<'static, Result<Bytes, PortError>>),
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Body::Bytes(bytes.into())
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Body::Bytes(bytes)
    }
}

/// Reads. A reader sees a whole object or none, never a part of a write.
#[async_trait]
pub trait ReadBlob: Send + Sync {
    /// `NotFound` if there is none.
    async fn head(&self, key: &str) -> Result<BlobMeta, PortError>;

    /// Reads the whole object into memory. `NotFound` if there is none.
    async fn read(&self, key: &str) -> Result<Blob, PortError>;

    /// Reads the bytes from `range.start` up to `range.end`, fewer where the object ends earlier, none beyond its end.
    async fn read_range(&self, key: &str, range: Range<u64>) -> Result<Bytes, PortError>;

    /// Reads the object in chunks of at most 1 MiB, from the content that was there at the call.
    async fn stream(&self, key: &str) -> Result<BoxStream<'static, Result<Bytes, PortError>>, PortError>;
}

/// Creates, never overwrites.
#[async_trait]
pub trait CreateBlob: Send + Sync {
    /// Publishes a new object at once. `Exists` if the key is taken; of concurrent creators exactly one succeeds.
    async fn create(&self, key: &str, body: Body) -> Result<ETag, PortError>;
}

/// Overwrites, if nobody else did.
#[async_trait]
pub trait SwapBlob: Send + Sync {
    /// Replaces the object if its ETag still is `expected`; with `None`, if there is no object. `Conflict` otherwise.
    async fn swap(&self, key: &str, body: Bytes, expected: Option<&ETag>) -> Result<ETag, PortError>;
}

/// Copies within the store, without the bytes passing through the caller.
#[async_trait]
pub trait CopyBlob: Send + Sync {
    /// Creates `to` from `from`. `NotFound` if there is no `from`, `Exists` if `to` is taken.
    async fn copy(&self, from: &str, to: &str) -> Result<(), PortError>;
}

/// Deletes.
#[async_trait]
pub trait DeleteBlob: Send + Sync {
    /// Deletes the object. Fine if there is none.
    async fn delete(&self, key: &str) -> Result<(), PortError>;
}

/// One page of a listing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// In byte order of their keys.
    pub blobs: Vec<BlobMeta>,
    /// Pass it as `after` for the next page; `None` on the last one.
    pub next: Option<String>,
}

/// Lists.
#[async_trait]
pub trait ListBlobs: Send + Sync {
    /// Returns up to `limit` objects (1 to 1,000) whose keys start with `prefix` and come after `after`, in byte order.
    /// An object created before the call began is there: listing is consistent, as S3's is.
    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Page, PortError>;
}

/// Returns every object below `prefix`, page by page.
pub async fn list_all(store: &dyn ListBlobs, prefix: &str) -> Result<Vec<BlobMeta>, PortError> {
    let mut blobs = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = store.list(prefix, after.as_deref(), 1000).await?;
        blobs.extend(page.blobs);
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(blobs),
        }
    }
}

/// Returns whether a key may be used at all: see the module's first lines.
pub fn is_safe_key(key: &str) -> bool {
    !key.is_empty()
        && key.len() <= 1024
        && !key.contains(['\0', '\\'])
        && key.split('/').all(|segment| !matches!(segment, "" | "." | ".."))
}

/// Returns whether a safe key may begin with `prefix`, which may end anywhere in a segment; every verb that lists refuses others.
pub fn is_safe_prefix(prefix: &str) -> bool {
    let folder = prefix.rfind('/').map(|slash| &prefix[..slash]);
    prefix.len() <= 1024 && !prefix.contains(['\0', '\\']) && folder.is_none_or(is_safe_key)
}

/// Where and how a browser uploads one object by itself.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct PresignedPut {
    pub url: String,
    /// Headers that the request must carry, exactly.
    pub headers: Vec<(String, String)>,
}

/// Lets somebody else upload, without credentials.
#[async_trait]
pub trait PresignBlob: Send + Sync {
    /// Returns a `PUT` of exactly this key that is good for `seconds` (at most 900).
    async fn presign_put(&self, key: &str, seconds: u32) -> Result<PresignedPut, PortError>;
}

/// Lets somebody else download, without credentials: for what is too large to pass through whoever was asked.
#[async_trait]
pub trait PresignRead: Send + Sync {
    /// Returns a link to exactly this object that is good for `seconds` (at most 900). It is answered with `disposition` as the header
    /// `Content-Disposition` (RFC 6266) and as `application/octet-stream`.
    async fn presign_get(&self, key: &str, seconds: u32, disposition: &str) -> Result<String, PortError>;
}

/// Takes a create that found the object there for done: content-addressed and fact keys always hold the same content.
pub fn created_before(result: Result<ETag, PortError>) -> Result<(), PortError> {
    match result {
        Err(error) if error.kind != Kind::Exists => Err(error),
        _ => Ok(()),
    }
}

/// Returns whether there is an object.
pub async fn exists(store: &dyn ReadBlob, key: &str) -> Result<bool, PortError> {
    match store.head(key).await {
        Ok(_) => Ok(true),
        Err(error) if error.kind == Kind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
