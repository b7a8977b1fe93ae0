//! The inbox folder: what people do to its files becomes events, once each, in an order that holds.

use asset::event::{InboxChange, InboxEvent, parse_inbox_events};
use asset::fact::{Arrival, Change};
use asset::ids::AssetId;
use asset::keys;
use embedded::{Durability, FileStore, Queues, SqliteCatalog, SqliteQueue, SystemClock};
use greenroom::inbox::{BUCKET, Notifier, reconcile, watch};
use ports::{Body, CreateBlob, DeleteBlob, Queue};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

struct World {
    folder: TempDir,
    inbox: Arc<FileStore>,
    store: Arc<FileStore>,
    catalog: SqliteCatalog,
    queue: Arc<SqliteQueue>,
    notifier: Arc<Notifier>,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let open = |name: &str| {
            FileStore::open(&folder.path().join(name), &folder.path().join("scratch").join(name), Durability::Process)
        };
        let (inbox, store) = (open("inbox").expect("an inbox"), open("store").expect("a store"));
        let queue = Queues::open(&folder.path().join("queues.db")).expect("a queue").queue("ingest", 5);
        let catalog = SqliteCatalog::open(&folder.path().join("catalog.db")).expect("a catalog");
        let notifier = Arc::new(Notifier::new(BUCKET, inbox.clone(), queue.clone(), Arc::new(SystemClock)));
        World { folder, inbox, store, catalog, queue, notifier }
    }

    fn path(&self, key: &str) -> PathBuf {
        self.folder.path().join("inbox").join(key)
    }

    fn write(&self, key: &str, text: &str) {
        let path = self.path(key);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        std::fs::write(path, text).expect("a file");
    }

    async fn events(&self) -> Vec<InboxEvent> {
        let mut events = Vec::new();
        loop {
            let received = self.queue.receive(10, Duration::from_secs(60)).await.expect("messages");
            if received.is_empty() {
                return events;
            }
            for message in received {
                events.extend(parse_inbox_events(&message.body).expect("a notification"));
                self.queue.acknowledge(&message.receipt).await.expect("an acknowledgement");
            }
        }
    }

    /// Waits until events of exactly these changes came (`+key`, `-key`), in any order.
    async fn expect(&self, expected: &[&str]) {
        let mut found: Vec<String> = Vec::new();
        let mut expected: Vec<String> = expected.iter().map(|text| (*text).to_owned()).collect();
        expected.sort();
        let begun = Instant::now();
        while found != expected && begun.elapsed() < Duration::from_secs(10) {
            tokio::time::sleep(Duration::from_millis(50)).await;
            found.extend(self.events().await.iter().map(signed));
            found.sort();
            found.dedup();
        }
        assert_eq!(found, expected);
    }

    async fn reconcile(&self) -> (usize, usize) {
        let done =
            reconcile(&self.inbox, self.store.as_ref(), &self.catalog, &self.notifier).await.expect("a comparison");
        (done.n_put, done.n_deleted)
    }
}

