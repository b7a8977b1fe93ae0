//! Runs worlds: a large simulation is many worlds side by side, each in its own thread and with its own seed.

use super::config::Config;
use super::counts::Counts;
use super::exec;
use super::oracle::Verdict;
use super::world::Sim;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// Uploads of one world.
const WORLD: u64 = 5_000;

/// One simulation and what it came to.
#[derive(Default)]
pub struct Run {
    pub worlds: u64,
    pub counts: Counts,
    pub verdict: Verdict,
    pub trace: u64,
    /// Sorted.
    pub settled_after_ms: Vec<u64>,
    pub slowest: (u64, String),
    /// Of the longest world.
    pub virtual_ms: u64,
}

/// Runs `config`, in as many worlds as its uploads need.
pub fn run(config: Config) -> Run {
    let n_worlds = config.uploads.div_ceil(WORLD);
    let mut all = Run::default();
    let part = |index: u64| {
        let uploads = WORLD.min(config.uploads - index * WORLD);
        let seed = config.seed.wrapping_add(index.wrapping_mul(0x1_0000_0001));
        run_world(Config { uploads, seed, ..config })
    };
    for one in in_parallel(n_worlds, part) {
        all.worlds += 1;
        all.counts.add(&one.counts);
        all.verdict.add(one.verdict);
        all.trace = all.trace.rotate_left(7) ^ one.trace;
        all.settled_after_ms.extend(one.settled_after_ms);
        all.slowest = all.slowest.max(one.slowest);
        all.virtual_ms = all.virtual_ms.max(one.virtual_ms);
    }
    all.settled_after_ms.sort_unstable();
    all
}

fn run_world(config: Config) -> Run {
    let sim = Sim::new(config);
    let start_ms = sim.world().now_ms();
    let verdict = exec::run(&sim);
    let mut world = sim.world();
    Run {
        worlds: 1,
        counts: world.counts.clone(),
        verdict,
        trace: world.trace,
        settled_after_ms: std::mem::take(&mut world.truth.settled_after_ms),
        slowest: std::mem::take(&mut world.truth.slowest),
        virtual_ms: world.now_ms() - start_ms,
    }
}

/// Calls `work` for 0 up to `n` on every processor, and returns what came of it in this order.
pub fn in_parallel<T: Send>(n: u64, work: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let next = AtomicU64::new(0);
    let worker = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= n {
                return done;
            }
            done.push((index, work(index)));
        }
    };
    let n_threads = thread::available_parallelism().map_or(1, |n| n.get() as u64).min(n);
    let mut done: Vec<(u64, T)> = thread::scope(|scope| {
        let workers: Vec<_> = (0..n_threads).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("a simulated world panicked, see above")).collect()
    });
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, one)| one).collect()
}
