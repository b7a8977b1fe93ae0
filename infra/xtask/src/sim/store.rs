//! The store: objects by folder, with everything that was ever done to each key.

use super::config::Plant;
use super::world::{Sim, World};
use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use ports::{
    Blob, BlobMeta, Body, CopyBlob, CreateBlob, DeleteBlob, ETag, Kind, ListBlobs, Page, PortError, ReadBlob, SwapBlob,
};
use std::collections::BTreeMap;
use std::ops::{Bound, Range};

pub struct Object {
    pub bytes: Bytes,
    /// Absent after a deletion.
    pub is_live: bool,
    /// Times that it came into being.
    pub n_created: u32,
    /// Changes with every write.
    edition: u64,
    modified_ms: u64,
}

/// Objects by asset folder (`assets/{id}`) or first segment, then by the rest of the key.
#[derive(Default)]
pub struct Store {
    pub folders: BTreeMap<String, BTreeMap<String, Object>>,
    /// Objects whose content was replaced without a check: must stay 0.
    pub n_overwritten: u64,
    editions: u64,
}

/// Cuts a key into folder and rest.
fn cut(key: &str) -> (&str, &str) {
    let from = if key.starts_with("assets/") { "assets/".len() } else { 0 };
    match key[from..].find('/') {
        Some(at) => (&key[..from + at], &key[from + at + 1..]),
        None => (key, ""),
    }
}

impl Store {
    pub fn get(&self, key: &str) -> Option<&Object> {
        let (folder, rest) = cut(key);
        self.folders.get(folder)?.get(rest).filter(|object| object.is_live)
    }

    fn put(&mut self, key: &str, bytes: Bytes, now_ms: u64) -> ETag {
        self.editions += 1;
        let edition = self.editions;
        let (folder, rest) = cut(key);
        if !self.folders.contains_key(folder) {
            self.folders.insert(folder.to_owned(), BTreeMap::new());
        }
        let objects = self.folders.get_mut(folder).expect("it was just made");
        match objects.get_mut(rest) {
            Some(object) => {
                object.n_created += u32::from(!object.is_live);
                *object = Object { bytes, is_live: true, n_created: object.n_created, edition, modified_ms: now_ms };
            }
            None => {
                let object = Object { bytes, is_live: true, n_created: 1, edition, modified_ms: now_ms };
                objects.insert(rest.to_owned(), object);
            }
        }
        ETag(edition.to_string())
    }

    fn was_there(&self, key: &str) -> bool {
        let (folder, rest) = cut(key);
        self.folders.get(folder).is_some_and(|objects| objects.contains_key(rest))
    }

    fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Page {
        let mut page = Page::default();
        let start = after.map_or(prefix, |after| after.max(prefix));
        let (first, _) = cut(start);
        for (folder, objects) in self.folders.range::<str, _>((Bound::Included(first), Bound::Unbounded)) {
            let is_inside = folder.starts_with(prefix);
            if !is_inside && !prefix.starts_with(folder.as_str()) {
                break;
            }
            let from = start.strip_prefix(folder.as_str()).and_then(|rest| rest.strip_prefix('/')).unwrap_or_default();
            let inside =
                prefix.strip_prefix(folder.as_str()).and_then(|rest| rest.strip_prefix('/')).unwrap_or_default();
            for (rest, object) in objects.range::<str, _>((Bound::Included(from), Bound::Unbounded)) {
                if !is_inside && !rest.starts_with(inside) {
                    break;
                }
                if !object.is_live
                    || after.is_some_and(|after| after.len() == folder.len() + 1 + rest.len() && from == rest)
                {
                    continue;
                }
                if page.blobs.len() == limit {
                    page.next = page.blobs.last().map(|blob| blob.key.clone());
                    return page;
                }
                page.blobs.push(object.meta(format!("{folder}/{rest}")));
            }
        }
        page
    }
}

impl Object {
    fn etag(&self) -> ETag {
        ETag(self.edition.to_string())
    }

    fn meta(&self, key: String) -> BlobMeta {
        BlobMeta { key, bytes: self.bytes.len() as u64, etag: self.etag(), modified_ms: self.modified_ms }
    }
}

