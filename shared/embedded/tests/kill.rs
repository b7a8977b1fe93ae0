//! `kill -9`, again and again: nothing that was acknowledged is lost, nothing torn is seen.
//!
//! The test starts itself as a worker process, lets it work for a moment and kills it without a word. The worker notes down what it
//! was promised (by an `O_APPEND` write after each success), and the test holds the promises against what is there.

use embedded::{Durability, FileStore, Queues, SystemClock};
use ports::{Body, Clock, CreateBlob, DeleteBlob, Envelope, Kind, ListBlobs, Queue, ReadBlob, SendMessages, SwapBlob};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Names the folder to work in; set in worker processes only.
const WORKER: &str = "GREENROOM_KILL_TEST_FOLDER";

const N_KILLS: usize = 12;

/// Two at a time, so that locks and transactions are contended when one dies.
const N_WORKERS: usize = 2;

struct World {
    folder: PathBuf,
    store: Arc<FileStore>,
    queues: Queues,
}

impl World {
    fn open(folder: &Path) -> World {
        let store = FileStore::open(&folder.join("store"), &folder.join("scratch"), Durability::Process);
        let queues = Queues::open(&folder.join("queues.sqlite"));
        World { folder: folder.to_owned(), store: store.expect("opens"), queues: queues.expect("opens") }
    }

    /// Notes a promise down. One `write` of a short line: whole or not at all.
    fn note(&self, line: &str) {
        let mut notes = OpenOptions::new().append(true).create(true).open(self.folder.join("notes")).expect("opens");
        notes.write_all(format!("{line}\n").as_bytes()).expect("writes");
    }

    fn notes(&self) -> Vec<(String, String)> {
        let text = std::fs::read_to_string(self.folder.join("notes")).unwrap_or_default();
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let pair = |line: &str| line.split_once(' ').map(|(what, name)| (what.to_owned(), name.to_owned()));
        whole.lines().filter_map(pair).collect()
    }
}

/// Content that tells whether it is whole: its own name over and over, to a length that the name decides.
fn content_of(name: &str) -> Vec<u8> {
    let n_bytes = 1_000 + name.bytes().map(usize::from).sum::<usize>() * 97 % 200_000;
    name.bytes().chain(*b"|").cycle().take(n_bytes).collect()
}

async fn increment(world: &World) {
    loop {
        let counter = world.store.read("counter").await.expect("reads");
        let number: u64 = String::from_utf8_lossy(&counter.bytes).trim().parse().expect("a whole number");
        let next = format!("{:>1000}", number + 1);
        match world.store.swap("counter", next.into(), Some(&counter.etag)).await {
            Ok(_) => return world.note(&format!("counted {}", number + 1)),
            Err(error) => assert_eq!(error.kind, Kind::Conflict, "{error}"),
        }
    }
}

/// Works until somebody kills it.
async fn work(world: World) {
    let queue = world.queues.queue("work", 1_000_000);
    let done = world.queues.queue("done", 1_000_000);
    loop {
        let names: Vec<String> = (0..5).map(|_| format!("{:016x}", SystemClock.random())).collect();
        queue.send(names.iter().cloned().map(Envelope::now).collect()).await.expect("sends");
        names.iter().for_each(|name| world.note(&format!("sent {name}")));
        for message in queue.receive(5, Duration::from_millis(300)).await.expect("receives") {
            let name = &message.body;
            match world.store.create(&format!("made/{}/{name}", &name[..1]), Body::from(content_of(name))).await {
                Ok(_) => world.note(&format!("made {name}")),
                Err(error) => assert_eq!(error.kind, Kind::Exists, "{error}"),
            }
            done.send(vec![Envelope::now(name.clone())]).await.expect("sends");
            match queue.acknowledge(&message.receipt).await {
                Ok(()) => world.note(&format!("acknowledged {name}")),
                Err(error) => assert_eq!(error.kind, Kind::NotFound, "{error}"),
            }
            let passing = format!("passing/{name}/{name}");
            world.store.create(&passing, Body::from(content_of(name))).await.map(drop).unwrap_or_default();
            world.store.delete(&passing).await.expect("deletes");
        }
        increment(&world).await;
    }
}

fn start_worker(folder: &Path) -> Child {
    let program = std::env::current_exe().expect("is known");
    Command::new(program)
        .args(["--exact", "worker", "--nocapture"])
        .env(WORKER, folder)
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("starts")
}

/// Not a test by itself: what the test starts as a process of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn worker() {
    if let Some(folder) = std::env::var_os(WORKER) {
        work(World::open(Path::new(&folder))).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let world = World::open(folder.path());
    world.store.create("counter", Body::from(b"0".to_vec())).await.expect("creates");
    for round in 0..N_KILLS {
        let mut workers: Vec<Child> = (0..N_WORKERS).map(|_| start_worker(folder.path())).collect();
        watch(&world, Duration::from_millis(250 + 37 * round as u64)).await;
        for worker in &mut workers {
            let ended = worker.try_wait().expect("can be asked");
            assert!(ended.is_none(), "a worker ended by itself: {ended:?}");
            // SIGKILL.
            worker.kill().expect("kills");
            worker.wait().expect("waits");
        }
        check_promises(&world).await;
    }
    finish(&world).await;
}

