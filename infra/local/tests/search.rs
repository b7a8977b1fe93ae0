//! Search by words and by meaning, as the user of the binary gets it: pictures are mapped by a server of the machine's own.

use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

const PROFILE: &str = r#"
[models]
embedding = "compass"

[[collection]]
name = "default"
keys = ["**"]
jpeg = { quality = 80 }

[[collection.view]]
name = "whole"
widths = [320]
"#;

/// Two pictures of the sea, one that is not, and one whose name says nothing.
const PICTURES: [(&str, &str); 4] = [
    ("Portrait Eileen Collins.jpg", "Harbour at night.jpg"),
    ("World map 5400x2700.jpg", "Pier.jpg"),
    ("Portrait Eileen Collins.jpg", "Summit.jpg"),
    ("World map 5400x2700.jpg", "IMG_4127.jpg"),
];

/// Maps what has to do with water to the east, mountains to the north.
fn point(text: &str) -> [f32; 2] {
    let text = text.to_lowercase();
    let of = |words: &[&str]| if words.iter().any(|word| text.contains(word)) { 1.0 } else { 0.0 };
    [of(&["sea", "pier", "harbour"]), of(&["summit", "mountain"])]
}

/// A server that speaks OpenAI's protocol, and the texts that it was asked to map.
async fn server() -> (String, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = asked.clone();
    let embeddings = move |Json(body): Json<Value>| {
        let text = body["input"].as_str().expect("a text").to_owned();
        let data = json!([{"object": "embedding", "index": 0, "embedding": point(&text)}]);
        seen.lock().expect("not poisoned").push(text);
        let usage = json!({"prompt_tokens": 4, "total_tokens": 4});
        async move { Json(json!({"object": "list", "data": data, "model": "compass-of-here", "usage": usage})) }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let url = format!("http://{}/v1", listener.local_addr().expect("an address"));
    let router = Router::new().route("/v1/embeddings", post(embeddings));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, asked)
}

struct Home(tempfile::TempDir);

impl Home {
    fn new(url: &str) -> Self {
        let home = Home(tempfile::tempdir().expect("a scratch folder"));
        let data = home.0.path().join("data");
        std::fs::create_dir_all(&data).expect("a folder");
        std::fs::write(data.join("profile.toml"), PROFILE).expect("writes");
        home.book(url);
        home
    }

    fn book(&self, url: &str) {
        let book = format!(
            "[[model]]\nid = \"compass\"\nprovider = \"openai\"\nurl = \"{url}\"\nmodel = \"compass\"\n\
             kind = \"embedding\"\ninputs = [\"text\"]\nfree = true\n"
        );
        std::fs::write(self.0.path().join("data/models.toml"), book).expect("writes");
    }

    fn json(&self, args: &[&str]) -> Value {
        let mut command = Command::new(env!("CARGO_BIN_EXE_greenroom"));
        command.args(args).arg("--json").env("GREENROOM_DATA", self.0.path().join("data"));
        let output = command.env("GREENROOM_DURABILITY", "process").output().expect("the binary runs");
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{args:?}: {error}: {output:?}"))
    }

    fn add(&self, (sample, name): (&str, &str)) -> Value {
        let copy = self.0.path().join(name);
        std::fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(sample), &copy).expect("copies");
        self.json(&["add", copy.to_str().expect("UTF-8")])
    }

    /// Searches, and returns key and reason of each hit.
    fn search(&self, query: &str, meaning: &str) -> Vec<(String, String)> {
        let answer = self.json(&["search", query, "--limit", "10"]);
        assert_eq!(answer["meaning"], meaning, "{answer:#}");
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        answer["hits"].as_array().expect("hits").iter().map(|hit| (text(&hit["key"]), text(&hit["why"]))).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_shown_is_found_and_not_only_what_is_said() {
    let (url, asked) = server().await;
    let home = Home::new(&url);
    for picture in PICTURES {
        home.add(picture);
    }
    let states = home.json(&["ls"]);
    assert!(states.as_array().is_some_and(|rows| rows.iter().all(|row| row["state"] == "ready")), "{states:#}");
    let mut mapped = asked.lock().expect("not poisoned").clone();
    mapped.sort_unstable();
    assert_eq!(mapped, ["Harbour at night", "Pier", "Summit"], "a name without words is not mapped");

    let hit = |key: &str, why: &str| (key.to_owned(), why.to_owned());
    let mut found = home.search("the sea", "used");
    found.sort_unstable();
    assert_eq!(found, [hit("Harbour at night.jpg", "meaning"), hit("Pier.jpg", "meaning")]);
    assert_eq!(home.search("harbour", "used")[0], hit("Harbour at night.jpg", "both"));
    assert_eq!(home.search("4127", "used"), [hit("IMG_4127.jpg", "words")], "no direction, no meaning");
    assert_eq!(home.json(&["search", "harbour", "--limit", "1"])["hits"].as_array().map(Vec::len), Some(1));
    let cost = home.json(&["cost"]);
    let calls: Vec<(&Value, &Value)> =
        cost["rows"].as_array().expect("rows").iter().map(|row| (&row["capability"], &row["calls"])).collect();
    assert_eq!(calls, [(&json!("embed"), &json!(3)), (&json!("search"), &json!(4))]);

    // The server goes away: words are found, and why meaning is not used is said.
    home.book("http://127.0.0.1:9/v1");
    assert_eq!(home.search("harbour", "failed"), [hit("Harbour at night.jpg", "words")]);
    let answer = home.json(&["search", "harbour"]);
    assert!(answer["why"].as_str().is_some_and(|why| why.contains("compass")), "{answer:#}");
    // And without a model in the profile nobody is asked.
    let n_asked = asked.lock().expect("not poisoned").len();
    std::fs::write(home.0.path().join("data/profile.toml"), PROFILE.replace("embedding = \"compass\"", ""))
        .expect("writes");
    home.book(&url);
    assert_eq!(home.search("harbour", "off"), [hit("Harbour at night.jpg", "words")]);
    assert_eq!(asked.lock().expect("not poisoned").len(), n_asked);
}
