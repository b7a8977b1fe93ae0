//! Compares the folder with the store and announces the difference.
//!
//! A crash between a file's write and its event, and every change while the host was down, converge here.

use super::notifier::Notifier;
use super::walk::{Found, walk};
use asset::fact::{Arrival, Change};
use asset::ids::AssetId;
use asset::keys;
use asset::sequencer::Sequencer;
use embedded::FileStore;
use futures::future::try_join_all;
use ports::{Catalog, CatalogQuery, Kind, PortError, ReadBlob};
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{MutexGuard, PoisonError};

/// What a comparison announced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// Files in the folder.
    pub n_files: usize,
    pub n_put: usize,
    pub n_deleted: usize,
}

/// Looks into the store this many times at once.
const CONCURRENCY: usize = 8;
/// Events per send.
const BATCH: usize = 200;

/// Announces every file whose arrival is not in `store` and every catalog entry whose file is gone.
///
/// To be run at start and in the sweep. The first run of a process asks the store about every file; later ones cost a walk over the
/// folder and a listing of the catalog, because the notifier remembers what was found settled.
pub async fn reconcile(
    inbox: &FileStore,
    store: &dyn ReadBlob,
    catalog: &dyn Catalog,
    notifier: &Notifier,
) -> Result<Reconciled, PortError> {
    let root = root_of(inbox)?;
    let walked = tokio::task::spawn_blocking(move || walk(&root, &root)).await;
    let walked = walked.map_err(std::io::Error::other).and_then(|walked| walked);
    let files = walked.map_err(|error| PortError::new(Kind::Fatal, "walk folder", "inbox").because(error))?.files;
    let n_put = announce_missing(&files, store, notifier).await?;
    let keys: HashSet<&str> = files.iter().map(|file| file.key.as_str()).collect();
    let n_deleted = announce_deleted(&keys, inbox, catalog, notifier).await?;
    Ok(Reconciled { n_files: files.len(), n_put, n_deleted })
}

async fn announce_missing(files: &[Found], store: &dyn ReadBlob, notifier: &Notifier) -> Result<usize, PortError> {
    let mut missing: Vec<String> = Vec::new();
    for some in files.chunks(CONCURRENCY) {
        let keys = try_join_all(some.iter().map(|file| if_missing(file, store, notifier))).await?;
        missing.extend(keys.into_iter().flatten());
    }
    let mut n_put = 0;
    for batch in missing.chunks(BATCH) {
        n_put += notifier.put_many(batch).await?;
    }
    Ok(n_put)
}

/// Returns the key of a file whose arrival is not in the store.
async fn if_missing(file: &Found, store: &dyn ReadBlob, notifier: &Notifier) -> Result<Option<String>, PortError> {
    let asset = AssetId::of_key(&file.key);
    if settled(notifier).get(&asset) == Some(&file.change_time_ns) {
        return Ok(None);
    }
    let sequencer = Sequencer::from_unix_nanos(file.change_time_ns);
    // The fact's name depends on the asset and the sequencer alone.
    let arrival = Arrival { asset, key: String::new(), sequencer, at_ms: 0, change: Change::Delete };
    match store.head(&keys::arrival(&arrival)).await {
        Ok(_) => {
            settled(notifier).insert(arrival.asset, file.change_time_ns);
            Ok(None)
        }
        Err(error) if error.kind == Kind::NotFound => Ok(Some(file.key.clone())),
        Err(error) => Err(error),
    }
}

async fn announce_deleted(
    keys: &HashSet<&str>,
    inbox: &FileStore,
    catalog: &dyn Catalog,
    notifier: &Notifier,
) -> Result<usize, PortError> {
    let mut n_deleted = 0;
    let mut query = CatalogQuery { limit: 1000, ..CatalogQuery::default() };
    loop {
        let page = catalog.list(&query).await?;
        for entry in page.entries.iter().filter(|entry| !keys.contains(entry.key.as_str())) {
            // Not found by the walk is not gone: it may be newer than the walk, or have a name that the walk leaves out.
            if let Err(error) = inbox.head(&entry.key).await
                && error.kind == Kind::NotFound
            {
                notifier.delete(&entry.key, None).await?;
                settled(notifier).remove(&entry.asset);
                n_deleted += 1;
            }
        }
        match page.next {
            Some(next) => query.after = Some(next),
            None => return Ok(n_deleted),
        }
    }
}

fn settled(notifier: &Notifier) -> MutexGuard<'_, HashMap<AssetId, u64>> {
    notifier.settled.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the folder that the keys of `store` lie in.
pub(super) fn root_of(store: &FileStore) -> Result<PathBuf, PortError> {
    let path = store.path_of("x")?;
    Ok(path.parent().map_or_else(PathBuf::new, PathBuf::from))
}
