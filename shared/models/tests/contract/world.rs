//! The same script played by either provider's server.

use crate::server::{self, Wire};
use models::book::Book;
use models::double::{Double, Reply, Rule, Script};
use models::replay::{Cassette, Recorder, Replayer};
use models::{Answer, Bedrock, Environment, HttpClient, ModelResult, Models, Request, TextModel};
use ports::Clock;
use serde_json::{Value, json};
use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Bedrock,
    OpenAi,
    BedrockReplayed,
    OpenAiReplayed,
}

impl Kind {
    pub fn is_bedrock(self) -> bool {
        matches!(self, Kind::Bedrock | Kind::BedrockReplayed)
    }

    pub fn is_replayed(self) -> bool {
        matches!(self, Kind::BedrockReplayed | Kind::OpenAiReplayed)
    }
}

/// What the server does with one call.
#[derive(Clone, Debug)]
pub enum Step {
    Text(&'static str),
    /// The answer to a schema: a tool's input where a tool is asked for.
    Json(Value),
    Refusal,
    /// A text that was cut off.
    Cut(&'static str),
    /// Input (all of it), of that from the cache, output.
    Usage(u64, u64, u64),
    Error {
        status: u16,
        message: &'static str,
        retry_after: Option<u64>,
    },
    /// The whole answer of what is neither a chat nor an embedding.
    Body(Value),
    /// Nothing for a minute.
    Silence,
    /// The connection breaks.
    Hangup,
}

pub struct Outcome {
    pub result: ModelResult<Answer>,
    /// The bodies that the server saw.
    pub bodies: Vec<Value>,
    pub elapsed_ms: u64,
}

/// The model of the book, with a line changed.
pub struct Setup<'a> {
    pub structured_output: &'static str,
    pub extra: &'a str,
}

impl Default for Setup<'_> {
    fn default() -> Self {
        Setup { structured_output: "native", extra: "" }
    }
}

