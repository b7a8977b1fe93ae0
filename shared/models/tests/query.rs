//! Questions of people, mapped: what is paid, what is kept, and what is said where nobody can be asked.

use async_trait::async_trait;
use models::book::Caps;
use models::{
    Class, ConnectError, EmbedInput, EmbedRequest, Embedder, Embedding, MicroUsd, ModelError, ModelResult, Purpose,
    QueryMapper, Till, Usage,
};
use ports::memory::{ManualClock, MemoryLedger};
use ports::{Ledger, LedgerQuery, MapQuery, QueryPoint};
use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Of the mapper.
const N_KEPT: usize = 256;
const PAUSE: Duration = Duration::from_secs(30);

/// 2026-11-23, in the afternoon in UTC.
const NOW_MS: u64 = 1_795_440_000_000;

#[derive(Default)]
struct Scripted {
    asked: Mutex<Vec<(String, Purpose)>>,
    is_away: AtomicBool,
}

#[async_trait]
impl Embedder for Scripted {
    fn id(&self) -> &str {
        "compass"
    }

    fn check(&self, _: &EmbedRequest) -> ModelResult<()> {
        Ok(())
    }

    fn forecast(&self, _: &EmbedRequest) -> Option<MicroUsd> {
        Some(MicroUsd(10))
    }

    async fn embed(&self, request: &EmbedRequest, deadline_ms: u64) -> ModelResult<Embedding> {
        let EmbedInput::Text(text) = &request.input else { panic!("questions are texts") };
        assert!(deadline_ms <= NOW_MS + 200_000, "nobody waits for minutes");
        self.asked.lock().expect("no panic").push((text.clone(), request.purpose));
        if self.is_away.load(Ordering::SeqCst) {
            let class = Class::Retry { after: Duration::from_secs(1) };
            return Err(ModelError::of(class, "compass", "connect", "nobody listens"));
        }
        Ok(Embedding {
            vector: vec![text.len() as f32, 1.0],
            usage: Usage { input: 3, ..Usage::default() },
            cost: Some(MicroUsd(2)),
            model_asked: "compass".into(),
            model_answered: "compass-2".into(),
            request_id: None,
            latency_ms: 1,
            n_calls: 1,
            passed_over: Vec::new(),
        })
    }
}

struct World {
    mapper: QueryMapper,
    embedder: Arc<Scripted>,
    ledger: Arc<MemoryLedger>,
    clock: Arc<ManualClock>,
}

fn world(caps: Caps) -> World {
    let clock = Arc::new(ManualClock::new(NOW_MS));
    let (embedder, ledger) = (Arc::new(Scripted::default()), Arc::new(MemoryLedger::default()));
    let till = Arc::new(Till::new(ledger.clone(), caps, clock.clone()));
    let mapper = QueryMapper::new(Ok(embedder.clone()), till, clock.clone());
    World { mapper, embedder, ledger, clock }
}

impl World {
    fn asked(&self) -> Vec<String> {
        self.embedder.asked.lock().expect("no panic").iter().map(|(text, _)| text.clone()).collect()
    }

    async fn why(&self, text: &str) -> String {
        let error = self.mapper.map_query(text).await.expect_err("it fails");
        error.source().map(ToString::to_string).expect("a cause for people")
    }
}

#[tokio::test]
async fn a_question_is_paid_once_and_counted_as_search() {
    let world = world(Caps::default());
    let first = world.mapper.map_query("a  pier\n").await.expect("maps");
    assert_eq!(first, QueryPoint { model: "compass-2".into(), values: vec![6.0, 1.0] });
    assert_eq!(world.mapper.map_query(" a pier").await.expect("maps"), first);
    assert_eq!(world.mapper.map_query("A pier").await.expect("maps").values, [6.0, 1.0]);
    assert_eq!(world.embedder.asked.lock().expect("no panic")[0], ("a pier".to_owned(), Purpose::Query));
    assert_eq!(world.asked(), ["a pier", "A pier"]);
    let day = || "2026-11-23".to_owned();
    let query = LedgerQuery { from_day: day(), to_day: day(), ..LedgerQuery::default() };
    let entries = world.ledger.entries(&query).await.expect("lists").entries;
    assert_eq!(entries.len(), 2, "two calls, each under an id of its own");
    assert!(entries.iter().all(|entry| entry.reservation.capability == "search" && entry.counted() == MicroUsd(2)));
}

#[tokio::test]
async fn only_so_many_questions_are_kept() {
    let world = world(Caps::default());
    for n in 0..=N_KEPT {
        world.mapper.map_query(&n.to_string()).await.expect("maps");
    }
    world.mapper.map_query("1").await.expect("maps");
    assert_eq!(world.asked().len(), N_KEPT + 1);
    world.mapper.map_query("0").await.expect("maps");
    assert_eq!(world.asked().len(), N_KEPT + 2, "the first one was forgotten");
}

#[tokio::test]
async fn an_embedder_that_is_away_is_left_alone_for_a_while() {
    let world = world(Caps::default());
    world.mapper.map_query("known").await.expect("maps");
    world.embedder.is_away.store(true, Ordering::SeqCst);
    let why = world.why("a pier").await;
    assert_eq!(why, "model `compass`: try again later (`connect`): nobody listens");
    assert_eq!(world.why("a quay").await, why);
    assert_eq!(world.asked(), ["known", "a pier"]);
    world.mapper.map_query("known").await.expect("it is kept");
    world.embedder.is_away.store(false, Ordering::SeqCst);
    world.clock.advance(PAUSE);
    world.mapper.map_query("a quay").await.expect("maps again");
}

#[tokio::test]
async fn why_nobody_can_be_asked_is_said() {
    let capped = world(Caps { day: Some(MicroUsd(1)), ..Caps::default() });
    let why = capped.why("a pier").await;
    assert!(why.contains("the cap `day` is $0.000001"), "{why}");
    assert_eq!(capped.asked(), [] as [&str; 0]);
    let World { ledger, clock, .. } = world(Caps::default());
    let till = Arc::new(Till::new(ledger, Caps::default(), clock.clone()));
    let unknown = QueryMapper::new(Err(ConnectError::Unknown("nobody".into())), till, clock);
    let error = unknown.map_query("a pier").await.expect_err("it fails");
    let why = error.source().map(ToString::to_string);
    assert_eq!(why.as_deref(), Some("there is no model or route `nobody` in the price book"));
}
