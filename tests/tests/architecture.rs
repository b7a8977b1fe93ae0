//! Rules of the house, checked: who may depend on whom, how large a file may be, how messages are written.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

const FUNCTIONS: [&str; 8] = ["caption", "ingest", "preview", "resize", "settle", "tag", "transcribe", "console"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ has a parent").to_owned()
}

/// The target triple of this machine.
fn host() -> String {
    let output = Command::new("rustc").args(["--print", "host-tuple"]).output().expect("rustc runs");
    String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned()
}

/// Direct and transitive normal dependencies of every workspace crate, by name.
struct Graph {
    direct: BTreeMap<String, BTreeSet<String>>,
    all: BTreeMap<String, BTreeSet<String>>,
}

fn graph() -> Graph {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--filter-platform", &host()])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo prints JSON");
    let text = |value: &Value| value.as_str().expect("a string").to_owned();
    let names: BTreeMap<String, String> =
        metadata["packages"].as_array().expect("packages").iter().map(|p| (text(&p["id"]), text(&p["name"]))).collect();
    let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for node in metadata["resolve"]["nodes"].as_array().expect("nodes") {
        let normal = node["deps"].as_array().expect("deps").iter().filter(|dependency| {
            dependency["dep_kinds"].as_array().expect("kinds").iter().any(|kind| kind["kind"].is_null())
        });
        edges.insert(text(&node["id"]), normal.map(|dependency| text(&dependency["pkg"])).collect());
    }
    let members: Vec<String> = metadata["workspace_members"].as_array().expect("members").iter().map(text).collect();
    let (mut direct, mut all) = (BTreeMap::new(), BTreeMap::new());
    for member in members {
        let mut seen = BTreeSet::new();
        let mut pending: Vec<&String> = edges[&member].iter().collect();
        while let Some(id) = pending.pop() {
            if seen.insert(id.clone()) {
                pending.extend(&edges[id]);
            }
        }
        let to_names = |ids: &BTreeSet<String>| ids.iter().map(|id| names[id].clone()).collect::<BTreeSet<_>>();
        direct.insert(names[&member].clone(), to_names(&edges[&member]));
        all.insert(names[&member].clone(), to_names(&seen));
    }
    Graph { direct, all }
}

#[test]
fn dependencies_point_one_way() {
    let graph = graph();
    let forbid = |krate: &str, banned: &[&str], why: &str| {
        let found: Vec<_> = graph.all[krate].iter().filter(|name| banned.contains(&name.as_str())).collect();
        assert!(found.is_empty(), "`{krate}` depends on {found:?}: {why}");
    };
    forbid("asset", &["tokio", "async-trait", "futures", "image", "rusqlite", "ports"], "the core is pure");
    forbid("ports", &["rusqlite", "axum", "image", "embedded", "media"], "ports know no adapter");
    forbid("media", &["tokio", "ports", "async-trait"], "media is pure functions of bytes");
    let others = ["media", "models", "embedded", "aws", "greenroom"];
    forbid("video", &others, "video is functions of a source, and of programs of the system's");
    let adapters = ["embedded", "aws", "media", "video", "greenroom", "rusqlite"];
    forbid("prompts", &[&adapters[..], &["models", "tokio", "hyper"]].concat(), "prompts are text and rules");
    let doing = ["tokio", "async-trait", "futures", "ports", "models", "prompts", "hyper"];
    forbid("text", &[&adapters[..], &doing].concat(), "checks of texts are pure");
    forbid(
        "vision",
        &["embedded", "aws", "video", "greenroom", "rusqlite"],
        "asking a model knows ports, not where it runs",
    );
    forbid("models", &adapters, "models know neither a function nor where it runs");
    for function in FUNCTIONS {
        let banned = ["embedded", "rusqlite", "lambda_runtime", "aws-config", "greenroom", "s3s"];
        forbid(function, &banned, "a function knows ports, not where it runs");
        forbid(function, &FUNCTIONS, "no function knows another");
    }
}

#[test]
fn only_the_host_and_the_tests_depend_on_functions() {
    let graph = graph();
    for (krate, dependencies) in &graph.direct {
        let functions: Vec<_> = dependencies.iter().filter(|name| FUNCTIONS.contains(&name.as_str())).collect();
        let is_allowed = ["greenroom", "xtask", "e2e"].contains(&krate.as_str());
        assert!(is_allowed || functions.is_empty(), "`{krate}` depends on {functions:?}");
    }
}

