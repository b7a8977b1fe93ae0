//! The contract suite: what every adapter promises, checked the same way on memory, on files and SQLite, and on AWS.
//!
//! ```ignore
//! contract::blobs(&store, "contract/").await.assert_kept();
//! ```
//!
//! Every promise of the traits' documentation is a check with a name. The checks need no runtime of their own: concurrent calls are
//! joined in the caller's task, and time is the adapter's clock. With a clock that a sleep advances, a visibility timeout takes no
//! time; with a real one the same check waits, so the suite also runs against a service over the network.

mod blob_content;
mod blob_keys;
mod blob_races;
mod blobs;
mod catalog;
mod catalog_nearest;
mod catalog_search;
mod claims;
mod ledger;
mod ledger_list;
mod queue;
mod queue_dead;
mod queue_receipts;

pub use blobs::{BlobStore, blobs};
pub use catalog::catalog;
pub use claims::claims;
pub use ledger::ledger;
pub use queue::{QueueUnderTest, queue};

use crate::{Kind, PortError};
use std::error::Error;
use std::fmt;
use std::future::{Future, poll_fn};
use std::task::Poll;

/// A promise that was not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    pub promise: &'static str,
    /// What was seen instead.
    pub detail: String,
}

/// What the suite found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Report {
    pub n_kept: usize,
    pub broken: Vec<Broken>,
}

impl Report {
    /// Panics with every broken promise, if there is one.
    #[track_caller]
    pub fn assert_kept(&self) {
        assert!(self.broken.is_empty(), "{self}");
    }

    /// Returns whether this promise was checked and broken.
    pub fn has_broken(&self, promise: &str) -> bool {
        self.broken.iter().any(|broken| broken.promise == promise)
    }

    async fn check(&mut self, promise: &'static str, check: impl Future<Output = Check>) {
        match check.await {
            Ok(()) => self.n_kept += 1,
            Err(Seen(detail)) => self.broken.push(Broken { promise, detail }),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} promises kept, {} broken", self.n_kept, self.broken.len())?;
        for Broken { promise, detail } in &self.broken {
            writeln!(f, "- {promise}: {detail}")?;
        }
        Ok(())
    }
}

/// What was seen where a promise broke.
struct Seen(String);

type Check = Result<(), Seen>;

impl From<PortError> for Seen {
    fn from(error: PortError) -> Self {
        let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
        Seen(format!("unexpected error: {error}{cause}"))
    }
}

/// Ends the check with what was seen, unless the condition holds.
macro_rules! ensure {
    ($condition:expr, $($seen:tt)+) => {
        if !$condition {
            return Err($crate::contract::Seen(format!($($seen)+)));
        }
    };
}
use ensure;

/// Checks that a call failed in the given way.
fn ensure_kind<T>(result: Result<T, PortError>, kind: Kind, what: impl fmt::Display) -> Check {
    match result {
        Err(error) if error.kind == kind => Ok(()),
        Err(error) => Err(Seen(format!("{what}: expected {kind:?}, got {:?} ({error})", error.kind))),
        Ok(_) => Err(Seen(format!("{what}: expected {kind:?}, got success"))),
    }
}

/// Lets other joined futures run: between a read and the write that depends on it, adapters that never wait would leave no gap.
async fn breathe() {
    let mut is_second = false;
    poll_fn(|context| {
        if is_second {
            return Poll::Ready(());
        }
        is_second = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Calls until the answer is another one than "try again later": a service may answer that under concurrency.
async fn insist<T, F: Future<Output = Result<T, PortError>>>(mut call: impl FnMut() -> F) -> Result<T, PortError> {
    for _ in 0..100 {
        match call().await {
            Err(PortError { kind: Kind::Retry(_), .. }) => breathe().await,
            answer => return answer,
        }
    }
    call().await
}
