//! Tags, visible text and moderation, as the user of the binary gets them.

use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, Output};

const PROFILE: &str = r#"
[models]
vision = "seer"

[[vocabulary]]
name = "subjects"
file = "subjects.toml"

[[collection]]
name = "default"
keys = ["**"]
jpeg = { quality = 80 }

[[collection.view]]
name = "whole"
widths = [320]

[[collection.text]]
field = "tags"
vocabulary = "subjects"

[[collection.text]]
field = "visible_text"

[[collection.text]]
field = "moderation"
"#;

const SUBJECTS: &str =
    "max_tags = 4\n[[term]]\nid = \"astronaut\"\nlabel = \"Astronaut\"\n[[term]]\nid = \"flag\"\nlabel = \"Flag\"\n";

const PICTURE: &str = "Portrait Eileen Collins.jpg";

/// A server that speaks OpenAI's protocol and answers each schema.
async fn openai() -> String {
    let chat = |Json(body): Json<Value>| async move {
        let schema = body["response_format"].to_string();
        let content = if schema.contains("\"tags\"") {
            json!({"tags": [{"confidence": "high", "id": "astronaut"}, {"confidence": "low", "id": "moon"}], "suggestions": ["portrait"]})
        } else if schema.contains("\"lines\"") {
            json!({"lines": [{"confidence": "high", "text": "NASA"}, {"confidence": "high", "text": "COLLINS"}]})
        } else {
            json!({"categories": [{"confidence": "medium", "id": "weapons"}]})
        };
        let message = json!({"role": "assistant", "content": content.to_string()});
        let choice = json!({"index": 0, "message": message, "finish_reason": "stop"});
        let usage = json!({"prompt_tokens": 900, "completion_tokens": 30, "total_tokens": 930});
        Json(
            json!({"id": "c", "object": "chat.completion", "created": 1, "model": "seer", "choices": [choice], "usage": usage}),
        )
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let url = format!("http://{}/v1", listener.local_addr().expect("an address"));
    let router =
        Router::new().route("/v1/chat/completions", post(chat)).layer(axum::extract::DefaultBodyLimit::disable());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

struct Home(tempfile::TempDir);

impl Home {
    fn new(url: &str) -> Self {
        let home = Home(tempfile::tempdir().expect("a scratch folder"));
        let book = format!(
            "[[model]]\nid = \"seer\"\nprovider = \"openai\"\nurl = \"{url}\"\nmodel = \"seer\"\nkind = \"text\"\n\
             inputs = [\"text\", \"image\"]\nstructured_output = \"native\"\nfree = true\n\
             image = {{ long_edge = 1568, bytes = 3750000, count = 1 }}\n"
        );
        home.write("profile.toml", PROFILE);
        home.write("subjects.toml", SUBJECTS);
        home.write("models.toml", &book);
        home
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.path().join(name), text).expect("writes");
    }

    fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_greenroom"));
        command.args(args).env("GREENROOM_DATA", self.0.path()).env("GREENROOM_DURABILITY", "process");
        command.output().expect("the binary runs")
    }

    fn text(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(output.status.success(), "{args:?}: {output:?}");
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    fn add(&self, sample: &str) -> Value {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(sample);
        let output = self.run(&["add", path.to_str().expect("UTF-8"), "--json"]);
        let rows: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
        rows.as_array().and_then(|rows| rows.last()).cloned().expect("a row")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_is_tagged_read_and_looked_at() {
    let home = Home::new(&openai().await);
    let row = home.add(PICTURE);
    assert_eq!(row["state"], "in_review", "{row:#}");
    let words = |field: &str| {
        let texts = row["texts"].as_array().expect("texts");
        texts.iter().find(|text| text["field"] == field).cloned().unwrap_or_else(|| panic!("no {field}: {row:#}"))
    };
    assert_eq!((&words("tags")["text"], &words("tags")["status"]), (&json!("astronaut"), &json!("machine")));
    assert_eq!(words("visible_text")["text"], "NASA\nCOLLINS");
    assert_eq!(words("moderation")["status"], "in_review");
    let why = home.text(&["why", PICTURE]);
    for part in [
        "tags: written by a model: astronaut",
        "moderation: a model's words wait for a person: weapons",
        "moderation: flagged: Weapons",
    ] {
        assert!(why.contains(part), "{part}: {why}");
    }
    let tags = home.text(&["why", PICTURE, "--field", "tags"]);
    for part in ["not in the vocabulary moon", "not in the vocabulary portrait", "unknown_term: the model gave `moon`"]
    {
        assert!(tags.split_whitespace().collect::<Vec<_>>().join(" ").contains(part), "{part}: {tags}");
    }
    assert!(home.text(&["review", "ls"]).contains("moderation"));
    let approve = ["review", "approve", PICTURE, "--field", "moderation", "--by", "ada"];
    assert!(home.text(&approve).contains("recorded: moderation of"));
    let cost = home.text(&["cost", "--by", "capability"]);
    assert!(cost.contains("visible_text") && cost.contains("moderation"), "{cost}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vocabulary_that_is_not_there_or_wrong_is_said_with_its_line() {
    let home = Home::new(&openai().await);
    home.write("subjects.toml", "max_tags = 4\n[[term]]\nid = \"a\"\nlabel = \"\"\n");
    let output = home.run(&["ls"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("subjects.toml:4: term[0]: a label is empty or long"), "{said}");
    std::fs::remove_file(home.0.path().join("subjects.toml")).expect("removes");
    let said = String::from_utf8_lossy(&home.run(&["ls"]).stderr).into_owned();
    assert!(said.contains("profile.toml:7: vocabulary[0].file: `subjects.toml` cannot be read"), "{said}");
}
