//! Queues in SQLite: all of them in one file.
//!
//! A message is one row; `visible_ms` says when it may be received next and `receipt` names the delivery that holds it. Receiving walks
//! the index `(queue, visible_ms, id)` from its start, so its cost does not grow with the number of messages.

use super::database::Database;
use crate::SystemClock;
use async_trait::async_trait;
use futures::future::{Either, select};
use ports::{Clock, DeadLetter, Depth, Envelope, Kind, PortError, Queue, Received, SendMessages};
use rusqlite::{Connection, OptionalExtension, Row};
use std::collections::BTreeMap;
use std::path::Path;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

const VERSIONS: &[&str] = &["
    CREATE TABLE queues (name TEXT PRIMARY KEY) WITHOUT ROWID;
    CREATE TABLE messages (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        queue TEXT NOT NULL,
        visible_ms INTEGER NOT NULL,
        receives INTEGER NOT NULL DEFAULT 0,
        receipt TEXT,
        body TEXT NOT NULL,
        last_error TEXT
    );
    CREATE INDEX messages_by_time ON messages (queue, visible_ms, id);
    CREATE TABLE dead (
        id INTEGER PRIMARY KEY,
        queue TEXT NOT NULL,
        died_ms INTEGER NOT NULL,
        receives INTEGER NOT NULL,
        body TEXT NOT NULL,
        last_error TEXT
    );
    CREATE INDEX dead_by_time ON dead (queue, died_ms, id);
"];

/// Longest delay of a send, as on SQS.
const MAX_DELAY: Duration = Duration::from_secs(15 * 60);

/// A century: far enough for "never", and no sum with the time of day leaves the range of a SQLite integer.
const MAX_MILLIS: u64 = 100 * 366 * 24 * 60 * 60 * 1000;

/// How often a waiting receiver looks for what other processes sent.
const POLL: Duration = Duration::from_millis(100);

/// Every queue of one machine, in one file.
pub struct Queues {
    database: Database,
    clock: Arc<dyn Clock>,
    /// Wakes receivers of this process.
    bells: Mutex<BTreeMap<String, Arc<Notify>>>,
}

/// One queue.
pub struct SqliteQueue {
    name: String,
    max_receives: u32,
    database: Database,
    clock: Arc<dyn Clock>,
    bell: Arc<Notify>,
}

impl Queues {
    /// Opens or makes the file; time is the machine's.
    pub fn open(path: &Path) -> Result<Queues, PortError> {
        Queues::open_with(path, Arc::new(SystemClock))
    }

    /// Opens or makes the file; time is `clock`'s.
    pub fn open_with(path: &Path, clock: Arc<dyn Clock>) -> Result<Queues, PortError> {
        let database = Database::open(path, "queues", VERSIONS)?;
        Ok(Queues { database, clock, bells: Mutex::default() })
    }

    /// Returns the queue called `name`. A message that was received `max_receives` times becomes a dead letter.
    pub fn queue(&self, name: &str, max_receives: u32) -> Arc<SqliteQueue> {
        let mut bells = self.bells.lock().unwrap_or_else(PoisonError::into_inner);
        let bell = Arc::clone(bells.entry(name.to_owned()).or_default());
        let (database, clock) = (self.database.clone(), Arc::clone(&self.clock));
        Arc::new(SqliteQueue { name: name.to_owned(), max_receives, database, clock, bell })
    }

    /// Makes every received message visible now. For a host that knows (by its lock on the data folder) that every receiver is dead.
    pub async fn release_in_flight(&self) -> Result<(), PortError> {
        let now_ms = self.clock.now_ms();
        self.database
            .write("release in flight", "queues", move |connection| {
                let release =
                    "UPDATE messages SET receipt = NULL, visible_ms = ?1 WHERE receipt IS NOT NULL AND visible_ms > ?1";
                connection.execute(release, [now_ms]).map(drop)
            })
            .await
    }

    /// Returns every queue that was opened here or ever held a message, with what it holds, by name.
    pub async fn depths(&self) -> Result<Vec<(String, Depth)>, PortError> {
        let opened: Vec<String> = self.bells.lock().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect();
        let now_ms = self.clock.now_ms();
        self.database
            .read("measure", "queues", move |connection| {
                let mut names = connection.prepare_cached("SELECT name FROM queues")?;
                let stored = names.query_map((), |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
                let names: std::collections::BTreeSet<String> = opened.into_iter().chain(stored).collect();
                names.into_iter().map(|name| depth(connection, &name, now_ms).map(|depth| (name, depth))).collect()
            })
            .await
    }
}

impl SqliteQueue {
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns as soon as a message may be visible, after `at_most` in any case.
    ///
    /// Sends of this process wake it at once, those of others within a tenth of a second.
    pub async fn wait(&self, at_most: Duration) {
        let end_ms = self.clock.now_ms().saturating_add(millis(at_most));
        loop {
            // Listening begins before looking: a send in between is not missed.
            let mut bell = pin!(self.bell.notified());
            bell.as_mut().enable();
            let now_ms = self.clock.now_ms();
            let until_visible = match self.next_visible_ms().await {
                Ok(Some(visible_ms)) if visible_ms <= now_ms => return,
                Ok(Some(visible_ms)) => Duration::from_millis(visible_ms - now_ms),
                Ok(None) | Err(_) => POLL,
            };
            if now_ms >= end_ms {
                return;
            }
            let pause = until_visible.min(POLL).min(Duration::from_millis(end_ms - now_ms));
            if let Either::Left(_) = select(bell, pin!(self.clock.sleep(pause))).await {
                return;
            }
        }
    }

    async fn next_visible_ms(&self) -> Result<Option<u64>, PortError> {
        let name = self.name.clone();
        self.database
            .read("look at queue", &self.name, move |connection| {
                let first = "SELECT min(visible_ms) FROM messages WHERE queue = ?1";
                connection.prepare_cached(first)?.query_row([name], |row| row.get(0))
            })
            .await
    }

    /// Changes the row that `receipt` holds, if it still holds it.
    async fn with_receipt(
        &self,
        operation: &'static str,
        receipt: &str,
        work: impl FnOnce(&Connection, i64, u64) -> rusqlite::Result<()> + Send + 'static,
    ) -> Result<(), PortError> {
        let void = || PortError::new(Kind::NotFound, operation, receipt);
        // A receipt begins with the message's id: the row is found by its primary key.
        let id: i64 = receipt.split('-').next().and_then(|id| id.parse().ok()).ok_or_else(void)?;
        let (name, key, clock) = (self.name.clone(), receipt.to_owned(), Arc::clone(&self.clock));
        let is_held = self
            .database
            .write(operation, receipt, move |connection| {
                let now_ms = clock.now_ms();
                let held = "SELECT 1 FROM messages WHERE id = ?1 AND queue = ?2 AND receipt = ?3 AND visible_ms > ?4";
                let held =
                    connection.prepare_cached(held)?.query_row((id, name, key, now_ms), |_| Ok(())).optional()?;
                if held.is_some() {
                    work(connection, id, now_ms)?;
                }
                Ok(held.is_some())
            })
            .await?;
        if is_held { Ok(()) } else { Err(void()) }
    }
}

#[async_trait]
impl SendMessages for SqliteQueue {
    async fn send(&self, messages: Vec<Envelope>) -> Result<(), PortError> {
        let (name, clock) = (self.name.clone(), Arc::clone(&self.clock));
        self.database
            .write("send to", &self.name, move |connection| {
                let now_ms = clock.now_ms();
                connection.prepare_cached("INSERT OR IGNORE INTO queues (name) VALUES (?1)")?.execute([&name])?;
                let insert = "INSERT INTO messages (queue, visible_ms, body) VALUES (?1, ?2, ?3)";
                let mut insert = connection.prepare_cached(insert)?;
                for message in messages {
                    insert.execute((&name, now_ms + millis(message.delay.min(MAX_DELAY)), message.body))?;
                }
                Ok(())
            })
            .await?;
        self.bell.notify_waiters();
        Ok(())
    }
}

#[async_trait]
impl Queue for SqliteQueue {
    async fn receive(&self, max: usize, visibility: Duration) -> Result<Vec<Received>, PortError> {
        let (name, clock, max_receives) = (self.name.clone(), Arc::clone(&self.clock), self.max_receives);
        self.database
            .write("receive from", &self.name, move |connection| {
                let now_ms = clock.now_ms();
                let visible_ms = now_ms.saturating_add(millis(visibility).max(1));
                let mut received = Vec::new();
                loop {
                    let wanted = max.clamp(1, 10) - received.len();
                    let found = visible(connection, &name, now_ms, wanted)?;
                    let is_last = found.len() < wanted;
                    for message in found {
                        if message.receives >= max_receives {
                            bury(connection, message.id, now_ms)?;
                        } else {
                            let salt = clock.random();
                            received.push(take(connection, message, visible_ms, salt)?);
                        }
                    }
                    if is_last || received.len() >= max.clamp(1, 10) {
                        return Ok(received);
                    }
                }
            })
            .await
    }

    async fn acknowledge(&self, receipt: &str) -> Result<(), PortError> {
        self.with_receipt("acknowledge message", receipt, |connection, id, _| {
            connection.prepare_cached("DELETE FROM messages WHERE id = ?1")?.execute([id]).map(drop)
        })
        .await
    }

    async fn give_back(&self, receipt: &str, delay: Duration, reason: &str) -> Result<(), PortError> {
        let reason = reason.to_owned();
        self.with_receipt("give message back", receipt, move |connection, id, now_ms| {
            let update = "UPDATE messages SET visible_ms = ?2, receipt = NULL, last_error = ?3 WHERE id = ?1";
            let visible_ms = now_ms.saturating_add(millis(delay));
            connection.prepare_cached(update)?.execute((id, visible_ms, reason)).map(drop)
        })
        .await?;
        self.bell.notify_waiters();
        Ok(())
    }

    async fn extend(&self, receipt: &str, visibility: Duration) -> Result<(), PortError> {
        self.with_receipt("extend message", receipt, move |connection, id, now_ms| {
            let visible_ms = now_ms.saturating_add(millis(visibility).max(1));
            let update = "UPDATE messages SET visible_ms = ?2 WHERE id = ?1";
            connection.prepare_cached(update)?.execute((id, visible_ms)).map(drop)
        })
        .await
    }

    async fn depth(&self) -> Result<Depth, PortError> {
        let (name, now_ms) = (self.name.clone(), self.clock.now_ms());
        self.database.read("measure", &self.name, move |connection| depth(connection, &name, now_ms)).await
    }

    async fn dead_letters(&self, limit: usize) -> Result<Vec<DeadLetter>, PortError> {
        let name = self.name.clone();
        self.database
            .read("list dead letters of", &self.name, move |connection| {
                let dead = "SELECT id, body, receives, last_error, died_ms FROM dead
                    WHERE queue = ?1 ORDER BY died_ms, id LIMIT ?2";
                let mut dead = connection.prepare_cached(dead)?;
                dead.query_map((name, limit), |row| {
                    let id = row.get::<_, i64>(0)?.to_string();
                    let (body, attempts) = (row.get(1)?, row.get(2)?);
                    Ok(DeadLetter { id, body, attempts, last_error: row.get(3)?, died_ms: row.get(4)? })
                })?
                .collect()
            })
            .await
    }

    async fn redrive(&self) -> Result<u64, PortError> {
        let (name, clock) = (self.name.clone(), Arc::clone(&self.clock));
        let n_messages = self
            .database
            .write("redrive", &self.name, move |connection| {
                let revive = "INSERT INTO messages (id, queue, visible_ms, body)
                    SELECT id, queue, ?2, body FROM dead WHERE queue = ?1 ORDER BY died_ms, id";
                connection.prepare_cached(revive)?.execute((&name, clock.now_ms()))?;
                connection.prepare_cached("DELETE FROM dead WHERE queue = ?1")?.execute([name])
            })
            .await?;
        self.bell.notify_waiters();
        Ok(n_messages as u64)
    }
}

struct Found {
    id: i64,
    body: String,
    receives: u32,
}

/// Finds visible messages, longest visible first.
fn visible(connection: &Connection, queue: &str, now_ms: u64, limit: usize) -> rusqlite::Result<Vec<Found>> {
    let visible = "SELECT id, body, receives FROM messages
        WHERE queue = ?1 AND visible_ms <= ?2 ORDER BY visible_ms, id LIMIT ?3";
    let found = |row: &Row| Ok(Found { id: row.get(0)?, body: row.get(1)?, receives: row.get(2)? });
    connection.prepare_cached(visible)?.query_map((queue, now_ms, limit), found)?.collect()
}

fn take(connection: &Connection, message: Found, visible_ms: u64, salt: u64) -> rusqlite::Result<Received> {
    let attempt = message.receives + 1;
    let receipt = format!("{}-{attempt}-{salt:016x}", message.id);
    let update = "UPDATE messages SET visible_ms = ?2, receives = ?3, receipt = ?4 WHERE id = ?1";
    connection.prepare_cached(update)?.execute((message.id, visible_ms, attempt, &receipt))?;
    Ok(Received { id: message.id.to_string(), receipt, body: message.body, attempt })
}

fn bury(connection: &Connection, id: i64, now_ms: u64) -> rusqlite::Result<()> {
    let bury = "INSERT INTO dead (id, queue, died_ms, receives, body, last_error)
        SELECT id, queue, ?2, receives, body, last_error FROM messages WHERE id = ?1";
    connection.prepare_cached(bury)?.execute((id, now_ms))?;
    connection.prepare_cached("DELETE FROM messages WHERE id = ?1")?.execute([id]).map(drop)
}

fn depth(connection: &Connection, queue: &str, now_ms: u64) -> rusqlite::Result<Depth> {
    let visible = "SELECT count(*) FROM messages WHERE queue = ?1 AND visible_ms <= ?2";
    let hidden = "SELECT count(receipt), count(*) - count(receipt) FROM messages WHERE queue = ?1 AND visible_ms > ?2";
    let dead = "SELECT count(*) FROM dead WHERE queue = ?1";
    let visible = connection.prepare_cached(visible)?.query_row((queue, now_ms), |row| row.get(0))?;
    let (in_flight, delayed) =
        connection.prepare_cached(hidden)?.query_row((queue, now_ms), |row| Ok((row.get(0)?, row.get(1)?)))?;
    let dead = connection.prepare_cached(dead)?.query_row([queue], |row| row.get(0))?;
    Ok(Depth { visible, in_flight, delayed, dead })
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).min(MAX_MILLIS)
}
