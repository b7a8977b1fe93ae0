//! Loading, input, identity.

use crate::samples;
use prompts::{Data, Prompt, PromptError, Schema, Snippet, Sources, library};
use serde_json::{Value, json};

fn one(source: &str) -> Result<Prompt, PromptError> {
    let mut sources = Sources::default();
    sources.add_file("a", source);
    sources.prompt("a")
}

fn hashes(sources: &Sources) -> Vec<String> {
    let hash = |name: &String| sources.prompt(name).expect("loads").hash().to_string();
    sources.prompts.keys().map(hash).collect()
}

/// Which of alt_text, description, moderation, tags and visible_text have another hash after a change.
fn changed(change: impl FnOnce(&mut Sources)) -> Vec<bool> {
    let before = hashes(&library());
    let mut sources = library();
    change(&mut sources);
    before.iter().zip(hashes(&sources)).map(|(before, after)| *before != after).collect()
}

#[test]
fn a_hash_changes_with_everything_that_it_stands_for_and_with_nothing_else() {
    assert_eq!(changed(|_| {}), [false; 5]);
    let edit = |name: &'static str| move |sources: &mut Sources| edit_partial(sources, name);
    assert_eq!(changed(edit("brand")), [true, true, false, false, false], "only the prompts that call it");
    assert_eq!(changed(edit("data_rules")), [true; 5]);
    assert_eq!(changed(|sources| sources.add_file("_other", "x")), [false; 5], "a partial that nobody calls");
    let guide = |text: &str| vec![Snippet { id: "tone.1".to_owned(), text: text.to_owned() }];
    let with_guide = |sources: &mut Sources| drop(sources.snippets.insert("brand".to_owned(), guide("plain")));
    assert_eq!(changed(with_guide), [true, true, false, false, false], "tags has no brand guide");
    let source = |sources: &mut Sources| sources.prompts.get_mut("tags").expect("there").push(' ');
    assert_eq!(changed(source), [false, false, false, true, false]);
    let windows = |sources: &mut Sources| {
        for text in sources.prompts.values_mut().chain(sources.partials.values_mut()) {
            *text = text.replace('\n', "\r\n");
        }
    };
    assert_eq!(changed(windows), [false; 5], "line ends are a checkout's setting");
}

fn edit_partial(sources: &mut Sources, name: &str) {
    sources.partials.get_mut(name).expect("there").push_str("More.\n");
}

#[test]
fn a_partial_of_a_partial_counts() {
    let mut sources = Sources::default();
    sources.add_file("a", "{{>outer}}");
    sources.add_file("_outer", "outer {{#if x}}{{>inner}}{{/if}}");
    sources.add_file("_inner", "inner");
    let before = hashes(&sources);
    edit_partial(&mut sources, "inner");
    assert_ne!(hashes(&sources), before);
}

#[test]
fn a_named_schema_counts() {
    let mut sources = Sources::default();
    sources.add_file("a", "---\noutput: {schema: Thing}\n---\nx\n");
    sources.schemas.insert("Thing".to_owned(), json!({"type": "string"}));
    let before = hashes(&sources);
    sources.schemas.insert("Other".to_owned(), json!({"type": "string"}));
    assert_eq!(hashes(&sources), before);
    sources.schemas.insert("Thing".to_owned(), json!({"type": "string", "maxLength": 5}));
    assert_ne!(hashes(&sources), before);
}

#[test]
fn input_is_checked_before_rendering() {
    let prompt = library().prompt("alt_text").expect("loads");
    let check = |field: &str, value: Value| {
        let mut input = samples::bare("alt_text");
        match value {
            Value::Null => drop(input.as_object_mut().expect("fields").remove(field)),
            value => input[field] = value,
        }
        prompt.render(&Data::of(input)).expect_err(field).to_string()
    };
    let wrong = |field: &str, expected: &str, found: &str| {
        format!("the input `{field}` of the prompt `alt_text` is wrong: expected {expected}, found {found}")
    };
    assert_eq!(check("image", Value::Null), wrong("image", "a value", "nothing"));
    assert_eq!(check("locale", json!(7)), wrong("locale", "string", "7"));
    assert_eq!(check("brand", json!([{"id": "a", "text": 1}])), wrong("brand[0].text", "string", "1"));
    assert_eq!(check("file", json!({"size": 1})), wrong("file.size", "no such field", "1"));
    assert_eq!(check("max_characters", json!(1.5)), wrong("max_characters", "integer", "1.5"));
    let places = r#"one of "informative", "functional", "decorative", "text", "complex""#;
    assert_eq!(check("placement", json!("hero")), wrong("placement", places, "\"hero\""));
}

