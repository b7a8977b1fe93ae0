//! `cargo xtask bench coldstart`: from the start of a process to its first request for work, per function, beside Node and Python with
//! AWS's SDKs in the same run. Times are medians; memory is what the process holds when it asks.

use crate::package::{self, Contents, Processor};
use crate::setup::{self, run as shell};
use anyhow::{Context, bail};
use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const ROUNDS: usize = 15;
const NODE: &str = "node";
const PYTHON: &str = "python";

/// Variables of every function; none of what they name is asked for before the first event, but for the console's secret.
const VARIABLES: [(&str, &str); 16] = [
    ("AWS_REGION", "eu-central-1"),
    // The Python SDK reads this one.
    ("AWS_DEFAULT_REGION", "eu-central-1"),
    ("AWS_ACCESS_KEY_ID", "test"),
    ("AWS_SECRET_ACCESS_KEY", "test"),
    ("AWS_LAMBDA_FUNCTION_NAME", "f"),
    ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
    ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
    ("GREENROOM_INBOX_BUCKET", "inbox"),
    ("GREENROOM_STORE_BUCKET", "store"),
    ("GREENROOM_TABLE", "table"),
    ("GREENROOM_LEDGER_TABLE", "ledger"),
    ("GREENROOM_CONSOLE_SECRET", "arn"),
    ("GREENROOM_UPLOAD_ORIGIN", "https://inbox.example"),
    ("GREENROOM_QUEUES", "ingest=a=b"),
    ("GREENROOM_CONSOLE_HOSTS", "console.example"),
    ("GREENROOM_INGEST_QUEUE_URL", "https://queue.example/i"),
];

struct Measured {
    millis: f64,
    mebibytes: f64,
}

pub fn run() -> anyhow::Result<()> {
    package::pack_all(Processor::HERE, &Contents::shipped()?)?;
    let peers = install_peers()?;
    let functions = ["ingest", "resize", "caption", "tag", "settle", "console"];
    let mut programs: Vec<(String, Vec<PathBuf>)> = functions
        .map(|name| (name.to_owned(), vec![Processor::HERE.folder().join(format!("{name}.bootstrap"))]))
        .to_vec();
    programs.push((NODE.into(), vec!["node".into(), peers.join("peer.mjs")]));
    let python = setup::workspace().join("target/tools/venv/bin/python");
    programs.push((PYTHON.into(), vec![python, peers.join("peer.py")]));
    // Round by round, so that a noisy minute falls on all of them.
    let mut rounds: Vec<Vec<Measured>> = programs.iter().map(|_| Vec::new()).collect();
    for _ in 0..ROUNDS {
        for (index, (name, words)) in programs.iter().enumerate() {
            rounds[index].push(start(words).with_context(|| format!("failed to measure `{name}`"))?);
        }
    }
    let medians: Vec<Measured> = rounds.into_iter().map(median).collect();
    let of = |wanted: &str| programs.iter().position(|(name, _)| name == wanted).map(|index| &medians[index]);
    let (Some(node), Some(python)) = (of(NODE), of(PYTHON)) else { bail!("a peer is missing") };
    for ((name, _), measured) in programs.iter().zip(&medians) {
        let zip = Processor::HERE.folder().join(format!("{name}.zip"));
        let zip = fs::metadata(zip).map_or(String::new(), |meta| format!("  zip {} bytes", meta.len()));
        println!("{name:8} {:8.1} ms  {:6.1} MiB{zip}", measured.millis, measured.mebibytes);
    }
    for ((name, _), measured) in programs.iter().zip(&medians).take(functions.len()) {
        let (by_node, by_python) = (measured.millis / node.millis, measured.millis / python.millis);
        println!("ratio coldstart {name} node {by_node:.3} python {by_python:.3}");
    }
    Ok(())
}

/// Installs the SDKs of the Node peer; boto3 is there for the tests.
fn install_peers() -> anyhow::Result<PathBuf> {
    let sources = setup::workspace().join("infra/xtask/bench/coldstart");
    let folder = setup::workspace().join("target/bench/coldstart");
    fs::create_dir_all(&folder)?;
    for file in ["package.json", "package-lock.json", "peer.mjs", "peer.py"] {
        fs::copy(sources.join(file), folder.join(file)).with_context(|| format!("failed to copy `{file}`"))?;
    }
    if !folder.join("node_modules/@aws-sdk/client-s3").exists() {
        shell(Command::new("npm").args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]).current_dir(&folder))?;
    }
    Ok(folder)
}

/// Starts a program on a Runtime API of ours and ends it when it has asked for work.
fn start(words: &[PathBuf]) -> anyhow::Result<Measured> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?.to_string();
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).env_clear().envs(VARIABLES).env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("AWS_LAMBDA_RUNTIME_API", &address).env("AWS_ENDPOINT_URL", format!("http://{address}"));
    for queue in ["RESIZE", "CAPTION", "TAG", "SETTLE"] {
        command.env(format!("GREENROOM_{queue}_QUEUE_URL"), "https://queue.example/q");
    }
    let begin = Instant::now();
    let mut child = Ended(command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?);
    loop {
        let stream = next_call(&listener, &mut child.0)?;
        if asks_for_work(stream)? {
            let millis = begin.elapsed().as_secs_f64() * 1000.0;
            let mebibytes = resident_mebibytes(child.0.id())?;
            child.0.kill()?;
            return Ok(Measured { millis, mebibytes });
        }
    }
}

/// Waits for a connection; not for ever, and not for one of a program that has ended.
fn next_call(listener: &TcpListener, child: &mut Child) -> anyhow::Result<TcpStream> {
    listener.set_nonblocking(true)?;
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(false)?;
                return Ok(stream);
            }
            Err(error) if error.kind() != ErrorKind::WouldBlock => return Err(error.into()),
            Err(_) => {}
        }
        if let Some(status) = child.try_wait()? {
            bail!("the program ended with {status}");
        }
        if Instant::now() > end {
            bail!("the program asked for no work within a minute");
        }
        // Far below what is measured in milliseconds.
        std::thread::sleep(Duration::from_micros(20));
    }
}

/// A child that does not outlive its measurement.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Reads one request. The console asks for its secret first, and gets one.
fn asks_for_work(stream: TcpStream) -> anyhow::Result<bool> {
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    if line.starts_with("GET /2018-06-01/runtime/invocation/next") {
        return Ok(true);
    }
    let mut length = 0;
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header)? <= 2 {
            break;
        }
        if let Some((name, value)) = header.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let secret = r#"{"Name":"console","SecretString":"0123456789abcdef0123456789abcdef"}"#;
    let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: application/x-amz-json-1.1\r\n";
    let answer = format!("{head}content-length: {}\r\n\r\n{secret}", secret.len());
    reader.into_inner().write_all(answer.as_bytes())?;
    Ok(false)
}

/// Reads what a process holds in memory (proc(5), `VmRSS`).
fn resident_mebibytes(pid: u32) -> anyhow::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no `VmRSS` in the status")?;
    let kibibytes: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kibibytes / 1024.0)
}

fn median(mut all: Vec<Measured>) -> Measured {
    let middle = all.len() / 2;
    all.sort_by(|a, b| a.millis.total_cmp(&b.millis));
    all.swap_remove(middle)
}
