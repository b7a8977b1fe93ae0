//! `cargo xtask drive`: the stack deployed on an emulator that we did not write, with the packaged functions, and driven as users do.

use crate::package::{self, Contents, Processor};
use crate::setup::{self, run};
use anyhow::{Context, bail};
use asset::profile::DEFAULT_PROFILE;
use models::book::DEFAULT_BOOK;
use models::double::{Double, Reply, Rule, Script};
use serde_json::json;
use std::fs::{self, File};
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

/// Pictures that are uploaded there and on one machine; both must make the same bytes of them.
const PICTURES: [&str; 2] = ["Portrait Eileen Collins.jpg", "greenroom-logo-transparent.png"];

/// Stands before the collections of the shipped profile: pictures in one folder are described, in another one tagged.
const DESCRIBED: &str = r#"
[models]
vision = "vision-small"
embedding = "titan-text-embeddings-v2"

[[vocabulary]]
name = "subjects"
file = "subjects.toml"

[[collection]]
name = "tagged"
keys = ["tagged/**"]
jpeg = { quality = 80 }

[[collection.view]]
name = "whole"
widths = [320]

[[collection.text]]
field = "tags"
vocabulary = "subjects"

[[collection]]
name = "described"
keys = ["described/**"]
jpeg = { quality = 80 }

[[collection.view]]
name = "whole"
widths = [320]

[[collection.text]]
field = "alt_text"
locale = "en"

"#;

const EMBEDDING: &str = "embedding = \"titan-text-embeddings-v2\"\n";

/// Lies beside the profile.
const SUBJECTS: &str = "max_tags = 4\n[[term]]\nid = \"astronaut\"\nlabel = \"Astronaut\"\n";

/// With `--arch arm64` the packages for Lambda's processor are driven, emulated by `qemu-user-static` (install it first): slow, but it is
/// those very bytes.
pub fn main(args: &[String]) -> anyhow::Result<()> {
    let processor = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => Processor::HERE,
        ["--arch", "arm64"] => Processor::Arm64,
        _ => bail!("usage: cargo xtask drive [--arch arm64]"),
    };
    let begin = Instant::now();
    let target = setup::workspace().join("target");
    let venv = target.join("tools/venv");
    setup::pip(&venv)?;
    let profile = DEFAULT_PROFILE.replacen("[[collection]]", &format!("{DESCRIBED}[[collection]]"), 1);
    package::pack_all(
        processor,
        &Contents::new(profile.clone(), DEFAULT_BOOK.to_owned(), |_| Ok(SUBJECTS.to_owned()))?,
    )?;
    let stack = target.join("infra/stack.json");
    run(Command::new(venv.join("bin/python")).arg(setup::workspace().join("infra/aws/expand.py")).arg(&stack))?;
    let work = target.join("drive");
    if work.exists() {
        fs::remove_dir_all(&work).with_context(|| format!("failed to empty `{}`", work.display()))?;
    }
    fs::create_dir_all(&work)?;
    let packages = if processor == Processor::HERE { processor.folder() } else { emulated(processor, &work)? };
    let samples = setup::workspace().join("infra/local/samples");
    // This machine asks no models.
    let expected = one_machine(&work, &samples, &profile.replace(EMBEDDING, ""))?;
    let calls = work.join("bedrock.jsonl");
    let bedrock = Bedrock::start(&calls)?;
    let emulator = Emulator::start(&work, &bedrock.double.url())?;
    let mut driver = Command::new(venv.join("bin/python"));
    driver.arg(setup::workspace().join("infra/aws/drive.py"));
    driver.arg("--endpoint").arg(&emulator.endpoint).arg("--stack").arg(stack);
    driver.arg("--packages").arg(packages).arg("--expected").arg(expected).arg("--samples").arg(samples);
    driver.arg("--calls").arg(calls);
    let driven = run(&mut driver);
    if driven.is_err() {
        eprintln!("the emulator's log is `{}`", work.join("ministack.log").display());
    }
    driven?;
    println!("drive: everything held ({:.0} s)", begin.elapsed().as_secs_f64());
    Ok(())
}

/// Starts the program beside it that is made for 64-bit Arm, with the libraries that its C compiler brought.
const EMULATE: &str = "#!/bin/sh\nexec qemu-aarch64-static -L /usr/aarch64-linux-gnu \"$0.arm64\" \"$@\"\n";

