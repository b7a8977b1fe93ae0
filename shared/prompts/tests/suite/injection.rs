//! The corpus of `tests/injection` in every place of our prompts where a stranger's words can come to stand.

#[path = "../../../../tests/injection/mod.rs"]
mod corpus;

use corpus::{Poison, corpus};
use prompts::{Data, Message, Part, Prompt, Rendered, Role, library};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Where strangers' words go, as JSON Pointers into a prompt's input.
fn places(prompt: &str) -> Vec<&'static str> {
    let file = ["/file/name", "/file/title", "/file/description", "/file/keywords/0", "/file/keywords/1"];
    let page = [
        "/page_context/page_title",
        "/page_context/heading",
        "/page_context/text_before",
        "/page_context/text_after",
        "/page_context/caption",
    ];
    let brand = ["/brand/0/id", "/brand/0/text", "/brand/1/text"];
    match prompt {
        "alt_text" => [&file[..], &page, &brand, &["/page_context/link"]].concat(),
        "description" => [&file[..], &page, &brand, &["/alt_text"]].concat(),
        _ => {
            [&file[..], &["/vocabulary/0/id", "/vocabulary/0/label", "/vocabulary/0/synonyms/0", "/vocabulary/1/label"]]
                .concat()
        }
    }
}

/// An input with harmless words in every place.
fn harmless(prompt: &str) -> Value {
    let page = json!({"page_title": "a", "heading": "b", "text_before": "c", "text_after": "d", "caption": "e"});
    let mut input = json!({
        "image": "picture", "content_type": "image/jpeg", "locale": "en",
        "file": {"name": "f.jpg", "title": "g", "description": "h", "keywords": ["i", "j"]},
    });
    let own = match prompt {
        "tags" => {
            json!({"max_tags": 9, "vocabulary": [{"id": "k.1", "label": "l", "synonyms": ["s"]}, {"id": "k.2", "label": "m"}]})
        }
        _ => json!({
            "placement": "informative", "max_characters": 150, "page_context": page,
            "brand": [{"id": "n.1", "text": "o"}, {"id": "n.2", "text": "p"}],
        }),
    };
    for (name, value) in own.as_object().expect("an object") {
        input[name] = value.clone();
    }
    match prompt {
        "alt_text" => input["page_context"]["link"] = "q".into(),
        "description" => input["alt_text"] = "r".into(),
        _ => {}
    }
    input
}

fn render(prompt: &Prompt, input: &Value) -> Rendered {
    prompt.render(&Data::of(input.clone())).expect("renders")
}

/// What anybody's program may take for the end of a line.
fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn lines(message: &Message) -> Vec<&str> {
    let [Part::Media { .. }, Part::Text { text }] = message.content.as_slice() else {
        panic!("one picture and one text: {:?}", message.content);
    };
    text.split(is_line_end).collect()
}

/// The text as the prompt's own rules let it through: noncharacters, with which roles are marked, cannot stay, and the line ends that
/// JSON does not escape become ones that it does.
fn let_through(text: &str) -> String {
    let plain = |c: char| match c {
        '\u{fdd0}'..='\u{fdef}' => '\u{fffd}',
        '\u{2028}' | '\u{2029}' | '\u{85}' => '\n',
        other => other,
    };
    text.chars().map(plain).collect()
}

/// Says what is wrong with a rendering, compared with the harmless one.
fn compare(clean: &Rendered, dirty: &Rendered, place: &str, poison: &Poison) -> Result<(), String> {
    let roles = |rendered: &Rendered| rendered.messages.iter().map(|message| message.role).collect::<Vec<_>>();
    if roles(dirty) != [Role::System, Role::User] || roles(clean) != roles(dirty) {
        return Err(format!("other messages: {:?}", roles(dirty)));
    }
    let bytes = |message: &Message| serde_json::to_string(message).expect("a message is JSON");
    if bytes(&clean.messages[0]) != bytes(&dirty.messages[0]) {
        return Err("another system message".to_owned());
    }
    if clean.messages[1].content[0] != dirty.messages[1].content[0] || dirty.prompt != clean.prompt {
        return Err("another picture, or another prompt".to_owned());
    }
    let (before, after) = (lines(&clean.messages[1]), lines(&dirty.messages[1]));
    if before.len() != after.len() {
        return Err(format!("{} lines became {}", before.len(), after.len()));
    }
    let changed: Vec<_> = before.iter().zip(&after).filter(|(before, after)| before != after).collect();
    let [(before, after)] = changed.as_slice() else {
        return Err(format!("{} lines changed", changed.len()));
    };
    let parse = |line: &str| {
        let (name, json) = line.strip_prefix("DATA ")?.split_once(' ')?;
        Some((name.to_owned(), serde_json::from_str::<Value>(json).ok()?))
    };
    let (Some((name, _)), Some((same, value))) = (parse(before), parse(after)) else {
        return Err(format!("no `DATA` line: {after:.200}"));
    };
    let (field, inside) =
        place[1..].split_once('/').map_or((&place[1..], ""), |(field, _)| (field, &place[field.len() + 1..]));
    let line = if field == "brand" { "brand_rules" } else { field };
    if name != same || name != line {
        return Err(format!("the line of `{name}` became that of `{same}`"));
    }
    let found = value.pointer(inside).and_then(Value::as_str).unwrap_or_default();
    if found == let_through(&poison.text) { Ok(()) } else { Err(format!("it became another text: {found:.200}")) }
}

