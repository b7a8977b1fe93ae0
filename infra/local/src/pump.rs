//! The pump: what the event source mapping is on AWS. Batches out of a queue, into `dispatch`, and the failures back.

use embedded::SqliteQueue;
use ports::{Clock, PortError, Queue};
use runtime::{Function, Outcome, Shift, dispatch};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How a queue is pumped.
#[derive(Clone, Copy, Debug)]
pub struct PumpPlan {
    /// Messages per receive, 1 to 10.
    pub batch: usize,
    /// Tasks of a batch at the same time.
    pub concurrency: usize,
    /// Hides a message while it is worked on: longer than the work can take.
    pub visibility: Duration,
}

/// How long an idle pump waits before it looks again without being woken.
const IDLE: Duration = Duration::from_secs(1);

/// Feeds `function` until `drain` is cancelled; the batch in hand is finished first.
pub async fn pump<F: Function>(
    function: Arc<F>,
    queue: Arc<SqliteQueue>,
    clock: Arc<dyn Clock>,
    plan: PumpPlan,
    drain: CancellationToken,
) {
    while !drain.is_cancelled() {
        let batch = match queue.receive(plan.batch, plan.visibility).await {
            Ok(batch) => batch,
            Err(error) => {
                tracing::error!(function = F::NAME, %error, "failed to receive");
                clock.sleep(IDLE).await;
                continue;
            }
        };
        if batch.is_empty() {
            tokio::select! {
                () = queue.wait(IDLE) => {}
                () = drain.cancelled() => {}
            }
            continue;
        }
        let shift = Shift {
            clock: clock.as_ref(),
            deadline_ms: clock.now_ms() + plan.visibility.as_millis() as u64,
            concurrency: plan.concurrency,
            metrics: Arc::default(),
        };
        let outcomes = dispatch(function.as_ref(), &batch, &shift).await;
        for (message, outcome) in batch.iter().zip(outcomes) {
            let returned = match outcome {
                Outcome::Done | Outcome::Rejected(_) => queue.acknowledge(&message.receipt).await,
                Outcome::Failed(failure) => {
                    queue.give_back(&message.receipt, failure.pause(message.attempt), &failure.reason).await
                }
            };
            if let Err(error) = returned {
                // The message became visible again: it is delivered twice, which every function expects.
                log_void(F::NAME, &message.id, &error);
            }
        }
    }
}

fn log_void(function: &str, message: &str, error: &PortError) {
    tracing::warn!(function, message.id = message, %error, "the delivery was over before its work was");
}
