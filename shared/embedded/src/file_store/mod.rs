//! Objects as plain files: a key is a relative path that a person can read.
//!
//! - *Published at once*: bytes are written in a scratch folder of the same file system, then hard-linked (create) or renamed (swap)
//!   to their key. A reader sees a whole object or none.
//! - *Compare-and-swap across processes*: swaps, overwrites and deletes of a key hold one of 64 lock files. A create needs no lock: a
//!   hard link never replaces anything.
//! - *ETag*: modification time, size and inode; no content is read. The store sets the modification time itself, and each swap sets a
//!   later one than before, so an ETag never comes back although file systems reuse inodes and stamp files by the tick.
//! - *No way out*: every folder on the way to a key is opened relative to the one above with `O_NOFOLLOW` (see [`dirs`]), so neither a
//!   key nor a symbolic link that somebody put there leaves the root.
//!
//! A file cannot be a folder too: where S3 has both `a` and `a/b`, the second one of them is a fatal error here.

mod dirs;
mod errors;
mod list;
mod locks;
mod publish;
mod read;
mod scratch;
mod stat;

use dirs::Root;
use errors::{fatal, from_io};
use locks::Locks;
use ports::PortError;
use scratch::Scratch;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What an acknowledged write survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// A power failure: file and folder are synced before the call returns.
    Power,
    /// A crash of the process; the operating system writes when it likes.
    Process,
}

/// Objects as plain files below one folder. See the module's description.
pub struct FileStore(Arc<Inner>);

/// What the blocking threads share.
struct Inner {
    root: Root,
    path: PathBuf,
    scratch: Scratch,
    locks: Locks,
    durability: Durability,
    /// Key prefix of the scratch folder, where it lies inside the root: not part of the store.
    hidden: Option<String>,
}

impl FileStore {
    /// Opens the store in `root`, with temporary and lock files in `scratch` on the same file system; makes both folders if needed.
    ///
    /// What processes that died left in `scratch` is removed.
    pub fn open(root: &Path, scratch: &Path, durability: Durability) -> Result<Arc<FileStore>, PortError> {
        const OPERATION: &str = "open store";
        let subject = root.display().to_string();
        let folder = |path: &Path| {
            std::fs::create_dir_all(path)?;
            path.canonicalize()
        };
        let root = folder(root).map_err(|error| from_io(error, OPERATION, &subject))?;
        let scratch = folder(scratch).map_err(|error| from_io(error, OPERATION, &scratch.display().to_string()))?;
        if root.starts_with(&scratch) {
            return Err(fatal(OPERATION, &subject, "the store lies in its own scratch folder"));
        }
        let hidden = scratch.strip_prefix(&root).ok().map(|path| format!("{}/", path.display()));
        let open = || -> std::io::Result<(Root, Scratch, Locks)> {
            Ok((Root::open(&root)?, Scratch::open(&scratch)?, Locks::open(&scratch)?))
        };
        let (root_dir, scratch, locks) = open().map_err(|error| from_io(error, OPERATION, &subject))?;
        scratch.check(&root_dir).map_err(|error| from_io(error, OPERATION, &subject))?;
        Ok(Arc::new(FileStore(Arc::new(Inner { root: root_dir, path: root, scratch, locks, durability, hidden }))))
    }

    /// Returns where a key lies, whether there is an object or not.
    pub fn path_of(&self, key: &str) -> Result<PathBuf, PortError> {
        self.0.check_key("find path of", key)?;
        Ok(self.0.path.join(key))
    }

    /// Returns when a key's file last changed, in nanoseconds since 1970: of the operating system's own making (`ctime`), so a copied
    /// or moved file with an old modification time counts as new. `NotFound` if there is no object.
    ///
    /// Of two successive contents that this store wrote to a key, the later one has the later time.
    pub fn change_time_ns(&self, key: &str) -> Result<u64, PortError> {
        Ok(self.0.stat("find change time of", key)?.changed_ns)
    }

    /// Runs blocking work on the store off the async threads.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, PortError> + Send + 'static,
    ) -> Result<T, PortError> {
        let inner = Arc::clone(&self.0);
        match tokio::task::spawn_blocking(move || work(&inner)).await {
            Ok(result) => result,
            Err(error) => Err(fatal("run work on", "file store", error)),
        }
    }
}

impl Inner {
    /// Refuses keys that are unsafe, that no file can have, or that lie in the scratch folder.
    fn check_key(&self, operation: &'static str, key: &str) -> Result<(), PortError> {
        if !ports::blob::is_safe_key(key) {
            return Err(fatal(operation, key, "not a safe key"));
        }
        if key.split('/').any(|segment| segment.len() > 255) {
            return Err(fatal(
                operation,
                key,
                "a segment of the key is longer than 255 bytes, more than a file name can be",
            ));
        }
        if self.hidden.as_ref().is_some_and(|hidden| key.starts_with(hidden.as_str())) {
            return Err(fatal(operation, key, "the key lies in the store's scratch folder"));
        }
        Ok(())
    }
}
