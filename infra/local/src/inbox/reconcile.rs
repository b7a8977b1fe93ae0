//! Compares the folder with the store and announces the difference.
//!
//! A crash between a file's write and its event, and every change while the host was down, converge here.

use super::notifier::Notifier;
use super::walk::{Found, Walked, walk};
use asset::fact::{Arrival, Change};
use asset::ids::AssetId;
use asset::keys;
use asset::sequencer::Sequencer;
use embedded::FileStore;
use futures::{StreamExt, TryStreamExt, stream};
use ports::{Catalog, CatalogQuery, Kind, PortError, ReadBlob};
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// What a comparison announced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reconciled {
    pub n_files: usize,
    pub n_announced: usize,
    pub n_deleted: usize,
}

/// Looks into the store this many times at once.
const CONCURRENCY: usize = 8;
/// Events per send.
const BATCH: usize = 200;

/// The comparison, to be run at start and in the sweep. It remembers what it found settled, so that only its first run asks the store
/// about every file: a later one costs a walk over the folder and a listing of the catalog.
pub struct Reconciler {
    inbox: Arc<FileStore>,
    store: Arc<dyn ReadBlob>,
    catalog: Arc<dyn Catalog>,
    notifier: Arc<Notifier>,
    /// Change times whose arrival is in the store.
    settled: Mutex<HashMap<AssetId, u64>>,
}

impl Reconciler {
    pub fn new(
        inbox: Arc<FileStore>,
        store: Arc<dyn ReadBlob>,
        catalog: Arc<dyn Catalog>,
        notifier: Arc<Notifier>,
    ) -> Self {
        Reconciler { inbox, store, catalog, notifier, settled: Mutex::default() }
    }

    /// Runs one comparison.
    pub async fn run(&self) -> Result<Reconciled, PortError> {
        let root = root_of(&self.inbox)?;
        let walked = tokio::task::spawn_blocking(move || walk(&root, &root)).await;
        let walked = walked.map_err(std::io::Error::other).and_then(|walked| walked);
        let Walked { files, .. } =
            walked.map_err(|error| PortError::new(Kind::Fatal, "walk folder", "inbox").because(error))?;
        let n_announced = self.announce_missing(&files).await?;
        let keys: HashSet<&str> = files.iter().map(|file| file.key.as_str()).collect();
        let n_deleted = self.announce_deleted(&keys).await?;
        Ok(Reconciled { n_files: files.len(), n_announced, n_deleted })
    }

    async fn announce_missing(&self, files: &[Found]) -> Result<usize, PortError> {
        let missing: Vec<String> = stream::iter(files)
            .map(|file| self.if_missing(file))
            .buffer_unordered(CONCURRENCY)
            .try_filter_map(|key| async move { Ok(key) })
            .try_collect()
            .await?;
        let mut n_announced = 0;
        for batch in missing.chunks(BATCH) {
            n_announced += self.notifier.put_many(batch).await?;
        }
        Ok(n_announced)
    }

    async fn if_missing(&self, file: &Found) -> Result<Option<String>, PortError> {
        let asset = AssetId::of_key(&file.key);
        if self.lock().get(&asset) == Some(&file.change_time_ns) {
            return Ok(None);
        }
        let sequencer = Sequencer::from_unix_nanos(file.change_time_ns);
        // The key depends on the asset and the sequencer alone.
        let change = Change::Delete;
        let arrival = Arrival { asset: asset.clone(), key: String::new(), sequencer, at_ms: 0, change };
        match self.store.head(&keys::arrival(&arrival)).await {
            Ok(_) => {
                self.lock().insert(asset, file.change_time_ns);
                Ok(None)
            }
            Err(error) if error.kind == Kind::NotFound => Ok(Some(file.key.clone())),
            Err(error) => Err(error),
        }
    }

    async fn announce_deleted(&self, keys: &HashSet<&str>) -> Result<usize, PortError> {
        let mut n_deleted = 0;
        let mut query = CatalogQuery { limit: 1000, ..CatalogQuery::default() };
        loop {
            let page = self.catalog.list(&query).await?;
            for entry in page.entries {
                if keys.contains(entry.key.as_str()) {
                    continue;
                }
                // Not found by the walk is not gone: it may be newer than the walk, or have a name that the walk leaves out.
                match self.inbox.head(&entry.key).await {
                    Err(error) if error.kind == Kind::NotFound => {
                        self.notifier.delete(&entry.key, None).await?;
                        self.lock().remove(&entry.asset);
                        n_deleted += 1;
                    }
                    Ok(_) | Err(_) => {}
                }
            }
            match page.next {
                Some(next) => query.after = Some(next),
                None => return Ok(n_deleted),
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<AssetId, u64>> {
        self.settled.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Compares once, without a memory of earlier runs.
pub async fn reconcile(
    inbox: Arc<FileStore>,
    store: Arc<dyn ReadBlob>,
    catalog: Arc<dyn Catalog>,
    notifier: Arc<Notifier>,
) -> Result<Reconciled, PortError> {
    Reconciler::new(inbox, store, catalog, notifier).run().await
}

/// Returns the folder that the keys of `store` lie in.
pub(super) fn root_of(store: &FileStore) -> Result<PathBuf, PortError> {
    let path = store.path_of("x")?;
    Ok(path.parent().map_or_else(PathBuf::new, PathBuf::from))
}
