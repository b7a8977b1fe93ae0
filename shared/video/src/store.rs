//! Recordings that lie in a store: what functions hold to work on them.

use crate::{Error, Recording, Source, Tools, VideoLimits};
use asset::keys;
use asset::refusal::Refusal;
use asset::task::Task;
use futures::future::try_join_all;
use ports::{PortError, ReadBlob};
use runtime::{Failure, cpu};
use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;

/// Opens the recordings of tasks.
#[derive(Clone)]
pub struct Recordings {
    pub store: Arc<dyn ReadBlob>,
    /// Or why there are none: then that is every recording's refusal.
    pub tools: Arc<Result<Tools, Refusal>>,
}

impl Recordings {
    /// Opens the task's recording and works on it, on the blocking pool.
    ///
    /// # Errors
    /// What the store says; the message comes back. A refusal is the inner error.
    pub async fn work<T: Send + 'static>(
        &self,
        task: &Task,
        work: impl FnOnce(&mut Recording<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<Result<T, Refusal>, Failure> {
        const AGAIN: Duration = Duration::from_secs(5);
        let mut source = StoreSource::open(self.store.clone(), keys::original(&task.asset, &task.source)).await?;
        let (tools, limits) = (self.tools.clone(), VideoLimits::of(&task.limits));
        let worked = cpu(move || {
            let tools = tools.as_ref().as_ref().map_err(|refusal| Error::from(refusal.clone()))?;
            work(&mut Recording::open(&mut source, tools, &limits)?)
        });
        match worked.await {
            Ok(Ok(value)) => Ok(Ok(value)),
            Ok(Err(error)) => match error.refusal() {
                Some(refusal) => Ok(Err(refusal.clone())),
                None => Err(Failure::retry(AGAIN, error)),
            },
            Err(panicked) => Err(Failure::retry(AGAIN, panicked)),
        }
    }
}

/// Ranges that are read side by side: an object store answers each after tens of milliseconds.
const AT_A_TIME: usize = 16;

/// An object, to be read on the blocking pool.
struct StoreSource {
    store: Arc<dyn ReadBlob>,
    key: String,
    bytes: u64,
    handle: Handle,
}

impl StoreSource {
    /// Looks the object up. It is read on a thread that may block: the methods of [`Source`] panic on one that runs async tasks.
    async fn open(store: Arc<dyn ReadBlob>, key: String) -> Result<StoreSource, PortError> {
        let bytes = store.head(&key).await?.bytes;
        Ok(StoreSource { store, key, bytes, handle: Handle::current() })
    }

    async fn read(&self, range: Range<u64>) -> io::Result<Vec<u8>> {
        let length = range.end.saturating_sub(range.start);
        let bytes = self.store.read_range(&self.key, range).await.map_err(io::Error::other)?;
        if bytes.len() as u64 == length { Ok(bytes.into()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}

impl Source for StoreSource {
    fn bytes(&self) -> u64 {
        self.bytes
    }

    fn read_at(&mut self, range: Range<u64>) -> io::Result<Vec<u8>> {
        self.handle.block_on(self.read(range))
    }

    fn read_many(&mut self, ranges: &[Range<u64>]) -> io::Result<Vec<Vec<u8>>> {
        let mut all = Vec::with_capacity(ranges.len());
        for some in ranges.chunks(AT_A_TIME) {
            let reads = some.iter().map(|range| self.read(range.clone()));
            all.extend(self.handle.block_on(try_join_all(reads))?);
        }
        Ok(all)
    }
}
