//! Watches the folder, so that a file that a person drops is announced at once.

use super::is_ignored;
use super::notifier::Notifier;
use super::reconcile::root_of;
use super::walk::{Walked, change_time_ns, key_of, walk};
use embedded::FileStore;
use notify::event::{AccessKind, AccessMode, CreateKind, ModifyKind, RemoveKind, RenameMode};
use notify::{Config, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use ports::{Kind, PortError};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Watches until `shutdown`. Files from before are the comparison's ([`reconcile`](super::reconcile())).
///
/// Announced are files that were closed after writing or moved in, and files that are gone. When the kernel lost events, the folder is
/// walked and compared with what the watch knew.
pub async fn watch(
    inbox: Arc<FileStore>,
    notifier: Arc<Notifier>,
    shutdown: CancellationToken,
) -> Result<(), PortError> {
    let root = root_of(&inbox)?;
    let (sender, mut events) = mpsc::unbounded_channel();
    let failed = |error: notify::Error| PortError::new(Kind::Fatal, "watch folder", "inbox").because(error);
    let config = Config::default().with_follow_symlinks(false);
    let send = move |event| {
        // The receiver is gone only when the watch ends.
        let _ = sender.send(event);
    };
    let mut watcher = RecommendedWatcher::new(send, config).map_err(failed)?;
    watcher.watch(&root, RecursiveMode::Recursive).map_err(failed)?;
    let mut watching = Watching { root, notifier, files: BTreeMap::new() };
    watching.files = watching.walk(&watching.root);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return Ok(()),
            event = events.recv() => match event {
                Some(Ok(event)) => watching.handle(event).await,
                Some(Err(error)) => {
                    tracing::warn!(%error, "the folder watch reported an error");
                    watching.compare_all().await;
                }
                None => return Ok(()),
            },
        }
    }
}

struct Watching {
    root: PathBuf,
    notifier: Arc<Notifier>,
    /// The files and their change times. A folder that leaves takes files along that have no events of their own, and lost events
    /// have to be found again.
    files: BTreeMap<String, u64>,
}

impl Watching {
    async fn handle(&mut self, event: Event) {
        if event.need_rescan() {
            return self.compare_all().await;
        }
        match event.kind {
            EventKind::Access(AccessKind::Close(AccessMode::Write))
            | EventKind::Create(CreateKind::Folder)
            | EventKind::Modify(ModifyKind::Name(RenameMode::To)) => {
                for path in &event.paths {
                    self.arrived(path).await;
                }
            }
            EventKind::Remove(RemoveKind::File) | EventKind::Modify(ModifyKind::Name(RenameMode::From)) => {
                for path in &event.paths {
                    self.left(path).await;
                }
            }
            // `Both` repeats a `From` and a `To`; the rest changes no bytes or is not finished.
            _ => {}
        }
    }

    async fn arrived(&mut self, path: &Path) {
        match std::fs::symlink_metadata(path) {
            // Its files may be older than the watch on it.
            Ok(metadata) if metadata.is_dir() => {
                for (key, change_time_ns) in self.walk(path) {
                    self.announce(key, change_time_ns).await;
                }
            }
            Ok(metadata) if metadata.is_file() => {
                if let Some(key) = key_of(&self.root, path).filter(|key| !is_ignored(key)) {
                    self.announce(key, change_time_ns(&metadata)).await;
                }
            }
            // A link, a socket, or gone already.
            _ => {}
        }
    }

    async fn left(&mut self, path: &Path) {
        let Some(key) = key_of(&self.root, path) else { return };
        let folder = format!("{key}/");
        let below = self.files.range(folder.clone()..).map(|(key, _)| key);
        let gone: Vec<String> = below.take_while(|key| key.starts_with(&folder)).cloned().collect();
        if gone.is_empty() && !is_ignored(&key) {
            return self.announce_deleted(key).await;
        }
        for key in gone {
            self.announce_deleted(key).await;
        }
    }

    /// Announces what is different from what the watch knew.
    async fn compare_all(&mut self) {
        let there = self.walk(&self.root);
        let gone: Vec<String> = self.files.keys().filter(|key| !there.contains_key(*key)).cloned().collect();
        for key in gone {
            self.announce_deleted(key).await;
        }
        for (key, change_time_ns) in there {
            if self.files.get(&key) != Some(&change_time_ns) {
                self.announce(key, change_time_ns).await;
            }
        }
    }

    async fn announce(&mut self, key: String, change_time_ns: u64) {
        retry("announce a file", &key, || async {
            match self.notifier.put(&key).await {
                Err(error) if error.kind == Kind::NotFound => Ok(()),
                result => result.map(|_| ()),
            }
        })
        .await;
        self.files.insert(key, change_time_ns);
    }

    async fn announce_deleted(&mut self, key: String) {
        retry("announce a deleted file", &key, || self.notifier.delete(&key, None)).await;
        self.files.remove(&key);
    }

    fn walk(&self, folder: &Path) -> BTreeMap<String, u64> {
        let walked = walk(&self.root, folder).unwrap_or_else(|error| {
            tracing::warn!(folder = %folder.display(), %error, "failed to list a folder; the next sweep will");
            Walked::default()
        });
        walked.files.into_iter().map(|file| (file.key, file.change_time_ns)).collect()
    }
}

/// Tries a few times, then leaves it to the next comparison.
async fn retry<F: Future<Output = Result<(), PortError>>>(what: &str, key: &str, attempt: impl Fn() -> F) {
    for pause_ms in [50, 250, 1000, 0] {
        match attempt().await {
            Ok(()) => return,
            Err(error) if pause_ms == 0 => {
                tracing::error!(key, error = &error as &dyn std::error::Error, "failed to {what}; the next sweep will");
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(pause_ms)).await,
        }
    }
}
