//! Reading: from an opened file, so that a later swap does not disturb it.

use super::errors::from_io;
use super::stat::FileStat;
use super::{FileStore, Inner};
use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use ports::{Blob, BlobMeta, Kind, PortError, ReadBlob};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

/// Bytes per chunk of a stream: the port's limit is 1 MiB; a quarter keeps many concurrent streams small.
const CHUNK: u64 = 256 * 1024;

impl Inner {
    /// Opens an object. `NotFound` if there is none.
    pub(super) fn open_object(&self, operation: &'static str, key: &str) -> Result<(File, FileStat), PortError> {
        self.check_key(operation, key)?;
        let open = || -> io::Result<Option<(File, FileStat)>> {
            let Some(place) = self.root.place(key)? else { return Ok(None) };
            let Some(file) = place.open()? else { return Ok(None) };
            let stat = FileStat::of(&file)?;
            Ok(Some((file, stat)))
        };
        open()
            .map_err(|error| from_io(error, operation, key))?
            .ok_or_else(|| PortError::new(Kind::NotFound, operation, key))
    }

    /// Looks at an object. `NotFound` if there is none.
    pub(super) fn stat(&self, operation: &'static str, key: &str) -> Result<FileStat, PortError> {
        self.check_key(operation, key)?;
        let stat = || -> io::Result<Option<FileStat>> {
            let Some(place) = self.root.place(key)? else { return Ok(None) };
            Ok(FileStat::at(&place.folder, place.name)?)
        };
        stat()
            .map_err(|error| from_io(error, operation, key))?
            .ok_or_else(|| PortError::new(Kind::NotFound, operation, key))
    }
}

/// Reads up to `at_most` bytes from where the file stands.
fn read_some(file: &mut File, at_most: u64) -> io::Result<Bytes> {
    let mut bytes = Vec::with_capacity(usize::try_from(at_most.min(64 << 20)).unwrap_or(0));
    file.take(at_most).read_to_end(&mut bytes)?;
    Ok(bytes.into())
}

#[async_trait]
impl ReadBlob for FileStore {
    async fn head(&self, key: &str) -> Result<BlobMeta, PortError> {
        let key = key.to_owned();
        self.blocking(move |store| Ok(store.stat("look at blob", &key)?.meta(key))).await
    }

    async fn read(&self, key: &str) -> Result<Blob, PortError> {
        const OPERATION: &str = "read blob";
        let key = key.to_owned();
        self.blocking(move |store| {
            let (mut file, stat) = store.open_object(OPERATION, &key)?;
            let bytes = read_some(&mut file, stat.bytes).map_err(|error| from_io(error, OPERATION, &key))?;
            Ok(Blob { bytes, etag: stat.etag() })
        })
        .await
    }

    async fn read_range(&self, key: &str, range: Range<u64>) -> Result<Bytes, PortError> {
        const OPERATION: &str = "read range of blob";
        let key = key.to_owned();
        self.blocking(move |store| {
            let (mut file, stat) = store.open_object(OPERATION, &key)?;
            let end = range.end.min(stat.bytes);
            if range.start >= end {
                return Ok(Bytes::new());
            }
            let read = |file: &mut File| {
                file.seek(SeekFrom::Start(range.start))?;
                read_some(file, end - range.start)
            };
            read(&mut file).map_err(|error| from_io(error, OPERATION, &key))
        })
        .await
    }

    async fn stream(&self, key: &str) -> Result<BoxStream<'static, Result<Bytes, PortError>>, PortError> {
        const OPERATION: &str = "stream blob";
        let key = key.to_owned();
        let name = key.clone();
        let (file, stat) = self.blocking(move |store| store.open_object(OPERATION, &name)).await?;
        Ok(stream::try_unfold((file, stat.bytes), move |(mut file, left)| {
            let key = key.clone();
            async move {
                if left == 0 {
                    return Ok(None);
                }
                let work = move || read_some(&mut file, CHUNK.min(left)).map(|bytes| (bytes, file));
                let read = tokio::task::spawn_blocking(work).await.map_err(io::Error::other).flatten();
                let (bytes, file) = read.map_err(|error| from_io(error, OPERATION, &key))?;
                if bytes.is_empty() {
                    // Somebody cut the file while it was read: better an error than an object that seems whole.
                    return Err(from_io(io::ErrorKind::UnexpectedEof.into(), OPERATION, &key));
                }
                let left = left - bytes.len() as u64;
                Ok(Some((bytes, (file, left))))
            }
        })
        .boxed())
    }
}
