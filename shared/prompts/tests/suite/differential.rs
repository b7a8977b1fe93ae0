//! Our prompts, rendered by us and by npm's dotprompt: the same messages, character by character, and the same schemas.

use crate::samples;
use prompts::{Data, library};
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const VERSION: &str = "1.1.2";

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The folder of npm's packages; fails if dotprompt is not there, because a comparison that is skipped compares
/// nothing.
fn tools() -> PathBuf {
    let folder = workspace().canonicalize().expect("the workspace is there").join("target/tools/node/node_modules");
    let package = std::fs::read_to_string(folder.join("dotprompt/package.json")).unwrap_or_default();
    let package: Value = serde_json::from_str(&package).unwrap_or_default();
    assert_eq!(package["version"], VERSION, "npm's dotprompt is not there: run `cargo xtask setup`");
    folder
}

fn ask_node(questions: &Value) -> Vec<Value> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dotprompt.mjs");
    let mut node = Command::new("node")
        .arg(script)
        .arg(tools())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("`node` is there: run `cargo xtask setup`");
    let mut input = node.stdin.take().expect("a pipe");
    input.write_all(questions.to_string().as_bytes()).expect("node reads");
    drop(input);
    let output = node.wait_with_output().expect("node ends");
    assert!(output.status.success(), "node failed");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// The order of `required` means nothing; ours is sorted.
fn with_sorted_required(mut schema: Value) -> Value {
    match &mut schema {
        Value::Object(fields) => {
            for (name, value) in fields {
                if name == "required"
                    && let Value::Array(names) = value
                {
                    names.sort_by_key(Value::to_string);
                }
                *value = with_sorted_required(value.take());
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| *item = with_sorted_required(item.take())),
        _ => {}
    }
    schema
}

#[test]
fn our_prompts_render_as_in_dotprompt() {
    let sources = library();
    let cases = samples::all();
    let questions: Vec<Value> = cases
        .iter()
        .map(|(name, input)| {
            json!({"source": sources.prompts[*name], "partials": sources.partials, "data": {"input": input}})
        })
        .collect();
    let answers = ask_node(&questions.into());
    assert_eq!(answers.len(), cases.len());
    for ((name, input), answer) in cases.into_iter().zip(answers) {
        let prompt = sources.prompt(name).expect("loads");
        let rendered = prompt.render(&Data::of(input.clone())).expect("renders");
        let ours = serde_json::to_value(rendered.messages).expect("JSON");
        assert_eq!(ours, answer["messages"], "`{name}` with {input}");
        let schema = |schema: Option<&prompts::Schema>| schema.map(|schema| schema.as_value().clone());
        assert_eq!(schema(prompt.input()), Some(with_sorted_required(answer["input"].clone())), "`{name}`");
        assert_eq!(schema(prompt.output()), Some(with_sorted_required(answer["output"].clone())), "`{name}`");
    }
}

/// The comparison sees a difference of one character.
#[test]
fn a_changed_prompt_does_not_render_the_same() {
    let sources = library();
    let (name, input) = samples::all().remove(0);
    let source = sources.prompts[name].replace("At most ", "At  most ");
    let answers = ask_node(&json!([{"source": source, "partials": sources.partials, "data": {"input": input}}]));
    let rendered = sources.prompt(name).expect("loads").render(&Data::of(input)).expect("renders");
    assert_ne!(serde_json::to_value(rendered.messages).expect("JSON"), answers[0]["messages"]);
}
