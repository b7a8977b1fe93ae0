//! The batch law: of a batch, exactly what must be delivered again comes back; nothing else does.

use crate::cpu::panic_message;
use crate::function::{Context, Failure, Function};
use crate::metrics::{Metrics, Unit};
use futures::FutureExt;
use futures::stream::{self, StreamExt};
use ports::{Clock, Received};
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

/// What became of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done, or done before.
    Done,
    /// Will never work; acknowledged.
    Rejected(String),
    /// To be delivered again.
    Failed(BatchFailure),
}

/// A batch-item failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchFailure {
    pub after: Duration,
    pub reason: String,
}

impl BatchFailure {
    /// Longest pause before a failed message comes again.
    const MAX_PAUSE: Duration = Duration::from_secs(15 * 60);

    /// Returns how long to hide the message after its delivery number `attempt`: doubles each time, from what the function asked for.
    pub fn pause(&self, attempt: u32) -> Duration {
        self.after.saturating_mul(1 << attempt.saturating_sub(1).min(10)).min(Self::MAX_PAUSE)
    }
}

/// Under which conditions a batch is handled.
pub struct Shift<'a> {
    pub clock: &'a dyn Clock,
    /// Milliseconds since 1970 at which the process may be stopped.
    pub deadline_ms: u64,
    /// Messages handled at the same time, at most.
    pub concurrency: usize,
    /// Where the numbers go.
    pub metrics: Arc<Metrics>,
}

/// After a panic the message is hidden for this long: time for a person to see the alarm before all receives are used up.
const AFTER_PANIC: Duration = Duration::from_secs(2);

/// Handles a batch and returns one outcome per message, in order.
///
/// Up to `concurrency` messages at a time; those of one lane one after the other. A message that does not parse is rejected: it will
/// not parse the next time either. A panic in `handle` fails its own message only. A message whose turn comes too late to be done before
/// the deadline is not begun: it fails, to be delivered again at once.
pub async fn dispatch<F: Function>(function: &F, batch: &[Received], shift: &Shift<'_>) -> Vec<Outcome> {
    let mut outcomes: Vec<Option<Outcome>> = batch.iter().map(|_| None).collect();
    let mut lanes: BTreeMap<String, Vec<(usize, F::Task)>> = BTreeMap::new();
    for (index, message) in batch.iter().enumerate() {
        match F::parse(&message.body) {
            Ok(task) => {
                let lane = F::lane(&task).unwrap_or_else(|| format!("\0{index}"));
                lanes.entry(lane).or_default().push((index, task));
            }
            Err(error) => {
                let reason = format!("malformed message: {}", chain(error.as_ref()));
                tracing::error!(function = F::NAME, message.id = %message.id, reason, "rejected a message");
                outcomes[index] = Some(Outcome::Rejected(reason));
            }
        }
    }
    let handled: Vec<Vec<(usize, Outcome)>> = stream::iter(lanes.into_values())
        .map(|tasks| async move {
            let mut done = Vec::with_capacity(tasks.len());
            for (index, task) in tasks {
                done.push((index, handle_one(function, task, &batch[index], shift).await));
            }
            done
        })
        .buffer_unordered(shift.concurrency.max(1))
        .collect()
        .await;
    for (index, outcome) in handled.into_iter().flatten() {
        outcomes[index] = Some(outcome);
    }
    for outcome in outcomes.iter().flatten() {
        let name = match outcome {
            Outcome::Done => "done",
            Outcome::Rejected(_) => "rejected",
            Outcome::Failed(_) => "failed",
        };
        shift.metrics.record(name, Unit::Count, 1);
    }
    outcomes.into_iter().map(|outcome| outcome.expect("every message is parsed or rejected")).collect()
}

async fn handle_one<F: Function>(function: &F, task: F::Task, message: &Received, shift: &Shift<'_>) -> Outcome {
    let begin_ms = shift.clock.now_ms();
    if begin_ms + F::NEEDS.as_millis() as u64 > shift.deadline_ms {
        let reason = "no time is left before the deadline".to_owned();
        tracing::warn!(function = F::NAME, message.id = %message.id, reason, "did not begin a message");
        return Outcome::Failed(BatchFailure { after: Duration::ZERO, reason });
    }
    let context = Context {
        delivery: message.receipt.clone(),
        attempt: message.attempt,
        deadline_ms: shift.deadline_ms,
        metrics: shift.metrics.clone(),
    };
    let ended = AssertUnwindSafe(function.handle(task, &context)).catch_unwind().await;
    shift.metrics.record("latency", Unit::Milliseconds, shift.clock.now_ms().saturating_sub(begin_ms));
    match ended {
        Ok(Ok(())) => Outcome::Done,
        Ok(Err(Failure::Reject { source })) => {
            let reason = chain(source.as_ref());
            tracing::error!(function = F::NAME, message.id = %message.id, reason, "rejected a message");
            Outcome::Rejected(reason)
        }
        Ok(Err(Failure::Retry { after, source })) => {
            let reason = chain(source.as_ref());
            tracing::warn!(function = F::NAME, message.id = %message.id, attempt = message.attempt, reason, "will retry");
            Outcome::Failed(BatchFailure { after, reason })
        }
        Err(payload) => {
            let reason = format!("panic: {}", panic_message(payload.as_ref()));
            tracing::error!(function = F::NAME, message.id = %message.id, attempt = message.attempt, reason, "panicked");
            Outcome::Failed(BatchFailure { after: AFTER_PANIC, reason })
        }
    }
}

/// Joins an error and its causes: `failed to read `x`: try again later: connection reset`.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
