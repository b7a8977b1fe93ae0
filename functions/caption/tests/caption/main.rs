//! `caption` with a real picture, memory twins of every port, and the loopback Bedrock behind the real provider.

mod brand;
mod injection;

use asset::fact::{Outcome, TaskResult};
use asset::field::{Field, Placement, PromptRef, WriteSpec, Written};
use asset::ids::{AssetId, Sha256};
use asset::image::Limits;
use asset::keys;
use asset::refusal::RefusalCode;
use asset::sequencer::Sequencer;
use asset::task::{Attempt, Job, Task};
use base64::Engine;
use caption::Caption;
use embedded::SystemClock;
use models::book::Book;
use models::double::{Double, Reply, Rule, Script};
use models::{Bedrock, Environment, Models, Till};
use ports::memory::{ManualClock, MemoryClaims, MemoryLedger, MemoryQueue, MemoryStore};
use ports::{Body, Clock, CreateBlob, Ledger, LedgerEntry, LedgerQuery, Queue, ReadBlob};
use runtime::{Context, Failure, Function};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use vision::{MediaPreview, Vision, prompts_in_force};

/// A photograph of 1280 pixels and more, which no model needs to see whole.
const PICTURE: &[u8] = include_bytes!("../../../../infra/local/samples/World map 5400x2700.jpg");

const BOOK: &str = r#"
[[model]]
id = "seer"
provider = "bedrock"
model = "vendor.seer-v1:0"
kind = "text"
inputs = ["text", "image"]
structured_output = "native"
image = { long_edge = 1568, bytes = 3750000, count = 1 }
price = { in = 1000000, out = 5000000, source = "test", date = "2026-01-01", verified = false }

[[model]]
id = "mapper"
provider = "bedrock"
model = "amazon.titan-embed-image-v1"
kind = "embedding"
inputs = ["text", "image"]
dimensions = [256, 384, 1024]
image = { long_edge = 1568, bytes = 3750000, count = 1 }
price = { in = 800000, out = 0, source = "test", date = "2026-01-01", verified = false }
"#;

struct World {
    caption: Arc<Caption>,
    store: Arc<MemoryStore>,
    settle: Arc<MemoryQueue>,
    own: Arc<MemoryQueue>,
    ledger: Arc<MemoryLedger>,
    double: Double,
}

async fn world(rules: Vec<Rule>) -> World {
    world_at(Arc::new(SystemClock), rules).await
}

async fn world_at(clock: Arc<dyn Clock>, rules: Vec<Rule>) -> World {
    world_with(clock, rules, BOOK).await
}

async fn world_with(clock: Arc<dyn Clock>, rules: Vec<Rule>, book: &str) -> World {
    let double = Double::start(Script::of(rules).expect("a script")).await.expect("starts");
    let url = double.url();
    let environment = Environment::read(move |name| {
        let value = match name {
            "AWS_REGION" => "us-east-1",
            "AWS_ACCESS_KEY_ID" => "AKIATEST",
            "AWS_SECRET_ACCESS_KEY" => "secret",
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME" => &url,
            _ => return None,
        };
        Some(value.to_owned())
    });
    let book = Book::parse("test.toml", book).expect("a book");
    let models = Models::new(book, clock.clone()).with_bedrock(Bedrock::new(&environment.expect("complete")));
    let store = Arc::new(MemoryStore::new(clock.clone()));
    let settle = Arc::new(MemoryQueue::new(clock.clone(), 5));
    let own = Arc::new(MemoryQueue::new(clock.clone(), 5));
    let ledger = Arc::new(MemoryLedger::default());
    let caption = Caption {
        store: store.clone(),
        create: store.clone(),
        claims: Arc::new(MemoryClaims::default()),
        settle: settle.clone(),
        own: own.clone(),
        vision: Vision {
            store: store.clone(),
            preview: Arc::new(MediaPreview),
            till: Arc::new(Till::new(ledger.clone(), models.book().caps().clone(), clock.clone())),
            models: Arc::new(models),
            prompts: Arc::new(prompts::Shelf::from(prompts::library())),
            clock: clock.clone(),
        },
        guide: None,
        relevance: None,
        clock,
    };
    World { caption: Arc::new(caption), store, settle, own, ledger, double }
}

impl World {
    /// Puts the picture under a key and returns the task of its alternative text.
    async fn task(&self, key: &str) -> Task {
        self.task_of(key, PICTURE).await
    }

