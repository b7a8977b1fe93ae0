//! A compiler for 64-bit Arm on a machine that is none, where Rust's own target is not installed: Debian's compiler and its standard
//! library for arm64, unpacked below `target/tools` without a word to the system, and Debian's C cross compiler, installed.
//!
//! `rustup target add aarch64-unknown-linux-gnu` is the other way, and is taken where somebody went it.

use crate::setup::{self, run, workspace};
use anyhow::{Context, bail};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

pub const TARGET: &str = "aarch64-unknown-linux-gnu";

/// Debian's newest compiler for a released Debian, and what it links programs for arm64 with.
const PACKAGES: [&str; 3] = ["rustc-web", "libstd-rust-web-dev:amd64", "libstd-rust-web-dev:arm64"];

/// Lets a cargo command compile for arm64.
pub fn cross(command: &mut Command) -> anyhow::Result<()> {
    command.args(["--target", TARGET]);
    if std::env::consts::ARCH == "aarch64" {
        return Ok(());
    }
    setup::apt(&["gcc-aarch64-linux-gnu", "libc6-dev-arm64-cross"], || setup::on_path("aarch64-linux-gnu-gcc"))?;
    command.env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", "aarch64-linux-gnu-gcc");
    if !has_target()? {
        // Another compiler than everything else here is built with: its results lie apart.
        command.env("RUSTC", compiler()?).env("CARGO_TARGET_DIR", workspace().join("target/arm64"));
    }
    Ok(())
}

/// Where [`cross`] lets cargo put the programs.
pub fn programs() -> anyhow::Result<PathBuf> {
    let target = if std::env::consts::ARCH == "aarch64" || has_target()? { "target" } else { "target/arm64" };
    Ok(workspace().join(target).join(TARGET).join("release"))
}

/// Returns whether the compiler at hand has a standard library for arm64.
fn has_target() -> anyhow::Result<bool> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).args(["--print", "target-libdir", "--target", TARGET]).output();
    let output = output.context("failed to start `rustc`")?;
    Ok(output.status.success() && Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir())
}

/// Unpacks Debian's compiler, once, and returns a program that starts it.
fn compiler() -> anyhow::Result<PathBuf> {
    let folder = workspace().join("target/tools/arm64");
    let script = folder.join("rustc");
    if script.exists() {
        return Ok(script);
    }
    if !setup::on_path("apt-get") || std::env::consts::ARCH != "x86_64" {
        bail!("there is no compiler for arm64 here: run `rustup target add {TARGET}`");
    }
    println!("setup: fetching a compiler for arm64 (130 MB)");
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("failed to empty `{}`", folder.display()))?;
    }
    let packages = folder.join("packages");
    fs::create_dir_all(folder.join("lists/partial"))?;
    fs::create_dir_all(&packages)?;
    let apt = |words: &[&str]| {
        let mut command = Command::new("apt-get");
        // Lists of its own, with a second architecture that the system need not know.
        command.arg("-o").arg(format!("Dir::State::Lists={}", folder.join("lists").display()));
        command.args(["-o", "APT::Architectures::=amd64", "-o", "APT::Architectures::=arm64"]);
        command.args(["-o", "Debug::NoLocking=1", "-o", "APT::Sandbox::User=root", "-qq"]);
        run(command.args(words).current_dir(&packages))
    };
    apt(&["update"])?;
    let mut wanted: Vec<String> = PACKAGES.map(str::to_owned).to_vec();
    let mut seen = BTreeSet::new();
    while let Some(package) = wanted.pop() {
        if !seen.insert(package.clone()) {
            continue;
        }
        let before = files(&packages)?;
        apt(&["download", &package])?;
        for file in files(&packages)?.difference(&before) {
            run(Command::new("dpkg-deb").arg("-x").arg(packages.join(file)).arg(folder.join("debian")))?;
            // What programs for arm64 need is linked into them; what the compiler needs runs here.
            if !package.ends_with(":arm64") {
                wanted.extend(libraries(&packages.join(file))?);
            }
        }
    }
    fs::remove_dir_all(&packages)?;
    let text = "#!/bin/sh\nroot=$(dirname \"$0\")/debian/usr\n\
                LD_LIBRARY_PATH=\"$root/lib/x86_64-linux-gnu\" exec \"$root/bin/rustc\" --sysroot \"$root\" \"$@\"\n";
    let draft = folder.join("rustc.new");
    fs::write(&draft, text)?;
    fs::set_permissions(&draft, fs::Permissions::from_mode(0o755))?;
    run(Command::new(&draft).arg("--version"))?;
    fs::rename(&draft, &script)?;
    Ok(script)
}

fn files(folder: &Path) -> anyhow::Result<BTreeSet<PathBuf>> {
    let names = fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().into()));
    names.collect::<std::io::Result<_>>().with_context(|| format!("failed to list `{}`", folder.display()))
}

/// Returns the shared libraries that a package depends on and that not every system has.
fn libraries(package: &Path) -> anyhow::Result<Vec<String>> {
    let output = Command::new("dpkg-deb").arg("-f").arg(package).arg("Depends").output();
    let text = String::from_utf8(output.context("failed to start `dpkg-deb`")?.stdout)?;
    let names = text.split(',').filter_map(|dependency| dependency.split_whitespace().next());
    let everywhere = ["libc6", "libgcc-s1", "libstdc++6", "libc-dev"];
    let names = names.filter(|name| name.starts_with("lib") && !name.ends_with("-dev") && !everywhere.contains(name));
    Ok(names.map(|name| format!("{name}:amd64")).collect())
}
