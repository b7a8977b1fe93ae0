//! Faults by the number of the port call: the n-th call fails, before or after it took effect, or kills the worker.

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use ports::{
    Blob, BlobMeta, Body, Catalog, CatalogPage, CatalogQuery, ClaimOutcome, Claims, CopyBlob, CreateBlob, DeleteBlob,
    ETag, Envelope, Kind, ListBlobs, Page, PortError, ReadBlob, SendMessages, SwapBlob,
};
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What happens at the chosen call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The call fails and had no effect.
    RefusedBefore,
    /// The call took effect and its answer got lost.
    LostAfter,
    /// The worker dies before the call.
    CrashBefore,
    /// The worker dies after the call.
    CrashAfter,
}

impl Fault {
    pub const ALL: [Fault; 4] = [Fault::RefusedBefore, Fault::LostAfter, Fault::CrashBefore, Fault::CrashAfter];
}

/// Counts port calls and strikes at one of them.
#[derive(Default)]
pub struct Meter {
    state: Mutex<(u64, Option<(u64, Fault)>)>,
}

impl Meter {
    /// Strikes at the `call`-th call from now, counted from 1.
    pub fn plan(&self, call: u64, fault: Fault) {
        *self.state.lock().expect("no test panics here") = (0, Some((call, fault)));
    }

    /// Returns how many calls there were since the plan.
    pub fn calls(&self) -> u64 {
        self.state.lock().expect("no test panics here").0
    }

    fn next(&self) -> Option<Fault> {
        let mut state = self.state.lock().expect("no test panics here");
        state.0 += 1;
        let (count, plan) = *state;
        plan.filter(|(call, _)| *call == count).map(|(_, fault)| fault)
    }

    async fn call<T>(&self, work: impl Future<Output = Result<T, PortError>>) -> Result<T, PortError> {
        let failed = || PortError::new(Kind::Retry(Duration::from_millis(10)), "do", "a planted fault");
        match self.next() {
            None => work.await,
            Some(Fault::RefusedBefore) => Err(failed()),
            Some(Fault::LostAfter) => work.await.and_then(|_| Err(failed())),
            Some(Fault::CrashBefore) => panic!("planted crash before a port call"),
            Some(Fault::CrashAfter) => {
                let _ = work.await;
                panic!("planted crash after a port call")
            }
        }
    }
}

/// Any port, with faults.
pub struct Faulty<P: ?Sized> {
    pub inner: Arc<P>,
    pub meter: Arc<Meter>,
}

#[async_trait]
impl<P: ReadBlob + ?Sized> ReadBlob for Faulty<P> {
    async fn head(&self, key: &str) -> Result<BlobMeta, PortError> {
        self.meter.call(self.inner.head(key)).await
    }
    async fn read(&self, key: &str) -> Result<Blob, PortError> {
        self.meter.call(self.inner.read(key)).await
    }
    async fn read_range(&self, key: &str, range: Range<u64>) -> Result<Bytes, PortError> {
        self.meter.call(self.inner.read_range(key, range)).await
    }
    async fn stream(&self, key: &str) -> Result<BoxStream<'static, Result<Bytes, PortError>>, PortError> {
        self.meter.call(self.inner.stream(key)).await
    }
}

#[async_trait]
impl<P: CreateBlob + ?Sized> CreateBlob for Faulty<P> {
    async fn create(&self, key: &str, body: Body) -> Result<ETag, PortError> {
        self.meter.call(self.inner.create(key, body)).await
    }
}

#[async_trait]
impl<P: SwapBlob + ?Sized> SwapBlob for Faulty<P> {
    async fn swap(&self, key: &str, body: Bytes, expected: Option<&ETag>) -> Result<ETag, PortError> {
        self.meter.call(self.inner.swap(key, body, expected)).await
    }
}

#[async_trait]
impl<P: CopyBlob + ?Sized> CopyBlob for Faulty<P> {
    async fn copy(&self, from: &str, to: &str) -> Result<(), PortError> {
        self.meter.call(self.inner.copy(from, to)).await
    }
}

#[async_trait]
impl<P: DeleteBlob + ?Sized> DeleteBlob for Faulty<P> {
    async fn delete(&self, key: &str) -> Result<(), PortError> {
        self.meter.call(self.inner.delete(key)).await
    }
}

#[async_trait]
impl<P: ListBlobs + ?Sized> ListBlobs for Faulty<P> {
    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Page, PortError> {
        self.meter.call(self.inner.list(prefix, after, limit)).await
    }
}

#[async_trait]
impl<P: SendMessages + ?Sized> SendMessages for Faulty<P> {
    async fn send(&self, messages: Vec<Envelope>) -> Result<(), PortError> {
        self.meter.call(self.inner.send(messages)).await
    }
}

#[async_trait]
impl<P: Claims + ?Sized> Claims for Faulty<P> {
    async fn claim(&self, name: &str, owner: &str, now_ms: u64, until_ms: u64) -> Result<ClaimOutcome, PortError> {
        self.meter.call(self.inner.claim(name, owner, now_ms, until_ms)).await
    }
    async fn release(&self, name: &str, owner: &str) -> Result<(), PortError> {
        self.meter.call(self.inner.release(name, owner)).await
    }
}

#[async_trait]
impl<P: Catalog + ?Sized> Catalog for Faulty<P> {
    async fn upsert(&self, entry: &asset::catalog::CatalogEntry) -> Result<bool, PortError> {
        self.meter.call(self.inner.upsert(entry)).await
    }
    async fn get(&self, asset: &asset::ids::AssetId) -> Result<Option<asset::catalog::CatalogEntry>, PortError> {
        self.meter.call(self.inner.get(asset)).await
    }
    async fn nearest(
        &self,
        model: &str,
        query: &[f32],
        limit: usize,
    ) -> Result<Vec<(asset::catalog::CatalogEntry, f32)>, PortError> {
        self.meter.call(self.inner.nearest(model, query, limit)).await
    }
    async fn list(&self, query: &CatalogQuery) -> Result<CatalogPage, PortError> {
        self.meter.call(self.inner.list(query)).await
    }
    async fn counts(&self) -> Result<Vec<(asset::readiness::State, u64)>, PortError> {
        self.meter.call(self.inner.counts()).await
    }
}
