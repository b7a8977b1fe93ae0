//! Where uploads and their parts lie: `uploads/{id}/upload.json`, `{number}.json` and the bytes that the latter names.

use super::super::checksum::{Algorithm, Sums};
use super::super::details::Details;
use super::super::record::{random_hex, write_atomically};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// What was said when the upload began.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in super::super) struct Upload {
    pub id: String,
    pub key: String,
    pub initiated_ms: u64,
    pub details: Details,
    /// Of every part, and of the object.
    pub algorithm: Option<Algorithm>,
    /// Whether the object's checksum is of its bytes; else it is of the parts' checksums.
    pub is_full_object: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in super::super) struct Part {
    pub number: i32,
    /// MD5 in hex.
    pub etag: String,
    pub bytes: u64,
    pub sums: Sums,
    pub modified_ms: u64,
    /// File name of the bytes: an upload of the same part again writes another file, and the record decides which one counts.
    pub file: String,
}

/// The folder of uploads. Its methods block.
#[derive(Clone, Debug)]
pub(in super::super) struct Uploads {
    folder: PathBuf,
}

/// Uploads that nobody completed are removed after this long.
const ABANDONED: Duration = Duration::from_secs(7 * 24 * 3600);

impl Uploads {
    pub(in super::super) fn open(sidecar: &Path) -> io::Result<Self> {
        let folder = sidecar.join("uploads");
        std::fs::create_dir_all(&folder)?;
        let uploads = Uploads { folder };
        uploads.remove_abandoned()?;
        Ok(uploads)
    }

    pub(super) fn begin(&self, mut upload: Upload) -> io::Result<Upload> {
        upload.id = random_hex(16)?;
        upload.initiated_ms = now_ms();
        let folder = self.folder.join(&upload.id);
        std::fs::create_dir(&folder)?;
        write_atomically(&folder.join("upload.json"), &serde_json::to_vec(&upload)?)?;
        Ok(upload)
    }

    /// Returns an upload, `None` if there is none of this id for this key.
    pub(super) fn find(&self, id: &str, key: &str) -> io::Result<Option<Upload>> {
        let Some(folder) = self.folder_of(id) else { return Ok(None) };
        Ok(load::<Upload>(&folder.join("upload.json"))?.filter(|upload| upload.key == key))
    }

    /// Returns every upload, in the order of keys and then of beginning.
    pub(super) fn all(&self) -> io::Result<Vec<Upload>> {
        let mut uploads = Vec::new();
        for entry in std::fs::read_dir(&self.folder)? {
            uploads.extend(load::<Upload>(&entry?.path().join("upload.json"))?);
        }
        uploads.sort_by(|a, b| (&a.key, a.initiated_ms, &a.id).cmp(&(&b.key, b.initiated_ms, &b.id)));
        Ok(uploads)
    }

    /// Makes room for the bytes of a part; the name goes into its record.
    pub(super) fn new_part_file(&self, upload: &Upload, number: i32) -> io::Result<(String, PathBuf)> {
        let name = format!("{number:05}.{}.part", random_hex(8)?);
        let path = self.folder.join(&upload.id).join(&name);
        Ok((name, path))
    }

    /// Makes a part count, in place of an earlier one of its number.
    pub(super) fn save_part(&self, upload: &Upload, part: &Part) -> io::Result<()> {
        let folder = self.folder.join(&upload.id);
        let path = folder.join(format!("{:05}.json", part.number));
        let before = load::<Part>(&path)?;
        write_atomically(&path, &serde_json::to_vec(part)?)?;
        match before.filter(|before| before.file != part.file) {
            Some(before) => std::fs::remove_file(folder.join(before.file)).or_else(ignore_absent),
            None => Ok(()),
        }
    }