impl World {
    fn object(&self, operation: &'static str, key: &str) -> Result<&Object, PortError> {
        self.store.get(key).ok_or_else(|| PortError::new(Kind::NotFound, operation, key))
    }

    fn create(&mut self, operation: &'static str, key: &str, bytes: Bytes) -> Result<ETag, PortError> {
        assert!(!key.ends_with("/manifest.json"), "manifests are written by settle, with a check");
        if self.store.get(key).is_some() {
            if !(self.has(Plant::Overwrite) && key.contains("/results/")) {
                self.counts.prevented += 1;
                return Err(PortError::new(Kind::Exists, operation, key));
            }
            self.store.n_overwritten += 1;
        } else if self.store.was_there(key) && !key.starts_with("made/") {
            self.counts.late_writes += 1;
        }
        let now_ms = self.now_ms();
        Ok(self.store.put(key, bytes, now_ms))
    }
}

/// The store's ports.
pub struct SimStore(pub Sim);

#[async_trait]
impl ReadBlob for SimStore {
    async fn head(&self, key: &str) -> Result<BlobMeta, PortError> {
        let head = |world: &mut World| Ok(world.object("look at", key)?.meta(key.to_owned()));
        self.0.call("look at", key, false, head).await
    }

    async fn read(&self, key: &str) -> Result<Blob, PortError> {
        let read = |world: &mut World| {
            let object = world.object("read", key)?;
            Ok(Blob { bytes: object.bytes.clone(), etag: object.etag() })
        };
        self.0.call("read", key, false, read).await
    }

    async fn read_range(&self, key: &str, range: Range<u64>) -> Result<Bytes, PortError> {
        let bytes = self.read(key).await?.bytes;
        let end = range.end.min(bytes.len() as u64);
        Ok(bytes.slice(range.start.min(end) as usize..end as usize))
    }

    async fn stream(&self, key: &str) -> Result<BoxStream<'static, Result<Bytes, PortError>>, PortError> {
        let bytes = self.read(key).await?.bytes;
        Ok(stream::once(async move { Ok(bytes) }).boxed())
    }
}

#[async_trait]
impl CreateBlob for SimStore {
    async fn create(&self, key: &str, body: Body) -> Result<ETag, PortError> {
        let bytes = match body {
            Body::Bytes(bytes) => bytes,
            Body::Stream(_) => return Err(PortError::new(Kind::Fatal, "create", key)),
        };
        self.0.call("create", key, true, |world| world.create("create", key, bytes)).await
    }
}

#[async_trait]
impl SwapBlob for SimStore {
    async fn swap(&self, key: &str, body: Bytes, expected: Option<&ETag>) -> Result<ETag, PortError> {
        let swap = |world: &mut World| {
            assert!(key.ends_with("/manifest.json"), "only manifests are swapped");
            let present = world.store.get(key).map(Object::etag);
            if present.as_ref() != expected && !world.has(Plant::NoSwapCheck) {
                world.counts.conflicts += 1;
                return Err(PortError::new(Kind::Conflict, "swap", key));
            }
            let now_ms = world.now_ms();
            world.truth.manifest_written(cut(key).0, &body, now_ms);
            Ok(world.store.put(key, body.clone(), now_ms))
        };
        self.0.call("swap", key, true, swap).await
    }
}

#[async_trait]
impl CopyBlob for SimStore {
    async fn copy(&self, from: &str, to: &str) -> Result<(), PortError> {
        let copy = |world: &mut World| {
            let bytes = world.object("copy", from)?.bytes.clone();
            world.create("copy", to, bytes).map(drop)
        };
        self.0.call("copy", to, true, copy).await
    }
}

#[async_trait]
impl DeleteBlob for SimStore {
    async fn delete(&self, key: &str) -> Result<(), PortError> {
        let delete = |world: &mut World| {
            let (folder, rest) = cut(key);
            if let Some(object) = world.store.folders.get_mut(folder).and_then(|objects| objects.get_mut(rest)) {
                object.is_live = false;
                object.bytes = Bytes::new();
            }
            Ok(())
        };
        self.0.call("delete", key, true, delete).await
    }
}

#[async_trait]
impl ListBlobs for SimStore {
    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Page, PortError> {
        self.0.call("list", prefix, false, |world| Ok(world.store.list(prefix, after, limit))).await
    }
}