    async fn task_of(&self, key: &str, picture: &[u8]) -> Task {
        let (asset, source) = (AssetId::of_key(key), Sha256::of(picture));
        let original = keys::original(&asset, &source);
        self.store.create(&original, Body::from(picture.to_vec())).await.expect("creates");
        let prompts = prompts_in_force(&prompts::library()).expect("prompts");
        let prompt = prompts.into_iter().find(|(field, _)| *field == Field::AltText).expect("a prompt").1;
        Task {
            asset,
            generation: Sequencer::ZERO,
            source,
            attempt: attempt(),
            job: job(prompt),
            collection: String::new(),
            limits: Limits::default(),
        }
    }

    async fn handle(&self, task: &Task, delivery: &str) -> Result<(), Failure> {
        let deadline_ms = self.caption.clock.now_ms() + 30_000;
        let context = Context { delivery: delivery.into(), attempt: 1, deadline_ms, metrics: Arc::default() };
        self.caption.handle(task.clone(), &context).await
    }

    async fn result(&self, task: &Task) -> Option<Outcome> {
        let key = keys::result_of(&task.asset, &task.generation, &task.id(), &task.attempt);
        let blob = self.store.read(&key).await.ok()?;
        let result: TaskResult = serde_json::from_slice(&blob.bytes).expect("a result");
        Some(result.outcome)
    }

    async fn written(&self, task: &Task) -> Written {
        match self.result(task).await {
            Some(Outcome::Written(written)) => *written,
            other => panic!("no words: {other:?}"),
        }
    }

    async fn entries(&self) -> Vec<LedgerEntry> {
        let (from_day, to_day) = ("2026-01-01".to_owned(), "2099-12-31".to_owned());
        self.ledger.entries(&LedgerQuery { from_day, to_day, after: None, limit: 1000 }).await.expect("lists").entries
    }

    fn calls(&self) -> Vec<Value> {
        self.double.log()
    }
}

fn attempt() -> Attempt {
    Attempt::new(0, &Limits::default())
}

fn job(prompt: PromptRef) -> Job {
    Job::Write(WriteSpec {
        field: Field::AltText,
        placement: Placement::Informative,
        locale: "en".into(),
        max_characters: 150,
        model: "seer".into(),
        prompt,
        vocabulary: None,
        brand: None,
        file_name: None,
    })
}

fn says(alt: &str) -> Rule {
    let json = json!({"alt": alt, "decorative": false, "evidence": []});
    Rule { reply: Reply { json: Some(json), ..Reply::default() }, ..Rule::default() }
}