#[test]
fn a_strangers_words_stay_one_value_on_one_line() {
    let sources = library();
    let mut n = 0;
    for name in ["alt_text", "description", "tags"] {
        let prompt = sources.prompt(name).expect("loads");
        let schema = prompt.output().expect("a schema").canonical().to_owned();
        let clean = render(&prompt, &harmless(name));
        for (poison, place) in
            corpus().iter().flat_map(|poison| places(name).into_iter().map(move |place| (poison, place)))
        {
            let mut input = harmless(name);
            *input.pointer_mut(place).expect("the place is there") = poison.text.as_str().into();
            let dirty = render(&prompt, &input);
            let compared = compare(&clean, &dirty, place, poison);
            assert_eq!(compared, Ok(()), "`{}` at `{place}` of `{name}`", poison.id);
            assert_eq!(prompt.output().expect("a schema").canonical(), schema, "`{}`", poison.id);
            n += 1;
        }
    }
    assert!(n >= 3000, "{n} renderings");
}

/// All places at once, as when one stranger owns the page and the file.
#[test]
fn a_stranger_in_every_place_changes_data_lines_only() {
    let sources = library();
    for name in ["alt_text", "description", "tags"] {
        let prompt = sources.prompt(name).expect("loads");
        let clean = render(&prompt, &harmless(name));
        for poison in corpus() {
            let mut input = harmless(name);
            for place in places(name) {
                *input.pointer_mut(place).expect("the place is there") = poison.text.as_str().into();
            }
            let dirty = render(&prompt, &input);
            assert_eq!(dirty.messages[0], clean.messages[0], "`{}` of `{name}`", poison.id);
            let (before, after) = (lines(&clean.messages[1]), lines(&dirty.messages[1]));
            assert_eq!(before.len(), after.len(), "`{}` of `{name}`", poison.id);
            for (before, after) in before.iter().zip(&after) {
                let is_data = before.starts_with("DATA ") && before.split(' ').nth(1) == after.split(' ').nth(1);
                assert!(before == after || is_data, "`{}` of `{name}`: {after:.200}", poison.id);
            }
        }
    }
}

/// Every variable of a stranger's is tested: a new one in a prompt has to be added to `places`.
#[test]
fn every_text_of_an_input_is_a_place_or_our_own() {
    const OURS: [&str; 8] = [
        "/image",
        "/content_type",
        "/locale",
        "/placement",
        "/max_characters",
        "/max_tags",
        "/categories/0/id",
        "/categories/0/label",
    ];
    fn walk(schema: &Value, path: &str, found: &mut BTreeSet<String>) {
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            properties.iter().for_each(|(name, schema)| walk(schema, &format!("{path}/{name}"), found));
        } else if let Some(items) = schema.get("items") {
            walk(items, &format!("{path}/0"), found);
        } else {
            found.insert(path.to_owned());
        }
    }
    for name in ["alt_text", "description", "moderation", "tags", "visible_text"] {
        let prompt = library().prompt(name).expect("loads");
        let mut found = BTreeSet::new();
        walk(prompt.input().expect("a schema").as_value(), "", &mut found);
        let known: BTreeSet<String> = places(name).into_iter().chain(OURS).map(str::to_owned).collect();
        assert_eq!(found.difference(&known).collect::<Vec<_>>(), Vec::<&String>::new(), "`{name}`");
    }
}

#[test]
fn the_corpus_is_varied() {
    let corpus = corpus();
    assert!(corpus.len() >= 90, "{} texts", corpus.len());
    let ids: BTreeSet<&str> = corpus.iter().map(|poison| poison.id.as_str()).collect();
    assert_eq!(ids.len(), corpus.len(), "two texts have one id");
    let languages: BTreeSet<&str> = corpus.iter().map(|poison| poison.language.as_str()).collect();
    assert!(languages.len() > 10, "{languages:?}");
    let mut tricks: BTreeMap<&str, usize> = BTreeMap::new();
    corpus.iter().for_each(|poison| *tricks.entry(&poison.trick).or_default() += 1);
    assert!(tricks.len() >= 11 && tricks.values().all(|n| *n >= 3), "{tricks:?}");
    for needed in [
        "\u{2028}",
        "\u{85}",
        "\u{202e}",
        "\u{200b}",
        "\u{1b}",
        "\u{fdd0}",
        "{{",
        "<|im_start|>",
        "\0",
        "DATA brand_rules",
    ] {
        assert!(corpus.iter().any(|poison| poison.text.contains(needed)), "{needed:?}");
    }
}
