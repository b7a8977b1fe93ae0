//! Labels that move while `settle` runs: exactly what the moved prompt wrote is asked for again.

use asset::canary::Share;
use asset::fact::{Arrival, Change, Decision, Outcome, TaskResult, Verdict, Version};
use asset::field::{Field, Provenance, SentPicture, WriteSpec, Written};
use asset::ids::{AssetId, Sha256};
use asset::image::{FocalPoint, FocusSource, ImageProbe, Inspection, SourceFormat};
use asset::keys;
use asset::money::{MicroUsd, Usage};
use asset::profile::Profile;
use asset::sequencer::Sequencer;
use asset::settle::Patience;
use asset::task::{Job, Settled, Task};
use ports::memory::{ManualClock, MemoryCatalog, MemoryQueue, MemoryStore};
use ports::{Clock, CreateBlob, Queue};
use prompts::registry::{Answers, EvalRecord, Label, Promotion, Reason, Registry};
use prompts::{Prompt, Shelf, library};
use runtime::{Context, Function};
use settle::{Settle, SettleTask, SweepScope};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

const PROFILE: &str = r#"
[models]
vision = "seer"

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

struct World {
    settle: Settle,
    store: Arc<MemoryStore>,
    tasks: Arc<MemoryQueue>,
    looks: Arc<MemoryQueue>,
    clock: Arc<ManualClock>,
    registry: Registry,
}

fn world() -> World {
    let clock = Arc::new(ManualClock::new(1_700_000_000_000));
    let store = Arc::new(MemoryStore::new(clock.clone()));
    let queue = || Arc::new(MemoryQueue::new(clock.clone(), 5));
    let (tasks, looks) = (queue(), queue());
    let settle = Settle {
        store: store.clone(),
        list: store.clone(),
        create: store.clone(),
        swap: store.clone(),
        delete: store.clone(),
        catalog: Arc::new(MemoryCatalog::default()),
        resize: tasks.clone(),
        caption: Some(tasks.clone()),
        tag: None,
        preview: None,
        transcribe: None,
        settle: looks.clone(),
        profile: Arc::new(Profile::parse("profile.toml", PROFILE).expect("valid")),
        prompts: Some(Arc::new(Shelf::from(library()).with_store(store.clone(), clock.clone()))),
        patience: Patience::default(),
        clock: clock.clone(),
    };
    let registry = Registry { read: store.clone(), create: store.clone(), swap: store.clone(), list: store.clone() };
    World { settle, store, tasks, looks, clock, registry }
}

/// Another version of the prompt for alternative texts.
fn changed() -> Prompt {
    let mut sources = library();
    let text = sources.prompts.get_mut("alt_text").expect("there");
    *text = text.replace("version: 1.0.0", "version: 1.1.0");
    sources.prompt("alt_text").expect("loads")
}

fn reason() -> Reason {
    Reason { by: "ada".into(), at_ms: 1, why: "better".into() }
}

impl World {
    async fn create(&self, key: &str, fact: &impl serde::Serialize) {
        let body = serde_json::to_vec(fact).expect("a fact is JSON");
        self.store.create(key, body.into()).await.expect("creates");
    }

    async fn look(&self, asset: &AssetId) {
        let deadline_ms = self.clock.now_ms() + 60_000;
        let context = Context { delivery: "d".into(), attempt: 1, deadline_ms, metrics: Arc::default() };
        self.settle.handle(SettleTask::Look(Settled { asset: asset.clone() }), &context).await.expect("handles");
    }

    async fn arrive(&self, key: &str) -> AssetId {
        let asset = AssetId::of_key(key);
        let (sha256, media_type) = (Sha256::of(key.as_bytes()), Some("image/jpeg".into()));
        let change = Change::Put(Version { sha256, bytes: 9, media_type, etag: None });
        let sequencer = Sequencer::from_unix_nanos(1_000_000_000);
        let arrival = Arrival { asset: asset.clone(), key: key.into(), sequencer, at_ms: 1, change };
        self.create(&keys::arrival(&arrival), &arrival).await;
        self.look(&asset).await;
        asset
    }

    /// Sweeps, and does whatever is asked for. Returns the texts that were.
    async fn sweep(&self) -> Vec<(AssetId, WriteSpec)> {
        self.settle.sweep(SweepScope::Due).await.expect("sweeps");
        let mut texts = Vec::new();
        loop {
            let looks = self.looks.receive(10, Duration::from_secs(60)).await.expect("receives");
            let tasks = self.tasks.receive(10, Duration::from_secs(60)).await.expect("receives");
            if looks.is_empty() && tasks.is_empty() {
                return texts;
            }
            for message in looks {
                let Settled { asset } = serde_json::from_str(&message.body).expect("a look");
                self.look(&asset).await;
                self.looks.acknowledge(&message.receipt).await.expect("acknowledges");
            }
            for message in tasks {
                let task: Task = serde_json::from_str(&message.body).expect("a task");
                if let Job::Write(spec) = &task.job {
                    texts.push((task.asset.clone(), spec.clone()));
                }
                let result = TaskResult::new(&task, outcome(&task.job), self.clock.now_ms(), 1);
                self.create(&keys::result(&result), &result).await;
                self.look(&task.asset).await;
                self.tasks.acknowledge(&message.receipt).await.expect("acknowledges");
            }
        }
    }

