//! The executor: one thread, futures polled in the order of virtual time, the real functions behind `dispatch`.

use super::config::Plant;
use super::oracle::{Verdict, judge};
use super::queue::{INGEST, RESIZE, Receipt, SETTLE, SimQueue};
use super::store::SimStore;
use super::twins::{FakeImaging, SimCatalog, SimClaims, SimClock, SimInbox};
use super::workload::BUCKET;
use super::world::{Event, Fate, Sim};
use asset::profile::Profile;
use asset::settle::Patience;
use ingest::Ingest;
use ports::{Clock, Received};
use resize::Resize;
use runtime::{Outcome, Shift, dispatch};
use settle::{Settle, SweepScope};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

const MINUTE_US: u64 = 60_000_000;

/// The sweeps of the host: unfinished assets, the inbox against the manifests, the whole store.
const SWEEP_DUE_EVERY_US: u64 = 5 * MINUTE_US;
const RECONCILE_EVERY_US: u64 = 15 * MINUTE_US;
const SWEEP_ALL_EVERY_US: u64 = 60 * MINUTE_US;

/// Virtual time after the last upload after which what is not settled counts as lost.
const GIVE_UP_AFTER_US: u64 = 12 * 60 * MINUTE_US;

const PROFILE: &str = r#"
[limits]
max_time_ms = 20_000

[[collection]]
name = "all"
keys = ["**"]
jpeg = { quality = 80 }

[[collection.view]]
name = "whole"
widths = [64, 128]

[[collection.view]]
name = "square"
crop = "1:1"
widths = [64]
"#;

struct Functions {
    ingest: Ingest,
    resize: Resize,
    settle: Settle,
}

struct Alarm {
    slot: usize,
    generation: u64,
    ready: Arc<Mutex<Vec<(usize, u64)>>>,
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner).push((self.slot, self.generation));
    }
}

struct Invocation {
    future: Pin<Box<dyn Future<Output = ()>>>,
    waker: Waker,
    generation: u64,
}

struct Executor {
    sim: Sim,
    functions: Arc<Functions>,
    profile: Arc<Profile>,
    invocations: Vec<Option<Invocation>>,
    free: Vec<usize>,
    generation: u64,
    ready: Arc<Mutex<Vec<(usize, u64)>>>,
    is_last_sweep_done: bool,
    uploads_ended_us: Option<u64>,
}

/// Runs the simulation to its end and judges the store.
pub fn run(sim: &Sim) -> Verdict {
    let profile = Arc::new(Profile::parse("sim.toml", PROFILE).expect("the profile is valid"));
    let mut executor = Executor {
        sim: sim.clone(),
        functions: Arc::new(functions(sim, &profile)),
        profile: profile.clone(),
        invocations: Vec::new(),
        free: Vec::new(),
        generation: 0,
        ready: Arc::default(),
        is_last_sweep_done: false,
        uploads_ended_us: None,
    };
    executor.run();
    judge(&sim.world(), &executor.profile)
}

fn functions(sim: &Sim, profile: &Arc<Profile>) -> Functions {
    let store = Arc::new(SimStore(sim.clone()));
    let clock = Arc::new(SimClock(sim.clone()));
    let queue = |index| Arc::new(SimQueue(sim.clone(), index));
    Functions {
        ingest: Ingest {
            bucket: BUCKET.into(),
            inbox: Arc::new(SimInbox(sim.clone())),
            store: store.clone(),
            facts: store.clone(),
            settle: queue(SETTLE),
            clock: clock.clone(),
        },
        resize: Resize {
            store: store.clone(),
            create: store.clone(),
            copy: store.clone(),
            claims: Arc::new(SimClaims(sim.clone())),
            settle: queue(SETTLE),
            imaging: Arc::new(FakeImaging(sim.clone())),
            clock: clock.clone(),
        },
        settle: Settle {
            store: store.clone(),
            list: store.clone(),
            create: store.clone(),
            swap: store.clone(),
            delete: store,
            catalog: Arc::new(SimCatalog(sim.clone())),
            resize: queue(RESIZE),
            caption: None,
            tag: None,
            preview: None,
            transcribe: None,
            settle: queue(SETTLE),
            profile: profile.clone(),
            prompts: None,
            patience: Patience::default(),
            clock,
        },
    }
}

impl Executor {
    fn run(&mut self) {
        {
            let mut world = self.sim.world();
            world.push(0, Event::Upload);
            world.push(MINUTE_US, Event::Check);
            if world.config.sweep {
                world.push(SWEEP_DUE_EVERY_US, Event::SweepDue);
                world.push(RECONCILE_EVERY_US, Event::Reconcile);
                world.push(SWEEP_ALL_EVERY_US, Event::SweepAll);
            }
        }
        loop {
            self.poll_ready();
            let Some(event) = self.sim.world().pop() else { return };
            match event {
                Event::Wake(waker) => waker.wake(),
                Event::Visible { queue, slot, epoch } => self.sim.world().on_visible(queue, slot, epoch),
                Event::Pump(queue) => self.pump(queue),
                Event::Upload => self.sim.world().on_upload(),
                Event::Reconcile => {
                    let mut world = self.sim.world();
                    world.reconcile();
                    world.push(RECONCILE_EVERY_US, Event::Reconcile);
                }
                Event::SweepDue => self.sweep(SweepScope::Due, Some((SWEEP_DUE_EVERY_US, Event::SweepDue))),
                Event::SweepAll => self.sweep(SweepScope::All, Some((SWEEP_ALL_EVERY_US, Event::SweepAll))),
                Event::Check => {
                    if self.is_done() {
                        return;
                    }
                    self.sim.world().push(MINUTE_US, Event::Check);
                }
            }
        }
    }

