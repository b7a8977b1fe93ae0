//! A data folder with a host, a model server of its own that tells prompts apart, and a prompt that was changed.

use asset::ids::AssetId;
use axum::routing::post;
use axum::{Json, Router};
use prompts::eval::recording_key;
use prompts::{Data, Prompt, Sources, library};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What the model writes when it is asked by our own prompt, and by the changed one.
pub const OLD: &str = "A woman in an orange space suit smiles at the camera.";
pub const NEW: &str = "An astronaut in orange smiles at the camera.";
pub const LONG: &str = "A woman in an orange space suit stands before a flag.";

const OLD_RULE: &str = "Write one or two plain sentences";
const NEW_RULE: &str = "Write exactly one plain sentence";

const PROFILE: &str = r#"
[models]
vision = "seer"

[[collection]]
name = "default"
keys = ["**"]
jpeg = { quality = 80 }

[[collection.view]]
name = "whole"
widths = [32]

[[collection.text]]
field = "alt_text"
locale = "en"
"#;

pub const DESCRIPTION: &str = "[[collection.text]]\nfield = \"description\"\nlocale = \"en\"\n";

/// Questions that the model was asked: `old`, `new`, `description`.
pub type Asked = Arc<Mutex<Vec<&'static str>>>;

pub struct World {
    folder: tempfile::TempDir,
    asked: Asked,
    /// Its standard output is held open: a closed one would end it.
    host: Option<(Child, BufReader<ChildStdout>)>,
}

impl World {
    /// A data folder whose profile asks for alternative texts, and for `more`. Nobody works on it yet.
    pub async fn new(more: &str) -> Self {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let data = folder.path().join("data");
        std::fs::create_dir_all(&data).expect("a folder");
        let (url, asked) = server().await;
        std::fs::write(data.join("profile.toml"), format!("{PROFILE}{more}")).expect("writes");
        let world = World { folder, asked, host: None };
        world.write_book(
            &url,
            "price = { in = 1000000, out = 5000000, source = \"test\", date = \"2026-01-01\", verified = false }",
        );
        std::fs::write(data.join("url"), url).expect("writes");
        let prompts = world.changed_folder();
        std::fs::create_dir(&prompts).expect("a folder");
        for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/prompts/library"))
            .expect("the library")
        {
            let path = entry.expect("an entry").path();
            let text = std::fs::read_to_string(&path).expect("UTF-8");
            let is_changed = path.ends_with("alt_text.prompt");
            let text = if is_changed {
                text.replace(OLD_RULE, NEW_RULE).replace("version: 1.0.0", "version: 1.1.0")
            } else {
                text
            };
            assert!(!is_changed || text.contains(NEW_RULE));
            std::fs::write(prompts.join(path.file_name().expect("a name")), text).expect("writes");
        }
        world
    }

    fn write_book(&self, url: &str, price: &str) {
        let book = format!(
            "[[model]]\nid = \"seer\"\nmodel = \"seer-1\"\nkind = \"text\"\ninputs = [\"text\", \"image\"]\nprovider = \"openai\"\nurl = \"{url}\"\n\
             structured_output = \"native\"\nimage = {{ long_edge = 1568, bytes = 3750000, count = 1 }}\n{price}\n"
        );
        std::fs::write(self.folder.path().join("data/models.toml"), book).expect("writes");
    }

    /// Takes the model's price out of the book.
    pub fn forget_the_price(&self) {
        self.write_book(&std::fs::read_to_string(self.folder.path().join("data/url")).expect("reads"), "");
    }

    fn changed_folder(&self) -> PathBuf {
        self.folder.path().join("prompts")
    }

    /// `--from` with the folder of the changed prompt.
    pub fn from(&self) -> [String; 2] {
        ["--from".to_owned(), self.changed_folder().to_str().expect("UTF-8").to_owned()]
    }

    /// The changed prompt.
    pub fn changed(&self) -> Prompt {
        let mut sources = Sources::default();
        for entry in std::fs::read_dir(self.changed_folder()).expect("the folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_stem().and_then(|name| name.to_str()).expect("UTF-8");
            sources.add_file(name, &std::fs::read_to_string(&path).expect("UTF-8"));
        }
        sources.prompt("alt_text").expect("loads")
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_greenroom"));
        let data = self.folder.path().join("data");
        command.args(args).env("GREENROOM_DATA", data).env("GREENROOM_DURABILITY", "process").env("USER", "ada");
        command
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("the binary runs")
    }

