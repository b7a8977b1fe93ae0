//! Our prompts, rendered by us and by npm's dotprompt: the same messages, character by character, and the same schemas.

use crate::samples;
use prompts::{Data, Sources, library};
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

/// Corners of the format that our prompts do not have, or not yet.
const TEMPLATES: [&str; 24] = [
    "{{history}}after",
    "before{{history}}after",
    "{{role \"system\"}}rules{{role \"user\"}}question{{history}}",
    "{{role \"system\"}}rules{{history}}{{role \"user\"}}question",
    "{{role \"system\"}}rules",
    "question",
    "  \n{{role \"model\"}}\n  {{role \"user\"}} a {{role \"user\"}}b",
    "",
    "a {{media url=url}} b {{media url=url contentType=\"image/png\"}}{{media url=url}}  ",
    "{{section \"code\"}}{{role \"model\"}}{{section \"b\"}} x",
    "{{#each items}}{{@index}}{{#if @first}}^{{/if}}{{#if @last}}${{/if}} {{json this}} {{../name}}\n{{/each}}",
    "{{#each items}}\n- {{id}}\n{{else}}\nnone\n{{/each}}\nend",
    "{{#each none}}x{{else}}none{{/each}}{{#each fields}}{{@key}}={{this}};{{/each}}",
    "{{#with fields}}{{a}}{{b}}{{/with}}{{#with nothing}}x{{else}}y{{/with}}",
    "{{#if empty_object}}full{{else}}empty{{/if}}{{#if empty_list}}full{{else}}empty{{/if}}{{#unless zero}}zero{{/unless}}",
    "{{#if zero includeZero=true}}a{{/if}}{{#if name}}b{{else if zero}}c{{else}}d{{/if}}{{missing.deep}}",
    "{{#ifEquals n 3}}three{{/ifEquals}}{{#unlessEquals name \"x\"}}other{{/unlessEquals}}{{#ifEquals missing missing}}m{{/ifEquals}}",
    "{{n}} {{half}} {{whole}} {{yes}} {{no}} {{nothing}} {{name}} {{{name}}} {{&name}}",
    "{{json fields indent=2}} {{json items}} {{json name}} {{json half}} {{json whole}}",
    "{{> part}}|{{> part name=\"given\"}}|{{> part fields}}|{{#each items}}{{> part name=id}}{{/each}}",
    "a\n  {{> lines}}\nb\n{{> lines}}",
    "{{! a comment }}a{{!-- another {{name}} --}}\n  {{! alone }}\nb \\{{name}} {{~name~}} c",
    "{{@user.name}} {{#each items}}{{@user.name}}{{/each}} {{json @user}} {{@missing.name}}",
    "{{lookup fields \"a\"}}{{#each items as |item at|}}{{at}}{{item.id}}{{/each}}{{fields.a}}{{items.[1].id}}{{this.name}}",
];

#[test]
fn corners_of_the_format_render_as_in_dotprompt() {
    let partials = json!({"part": "<{{name}}{{a}}>", "lines": "one {{name}}\ntwo\n"});
    let input = json!({
        "name": "A <b> & \"c\"", "url": "asset:a", "n": 3, "half": 0.5, "whole": 2.0, "yes": true, "no": false, "zero": 0,
        "nothing": null, "items": [{"id": "x"}, {"id": "y"}], "fields": {"a": 1, "b": "z"},
        "empty_object": {}, "empty_list": [], "none": [],
    });
    let context = json!({"user": {"name": "Ada"}});
    let messages = json!([
        {"role": "user", "content": [{"text": "Hello"}]},
        {"role": "model", "content": [{"text": "Hi"}]},
    ]);
    let data = json!({"input": input, "context": context, "messages": messages});
    let question = |source| json!({"source": source, "partials": partials, "data": data});
    let answers = ask_node(&TEMPLATES.map(question).to_vec().into());
    let fields = |value: &Value| value.as_object().expect("fields").clone();
    let messages = serde_json::from_value(messages.clone()).expect("messages");
    let data = Data { input: fields(&input), context: fields(&context), messages };
    let mut differ = Vec::new();
    for (source, answer) in TEMPLATES.iter().zip(answers) {
        let mut sources = Sources::default();
        sources.add_file("a", source);
        for (name, text) in fields(&partials) {
            sources.add_file(&format!("_{name}"), text.as_str().expect("text"));
        }
        let rendered = sources.prompt("a").and_then(|prompt| prompt.render(&data));
        let ours = rendered.map_or_else(|error| error.to_string().into(), |rendered| json!(rendered.messages));
        if ours != answer["messages"] {
            differ.push(format!("{source}\n  ours   {ours}\n  theirs {}", answer["messages"]));
        }
    }
    assert!(differ.is_empty(), "{} differ:\n{}", differ.len(), differ.join("\n"));
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
