//! dotprompt's own conformance cases (`tests/spec`).

use prompts::{Data, Message, Prompt, Sources};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Suite {
    name: String,
    template: String,
    #[serde(default)]
    data: Given,
    #[serde(default)]
    schemas: BTreeMap<String, Value>,
    #[serde(default)]
    partials: BTreeMap<String, String>,
    #[serde(default)]
    resolver_partials: BTreeMap<String, String>,
    tests: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    #[serde(default)]
    desc: String,
    #[serde(default)]
    data: Given,
    #[serde(default)]
    options: Value,
    expect: Map<String, Value>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Given {
    input: Option<Map<String, Value>>,
    context: Option<Map<String, Value>>,
    messages: Option<Vec<Message>>,
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the cases are there") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn prompt(suite: &Suite) -> Prompt {
    let mut partials = suite.partials.clone();
    partials.extend(suite.resolver_partials.clone());
    let prompts = [(suite.name.clone(), suite.template.clone())].into();
    let sources = Sources { prompts, partials, schemas: suite.schemas.clone(), ..Sources::default() };
    sources.prompt(&suite.name).unwrap_or_else(|error| panic!("{error}"))
}

/// Renders a case: what it gives as a default counts where the input says nothing.
fn render(prompt: &Prompt, suite: &Suite, case: &Case) -> Value {
    let mut input = case.options["input"]["default"].as_object().cloned().unwrap_or_default();
    let given = |field: fn(&Given) -> Option<Map<String, Value>>| field(&case.data).or_else(|| field(&suite.data));
    input.extend(given(|given| given.input.clone()).unwrap_or_default());
    let context = given(|given| given.context.clone()).unwrap_or_default();
    let messages = case.data.messages.clone().or_else(|| suite.data.messages.clone()).unwrap_or_default();
    let rendered =
        prompt.render_unchecked(&Data { input, context, messages }).unwrap_or_else(|error| panic!("{error}"));
    serde_json::to_value(rendered.messages).expect("JSON")
}

/// What the reference implementation compares: messages and metadata; `raw` where the case names it, as the input.
fn seen(prompt: &Prompt, suite: &Suite, case: &Case) -> Map<String, Value> {
    let document = prompt.document();
    let mut seen = Map::new();
    seen.insert("messages".to_owned(), render(prompt, suite, case));
    seen.insert("config".to_owned(), document.config().into());
    seen.insert("ext".to_owned(), document.extensions().into());
    seen.extend(document.model().map(|model| ("model".to_owned(), model.into())));
    for (side, schema) in [("input", prompt.input()), ("output", prompt.output())] {
        seen.extend(schema.map(|schema| (side.to_owned(), json!({"schema": schema.as_value()}))));
    }
    if let Some(input) = case.options.get("input") {
        seen.insert("input".to_owned(), input.clone());
    }
    if case.expect.contains_key("raw") {
        seen.insert("raw".to_owned(), document.front.clone().into());
    }
    seen
}

#[test]
fn every_conformance_case_passes() {
    let mut n_cases = 0;
    let mut failed = Vec::new();
    for file in files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/spec")) {
        let text = std::fs::read_to_string(&file).expect("UTF-8");
        let suites: Vec<Suite> =
            serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        for suite in &suites {
            let prompt = prompt(suite);
            for case in &suite.tests {
                n_cases += 1;
                let mut expected = case.expect.clone();
                expected.entry("config").or_insert_with(|| json!({}));
                expected.entry("ext").or_insert_with(|| json!({}));
                let seen = seen(&prompt, suite, case);
                if seen != expected {
                    failed.push(format!(
                        "{}: {}\n  expected {}\n  seen     {}",
                        suite.name,
                        case.desc,
                        Value::from(expected),
                        Value::from(seen)
                    ));
                }
            }
        }
    }
    assert!(failed.is_empty(), "{} of {n_cases} cases failed:\n{}", failed.len(), failed.join("\n"));
    assert_eq!(n_cases, 117, "cases were lost");
}
