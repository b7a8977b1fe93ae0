//! Objects: what is written is what is read.

use super::blobs::BlobStore;
use super::{Check, ensure, ensure_kind};
use crate::{Body, ETag, Kind, PortError};
use bytes::{Bytes, BytesMut};
use futures::future::{Either, select};
use futures::stream::{self, StreamExt};
use std::pin::pin;

pub(super) fn body(text: &str) -> Body {
    Body::Bytes(Bytes::copy_from_slice(text.as_bytes()))
}

/// Bytes that differ from place to place.
fn pattern(n_bytes: usize, salt: u8) -> Bytes {
    (0..n_bytes).map(|index| (index % 251) as u8 ^ salt).collect()
}

async fn collect(store: &dyn BlobStore, key: &str) -> Result<Bytes, PortError> {
    let mut stream = store.stream(key).await?;
    let mut bytes = BytesMut::new();
    while let Some(chunk) = stream.next().await {
        bytes.extend_from_slice(&chunk?);
    }
    Ok(bytes.freeze())
}

pub(super) async fn reads_back(store: &dyn BlobStore, at: &str) -> Check {
    let key = format!("{at}folder/object.txt");
    let etag = store.create(&key, body("content")).await?;
    let blob = store.read(&key).await?;
    let meta = store.head(&key).await?;
    ensure!(blob.bytes == "content", "read gave {:?}", blob.bytes);
    ensure!(blob.etag == etag, "create gave {etag:?}, read {:?}", blob.etag);
    ensure!(meta.etag == etag, "create gave {etag:?}, head {:?}", meta.etag);
    ensure!(meta.key == key && meta.bytes == 7, "head gave {meta:?}");
    ensure!(collect(store, &key).await? == "content", "stream gave another content");
    Ok(())
}

pub(super) async fn may_be_empty(store: &dyn BlobStore, at: &str) -> Check {
    let (bytes, streamed) = (format!("{at}bytes"), format!("{at}streamed"));
    store.create(&bytes, body("")).await?;
    store.create(&streamed, Body::Stream(stream::empty().boxed())).await?;
    for key in [bytes, streamed] {
        ensure!(store.read(&key).await?.bytes.is_empty(), "read of `{key}` gave bytes");
        ensure!(store.head(&key).await?.bytes == 0, "head of `{key}` counts bytes");
        ensure!(collect(store, &key).await?.is_empty(), "stream of `{key}` gave bytes");
        ensure!(store.read_range(&key, 0..10).await?.is_empty(), "range of `{key}` gave bytes");
    }
    Ok(())
}

pub(super) async fn absent(store: &dyn BlobStore, at: &str) -> Check {
    store.create(&format!("{at}folder/there"), body("x")).await?;
    for key in [format!("{at}nothing"), format!("{at}no/folder"), format!("{at}folder")] {
        ensure_kind(store.head(&key).await, Kind::NotFound, "head")?;
        ensure_kind(store.read(&key).await, Kind::NotFound, "read")?;
        ensure_kind(store.read_range(&key, 0..1).await, Kind::NotFound, "read range")?;
        ensure_kind(store.stream(&key).await, Kind::NotFound, "stream")?;
        ensure_kind(store.copy(&key, &format!("{at}copy")).await, Kind::NotFound, "copy")?;
        store.delete(&key).await?;
    }
    ensure_kind(store.head(&format!("{at}copy")).await, Kind::NotFound, "head of a copy of nothing")
}

pub(super) async fn ranges(store: &dyn BlobStore, at: &str) -> Check {
    let key = format!("{at}digits");
    store.create(&key, body("0123456789")).await?;
    let cases = [(0..10, "0123456789"), (0..1, "0"), (3..6, "345"), (8..100, "89"), (9..10, "9")];
    for (range, expected) in cases {
        let bytes = store.read_range(&key, range.clone()).await?;
        ensure!(bytes == expected, "bytes {range:?} are {bytes:?}, expected {expected:?}");
    }
    for range in [10..20, 100..200, 5..5, 0..0, u64::MAX - 1..u64::MAX] {
        let bytes = store.read_range(&key, range.clone()).await?;
        ensure!(bytes.is_empty(), "bytes {range:?} are {bytes:?}, expected none");
    }
    Ok(())
}

pub(super) async fn streams(store: &dyn BlobStore, at: &str) -> Check {
    let key = format!("{at}large");
    let content = pattern(3_500_001, 0);
    let mut parts = Vec::new();
    let mut rest = content.clone();
    // Parts of many sizes: nothing, one byte, more than a chunk.
    for size in [0, 1, 65_536, 1_500_000, 7] {
        parts.push(Ok(rest.split_to(size)));
    }
    parts.push(Ok(rest));
    store.create(&key, Body::Stream(stream::iter(parts).boxed())).await?;
    let mut stream = store.stream(&key).await?;
    let mut read = BytesMut::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk?;
        ensure!(chunk.len() <= 1024 * 1024, "a chunk has {} bytes", chunk.len());
        read.extend_from_slice(&chunk);
    }
    ensure!(read == content, "the stream gave {} other bytes than the {} written", read.len(), content.len());
    ensure!(store.read(&key).await?.bytes == content, "read gave other bytes than were written");
    Ok(())
}

