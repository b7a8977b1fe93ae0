//! Queue, catalog and claims in SQLite.

pub(crate) mod catalog;
pub(crate) mod claims;
mod database;
pub(crate) mod queue;
mod words;