    fn poll_ready(&mut self) {
        loop {
            let ready = std::mem::take(&mut *self.ready.lock().unwrap_or_else(PoisonError::into_inner));
            if ready.is_empty() {
                return;
            }
            for (slot, generation) in ready {
                self.poll(slot, generation);
            }
        }
    }

    fn poll(&mut self, slot: usize, generation: u64) {
        let Some(invocation) = self.invocations[slot].as_mut().filter(|one| one.generation == generation) else {
            return;
        };
        self.sim.world().enter(slot, None);
        let is_ready = invocation.future.as_mut().poll(&mut Context::from_waker(&invocation.waker)) == Poll::Ready(());
        if is_ready || self.sim.world().is_killed() {
            self.invocations[slot] = None;
            self.free.push(slot);
        }
    }

    fn spawn(&mut self, fate: Fate, future: impl Future<Output = ()> + 'static) {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.invocations.push(None);
            self.invocations.len() - 1
        });
        self.generation += 1;
        let alarm = Alarm { slot, generation: self.generation, ready: self.ready.clone() };
        let waker = Waker::from(Arc::new(alarm));
        self.invocations[slot] = Some(Invocation { future: Box::pin(future), waker, generation: self.generation });
        self.sim.world().enter(slot, Some(fate));
        self.poll(slot, self.generation);
    }

    /// Starts an invocation for every batch of messages that are visible now.
    fn pump(&mut self, queue: usize) {
        loop {
            let (batch, receipts, fate) = {
                let mut world = self.sim.world();
                let (mut batch, receipts) = world.receive(queue);
                if batch.is_empty() {
                    return;
                }
                world.counts.invocations += 1;
                let fate = world.draw_fate(batch.len());
                if world.has(Plant::EarlyAck) {
                    for receipt in &receipts {
                        let _ = world.acknowledge(queue, *receipt);
                    }
                }
                if world.has(Plant::NoSequencer) && queue == INGEST {
                    let nanos = world.now_us * 1000;
                    batch.iter_mut().for_each(|message| forget_sequencer(message, nanos));
                }
                (batch, receipts, fate)
            };
            let (sim, functions) = (self.sim.clone(), self.functions.clone());
            self.spawn(fate, async move { invoke(sim, functions, queue, batch, receipts).await });
        }
    }

    fn sweep(&mut self, scope: SweepScope, again: Option<(u64, Event)>) {
        {
            let mut world = self.sim.world();
            world.counts.sweeps += 1;
            if let Some((after_us, event)) = again {
                world.push(after_us, event);
            }
        }
        let functions = self.functions.clone();
        // A sweep that fails is made up for by the next one.
        self.spawn(Fate::patient(), async move {
            let _ = functions.settle.sweep(scope).await;
        });
    }

    /// All uploads settled and every queue empty; then once more after a last sweep, which finds what late workers left.
    fn is_done(&mut self) -> bool {
        let (is_idle, is_settled, is_late, has_sweep) = {
            let world = self.sim.world();
            if world.counts.uploads < world.config.uploads {
                return false;
            }
            let ended_us = *self.uploads_ended_us.get_or_insert(world.now_us);
            let is_idle = world.queues.is_empty() && self.invocations.iter().all(Option::is_none);
            (is_idle, world.truth.n_open == 0, world.now_us > ended_us + GIVE_UP_AFTER_US, world.config.sweep)
        };
        if is_late {
            return true;
        }
        if !is_idle || (!is_settled && has_sweep) {
            return false;
        }
        if has_sweep && !self.is_last_sweep_done {
            self.is_last_sweep_done = true;
            self.sweep(SweepScope::All, None);
            return false;
        }
        true
    }
}

async fn invoke(sim: Sim, functions: Arc<Functions>, queue: usize, batch: Vec<Received>, receipts: Vec<Receipt>) {
    let clock = SimClock(sim.clone());
    let shift =
        Shift { clock: &clock, deadline_ms: clock.now_ms() + 60_000, concurrency: 4, metrics: Default::default() };
    let outcomes = match queue {
        INGEST => dispatch(&functions.ingest, &batch, &shift).await,
        RESIZE => dispatch(&functions.resize, &batch, &shift).await,
        _ => dispatch(&functions.settle, &batch, &shift).await,
    };
    for (outcome, receipt) in outcomes.into_iter().zip(receipts) {
        // An acknowledgement that fails leaves the message where it is: it comes again.
        let _ = match outcome {
            Outcome::Done => sim.call("acknowledge", "", true, |world| world.acknowledge(queue, receipt)).await,
            Outcome::Rejected(_) => {
                sim.world().counts.rejected += 1;
                sim.call("acknowledge", "", true, |world| world.acknowledge(queue, receipt)).await
            }
            Outcome::Failed(failure) => {
                sim.call("give back", "", true, |world| world.give_back(queue, receipt, failure.after)).await
            }
        };
    }
}

/// The planted bug: the order of delivery instead of the sender's.
fn forget_sequencer(message: &mut Received, nanos: u64) {
    let name = "\"sequencer\":\"";
    if let Some(at) = message.body.find(name).map(|at| at + name.len()) {
        let end = message.body[at..].find('"').map_or(message.body.len(), |length| at + length);
        message.body.replace_range(at..end, &asset::sequencer::Sequencer::from_unix_nanos(nanos).to_string());
    }
}
