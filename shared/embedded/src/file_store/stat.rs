//! What `stat` says of an object.

use ports::{BlobMeta, ETag};
use rustix::fs::{AtFlags, FileType, Stat};
use rustix::io::Errno;
use std::os::fd::AsFd;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The facts that the store uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileStat {
    pub modified_ns: u64,
    /// Of the inode: rises with every write, link and rename, and cannot be set.
    pub changed_ns: u64,
    pub bytes: u64,
    inode: u64,
}

impl FileStat {
    fn new(stat: &Stat) -> Self {
        let nanos = |seconds: i128, nanos: i128| u64::try_from(seconds * 1_000_000_000 + nanos).unwrap_or(0);
        FileStat {
            modified_ns: nanos(stat.st_mtime as i128, stat.st_mtime_nsec as i128),
            changed_ns: nanos(stat.st_ctime as i128, stat.st_ctime_nsec as i128),
            bytes: u64::try_from(stat.st_size).unwrap_or(0),
            inode: stat.st_ino,
        }
    }

    pub(super) fn of(file: impl AsFd) -> Result<Self, Errno> {
        rustix::fs::fstat(file).map(|stat| FileStat::new(&stat))
    }

    /// Looks at a name; `None` if no plain file has it.
    pub(super) fn at(folder: impl AsFd, name: &str) -> Result<Option<Self>, Errno> {
        match rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => {
                let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
                Ok(is_file.then(|| FileStat::new(&stat)))
            }
            Err(error) if super::dirs::is_absent(error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) fn etag(&self) -> ETag {
        ETag(format!("{:x}-{:x}-{:x}", self.modified_ns, self.bytes, self.inode))
    }

    pub(super) fn meta(&self, key: String) -> BlobMeta {
        BlobMeta { key, bytes: self.bytes, etag: self.etag(), modified_ms: self.modified_ns / 1_000_000 }
    }

    /// Returns a modification time for the content that follows this one: now, but later than this one's in any case.
    ///
    /// In whole microseconds: some file systems keep no more.
    pub(super) fn next_modified(before: Option<&FileStat>) -> SystemTime {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
        let now = u64::try_from(now).unwrap_or(0);
        let after = before.map_or(0, |before| before.modified_ns / 1000 + 1);
        UNIX_EPOCH + Duration::from_micros(now.max(after))
    }
}
