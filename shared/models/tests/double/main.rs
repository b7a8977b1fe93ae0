//! The double itself: by the Rust SDK through our provider, and by boto3, which is nobody's we know.

mod sdk;

use embedded::{Durability, FileStore};
use models::book::Book;
use models::double::{Bucket, Double, HEADER, MARK, Script};
use models::replay::{Cassette, Recorder, Replayer};
use models::{Bedrock, Class, Environment, ModelResult, Models, Part, Request, Schema, TextModel};
use ports::Clock;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

/// The errors of the operations, what they are to the caller, and how often the call is sent.
const ERRORS: [(&str, &str, usize); 11] = [
    ("AccessDeniedException", "permanent", 1),
    ("ConflictException", "permanent", 1),
    ("InternalServerException", "retry", 3),
    ("ModelErrorException", "retry", 2),
    ("ModelNotReadyException", "throttled", 3),
    ("ModelTimeoutException", "retry", 3),
    ("ResourceNotFoundException", "unavailable", 1),
    ("ServiceQuotaExceededException", "throttled", 1),
    ("ServiceUnavailableException", "retry", 3),
    ("ThrottlingException", "throttled", 3),
    ("ValidationException", "permanent", 1),
];

fn models(url: &str) -> Models {
    let url = url.to_owned();
    let environment = Environment::read(|name| match name {
        "AWS_REGION" => Some("us-east-1".into()),
        "AWS_ENDPOINT_URL" => Some(url.clone()),
        _ => {
            name.starts_with("AWS_ACCESS").then(|| "key".into()).or_else(|| name.contains("SECRET").then(|| "s".into()))
        }
    });
    // A clock whose pauses are over at once: the tries are what is counted here.
    let clock = ports::memory::ManualClock::advancing(embedded::SystemClock.now_ms());
    // The shipped models, with a route over two of them: the shipped one has only those with a price.
    let route = "[[route]]\nname = \"two\"\nmodels = [\"claude-haiku-4-5\", \"nova-2-lite\"]\n";
    let book = Book::parse("test.toml", &format!("{}\n{route}", models::book::DEFAULT_BOOK)).expect("a book");
    Models::new(book, Arc::new(clock)).with_bedrock(Bedrock::new(&environment.expect("complete")))
}

async fn ask(model: &dyn TextModel, request: &Request) -> ModelResult<models::Answer> {
    model.generate(request, embedded::SystemClock.now_ms() + 60_000).await
}

fn request(words: &str) -> Request {
    Request::of("", vec![Part::Text(words.into())])
}

#[tokio::test]
async fn every_error_of_the_table_says_what_to_do_next() {
    for (name, expected, n_calls) in ERRORS {
        let script = format!(r#"{{"rules":[{{"operation":"Converse","reply":{{"error":"{name}"}}}}]}}"#);
        let double = Double::start(Script::parse(&script).expect("a script")).await.expect("starts");
        let model = models(&double.url()).text("nova-2-lite").expect("connects");
        let error = ask(&*model, &request("x")).await.expect_err(name);
        let class = match error.class {
            Class::Permanent => "permanent",
            Class::Unavailable => "unavailable",
            Class::Retry { .. } => "retry",
            Class::Throttled { .. } => "throttled",
            Class::Blocked { .. } | Class::BadOutput { .. } | Class::Budget(_) => "other",
        };
        assert_eq!((class, double.log().len(), error.code.as_str()), (expected, n_calls, name), "{error}");
        assert!(error.message.starts_with(MARK), "{error}");
        if name == "ServiceQuotaExceededException" {
            assert_eq!(
                error.class,
                Class::Throttled { after: Duration::from_secs(300) },
                "a quota is not refilled soon"
            );
        }
        assert_eq!(error.request_id.as_deref(), Some(format!("double-{n_calls}").as_str()));
    }
}

#[tokio::test]
async fn unscripted_answers_fit_the_schema_say_what_they_are_and_never_change() {
    let double = Double::start(Script::default()).await.expect("starts");
    let models = models(&double.url());
    let schema = r#"{"type":"object","required":["alt","tags"],"additionalProperties":false,
        "properties":{"alt":{"type":"string","maxLength":40},"tags":{"type":"array","items":{"enum":["cat","dog"]}}}}"#;
    for model in ["claude-haiku-4-5", "nova-2-lite"] {
        let model = models.text(model).expect("connects");
        let asked = Request { schema: Some(Schema::parse("a", schema).expect("compiles")), ..request("describe") };
        let first = ask(&*model, &asked).await.expect("an answer");
        let json = first.json.expect("JSON");
        assert!(json["alt"].as_str().expect("a string").starts_with(MARK), "{json}");
        assert_eq!(ask(&*model, &asked).await.expect("an answer").json, Some(json));
        let text = ask(&*model, &request("hello")).await.expect("an answer").text;
        assert!(text.starts_with(MARK), "{text}");
        assert_ne!(ask(&*model, &request("hullo")).await.expect("an answer").text, text);
    }
}

