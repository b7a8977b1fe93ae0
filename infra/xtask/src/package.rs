//! `cargo xtask package`: one zip per function and processor below `target/lambda`, the same bytes for the same sources.

mod contents;

pub use contents::Contents;

use crate::arm64;
use crate::setup::{self, run};
use anyhow::{Context, bail};
use asset::ids::Sha256;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// A function and the most bytes that its zip may have: what a cold start has to load.
struct Package {
    function: &'static str,
    max_bytes: u64,
    /// What is packed beside the program, of [`Contents`].
    files: &'static [&'static str],
}

const PACKAGES: [Package; 6] = [
    Package { function: "ingest", max_bytes: 7 << 20, files: &[] },
    // An AV1 encoder, the image decoders, and fonts for the live text of drawings (2 MB of the binary).
    Package { function: "resize", max_bytes: 13 << 20, files: &[] },
    // The same, because what a model is shown is rendered, too; a client of Bedrock, and a validator of what it answers.
    Package { function: "caption", max_bytes: 17 << 20, files: &["models.toml", "profile.toml"] },
    Package { function: "tag", max_bytes: 17 << 20, files: &["models.toml", "profile.toml"] },
    Package { function: "settle", max_bytes: 8 << 20, files: &["profile.toml", "prompts.json"] },
    Package { function: "console", max_bytes: 12 << 20, files: &["models.toml", "profile.toml", "prompts.json"] },
];

/// What the runtime `provided.al2023` has; a binary that asks for a newer one does not start there.
const MAX_GLIBC: (u32, u32) = (2, 34);

/// A processor that Lambda has, as it calls it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Processor {
    Arm64,
    X86_64,
}

impl Processor {
    /// This machine's.
    pub const HERE: Processor = if cfg!(target_arch = "aarch64") { Processor::Arm64 } else { Processor::X86_64 };

    pub fn name(self) -> &'static str {
        match self {
            Processor::Arm64 => "arm64",
            Processor::X86_64 => "x86_64",
        }
    }

    /// Names the GNU tool that reads its binaries.
    fn tool(self, name: &str) -> String {
        if self == Processor::HERE { name.to_owned() } else { format!("aarch64-linux-gnu-{name}") }
    }

    /// Where its zips lie: the template looks there for those of arm64.
    pub fn folder(self) -> PathBuf {
        setup::workspace().join("target/lambda").join(self.name())
    }
}

/// Packs every function for arm64, which the template asks for, or for another processor. `--profile FILE` and `--models FILE` pack that
/// profile and that price book instead of the shipped ones.
pub fn main(args: &[String]) -> anyhow::Result<()> {
    let mut profile = asset::profile::DEFAULT_PROFILE.to_owned();
    let mut models = models::book::DEFAULT_BOOK.to_owned();
    let mut folder = PathBuf::new();
    let mut processor = Processor::Arm64;
    let read = |file: &str| fs::read_to_string(file).with_context(|| format!("failed to read `{file}`"));
    let mut words = args.iter().map(String::as_str);
    while let Some(word) = words.next() {
        match (word, words.next()) {
            ("--profile", Some(file)) => {
                profile = read(file)?;
                folder = Path::new(file).parent().unwrap_or(Path::new("")).to_owned();
            }
            ("--models", Some(file)) => models = read(file)?,
            ("--arch", Some("arm64")) => processor = Processor::Arm64,
            ("--arch", Some("x86_64")) => processor = Processor::X86_64,
            _ => bail!("usage: cargo xtask package [--arch arm64|x86_64] [--profile FILE] [--models FILE]"),
        }
    }
    pack_all(
        processor,
        &Contents::new(profile, models, |name| {
            fs::read_to_string(folder.join(name)).map_err(|error| error.to_string())
        })?,
    )
}