fn fails(error: &str, calls: std::ops::RangeInclusive<u64>) -> Rule {
    let reply = Reply { error: Some(error.into()), ..Reply::default() };
    Rule { calls: calls.collect(), reply, ..Rule::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn words_come_with_everything_about_them() {
    let world = world(vec![says("A map of the world.")]).await;
    let task = world.task("map.jpg").await;
    world.handle(&task, "d1").await.expect("handles");
    let written = world.written(&task).await;
    assert_eq!(
        (written.text.as_str(), written.is_decorative, written.locale.as_str()),
        ("A map of the world.", false, "en")
    );
    let provenance = &written.provenance;
    assert_eq!((provenance.model_asked.as_str(), provenance.n_calls, provenance.max_tokens), ("seer", 1, 400));
    assert_eq!(provenance.temperature_thousandths, Some(200));
    // $1 and $5 per million tokens.
    assert_eq!(provenance.cost.0, provenance.usage.input + 5 * provenance.usage.output);
    assert!(provenance.cost.0 > 0 && provenance.request_id.is_some(), "{provenance:?}");
    assert_eq!(world.settle.depth().await.expect("a depth").visible, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_original_never_leaves() {
    let world = world(vec![says("A map of the world.")]).await;
    let task = world.task("map.jpg").await;
    world.handle(&task, "d1").await.expect("handles");
    let calls = world.calls();
    let body = calls[0]["body"].to_string();
    let sent =
        body.split("\"bytes\":\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a picture in the request");
    let sent = base64::engine::general_purpose::STANDARD.decode(sent).expect("base64");
    let probe = media::probe(&sent, &Limits::default()).expect("a picture");
    assert_eq!((probe.width, probe.height), (1024, 512));
    let written = world.written(&task).await;
    assert_eq!(written.provenance.sent.sha256, Sha256::of(&sent));
    assert!(sent.len() < PICTURE.len() / 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_deliveries_at_once_are_one_call() {
    let slow = Rule { reply: Reply { latency_ms: 300, ..says("A map of the world.").reply }, ..Rule::default() };
    let world = Arc::new(world(vec![slow]).await);
    let task = world.task("map.jpg").await;
    let deliveries = (0..10).map(|number| {
        let (world, task) = (world.clone(), task.clone());
        tokio::spawn(async move {
            // On a busy machine one may lose patience with the one that works, and is delivered again.
            while world.handle(&task, &format!("d{number}")).await.is_err() {}
        })
    });
    for delivery in deliveries.collect::<Vec<_>>() {
        delivery.await.expect("no panic");
    }
    assert_eq!(world.calls().len(), 1);
    let written = world.written(&task).await;
    assert_eq!(written.text, "A map of the world.");
    let [entry] = &world.entries().await[..] else { panic!("one charge") };
    assert_eq!(entry.counted(), written.provenance.cost);
    assert!(entry.reservation.forecast > written.provenance.cost, "{entry:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_cap_refuses_before_anything_is_spent() {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let world = world_with(clock, vec![says("A map of the world.")], &format!("{BOOK}\n[caps]\nday = 10\n")).await;
    let task = world.task("map.jpg").await;
    world.handle(&task, "d1").await.expect("handles");
    let Some(Outcome::Refused(refusal)) = world.result(&task).await else { panic!("it was taken") };
    assert_eq!(refusal.code, RefusalCode::OverBudget);
    assert!(refusal.found.contains("$0.000010") && refusal.found.contains("models.toml"), "{refusal}");
    assert_eq!((world.calls().len(), world.entries().await.len()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_bytes_under_another_key_cost_nothing() {
    let world = world(vec![says("A map of the world.")]).await;
    let (first, second) = (world.task("map.jpg").await, world.task("copy of map.jpg").await);
    world.handle(&first, "d1").await.expect("handles");
    world.handle(&second, "d2").await.expect("handles");
    assert_eq!(world.calls().len(), 1);
    assert_eq!(world.written(&first).await, world.written(&second).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_waits_for_a_model_that_is_away_and_needs_nobody_to_go_on() {
    let clock = Arc::new(ManualClock::advancing(1_800_000_000_000));
    let rules = vec![fails("ServiceUnavailableException", 1..=12), says("A map of the world.")];
    let world = world_at(clock.clone(), rules).await;
    let task = world.task("map.jpg").await;
    world.handle(&task, "d0").await.expect("acknowledged: nothing is wrong with the message");
    let mut n_naps = 0;
    while world.result(&task).await.is_none() {
        n_naps += 1;
        assert!(n_naps < 20, "it never came back: {:?}", world.own.depth().await);
        assert_eq!(world.own.receive(10, Duration::from_secs(60)).await.expect("receives"), [], "it sleeps");
        clock.advance(Duration::from_secs(900));
        let [message] = &world.own.receive(10, Duration::from_secs(60)).await.expect("receives")[..] else {
            panic!("one message, and only one, wakes up");
        };
        let woken: Task = serde_json::from_str(&message.body).expect("a task");
        assert_eq!(woken, task);
        world.own.acknowledge(&message.receipt).await.expect("acknowledges");
        world.handle(&woken, &format!("d{n_naps}")).await.expect("acknowledged");
    }
    assert!(n_naps >= 2, "{n_naps}");
    assert_eq!(world.written(&task).await.text, "A map of the world.");
    assert_eq!(world.calls().len(), 13, "every failed call, and the one that was answered");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_no_use_is_kept() {
    let text = |text: &str| Rule { reply: Reply { text: Some(text.into()), ..Reply::default() }, ..Rule::default() };
    let world = world(vec![text("I would rather not.")]).await;
    let task = world.task("map.jpg").await;
    world.handle(&task, "d1").await.expect("handles");
    let Some(Outcome::Refused(refusal)) = world.result(&task).await else { panic!("it was taken") };
    assert_eq!(refusal.code, RefusalCode::BadAnswer);
    assert!(refusal.found.contains("I would rather not."), "{refusal}");
    assert_eq!(world.calls().len(), 2, "asked, and asked to repair");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_asked_is_said() {
    let world = world(Vec::new()).await;
    let mut task = world.task("map.jpg").await;
    let Job::Write(spec) = &mut task.job else { unreachable!("it writes") };
    spec.model = "nobody".into();
    world.handle(&task, "d1").await.expect("handles");
    let Some(Outcome::Refused(refusal)) = world.result(&task).await else { panic!("it was taken") };
    assert_eq!(refusal.code, RefusalCode::Blocked);
    assert!(refusal.found.contains("`nobody`"), "{refusal}");

    let Job::Write(spec) = &mut task.job else { unreachable!("it writes") };
    spec.prompt.hash = Sha256::of(b"of a newer deployment");
    let failure = world.handle(&task, "d2").await.expect_err("it comes back");
    assert!(matches!(failure, Failure::Retry { .. }), "{failure:?}");
    assert_eq!(world.calls().len(), 0);
}