    /// Returns the parts in order.
    pub(super) fn parts(&self, upload: &Upload) -> io::Result<Vec<Part>> {
        let mut parts = Vec::new();
        for entry in std::fs::read_dir(self.folder.join(&upload.id))? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.ends_with(".json") && name != "upload.json" {
                parts.extend(load::<Part>(&path)?);
            }
        }
        parts.sort_by_key(|part| part.number);
        Ok(parts)
    }

    pub(super) fn path_of(&self, upload: &Upload, part: &Part) -> PathBuf {
        self.folder.join(&upload.id).join(&part.file)
    }

    /// Removes an upload with its parts.
    pub(super) fn remove(&self, id: &str) -> io::Result<()> {
        // The name first: whoever looks sees the whole upload or none.
        let folder = self.folder.join(id);
        std::fs::remove_file(folder.join("upload.json")).or_else(ignore_absent)?;
        std::fs::remove_dir_all(folder).or_else(ignore_absent)
    }

    fn remove_abandoned(&self) -> io::Result<()> {
        for entry in std::fs::read_dir(&self.folder)? {
            let entry = entry?;
            // The folder's own time is that of its youngest part.
            let is_old = entry.metadata()?.modified()?.elapsed().is_ok_and(|age| age > ABANDONED);
            let is_torn = !entry.path().join("upload.json").exists();
            if is_old || is_torn {
                tracing::info!(upload = %entry.file_name().display(), "removing an upload that nobody completed");
                std::fs::remove_dir_all(entry.path()).or_else(ignore_absent)?;
            }
        }
        Ok(())
    }

    /// Ids are ours; anything else could be a path.
    fn folder_of(&self, id: &str) -> Option<PathBuf> {
        let is_ours = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_ours.then(|| self.folder.join(id))
    }
}

fn load<T: serde::de::DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    match std::fs::read(path) {
        // A torn record is none: the client sends that part, or begins, again.
        Ok(text) => Ok(serde_json::from_slice(&text).ok()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn ignore_absent(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

pub(super) fn now_ms() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uploads_survive_a_restart_and_ids_are_no_paths() {
        let folder = tempfile::tempdir().unwrap();
        let upload = Upload {
            id: String::new(),
            key: "a/b.jpg".into(),
            initiated_ms: 0,
            details: Details::default(),
            algorithm: Some(Algorithm::Sha256),
            is_full_object: false,
        };
        let upload = Uploads::open(folder.path()).unwrap().begin(upload).unwrap();
        let uploads = Uploads::open(folder.path()).unwrap();
        assert_eq!(uploads.find(&upload.id, "a/b.jpg").unwrap().unwrap().algorithm, Some(Algorithm::Sha256));
        assert!(uploads.find(&upload.id, "other").unwrap().is_none());
        for id in ["", "..", "../objects", &"../".repeat(11)[..32]] {
            assert!(uploads.find(id, "a/b.jpg").unwrap().is_none(), "{id}");
        }
        uploads.remove(&upload.id).unwrap();
        assert!(uploads.find(&upload.id, "a/b.jpg").unwrap().is_none());
    }

    #[test]
    fn a_part_sent_again_replaces_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let uploads = Uploads::open(folder.path()).unwrap();
        let details = Details::default();
        let upload = Upload {
            id: String::new(),
            key: "k".into(),
            initiated_ms: 0,
            details,
            algorithm: None,
            is_full_object: true,
        };
        let upload = uploads.begin(upload).unwrap();
        for text in ["one", "two"] {
            let (file, path) = uploads.new_part_file(&upload, 1).unwrap();
            std::fs::write(path, text).unwrap();
            let part = Part { number: 1, etag: text.into(), bytes: 3, sums: Sums::new(), modified_ms: 0, file };
            uploads.save_part(&upload, &part).unwrap();
        }
        let parts = uploads.parts(&upload).unwrap();
        assert_eq!(parts.len(), 1);
        assert_eq!(std::fs::read_to_string(uploads.path_of(&upload, &parts[0])).unwrap(), "two");
    }
}