fn signed(event: &InboxEvent) -> String {
    format!("{}{}", if event.change == InboxChange::Delete { '-' } else { '+' }, event.key)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_in_the_folder_is_announced() {
    let world = World::new();
    world.write("before.jpg", "x");
    let shutdown = CancellationToken::new();
    let watched = tokio::spawn(watch(world.inbox.clone(), world.notifier.clone(), shutdown.clone()));
    tokio::time::sleep(Duration::from_millis(500)).await;
    world.write("a b+ü.jpg", "x");
    world.expect(&["+a b+ü.jpg"]).await;
    // A new folder whose files may be older than the watch on it.
    for n in 0..20 {
        world.write(&format!("new/deep/er/{n}.jpg"), "x");
    }
    let keys: Vec<String> = (0..20).map(|n| format!("+new/deep/er/{n}.jpg")).collect();
    world.expect(&keys.iter().map(String::as_str).collect::<Vec<_>>()).await;
    // A browser's download: the temporary name is nobody's asset.
    world.write("photo.jpg.crdownload", "x");
    world.write(".hidden.jpg", "x");
    std::fs::rename(world.path("photo.jpg.crdownload"), world.path("photo.jpg")).expect("a rename");
    world.expect(&["+photo.jpg"]).await;
    std::fs::rename(world.path("photo.jpg"), world.path("renamed.jpg")).expect("a rename");
    world.expect(&["-photo.jpg", "+renamed.jpg"]).await;
    // A folder that moves within, then out: its files have no events of their own.
    std::fs::rename(world.path("new/deep/er"), world.path("moved")).expect("a rename");
    let keys: Vec<String> =
        (0..20).flat_map(|n| [format!("-new/deep/er/{n}.jpg"), format!("+moved/{n}.jpg")]).collect();
    world.expect(&keys.iter().map(String::as_str).collect::<Vec<_>>()).await;
    std::fs::rename(world.path("moved"), world.folder.path().join("outside")).expect("a rename");
    let keys: Vec<String> = (0..20).map(|n| format!("-moved/{n}.jpg")).collect();
    world.expect(&keys.iter().map(String::as_str).collect::<Vec<_>>()).await;
    // A link to a file elsewhere is no file of the inbox.
    std::os::unix::fs::symlink("/etc/passwd", world.path("passwd.jpg")).expect("a link");
    std::fs::remove_file(world.path("renamed.jpg")).expect("a removal");
    world.expect(&["-renamed.jpg"]).await;
    shutdown.cancel();
    watched.await.expect("no panic").expect("a clean end");
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_and_deletes_in_one_tick_stay_in_order() {
    let world = World::new();
    let mut last = None;
    for round in 0..50 {
        world.inbox.overwrite("k", Body::from(vec![round; 10])).await.expect("a write");
        let put = world.notifier.put("k").await.expect("an event");
        assert!(last.is_none_or(|last| last < put), "a write after a delete is later");
        assert_eq!(world.notifier.put("k").await.expect("no event"), put, "the same state has the same sequencer");
        world.inbox.delete("k").await.expect("a delete");
        world.notifier.delete("k", Some(put.clone())).await.expect("an event");
        let mut events = world.events().await;
        assert_eq!(events.len(), 2, "{events:?}");
        events.sort_by(|a, b| a.sequencer.cmp(&b.sequencer));
        assert_eq!(events.iter().map(signed).collect::<Vec<_>>(), ["+k", "-k"]);
        last = events.pop().map(|event| event.sequencer);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comparison_finds_what_nobody_announced() {
    let world = World::new();
    world.write("a.jpg", "x");
    world.write("b/c.jpg", "x");
    world.write("b/.part.jpg", "x");
    assert_eq!(world.reconcile().await, (2, 0));
    let events = world.events().await;
    assert_eq!(events.len(), 2);
    // Until its arrival is a fact in the store, a file is announced again, as the same event.
    assert_eq!(world.reconcile().await, (2, 0));
    for event in world.events().await {
        assert!(events.iter().any(|first| first.key == event.key && first.sequencer == event.sequencer));
        let asset = AssetId::of_key(&event.key);
        let arrival = Arrival { asset, key: event.key, sequencer: event.sequencer, at_ms: 0, change: Change::Delete };
        world.store.create(&keys::arrival(&arrival), Body::from(b"{}".to_vec())).await.expect("a fact");
    }
    assert_eq!(world.reconcile().await, (0, 0));
    world.write("a.jpg", "another");
    assert_eq!(world.reconcile().await, (1, 0));
    assert_eq!(world.events().await.iter().map(signed).collect::<Vec<_>>(), ["+a.jpg"]);
}

/// How long a comparison of many files takes: `cargo test --release -p e2e --test s3_inbox -- --ignored --nocapture`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn measure() {
    let world = World::new();
    for n in 0..100_000 {
        world.write(&format!("{:02}/{n}.jpg", n % 100), "");
    }
    for run in ["all new", "all settled, asked", "all settled, remembered"] {
        let begun = Instant::now();
        let (n_put, _) = world.reconcile().await;
        println!("{run}: {n_put} announced in {:.1} s", begun.elapsed().as_secs_f64());
        for event in world.events().await {
            let asset = AssetId::of_key(&event.key);
            let arrival =
                Arrival { asset, key: event.key, sequencer: event.sequencer, at_ms: 0, change: Change::Delete };
            // The same event twice is fine.
            let _ = world.store.create(&keys::arrival(&arrival), Body::from(b"{}".to_vec())).await;
        }
    }
}
