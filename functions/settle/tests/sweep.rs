//! A sweep of a large store goes on from message to message and misses nobody.

use asset::catalog::CatalogEntry;
use asset::ids::AssetId;
use asset::keys;
use asset::manifest::Manifest;
use asset::profile::Profile;
use asset::readiness::State;
use asset::settle::Patience;
use ports::memory::{ManualClock, MemoryCatalog, MemoryQueue, MemoryStore};
use ports::{Body, Catalog, Clock, CreateBlob, Envelope, Queue, Received, SendMessages};
use runtime::{Function, Outcome, Shift, dispatch};
use settle::{Settle, Unhurried};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

struct World {
    settle: Settle,
    store: Arc<MemoryStore>,
    queue: Arc<MemoryQueue>,
    clock: Arc<ManualClock>,
}

fn world() -> World {
    let clock = Arc::new(ManualClock::advancing(1_700_000_000_000));
    let store = Arc::new(MemoryStore::new(clock.clone()));
    let queue = Arc::new(MemoryQueue::new(clock.clone(), 5));
    let settle = Settle {
        store: store.clone(),
        list: store.clone(),
        create: store.clone(),
        swap: store.clone(),
        delete: store.clone(),
        catalog: Arc::new(MemoryCatalog::default()),
        resize: Arc::new(MemoryQueue::new(clock.clone(), 5)),
        caption: None,
        tag: None,
        preview: None,
        transcribe: None,
        settle: queue.clone(),
        profile: Arc::new(Profile::default()),
        prompts: None,
        patience: Patience::default(),
        clock: clock.clone(),
    };
    World { settle, store, queue, clock }
}

#[tokio::test]
async fn everybody_is_looked_at_once() {
    const ASSETS: usize = 3_000;
    let World { settle, store, queue, clock } = world();
    for number in 0..ASSETS {
        let asset = AssetId::of_key(&format!("picture {number}.jpg"));
        // Neither the pages of a listing nor the parts of a sweep end where an asset ends.
        for object in 0..7 {
            let key = format!("{}{object}", keys::renditions(&asset));
            store.create(&key, Body::Bytes("x".into())).await.expect("creates");
        }
    }
    queue.send(vec![Envelope::now(r#"{"sweep":"all"}"#.to_owned())]).await.expect("sends");
    let (mut n_parts, mut looks) = (0, BTreeMap::<String, u32>::new());
    loop {
        let batch = queue.receive(10, Duration::from_secs(60)).await.expect("receives");
        if batch.is_empty() {
            break;
        }
        for message in batch {
            if message.body.contains("sweep") {
                n_parts += 1;
                let deadline_ms = clock.now_ms() + 60_000;
                let shift = Shift { clock: clock.as_ref(), deadline_ms, concurrency: 1, metrics: Arc::default() };
                let outcomes = dispatch(&settle, std::slice::from_ref(&message), &shift).await;
                assert_eq!(outcomes, [Outcome::Done]);
            } else {
                *looks.entry(message.body.clone()).or_default() += 1;
            }
            queue.acknowledge(&message.receipt).await.expect("acknowledges");
        }
    }
    assert_eq!(looks.len(), ASSETS);
    assert!(looks.values().all(|times| *times == 1), "somebody was looked at twice");
    assert_eq!(n_parts, 2, "21 pages are two parts");
}

#[tokio::test]
async fn a_sweep_of_what_is_unfinished_waits_for_a_long_queue() {
    const BACKLOG: usize = 1000;
    let World { settle, store, queue, clock } = world();
    let unfinished = |number: usize| {
        let entry = CatalogEntry::of(&Manifest::new(AssetId::of_key(&format!("{number}.jpg"))));
        CatalogEntry { state: State::Processing, ..entry }
    };
    let catalog = MemoryCatalog::default();
    for number in 0..3 {
        catalog.upsert(&unfinished(number)).await.expect("the catalog takes it");
    }
    let key = format!("{}1", keys::renditions(&AssetId::of_key("4.jpg")));
    store.create(&key, Body::Bytes("x".into())).await.expect("creates");
    let settle = Unhurried::new(Settle { catalog: Arc::new(catalog), ..settle }, queue.clone());
    let sent_by = async |body: &str| {
        let message = Received { id: "m".into(), receipt: "r".into(), body: body.into(), attempt: 1 };
        let deadline_ms = clock.now_ms() + 60_000;
        let shift = Shift { clock: clock.as_ref(), deadline_ms, concurrency: 1, metrics: Arc::default() };
        let before = queue.depth().await.expect("counts").visible;
        assert_eq!(dispatch(&settle, &[message], &shift).await, [Outcome::Done]);
        queue.depth().await.expect("counts").visible - before
    };
    assert_eq!(sent_by(r#"{"sweep":"due"}"#).await, 3);
    queue.send((0..BACKLOG).map(|_| Envelope::now("a look".to_owned())).collect()).await.expect("sends");
    assert_eq!(sent_by(r#"{"sweep":"due"}"#).await, 0, "the queue is long");
    assert_eq!(sent_by(r#"{"sweep":"due","from":{"stage":"unfinished"}}"#).await, 3, "what has begun goes on");
    assert_eq!(sent_by(r#"{"sweep":"all"}"#).await, 1, "the whole store is looked at all the same");
}

#[test]
fn a_message_says_where_to_go_on() {
    for body in [
        r#"{"sweep":"due"}"#,
        r#"{"sweep":"due","from":{"stage":"outdated"}}"#,
        r#"{"sweep":"all","from":{"stage":"store","after":"assets/x"}}"#,
    ] {
        let task = Settle::parse(body).expect("parses");
        assert_eq!(serde_json::to_string(&task).expect("JSON"), body);
    }
}
