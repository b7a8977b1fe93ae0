//! Texts, as the user of the binary gets them: the same picture described by way of two providers, and a person's word on it.

use axum::routing::post;
use axum::{Json, Router};
use models::double::{Double, Reply, Rule, Script};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

const PROFILE: &str = r#"
[models]
vision = "vision"

[[collection]]
name = "default"
keys = ["**"]
jpeg = { quality = 80 }

[[collection.view]]
name = "whole"
widths = [320]

[[collection.text]]
field = "alt_text"
locale = "en"

[[collection.text]]
field = "description"
locale = "en"
"#;

const ALT: &str = "A woman in an orange space suit smiles at the camera.";

/// What the model of either server says to each prompt.
fn answer(schema: &str) -> Value {
    match schema.contains("\"alt\"") {
        true => json!({"alt": ALT, "decorative": false, "evidence": []}),
        false => json!({"description": "A woman in an orange space suit stands before a flag.", "evidence": []}),
    }
}

/// A data folder, and a price book with one model and one route.
struct Home {
    folder: tempfile::TempDir,
    bedrock: String,
}

impl Home {
    fn new(provider: &str, bedrock: &str) -> Self {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let book = format!(
            "[[model]]\nid = \"seer\"\nmodel = \"vendor.seer-v1:0\"\nkind = \"text\"\ninputs = [\"text\", \"image\"]\n\
             structured_output = \"native\"\nimage = {{ long_edge = 1568, bytes = 3750000, count = 1 }}\n\
             price = {{ in = 1000000, out = 5000000, source = \"test\", date = \"2026-01-01\", verified = false }}\n{provider}\n\
             [[route]]\nname = \"vision\"\nmodels = [\"seer\"]\nneeds = [\"image\", \"schema\"]\n"
        );
        let data = folder.path().join("data");
        std::fs::create_dir_all(&data).expect("a folder");
        std::fs::write(data.join("profile.toml"), PROFILE).expect("writes");
        std::fs::write(data.join("models.toml"), book).expect("writes");
        Home { folder, bedrock: bedrock.to_owned() }
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("the binary runs")
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_greenroom"));
        command
            .args(args)
            .env("GREENROOM_DATA", self.folder.path().join("data"))
            .env("GREENROOM_DURABILITY", "process")
            .env("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", &self.bedrock)
            .envs([
                ("AWS_REGION", "us-east-1"),
                ("AWS_ACCESS_KEY_ID", "AKIATEST"),
                ("AWS_SECRET_ACCESS_KEY", "secret"),
            ]);
        command
    }

    fn json(&self, args: &[&str]) -> Value {
        let output = self.run(&[args, &["--json"]].concat());
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{args:?}: {error}: {output:?}"))
    }

    fn text(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(output.status.success(), "{args:?}: {output:?}");
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// Runs hosts until everything is folded that lies there: without one, nobody works.
    fn fold(&self) {
        for number in 0..10 {
            let copy = self.folder.path().join(format!("copy {number}.jpg"));
            std::fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(PICTURE), &copy).expect("copies");
            self.json(&["add", copy.to_str().expect("UTF-8")]);
            if self.json(&["verify"])["problems"] == json!([]) {
                return;
            }
        }
        panic!("it is never folded: {:#}", self.json(&["verify"]));
    }

