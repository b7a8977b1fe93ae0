//! The simulated world: virtual time, one heap of events, and faults at every call.

use super::config::{Config, Plant};
use super::counts::Counts;
use super::oracle::Truth;
use super::queue::Queues;
use super::rng::Rng;
use super::store::Store;
use super::twins::{CatalogState, InboxState};
use ports::{Kind, PortError};
use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap};
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

/// 2026-11-23, in microseconds since 1970.
const START_US: u64 = 1_795_392_000_000_000;

/// Something that happens at a time.
pub enum Event {
    Wake(Waker),
    /// A message can be received (again), unless it was received since.
    Visible {
        queue: usize,
        slot: usize,
        epoch: u64,
    },
    Pump(usize),
    Upload,
    Reconcile,
    SweepDue,
    SweepAll,
    /// Look whether all is done.
    Check,
}

struct Entry {
    at_us: u64,
    seq: u64,
    event: Event,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.seq == other.seq
    }
}
impl Eq for Entry {}
impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Entry {
    /// The heap gives the largest first: that is the earliest, and of one time the one that was pushed first.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at_us, other.seq).cmp(&(self.at_us, self.seq))
    }
}

/// What will go wrong in one invocation.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fate {
    /// Calls until it dies, and whether that call is still carried out.
    pub crash_at: Option<(u32, bool)>,
    /// Calls until it stops, and for how long.
    pub pause_at: Option<(u32, u64)>,
    /// A call that fails is repeated at once.
    is_patient: bool,
    n_calls: u32,
}

impl Fate {
    /// Nothing goes wrong that does not go wrong in every call, and a call that fails is repeated at once.
    pub fn patient() -> Self {
        Fate { is_patient: true, ..Fate::default() }
    }
}

pub struct World {
    pub config: Config,
    pub now_us: u64,
    pub rng: Rng,
    pub counts: Counts,
    pub store: Store,
    pub inbox: InboxState,
    pub queues: Queues,
    pub claims: HashMap<String, (String, u64)>,
    pub catalog: CatalogState,
    pub truth: Truth,
    pub trace: u64,
    heap: BinaryHeap<Entry>,
    seq: u64,
    /// By task slot of the executor.
    fates: Vec<Fate>,
    current: usize,
    is_killed: bool,
}

impl World {
    pub fn now_ms(&self) -> u64 {
        self.now_us / 1000
    }

    pub fn push(&mut self, after_us: u64, event: Event) {
        self.seq += 1;
        self.heap.push(Entry { at_us: self.now_us + after_us, seq: self.seq, event });
    }

    /// Goes on to the next event.
    pub fn pop(&mut self) -> Option<Event> {
        let entry = self.heap.pop()?;
        self.now_us = entry.at_us;
        self.counts.events += 1;
        Some(entry.event)
    }

    pub fn has(&self, plant: Plant) -> bool {
        self.config.plant == Some(plant)
    }

    /// Draws what will go wrong in an invocation for `n_messages`.
    pub fn draw_fate(&mut self, n_messages: usize) -> Fate {
        let n_calls = 9 * n_messages as u64;
        let mut fate = Fate::default();
        if self.rng.hits(self.config.rates.crash) {
            fate.crash_at = Some((self.rng.range(0, n_calls) as u32, self.rng.hits(5000)));
        }
        if self.rng.hits(self.config.rates.zombie) {
            fate.pause_at = Some((self.rng.range(0, n_calls) as u32, self.rng.range(150, 1200) * 1_000_000));
        }
        fate
    }

    /// Says whose calls come next.
    pub fn enter(&mut self, task: usize, fate: Option<Fate>) {
        if let Some(fate) = fate {
            if self.fates.len() <= task {
                self.fates.resize(task + 1, Fate::default());
            }
            self.fates[task] = fate;
        }
        self.current = task;
        self.is_killed = false;
    }

    /// Returns whether the current task has died.
    pub fn is_killed(&self) -> bool {
        self.is_killed
    }

    pub fn note(&mut self, what: u64, subject: &str) {
        let mut hash = self.trace ^ what ^ self.now_us.rotate_left(20);
        for byte in subject.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
        }
        self.trace = hash.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (hash >> 29);
    }
}

/// What a call meets.
enum Meets {
    Nothing,
    Throttle(u64),
    LostAck,
    DeathAfter,
}

