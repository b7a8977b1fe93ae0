//! Objects: a file of the inbox with its record.

use super::checksum::{Algorithm, Hashing};
use super::details::Details;
use super::errors::{check_key, from_port, internal, no_such_key};
use super::multipart::Uploads;
use super::record::{Record, Records};
use crate::inbox::{BUCKET, Notifier};
use embedded::FileStore;
use ports::{Kind, ReadBlob};
use s3s::{S3Error, S3ErrorCode, S3Result};
use std::fs::{File, Metadata};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::{Mutex, OwnedMutexGuard, Semaphore};

/// What every operation works on.
pub(super) struct Objects {
    pub inbox: Arc<FileStore>,
    pub records: Records,
    pub uploads: Uploads,
    pub notifier: Arc<Notifier>,
    pub max_object_bytes: u64,
    pub region: String,
    /// By the key's hash: a condition is checked and its write published without another write in between.
    locks: Vec<Arc<Mutex<()>>>,
    hasher: RandomState,
    /// Reading a large file for its MD5 keeps a disk busy: a few at a time.
    digesting: Semaphore,
}

/// An object opened for reading: content, file state and record belong together, whatever happens to the key meanwhile.
pub(super) struct Opened {
    pub file: File,
    pub record: Record,
    pub bytes: u64,
    pub modified: SystemTime,
}

const N_LOCKS: usize = 256;

impl Objects {
    pub(super) fn open(
        inbox: Arc<FileStore>,
        sidecar: &Path,
        notifier: Arc<Notifier>,
        max_object_bytes: u64,
        region: String,
    ) -> io::Result<Self> {
        Ok(Objects {
            inbox,
            records: Records::open(sidecar)?,
            uploads: Uploads::open(sidecar)?,
            notifier,
            max_object_bytes,
            region,
            locks: (0..N_LOCKS).map(|_| Arc::default()).collect(),
            hasher: RandomState::new(),
            digesting: Semaphore::new(2),
        })
    }

    /// Waits until no other write of the endpoint is at the key.
    pub(super) async fn lock(&self, key: &str) -> OwnedMutexGuard<()> {
        let lock = &self.locks[self.hasher.hash_one(key) as usize % N_LOCKS];
        Arc::clone(lock).lock_owned().await
    }

    /// Opens an object, with its MD5 computed if nobody knows it yet. `NoSuchKey` if there is none.
    pub(super) async fn get(self: &Arc<Self>, key: &str) -> S3Result<Opened> {
        let (mut opened, is_known) = self.open_file(key).await?;
        if is_known {
            return Ok(opened);
        }
        let _permit = self.digesting.acquire().await.map_err(|error| internal(io::Error::other(error)))?;
        let (objects, key) = (Arc::clone(self), key.to_owned());
        blocking(move || {
            // Somebody may have computed it while this waited.
            if let Some(record) = objects.records.load(&key, &opened.record.stamp) {
                opened.record = record;
                return Ok(opened);
            }
            digest(&mut opened)?;
            objects.records.save(&opened.record)?;
            Ok(opened)
        })
        .await
    }

    /// Returns the record of what is at the key now, `None` if nothing is.
    pub(super) async fn find(self: &Arc<Self>, key: &str) -> S3Result<Option<Opened>> {
        match self.get(key).await {
            Ok(opened) => Ok(Some(opened)),
            Err(error) if *error.code() == S3ErrorCode::NoSuchKey => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Opens a file; the flag tells whether its record was there.
    async fn open_file(self: &Arc<Self>, key: &str) -> S3Result<(Opened, bool)> {
        check_key(key)?;
        loop {
            let stamp = match self.inbox.head(key).await {
                Ok(meta) => meta.etag.0,
                Err(error) if error.kind == Kind::NotFound => return Err(no_such_key()),
                Err(error) => return Err(from_port(error)),
            };
            let path = self.inbox.path_of(key).map_err(from_port)?;
            let (objects, key) = (Arc::clone(self), key.to_owned());
            let opened = blocking(move || {
                let file = match File::open(path) {
                    Ok(file) => file,
                    Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                    Err(error) => return Err(error),
                };
                let metadata = file.metadata()?;
                // The store walked to this very file without following links; a path could have led elsewhere since.
                if stamp_of(&metadata) != stamp {
                    return Ok(None);
                }
                let modified = metadata.modified()?;
                let record = objects.records.load(&key, &stamp);
                let is_known = record.is_some();
                let record = record.unwrap_or_else(|| unknown(key, stamp));
                Ok(Some((Opened { file, record, bytes: metadata.len(), modified }, is_known)))
            })
            .await?;
            if let Some(opened) = opened {
                return Ok(opened);
            }
        }
    }
}

/// Names a file's state as the inbox does (its ETag).
fn stamp_of(metadata: &Metadata) -> String {
    let modified = metadata.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    let modified_ns = modified.map_or(0, |since| since.as_nanos());
    format!("{modified_ns:x}-{:x}-{:x}", metadata.len(), metadata.ino())
}

fn unknown(key: String, stamp: String) -> Record {
    Record {
        key,
        stamp,
        etag: String::new(),
        sums: Default::default(),
        is_composite: false,
        details: Details::default(),
        is_uploaded: false,
    }
}

/// Reads the file for its digests.
pub(super) fn digest(opened: &mut Opened) -> io::Result<()> {
    let mut hashing = Hashing::new([Algorithm::Crc64nvme]);
    let mut buffer = vec![0; 256 * 1024];
    let mut reader = io::BufReader::with_capacity(0, opened.file.try_clone()?);
    let mut bytes = 0;
    loop {
        match reader.read(&mut buffer)? {
            0 => break,
            n_read => {
                hashing.update(&buffer[..n_read]);
                bytes += n_read as u64;
            }
        }
    }
    io::Seek::rewind(&mut opened.file)?;
    let digests = hashing.finish(bytes);
    opened.record.etag = digests.md5;
    opened.record.sums = digests.sums;
    Ok(())
}

/// Runs file work off the async threads.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> S3Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other).and_then(|result| result).map_err(internal)
}

/// Refuses every bucket but the one there is.
pub(super) fn check_bucket(bucket: &str) -> S3Result<()> {
    if bucket == BUCKET {
        return Ok(());
    }
    Err(S3Error::with_message(S3ErrorCode::NoSuchBucket, format!("the only bucket here is `{BUCKET}`")))
}
