//! The system's `ffmpeg` and `ffprobe`: found once, at start.

use crate::refuse;
use asset::refusal::{Refusal, RefusalCode};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The programs, and what this build of them can do.
#[derive(Clone, Debug)]
pub struct Tools {
    pub(crate) ffmpeg: PathBuf,
    pub(crate) ffprobe: PathBuf,
    version: String,
    /// Asked for when somebody wants to know: a start of ffmpeg is some 50 ms of CPU time.
    encoders: OnceLock<Vec<String>>,
    filters: OnceLock<Vec<String>>,
}

impl Tools {
    /// Finds both programs, where the settings say or on the path, and asks them what they are.
    ///
    /// # Errors
    /// `blocked` if one is missing or does not run.
    pub fn find(ffmpeg: Option<PathBuf>, ffprobe: Option<PathBuf>) -> Result<Tools, Refusal> {
        let ffmpeg = locate("ffmpeg", ffmpeg)?;
        let ffprobe = locate("ffprobe", ffprobe)?;
        let version = version(&ask("ffmpeg", &ffmpeg, "-version")?);
        ask("ffprobe", &ffprobe, "-version")?;
        Ok(Tools { ffmpeg, ffprobe, version, encoders: OnceLock::new(), filters: OnceLock::new() })
    }

    /// Returns ffmpeg's version, such as `5.1.9-0+deb12u1`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Returns where ffmpeg is.
    pub fn ffmpeg(&self) -> &Path {
        &self.ffmpeg
    }

    /// Returns whether this build has an encoder of that name, such as `libx264`.
    pub fn has_encoder(&self, name: &str) -> bool {
        self.encoders.get_or_init(|| self.list("-encoders")).iter().any(|known| known == name)
    }

    /// Returns whether HDR pictures can be mapped to what an ordinary screen shows.
    pub fn maps_tones(&self) -> bool {
        let filters = self.filters.get_or_init(|| self.list("-filters"));
        ["zscale", "tonemap"].iter().all(|name| filters.iter().any(|known| known == name))
    }

    /// What cannot be listed is not there.
    fn list(&self, question: &str) -> Vec<String> {
        ask("ffmpeg", &self.ffmpeg, question).map(|text| names(&text)).unwrap_or_default()
    }
}

fn locate(name: &str, set: Option<PathBuf>) -> Result<PathBuf, Refusal> {
    if let Some(path) = set {
        // Children run in a folder of their own: a relative path would be looked for there.
        let path = std::path::absolute(&path).unwrap_or(path);
        return match path.is_file() {
            true => Ok(path),
            false => Err(refuse::missing_program(name, &format!("at `{}`", path.display()))),
        };
    }
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| path.is_file());
    let found = found.and_then(|path| std::path::absolute(path).ok());
    found.ok_or_else(|| refuse::missing_program(name, "on the path"))
}

fn ask(name: &str, program: &Path, question: &str) -> Result<String, Refusal> {
    let output = Command::new(program)
        .args(["-hide_banner", question])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .map_err(|error| error.to_string())
        .and_then(|output| if output.status.success() { Ok(output.stdout) } else { Err(output.status.to_string()) });
    match output {
        Ok(text) => Ok(String::from_utf8_lossy(&text).into_owned()),
        Err(why) => Err(Refusal::new(
            RefusalCode::Blocked,
            format!("`{}` does not run: {why}", program.display()),
            format!(
                "install ffmpeg again (on Debian: `apt-get install ffmpeg`) or say where another is with `--{name}`"
            ),
        )),
    }
}

/// Reads `ffmpeg version 5.1.9-0+deb12u1 Copyright (c) …`.
fn version(text: &str) -> String {
    text.split_whitespace().nth(2).unwrap_or("unknown").to_owned()
}

/// Reads the second column of a listing: ` V....D libx264   libx264 H.264 …`.
fn names(text: &str) -> Vec<String> {
    text.lines().filter_map(|line| line.split_whitespace().nth(1)).map(str::to_owned).collect()
}
