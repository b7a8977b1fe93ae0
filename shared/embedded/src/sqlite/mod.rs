//! Queue, catalog, claims and ledger in SQLite.

pub(crate) mod catalog;
pub(crate) mod claims;
mod database;
pub(crate) mod ledger;
mod nearest;
pub(crate) mod queue;
mod words;
