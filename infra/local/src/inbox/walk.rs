//! Which files lie in a folder: plain files with usable names, links not followed.

use super::is_ignored;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// A file of the inbox.
pub(super) struct Found {
    pub key: String,
    pub change_time_ns: u64,
}

/// What lies below a folder.
#[derive(Default)]
pub(super) struct Walked {
    pub files: Vec<Found>,
}

/// Lists everything below `folder`, which is `root` or lies in it. What vanishes meanwhile is left out.
pub(super) fn walk(root: &Path, folder: &Path) -> io::Result<Walked> {
    let mut walked = Walked::default();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            let path = entry.path();
            let Some(key) = key_of(root, &path).filter(|key| !is_ignored(key)) else { continue };
            // Of the entry itself, not of what a link points to.
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_dir() {
                open.push(path);
            } else if metadata.is_file() {
                walked.files.push(Found { key, change_time_ns: change_time_ns(&metadata) });
            }
        }
    }
    Ok(walked)
}

/// Returns the key of a path; `None` if its name cannot be one (not UTF-8, a backslash, too long).
pub(super) fn key_of(root: &Path, path: &Path) -> Option<String> {
    let key = path.strip_prefix(root).ok()?.to_str()?;
    ports::blob::is_safe_key(key).then(|| key.to_owned())
}

/// Returns when a file last changed, as the inbox's store reckons it.
pub(super) fn change_time_ns(metadata: &std::fs::Metadata) -> u64 {
    let (seconds, nanos) = (metadata.ctime(), metadata.ctime_nsec());
    u64::try_from(seconds).unwrap_or(0).saturating_mul(1_000_000_000).saturating_add(nanos as u64)
}