    /// Runs a command that has to work; returns what it said.
    pub fn says(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(output.status.success(), "{args:?}: {output:?}");
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// Runs a command that has to refuse; returns why.
    pub fn refuses(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(!output.status.success(), "{args:?}: {output:?}");
        String::from_utf8([output.stdout, output.stderr].concat()).expect("UTF-8")
    }

    pub fn json(&self, args: &[&str]) -> Value {
        let output = self.run(&[args, &["--json"]].concat());
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{args:?}: {error}: {output:?}"))
    }

    /// Starts a host, which sweeps every second, until the world ends.
    pub fn start(&mut self) {
        let mut command = self.command(&["up", "--console", "127.0.0.1:0", "--s3", "127.0.0.1:0"]);
        command.env("GREENROOM_SWEEP_SECONDS", "1").stdout(Stdio::piped()).stderr(Stdio::null());
        let mut host = command.spawn().expect("the host starts");
        let mut said = BufReader::new(host.stdout.take().expect("it is piped"));
        let mut line = String::new();
        // The first line that it says when it works.
        said.read_line(&mut line).expect("it says where the console is");
        assert!(line.starts_with("console"), "the host did not start: {line}");
        self.host = Some((host, said));
    }

    /// Adds pictures that differ from each other, and waits until they are ready.
    pub fn add(&self, names: &[String]) {
        let folder = self.folder.path().join("pictures");
        std::fs::create_dir_all(&folder).expect("a folder");
        let mut args = vec!["add".to_owned()];
        for name in names {
            let color = &AssetId::of_key(name).to_string();
            let color = &color[color.len() - 6..];
            let picture = format!(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"64\" height=\"48\"><rect width=\"64\" height=\"48\" fill=\"#{color}\"/></svg>"
            );
            std::fs::write(folder.join(name), picture).expect("writes");
            args.push(folder.join(name).to_str().expect("UTF-8").to_owned());
        }
        self.says(&args.iter().map(String::as_str).collect::<Vec<_>>());
    }

    /// Returns each picture's name with status and words of a text.
    pub fn texts(&self, field: &str) -> Vec<(String, String, String)> {
        let rows = self.json(&["ls"]);
        let text = |row: &Value| {
            let found = row["texts"].as_array().expect("texts").iter().find(|text| text["field"] == field).cloned();
            let of = |name: &str| found.as_ref().and_then(|text| text[name].as_str()).unwrap_or_default().to_owned();
            (row["key"].as_str().expect("a key").to_owned(), of("status"), of("text"))
        };
        let mut texts: Vec<_> = rows.as_array().expect("rows").iter().map(text).collect();
        texts.sort();
        texts
    }

    /// Waits until the alternative texts are as they should be, and says how they are if they never are.
    pub fn wait_for(&self, what: &str, is_so: impl Fn(&[(String, String, String)]) -> bool) {
        let started = Instant::now();
        loop {
            let texts = self.texts("alt_text");
            if is_so(&texts) {
                return;
            }
            assert!(started.elapsed() < Duration::from_secs(120), "{what}: {texts:#?}");
            std::thread::sleep(Duration::from_millis(300));
        }
    }

    /// Returns how often the model was asked each kind of question.
    pub fn asked(&self) -> [usize; 3] {
        let asked = self.asked.lock().expect("not poisoned");
        ["old", "new", "description"].map(|kind| asked.iter().filter(|asked| **asked == kind).count())
    }

    /// Writes an eval and the answers to our own prompt and to the changed one; returns the arguments that run it.
    pub fn eval(&self, answer: &str) -> Vec<String> {
        let suite = self.folder.path().join("eval.yaml");
        let text = "prompt: alt_text\ncases:\n  - name: short\n    vars: {image: a, content_type: image/jpeg, placement: informative, \
                    locale: en, max_characters: 150, brand: []}\n    assert: [{type: schema}, {type: max-length, field: alt, value: 60}]\n";
        std::fs::write(&suite, text).expect("writes");
        let vars = prompts::eval::Suite::parse(text).expect("parses").cases.remove(0).vars;
        let own = library().prompt("alt_text").expect("loads");
        let mut recordings = serde_json::Map::new();
        for (prompt, answer) in [(&own, OLD), (&self.changed(), answer)] {
            let rendered = prompt.render(&Data { input: vars.clone(), ..Data::default() }).expect("renders");
            let answer = json!({"alt": answer, "decorative": false, "evidence": []}).to_string();
            recordings
                .insert(recording_key(prompt, &rendered).to_string(), json!({"model": "nobody", "answer": answer}));
        }
        let answers = self.folder.path().join("answers.yaml");
        let text = json!({"source": "written by hand", "recordings": recordings}).to_string();
        std::fs::write(&answers, text).expect("writes");
        let path = |path: &Path| path.to_str().expect("UTF-8").to_owned();
        let args = ["prompts".to_owned(), "eval".to_owned(), path(&suite), "--recordings".to_owned(), path(&answers)];
        args.into_iter().chain(self.from()).collect()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some((host, _)) = &mut self.host {
            // Nothing is lost with it: the folder goes, too.
            let _ = host.kill();
            let _ = host.wait();
        }
    }
}

/// A server that speaks OpenAI's protocol.
async fn server() -> (String, Asked) {
    let asked = Asked::default();
    let seen = asked.clone();
    let chat = move |Json(body): Json<Value>| {
        let question = body["messages"].to_string();
        let (kind, answer) = if question.contains("long description of one") {
            ("description", json!({"description": LONG, "evidence": []}))
        } else {
            let (kind, alt) = if question.contains(NEW_RULE) { ("new", NEW) } else { ("old", OLD) };
            (kind, json!({"alt": alt, "decorative": false, "evidence": []}))
        };
        seen.lock().expect("not poisoned").push(kind);
        let choice = json!({"index": 0, "message": {"role": "assistant", "content": answer.to_string()}, "finish_reason": "stop"});
        let usage = json!({"prompt_tokens": 900, "completion_tokens": 30, "total_tokens": 930});
        let answer = json!({"id": "chat-1", "object": "chat.completion", "created": 1, "model": "seer-1", "choices": [choice], "usage": usage});
        async move { Json(answer) }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let url = format!("http://{}/v1", listener.local_addr().expect("an address"));
    let router =
        Router::new().route("/v1/chat/completions", post(chat)).layer(axum::extract::DefaultBodyLimit::disable());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, asked)
}
