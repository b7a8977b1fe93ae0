//! Listing in byte order of the whole keys.
//!
//! Inside one folder, a sub-folder sorts as its name with a `/` behind it: that is how its keys begin. So `a-b` comes before `a/b`
//! and `a.b` too, although plain `a` would come first. With that one rule a depth-first walk yields the keys in order, and only
//! folders that can hold an answer are opened.

use super::dirs::{is_absent, open_folder, split};
use super::errors::{fatal, from_io};
use super::stat::FileStat;
use super::{FileStore, Inner};
use async_trait::async_trait;
use ports::blob::{is_safe_key, is_safe_prefix};
use ports::{ListBlobs, Page, PortError};
use rustix::fs::{Dir, FileType};
use std::io;
use std::os::fd::OwnedFd;

/// A folder on the way, with what is still to be visited in it.
struct Folder {
    fd: OwnedFd,
    /// Key prefix of everything in it: `""` or `a/b/`.
    path: String,
    /// Names in reverse order; those of folders end in `/`.
    names: Vec<String>,
}

impl Inner {
    fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Page, PortError> {
        const OPERATION: &str = "list blobs";
        if !is_safe_prefix(prefix) {
            return Err(fatal(OPERATION, prefix, "not the beginning of a safe key"));
        }
        self.walk(prefix, after, limit.clamp(1, 1000)).map_err(|error| from_io(error, OPERATION, prefix))
    }

    fn walk(&self, prefix: &str, after: Option<&str>, limit: usize) -> io::Result<Page> {
        let mut page = Page::default();
        let path = split(prefix).0;
        if self.hidden.as_ref().is_some_and(|hidden| path.starts_with(hidden.as_str())) {
            return Ok(page);
        }
        let Some(fd) = self.root.folder(path)? else { return Ok(page) };
        let mut folders = vec![self.read_folder(fd, path.to_owned(), prefix, after)?];
        while let Some(folder) = folders.last_mut() {
            let Some(name) = folder.names.pop() else {
                folders.pop();
                continue;
            };
            let key = format!("{}{name}", folder.path);
            if let Some(name) = name.strip_suffix('/') {
                match open_folder(&folder.fd, name) {
                    Ok(fd) => folders.push(self.read_folder(fd, key, prefix, after)?),
                    // Removed or replaced since its parent was read.
                    Err(error) if is_absent(error) => {}
                    Err(error) => return Err(error.into()),
                }
            } else if let Some(stat) = FileStat::at(&folder.fd, &name)? {
                if page.blobs.len() == limit {
                    page.next = page.blobs.last().map(|blob| blob.key.clone());
                    return Ok(page);
                }
                page.blobs.push(stat.meta(key));
            }
        }
        Ok(page)
    }

    /// Reads a folder's names: those that can lead to a key with `prefix` and after `after`.
    fn read_folder(&self, fd: OwnedFd, path: String, prefix: &str, after: Option<&str>) -> io::Result<Folder> {
        let mut names = Vec::new();
        let mut key = path.clone();
        for entry in Dir::read_from(&fd)? {
            let entry = entry?;
            // No key has a name that is not UTF-8.
            let Ok(name) = entry.file_name().to_str() else { continue };
            if matches!(name, "." | "..") {
                continue;
            }
            let is_folder = match entry.file_type() {
                FileType::Directory => true,
                FileType::RegularFile => false,
                // Some file systems do not say: look.
                FileType::Unknown => FileStat::at(&fd, name)?.is_none() && open_folder(&fd, name).is_ok(),
                // Links, pipes, sockets, devices: no objects.
                _ => continue,
            };
            key.truncate(path.len());
            key.push_str(name);
            if !is_safe_key(&key) {
                continue;
            }
            let is_wanted = if is_folder {
                key.push('/');
                let is_hidden = self.hidden.as_ref() == Some(&key);
                let is_past = after.is_some_and(|after| after > key.as_str() && !after.starts_with(&key));
                !is_hidden && !is_past && (key.starts_with(prefix) || prefix.starts_with(&key))
            } else {
                key.starts_with(prefix) && after.is_none_or(|after| key.as_str() > after)
            };
            if is_wanted {
                names.push(key[path.len()..].to_owned());
            }
        }
        names.sort_unstable_by(|a, b| b.cmp(a));
        Ok(Folder { fd, path, names })
    }
}

#[async_trait]
impl ListBlobs for FileStore {
    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Page, PortError> {
        let (prefix, after) = (prefix.to_owned(), after.map(str::to_owned));
        self.blocking(move |store| store.list(&prefix, after.as_deref(), limit)).await
    }
}
