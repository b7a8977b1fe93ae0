//! Tells `ingest` what changed, once per change.

use super::message::{Happened, message};
use asset::ids::AssetId;
use asset::sequencer::Sequencer;
use embedded::FileStore;
use ports::{Clock, Envelope, Kind, PortError, ReadBlob, SendMessages};
use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// Puts the changes of inbox files on the queue of `ingest`.
///
/// The sequencer of a write is the file's change time, so two announcements of one file state carry the same one, as on S3. Change
/// times come from the kernel's coarse clock: two writes within a tick would share theirs. The second one then gets a later one (its
/// file is touched without changing it) before it is announced: later writes always have later sequencers.
pub struct Notifier {
    bucket: String,
    inbox: Arc<FileStore>,
    queue: Arc<dyn SendMessages>,
    clock: Arc<dyn Clock>,
    hasher: RandomState,
    /// By the key's hash, so that events of one key are sent one after the other and different keys do not wait for each other.
    stripes: Vec<Mutex<Recent>>,
    /// Change times whose arrival is in the store: what a comparison found settled, so that the next one need not ask again.
    pub(super) settled: std::sync::Mutex<HashMap<AssetId, u64>>,
}

const N_STRIPES: usize = 64;
const RECENT_PER_STRIPE: usize = 256;

/// How far the coarse clock may lie behind: a delete is dated this much earlier, so that a file written right after it comes later.
const CLOCK_TICK: Duration = Duration::from_millis(10);

impl Notifier {
    pub fn new(bucket: &str, inbox: Arc<FileStore>, queue: Arc<dyn SendMessages>, clock: Arc<dyn Clock>) -> Self {
        let stripes = (0..N_STRIPES).map(|_| Mutex::new(Recent::default())).collect();
        let (bucket, hasher) = (bucket.to_owned(), RandomState::new());
        Notifier { bucket, inbox, queue, clock, hasher, stripes, settled: Default::default() }
    }

    /// Announces the file that is there now; the event is on the queue when this returns. `NotFound` if there is none.
    ///
    /// Returns the event's sequencer. A state that was announced a moment ago is not announced again.
    pub async fn put(&self, key: &str) -> Result<Sequencer, PortError> {
        let mut recent = self.stripe(key).lock().await;
        let mut state = self.state(key).await?;
        for _ in 0..100 {
            match recent.get(key) {
                Some(last) if last.sequencer == state.sequencer && last.etag.as_deref() == Some(&state.etag) => {
                    return Ok(state.sequencer);
                }
                Some(last) if state.sequencer <= last.sequencer => {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                    touch(&self.inbox.path_of(key)?).map_err(|error| failed(key, error))?;
                    state = self.state(key).await?;
                }
                _ => break,
            }
        }
        let happened = Happened::Put { etag: state.etag.clone(), bytes: state.bytes };
        self.send(vec![(key.to_owned(), happened, state.sequencer.clone())]).await?;
        recent.insert(key, Last { sequencer: state.sequencer.clone(), etag: Some(state.etag) });
        Ok(state.sequencer)
    }

    /// Announces that a file is gone; nothing if there is one again. `after` is the sequencer of the state that was deleted, if known.
    pub async fn delete(&self, key: &str, after: Option<Sequencer>) -> Result<(), PortError> {
        let mut recent = self.stripe(key).lock().await;
        // Before the look at the file: a file that is written after the look is later than this.
        let now = self.clock.now_ms().saturating_sub(CLOCK_TICK.as_millis() as u64) * 1_000_000;
        match self.inbox.head(key).await {
            Ok(_) => return Ok(()),
            Err(error) if error.kind == Kind::NotFound => {}
            Err(error) => return Err(error),
        }
        let last = recent.get(key);
        if last.is_some_and(|last| last.etag.is_none() && after.as_ref().is_none_or(|after| *after < last.sequencer)) {
            return Ok(());
        }
        let known = after.into_iter().chain(last.map(|last| last.sequencer.clone())).max();
        let sequencer = Sequencer::from_unix_nanos(now).max(known.map_or(Sequencer::ZERO, |known| just_after(&known)));
        self.send(vec![(key.to_owned(), Happened::Deleted, sequencer.clone())]).await?;
        recent.insert(key, Last { sequencer, etag: None });
        Ok(())
    }

