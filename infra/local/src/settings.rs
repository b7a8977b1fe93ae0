//! Settings: each has a flag, an environment variable and a line in `greenroom.toml`; the first that is there counts.

use crate::local_models::LocalModels;
use anyhow::{Context, Result, ensure};
use asset::profile::Profile;
use clap::Args;
use embedded::Durability;
use models::book::Book;
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What the command line and the environment can set. Doc comments are the help texts.
#[derive(Args, Clone, Debug, Default)]
pub struct SettingArgs {
    /// Data folder [default: greenroom in the user's data folder]
    #[arg(long, env = "GREENROOM_DATA", global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Settings file [default: greenroom.toml in the data folder]
    #[arg(long, env = "GREENROOM_CONFIG", global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Profile: what every asset must have [default: profile.toml in the data folder, else the built-in one]
    #[arg(long, env = "GREENROOM_PROFILE", global = true, value_name = "FILE")]
    pub profile: Option<PathBuf>,
    /// Price book: which models there are, and what they cost [default: models.toml in the data folder, else the built-in one]
    #[arg(long, env = "GREENROOM_MODELS", global = true, value_name = "FILE")]
    pub models: Option<PathBuf>,
    /// Folder of the models that run on this machine [default: models in the data folder]
    #[arg(long, env = "GREENROOM_MODELS_DIR", global = true, value_name = "DIR")]
    pub models_dir: Option<PathBuf>,
    /// Program that runs them [default: greenroom-models beside this one]
    #[arg(long, env = "GREENROOM_MODELS_PROGRAM", global = true, value_name = "FILE")]
    pub models_program: Option<PathBuf>,
    /// ffmpeg, which reads video and audio [default: the one on the PATH]
    #[arg(long, env = "GREENROOM_FFMPEG", global = true, value_name = "FILE")]
    pub ffmpeg: Option<PathBuf>,
    /// ffprobe, which comes with it [default: the one on the PATH]
    #[arg(long, env = "GREENROOM_FFPROBE", global = true, value_name = "FILE")]
    pub ffprobe: Option<PathBuf>,
    /// Inbox folder that is watched [default: inbox in the data folder]
    #[arg(long, env = "GREENROOM_INBOX", global = true, value_name = "DIR")]
    pub inbox: Option<PathBuf>,
    /// Address of the console [default: 127.0.0.1:7700]
    #[arg(long, env = "GREENROOM_CONSOLE", global = true, value_name = "ADDRESS")]
    pub console: Option<SocketAddr>,
    /// Address of the S3 endpoint [default: 127.0.0.1:7701]
    #[arg(long, env = "GREENROOM_S3", global = true, value_name = "ADDRESS")]
    pub s3: Option<SocketAddr>,
    /// Pictures worked on at the same time [default: number of processors]
    #[arg(long, env = "GREENROOM_WORKERS", global = true, value_name = "N")]
    pub workers: Option<usize>,
    /// Seconds between sweeps [default: 60]
    #[arg(long, env = "GREENROOM_SWEEP_SECONDS", global = true, value_name = "N")]
    pub sweep_seconds: Option<u64>,
    /// Largest upload in bytes [default: 5368709120]
    #[arg(long, env = "GREENROOM_MAX_UPLOAD_BYTES", global = true, value_name = "N")]
    pub max_upload_bytes: Option<u64>,
    /// What a write survives: "power" (synced to the disk) or "process" (handed to the system) [default: power]
    #[arg(long, env = "GREENROOM_DURABILITY", global = true, value_name = "KIND")]
    pub durability: Option<String>,
}

/// The same, as lines of `greenroom.toml`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct SettingsFile {
    profile: Option<PathBuf>,
    models: Option<PathBuf>,
    models_dir: Option<PathBuf>,
    models_program: Option<PathBuf>,
    ffmpeg: Option<PathBuf>,
    ffprobe: Option<PathBuf>,
    inbox: Option<PathBuf>,
    console: Option<SocketAddr>,
    s3: Option<SocketAddr>,
    workers: Option<usize>,
    sweep_seconds: Option<u64>,
    max_upload_bytes: Option<u64>,
    durability: Option<String>,
}

/// The name of the profile that is in force where nobody gave one.
pub const BUILT_IN: &str = "built-in";

/// In the data folder.
const SETTINGS_FILE: &str = "greenroom.toml";
const MODELS_DIR: &str = "models";

/// What is in force.
#[derive(Clone, Debug)]
pub struct Settings {
    pub data: PathBuf,
    pub inbox: PathBuf,
    pub profile: Profile,
    /// Where the profile came from, for people.
    pub profile_name: String,
    /// With the models that are installed on this machine.
    pub book: Book,
    pub local_models: LocalModels,
    /// Where they are, if not on the PATH.
    pub ffmpeg: Option<PathBuf>,
    pub ffprobe: Option<PathBuf>,
    pub console: SocketAddr,
    pub s3: SocketAddr,
    pub workers: usize,
    pub sweep_every: Duration,
    pub max_upload_bytes: u64,
    pub durability: Durability,
}

