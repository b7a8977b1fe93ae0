//! `greenroom captions`: files of captions checked and mended, and a person's captions for an asset.

use crate::deployment::{Deployment, Target};
use anyhow::{Context as _, Result, ensure};
use asset::fact::Decision;
use asset::field::Severity;
use asset::ids::Sha256;
use asset::recording::CaptionState;
use asset::why::words::{count, visible};
use clap::{Args, Subcommand};
use console::{captions, verdicts};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use text::captions::{Context, Finding, Fixed, Format, Parsed, Profile, Track, fix, lint, parse};

#[derive(Subcommand, Debug)]
pub enum Captions {
    /// Say what is wrong with files of captions (WebVTT, SRT, IMSC); fails if something must not be
    Lint(Lint),
    /// Give an asset your captions: they count, and no machine replaces them
    Give {
        #[command(flatten)]
        choice: Choice,
        /// WebVTT, SRT or IMSC
        file: PathBuf,
    },
    /// The machine's captions count, exactly as they are now
    Approve(Choice),
    /// Give your captions up: the machine's count again
    Release(Choice),
}

#[derive(Args, Debug)]
pub struct Lint {
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// By which rules: "netflix", "bbc", "web", "children" or "sdh" [default: netflix]
    // Of the type of the setting that has this name everywhere else: here it is no file.
    #[arg(long, value_name = "RULES")]
    profile: Option<PathBuf>,
    /// BCP 47; otherwise the file says it, or its name: `talk.pt-BR.srt`
    #[arg(long)]
    language: Option<String>,
    /// Mend what can be mended, in the file; a copy of what was there stays beside it
    #[arg(long)]
    fix: bool,
}

/// Whose captions.
#[derive(Args, Debug)]
pub struct Choice {
    /// Inbox key or asset id
    asset: String,
    /// BCP 47; otherwise the file says it, or its name, or there is only one
    #[arg(long)]
    locale: Option<String>,
    /// Who decides
    #[arg(long, env = "USER", default_value = "command line")]
    by: String,
}

impl Lint {
    /// Returns the rules' name. What the environment says of the profile of assets is not meant here.
    fn rules(&self) -> String {
        let of_assets = std::env::var_os("GREENROOM_PROFILE").map(PathBuf::from);
        let given = self.profile.as_ref().filter(|profile| Some(*profile) != of_assets.as_ref());
        given.map_or_else(|| "netflix".to_owned(), |profile| profile.display().to_string())
    }
}

/// The most that a file of captions may have: a day of speech has two.
const MAX_BYTES: u64 = 16 << 20;

pub async fn run(at: Target, command: Captions, json: bool) -> Result<ExitCode> {
    match command {
        Captions::Lint(args) => lint_files(&args, json),
        Captions::Give { choice, file } => {
            let deployment = at.open().await?;
            let decision = given(&deployment, &choice, &file).await?;
            decide(&deployment, &choice, decision, json).await
        }
        Captions::Approve(choice) => {
            let deployment = at.open().await?;
            let (locale, value) = seen(&deployment, &choice).await?;
            decide(&deployment, &choice, Decision::ApproveCaptions { locale, value }, json).await
        }
        Captions::Release(choice) => {
            let deployment = at.open().await?;
            let locale = pick(&deployment, &choice).await?.locale;
            decide(&deployment, &choice, Decision::ReleaseCaptions { locale }, json).await
        }
    }
}

