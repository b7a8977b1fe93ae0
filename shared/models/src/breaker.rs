//! A circuit breaker: a pure state machine over a clock's time.
//!
//! Five failures in a minute open it for a minute; then one call is let through to see.

use std::collections::VecDeque;

const MAX_FAILURES: usize = 5;
const WINDOW_MS: u64 = 60_000;
const OPEN_MS: u64 = 60_000;
/// A probe that nobody reported about (its caller was cancelled) stops holding the door after this long.
const PROBE_MS: u64 = 60_000;

/// The state of one model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Breaker {
    /// When the latest failures were, while closed.
    failures: VecDeque<u64>,
    /// Since when it is open.
    opened_ms: Option<u64>,
    /// Since when a probe is under way.
    probing_ms: Option<u64>,
}

/// Whether a call may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    Go,
    /// Only to see whether the model is back.
    Probe,
    /// Not before this time.
    Wait {
        until_ms: u64,
    },
}

impl Breaker {
    /// Asks to make a call. Who is admitted reports how it ended.
    pub fn admit(&mut self, now_ms: u64) -> Admission {
        let Some(opened_ms) = self.opened_ms else { return Admission::Go };
        let closed_until_ms = opened_ms.saturating_add(OPEN_MS);
        // A clock that was set back must not keep the door shut for longer than it was meant to be.
        if now_ms < closed_until_ms && now_ms >= opened_ms {
            return Admission::Wait { until_ms: closed_until_ms };
        }
        if let Some(since_ms) = self.probing_ms {
            let until_ms = since_ms.saturating_add(PROBE_MS);
            if now_ms < until_ms && now_ms >= since_ms {
                return Admission::Wait { until_ms };
            }
        }
        self.probing_ms = Some(now_ms);
        Admission::Probe
    }

    /// The model answered, whatever it said.
    pub fn succeeded(&mut self) {
        *self = Breaker::default();
    }

    /// The call was not made after all: nothing was learnt, and somebody else may probe.
    pub fn abandoned(&mut self) {
        self.probing_ms = None;
    }

    pub fn failed(&mut self, now_ms: u64) {
        if self.opened_ms.is_some() {
            self.open(now_ms);
            return;
        }
        self.failures.retain(|at_ms| at_ms.saturating_add(WINDOW_MS) > now_ms);
        self.failures.push_back(now_ms);
        if self.failures.len() >= MAX_FAILURES {
            self.open(now_ms);
        }
    }

    fn open(&mut self, now_ms: u64) {
        *self = Breaker { opened_ms: Some(now_ms), ..Breaker::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn failed(times: &[u64]) -> Breaker {
        let mut breaker = Breaker::default();
        times.iter().for_each(|at_ms| breaker.failed(*at_ms));
        breaker
    }

    #[test]
    fn five_failures_in_a_minute_open_it_for_a_minute() {
        assert_eq!(failed(&[0, 1, 2, 3]).admit(4), Admission::Go);
        let mut open = failed(&[0, 1, 2, 3, 59_999]);
        assert_eq!(open.admit(60_000), Admission::Wait { until_ms: 119_999 });
        assert_eq!(open.admit(119_999), Admission::Probe);
        assert_eq!(failed(&[0, 1, 2, 3, 60_000]).admit(60_000), Admission::Go, "the first is a minute old");
    }

    #[test]
    fn one_probe_decides() {
        let mut breaker = failed(&[0; 5]);
        assert_eq!(breaker.admit(60_000), Admission::Probe);
        assert_eq!(breaker.admit(60_001), Admission::Wait { until_ms: 120_000 });
        let mut back = breaker.clone();
        back.succeeded();
        assert_eq!(back.admit(60_002), Admission::Go);
        assert_eq!(back, Breaker::default(), "old failures are forgotten");
        let mut unused = breaker.clone();
        unused.abandoned();
        assert_eq!(unused.admit(60_002), Admission::Probe);
        breaker.failed(60_002);
        assert_eq!(breaker.admit(60_003), Admission::Wait { until_ms: 120_002 });
        assert_eq!(breaker.admit(120_002), Admission::Probe);
        assert_eq!(
            breaker.admit(180_002),
            Admission::Probe,
            "a probe that was never reported holds nobody up for ever"
        );
    }

    proptest! {
        #[test]
        fn a_call_is_always_admitted_within_a_minute(events in prop::collection::vec((0u8..4, 0u64..200_000), 0..60)) {
            let mut breaker = Breaker::default();
            let mut now_ms = 0u64;
            for (event, step) in events {
                now_ms = if event == 3 { now_ms.saturating_sub(step) } else { now_ms + step };
                match event {
                    0 => breaker.succeeded(),
                    1 => breaker.failed(now_ms),
                    _ => {
                        if let Admission::Wait { until_ms } = breaker.admit(now_ms) {
                            prop_assert!(until_ms > now_ms && until_ms - now_ms <= 60_000);
                        }
                    }
                }
            }
        }
    }
}
