//! A clock that is told the time.

use super::lock;
use crate::Clock;
use async_trait::async_trait;
use std::future::poll_fn;
use std::sync::Mutex;
use std::task::{Poll, Waker};
use std::time::Duration;

/// A clock for tests and the simulator.
#[derive(Debug)]
pub struct ManualClock {
    state: Mutex<State>,
    /// Whether a sleep moves the clock by itself.
    advances: bool,
}

#[derive(Debug)]
struct State {
    now_ms: u64,
    seed: u64,
    sleepers: Vec<Waker>,
}

impl ManualClock {
    /// Makes a clock that stands still: a sleep lasts until somebody advances the clock far enough.
    pub fn new(now_ms: u64) -> Self {
        ManualClock { state: Mutex::new(State { now_ms, seed: now_ms, sleepers: Vec::new() }), advances: false }
    }

    /// Makes a clock that a sleep advances: every sleep is over at once, and that much later.
    pub fn advancing(now_ms: u64) -> Self {
        ManualClock { advances: true, ..ManualClock::new(now_ms) }
    }

    /// Starts the random numbers anew from `seed`.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        lock(&self.state).seed = seed;
        self
    }

    /// Moves the clock forward and wakes the sleepers.
    pub fn advance(&self, duration: Duration) {
        let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        self.change(|now_ms| now_ms.saturating_add(millis));
    }

    /// Sets the clock, forward or backward, and wakes the sleepers.
    pub fn set(&self, now_ms: u64) {
        self.change(|_| now_ms);
    }

    fn change(&self, next: impl FnOnce(u64) -> u64) {
        let sleepers = {
            let mut state = lock(&self.state);
            state.now_ms = next(state.now_ms);
            std::mem::take(&mut state.sleepers)
        };
        sleepers.into_iter().for_each(Waker::wake);
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now_ms(&self) -> u64 {
        lock(&self.state).now_ms
    }

    async fn sleep(&self, duration: Duration) {
        if self.advances {
            return self.advance(duration);
        }
        let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let end_ms = self.now_ms().saturating_add(millis);
        poll_fn(|context| {
            let mut state = lock(&self.state);
            if state.now_ms >= end_ms {
                return Poll::Ready(());
            }
            state.sleepers.push(context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// SplitMix64: the same numbers for the same seed.
    fn random(&self) -> u64 {
        let mut state = lock(&self.state);
        state.seed = state.seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state.seed ^ (state.seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