pub(super) async fn stream_is_stable(store: &dyn BlobStore, at: &str) -> Check {
    let key = format!("{at}large");
    let before = pattern(2_500_000, 0);
    let etag = store.create(&key, Body::Bytes(before.clone())).await?;
    let mut stream = store.stream(&key).await?;
    let mut read = BytesMut::new();
    let mut n_chunks = 0;
    while let Some(chunk) = stream.next().await {
        read.extend_from_slice(&chunk?);
        n_chunks += 1;
        if n_chunks == 1 {
            store.swap(&key, pattern(2_500_000, 1), Some(&etag)).await?;
        } else if n_chunks == 2 {
            store.delete(&key).await?;
        }
    }
    ensure!(read == before, "the stream mixes contents or lost some");
    Ok(())
}

pub(super) async fn create_only(store: &dyn BlobStore, at: &str) -> Check {
    let key = format!("{at}taken");
    let etag = store.create(&key, body("first")).await?;
    ensure_kind(store.create(&key, body("second")).await, Kind::Exists, "create of a taken key")?;
    let chunks = stream::iter([Ok(Bytes::from_static(b"third"))]).boxed();
    ensure_kind(store.create(&key, Body::Stream(chunks)).await, Kind::Exists, "streamed create of a taken key")?;
    let blob = store.read(&key).await?;
    ensure!(blob.bytes == "first" && blob.etag == etag, "the object became {:?}", blob.bytes);
    Ok(())
}

pub(super) async fn failed_stream(store: &dyn BlobStore, at: &str) -> Check {
    let key = format!("{at}object");
    let failure = PortError::new(Kind::Fatal, "read", "the other side").because("it hung up");
    let chunks = vec![Ok(Bytes::from(vec![7; 2_000_000])), Ok(Bytes::from_static(b"more")), Err(failure)];
    ensure_kind(store.create(&key, Body::Stream(stream::iter(chunks).boxed())).await, Kind::Fatal, "create")?;
    ensure_kind(store.head(&key).await, Kind::NotFound, "head after the failure")?;
    let page = store.list(at, None, 10).await?;
    ensure!(page.blobs.is_empty(), "the list shows {:?}", page.blobs);
    store.create(&key, body("whole")).await?;
    Ok(())
}

pub(super) async fn dropped_call(store: &dyn BlobStore, at: &str) -> Check {
    let key = format!("{at}object");
    let chunks = stream::iter([Ok(Bytes::from(vec![7; 2_000_000]))]).chain(stream::pending());
    let create = store.create(&key, Body::Stream(chunks.boxed()));
    // Long enough for what runs elsewhere to have written the first chunk; the call never ends by itself.
    let patience = async {
        for _ in 0..1000 {
            super::breathe().await;
        }
    };
    match select(create, pin!(patience)).await {
        Either::Left((result, _)) => ensure!(false, "create ended before its stream did: {result:?}"),
        Either::Right((_, create)) => drop(create),
    }
    ensure_kind(store.head(&key).await, Kind::NotFound, "head after the call was dropped")
}

pub(super) async fn swap_guards(store: &dyn BlobStore, at: &str) -> Check {
    let key = format!("{at}object");
    let bytes = |text: &'static str| Bytes::from_static(text.as_bytes());
    let stranger = ETag("\"0123456789abcdef0123456789abcdef\"".into());
    ensure_kind(store.swap(&key, bytes("0"), Some(&stranger)).await, Kind::Conflict, "swap of an absent object")?;
    let first = store.swap(&key, bytes("1"), None).await?;
    ensure_kind(store.swap(&key, bytes("x"), None).await, Kind::Conflict, "first swap of a present object")?;
    let second = store.swap(&key, bytes("2"), Some(&first)).await?;
    ensure!(first != second, "two contents of one key have the etag {first:?}");
    ensure_kind(store.swap(&key, bytes("x"), Some(&first)).await, Kind::Conflict, "swap with an old etag")?;
    ensure_kind(store.swap(&key, bytes("x"), Some(&stranger)).await, Kind::Conflict, "swap with a stranger's etag")?;
    let blob = store.read(&key).await?;
    ensure!(blob.bytes == "2" && blob.etag == second, "the object is {:?} with {:?}", blob.bytes, blob.etag);
    store.delete(&key).await?;
    ensure_kind(store.swap(&key, bytes("x"), Some(&second)).await, Kind::Conflict, "swap of a deleted object")
}

pub(super) async fn copies(store: &dyn BlobStore, at: &str) -> Check {
    let (from, to, taken) = (format!("{at}from"), format!("{at}deep/er/to"), format!("{at}taken"));
    store.create(&from, body("content")).await?;
    store.create(&taken, body("mine")).await?;
    store.copy(&from, &to).await?;
    ensure!(store.read(&to).await?.bytes == "content", "the copy differs");
    ensure_kind(store.copy(&from, &taken).await, Kind::Exists, "copy to a taken key")?;
    ensure!(store.read(&taken).await?.bytes == "mine", "the copy overwrote");
    let etag = store.head(&to).await?.etag;
    store.swap(&to, Bytes::from_static(b"changed"), Some(&etag)).await?;
    ensure!(store.read(&from).await?.bytes == "content", "a change of the copy changed the source");
    Ok(())
}

pub(super) async fn deletes(store: &dyn BlobStore, at: &str) -> Check {
    let key = format!("{at}a/b/c");
    store.delete(&key).await?;
    store.create(&key, body("1")).await?;
    store.delete(&key).await?;
    store.delete(&key).await?;
    ensure_kind(store.read(&key).await, Kind::NotFound, "read after delete")?;
    ensure!(store.list(at, None, 10).await?.blobs.is_empty(), "the list still shows it");
    store.create(&key, body("2")).await?;
    ensure!(store.read(&key).await?.bytes == "2", "the new object has old content");
    // Nothing keeps the name of what was a folder.
    store.delete(&key).await?;
    store.create(&format!("{at}a"), body("3")).await?;
    Ok(())
}