/// Packs every function.
pub fn pack_all(processor: Processor, contents: &Contents) -> anyhow::Result<()> {
    let programs = build(processor)?;
    let folder = processor.folder();
    fs::create_dir_all(&folder).with_context(|| format!("failed to make `{}`", folder.display()))?;
    let mut over = Vec::new();
    for package in PACKAGES {
        let zip = folder.join(format!("{}.zip", package.function));
        let binary = stripped(processor, &programs.join(package.function), &folder)?;
        let glibc = newest_glibc(processor, &binary)?;
        pack(&zip, &binary, &contents.files(package.files))?;
        let bytes = fs::read(&zip)?;
        let (length, budget) = (bytes.len() as u64, package.max_bytes);
        let digest = Sha256::of(&bytes);
        let function = package.function;
        println!("{function:8} {length:>9} bytes of {budget:>9}  glibc {}.{}  sha256 {digest}", glibc.0, glibc.1);
        if length > budget {
            over.push(function);
        }
    }
    if !over.is_empty() {
        bail!("over budget: {}", over.join(", "));
    }
    println!("packed {} functions for {}", PACKAGES.len(), processor.name());
    let parameters = contents.parameters();
    if !parameters.is_empty() {
        println!("deploy with {parameters}");
    }
    Ok(())
}

/// Everything that is off by default: the functions as programs for Lambda, and the command line for a deployed stack.
pub fn features() -> String {
    PACKAGES.map(|package| format!("{}/lambda", package.function)).join(",") + ",greenroom/aws"
}

/// Builds the functions and returns where they are.
///
/// For this machine the whole workspace is built, although only the functions are packed: the tests need all of it with the same
/// features, and what one `-p` fewer would leave out, cargo would compile a second time for them.
fn build(processor: Processor) -> anyhow::Result<PathBuf> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["build", "--release", "--locked"]).current_dir(setup::workspace());
    if processor == Processor::HERE {
        run(command.args(["--workspace", "--features", &features()]))?;
        return Ok(setup::workspace().join("target/release"));
    }
    if processor != Processor::Arm64 {
        bail!("packages for {} can only be made on such a machine", processor.name());
    }
    for package in &PACKAGES {
        command.args(["-p", package.function, "--features", &format!("{}/lambda", package.function)]);
    }
    arm64::cross(&mut command)?;
    run(&mut command)?;
    arm64::programs()
}

/// Returns a copy of the binary without symbols.
fn stripped(processor: Processor, binary: &Path, folder: &Path) -> anyhow::Result<PathBuf> {
    let to = folder.join(binary.file_name().context("a binary has a name")?).with_extension("bootstrap");
    run(Command::new(processor.tool("strip")).arg("--strip-all").arg("-o").arg(&to).arg(binary))?;
    Ok(to)
}

/// Returns the newest version of glibc that a binary asks for.
fn newest_glibc(processor: Processor, binary: &Path) -> anyhow::Result<(u32, u32)> {
    let objdump = processor.tool("objdump");
    let output = Command::new(&objdump)
        .arg("-T")
        .arg(binary)
        .output()
        .with_context(|| format!("failed to start `{objdump}`"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let versions = text.split("GLIBC_").skip(1).filter_map(|rest| {
        let (major, rest) = rest.split_once('.')?;
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        Some((major.parse().ok()?, digits.parse().ok()?))
    });
    let newest = versions.max().with_context(|| format!("`{}` asks for no glibc", binary.display()))?;
    if newest > MAX_GLIBC {
        bail!(
            "`{}` asks for glibc {}.{}: Lambda has {}.{}",
            binary.display(),
            newest.0,
            newest.1,
            MAX_GLIBC.0,
            MAX_GLIBC.1
        );
    }
    Ok(newest)
}

/// Writes a zip in which nothing depends on when and by whom it was made.
fn pack(zip: &Path, binary: &Path, files: &[(&str, &str)]) -> anyhow::Result<()> {
    let file = File::create(zip).with_context(|| format!("failed to write `{}`", zip.display()))?;
    let mut writer = ZipWriter::new(file);
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(9))
        .last_modified_time(DateTime::default());
    writer.start_file("bootstrap", options.unix_permissions(0o755))?;
    writer.write_all(&fs::read(binary)?)?;
    for (name, text) in files {
        writer.start_file(*name, options.unix_permissions(0o644))?;
        writer.write_all(text.as_bytes())?;
    }
    writer.finish()?;
    Ok(())
}
