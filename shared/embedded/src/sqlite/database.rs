//! One SQLite file: a thread that writes, connections that read.
//!
//! Writes go to one thread, which takes everything that is waiting into one transaction: a commit costs more than the work in it, so
//! under load many callers share one, and nobody waits for a lock inside the process. Each job runs in a savepoint of its own; callers
//! are answered after the commit. Other processes wait by SQLite's busy timeout.
//!
//! WAL with `synchronous=NORMAL`: what was answered survives the death of the process. A power failure may take back the last moments
//! (never break the file); the sweep finds what is missing.

use ports::{Kind, PortError};
use rusqlite::{Connection, ErrorCode};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;
use tokio::sync::oneshot;

/// How long a statement waits for another process's transaction.
const BUSY: Duration = Duration::from_secs(10);

/// Jobs that share a transaction at most: bounds how long the first one waits for its answer.
const GROUP: usize = 256;

/// Idle reading connections that are kept.
const READERS: usize = 4;

/// A database file. Clones share it.
#[derive(Clone)]
pub(super) struct Database(Arc<Shared>);

struct Shared {
    path: PathBuf,
    jobs: mpsc::Sender<Box<dyn Job>>,
    readers: Mutex<Vec<Connection>>,
}

/// A failure inside the database; the port's operation and subject are added by [`Database::write`] and [`Database::read`].
type Failed = rusqlite::Error;

trait Job: Send {
    /// Does the work inside the open transaction.
    fn run(&mut self, connection: &Connection);
    /// Answers the caller: the transaction was committed, or not, and why.
    fn answer(self: Box<Self>, commit: Result<(), &PortError>);
}

struct Write<F, T> {
    work: Option<F>,
    outcome: Option<Result<T, Failed>>,
    caller: oneshot::Sender<Result<T, PortError>>,
    operation: &'static str,
    subject: String,
}

impl<F, T> Job for Write<F, T>
where
    F: FnOnce(&Connection) -> Result<T, Failed> + Send,
    T: Send,
{
    fn run(&mut self, connection: &Connection) {
        if let Some(work) = self.work.take() {
            self.outcome = Some(in_savepoint(connection, work));
        }
    }

    fn answer(self: Box<Self>, commit: Result<(), &PortError>) {
        let Write { outcome, caller, operation, subject, .. } = *self;
        let answer = match (commit, outcome) {
            (Ok(()), Some(outcome)) => outcome.map_err(|error| from_sqlite(error, operation, &subject)),
            (Ok(()), None) => Err(PortError::new(Kind::Fatal, operation, subject).because("the work was not done")),
            (Err(error), _) => Err(PortError::new(error.kind, operation, subject).because(cause_of(error))),
        };
        // The caller may have gone; the work is done all the same.
        let _ = caller.send(answer);
    }
}

fn in_savepoint<T>(connection: &Connection, work: impl FnOnce(&Connection) -> Result<T, Failed>) -> Result<T, Failed> {
    let execute = |sql: &str| connection.prepare_cached(sql)?.execute(()).map(drop);
    execute("SAVEPOINT job")?;
    let outcome = work(connection);
    if outcome.is_err() {
        execute("ROLLBACK TO job")?;
    }
    execute("RELEASE job")?;
    outcome
}

