//! The ledger in SQLite: entries, the accounts that each counts in, and the sums of the accounts.
//!
//! A power failure may take back the last moments (see [`super::database`]): then a call may be paid that the ledger does
//! not know.

use super::database::Database;
use asset::money::MicroUsd;
use async_trait::async_trait;
use ports::ledger::{accounts, position};
use ports::{Actual, Cap, Kind, Ledger, LedgerEntry, LedgerPage, LedgerQuery, PortError, Reservation, Reserved};
use rusqlite::{Connection, OptionalExtension};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::Path;

const VERSIONS: &[&str] = &["
    CREATE TABLE entries (
        id TEXT PRIMARY KEY,
        position TEXT NOT NULL UNIQUE,
        forecast INTEGER NOT NULL,
        reservation TEXT NOT NULL,
        actual TEXT
    ) WITHOUT ROWID;
    CREATE TABLE accounts (name TEXT PRIMARY KEY, used INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE charges (id TEXT NOT NULL, account TEXT NOT NULL, PRIMARY KEY (id, account)) WITHOUT ROWID;
"];

/// A trillion dollars: amounts are held to it, so that no sum of a few leaves SQLite's integers.
const MOST: u64 = 1_000_000_000_000_000_000;

/// The ledger in a SQLite file, shared by every process that opens it.
pub struct SqliteLedger(Database);

impl SqliteLedger {
    /// Opens or makes the file.
    pub fn open(path: &Path) -> Result<Self, PortError> {
        Database::open(path, "ledger", VERSIONS).map(SqliteLedger)
    }
}

fn to_json<T: Serialize>(operation: &'static str, subject: &str, value: &T) -> Result<String, PortError> {
    serde_json::to_string(value).map_err(|error| PortError::new(Kind::Fatal, operation, subject).because(error))
}

fn of_json<T: DeserializeOwned>(operation: &'static str, json: &str) -> Result<T, PortError> {
    serde_json::from_str(json).map_err(|error| {
        PortError::new(Kind::Fatal, operation, json.chars().take(200).collect::<String>()).because(error)
    })
}

/// Returns why a reservation is not to be made, if it is not.
fn refusal(connection: &Connection, reservation: &Reservation, caps: &[Cap]) -> rusqlite::Result<Option<Reserved>> {
    let there = "SELECT 1 FROM entries WHERE id = ?1";
    if connection.prepare_cached(there)?.exists([&reservation.id])? {
        return Ok(Some(Reserved::AlreadyReserved));
    }
    let mut sum = connection.prepare_cached("SELECT used FROM accounts WHERE name = ?1")?;
    for (account, Cap { scope, limit }) in accounts(reservation, caps) {
        let used = MicroUsd(sum.query_row([account], |row| row.get(0)).optional()?.unwrap_or(0));
        if used.plus(reservation.forecast) > limit {
            return Ok(Some(Reserved::CapFull { scope, limit, used, forecast: reservation.forecast }));
        }
    }
    Ok(None)
}

#[async_trait]
impl Ledger for SqliteLedger {
    async fn reserve(&self, reservation: &Reservation, caps: &[Cap]) -> Result<Reserved, PortError> {
        const OPERATION: &str = "reserve";
        let json = to_json(OPERATION, &reservation.id, reservation)?;
        let (subject, reservation, caps) = (&reservation.id, reservation.clone(), caps.to_vec());
        // Writers come one after the other, of all processes: between the look and the write nobody else reserves.
        self.0
            .write(OPERATION, subject, move |connection| {
                if let Some(refusal) = refusal(connection, &reservation, &caps)? {
                    return Ok(refusal);
                }
                let forecast = reservation.forecast.0.min(MOST);
                let insert = "INSERT INTO entries (id, position, forecast, reservation) VALUES (?1, ?2, ?3, ?4)";
                let values = (&reservation.id, position(&reservation), forecast, &json);
                connection.prepare_cached(insert)?.execute(values)?;
                let mut charge = connection.prepare_cached("INSERT INTO charges (id, account) VALUES (?1, ?2)")?;
                let add = "INSERT INTO accounts (name, used) VALUES (?1, ?2)
                    ON CONFLICT (name) DO UPDATE SET used = min(?3, used + excluded.used)";
                let mut add = connection.prepare_cached(add)?;
                for account in accounts(&reservation, &caps).into_keys() {
                    charge.execute((&reservation.id, &account))?;
                    add.execute((&account, forecast, MOST))?;
                }
                Ok(Reserved::Taken)
            })
            .await
    }

    async fn settle(&self, id: &str, actual: &Actual) -> Result<(), PortError> {
        const OPERATION: &str = "settle";
        let json = to_json(OPERATION, id, actual)?;
        let (subject, id, cost) = (id, id.to_owned(), actual.cost.map(|cost| cost.0.min(MOST)));
        let is_there = self
            .0
            .write(OPERATION, subject, move |connection| {
                let there = "SELECT 1 FROM entries WHERE id = ?1";
                if !connection.prepare_cached(there)?.exists([&id])? {
                    return Ok(false);
                }
                let settle = "UPDATE entries SET actual = ?2 WHERE id = ?1 AND actual IS NULL";
                let is_first = connection.prepare_cached(settle)?.execute((&id, &json))? == 1;
                if let Some(cost) = cost.filter(|_| is_first) {
                    let replace = "UPDATE accounts
                        SET used = min(?3, max(0, used + ?2 - (SELECT forecast FROM entries WHERE id = ?1)))
                        WHERE name IN (SELECT account FROM charges WHERE id = ?1)";
                    connection.prepare_cached(replace)?.execute((&id, cost, MOST))?;
                }
                Ok(true)
            })
            .await?;
        if is_there { Ok(()) } else { Err(PortError::new(Kind::NotFound, OPERATION, subject)) }
    }

    async fn entries(&self, query: &LedgerQuery) -> Result<LedgerPage, PortError> {
        const OPERATION: &str = "list ledger";
        let (positions, n_entries) = (query.positions()?, query.page_size());
        let mut rows = self
            .0
            .read(OPERATION, "entries", move |connection| {
                let select = "SELECT position, reservation, actual FROM entries
                    WHERE position > ?1 AND position < ?2 ORDER BY position LIMIT ?3";
                let mut select = connection.prepare_cached(select)?;
                let rows = select.query_map((positions.start, positions.end, n_entries + 1), |row| {
                    Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, Option<String>>(2)?))
                })?;
                rows.collect::<rusqlite::Result<Vec<_>>>()
            })
            .await?;
        let has_more = rows.len() > n_entries;
        rows.truncate(n_entries);
        let next = rows.last().filter(|_| has_more).map(|(position, _, _)| position.clone());
        let entry = |(_, reservation, actual): &(String, String, Option<String>)| {
            let actual = actual.as_deref().map(|json| of_json(OPERATION, json)).transpose()?;
            Ok(LedgerEntry { reservation: of_json(OPERATION, reservation)?, actual })
        };
        Ok(LedgerPage { entries: rows.iter().map(entry).collect::<Result<_, PortError>>()?, next })
    }
}
