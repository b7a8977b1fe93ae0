//! Watches the folder, so that a file that a person drops is announced at once.

use super::is_ignored;
use super::notifier::Notifier;
use super::reconcile::{Reconciler, root_of};
use super::walk::{key_of, walk};
use embedded::FileStore;
use notify::event::{AccessKind, AccessMode, CreateKind, ModifyKind, RemoveKind, RenameMode};
use notify::{Config, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use ports::{Kind, PortError};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Watches until `shutdown`. The watch stands when `ready` is called; files from before are the reconciler's.
///
/// Announced are files that were closed after writing or moved in, and files that are gone. When the kernel lost events, or a whole
/// folder left, the reconciler compares everything.
pub async fn watch(
    inbox: Arc<FileStore>,
    notifier: Arc<Notifier>,
    reconciler: Arc<Reconciler>,
    shutdown: CancellationToken,
    ready: impl FnOnce(),
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
    let mut watching = Watching { root, notifier, reconciler, folders: BTreeSet::new() };
    watching.remember_folders(&watching.root.clone());
    ready();
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
    reconciler: Arc<Reconciler>,
    /// A move tells a path and not what it was: a folder that leaves takes files along that have no events of their own.
    folders: BTreeSet<PathBuf>,
}

impl Watching {
    async fn handle(&mut self, event: Event) {
        if event.need_rescan() {
            return self.compare_all().await;
        }
        match event.kind {
            EventKind::Access(AccessKind::Close(AccessMode::Write)) => self.arrived(&event.paths).await,
            EventKind::Create(CreateKind::Folder) | EventKind::Modify(ModifyKind::Name(RenameMode::To)) => {
                self.arrived(&event.paths).await;
            }
            EventKind::Remove(RemoveKind::File) | EventKind::Modify(ModifyKind::Name(RenameMode::From)) => {
                self.left(&event.paths).await;
            }
            EventKind::Remove(_) => {
                for path in &event.paths {
                    self.folders.remove(path);
                }
            }
            // `Both` repeats a `From` and a `To`; the rest changes no bytes or is not finished.
            _ => {}
        }
    }

    async fn arrived(&mut self, paths: &[PathBuf]) {
        for path in paths {
            match std::fs::symlink_metadata(path) {
                // Its files may be older than the watch on it.
                Ok(metadata) if metadata.is_dir() => {
                    for key in self.remember_folders(path) {
                        self.announce(&key).await;
                    }
                }
                Ok(metadata) if metadata.is_file() => {
                    if let Some(key) = self.key_of(path) {
                        self.announce(&key).await;
                    }
                }
                // A link, a socket, or gone already.
                _ => {}
            }
        }
    }

    async fn left(&mut self, paths: &[PathBuf]) {
        for path in paths {
            if self.folders.contains(path) {
                self.folders.retain(|folder| !folder.starts_with(path));
                self.compare_all().await;
            } else if let Some(key) = self.key_of(path) {
                retry("announce a deleted file", &key, || self.notifier.delete(&key, None)).await;
            }
        }
    }

    async fn announce(&self, key: &str) {
        retry("announce a file", key, || async {
            match self.notifier.put(key).await {
                Err(error) if error.kind == Kind::NotFound => Ok(()),
                result => result.map(|_| ()),
            }
        })
        .await;
    }

    /// Takes the folders below `folder` into account and returns the keys of the files in them.
    fn remember_folders(&mut self, folder: &Path) -> Vec<String> {
        match walk(&self.root, folder) {
            Ok(walked) => {
                self.folders.extend(walked.folders);
                walked.files.into_iter().map(|file| file.key).collect()
            }
            Err(error) => {
                tracing::warn!(folder = %folder.display(), %error, "failed to list a new folder; the next sweep will");
                Vec::new()
            }
        }
    }

    async fn compare_all(&self) {
        retry("compare the inbox with the store", "inbox", || async { self.reconciler.run().await.map(|_| ()) }).await;
    }

    fn key_of(&self, path: &Path) -> Option<String> {
        key_of(&self.root, path).filter(|key| !is_ignored(key))
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
