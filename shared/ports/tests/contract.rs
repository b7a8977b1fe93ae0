//! The memory twins pass the contract suite.

use ports::contract::{self, QueueUnderTest};
use ports::memory::{ManualClock, MemoryCatalog, MemoryClaims, MemoryLedger, MemoryQueue, MemoryStore};
use std::sync::Arc;

/// No runtime: the twins' futures must not need one.
fn run<T>(future: impl Future<Output = T>) -> T {
    futures::executor::block_on(future)
}

#[test]
fn memory_store() {
    run(contract::blobs(&MemoryStore::default(), "")).assert_kept();
    run(contract::blobs(&MemoryStore::default(), "some/folder/")).assert_kept();
}

#[test]
fn memory_queue() {
    for max_receives in [2, 3, 5] {
        let clock = Arc::new(ManualClock::advancing(1_700_000_000_000));
        let queue = MemoryQueue::new(clock.clone(), max_receives);
        let on = QueueUnderTest { queue: &queue, clock: &*clock, max_receives, is_exact: true };
        run(contract::queue(on)).assert_kept();
    }
}

#[test]
fn memory_catalog() {
    run(contract::catalog(&MemoryCatalog::default())).assert_kept();
}

#[test]
fn memory_claims() {
    let clock = ManualClock::new(1_700_000_000_000);
    run(contract::claims(&MemoryClaims::default(), &clock)).assert_kept();
}

#[test]
fn memory_ledger() {
    run(contract::ledger(&MemoryLedger::default())).assert_kept();
}
