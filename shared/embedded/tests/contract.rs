//! Files and SQLite pass the contract suite, on a clock of the test's and on the machine's own.

use asset::money::MicroUsd;
use embedded::{Durability, FileStore, Queues, SqliteCatalog, SqliteClaims, SqliteLedger, SystemClock};
use ports::contract::{self, QueueUnderTest};
use ports::memory::ManualClock;
use ports::{Cap, Ledger, Reservation, Reserved};
use std::sync::Arc;
use tempfile::TempDir;

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

async fn check_store(durability: Durability) {
    let folder = folder();
    let store = FileStore::open(&folder.path().join("store"), &folder.path().join("scratch"), durability);
    let store = store.expect("opens");
    contract::blobs(&*store, "").await.assert_kept();
    contract::blobs(&*store, "some/folder/").await.assert_kept();
    drop(store);
    let left: Vec<_> = std::fs::read_dir(folder.path().join("scratch")).expect("is there").flatten().collect();
    assert!(left.iter().all(|entry| entry.path().is_file() || entry.path().ends_with("locks")), "left over: {left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_survive_a_crash() {
    check_store(Durability::Process).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_survive_a_power_failure() {
    check_store(Durability::Power).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn queue_on_a_manual_clock() {
    for max_receives in [2, 3, 5] {
        let folder = folder();
        let clock = Arc::new(ManualClock::advancing(1_700_000_000_000));
        let queues = Queues::open_with(&folder.path().join("queues.sqlite"), clock.clone()).expect("opens");
        let queue = queues.queue("work", max_receives);
        let on = QueueUnderTest { queue: &*queue, clock: &*clock, max_receives, is_exact: true };
        contract::queue(on).await.assert_kept();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn queue_on_the_systems_clock() {
    let folder = folder();
    let queues = Queues::open(&folder.path().join("queues.sqlite")).expect("opens");
    let queue = queues.queue("work", 2);
    let on = QueueUnderTest { queue: &*queue, clock: &SystemClock, max_receives: 2, is_exact: true };
    contract::queue(on).await.assert_kept();
}

#[tokio::test(flavor = "multi_thread")]
async fn catalog() {
    let folder = folder();
    let catalog = SqliteCatalog::open(&folder.path().join("catalog.sqlite")).expect("opens");
    contract::catalog(&catalog).await.assert_kept();
}

#[tokio::test(flavor = "multi_thread")]
async fn claims() {
    let folder = folder();
    let claims = SqliteClaims::open(&folder.path().join("claims.sqlite")).expect("opens");
    contract::claims(&claims, &SystemClock).await.assert_kept();
}

#[tokio::test(flavor = "multi_thread")]
async fn ledger() {
    let folder = folder();
    let path = folder.path().join("ledger.sqlite");
    let ledger = SqliteLedger::open(&path).expect("opens");
    contract::ledger(&ledger).await.assert_kept();
}

/// What was reserved and not settled still counts when the file is opened again.
#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_remembers_what_was_never_settled() {
    let folder = folder();
    let path = folder.path().join("ledger.sqlite");
    let caps = [Cap { scope: "day".into(), limit: MicroUsd(10) }];
    let reservation = |id: &str| Reservation {
        id: id.into(),
        at_ms: 1,
        day: "2026-11-23".into(),
        asset: "a".into(),
        collection: "c".into(),
        capability: "caption".into(),
        model: "m".into(),
        forecast: MicroUsd(6),
    };
    let ledger = SqliteLedger::open(&path).expect("opens");
    assert_eq!(ledger.reserve(&reservation("1"), &caps).await.expect("reserves"), Reserved::Taken);
    drop(ledger);
    // Two handles are two writers, as two processes are.
    let (first, second) = (SqliteLedger::open(&path).expect("opens"), SqliteLedger::open(&path).expect("opens"));
    assert_eq!(first.reserve(&reservation("1"), &caps).await.expect("answers"), Reserved::AlreadyReserved);
    let full = second.reserve(&reservation("2"), &caps).await.expect("answers");
    let (limit, used, forecast) = (MicroUsd(10), MicroUsd(6), MicroUsd(6));
    assert_eq!(full, Reserved::CapFull { scope: "day".into(), limit, used, forecast });
}
