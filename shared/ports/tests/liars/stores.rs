//! Stores that lie.

use crate::{assert_caught, run};
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use futures::stream::BoxStream;
use ports::memory::MemoryStore;
use ports::{
    Blob, BlobMeta, Body, CopyBlob, CreateBlob, DeleteBlob, ETag, Kind, ListBlobs, Page, PortError, ReadBlob, SwapBlob,
    contract,
};
use std::ops::Range;
use std::sync::Mutex;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lie {
    CreateOverwrites,
    CreateChecksFirst,
    SwapIgnoresETag,
    SwapWritesInTwoSteps,
    FailedStreamPublishes,
    UnsafeKeyIsAbsent,
    RangeIsInclusive,
    FoldersListFirst,
    OnePageOnly,
    ListLagsBehind,
    DeleteDoesNothing,
    CopyOverwrites,
}

struct Liar {
    lie: Lie,
    inner: MemoryStore,
    last_list: Mutex<Page>,
}

impl Liar {
    fn is(&self, lie: Lie) -> bool {
        self.lie == lie
    }

    fn answer<T>(&self, result: Result<T, PortError>) -> Result<T, PortError> {
        result.map_err(|mut error| {
            if self.is(Lie::UnsafeKeyIsAbsent) && error.kind == Kind::Fatal {
                error.kind = Kind::NotFound;
            }
            error
        })
    }
}

/// Lets other calls run.
async fn pause() {
    let mut is_second = false;
    std::future::poll_fn(|context| {
        context.waker().wake_by_ref();
        if std::mem::replace(&mut is_second, true) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
}

#[async_trait]
impl ReadBlob for Liar {
    async fn head(&self, key: &str) -> Result<BlobMeta, PortError> {
        self.answer(self.inner.head(key).await)
    }
    async fn read(&self, key: &str) -> Result<Blob, PortError> {
        self.answer(self.inner.read(key).await)
    }
    async fn read_range(&self, key: &str, range: Range<u64>) -> Result<Bytes, PortError> {
        let end = range.end.saturating_add(u64::from(self.is(Lie::RangeIsInclusive)));
        self.answer(self.inner.read_range(key, range.start..end).await)
    }
    async fn stream(&self, key: &str) -> Result<BoxStream<'static, Result<Bytes, PortError>>, PortError> {
        self.answer(self.inner.stream(key).await)
    }
}

#[async_trait]
impl CreateBlob for Liar {
    async fn create(&self, key: &str, body: Body) -> Result<ETag, PortError> {
        match (self.lie, body) {
            (Lie::CreateOverwrites, body) => self.inner.overwrite(key, body).await,
            (Lie::CreateChecksFirst, body) => {
                if self.inner.head(key).await.is_ok() {
                    return Err(PortError::new(Kind::Exists, "create", key));
                }
                pause().await;
                self.inner.overwrite(key, body).await
            }
            (Lie::FailedStreamPublishes, Body::Stream(mut stream)) => {
                let mut bytes = BytesMut::new();
                let mut failure = None;
                while let Some(chunk) = stream.next().await {
                    match chunk {
                        Ok(chunk) => bytes.extend_from_slice(&chunk),
                        Err(error) => failure = Some(error),
                    }
                }
                let etag = self.inner.create(key, Body::Bytes(bytes.freeze())).await?;
                failure.map_or(Ok(etag), Err)
            }
            (_, body) => self.answer(self.inner.create(key, body).await),
        }
    }
}

#[async_trait]
impl SwapBlob for Liar {
    async fn swap(&self, key: &str, body: Bytes, expected: Option<&ETag>) -> Result<ETag, PortError> {
        match self.lie {
            Lie::SwapIgnoresETag if expected.is_some() => self.inner.overwrite(key, Body::Bytes(body)).await,
            Lie::SwapWritesInTwoSteps => {
                let half = body.slice(..body.len() / 2);
                let etag = self.inner.swap(key, half, expected).await?;
                pause().await;
                self.inner.swap(key, body, Some(&etag)).await
            }
            _ => self.answer(self.inner.swap(key, body, expected).await),
        }
    }
}

#[async_trait]
impl CopyBlob for Liar {
    async fn copy(&self, from: &str, to: &str) -> Result<(), PortError> {
        if self.is(Lie::CopyOverwrites) {
            let bytes = self.inner.read(from).await?.bytes;
            return self.inner.overwrite(to, Body::Bytes(bytes)).await.map(drop);
        }
        self.answer(self.inner.copy(from, to).await)
    }
}

#[async_trait]
impl DeleteBlob for Liar {
    async fn delete(&self, key: &str) -> Result<(), PortError> {
        if self.is(Lie::DeleteDoesNothing) {
            return self.inner.head(key).await.map(drop).or(Ok(()));
        }
        self.answer(self.inner.delete(key).await)
    }
}

#[async_trait]
impl ListBlobs for Liar {
    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Page, PortError> {
        let mut page = self.answer(self.inner.list(prefix, after, limit).await)?;
        match self.lie {
            Lie::FoldersListFirst => page.blobs.sort_by_key(|blob| blob.key.replace('/', "\0")),
            Lie::OnePageOnly => page.next = None,
            Lie::ListLagsBehind => {
                let mut last = self.last_list.lock().expect("no panic");
                return Ok(std::mem::replace(&mut *last, page));
            }
            _ => {}
        }
        Ok(page)
    }
}

#[test]
fn every_lie_of_a_store_is_caught() {
    let cases: [(Lie, &[&str]); 12] = [
        (Lie::CreateOverwrites, &["create never overwrites", "of concurrent creators exactly one succeeds"]),
        (Lie::CreateChecksFirst, &["of concurrent creators exactly one succeeds"]),
        (Lie::SwapIgnoresETag, &["swap needs the present etag", "concurrent swaps lose no update"]),
        (Lie::SwapWritesInTwoSteps, &["a reader never sees a part of a write"]),
        (Lie::FailedStreamPublishes, &["a stream that fails publishes nothing"]),
        (Lie::UnsafeKeyIsAbsent, &["unsafe keys are refused by every verb"]),
        (Lie::RangeIsInclusive, &["ranges end where the object ends"]),
        (Lie::FoldersListFirst, &["lists are in byte order of keys"]),
        (Lie::OnePageOnly, &["pages cover everything once"]),
        (Lie::ListLagsBehind, &["lists are consistent"]),
        (Lie::DeleteDoesNothing, &["delete is final and repeatable", "lists are consistent"]),
        (Lie::CopyOverwrites, &["copy creates and never overwrites"]),
    ];
    for (lie, promises) in cases {
        let liar = Liar { lie, inner: MemoryStore::default(), last_list: Mutex::default() };
        assert_caught(lie, &run(contract::blobs(&liar, "")), promises);
    }
}