#[tokio::test]
async fn a_marked_prompt_is_written_to_the_cache_once() {
    let double = Double::start(Script::default()).await.expect("starts");
    let models = models(&double.url());
    let model = models.text("claude-haiku-4-5").expect("connects");
    let asked = Request { system: "brand ".repeat(100), cache_system: true, ..request("describe") };
    let (first, second) = (ask(&*model, &asked).await.expect("one"), ask(&*model, &asked).await.expect("two"));
    assert_eq!((first.usage.cache_write, first.usage.cache_read), (150, 0));
    assert_eq!((second.usage.cache_write, second.usage.cache_read), (0, 150));
    let plain = models.text("nova-2-lite").expect("connects");
    let warned = ask(&*plain, &asked).await.expect("an answer");
    assert!(warned.warnings[0].contains("keeps no prompts"), "{:?}", warned.warnings);
    let log = double.log();
    let system = &log.last().expect("a call")["body"]["system"];
    assert_eq!(system.as_array().map(Vec::len), Some(1), "no cache point for who keeps nothing: {system}");
}

#[tokio::test]
async fn a_route_falls_over_to_the_next_model() {
    let script = r#"{"rules":[{"model":"haiku","reply":{"error":"ModelErrorException"}}]}"#;
    let double = Double::start(Script::parse(script).expect("a script")).await.expect("starts");
    let model = models(&double.url()).text("two").expect("connects");
    let answer = ask(&*model, &request("x")).await.expect("the second answers");
    assert_eq!((answer.model_asked.as_str(), answer.passed_over.len()), ("nova-2-lite", 1));
    assert_eq!(answer.passed_over[0].model, "claude-haiku-4-5");
}

#[tokio::test]
async fn recordings_are_played_in_their_order_and_the_last_one_stays() {
    let script = r#"{"rules":[{"calls":[1],"reply":{"text":"a"}},{"calls":[2],"reply":{"text":"b"}}]}"#;
    let double = Double::start(Script::parse(script).expect("a script")).await.expect("starts");
    let cassette = Arc::new(Cassette::default());
    let model = models(&double.url()).text("nova-2-lite").expect("connects");
    let recorder: Arc<dyn TextModel> = Arc::new(Recorder::new(model, cassette.clone()));
    for _ in 0..2 {
        ask(&*recorder, &request("x")).await.expect("an answer");
    }
    let replayer = Replayer::new("nova-2-lite", cassette);
    for expected in ["a", "b", "b"] {
        assert_eq!(ask(&replayer, &request("x")).await.expect("a recording").text, expected);
    }
    assert_eq!(double.log().len(), 2, "a replay asks nobody");
}

#[test]
fn a_script_that_cannot_work_is_refused() {
    let wrong = |text: &str| Script::parse(text).expect_err("wrong").to_string();
    assert!(
        wrong(r#"{"rules":[{"reply":{"error":"NoSuchException"}}]}"#).contains("there is no error `NoSuchException`")
    );
    assert!(wrong(r#"{"rules":[{"model":"(","reply":{}}]}"#).starts_with("rule 0: `(` is no pattern"));
    assert!(wrong(r#"{"rulez":[]}"#).contains("unknown field"));
}

/// boto3 takes the answers of every operation apart by its own copy of the service's model.
#[tokio::test(flavor = "multi_thread")]
async fn boto3_accepts_every_operation_error_and_mid_stream_failure() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = package.join("../../target/tools/venv/bin/python");
    assert!(python.is_file(), "boto3 is missing: run `cargo xtask setup`");
    let script = std::fs::read_to_string(package.join("tests/double/script.json")).expect("the script is there");
    let folder = tempfile::tempdir().expect("a folder");
    let (buckets, scratch) = (folder.path().join("buckets"), folder.path().join("scratch"));
    std::fs::create_dir_all(buckets.join("batch")).expect("a bucket");
    let double = Double::start(Script::parse(&script).expect("a script")).await.expect("starts");
    let root = buckets.clone();
    let double = double.with_buckets(move |name| {
        let store = FileStore::open(&root.join(name), &scratch, Durability::Process).expect("a bucket");
        Some(store as Arc<dyn Bucket>)
    });
    let log = folder.path().join("log.jsonl");
    double.log_to(&log).expect("opens");
    let mut command = Command::new(python);
    command.arg(package.join("tests/double/check.py")).args([&double.url(), HEADER, MARK]).arg(&buckets);
    let output = tokio::task::spawn_blocking(move || command.output()).await.expect("joins").expect("python runs");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    assert!(out.trim_end().ends_with("ok"), "{out}");
    let lines = std::fs::read_to_string(&log).expect("the log is there");
    assert_eq!(lines.lines().count(), double.log().len());
    assert!(lines.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
}
