//! The binary as its user runs it.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A data folder of its own, with free ports.
struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    fn new() -> Self {
        Home { folder: tempfile::tempdir().expect("a scratch folder") }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn run(&self, args: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_greenroom"))
            .args(args)
            .env("GREENROOM_DATA", self.path().join("data"))
            .env("GREENROOM_DURABILITY", "process")
            .output()
            .expect("the binary runs")
    }

    /// Runs with `--json` and parses what is printed.
    fn json(&self, args: &[&str]) -> Value {
        let output = self.run(&[args, &["--json"]].concat());
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        serde_json::from_str(&text).unwrap_or_else(|error| {
            panic!("{args:?} prints no JSON ({error}): {text}{}", String::from_utf8_lossy(&output.stderr))
        })
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder can be made");
        std::fs::write(&path, bytes).expect("a file can be written");
        path
    }
}

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(name)
}

fn text(output: &[u8]) -> String {
    String::from_utf8_lossy(output).into_owned()
}

#[test]
fn the_demo_ends_with_every_sample_ready() {
    let home = Home::new();
    let output = home.run(&["demo", "--exit", "--json"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let rows: Vec<Value> = serde_json::from_slice(&output.stdout).expect("an array");
    let n_samples = std::fs::read_dir(sample("")).expect("samples").count() - 1;
    assert_eq!(rows.len(), n_samples);
    for row in &rows {
        assert_eq!(row["state"], "ready", "{row}");
        assert!(["image", "audio"].contains(&row["kind"].as_str().expect("a kind")), "{row}");
        assert_eq!(row["version"].as_str().map(str::len), Some(64));
        let is_made = |what: &str| row[what].as_array().is_some_and(|made| !made.is_empty());
        assert!(is_made("outputs") || is_made("files"), "{row}");
        for output in row["outputs"].as_array().expect("an array") {
            let path = home.path().join("data").join(output["path"].as_str().expect("a path"));
            let bytes = std::fs::metadata(&path).expect("the output is there").len();
            assert_eq!(output["bytes"].as_u64(), Some(bytes), "{output}");
        }
    }
    assert!(home.run(&["verify"]).status.success());
}

#[test]
fn add_works_without_a_host_and_every_command_speaks_json() {
    let home = Home::new();
    home.file("in/nested/a b.png", &std::fs::read(sample("greenroom-logo-transparent.png")).expect("a sample"));
    home.file("in/bad.jpg", b"this is no picture");
    home.file("in/empty.jpg", b"");
    let output = home.run(&["add", "--to", "summer", home.path().join("in").to_str().expect("UTF-8")]);
    assert_eq!(output.status.code(), Some(1), "two of the files cannot become ready, and the exit code says so");

    let rows = home.json(&["ls"]);
    let find =
        |key: &str| rows.as_array().expect("an array").iter().find(|row| row["key"] == key).expect("it is listed");
    assert_eq!(find("summer/nested/a b.png")["state"], "ready");
    let bad = find("summer/bad.jpg");
    assert_eq!(bad["state"], "failed");
    assert!(bad["reason"].as_str().is_some_and(|reason| reason.contains("unsupported")), "{bad}");
    assert!(find("summer/empty.jpg")["reason"].as_str().is_some_and(|reason| reason.contains("empty")));

    assert_eq!(home.json(&["ls", "--state", "failed"]).as_array().map(Vec::len), Some(2));
    assert_eq!(home.json(&["ls", "--search", "nested"]).as_array().map(Vec::len), Some(1));
    assert_eq!(home.json(&["ls", "--kind", "image"]).as_array().map(Vec::len), Some(1));
    let status = home.json(&["status"]);
    assert_eq!((&status["running"], &status["assets"]["ready"]), (&Value::Bool(false), &Value::from(1)));
    assert_eq!(home.json(&["why", "summer/bad.jpg"])["readiness"]["state"], "failed");
    let why = home.run(&["why", "summer/bad.jpg"]);
    assert!(text(&why.stdout).contains("unsupported"), "{}", text(&why.stdout));
    assert_eq!(home.json(&["retry", "summer/bad.jpg"])["retried"], serde_json::json!(["inspect"]));
    assert_eq!(home.json(&["redrive"])["resize"], 0);
    assert!(home.json(&["sweep"])["assets"].is_u64());
    assert!(home.json(&["doctor"]).as_array().is_some_and(|checks| checks.len() >= 8));
    // The retry waits for a host: adding something runs one.
    home.run(&["add", home.path().join("in/nested").to_str().expect("UTF-8")]);
    assert_eq!(home.json(&["verify"])["problems"], serde_json::json!([]));
}

#[test]
fn the_same_bytes_again_are_not_computed() {
    let home = Home::new();
    let picture = sample("greenroom-logo-transparent.png");
    let copy = home.file("copy.png", &std::fs::read(&picture).expect("a sample"));
    assert!(home.run(&["add", picture.to_str().expect("UTF-8")]).status.success());
    assert!(home.run(&["add", copy.to_str().expect("UTF-8")]).status.success());
    let manifest = home.json(&["why", "copy.png"]);
    let results = manifest["results"].as_object().expect("results");
    assert!(results.len() > 1 && results.values().all(|result| result["reused_from"].is_string()), "{results:?}");
}

#[test]
fn a_file_that_left_the_inbox_while_nobody_looked_becomes_a_tombstone() {
    let home = Home::new();
    let picture = sample("greenroom-logo-transparent.png");
    assert!(home.run(&["add", picture.to_str().expect("UTF-8")]).status.success());
    let key = "greenroom-logo-transparent.png";
    std::fs::remove_file(home.path().join("data/inbox").join(key)).expect("the inbox file is there");
    assert_eq!(home.json(&["sweep"])["announced_deleted"], 1);
    // Adding something runs a host, which takes up what waits in the queues.
    let other = home.file("other.png", &std::fs::read(&picture).expect("a sample"));
    let is_deleted = (0..5).any(|_| {
        home.run(&["add", other.to_str().expect("UTF-8")]);
        home.json(&["ls", "--all"])
            .as_array()
            .expect("an array")
            .iter()
            .any(|row| row["key"] == key && row["state"] == "deleted")
    });
    assert!(is_deleted, "{}", home.json(&["ls", "--all"]));
    assert_eq!(home.json(&["ls"]).as_array().map(Vec::len), Some(1), "tombstones are not listed");
    assert_eq!(home.json(&["verify"])["problems"], serde_json::json!([]));
}

#[test]
fn mistakes_are_named_with_the_way_out() {
    let home = Home::new();
    let why = home.run(&["why", "nothing.jpg"]);
    assert!(!why.status.success() && text(&why.stderr).contains("greenroom ls"), "{}", text(&why.stderr));
    let add = home.run(&["add", "/nowhere/at/all.jpg"]);
    assert!(text(&add.stderr).contains("/nowhere/at/all.jpg"), "{}", text(&add.stderr));
    let profile = home.file("profile.toml", b"[[collection]]\nname = \"x\"\nkeys = [\"**\"]\njpeg = { quality = 0 }\n");
    let ls = home.run(&["ls", "--profile", profile.to_str().expect("UTF-8")]);
    assert!(text(&ls.stderr).contains("profile.toml:4"), "names the line: {}", text(&ls.stderr));
}

#[test]
fn a_command_for_this_machine_does_not_go_to_a_stack() {
    let home = Home::new();
    for command in [vec!["up"], vec!["demo"], vec!["verify"], vec!["add", "x.jpg"]] {
        let output = home.run(&[&["--aws", "prod"], command.as_slice()].concat());
        assert_eq!(output.status.code(), Some(1), "{command:?}");
        let expected = format!("`{}` works on this machine only", command[0]);
        assert!(text(&output.stderr).contains(&expected), "{command:?}: {}", text(&output.stderr));
    }
    let output = home.run(&["ls", "--aws"]);
    assert!(text(&output.stderr).contains("`--aws` needs the name of a stack"), "{}", text(&output.stderr));
    assert!(!home.path().join("data").exists(), "nothing was made on this machine");
}

#[cfg(not(feature = "aws"))]
#[test]
fn a_build_without_aws_says_how_to_get_one() {
    let home = Home::new();
    for command in ["ls", "status", "sweep", "redrive", "doctor"] {
        let output = home.run(&["--aws", "prod", command]);
        assert_eq!(output.status.code(), Some(1), "{command}");
        let error = text(&output.stderr);
        assert!(error.contains("--features aws") && error.lines().count() == 1, "{command}: {error}");
    }
}

#[cfg(feature = "aws")]
#[test]
fn what_the_environment_lacks_is_said_before_anything_is_asked() {
    let home = Home::new();
    let run = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_greenroom"));
        command.args(args).env_clear().env("AWS_REGION", "eu-north-1").env("GREENROOM_DATA", home.path().join("data"));
        command.output().expect("the binary runs")
    };
    for command in [vec!["ls"], vec!["status"], vec!["why", "x"], vec!["retry", "x"], vec!["sweep"], vec!["redrive"]] {
        let output = run(&[&["--aws", "prod"], command.as_slice()].concat());
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{command:?}");
        assert!(error.contains("`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`"), "{command:?}: {error}");
    }
    let output = run(&["doctor", "--json", "--aws"]);
    let checks: Value = serde_json::from_slice(&output.stdout).expect("checks");
    assert_eq!((output.status.code(), &checks[0]["ok"]), (Some(1), &Value::Bool(false)), "{checks}");
    assert!(checks[0]["way_out"].is_string(), "{checks}");
    assert!(!home.path().join("data").exists(), "nothing was made on this machine");
}

#[test]
fn a_flag_beats_the_environment_beats_the_file() {
    let home = Home::new();
    let settings = format!("inbox = {:?}\nconsole = \"127.0.0.1:1\"\n", home.path().join("from-file"));
    home.file("data/greenroom.toml", settings.as_bytes());
    let inbox = |args: &[&str], env: Option<&Path>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_greenroom"));
        command.args(args).args(["ls"]).env("GREENROOM_DATA", home.path().join("data"));
        if let Some(env) = env {
            command.env("GREENROOM_INBOX", env);
        }
        assert!(command.output().expect("the binary runs").status.success());
    };
    let folder = |name: &str| home.path().join(name);
    inbox(&[], None);
    assert!(folder("from-file").is_dir(), "the file counts");
    inbox(&[], Some(&folder("from-env")));
    assert!(folder("from-env").is_dir(), "the variable counts");
    inbox(&["--inbox", folder("from-flag").to_str().expect("UTF-8")], Some(&folder("not-this")));
    assert!(folder("from-flag").is_dir() && !folder("not-this").exists(), "the flag counts");
}
