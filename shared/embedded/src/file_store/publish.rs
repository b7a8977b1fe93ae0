//! Writing: everything is drafted first and published at once.

use super::errors::{fatal, from_io};
use super::scratch::Draft;
use super::stat::FileStat;
use super::{Durability, FileStore, Inner};
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use ports::{Body, CopyBlob, CreateBlob, DeleteBlob, ETag, Kind, PortError, SwapBlob};
use rustix::fs::AtFlags;
use rustix::io::Errno;
use std::fs::File;
use std::io::{self, Write};
use std::time::Duration;

/// Bytes of a body that are gathered before a blocking thread writes them.
const GATHER: usize = 1024 * 1024;

// On durability: the bytes are synced before the publication, and the object's folder after it. Folders that were made on the way are
// not synced one by one: file systems with a journal write such changes in order, so the innermost folder takes them along.

/// How often a folder may be removed (it was empty) between the walk to it and the publication in it.
const ATTEMPTS: usize = 100;

/// What has to be at the key for a replacement.
enum Before<'a> {
    Anything,
    This(&'a ETag),
}

impl Inner {
    fn is_power_safe(&self) -> bool {
        self.durability == Durability::Power
    }

    fn draft(&self, operation: &'static str, key: &str) -> Result<Draft, PortError> {
        self.check_key(operation, key)?;
        // A full disk or a lost scratch folder must not read as an answer about the key.
        self.scratch.draft().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::AlreadyExists => fatal(operation, key, error),
            _ => from_io(error, operation, key),
        })
    }

    fn draft_of(&self, operation: &'static str, key: &str, bytes: &Bytes) -> Result<Draft, PortError> {
        let mut draft = self.draft(operation, key)?;
        draft.file.write_all(bytes).map_err(|error| from_io(error, operation, key))?;
        Ok(draft)
    }

    /// Fails with `Exists` where a create would, before anything is written.
    fn check_free(&self, operation: &'static str, key: &str) -> Result<(), PortError> {
        match self.stat(operation, key) {
            Ok(_) => Err(PortError::new(Kind::Exists, operation, key)),
            Err(error) if error.kind == Kind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Publishes a draft under a free key.
    fn publish_new(&self, operation: &'static str, key: &str, draft: &Draft) -> Result<ETag, PortError> {
        let failed = |error: io::Error| from_io(error, operation, key);
        draft.seal(FileStat::next_modified(None), self.is_power_safe()).map_err(failed)?;
        for _ in 0..ATTEMPTS {
            let place = match self.root.make_place(key) {
                Ok(place) => place,
                // The folder above was removed as empty just now.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(failed(error)),
            };
            match draft.link_to(&place.folder, place.name) {
                Ok(()) => {
                    if self.is_power_safe() {
                        rustix::fs::fsync(&place.folder).map_err(|error| failed(error.into()))?;
                    }
                    return Ok(FileStat::of(&draft.file).map_err(|error| failed(error.into()))?.etag());
                }
                Err(Errno::NOENT) => continue,
                Err(Errno::EXIST) => {
                    let there = FileStat::at(&place.folder, place.name).map_err(|error| failed(error.into()))?;
                    return Err(match there {
                        Some(_) => PortError::new(Kind::Exists, operation, key),
                        None => in_the_way(operation, key),
                    });
                }
                Err(error) => return Err(failed(error.into())),
            }
        }
        Err(PortError::new(Kind::Retry(Duration::from_millis(100)), operation, key))
    }

    /// Publishes a draft over what is there.
    fn publish_over(
        &self,
        operation: &'static str,
        key: &str,
        mut draft: Draft,
        before: Before,
    ) -> Result<ETag, PortError> {
        let failed = |error: io::Error| from_io(error, operation, key);
        if self.is_power_safe() {
            // Before the lock: others wait for a rename only, not for the disk.
            draft.file.sync_all().map_err(failed)?;
        }
        let _held = self.locks.hold(key).map_err(failed)?;
        for _ in 0..ATTEMPTS {
            let there = match self.stat(operation, key) {
                Ok(there) => Some(there),
                Err(error) if error.kind == Kind::NotFound => None,
                Err(error) => return Err(error),
            };
            if let Before::This(expected) = before
                && there.is_none_or(|there| there.etag() != *expected)
            {
                return Err(PortError::new(Kind::Conflict, operation, key));
            }
            draft.seal(FileStat::next_modified(there.as_ref()), false).map_err(failed)?;
            let place = match self.root.make_place(key) {
                Ok(place) => place,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(failed(error)),
            };
            match draft.rename_to(&place.folder, place.name) {
                Ok(()) => {
                    let after = changed_after(&draft.file, there).map_err(failed)?;
                    if self.is_power_safe() {
                        rustix::fs::fsync(&place.folder).map_err(|error| failed(error.into()))?;
                    }
                    return Ok(after.etag());
                }
                Err(Errno::NOENT) => continue,
                Err(Errno::ISDIR | Errno::NOTEMPTY | Errno::EXIST) => return Err(in_the_way(operation, key)),
                Err(error) => return Err(failed(error.into())),
            }
        }
        Err(PortError::new(Kind::Retry(Duration::from_millis(100)), operation, key))
    }

    fn delete(&self, key: &str) -> Result<(), PortError> {
        const OPERATION: &str = "delete blob";
        self.check_key(OPERATION, key)?;
        let delete = || -> io::Result<()> {
            let _held = self.locks.hold(key)?;
            let Some(place) = self.root.place(key)? else { return Ok(()) };
            if FileStat::at(&place.folder, place.name)?.is_none() {
                return Ok(());
            }
            match rustix::fs::unlinkat(&place.folder, place.name, AtFlags::empty()) {
                Ok(()) | Err(Errno::NOENT) => {}
                Err(error) => return Err(error.into()),
            }
            if self.is_power_safe() {
                rustix::fs::fsync(&place.folder)?;
            }
            self.root.remove_empty_folders(key)
        };
        delete().map_err(|error| from_io(error, OPERATION, key))
    }
}

/// Makes sure that the new file's change time is later than that of the file before it: the clock of file systems ticks in
/// milliseconds, and two writes may fall into one tick.
fn changed_after(file: &File, before: Option<FileStat>) -> io::Result<FileStat> {
    for attempt in 0..50 {
        let after = FileStat::of(file)?;
        if before.is_none_or(|before| after.changed_ns > before.changed_ns) {
            return Ok(after);
        }
        // Newer kernels give a finer time to a file that was looked at since its last change: then the second look is enough.
        if attempt > 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
        // Sets what is set already; the change time moves on.
        file.set_modified(file.metadata()?.modified()?)?;
    }
    Ok(FileStat::of(file)?)
}

fn in_the_way(operation: &'static str, key: &str) -> PortError {
    fatal(operation, key, "a folder, a symbolic link or another special file is in the way")
}

impl FileStore {
    /// Writes a body into a draft. An error of the stream is returned as it is and leaves nothing behind.
    async fn draft_body(&self, operation: &'static str, key: &str, body: Body) -> Result<Draft, PortError> {
        let name = key.to_owned();
        let mut stream = match body {
            Body::Bytes(bytes) => {
                return self.blocking(move |store| store.draft_of(operation, &name, &bytes)).await;
            }
            Body::Stream(stream) => stream,
        };
        let mut draft = self.blocking(move |store| store.draft(operation, &name)).await?;
        let mut gathered = BytesMut::new();
        loop {
            let chunk = stream.next().await.transpose()?;
            let is_end = chunk.is_none();
            gathered.extend_from_slice(&chunk.unwrap_or_default());
            if gathered.len() >= GATHER || (is_end && !gathered.is_empty()) {
                let bytes = gathered.split().freeze();
                let name = key.to_owned();
                draft = self
                    .blocking(move |_| {
                        draft.file.write_all(&bytes).map_err(|error| from_io(error, operation, &name))?;
                        Ok(draft)
                    })
                    .await?;
            }
            if is_end {
                return Ok(draft);
            }
        }
    }

    /// Replaces whatever is at the key, or creates it, at once: what a plain `PUT` does.
    pub async fn overwrite(&self, key: &str, body: Body) -> Result<ETag, PortError> {
        const OPERATION: &str = "overwrite blob";
        let draft = self.draft_body(OPERATION, key, body).await?;
        let key = key.to_owned();
        self.blocking(move |store| store.publish_over(OPERATION, &key, draft, Before::Anything)).await
    }
}

#[async_trait]
impl CreateBlob for FileStore {
    async fn create(&self, key: &str, body: Body) -> Result<ETag, PortError> {
        const OPERATION: &str = "create blob";
        let name = key.to_owned();
        if let Body::Bytes(bytes) = body {
            return self
                .blocking(move |store| {
                    store.check_free(OPERATION, &name)?;
                    let draft = store.draft_of(OPERATION, &name, &bytes)?;
                    store.publish_new(OPERATION, &name, &draft)
                })
                .await;
        }
        let free = name.clone();
        self.blocking(move |store| store.check_free(OPERATION, &free)).await?;
        let draft = self.draft_body(OPERATION, key, body).await?;
        self.blocking(move |store| store.publish_new(OPERATION, &name, &draft)).await
    }
}

#[async_trait]
impl SwapBlob for FileStore {
    async fn swap(&self, key: &str, body: Bytes, expected: Option<&ETag>) -> Result<ETag, PortError> {
        const OPERATION: &str = "swap blob";
        let key = key.to_owned();
        let expected = expected.cloned();
        self.blocking(move |store| {
            let draft = store.draft_of(OPERATION, &key, &body)?;
            match &expected {
                Some(expected) => store.publish_over(OPERATION, &key, draft, Before::This(expected)),
                None => store.publish_new(OPERATION, &key, &draft).map_err(|mut error| {
                    if error.kind == Kind::Exists {
                        error.kind = Kind::Conflict;
                    }
                    error
                }),
            }
        })
        .await
    }
}

#[async_trait]
impl CopyBlob for FileStore {
    async fn copy(&self, from: &str, to: &str) -> Result<(), PortError> {
        const OPERATION: &str = "copy blob";
        let (from, to) = (from.to_owned(), to.to_owned());
        self.blocking(move |store| {
            let (mut source, _) = store.open_object(OPERATION, &from)?;
            store.check_free(OPERATION, &to)?;
            let mut draft = store.draft(OPERATION, &to)?;
            // The kernel copies, and shares the blocks where the file system can.
            io::copy(&mut source, &mut draft.file).map_err(|error| from_io(error, OPERATION, &to))?;
            store.publish_new(OPERATION, &to, &draft).map(drop)
        })
        .await
    }
}

#[async_trait]
impl DeleteBlob for FileStore {
    async fn delete(&self, key: &str) -> Result<(), PortError> {
        let key = key.to_owned();
        self.blocking(move |store| store.delete(&key)).await
    }
}
