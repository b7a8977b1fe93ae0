//! The way of every capability: claim the task, take over what was made from the same bytes, else make it, record the result, tell
//! `settle` to look. Every name is a hash of what decides the content and everything is create-only, so a second delivery, or a worker
//! that wakes up late, changes nothing.

use crate::{Context, Failure};
use asset::fact::{Outcome, TaskResult};
use asset::ids::AssetId;
use asset::keys;
use asset::task::{Settled, Task};
use async_trait::async_trait;
use ports::blob::{created_before, exists};
use ports::{ClaimOutcome, Claims, Clock, CreateBlob, Envelope, Kind, PortError, ReadBlob, SendMessages};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// The part that differs between capabilities.
#[async_trait]
pub trait Craft: Send + Sync {
    /// Does the work. A refusal is an outcome; an error brings the message back.
    async fn make(&self, task: &Task, context: &Context) -> Result<Outcome, Failure>;

    /// Makes another asset's outcome of the same task this one's; `None` if that cannot be done and it has to be made.
    async fn take_over(&self, task: &Task, outcome: Outcome) -> Result<Option<Outcome>, Failure>;
}

/// Does each task once.
pub struct Once {
    pub store: Arc<dyn ReadBlob>,
    pub create: Arc<dyn CreateBlob>,
    pub claims: Arc<dyn Claims>,
    pub settle: Arc<dyn SendMessages>,
    pub clock: Arc<dyn Clock>,
}

/// Longest wait for somebody else's claim within one delivery; a longer one is left to the queue.
const CLAIM_PATIENCE: Duration = Duration::from_secs(4);

/// Time beyond the limit of the work for reading and writing, after which a claim expires.
const CLAIM_MARGIN_MS: u64 = 60_000;

/// The content of [`keys::made`].
#[derive(Debug, Serialize, Deserialize)]
struct Made {
    asset: AssetId,
    /// Key of the result fact.
    result: String,
}

impl Once {
    /// Sees to it that the task has a result, and says so.
    pub async fn run(&self, craft: &dyn Craft, task: &Task, context: &Context) -> Result<(), Failure> {
        let fact = keys::result_of(&task.asset, &task.generation, &task.id(), &task.attempt);
        if !exists(self.store.as_ref(), &fact).await? {
            // By task, not by asset: the same bytes under two keys are computed once, the second asset copies.
            let claim = format!("task/{}", task.id());
            self.take_claim(&claim, task, context).await?;
            let done = self.work(craft, task, &fact, context).await;
            // Given up whatever came of it, so that a retry need not wait for the claim to expire.
            let released = self.claims.release(&claim, &context.delivery).await;
            done?;
            released?;
        }
        self.settle.send(vec![Envelope::now(Settled { asset: task.asset.clone() }.body())]).await?;
        Ok(())
    }

    async fn take_claim(&self, name: &str, task: &Task, context: &Context) -> Result<(), Failure> {
        let begin_ms = self.clock.now_ms();
        let mut pause = Duration::from_millis(20);
        loop {
            let now_ms = self.clock.now_ms();
            let until_ms = now_ms + task.job.time_ms(&task.limits) + CLAIM_MARGIN_MS;
            match self.claims.claim(name, &context.delivery, now_ms, until_ms).await? {
                ClaimOutcome::Taken => return Ok(()),
                ClaimOutcome::HeldUntil(held_ms)
                    if now_ms.saturating_sub(begin_ms) >= CLAIM_PATIENCE.as_millis() as u64 =>
                {
                    let rest = Duration::from_millis(held_ms.saturating_sub(now_ms) / 2).max(Duration::from_secs(1));
                    return Err(Failure::retry(rest, format!("task {} is being worked on elsewhere", task.id())));
                }
                ClaimOutcome::HeldUntil(_) => {
                    self.clock.sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_millis(500));
                }
            }
        }
    }

    /// Makes the result, unless it was made between the first look and the claim.
    async fn work(&self, craft: &dyn Craft, task: &Task, fact: &str, context: &Context) -> Result<(), Failure> {
        if exists(self.store.as_ref(), fact).await? {
            return Ok(());
        }
        let begin_ms = self.clock.now_ms();
        let (outcome, reused_from) = match self.reuse(craft, task).await? {
            Some((outcome, owner)) => (outcome, Some(owner)),
            None => (craft.make(task, context).await?, None),
        };
        let at_ms = self.clock.now_ms();
        let result =
            TaskResult { reused_from, ..TaskResult::new(task, outcome, at_ms, at_ms.saturating_sub(begin_ms)) };
        self.record(&result, fact).await
    }

    /// Returns an identical task's outcome, taken over, and whose it is; `None` if it has to be made.
    async fn reuse(&self, craft: &dyn Craft, task: &Task) -> Result<Option<(Outcome, AssetId)>, Failure> {
        let Some(made) = self.read_json::<Made>(&keys::made(&task.id())).await? else { return Ok(None) };
        let Some(result) = self.read_json::<TaskResult>(&made.result).await? else { return Ok(None) };
        // An own earlier generation's outputs are about to be cleaned up, but until then they can be copied like anybody's.
        if result.task != task.id() || matches!(result.outcome, Outcome::Refused(_)) {
            return Ok(None);
        }
        Ok(craft.take_over(task, result.outcome).await?.map(|outcome| (outcome, made.asset)))
    }

    /// Reads a JSON object; `None` if it is missing or not readable, which costs a computation and nothing else.
    async fn read_json<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, PortError> {
        match self.store.read(key).await {
            Ok(blob) => Ok(serde_json::from_slice(&blob.bytes).ok()),
            Err(error) if error.kind == Kind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn record(&self, result: &TaskResult, fact: &str) -> Result<(), Failure> {
        let body = serde_json::to_vec(result).map_err(Failure::reject)?;
        created_before(self.create.create(fact, body.into()).await)?;
        if let Outcome::Refused(refusal) = &result.outcome {
            tracing::warn!(asset.id = %result.asset, task.id = %result.task, %refusal, "refused `{}`", result.capability);
            return Ok(());
        }
        if result.reused_from.is_none() {
            self.announce(result, fact).await?;
        }
        let took_ms = result.took_ms;
        tracing::info!(asset.id = %result.asset, task.id = %result.task, took_ms, "made `{}`", result.capability);
        Ok(())
    }

    /// Leaves word of who made this first. Losing the race to another asset is fine: either one's outputs can be copied.
    async fn announce(&self, result: &TaskResult, fact: &str) -> Result<(), Failure> {
        let made = Made { asset: result.asset.clone(), result: fact.to_owned() };
        let body = serde_json::to_vec(&made).map_err(Failure::reject)?;
        created_before(self.create.create(&keys::made(&result.task), body.into()).await)?;
        Ok(())
    }
}