#[test]
fn defaults_fill_in_before_the_check() {
    let source = "---\ninput: {schema: {n: integer}, default: {n: 3}}\n---\n{{n}}\n";
    let text = |data: Value| {
        let rendered = one(source).expect("loads").render(&Data::of(data)).expect("renders");
        serde_json::to_value(&rendered.messages[0].content[0]).expect("JSON")
    };
    assert_eq!(text(json!({})), json!({"text": "3"}));
    assert_eq!(text(json!({"n": 4.0})), json!({"text": "4"}));
}

#[test]
fn a_broken_prompt_says_what_is_broken() {
    let error = |source: &str| one(source).expect_err(source);
    assert!(matches!(error("---\nmodel: [\n---\nx\n"), PromptError::FrontMatter { .. }));
    assert!(matches!(error("{{#if a}}x"), PromptError::Template { .. }));
    assert!(matches!(error("a \u{FDD0}"), PromptError::Template { .. }));
    let schema = "---\noutput: {schema: {type: object, oneOf: []}}\n---\nx\n";
    assert!(error(schema).to_string().contains("the keyword `oneOf` is not checked here"), "{}", error(schema));
    assert!(matches!(error("---\ninput: {schema: {a: Strin}}\n---\nx\n"), PromptError::Schema { side: "input", .. }));
    let mut sources = Sources::default();
    sources.add_file("a", "{{>b}}");
    sources.add_file("_b", "{{>c}}");
    sources.add_file("_c", "{{>b}}");
    assert!(matches!(sources.prompt("a"), Err(PromptError::PartialCycle { .. })));
    let missing = one("{{>nowhere}}").expect("loads").render(&Data::default());
    assert!(matches!(missing, Err(PromptError::PartialMissing { .. })));
    let role = one("{{role \"boss\"}}x").expect("loads").render(&Data::default()).expect_err("no such role");
    assert_eq!(role.to_string(), "the prompt `a` cannot be rendered: there is no role `boss`");
    let helper = one("{{len x}}").expect("loads").render(&Data::default());
    assert!(matches!(helper, Err(PromptError::Render { .. })), "not a helper of dotprompt's");
}

#[test]
fn a_rendering_has_its_own_hash() {
    let prompt = library().prompt("alt_text").expect("loads");
    let hash = |text| prompt.render(&Data::of(samples::alt_text("text", text))).expect("renders").sha256;
    assert_eq!(hash("a"), hash("a"));
    assert_ne!(hash("a"), hash("b"));
}

#[test]
fn schemas_check_sizes_and_constants() {
    let schema = json!({"type": "object", "properties": {
        "text": {"type": "string", "minLength": 2, "maxLength": 3},
        "list": {"type": "array", "items": {"type": "number", "minimum": 0, "maximum": 1},
            "minItems": 1, "maxItems": 2},
        "one": {"const": 1},
        "none": false,
    }});
    let schema = Schema::new(schema).expect("a schema");
    let fields = |value: Value| schema.check(&value).into_iter().map(|one| one.field).collect::<Vec<_>>();
    assert_eq!(fields(json!({"text": "日本", "list": [0, 1], "one": 1.0})), Vec::<String>::new());
    assert_eq!(fields(json!({"text": "日", "list": [], "one": 2})), ["list", "one", "text"]);
    assert_eq!(
        fields(json!({"text": "abcd", "list": [2, -1, 0], "none": 0})),
        ["list", "list[0]", "list[1]", "none", "text"]
    );
    assert!(Schema::new(json!({"type": "strin"})).is_err());
    let nested = Schema::new(json!({"const": [1, {"a": 1}]})).expect("a schema");
    assert_eq!(nested.check(&json!([1.0, {"a": 1.0}])), [], "1.0 is 1 at every depth");
    assert_eq!(nested.check(&json!([1, {"a": 2}])).len(), 1);
}