    /// Announces many files in one send. Those that vanished meanwhile are left out. Returns how many were announced.
    pub(super) async fn put_many(&self, keys: &[String]) -> Result<usize, PortError> {
        let mut changes = Vec::with_capacity(keys.len());
        for key in keys {
            match self.state(key).await {
                Ok(state) => {
                    let happened = Happened::Put { etag: state.etag, bytes: state.bytes };
                    changes.push((key.clone(), happened, state.sequencer));
                }
                Err(error) if error.kind == Kind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        let n_changes = changes.len();
        self.send(changes).await?;
        Ok(n_changes)
    }

    async fn send(&self, changes: Vec<(String, Happened, Sequencer)>) -> Result<(), PortError> {
        let now_ms = i64::try_from(self.clock.now_ms()).unwrap_or(i64::MAX);
        let at = jiff::Timestamp::from_millisecond(now_ms).unwrap_or(jiff::Timestamp::MAX);
        let envelope = |(key, happened, sequencer): &(String, Happened, Sequencer)| {
            Envelope::now(message(&self.bucket, key, happened, sequencer, at))
        };
        if changes.is_empty() { Ok(()) } else { self.queue.send(changes.iter().map(envelope).collect()).await }
    }

    /// Reads ETag and change time of one and the same state.
    async fn state(&self, key: &str) -> Result<State, PortError> {
        loop {
            let before = self.inbox.change_time_ns(key)?;
            let meta = self.inbox.head(key).await?;
            if self.inbox.change_time_ns(key)? == before {
                return Ok(State {
                    sequencer: Sequencer::from_unix_nanos(before),
                    etag: meta.etag.0,
                    bytes: meta.bytes,
                });
            }
        }
    }

    fn stripe(&self, key: &str) -> &Mutex<Recent> {
        &self.stripes[self.hasher.hash_one(key) as usize % N_STRIPES]
    }
}

struct State {
    sequencer: Sequencer,
    etag: String,
    bytes: u64,
}

/// The last event of a key; without an ETag it was a delete.
struct Last {
    sequencer: Sequencer,
    etag: Option<String>,
}

#[derive(Default)]
struct Recent {
    last: HashMap<String, Last>,
    oldest: VecDeque<String>,
}

impl Recent {
    fn get(&self, key: &str) -> Option<&Last> {
        self.last.get(key)
    }

    fn insert(&mut self, key: &str, last: Last) {
        if self.last.insert(key.to_owned(), last).is_none() {
            self.oldest.push_back(key.to_owned());
        }
        if self.oldest.len() > RECENT_PER_STRIPE
            && let Some(oldest) = self.oldest.pop_front()
        {
            self.last.remove(&oldest);
        }
    }
}

/// Returns a sequencer that is later than `sequencer` and earlier than any later change time.
fn just_after(sequencer: &Sequencer) -> Sequencer {
    Sequencer::parse(&format!("{:0<18}1", sequencer.as_segment())).unwrap_or_else(|| sequencer.clone())
}

/// Sets the change time to now and changes nothing else: the permissions are set to what they are.
fn touch(path: &Path) -> std::io::Result<()> {
    std::fs::set_permissions(path, std::fs::metadata(path)?.permissions())
}

fn failed(key: &str, error: std::io::Error) -> PortError {
    PortError::new(Kind::Retry(Duration::from_millis(100)), "announce file", key).because(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delete_comes_between_its_file_and_the_next() {
        let file = Sequencer::from_unix_nanos(1_700_000_000_123_000_000);
        let next = Sequencer::from_unix_nanos(1_700_000_000_123_000_001);
        let delete = just_after(&file);
        assert!(file < delete && delete < next);
        assert!(just_after(&delete) > delete && just_after(&delete) < next);
    }
}
