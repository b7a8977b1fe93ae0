//! The models folder.
//!
//! ```text
//! MODELS/NAME/…           an installed model: it is there as a whole or not at all
//! MODELS/.partial/NAME/   downloads and files of an unfinished installation; the next one goes on from there
//! MODELS/sources.toml     sources of the user's own
//! MODELS/.lock            held by whoever installs
//! ```

use crate::manifest::{Manifest, Model, ModelFile};
use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Folder { path: path.into() }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where an installed model lies.
    pub fn of(&self, model: &Model) -> PathBuf {
        self.path.join(&model.name)
    }

    /// Where an unfinished installation of it keeps what it has.
    pub fn partial(&self, model: &Model) -> PathBuf {
        self.path.join(".partial").join(&model.name)
    }

    /// Says whether all files of a model are there, by their sizes.
    pub fn has(&self, model: &Model) -> bool {
        let has_size = |file: &ModelFile| {
            fs::metadata(self.of(model).join(&file.name)).is_ok_and(|meta| meta.is_file() && meta.len() == file.bytes)
        };
        model.files.iter().all(has_size)
    }

    /// Returns the models of a manifest that are installed.
    pub fn installed<'a>(&self, manifest: &'a Manifest) -> Vec<&'a Model> {
        manifest.models.iter().filter(|model| self.has(model)).collect()
    }

    /// Reads one file of an installed model and checks its digest.
    pub fn read(&self, model: &Model, name: &str) -> Result<Vec<u8>> {
        let file = model.files.iter().find(|file| file.name == name);
        let file = file.with_context(|| format!("model `{}` has no file `{name}`", model.name))?;
        let path = self.of(model).join(name);
        let bytes = fs::read(&path).with_context(|| format!("failed to read `{}`", path.display()))?;
        let found = hex::encode(Sha256::digest(&bytes));
        ensure!(
            found == file.sha256,
            "`{}` is not what it was when it was installed: remove it with `greenroom models rm {}` and pull it again",
            path.display(),
            model.name
        );
        Ok(bytes)
    }

    /// Removes a model and what an unfinished installation left. Returns whether there was anything.
    pub fn remove(&self, model: &Model) -> Result<bool> {
        let mut was_there = false;
        for path in [self.of(model), self.partial(model)] {
            match fs::remove_dir_all(&path) {
                Ok(()) => was_there = true,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(error).with_context(|| format!("failed to remove `{}`", path.display())),
            }
        }
        Ok(was_there)
    }
}

/// Returns size and SHA-256 of a file, read in pieces.
pub fn digest_of(path: &Path) -> Result<(u64, String)> {
    let read = || -> std::io::Result<(u64, String)> {
        let mut file = fs::File::open(path)?;
        let (mut hasher, mut buffer, mut bytes) = (Sha256::new(), vec![0; 1 << 16], 0);
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok((bytes, hex::encode(hasher.finalize()))),
                n => {
                    hasher.update(&buffer[..n]);
                    bytes += n as u64;
                }
            }
        }
    };
    read().with_context(|| format!("failed to read `{}`", path.display()))
}
