//! Folders by descriptor: the walk from the root to a key.
//!
//! Each step is an `openat` with `O_DIRECTORY | O_NOFOLLOW` relative to the folder above, and what happens at the end of the walk
//! happens relative to the last folder. A path that is checked and then used could be swapped for a symbolic link in between; a
//! descriptor cannot. (`cap-std` gives the same with a larger dependency; `openat2` only exists on Linux.)

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// The store's folder.
pub(super) struct Root(OwnedFd);

/// The folder of a key and the key's last segment.
pub(super) struct Place<'a> {
    pub folder: OwnedFd,
    pub name: &'a str,
}

impl Root {
    pub(super) fn open(path: &Path) -> io::Result<Root> {
        Ok(Root(rustix::fs::open(path, FOLDER, Mode::empty())?))
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    /// Walks to an existing folder (`""` or `a/b/`); `None` if it, or something on the way, is not there or is no folder.
    pub(super) fn folder(&self, path: &str) -> io::Result<Option<OwnedFd>> {
        let mut folder = self.0.try_clone()?;
        for segment in path.split_terminator('/') {
            folder = match open_folder(&folder, segment) {
                Ok(folder) => folder,
                Err(error) if is_absent(error) => return Ok(None),
                Err(error) => return Err(error.into()),
            };
        }
        Ok(Some(folder))
    }

    /// Walks to the folder of a key; `None` if it is not there.
    pub(super) fn place<'a>(&self, key: &'a str) -> io::Result<Option<Place<'a>>> {
        let (path, name) = split(key);
        Ok(self.folder(path)?.map(|folder| Place { folder, name }))
    }

    /// Walks to the folder of a key and makes what is missing.
    pub(super) fn make_place<'a>(&self, key: &'a str) -> io::Result<Place<'a>> {
        let (path, name) = split(key);
        let mut folder = self.0.try_clone()?;
        for segment in path.split_terminator('/') {
            folder = match open_folder(&folder, segment) {
                Err(Errno::NOENT) => {
                    match rustix::fs::mkdirat(&folder, segment, Mode::from_raw_mode(0o755)) {
                        Ok(()) | Err(Errno::EXIST) => {}
                        Err(error) => return Err(error.into()),
                    }
                    open_folder(&folder, segment)?
                }
                Err(Errno::NOTDIR | Errno::LOOP) => {
                    let text = format!("`{segment}` is in the way: a file or a symbolic link, not a folder");
                    return Err(io::Error::new(io::ErrorKind::NotADirectory, text));
                }
                other => other?,
            };
        }
        Ok(Place { folder, name })
    }

    /// Removes the folders of a key that are empty, from the innermost outwards.
    pub(super) fn remove_empty_folders(&self, key: &str) -> io::Result<()> {
        let (mut path, _) = split(key);
        while !path.is_empty() {
            let Some(place) = self.place(path.trim_end_matches('/'))? else { return Ok(()) };
            match rustix::fs::unlinkat(&place.folder, place.name, AtFlags::REMOVEDIR) {
                Ok(()) | Err(Errno::NOENT) => {}
                // Not empty, or not ours to remove: either way the folders above stay as well.
                Err(_) => return Ok(()),
            }
            path = split(path.trim_end_matches('/')).0;
        }
        Ok(())
    }
}

impl Place<'_> {
    /// Opens the object; `None` if there is none. What is no plain file (a folder, a link, a pipe) is no object.
    pub(super) fn open(&self) -> io::Result<Option<File>> {
        // Without NONBLOCK a named pipe would hold the thread until somebody writes to it.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match rustix::fs::openat(&self.folder, self.name, flags, Mode::empty()) {
            Ok(fd) => File::from(fd),
            Err(error) if is_absent(error) || error == Errno::NXIO => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        Ok(file.metadata()?.is_file().then_some(file))
    }
}

/// Splits a key into its folder (`""` or `a/b/`) and its name.
pub(super) fn split(key: &str) -> (&str, &str) {
    key.split_at(key.rfind('/').map_or(0, |slash| slash + 1))
}

pub(super) fn open_folder(parent: impl AsFd, name: &str) -> Result<OwnedFd, Errno> {
    rustix::fs::openat(parent, name, FOLDER, Mode::empty())
}

/// Returns whether the error says that there is no such object (or a link, which is none).
pub(super) fn is_absent(error: Errno) -> bool {
    matches!(error, Errno::NOENT | Errno::NOTDIR | Errno::LOOP)
}