    async fn promote(&self, to: Promotion) {
        self.registry.promote("alt_text", changed().hash(), to, reason()).await.expect("promotes");
    }
}

fn outcome(job: &Job) -> Outcome {
    match job {
        Job::Write(spec) => Outcome::Written(Box::new(written(spec))),
        Job::Render { .. } => Outcome::Rendered { outputs: Vec::new() },
        _ => Outcome::Inspected {
            probe: ImageProbe { format: SourceFormat::Jpeg, width: 400, height: 300, frames: 1 },
            inspection: Inspection {
                focus: FocalPoint::CENTER,
                focus_from: FocusSource::Center,
                faces: 0,
                thumbhash: "AQIDBA==".into(),
                dominant_color: "#203040".into(),
                transparent: false,
                copyright: None,
                credit: None,
                notes: Vec::new(),
            },
        },
    }
}

fn written(spec: &WriteSpec) -> Written {
    let digest = Sha256::of(b"anything");
    Written {
        field: spec.field,
        locale: spec.locale.clone(),
        text: format!("By version {}.", spec.prompt.version),
        is_decorative: false,
        confidence: Vec::new(),
        suggestions: Vec::new(),
        evidence: Vec::new(),
        findings: Vec::new(),
        provenance: Provenance {
            prompt: spec.prompt.clone(),
            rendered: digest.clone(),
            request: digest.clone(),
            model_asked: spec.model.clone(),
            model_answered: "seer-2".into(),
            passed_over: Vec::new(),
            max_tokens: 400,
            temperature_thousandths: None,
            sent: SentPicture { sha256: digest, bytes: 9, width: 4, height: 3 },
            usage: Usage::default(),
            cost: MicroUsd(1),
            latency_ms: 1,
            n_calls: 1,
            request_id: None,
            warnings: Vec::new(),
        },
    }
}

#[tokio::test]
async fn a_moved_label_asks_for_what_it_touches_and_for_nothing_else() {
    let world = world();
    let mut assets = BTreeSet::new();
    for number in 0..30 {
        assets.insert(world.arrive(&format!("{number}.jpg")).await);
    }
    let first = world.sweep().await;
    assert_eq!(first.len(), 60, "two texts each");
    assert!(first.iter().all(|(_, spec)| spec.prompt.version == "1.0.0"), "our own prompts");

    // A person's words, on one that the canary meets.
    let share = Share::parse_percent("40").expect("a share");
    let inside = |asset: &&AssetId| share.holds(asset, "alt_text");
    let human = assets.iter().find(inside).expect("the share holds somebody").clone();
    let source = version_of(&human, assets.len());
    let decision =
        Decision::EditText { field: Field::AltText, locale: "en".into(), text: "Mine.".into(), source, seen: None };
    let verdict = Verdict { asset: human.clone(), id: Verdict::new_id(1, 0), by: "ada".into(), at_ms: 1, decision };
    world.create(&keys::verdict(&verdict), &verdict).await;
    world.look(&human).await;

    let prompt = changed();
    world.registry.publish(&prompt).await.expect("publishes");
    let (id, hash) = (prompt.id().to_owned(), prompt.hash().clone());
    let (passed, reasons, suite) = (true, Vec::new(), hash.clone());
    let record = EvalRecord {
        id,
        hash,
        passed,
        reasons,
        suite,
        answers: Answers::ByHand,
        against: None,
        n_passed: 1,
        n_cases: 1,
        at_ms: 1,
    };
    world.registry.record_eval(&record).await.expect("records");

    // A label that was read less than ten seconds ago is still the old one; then it is obeyed.
    world.promote(Promotion::Canary(share)).await;
    assert_eq!(world.sweep().await, []);
    world.clock.advance(Duration::from_secs(10));
    let expected: BTreeSet<&AssetId> = assets.iter().filter(inside).filter(|asset| **asset != human).collect();
    let asked = world.sweep().await;
    assert_eq!(asked.iter().map(|(asset, _)| asset).collect::<BTreeSet<_>>(), expected);
    assert_eq!(asked.len(), expected.len(), "nobody twice");
    assert!(asked.iter().all(|(_, spec)| spec.field == Field::AltText && spec.prompt == prompt.reference()));

    // On: whoever was not in the canary. Back: everything is there.
    world.promote(Promotion::Production).await;
    world.clock.advance(Duration::from_secs(10));
    assert_eq!(world.sweep().await.len(), assets.len() - expected.len() - 1);
    world.registry.rollback("alt_text", Label::Production, reason()).await.expect("goes back");
    world.clock.advance(Duration::from_secs(10));
    assert_eq!(world.sweep().await, []);
}

/// What `arrive` gave it.
fn version_of(asset: &AssetId, n_assets: usize) -> Sha256 {
    let key = (0..n_assets).map(|number| format!("{number}.jpg")).find(|key| AssetId::of_key(key) == *asset);
    Sha256::of(key.expect("it is one of ours").as_bytes())
}
