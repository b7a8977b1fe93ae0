//! `tag` maps texts: one paid call, a result like any other, and what comes of an embedder that is away.

use asset::embedding::EmbedSpec;
use asset::fact::{Outcome, TaskResult};
use asset::ids::{AssetId, Sha256};
use asset::image::Limits;
use asset::keys;
use asset::money::{MicroUsd, Usage};
use asset::refusal::RefusalCode;
use asset::sequencer::Sequencer;
use asset::task::{Attempt, Job, Task};
use async_trait::async_trait;
use models::{
    Class, ConnectError, EmbedInput, EmbedRequest, Embedder, Embedding, ModelError, ModelResult, Purpose, TextModel,
    Till, Transcriber,
};
use ports::memory::{ManualClock, MemoryClaims, MemoryLedger, MemoryQueue, MemoryStore};
use ports::{Ledger, LedgerQuery, Queue, ReadBlob};
use runtime::{Context, Function};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tag::Tag;
use vision::{ChooseModel, MediaPreview, Vision};

/// 2026-11-23, in the afternoon in UTC.
const NOW_MS: u64 = 1_795_440_000_000;

#[derive(Default)]
struct Compass {
    is_away: AtomicBool,
}

#[async_trait]
impl Embedder for Compass {
    fn id(&self) -> &str {
        "compass"
    }

    fn check(&self, _: &EmbedRequest) -> ModelResult<()> {
        Ok(())
    }

    fn forecast(&self, _: &EmbedRequest) -> Option<MicroUsd> {
        Some(MicroUsd(9))
    }

    async fn embed(&self, request: &EmbedRequest, _: u64) -> ModelResult<Embedding> {
        let EmbedInput::Text(text) = &request.input else { panic!("texts are mapped") };
        assert_eq!(request.purpose, Purpose::Index);
        if self.is_away.load(Ordering::SeqCst) {
            let class = Class::Retry { after: Duration::from_secs(7) };
            return Err(ModelError::of(class, "compass", "connect", "nobody listens"));
        }
        Ok(Embedding {
            vector: vec![text.len() as f32, -0.5],
            usage: Usage { input: 4, ..Usage::default() },
            cost: Some(MicroUsd(3)),
            model_asked: "compass".into(),
            model_answered: "compass-2".into(),
            request_id: Some("r-1".into()),
            latency_ms: 12,
            n_calls: 1,
            passed_over: Vec::new(),
        })
    }
}

/// Knows one embedder.
struct Shop(Arc<Compass>);

impl ChooseModel for Shop {
    fn text(&self, name: &str) -> Result<Arc<dyn TextModel>, ConnectError> {
        Err(ConnectError::Unknown(name.to_owned()))
    }

    fn embedder(&self, name: &str) -> Result<Arc<dyn Embedder>, ConnectError> {
        if name == "compass" { Ok(self.0.clone()) } else { Err(ConnectError::Unknown(name.to_owned())) }
    }

    fn transcriber(&self, name: &str) -> Result<Arc<dyn Transcriber>, ConnectError> {
        Err(ConnectError::Unknown(name.to_owned()))
    }
}

struct World {
    tag: Tag,
    compass: Arc<Compass>,
    store: Arc<MemoryStore>,
    own: Arc<MemoryQueue>,
    ledger: Arc<MemoryLedger>,
}

fn world() -> World {
    let clock = Arc::new(ManualClock::new(NOW_MS));
    let store = Arc::new(MemoryStore::new(clock.clone()));
    let queue = || Arc::new(MemoryQueue::new(clock.clone(), 5));
    let (own, ledger, compass) = (queue(), Arc::new(MemoryLedger::default()), Arc::new(Compass::default()));
    let tag = Tag {
        store: store.clone(),
        create: store.clone(),
        claims: Arc::new(MemoryClaims::default()),
        settle: queue(),
        own: own.clone(),
        vision: Vision {
            store: store.clone(),
            preview: Arc::new(MediaPreview),
            till: Arc::new(Till::new(ledger.clone(), Default::default(), clock.clone())),
            models: Arc::new(Shop(compass.clone())),
            prompts: Arc::new(prompts::Shelf::from(prompts::library())),
            clock: clock.clone(),
        },
        vocabularies: BTreeMap::new(),
        clock,
    };
    World { tag, compass, store, own, ledger }
}

fn task(model: &str) -> Task {
    let limits = Limits::default();
    Task {
        asset: AssetId::of_key("pier.jpg"),
        generation: Sequencer::ZERO,
        source: Sha256::of(b"a picture"),
        attempt: Attempt::new(0, &limits),
        job: Job::Embed(EmbedSpec { model: model.into(), text: "A pier.".into() }),
        collection: "products".into(),
        limits,
    }
}

impl World {
    async fn handle(&self, task: &Task) -> Option<Outcome> {
        let context =
            Context { delivery: "d1".into(), attempt: 1, deadline_ms: NOW_MS + 30_000, metrics: Arc::default() };
        self.tag.handle(task.clone(), &context).await.expect("handles");
        let key = keys::result_of(&task.asset, &task.generation, &task.id(), &task.attempt);
        let blob = self.store.read(&key).await.ok()?;
        Some(serde_json::from_slice::<TaskResult>(&blob.bytes).expect("a result").outcome)
    }
}

#[tokio::test]
async fn a_text_becomes_a_vector_with_everything_about_it() {
    let world = world();
    let Some(Outcome::Embedded(embedded)) = world.handle(&task("compass")).await else { panic!("it is mapped") };
    let point = embedded.point().expect("it is whole");
    assert_eq!((point.model.as_str(), point.values()), ("compass-2", vec![7.0, -0.5]));
    assert_eq!((embedded.text.clone(), embedded.cost, embedded.dimensions), (Sha256::of(b"A pier."), MicroUsd(3), 2));
    let day = || "2026-11-23".to_owned();
    let query = LedgerQuery { from_day: day(), to_day: day(), ..LedgerQuery::default() };
    let entries = world.ledger.entries(&query).await.expect("lists").entries;
    let paid: Vec<_> = entries.iter().map(|entry| (entry.reservation.capability.as_str(), entry.counted())).collect();
    assert_eq!(paid, [("embed", MicroUsd(3))]);
}

#[tokio::test]
async fn a_task_waits_for_an_embedder_that_is_away() {
    let world = world();
    world.compass.is_away.store(true, Ordering::SeqCst);
    assert_eq!(world.handle(&task("compass")).await, None);
    assert_eq!(world.own.depth().await.expect("a depth").delayed, 1, "it sleeps in its own queue");
    world.compass.is_away.store(false, Ordering::SeqCst);
    // Another delivery, or its reservation would stand in its way.
    let context = Context { delivery: "d2".into(), attempt: 1, deadline_ms: NOW_MS + 30_000, metrics: Arc::default() };
    world.tag.handle(task("compass"), &context).await.expect("handles");
    assert!(matches!(world.handle(&task("compass")).await, Some(Outcome::Embedded(_))));
}

#[tokio::test]
async fn a_name_that_leads_nowhere_is_a_refusal_with_the_way_out() {
    let Some(Outcome::Refused(refusal)) = world().handle(&task("needle")).await else { panic!("it is refused") };
    assert_eq!((refusal.code, refusal.found.contains("`needle`")), (RefusalCode::Blocked, true));
    assert!(refusal.way_out.contains("`embedding`"), "{refusal}");
}