impl SettingArgs {
    /// Returns the data folder, absolute.
    fn data_folder(&self) -> Result<PathBuf> {
        let data = self.data.clone().or_else(default_data_folder);
        absolute(&data.context("no data folder: set `--data DIR` or the variable HOME")?)
    }

    /// Moves to a folder that is soon gone. The models that are installed for everyday use stay where they are.
    pub fn on_scratch(&mut self, folder: &Path) -> Result<()> {
        if self.models_dir.is_none() && self.config.is_none() {
            let data = self.data_folder()?;
            let usual = read_file(None, &data.join(SETTINGS_FILE))?.models_dir;
            self.models_dir = Some(usual.unwrap_or_else(|| data.join(MODELS_DIR)));
        }
        self.data = Some(folder.to_owned());
        Ok(())
    }

    /// Merges flags, environment, file and defaults, and reads the profile.
    pub fn resolve(&self) -> Result<Settings> {
        let data = self.data_folder()?;
        let file = read_file(self.config.as_deref(), &data.join(SETTINGS_FILE))?;
        let inbox = self.inbox.clone().or(file.inbox).unwrap_or_else(|| data.join("inbox"));
        let (profile, profile_name) = read_profile(self.profile.clone().or(file.profile), &data.join("profile.toml"))?;
        let book = read_given(self.models.clone().or(file.models), &data.join("models.toml"), "price book")?;
        let models_dir = self.models_dir.clone().or(file.models_dir).unwrap_or_else(|| data.join(MODELS_DIR));
        let models_program = self.models_program.clone().or(file.models_program);
        let local_models = LocalModels::find(absolute(&models_dir)?, models_program, book)?;
        let durability = self.durability.clone().or(file.durability);
        let workers = self.workers.or(file.workers).unwrap_or_else(processors);
        ensure!(workers > 0, "`workers` is 0: give at least 1");
        let sweep_seconds = self.sweep_seconds.or(file.sweep_seconds).unwrap_or(60);
        ensure!(sweep_seconds > 0, "`sweep_seconds` is 0: give at least 1");
        Ok(Settings {
            inbox: absolute(&inbox)?,
            data,
            profile,
            profile_name,
            book: local_models.book()?,
            local_models,
            ffmpeg: self.ffmpeg.clone().or(file.ffmpeg),
            ffprobe: self.ffprobe.clone().or(file.ffprobe),
            console: self.console.or(file.console).unwrap_or(SocketAddr::from(([127, 0, 0, 1], 7700))),
            s3: self.s3.or(file.s3).unwrap_or(SocketAddr::from(([127, 0, 0, 1], 7701))),
            workers,
            sweep_every: Duration::from_secs(sweep_seconds),
            max_upload_bytes: self.max_upload_bytes.or(file.max_upload_bytes).unwrap_or(5 << 30),
            durability: match durability.as_deref() {
                None | Some("power") => Durability::Power,
                Some("process") => Durability::Process,
                Some(other) => anyhow::bail!("`{other}` is no durability: give \"power\" or \"process\""),
            },
        })
    }
}

fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).with_context(|| format!("failed to find `{}`", path.display()))
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// `$XDG_DATA_HOME/greenroom`, else `~/.local/share/greenroom` (XDG Base Directory Specification).
fn default_data_folder() -> Option<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    folder("XDG_DATA_HOME").or_else(|| Some(folder("HOME")?.join(".local/share"))).map(|base| base.join("greenroom"))
}

fn read_file(given: Option<&Path>, default: &Path) -> Result<SettingsFile> {
    let path = match given {
        Some(path) => path,
        None if default.exists() => default,
        None => return Ok(SettingsFile::default()),
    };
    let text = std::fs::read_to_string(path).with_context(|| format!("failed to read `{}`", path.display()))?;
    // The TOML library's message shows the line, the field and what was expected.
    toml::from_str(&text).with_context(|| format!("`{}` is no settings file", path.display()))
}

fn read_profile(given: Option<PathBuf>, default: &Path) -> Result<(Profile, String)> {
    let (profile, name) = match read_given(given, default, "profile")? {
        Some((name, text)) => {
            let folder = Path::new(&name).parent().unwrap_or(Path::new("")).to_owned();
            let read = |file: &str| std::fs::read_to_string(folder.join(file)).map_err(|error| error.to_string());
            (Profile::parse_with(&name, &text, read)?, name)
        }
        None => (Profile::default(), BUILT_IN.to_owned()),
    };
    let (profile, _) = text::brand::with_guide(profile)?;
    Ok((profile.with_prompts(vision::prompts_in_force(&prompts::library())?), name))
}

/// Returns name and text of the file that was asked for, else of the one in the default place, if there is one.
fn read_given(given: Option<PathBuf>, default: &Path, what: &str) -> Result<Option<(String, String)>> {
    let path = match given {
        Some(path) => path,
        None if default.exists() => default.to_owned(),
        None => return Ok(None),
    };
    let name = path.display().to_string();
    let text = std::fs::read_to_string(&path).with_context(|| format!("failed to read {what} `{name}`"))?;
    Ok(Some((name, text)))
}