/// Returns a folder of the same packages, in which each program is started by an emulator of its processor.
fn emulated(processor: Processor, work: &Path) -> anyhow::Result<PathBuf> {
    if !setup::on_path("qemu-aarch64-static") {
        bail!("there is no `qemu-aarch64-static`: install Debian's package qemu-user-static");
    }
    let folder = work.join("packages");
    fs::create_dir_all(&folder)?;
    let script = SimpleFileOptions::default().unix_permissions(0o755);
    for entry in fs::read_dir(processor.folder())? {
        let from = entry?.path();
        let name = from.file_name().and_then(|name| name.to_str()).context("a package's name is no UTF-8")?;
        if let Some(function) = name.strip_suffix(".bootstrap") {
            fs::copy(&from, folder.join(format!("{function}.bootstrap.arm64")))?;
            fs::write(folder.join(name), EMULATE)?;
            fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o755))?;
        } else {
            let mut packed = ZipArchive::new(File::open(&from)?)?;
            let mut writer = ZipWriter::new(File::create(folder.join(name))?);
            for index in 0..packed.len() {
                let file = packed.by_index_raw(index)?;
                let name = file.name()?.into_owned();
                let to = if name == "bootstrap" { "bootstrap.arm64" } else { &name };
                writer.raw_copy_file_rename(file, to)?;
            }
            writer.start_file("bootstrap", script)?;
            writer.write_all(EMULATE.as_bytes())?;
            writer.finish()?;
        }
    }
    Ok(folder)
}

/// Makes the same pictures ready on this machine. Returns the file that says what came of them.
fn one_machine(work: &Path, samples: &Path, profile: &str) -> anyhow::Result<PathBuf> {
    let binary = setup::workspace().join("target/release/greenroom");
    let mut command = Command::new(binary);
    let file = work.join("profile.toml");
    fs::write(&file, profile)?;
    fs::write(work.join("subjects.toml"), SUBJECTS)?;
    command.arg("--data").arg(work.join("one-machine")).arg("--profile").arg(file).args(["--json", "add"]);
    let output = command.args(PICTURES.map(|name| samples.join(name))).output().context("failed to start greenroom")?;
    if !output.status.success() {
        bail!("one machine did not make the samples ready: {}", String::from_utf8_lossy(&output.stderr));
    }
    let expected = work.join("expected.json");
    fs::write(&expected, output.stdout)?;
    Ok(expected)
}

/// What the loopback Bedrock says of every picture. Slowly, so that deliveries of one task meet.
const WORDS: &str = "A woman in an orange space suit smiles at the camera.";
const THINKS_MS: u64 = 1500;

/// Bedrock, as far as functions can tell: our own double, which says what it is. It ends by drop.
struct Bedrock {
    double: Double,
    _runtime: tokio::runtime::Runtime,
}

impl Bedrock {
    /// Starts it; every call will be a line of `calls`.
    fn start(calls: &Path) -> anyhow::Result<Self> {
        let json = Some(json!({"alt": WORDS, "decorative": false, "evidence": []}));
        let reply = Reply { json, latency_ms: THINKS_MS, ..Reply::default() };
        let tags = json!([{"confidence": "high", "id": "astronaut"}, {"confidence": "high", "id": "moon"}]);
        let json = Some(json!({"tags": tags, "suggestions": ["space suit"]}));
        let tagged = Reply { json, ..Reply::default() };
        let of_tags = Rule { body: Some("DATA vocabulary".to_owned()), reply: tagged, ..Rule::default() };
        let script =
            Script::of(vec![of_tags, Rule { operation: Some("Converse".to_owned()), reply, ..Rule::default() }])?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let double = runtime.block_on(Double::start(script)).context("the double of Bedrock did not start")?;
        double.log_to(calls)?;
        Ok(Bedrock { double, _runtime: runtime })
    }
}

/// MiniStack as a child process, ended by drop.
struct Emulator {
    child: Child,
    endpoint: String,
}

impl Emulator {
    fn start(work: &Path, bedrock: &str) -> anyhow::Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let endpoint = format!("http://127.0.0.1:{port}");
        let log = File::create(work.join("ministack.log"))?;
        let program = setup::workspace().join("target/tools/venv/bin/ministack");
        let child = Command::new(&program)
            .current_dir(work)
            .env("BIND_HOST", "127.0.0.1")
            .env("GATEWAY_PORT", port.to_string())
            .env("IOT_MTLS_ENABLED", "0")
            .env("LAMBDA_EXECUTOR", "local")
            // Where the functions find their services; the host must be the one that everybody calls it by.
            .env("AWS_ENDPOINT_URL", &endpoint)
            .env("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", bedrock)
            .env("MINISTACK_HOST", "127.0.0.1")
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("failed to start `{}`", program.display()))?;
        let mut emulator = Emulator { child, endpoint };
        let begin = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if let Some(status) = emulator.child.try_wait()? {
                bail!("the emulator ended with {status}");
            }
            if begin.elapsed() > Duration::from_secs(120) {
                bail!("the emulator took no connection within two minutes");
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(emulator)
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // Asked first: it ends the functions that it started.
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_secs(10) {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
