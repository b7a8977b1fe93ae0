//! Where objects are written before they are published.

use super::dirs::Root;
use rustix::fs::{AtFlags, Mode, OFlags};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A folder of this process's own inside the scratch folder, marked as alive by a lock that dies with the process.
pub(super) struct Scratch {
    folder: Arc<OwnedFd>,
    path: PathBuf,
    next: AtomicU64,
    _alive: File,
}

/// An unpublished file; removed when dropped (after a publication by hard link, that is only its scratch name).
pub(super) struct Draft {
    pub file: File,
    folder: Arc<OwnedFd>,
    name: String,
    moved: bool,
}

impl Scratch {
    pub(super) fn open(scratch: &Path) -> io::Result<Scratch> {
        // Held while folders come and go, so that nobody takes a folder that is not locked *yet* for a dead one.
        let door = OpenOptions::new().write(true).create(true).truncate(false).open(scratch.join("open.lock"))?;
        door.lock()?;
        sweep(scratch)?;
        let path = scratch.join(format!("drafts-{:016x}", fastrand::u64(..)));
        std::fs::create_dir(&path)?;
        let alive = File::create_new(path.join("alive"))?;
        alive.lock()?;
        let folder = rustix::fs::open(&path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        Ok(Scratch { folder: Arc::new(folder), path, next: AtomicU64::new(0), _alive: alive })
    }

    /// Makes an empty draft.
    pub(super) fn draft(&self) -> io::Result<Draft> {
        let name = self.next.fetch_add(1, Ordering::Relaxed).to_string();
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(&self.folder, &name, flags, Mode::from_raw_mode(0o644))?;
        Ok(Draft { file: File::from(fd), folder: Arc::clone(&self.folder), name, moved: false })
    }

    /// Checks what publishing relies on: one file system, and modification times that tell two writes apart.
    pub(super) fn check(&self, root: &Root) -> io::Result<()> {
        let unsupported = |text: &str| Err(io::Error::new(io::ErrorKind::Unsupported, text));
        if rustix::fs::fstat(root.fd())?.st_dev != rustix::fs::fstat(&self.folder)?.st_dev {
            return unsupported("store and scratch folder lie on different file systems");
        }
        let draft = self.draft()?;
        let time = UNIX_EPOCH + Duration::from_micros(1_700_000_000_123_457);
        draft.file.set_modified(time)?;
        if draft.file.metadata()?.modified()? != time {
            return unsupported("the file system keeps modification times too coarsely (microseconds are needed)");
        }
        Ok(())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What stays is swept by the next process.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

/// Removes the folders of processes that died. The caller holds the door.
fn sweep(scratch: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(scratch)? {
        let entry = entry?;
        if !entry.file_name().to_string_lossy().starts_with("drafts-") {
            continue;
        }
        let is_dead = match OpenOptions::new().write(true).open(entry.path().join("alive")) {
            Ok(alive) => alive.try_lock().is_ok(),
            // Died before it could lock, or while it removed its folder.
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        };
        if is_dead {
            // Another sweeper or the owner itself may be removing it too.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
    Ok(())
}

impl Draft {
    /// Gives the content its modification time and, with `sync`, puts it on disk.
    pub(super) fn seal(&self, modified: SystemTime, sync: bool) -> io::Result<()> {
        self.file.set_modified(modified)?;
        if sync { self.file.sync_all() } else { Ok(()) }
    }

    /// Publishes under a free name, atomically.
    pub(super) fn link_to(&self, folder: &OwnedFd, name: &str) -> Result<(), rustix::io::Errno> {
        rustix::fs::linkat(&self.folder, &self.name, folder, name, AtFlags::empty())
    }

    /// Publishes under a name, free or taken, atomically.
    pub(super) fn rename_to(&mut self, folder: &OwnedFd, name: &str) -> Result<(), rustix::io::Errno> {
        rustix::fs::renameat(&self.folder, &self.name, folder, name)?;
        self.moved = true;
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.moved {
            // A leftover costs disk space until the next sweep, nothing else.
            let _ = rustix::fs::unlinkat(&self.folder, &self.name, AtFlags::empty());
        }
    }
}
