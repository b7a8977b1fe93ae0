//! Claims in SQLite.

use super::database::Database;
use async_trait::async_trait;
use ports::{ClaimOutcome, Claims, PortError};
use rusqlite::OptionalExtension;
use std::path::Path;

const VERSIONS: &[&str] = &["
    CREATE TABLE claims (name TEXT PRIMARY KEY, owner TEXT NOT NULL, until_ms INTEGER NOT NULL) WITHOUT ROWID;
    CREATE INDEX claims_by_end ON claims (until_ms);
"];

/// Claims in a SQLite file, shared by every process that opens it.
pub struct SqliteClaims(Database);

impl SqliteClaims {
    /// Opens or makes the file.
    pub fn open(path: &Path) -> Result<Self, PortError> {
        Database::open(path, "claims", VERSIONS).map(SqliteClaims)
    }

    /// Drops every claim. For a host that knows (by its lock on the data folder) that every owner is dead.
    pub async fn clear(&self) -> Result<(), PortError> {
        self.0
            .write("clear claims", "claims", |connection| connection.execute("DELETE FROM claims", ()).map(drop))
            .await
    }
}

#[async_trait]
impl Claims for SqliteClaims {
    async fn claim(&self, name: &str, owner: &str, now_ms: u64, until_ms: u64) -> Result<ClaimOutcome, PortError> {
        let (subject, name, owner) = (name, name.to_owned(), owner.to_owned());
        self.0
            .write("claim", subject, move |connection| {
                // Claims that ran out and were never released: a few at a time, so that no claim pays for many.
                let tidy = "DELETE FROM claims WHERE name IN
                    (SELECT name FROM claims WHERE until_ms <= ?1 AND name <> ?2 ORDER BY until_ms LIMIT 4)";
                connection.prepare_cached(tidy)?.execute((now_ms, &name))?;
                let take = "INSERT INTO claims (name, owner, until_ms) VALUES (?1, ?2, ?4)
                    ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, until_ms = excluded.until_ms
                    WHERE claims.until_ms <= ?3 OR claims.owner = excluded.owner";
                if connection.prepare_cached(take)?.execute((&name, &owner, now_ms, until_ms))? == 1 {
                    return Ok(ClaimOutcome::Taken);
                }
                let held = "SELECT until_ms FROM claims WHERE name = ?1";
                let until = connection.prepare_cached(held)?.query_row([&name], |row| row.get(0)).optional()?;
                Ok(until.map_or(ClaimOutcome::Taken, ClaimOutcome::HeldUntil))
            })
            .await
    }

    async fn release(&self, name: &str, owner: &str) -> Result<(), PortError> {
        let (subject, name, owner) = (name, name.to_owned(), owner.to_owned());
        self.0
            .write("release claim", subject, move |connection| {
                let release = "DELETE FROM claims WHERE name = ?1 AND owner = ?2";
                connection.prepare_cached(release)?.execute((name, owner)).map(drop)
            })
            .await
    }
}
