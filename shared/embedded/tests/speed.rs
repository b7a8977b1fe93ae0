//! How fast queue, catalog and files are on this machine. Run by hand:
//! `cargo test --release -p embedded --test speed -- --ignored --nocapture`.

use asset::catalog::CatalogEntry;
use asset::embedding::Vector;
use asset::ids::AssetId;
use asset::readiness::State;
use embedded::{Durability, FileStore, Queues, SqliteCatalog};
use futures::future::join_all;
use ports::{Body, Catalog, CatalogQuery, CreateBlob, Envelope, ListBlobs, Queue, SendMessages, SwapBlob};
use std::time::{Duration, Instant};

fn report(what: &str, n: usize, start: Instant) {
    let took = start.elapsed();
    println!("{what}: {n} in {took:.2?}, {:.0}/s", n as f64 / took.as_secs_f64());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement, no check"]
async fn queue() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let queues = Queues::open(&folder.path().join("queues.sqlite")).expect("opens");
    let queue = queues.queue("work", 5);
    let body = "{\"asset\":\"hero-jpg-3fa8c1d2e4b5a697\",\"job\":{\"capability\":\"inspect\"}}".repeat(4);
    for n_resident in [0, 1_000_000] {
        let start = Instant::now();
        for _ in 0..n_resident / 1000 {
            queue.send(vec![Envelope::now(body.clone()); 1000]).await.expect("sends");
        }
        if n_resident > 0 {
            report("resident messages sent", n_resident, start);
        }
        let start = Instant::now();
        let n_batches = 1000;
        for _ in 0..n_batches {
            queue.send(vec![Envelope::now(body.clone()); 10]).await.expect("sends");
            let received = queue.receive(10, Duration::from_secs(60)).await.expect("receives");
            for result in join_all(received.iter().map(|message| queue.acknowledge(&message.receipt))).await {
                result.expect("is ours");
            }
        }
        report(&format!("messages sent, received, acknowledged with {n_resident} in the queue"), n_batches * 10, start);
        let start = Instant::now();
        let depth = queue.depth().await.expect("is known");
        println!("depth {depth:?} in {:.2?}", start.elapsed());
    }
}

fn entry(index: u64) -> CatalogEntry {
    let key = format!("shoots/{}/team photo {index}.jpg", index / 100);
    let state = if index.is_multiple_of(1000) { State::InReview } else { State::Ready };
    CatalogEntry {
        asset: AssetId::of_key(&key),
        key,
        revision: 1,
        state,
        reason: None,
        version: None,
        kind: "image/jpeg".into(),
        bytes: 1,
        width: 1,
        height: 1,
        n_outputs: 1,
        output_bytes: 1,
        n_done: 1,
        n_steps: 1,
        thumbnail: None,
        thumbhash: None,
        created_ms: index,
        updated_ms: index,
        profile: "p".into(),
        texts: Vec::new(),
        vector: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement, no check"]
async fn catalog() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let catalog = SqliteCatalog::open(&folder.path().join("catalog.sqlite")).expect("opens");
    let n_entries = 200_000_u64;
    let start = Instant::now();
    for chunk in 0..n_entries / 500 {
        let entries: Vec<CatalogEntry> = (chunk * 500..(chunk + 1) * 500).map(entry).collect();
        for result in join_all(entries.iter().map(|entry| catalog.upsert(entry))).await {
            result.expect("writes");
        }
    }
    report("entries written", n_entries as usize, start);
    let queries = [
        ("everything", CatalogQuery::default()),
        ("in review", CatalogQuery { states: vec![State::InReview], ..CatalogQuery::default() }),
        ("text of one", CatalogQuery { text: Some("123456".into()), ..CatalogQuery::default() }),
        ("text of all", CatalogQuery { text: Some("jpg team".into()), ..CatalogQuery::default() }),
        ("text of a tenth", CatalogQuery { text: Some("photo 1".into()), ..CatalogQuery::default() }),
        ("outdated", CatalogQuery { other_profile_than: Some("p".into()), ..CatalogQuery::default() }),
    ];
    for (what, query) in queries {
        let start = Instant::now();
        let page = catalog.list(&query).await.expect("lists");
        println!("{what}: {} entries in {:.2?}", page.entries.len(), start.elapsed());
    }
}

/// Entries with vectors of 384 numbers, as small models on one machine make them.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement, no check"]
async fn nearest() {
    const DIMENSIONS: usize = 384;
    for n_entries in [10_000_u64, 100_000] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let catalog = SqliteCatalog::open(&folder.path().join("catalog.sqlite")).expect("opens");
        let start = Instant::now();
        for chunk in 0..n_entries / 500 {
            let entries: Vec<CatalogEntry> = (chunk * 500..(chunk + 1) * 500)
                .map(|index| {
                    let mut random = fastrand::Rng::with_seed(index);
                    let values: Vec<f32> = (0..DIMENSIONS).map(|_| random.f32() - 0.5).collect();
                    let vector = Some(Vector::new("small", &values));
                    let texts = vec![format!("A team of {index} people on a pier, seen from the sea.")];
                    CatalogEntry { vector, texts, ..entry(index) }
                })
                .collect();
            for result in join_all(entries.iter().map(|entry| catalog.upsert(entry))).await {
                result.expect("writes");
            }
        }
        report("entries with vectors written", n_entries as usize, start);
        let mut random = fastrand::Rng::with_seed(42);
        for _ in 0..5 {
            let query: Vec<f32> = (0..DIMENSIONS).map(|_| random.f32() - 0.5).collect();
            let start = Instant::now();
            let found = catalog.nearest("small", &query, 24).await.expect("finds");
            println!("nearest {} of {n_entries}: {:.2?}", found.len(), start.elapsed());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement, no check"]
async fn files() {
    for durability in [Durability::Process, Durability::Power] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store =
            FileStore::open(&folder.path().join("store"), &folder.path().join("scratch"), durability).expect("opens");
        let n = 2_000;
        let start = Instant::now();
        for index in 0..n {
            let key = format!("assets/{index}/facts/results/0/a.json");
            store.create(&key, Body::from(vec![b'x'; 1000])).await.expect("creates");
        }
        report(&format!("creates of 1 kB ({durability:?})"), n, start);
        let start = Instant::now();
        let mut etag = store.swap("manifest", "0".into(), None).await.expect("swaps");
        for index in 1..n {
            etag = store.swap("manifest", index.to_string().into(), Some(&etag)).await.expect("swaps");
        }
        report(&format!("swaps of one object ({durability:?})"), n, start);
        let start = Instant::now();
        let n_listed = ports::blob::list_all(&*store, "assets/").await.expect("lists").len();
        report("objects listed", n_listed, start);
        let start = Instant::now();
        for index in 0..n {
            let prefix = format!("assets/{index}/facts/");
            assert_eq!(store.list(&prefix, None, 1000).await.expect("lists").blobs.len(), 1);
        }
        report("lists of one folder", n, start);
    }
}
