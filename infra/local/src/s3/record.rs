//! What is known of an object besides its file: one small JSON file per key, outside the inbox.

use super::checksum::Sums;
use super::details::Details;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::io;
use std::path::{Path, PathBuf};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Record {
    pub key: String,
    /// The state of the file that this describes, as the inbox names it; of another state this says nothing.
    pub stamp: String,
    /// S3's ETag: an MD5 in hex, or `{md5}-{parts}`.
    pub etag: String,
    #[serde(default)]
    pub sums: Sums,
    /// Whether `sums` are of the parts' checksums rather than of the bytes.
    #[serde(default)]
    pub is_composite: bool,
    #[serde(default)]
    pub details: Details,
    /// Written through the endpoint, and not derived from a file that somebody dropped.
    #[serde(default)]
    pub is_uploaded: bool,
}

/// The folder of records. Its methods block.
#[derive(Clone, Debug)]
pub(super) struct Records {
    folder: PathBuf,
}

impl Records {
    pub(super) fn open(sidecar: &Path) -> io::Result<Self> {
        let folder = sidecar.join("objects");
        std::fs::create_dir_all(&folder)?;
        Ok(Records { folder })
    }

    /// Returns the record of a file state, if there is one. A torn or foreign file is none: everything in it can be made again or done
    /// without.
    pub(super) fn load(&self, key: &str, stamp: &str) -> Option<Record> {
        let text = std::fs::read(self.path(key)).ok()?;
        let record: Record = serde_json::from_slice(&text).ok()?;
        (record.key == key && record.stamp == stamp).then_some(record)
    }

    /// Not synced: after a power failure a record may be missing, and then its MD5 is computed again.
    pub(super) fn save(&self, record: &Record) -> io::Result<()> {
        let path = self.path(&record.key);
        write_atomically(&path, &serde_json::to_vec(record)?)
    }

    pub(super) fn remove(&self, key: &str) -> io::Result<()> {
        match std::fs::remove_file(self.path(key)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn path(&self, key: &str) -> PathBuf {
        let name = hex::encode(Sha256::digest(key.as_bytes()));
        self.folder.join(&name[..2]).join(format!("{name}.json"))
    }
}

/// Writes a file that others see whole or not at all; makes its folder if needed.
pub(super) fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = path.with_extension(format!("{}.draft", random_hex(4)?));
    let write = || std::fs::write(&draft, bytes);
    match write() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            std::fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
            write()?;
        }
        result => result?,
    }
    std::fs::rename(&draft, path)
}

/// Returns `n_bytes` of the operating system's randomness in hex.
pub(super) fn random_hex(n_bytes: usize) -> io::Result<String> {
    let mut bytes = vec![0; n_bytes];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(hex::encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_holds_for_its_file_state_only() {
        let folder = tempfile::tempdir().unwrap();
        let records = Records::open(folder.path()).unwrap();
        let record = Record {
            key: "a/ü.jpg".into(),
            stamp: "1-2-3".into(),
            etag: "abc".into(),
            sums: Sums::new(),
            is_composite: false,
            details: Details::default(),
            is_uploaded: true,
        };
        records.save(&record).unwrap();
        assert_eq!(records.load("a/ü.jpg", "1-2-3").unwrap().etag, "abc");
        assert!(records.load("a/ü.jpg", "1-2-4").is_none());
        assert!(records.load("a/u.jpg", "1-2-3").is_none());
        records.remove("a/ü.jpg").unwrap();
        records.remove("a/ü.jpg").unwrap();
        assert!(records.load("a/ü.jpg", "1-2-3").is_none());
    }
}
