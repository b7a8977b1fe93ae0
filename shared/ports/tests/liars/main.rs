//! The contract suite catches adapters that lie: each test plants one fault in a memory twin and names the promises that must break.

mod ledgers;
mod queues;
mod rows;
mod stores;

use ports::contract::Report;

/// No runtime: the twins' futures do not need one.
fn run<T>(future: impl Future<Output = T>) -> T {
    futures::executor::block_on(future)
}

#[track_caller]
fn assert_caught(lie: impl std::fmt::Debug, report: &Report, promises: &[&str]) {
    for promise in promises {
        assert!(report.has_broken(promise), "{lie:?} should break `{promise}`; the suite found: {report}");
    }
}