impl Database {
    /// Opens or makes a database and brings it to the newest of `versions`, each the SQL that leads there from the one before.
    pub(super) fn open(
        path: &Path,
        component: &'static str,
        versions: &'static [&'static str],
    ) -> Result<Self, PortError> {
        const OPERATION: &str = "open database";
        let subject = path.display().to_string();
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)
                .map_err(|error| PortError::new(Kind::Fatal, OPERATION, &subject).because(error))?;
        }
        let failed = |error: Failed| from_sqlite(error, OPERATION, &subject);
        let mut connection = connect(path).map_err(failed)?;
        let version = migrate(&mut connection, component, versions).map_err(failed)?;
        if version > versions.len() {
            let text = format!("`{component}` has version {version}, this program knows up to {}", versions.len());
            return Err(PortError::new(Kind::Fatal, OPERATION, subject).because(text));
        }
        let (jobs, waiting) = mpsc::channel();
        std::thread::Builder::new()
            .name(format!("sqlite-{component}"))
            .spawn(move || write_all(&connection, &waiting))
            .map_err(|error| PortError::new(Kind::Fatal, OPERATION, subject).because(error))?;
        let shared = Shared { path: path.to_owned(), jobs, readers: Mutex::new(Vec::new()) };
        Ok(Database(Arc::new(shared)))
    }

    /// Does `work` in a transaction and returns once it is committed. An error undoes all of it.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        operation: &'static str,
        subject: &str,
        work: impl FnOnce(&Connection) -> Result<T, Failed> + Send + 'static,
    ) -> Result<T, PortError> {
        let (caller, answer) = oneshot::channel();
        let gone = || PortError::new(Kind::Fatal, operation, subject).because("the database thread has ended");
        let job = Write { work: Some(work), outcome: None, caller, operation, subject: subject.to_owned() };
        self.0.jobs.send(Box::new(job)).map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }

    /// Does `work`, which only reads, beside the writer.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        operation: &'static str,
        subject: &str,
        work: impl FnOnce(&Connection) -> Result<T, Failed> + Send + 'static,
    ) -> Result<T, PortError> {
        let shared = Arc::clone(&self.0);
        let read = move || {
            let idle = shared.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let connection = idle.map_or_else(|| connect(&shared.path), Ok)?;
            let outcome = work(&connection);
            let mut readers = shared.readers.lock().unwrap_or_else(PoisonError::into_inner);
            if readers.len() < READERS {
                readers.push(connection);
            }
            outcome
        };
        match tokio::task::spawn_blocking(read).await {
            Ok(outcome) => outcome.map_err(|error| from_sqlite(error, operation, subject)),
            Err(error) => Err(PortError::new(Kind::Fatal, operation, subject).because(error)),
        }
    }
}

fn connect(path: &Path) -> Result<Connection, Failed> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(64);
    // Two processes that make the file at once: the change to WAL does not wait by itself.
    let mut attempts = 0;
    while let Err(error) = connection.execute_batch("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;") {
        attempts += 1;
        if attempts == 100 || !is_busy(&error) {
            return Err(error);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    connection
        .execute_batch("PRAGMA temp_store=MEMORY; PRAGMA cache_size=-16000; PRAGMA journal_size_limit=67108864;")?;
    Ok(connection)
}

/// Runs what is missing of `versions`; returns the version that the file has.
fn migrate(connection: &mut Connection, component: &str, versions: &[&str]) -> Result<usize, Failed> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    transaction
        .execute_batch("CREATE TABLE IF NOT EXISTS components (name TEXT PRIMARY KEY, version INTEGER NOT NULL)")?;
    let known = "SELECT coalesce((SELECT version FROM components WHERE name = ?1), 0)";
    let version: usize = transaction.query_row(known, [component], |row| row.get(0))?;
    for sql in versions.iter().skip(version) {
        transaction.execute_batch(sql)?;
    }
    let version = version.max(versions.len());
    transaction.execute("INSERT OR REPLACE INTO components (name, version) VALUES (?1, ?2)", (component, version))?;
    transaction.commit()?;
    Ok(version)
}

/// The writer's thread: until the last handle is gone.
fn write_all(connection: &Connection, waiting: &mpsc::Receiver<Box<dyn Job>>) {
    while let Ok(first) = waiting.recv() {
        let mut jobs = vec![first];
        while jobs.len() < GROUP
            && let Ok(next) = waiting.try_recv()
        {
            jobs.push(next);
        }
        let committed = commit(connection, &mut jobs).map_err(|error| from_sqlite(error, "commit to", "database"));
        for job in jobs {
            job.answer(committed.as_ref().copied());
        }
    }
}

fn commit(connection: &Connection, jobs: &mut [Box<dyn Job>]) -> Result<(), Failed> {
    let execute = |sql: &str| connection.prepare_cached(sql)?.execute(()).map(drop);
    execute("BEGIN IMMEDIATE")?;
    for job in jobs {
        job.run(connection);
    }
    execute("COMMIT").inspect_err(|_| {
        // Where it fails, SQLite has rolled back already.
        let _ = execute("ROLLBACK");
    })
}

fn is_busy(error: &Failed) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

fn from_sqlite(error: Failed, operation: &'static str, subject: &str) -> PortError {
    let kind = match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Kind::Retry(Duration::from_millis(100)),
        Some(ErrorCode::DiskFull) => Kind::Retry(Duration::from_secs(30)),
        _ => Kind::Fatal,
    };
    PortError::new(kind, operation, subject).because(error)
}

fn cause_of(error: &PortError) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}