#[test]
fn no_amazon_in_what_runs_on_one_machine() {
    // Asked about the program alone: for all of the workspace at once, a feature that one member has on is on for everybody.
    let amazon = |arguments: &[&str]| -> Vec<String> {
        let output = Command::new(env!("CARGO"))
            .args(["tree", "-p", "greenroom", "--edges", "normal", "--prefix", "none", "--format", "{p}", "--locked"])
            .args(arguments)
            .current_dir(root())
            .output()
            .expect("cargo runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        let names = text.lines().filter_map(|line| line.split(' ').next());
        names.filter(|name| *name == "aws" || name.starts_with("aws-")).map(str::to_owned).collect()
    };
    let found = amazon(&[]);
    assert!(found.is_empty(), "the host links {found:?}");
    // The feature is what keeps it out, and the look above would find it.
    assert!(amazon(&["--features", "aws"]).contains(&"aws-sdk-cloudformation".to_owned()));
}

/// Every file that git tracks or would.
fn files() -> Vec<String> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let files: Vec<String> =
        String::from_utf8(output.stdout).expect("UTF-8").split_terminator('\0').map(str::to_owned).collect();
    assert!(files.len() > 20, "git lists the project");
    files
}

fn rust_files() -> Vec<(String, String)> {
    let files = files().into_iter().filter(|file| file.ends_with(".rs") && root().join(file).exists());
    files.map(|file| (file.clone(), std::fs::read_to_string(root().join(&file)).expect("UTF-8"))).collect()
}

#[test]
fn files_are_small() {
    let long: Vec<_> = rust_files()
        .into_iter()
        .map(|(file, text)| (file, text.lines().count()))
        .filter(|(_, n_lines)| *n_lines > 500)
        .collect();
    assert!(long.is_empty(), "over 500 lines: {long:?}");
}

#[test]
fn the_top_level_is_as_agreed() {
    let known = ["functions", "shared", "infra", "events", "tests", "docs"];
    for file in files() {
        if let Some((top, _)) = file.split_once('/') {
            assert!(top.starts_with('.') || known.contains(&top), "`{file}` adds a folder to the top level");
        }
    }
}

#[test]
fn error_messages_are_lowercase_without_a_full_stop() {
    let mut wrong = Vec::new();
    for (file, text) in rust_files() {
        for message in text.split("#[error(\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            // A name of a format or of the field may start a message.
            let starts_upper = message.chars().next().is_some_and(char::is_uppercase)
                && !message
                    .starts_with(|c: char| c.is_uppercase() && message.chars().nth(1).is_some_and(char::is_uppercase));
            if starts_upper || message.ends_with('.') {
                wrong.push(format!("{file}: {message}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn nothing_names_this_machine_or_a_registry_host() {
    // Spelled in halves, so that this file passes.
    let banned = [
        ["crates", ".io/api"],
        ["registry.npm", "js.org"],
        ["files.python", "hosted.org"],
        ["/wo", "rk/"],
        ["/ro", "ot/"],
    ];
    let mut wrong = Vec::new();
    for file in files() {
        let Ok(text) = std::fs::read_to_string(root().join(&file)) else { continue };
        for banned in banned.iter().map(|halves| halves.concat()) {
            // The lock file's source lines are the package manager's own.
            if text.contains(&banned) && !file.ends_with("Cargo.lock") {
                wrong.push(format!("{file}: {banned}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn unsafe_code_is_forbidden_but_for_one_reviewed_wrapper() {
    // libaom's encoder: it decodes nothing and sees our own pixels only. Every block in it has its reason (a lint says so).
    let reviewed = ["shared/media/aom/Cargo.toml"];
    for file in files().into_iter().filter(|file| file.ends_with("Cargo.toml") && file != "Cargo.toml") {
        let text = std::fs::read_to_string(root().join(&file)).expect("UTF-8");
        let takes_lints = text.contains("[lints]\nworkspace = true");
        assert!(takes_lints || reviewed.contains(&file.as_str()), "`{file}` does not take the workspace's lints");
    }
}