/// Reads beside the workers: every object is whole at every moment, and the counter only rises.
async fn watch(world: &World, how_long: Duration) {
    let start = Instant::now();
    let mut counted = 0_u64;
    while start.elapsed() < how_long {
        let counter = world.store.read("counter").await.expect("is always there").bytes;
        let number: u64 = String::from_utf8_lossy(&counter).trim().parse().expect("a whole number");
        assert!(number >= counted, "the counter went from {counted} to {number}");
        counted = number;
        for prefix in ["made/0", "passing/"] {
            for blob in world.store.list(prefix, None, 20).await.expect("lists").blobs {
                check_whole(world, &blob.key).await;
            }
        }
    }
}

async fn check_whole(world: &World, key: &str) {
    let name = key.rsplit('/').next().unwrap_or_default();
    match world.store.read(key).await {
        Ok(blob) => assert!(blob.bytes == content_of(name), "`{key}` is torn: {} bytes", blob.bytes.len()),
        Err(error) => assert!(error.kind == Kind::NotFound && key.starts_with("passing/"), "{error}"),
    }
}

async fn check_promises(world: &World) {
    let mut names: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut most_counted = 0;
    for (what, name) in world.notes() {
        if what == "counted" {
            most_counted = most_counted.max(name.parse().expect("a number"));
        }
        let is_new = names.entry(what.clone()).or_default().insert(name.clone());
        // Two workers that count the same number have lost an update; two that make the same object have overwritten one.
        assert!(is_new || what == "sent", "{what} {name} twice");
    }
    let counter = world.store.read("counter").await.expect("is there").bytes;
    let number: u64 = String::from_utf8_lossy(&counter).trim().parse().expect("a whole number");
    assert!(number >= most_counted, "counted up to {most_counted}, the counter is {number}");
    for name in names.get("made").into_iter().flatten() {
        check_whole(world, &format!("made/{}/{name}", &name[..1])).await;
    }
    for key in ports::blob::list_all(&*world.store, "made/").await.expect("lists").into_iter().map(|blob| blob.key) {
        check_whole(world, &key).await;
    }
}

/// Does what is left, then holds everything that was ever sent against what was done.
async fn finish(world: &World) {
    let queue = world.queues.queue("work", 1_000_000);
    let mut acknowledged: BTreeSet<String> = BTreeSet::new();
    let mut sent: BTreeSet<String> = BTreeSet::new();
    for (what, name) in world.notes() {
        match what.as_str() {
            "acknowledged" => drop(acknowledged.insert(name)),
            "sent" => drop(sent.insert(name)),
            _ => {}
        }
    }
    let start = Instant::now();
    let mut left: BTreeSet<String> = BTreeSet::new();
    loop {
        let depth = queue.depth().await.expect("is known");
        assert_eq!(depth.dead, 0);
        if depth.visible + depth.in_flight == 0 {
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(60), "the queue never empties: {depth:?}");
        for message in queue.receive(10, Duration::from_secs(60)).await.expect("receives") {
            assert!(!acknowledged.contains(&message.body), "{} was acknowledged and came back", message.body);
            queue.acknowledge(&message.receipt).await.expect("is ours");
            left.insert(message.body);
        }
        queue.wait(Duration::from_millis(50)).await;
    }
    let done = world.queues.queue("done", 1_000_000);
    let mut reported: BTreeSet<String> = BTreeSet::new();
    loop {
        let messages = done.receive(10, Duration::from_secs(600)).await.expect("receives");
        if messages.is_empty() {
            break;
        }
        reported.extend(messages.into_iter().map(|message| message.body));
    }
    for name in &sent {
        // A worker may die between the acknowledgement and its note: then the report to the next queue is there, and the object.
        assert!(left.contains(name) || reported.contains(name), "{name} was sent and is lost");
    }
    for name in &reported {
        check_whole(world, &format!("made/{}/{name}", &name[..1])).await;
    }
    // Did anything happen at all?
    assert!(acknowledged.len() > 50, "only {} messages in {N_KILLS} rounds", acknowledged.len());
    let drafts = || std::fs::read_dir(world.folder.join("scratch")).expect("is there").flatten();
    World::open(&world.folder);
    let n_drafts = drafts().filter(|entry| entry.file_name().to_string_lossy().starts_with("drafts-")).count();
    assert_eq!(n_drafts, 1, "folders of killed workers are left over");
    println!("{} sent, {} acknowledged, {} left, {N_KILLS} rounds", sent.len(), acknowledged.len(), left.len());
}
