//! A Greenroom host in a process of its own, driven from outside: started, uploaded to, killed, asked.

use crate::setup;
use anyhow::{Context, bail};
use asset::ids::Sha256;
use std::fs;
use std::io::Cursor;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// One small rendition of everything: what is measured is the pipeline, not the encoder.
const PROFILE: &str = r#"
[[collection]]
name = "all"
keys = ["**"]
jpeg = { quality = 80 }

[[collection.view]]
name = "whole"
widths = [16]
"#;

/// Where a host lives.
#[derive(Clone)]
pub struct Place {
    binary: PathBuf,
    pub data: PathBuf,
    profile: PathBuf,
    s3: u16,
    console: u16,
    sweep_seconds: u32,
}

pub struct Host(Child);

impl Place {
    /// Makes an empty data folder below `target`, whose host sweeps so often: 60 is the default of the program.
    pub fn new(name: &str, sweep_seconds: u32) -> anyhow::Result<Self> {
        let target = setup::workspace().join("target");
        let binary = target.join("release/greenroom");
        if !binary.exists() {
            bail!("`{}` is missing: run `cargo build --release -p greenroom`", binary.display());
        }
        let data = target.join(name);
        if data.exists() {
            fs::remove_dir_all(&data).with_context(|| format!("failed to empty `{}`", data.display()))?;
        }
        fs::create_dir_all(&data).with_context(|| format!("failed to make `{}`", data.display()))?;
        let profile = data.join("small.toml");
        fs::write(&profile, PROFILE).with_context(|| format!("failed to write `{}`", profile.display()))?;
        // Both at once, so that they differ.
        let (s3, console) = (TcpListener::bind("127.0.0.1:0")?, TcpListener::bind("127.0.0.1:0")?);
        let (s3, console) = (s3.local_addr()?.port(), console.local_addr()?.port());
        Ok(Place { binary, data, profile, s3, console, sweep_seconds })
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.arg("--data").arg(&self.data).arg("--profile").arg(&self.profile).args(arguments).stdin(Stdio::null());
        command
    }

    /// Starts a host and waits until it takes uploads. Returns how long that took, too.
    pub fn start(&self) -> anyhow::Result<(Host, Duration)> {
        let begin = Instant::now();
        let log = fs::File::options().create(true).append(true).open(self.data.join("host.log"))?;
        let (s3, console) = (format!("127.0.0.1:{}", self.s3), format!("127.0.0.1:{}", self.console));
        let sweep_seconds = self.sweep_seconds.to_string();
        let mut command = self.command(&["--s3", &s3, "--console", &console, "--sweep-seconds", &sweep_seconds, "up"]);
        command.env("GREENROOM_LOG", "warn").stdout(Stdio::null()).stderr(log);
        let mut host = Host(command.spawn().with_context(|| format!("failed to start `{}`", self.binary.display()))?);
        while TcpStream::connect(&s3).is_err() {
            if let Some(status) = host.0.try_wait()? {
                bail!("the host ended with {status}, see `{}`", self.data.join("host.log").display());
            }
            if begin.elapsed() > Duration::from_secs(30) {
                bail!("the host took no connection within 30 s");
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok((host, begin.elapsed()))
    }

    /// Runs a command of the host's program and returns what it says as JSON, and whether it was content.
    pub fn ask(&self, arguments: &[&str]) -> anyhow::Result<(serde_json::Value, bool)> {
        let output = self.command(&["--json"]).args(arguments).output()?;
        let value = serde_json::from_slice(&output.stdout).with_context(|| {
            format!("`greenroom {}`: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr))
        })?;
        Ok((value, output.status.success()))
    }

    /// Uploads `body` through the S3 endpoint. `false` if nobody acknowledged it.
    pub fn upload(&self, key: &str, body: &Path) -> anyhow::Result<bool> {
        let Ok(credentials) = fs::read_to_string(self.data.join("credentials")) else { return Ok(false) };
        let of = |name: &str| credentials.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_prefix("= "));
        let (Some(id), Some(secret)) = (of("aws_access_key_id"), of("aws_secret_access_key")) else { return Ok(false) };
        let sha256 = Sha256::of(&fs::read(body)?);
        let output = Command::new("curl")
            .args(["--silent", "--max-time", "20", "--output", "/dev/null", "--write-out", "%{http_code}"])
            .args(["--aws-sigv4", "aws:amz:us-east-1:s3", "--user", &format!("{id}:{secret}")])
            .args(["--header", &format!("x-amz-content-sha256: {sha256}"), "--upload-file"])
            .arg(body)
            .arg(format!("http://127.0.0.1:{}/inbox/{key}", self.s3))
            .output()
            .context("failed to start `curl`: run `cargo xtask setup`")?;
        match output.stdout.as_slice() {
            b"200" => Ok(true),
            [b'4', ..] => bail!("the endpoint refused `{key}` with {}", String::from_utf8_lossy(&output.stdout)),
            _ => Ok(false),
        }
    }
}

impl Host {
    /// As `kill -9`: no warning, nothing is flushed.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.0.kill()?;
        self.0.wait()?;
        Ok(())
    }

    /// As Ctrl-C: the host drains.
    pub fn stop(&mut self) -> anyhow::Result<()> {
        setup::run(Command::new("kill").args(["-TERM", &self.0.id().to_string()]))?;
        let begin = Instant::now();
        while self.0.try_wait()?.is_none() {
            if begin.elapsed() > Duration::from_secs(60) {
                bail!("the host did not drain within 60 s");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

/// A picture of 16 x 16 pixels that no other number gives.
pub fn tiny_png(number: u64) -> anyhow::Result<Vec<u8>> {
    let pixel = |x: u32, y: u32| {
        let bit = (number >> ((y * 16 + x) % 64)) & 1;
        image::Rgb([(bit * 200) as u8, (number % 251) as u8, (x * 16 + y) as u8])
    };
    let mut bytes = Cursor::new(Vec::new());
    image::RgbImage::from_fn(16, 16, pixel).write_to(&mut bytes, image::ImageFormat::Png)?;
    Ok(bytes.into_inner())
}
