//! The photograph and the peers, fetched when they are needed and never committed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// CC BY-SA 3.0, by Lukas Baubkus: measured, never shipped.
const PACKAGE: &str = "lomiri-wallpapers-20.04";
const PICTURE: &str = "usr/share/backgrounds/Kleiber_by_Lukas_Baubkus.jpg";

/// Where everything lies.
pub(super) struct Bench {
    /// `target/bench`, with sharp in its `node_modules`.
    pub(super) folder: PathBuf,
    pub(super) photo: PathBuf,
    /// One line on what is measured.
    pub(super) story: String,
}

/// Installs sharp, fetches the photograph, and makes 24 megapixels of it.
pub(super) fn prepare() -> Result<Bench> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("bench");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/bench");
    fs::create_dir_all(&folder).with_context(|| format!("failed to create `{}`", folder.display()))?;
    let folder = folder.canonicalize()?;
    for name in ["package.json", "package-lock.json", "sharp.mjs", "prepare.mjs"] {
        fs::copy(sources.join(name), folder.join(name)).with_context(|| format!("failed to copy `{name}`"))?;
    }
    if !folder.join("node_modules/sharp").exists() {
        shell(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(&folder))?;
    }
    let photo = folder.join("photo.jpg");
    if !photo.exists() {
        let source = fetch(&folder)?;
        shell(Command::new("node").arg(folder.join("prepare.mjs")).arg("photo").args([&source, &photo]))?;
    }
    let bytes = fs::metadata(&photo)?.len();
    let story = format!(
        "photo: 6000 × 4000, q93, 4:2:0, {bytes} bytes, from a real 20-megapixel photograph (Debian `{PACKAGE}`, \
         `Kleiber_by_Lukas_Baubkus.jpg`, its middle 3:2 enlarged 1.18 times)"
    );
    Ok(Bench { folder, photo, story })
}

/// Downloads and unpacks the package without installing it.
fn fetch(folder: &Path) -> Result<PathBuf> {
    let unpacked = folder.join("wallpapers");
    let picture = unpacked.join(PICTURE);
    if !picture.exists() {
        shell(Command::new("apt-get").args(["download", PACKAGE]).current_dir(folder))?;
        let archive = fs::read_dir(folder)?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(PACKAGE)));
        let Some(archive) = archive else {
            bail!("`apt-get download {PACKAGE}` left no file; run `apt-get update` first")
        };
        shell(Command::new("dpkg-deb").arg("-x").args([&archive, &unpacked]))?;
    }
    Ok(picture)
}

fn shell(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("failed to start `{:?}`", command.get_program()))?;
    if !status.success() {
        bail!("`{command:?}` ended with {status}");
    }
    Ok(())
}