    fn text_of_failure(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(!output.status.success(), "{args:?}: {output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Adds a picture and returns its row.
    fn add(&self, sample: &str) -> Value {
        let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(sample);
        let rows = self.json(&["add", path.to_str().expect("UTF-8")]);
        rows.as_array().expect("rows").last().cloned().unwrap_or_else(|| panic!("no row: {rows}"))
    }
}

const PICTURE: &str = "Portrait Eileen Collins.jpg";

fn bedrock_rules() -> Vec<Rule> {
    let to_rule = |field: &str, answer: Value| Rule {
        body: Some(field.to_owned()),
        reply: Reply { json: Some(answer), ..Reply::default() },
        ..Rule::default()
    };
    vec![to_rule("alternative text of one picture", answer("\"alt\"")), to_rule("long description of one", answer(""))]
}

/// A server that speaks OpenAI's protocol.
async fn openai() -> (String, Arc<Mutex<u32>>) {
    let n_calls = Arc::new(Mutex::new(0));
    let seen = n_calls.clone();
    let chat = move |Json(body): Json<Value>| {
        *seen.lock().expect("not poisoned") += 1;
        let content = answer(&body["response_format"].to_string()).to_string();
        let choice = json!({"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"});
        let usage = json!({"prompt_tokens": 900, "completion_tokens": 30, "total_tokens": 930});
        let answer = json!({"id": "chat-1", "object": "chat.completion", "created": 1, "model": "seer-of-here", "choices": [choice], "usage": usage});
        async move { Json(answer) }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let url = format!("http://{}/v1", listener.local_addr().expect("an address"));
    let router =
        Router::new().route("/v1/chat/completions", post(chat)).layer(axum::extract::DefaultBodyLimit::disable());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, n_calls)
}

fn described(home: &Home) {
    let row = home.add(PICTURE);
    assert_eq!(row["state"], "ready", "{row:#}");
    let [alt, description] = &row["texts"].as_array().expect("texts")[..] else { panic!("{row:#}") };
    assert_eq!((&alt["text"], &alt["status"], &alt["field"]), (&json!(ALT), &json!("machine"), &json!("alt_text")));
    assert_eq!(description["field"], "description");
    let why = home.text(&["why", PICTURE]);
    assert!(why.contains(&format!("alt text in en: written by a model: \"{ALT}\"")), "{why}");
}

#[cfg(feature = "aws")]
#[tokio::test(flavor = "multi_thread")]
async fn a_picture_is_described_by_way_of_bedrock() {
    let double = Double::start(Script::of(bedrock_rules()).expect("a script")).await.expect("starts");
    let home = Home::new("provider = \"bedrock\"", &double.url());
    described(&home);
    assert_eq!(double.log().len(), 2);
    let why = home.text(&["why", PICTURE, "--field", "alt_text"]);
    for part in
        ["model asked          seer", "prompt               alt_text 1.0.0", "cost                 $0.00", "request id"]
    {
        assert!(why.contains(part), "{part}: {why}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_by_way_of_an_openai_compatible_server() {
    let (url, n_calls) = openai().await;
    let home = Home::new(&format!("provider = \"openai\"\nurl = \"{url}\""), "");
    described(&home);
    let why = home.text(&["why", PICTURE, "--field", "alt_text"]);
    assert!(
        why.contains("model answered       seer-of-here") && why.contains("cost                 $0.001050"),
        "{why}"
    );
    assert_eq!(*n_calls.lock().expect("not poisoned"), 2);

    let cost = home.json(&["cost", "--by", "model"]);
    assert_eq!(
        (&cost["rows"][0]["model"], &cost["rows"][0]["calls"], &cost["micro_usd"]),
        (&json!("seer-of-here"), &json!(2), &json!(2100))
    );
    assert!(
        home.text(&["cost"]).contains("alt_text     1      0       0          900        30          $0.001050"),
        "{}",
        home.text(&["cost"])
    );

    // A person's word.
    assert!(home.text(&["review", "ls"]).contains("nothing waits"));
    let edit = ["review", "edit", PICTURE, "--text", "Astronaut Eileen Collins.", "--by", "ada"];
    assert!(home.text(&edit).contains("recorded: alt text in en"));
    // The same bytes under another key are described without a call.
    home.fold();
    let rows = home.json(&["ls"]);
    let of = |key: &str| rows.as_array().expect("rows").iter().find(|row| row["key"] == key).expect("a row").clone();
    assert_eq!(of(PICTURE)["texts"][0]["text"], "Astronaut Eileen Collins.");
    assert_eq!(of(PICTURE)["texts"][0]["status"], "human");
    assert_eq!(of("copy 0.jpg")["texts"][0]["text"], ALT);
    assert_eq!(*n_calls.lock().expect("not poisoned"), 2, "nobody was asked again");
}

/// Files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_changed_byte_of_what_was_written_is_noticed() {
    let (url, _) = openai().await;
    let home = Home::new(&format!("provider = \"openai\"\nurl = \"{url}\""), "");
    home.add(PICTURE);
    home.text(&["review", "edit", PICTURE, "--text", "Astronaut Eileen Collins.", "--by", "ada"]);
    home.fold();
    let store = home.folder.path().join("data/store/assets");
    let facts: Vec<PathBuf> =
        files(&store).into_iter().filter(|path| path.to_string_lossy().contains("/facts/")).collect();
    assert!(facts.len() >= 6, "{facts:?}");
    let change = |path: &Path, at: usize| {
        let bytes = std::fs::read(path).expect("reads");
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        std::fs::write(path, changed).expect("writes");
        let output = home.run(&["verify"]);
        assert!(!output.status.success(), "byte {at} of `{}`", path.display());
        std::fs::write(path, bytes).expect("writes");
    };
    for fact in &facts {
        let length = std::fs::metadata(fact).expect("is there").len() as usize;
        (0..12).for_each(|part| change(fact, (length - 1) * part / 11));
    }
    // The manifest's own copy of the words, and the conclusion drawn from them.
    let manifest = files(&store).into_iter().find(|path| path.ends_with("manifest.json")).expect("a manifest");
    let text = std::fs::read_to_string(&manifest).expect("reads");
    let places: Vec<usize> = text.match_indices("Astronaut").map(|(at, _)| at).collect();
    assert_eq!(places.len(), 2, "the verdict and what is in force");
    places.into_iter().for_each(|at| change(&manifest, at));
    std::fs::remove_file(&facts[0]).expect("removes");
    assert!(home.text_of_failure(&["verify"]).contains("is in the manifest and not in the store"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_without_certificates_starts_and_reaches_a_server_of_its_own() {
    let (url, _) = openai().await;
    let home = Home::new(&format!("provider = \"openai\"\nurl = \"{url}\""), "");
    let picture = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(PICTURE);
    let mut command = home.command(&["add", picture.to_str().expect("UTF-8"), "--json"]);
    let none = home.folder.path().join("none");
    let output = command.env("SSL_CERT_FILE", &none).env("SSL_CERT_DIR", &none).output().expect("the binary runs");
    assert!(output.status.success(), "{output:?}");
    let rows: Value = serde_json::from_slice(&output.stdout).expect("rows");
    assert_eq!(rows[0]["texts"][0]["text"], ALT, "{rows:#}");
}

#[test]
fn the_doctor_knows_whether_anybody_can_write() {
    let home = Home::new("provider = \"openai\"\nurl = \"http://127.0.0.1:9/v1\"", "");
    let models = |home: &Home| {
        let checks = home.json(&["doctor"]);
        let check = checks.as_array().expect("checks").iter().find(|check| check["name"] == "models").cloned();
        check.unwrap_or_else(|| panic!("no check of models: {checks:#}"))
    };
    assert_eq!(models(&home)["found"], "texts by `seer`");
    let book = home.folder.path().join("data/models.toml");
    let text = std::fs::read_to_string(&book).expect("reads");
    let change = |from: &str, to: &str| {
        let changed: String =
            text.lines().map(|line| if line.starts_with(from) { to } else { line }.to_owned() + "\n").collect();
        std::fs::write(&book, changed).expect("writes");
        let check = models(&home);
        assert_eq!(check["ok"], false, "{check:#}");
        check["found"].as_str().expect("words").to_owned()
    };
    assert_eq!(change("price", ""), "`seer` has no price, so nothing may be spent on it");
    let ended =
        change("url", "url = \"http://127.0.0.1:9/v1\"\nend_of_life = { date = \"2026-01-31\", source = \"test\" }");
    assert_eq!(ended, "`seer` ended on 2026-01-31");
    assert!(change("name", "name = \"other\"").contains("`vision`"));
}

#[test]
fn without_a_model_the_picture_is_there_and_the_text_is_blocked() {
    let home = Home::new("provider = \"openai\"\nurl = \"http://127.0.0.1:9/v1\"", "");
    let profile = home.folder.path().join("data/profile.toml");
    std::fs::write(profile, PROFILE.replace("[models]\nvision = \"vision\"\n", "")).expect("writes");
    let row = home.add(PICTURE);
    assert_eq!(row["state"], "ready_with_gaps", "{row:#}");
    assert!(!row["outputs"].as_array().expect("outputs").is_empty());
    let why = home.text(&["why", PICTURE]);
    assert!(why.contains("refused (blocked): no model is configured for alt text"), "{why}");
    assert!(why.contains("vision = \"NAME\""), "{why}");
}

#[test]
fn the_readme_and_the_shipped_profile_say_what_works() {
    let readme = include_str!("../../../README.md");
    let block = |begin: &str| {
        let from = readme.find(begin).unwrap_or_else(|| panic!("`{begin}` is not in the README"));
        readme[from..].split("```").next().expect("a block").to_owned()
    };
    models::book::Book::parse("README.md", &block("[[model]]")).expect("a price book");
    let here = format!("{}\n{}", block("[models]\ntags"), asset::profile::DEFAULT_PROFILE);
    let here = asset::profile::Profile::parse("README.md", &here).expect("a profile").models;
    let shipped = models_local::manifest::Manifest::shipped().expect("a manifest");
    for name in here.fields.values().chain(&here.embedding) {
        shipped.model(name).expect("a model of this machine");
    }
    let shown = block("[models]\nvision");
    let (models, text) = shown.split_once("[[collection.text]]").expect("a text");
    let profile = PROFILE
        .split("[[collection.text]]")
        .next()
        .expect("a profile")
        .replace("[models]\nvision = \"vision\"", models);
    let profile = asset::profile::Profile::parse("README.md", &format!("{profile}\n[[collection.text]]{text}"))
        .expect("a profile");
    assert_eq!((profile.models.vision.as_deref(), profile.collections[0].texts.len()), (Some("here"), 1));

    let (head, commented) = asset::profile::DEFAULT_PROFILE.split_once("# [models]").expect("the commented part");
    let commented: String = format!("# [models]{commented}")
        .lines()
        .map(|line| line.trim_start_matches(['#', ' ']).to_owned() + "\n")
        .collect();
    let (models, text) = commented.split_once("[[collection.text]]").expect("a text");
    let whole = format!("{models}\n{head}\n[[collection.text]]{text}");
    let profile = asset::profile::Profile::parse("default.toml", &whole).expect("a profile");
    assert_eq!(profile.collections[0].texts[0].max_characters, 150);
}