/// A handle on the world. One thread; the lock is there because ports are `Send + Sync`.
#[derive(Clone)]
pub struct Sim(Arc<Mutex<World>>);

impl Sim {
    pub fn new(config: Config) -> Self {
        Sim(Arc::new(Mutex::new(World {
            config,
            now_us: START_US,
            rng: Rng::new(config.seed),
            counts: Counts::default(),
            store: Store::default(),
            inbox: InboxState::default(),
            queues: Queues::default(),
            claims: HashMap::new(),
            catalog: CatalogState::default(),
            truth: Truth::default(),
            trace: config.seed,
            heap: BinaryHeap::new(),
            seq: 0,
            fates: Vec::new(),
            current: 0,
            is_killed: false,
        })))
    }

    pub fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub async fn wait(&self, us: u64) {
        let mut is_set = false;
        poll_fn(|context| {
            if is_set {
                return Poll::Ready(());
            }
            is_set = true;
            self.world().push(us, Event::Wake(context.waker().clone()));
            Poll::Pending
        })
        .await;
    }

    /// One call of a port: takes time, may be throttled, die before or after, stop for long, or lose its answer.
    pub async fn call<T>(
        &self,
        operation: &'static str,
        subject: &str,
        is_write: bool,
        apply: impl FnOnce(&mut World) -> Result<T, PortError>,
    ) -> Result<T, PortError> {
        loop {
            let meets = self.meet(is_write).await;
            match meets {
                Meets::Throttle(0) => continue,
                Meets::Throttle(after_ms) => {
                    return Err(PortError::new(Kind::Retry(Duration::from_millis(after_ms)), operation, subject));
                }
                Meets::Nothing | Meets::LostAck | Meets::DeathAfter => {}
            }
            let result = {
                let mut world = self.world();
                let result = apply(&mut world);
                if world.config.watch.is_some_and(|text| subject.contains(text)) {
                    let outcome = result.as_ref().map_or_else(|error| format!("{:?}", error.kind), |_| "ok".to_owned());
                    println!("{:>12.3} s  {operation} {subject}: {outcome}", (world.now_us - START_US) as f64 / 1e6);
                }
                let what = result.as_ref().map_or_else(|error| 2 + u64::from(error.kind == Kind::Exists), |_| 1);
                world.note(what, subject);
                result
            };
            return match meets {
                Meets::DeathAfter => self.die().await,
                Meets::LostAck if result.is_ok() => {
                    self.world().counts.lost_acks += 1;
                    Err(PortError::new(Kind::Retry(Duration::from_millis(200)), operation, subject))
                }
                _ => result,
            };
        }
    }

    async fn meet(&self, is_write: bool) -> Meets {
        let (task, latency_us, pause_us, death) = {
            let mut world = self.world();
            world.counts.calls += 1;
            let latency_us = world.rng.range(2_000, 40_000);
            let task = world.current;
            let fate = &mut world.fates[task];
            fate.n_calls += 1;
            let n_calls = fate.n_calls;
            let pause_us = fate.pause_at.take_if(|(at, _)| n_calls > *at).map(|(_, us)| us);
            let death = fate.crash_at.take_if(|(at, _)| n_calls > *at).map(|(_, is_after)| is_after);
            (task, latency_us, pause_us, death)
        };
        if let Some(us) = pause_us {
            self.world().counts.zombies += 1;
            self.wait(us).await;
        }
        self.wait(latency_us).await;
        match death {
            Some(false) => return self.die().await,
            Some(true) => return Meets::DeathAfter,
            None => {}
        }
        let mut world = self.world();
        let rates = world.config.rates;
        if world.rng.hits(rates.throttle) {
            world.counts.throttled += 1;
            let after_ms = world.rng.range(100, 2000);
            return Meets::Throttle(if world.fates[task].is_patient { 0 } else { after_ms });
        }
        if is_write && !world.fates[task].is_patient && world.rng.hits(rates.lost_ack) {
            Meets::LostAck
        } else {
            Meets::Nothing
        }
    }

    /// Ends the current invocation as a power cut would.
    pub async fn die<T>(&self) -> T {
        {
            let mut world = self.world();
            world.counts.crashed += 1;
            world.is_killed = true;
        }
        std::future::pending().await
    }
}
