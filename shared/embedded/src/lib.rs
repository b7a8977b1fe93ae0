//! Adapters for one machine: objects as plain files; queue, catalog, claims and ledger in SQLite.
//!
//! Every adapter may be used by several processes at once, keeps what it acknowledged through `kill -9`, and does its blocking work
//! off the async threads (so all of them want a tokio runtime around them).

mod clock;
mod file_store;
mod sqlite;

pub use clock::SystemClock;
pub use file_store::{Durability, FileStore};
pub use sqlite::catalog::SqliteCatalog;
pub use sqlite::claims::SqliteClaims;
pub use sqlite::ledger::SqliteLedger;
pub use sqlite::queue::{Queues, SqliteQueue};