fn lint_files(args: &Lint, json: bool) -> Result<ExitCode> {
    let rules = args.rules();
    let profile = Profile::named(&rules)
        .with_context(|| format!("give one of {}", Profile::names().collect::<Vec<_>>().join(", ")))?;
    let mut is_good = true;
    let mut reports = Vec::new();
    for path in &args.files {
        let (track, format, mut findings) = read(path, args.language.as_deref())?;
        let mut changes = Vec::new();
        let mut track = track;
        if args.fix {
            let fixed: Fixed = fix(&track, &profile);
            if !fixed.changes.is_empty() {
                keep(path)?;
                fs::write(path, format.write(&fixed.track))
                    .with_context(|| format!("failed to write `{}`", path.display()))?;
            }
            (track, changes) = (fixed.track, fixed.changes);
        }
        findings.extend(lint(&track, &profile, &Context::default()));
        is_good &= findings.iter().all(|finding| finding.severity != Severity::Fail);
        let name = visible(&path.display().to_string());
        if json {
            let cues = track.cues.len();
            reports.push(json!({"file": name, "cues": cues, "language": track.language, "findings": findings, "changes": changes}));
            continue;
        }
        changes.iter().for_each(|change| println!("{name}: mended: {}: {}", change.check, visible(&change.what)));
        findings.iter().for_each(|finding| println!("{name}: {}", visible(&finding.to_string())));
        println!("{name}: {}", summary(&track, &findings, &rules));
    }
    if json {
        println!("{}", serde_json::to_string_pretty(&reports)?);
    }
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn summary(track: &Track, findings: &[Finding], profile: &str) -> String {
    let of = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let language = track.language.as_deref().unwrap_or("an unknown language");
    let (fails, warns) = (of(Severity::Fail), of(Severity::Warn));
    let cues = count(track.cues.len(), "cue", "cues");
    format!(
        "{cues} in {language}, by `{profile}`: {}, {}",
        count(fails, "error", "errors"),
        count(warns, "warning", "warnings")
    )
}

/// Reads a file of captions. What cannot be read of it is in the findings.
fn read(path: &Path, language: Option<&str>) -> Result<(Track, Format, Vec<Finding>)> {
    let shown = || format!("failed to read `{}`", path.display());
    let bytes = fs::metadata(path).with_context(shown)?.len();
    ensure!(bytes <= MAX_BYTES, "`{}` has {bytes} bytes; captions have {MAX_BYTES} at most", path.display());
    let content = fs::read(path).with_context(shown)?;
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let format = Format::of_extension(extension);
    let parsed = parse(&content, format);
    let format = format.unwrap_or_else(|| Format::of_text(&String::from_utf8_lossy(&content)));
    let mut track = parsed.track;
    let said = language.map(str::to_owned).or(track.language.take()).or_else(|| language_of_name(path));
    track.language = said;
    Ok((track, format, parsed.findings))
}

/// Returns the language that a file's name says: `pt-BR` of `talk.pt-BR.srt`.
fn language_of_name(path: &Path) -> Option<String> {
    let stem = path.file_stem()?.to_str()?;
    let (_, tag) = stem.rsplit_once('.')?;
    captions::is_locale(tag).then(|| tag.to_owned())
}

/// Keeps what a file had before it was mended: `talk.vtt.orig`, which is never written over.
fn keep(path: &Path) -> Result<()> {
    let mut kept = path.as_os_str().to_owned();
    kept.push(".orig");
    if !Path::new(&kept).exists() {
        fs::copy(path, &kept).with_context(|| format!("failed to keep a copy of `{}`", path.display()))?;
    }
    Ok(())
}

/// Keeps the captions in the store and returns the decision that they count.
async fn given(deployment: &Deployment, choice: &Choice, path: &Path) -> Result<Decision> {
    let manifest = deployment.find(&choice.asset).await?;
    let source = manifest.version().context("the asset is deleted")?.sha256.clone();
    let (track, _, findings) = read(path, choice.locale.as_deref())?;
    let given = captions::given(&*deployment.facts, &manifest, source, Parsed { track, findings }).await;
    given.with_context(|| format!("`{}`: `greenroom captions lint` says more", path.display()))
}

async fn pick(deployment: &Deployment, choice: &Choice) -> Result<CaptionState> {
    let manifest = deployment.find(&choice.asset).await?;
    let captions = &manifest.readiness.captions;
    let found = captions.iter().find(|state| choice.locale.as_ref().is_none_or(|locale| *locale == state.locale));
    found.cloned().with_context(|| format!("`{}` has no such captions", visible(&manifest.key)))
}

/// Returns the machine's captions that a person is about to approve.
async fn seen(deployment: &Deployment, choice: &Choice) -> Result<(String, Sha256)> {
    let state = pick(deployment, choice).await?;
    let captioned = state.captioned.as_ref().context("no machine has made captions yet")?;
    let value = captioned.digest().context("there is no WebVTT file")?.clone();
    Ok((state.locale, value))
}

async fn decide(deployment: &Deployment, choice: &Choice, decision: Decision, json: bool) -> Result<ExitCode> {
    let manifest = deployment.find(&choice.asset).await?;
    let locale = decision.captions().unwrap_or_default().to_owned();
    let (facts, queue, clock) = (&*deployment.facts, &*deployment.settle, &*deployment.clock);
    let verdict = verdicts::give(facts, queue, clock, &manifest.asset, &choice.by, decision).await?;
    match json {
        true => println!("{}", serde_json::to_string_pretty(&verdict)?),
        false => println!("recorded: captions in {locale} of `{}`", visible(&manifest.key)),
    }
    Ok(ExitCode::SUCCESS)
}
