//! Memory twins of every port. They pass the contract suite, so a test on them means something.
//!
//! Deterministic: ordered maps, a clock that is told the time, numbers from a seed. No future of theirs ever waits for a runtime (only
//! [`ManualClock::new`]'s sleep waits, for somebody to advance the clock), so any executor can drive them.

mod catalog;
mod claims;
mod clock;
mod ledger;
mod queue;
mod store;

pub use catalog::MemoryCatalog;
pub use claims::MemoryClaims;
pub use clock::ManualClock;
pub use ledger::MemoryLedger;
pub use queue::MemoryQueue;
pub use store::MemoryStore;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks, also after a test panicked while it held the lock.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