pub fn book(kind: Kind, setup: &Setup<'_>, url: &str) -> Book {
    let provider = if kind.is_bedrock() {
        "provider = \"bedrock\"".into()
    } else {
        format!("provider = \"openai\"\nurl = \"{url}\"\nkey_variable = \"TEST_KEY\"")
    };
    let text = format!(
        "[[model]]\nid = \"asked\"\nmodel = \"vendor.model-v1:0\"\n{provider}\nkind = \"text\"\ninputs = [\"text\", \"image\"]
structured_output = \"{}\"\nprompt_cache = true\nmax_out = 4000
image = {{ long_edge = 100, bytes = 1000, count = 2 }}
price = {{ in = 1000000, out = 5000000, cache_read = 100000, source = \"test\", date = \"2026-01-01\", verified = false }}
{}
",
        setup.structured_output, setup.extra
    );
    Book::parse("test.toml", &text).expect("a good book")
}

pub fn environment(url: &str) -> Environment {
    let url = url.to_owned();
    Environment::read(move |name| {
        let value = match name {
            "AWS_REGION" => "us-east-1",
            "AWS_ACCESS_KEY_ID" => "AKIATEST",
            "AWS_SECRET_ACCESS_KEY" => "secret",
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME" => &url,
            _ => return None,
        };
        Some(value.to_owned())
    })
    .expect("complete")
}

fn error_name(status: u16) -> &'static str {
    match status {
        400 => "ValidationException",
        404 => "ResourceNotFoundException",
        408 => "ModelTimeoutException",
        424 => "ModelErrorException",
        429 => "ThrottlingException",
        503 => "ServiceUnavailableException",
        other => panic!("no name for {other}"),
    }
}

/// The step as a rule of the double for its call.
fn rule(index: usize, step: &Step) -> Rule {
    let text = |text: &str| Reply { text: Some(text.to_owned()), ..Reply::default() };
    let reply = match step {
        Step::Text(words) => text(words),
        Step::Json(value) => Reply { json: Some(value.clone()), ..Reply::default() },
        Step::Refusal => Reply { stop_reason: Some("content_filtered".into()), ..text("") },
        Step::Cut(words) => Reply { stop_reason: Some("max_tokens".into()), ..text(words) },
        Step::Usage(input, cached, output) => Reply {
            usage: Some(json!({
                "inputTokens": input - cached, "outputTokens": output, "cacheReadInputTokens": cached,
                "cacheWriteInputTokens": 0, "totalTokens": input + output,
            })),
            ..text("used")
        },
        Step::Error { status, message, retry_after } => Reply {
            error: Some(error_name(*status).into()),
            message: Some((*message).into()),
            retry_after: *retry_after,
            ..Reply::default()
        },
        Step::Body(value) => Reply { json: Some(value.clone()), ..Reply::default() },
        Step::Silence => Reply { latency_ms: 60_000, ..Reply::default() },
        Step::Hangup => Reply { cut: true, ..text("half") },
    };
    Rule { calls: vec![index as u64 + 1], reply, ..Rule::default() }
}

pub fn deadline(ms: u64) -> u64 {
    embedded::SystemClock.now_ms() + ms
}

/// Both providers' servers, each with the same steps.
pub struct Servers {
    pub double: Double,
    pub wire: Wire,
}

impl Servers {
    pub async fn start(steps: &[Step]) -> Self {
        // Each rule counts all calls, so that the n-th rule is for the n-th call.
        let rules = steps.iter().enumerate().map(|(index, step)| rule(index, step)).collect();
        let double = Double::start(Script::of(rules).expect("good rules")).await.expect("starts");
        Servers { double, wire: Wire::start(steps.to_vec()).await }
    }

    /// Connects a book in which `{URL}` stands for the address of the OpenAI-compatible server.
    pub fn models(&self, book: &str) -> Models {
        let book = Book::parse("test.toml", &book.replace("{URL}", &self.wire.url)).expect("a good book");
        let http = Arc::new(HttpClient::new().expect("certificates"));
        Models::new(book, Arc::new(embedded::SystemClock))
            .with_bedrock(Bedrock::new(&environment(&self.double.url())))
            .with_openai(http, |name| (name == "TEST_KEY").then(|| server::KEY.to_owned()))
    }
}

/// Asks a model whose server takes these steps, and replays what was recorded where the kind says so.
pub async fn ask(kind: Kind, setup: Setup<'_>, steps: &[Step], request: &Request, within_ms: u64) -> Outcome {
    let clock: Arc<dyn Clock> = Arc::new(embedded::SystemClock);
    let Servers { double, wire } = Servers::start(steps).await;
    let book = book(kind, &setup, &wire.url);
    let models = Models::new(book, clock);
    let models = if kind.is_bedrock() {
        models.with_bedrock(Bedrock::new(&environment(&double.url())))
    } else {
        let http = Arc::new(HttpClient::new().expect("certificates"));
        models.with_openai(http, |name| (name == "TEST_KEY").then(|| server::KEY.to_owned()))
    };
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("cassette.jsonl");
    let cassette = Arc::new(Cassette::open(&path).expect("opens"));
    let recorder: Arc<dyn TextModel> =
        Arc::new(Recorder::new(models.text("asked").expect("connects"), cassette.clone()));
    let started_ms = embedded::SystemClock.now_ms();
    let result = recorder.generate(request, deadline(within_ms)).await;
    let elapsed_ms = embedded::SystemClock.now_ms() - started_ms;
    let bodies = match kind.is_bedrock() {
        true => double.log().iter().map(|entry| entry["body"].clone()).collect(),
        false => wire.bodies(),
    };
    if !kind.is_replayed() {
        return Outcome { result, bodies, elapsed_ms };
    }
    drop((double, wire, models, recorder, cassette));
    let replayer = Replayer::new("asked", Arc::new(Cassette::open(&path).expect("opens again")));
    Outcome { result: replayer.generate(request, 0).await, bodies, elapsed_ms }
}
