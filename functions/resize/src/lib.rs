//! `resize`: a picture becomes what the profile asks for.
//!
//! Two jobs, one shape: read the original, compute, create the outputs, create the result, tell `settle` to look. Every name is a hash
//! of what decides the content, and everything is create-only, so a second delivery (or a worker that wakes up late) changes nothing.

mod imaging;
mod reuse;

pub use imaging::{Imaging, MediaImaging};
pub use media::Rendition;

use asset::fact::{Outcome, Output, TaskResult};
use asset::ids::{AssetId, Sha256};
use asset::keys;
use asset::refusal::{Refusal, RefusalCode};
use asset::task::{Job, Settled, Task, ViewSpec};
use async_trait::async_trait;
use ports::blob::{created_before, exists};
use ports::{ClaimOutcome, Claims, Clock, CopyBlob, CreateBlob, Envelope, ReadBlob, SendMessages};
use runtime::{Context, Failure, Function, parse_json};
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

/// The function and what it needs.
pub struct Resize {
    pub store: Arc<dyn ReadBlob>,
    pub create: Arc<dyn CreateBlob>,
    pub copy: Arc<dyn CopyBlob>,
    pub claims: Arc<dyn Claims>,
    pub settle: Arc<dyn SendMessages>,
    pub imaging: Arc<dyn Imaging>,
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl Function for Resize {
    const NAME: &'static str = "resize";

    type Task = Task;

    fn parse(body: &str) -> Result<Task, Box<dyn Error + Send + Sync>> {
        parse_json(body)
    }

    async fn handle(&self, task: Task, context: &Context) -> Result<(), Failure> {
        let fact = keys::result_of(&task.asset, &task.generation, &task.id(), &task.attempt);
        if !exists(self.store.as_ref(), &fact).await? {
            // By task, not by asset: the same bytes under two keys are computed once, the second asset copies.
            let claim = format!("task/{}", task.id());
            self.take_claim(&claim, &task, context).await?;
            let done = self.work(&task, &fact).await;
            // Given up whatever came of it, so that a retry need not wait for the claim to expire.
            let released = self.claims.release(&claim, &context.delivery).await;
            done?;
            released?;
        }
        self.settle.send(vec![Envelope::now(Settled { asset: task.asset }.body())]).await?;
        Ok(())
    }
}

/// Longest wait for somebody else's claim within one delivery; a longer one is left to the queue.
const CLAIM_PATIENCE: Duration = Duration::from_secs(4);

/// Time beyond the CPU limit for reading and writing, after which a claim expires.
const CLAIM_MARGIN_MS: u64 = 60_000;

impl Resize {
    async fn take_claim(&self, name: &str, task: &Task, context: &Context) -> Result<(), Failure> {
        let begin_ms = self.clock.now_ms();
        let mut pause = Duration::from_millis(20);
        loop {
            let now_ms = self.clock.now_ms();
            let until_ms = now_ms + task.limits.max_time_ms + CLAIM_MARGIN_MS;
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
    async fn work(&self, task: &Task, fact: &str) -> Result<(), Failure> {
        if exists(self.store.as_ref(), fact).await? {
            return Ok(());
        }
        let begin_ms = self.clock.now_ms();
        let (outcome, reused_from) = match self.reuse(task).await? {
            Some((outcome, owner)) => (outcome, Some(owner)),
            None => (self.compute(task).await?, None),
        };
        let at_ms = self.clock.now_ms();
        let result = TaskResult {
            asset: task.asset.clone(),
            generation: task.generation.clone(),
            task: task.id(),
            attempt: task.attempt.clone(),
            capability: task.job.capability().to_owned(),
            source: task.source.clone(),
            outcome,
            at_ms,
            took_ms: at_ms.saturating_sub(begin_ms),
            reused_from,
        };
        self.record(&result, fact).await
    }

    async fn compute(&self, task: &Task) -> Result<Outcome, Failure> {
        let original = keys::original(&task.asset, &task.source);
        let bytes = self.store.head(&original).await?.bytes;
        if bytes > task.limits.max_bytes {
            let found = format!("{bytes} bytes, the limit is {}", task.limits.max_bytes);
            let way_out = "upload a smaller file or raise `limits.max_bytes` in the profile";
            return Ok(Outcome::Refused(Refusal::new(RefusalCode::TooLarge, found, way_out)));
        }
        let bytes = self.store.read(&original).await?.bytes;
        match &task.job {
            Job::Inspect => Ok(match self.imaging.inspect(bytes, task.limits).await {
                Ok((probe, inspection)) => Outcome::Inspected { probe, inspection },
                Err(refusal) => Outcome::Refused(refusal),
            }),
            Job::Render { views } => {
                let specs = views.iter().map(|view| view.spec.clone()).collect();
                match self.imaging.render(bytes, specs, task.limits).await {
                    Ok(sets) => self.publish(task, views, sets).await,
                    Err(refusal) => Ok(Outcome::Refused(refusal)),
                }
            }
        }
    }

    async fn publish(&self, task: &Task, views: &[ViewSpec], sets: Vec<Vec<Rendition>>) -> Result<Outcome, Failure> {
        let folder = keys::renditions_of(task);
        let named =
            views.iter().zip(sets).flat_map(|(view, set)| set.into_iter().map(|rendition| (&view.name, rendition)));
        let mut outputs = Vec::new();
        for (view, rendition) in named {
            let key = format!("{folder}{view}-{}.{}", rendition.width, rendition.format.extension());
            let output = Output {
                view: view.clone(),
                key: key.clone(),
                format: rendition.format,
                width: rendition.width,
                height: rendition.height,
                frames: rendition.frames,
                bytes: rendition.bytes.len() as u64,
                sha256: Sha256::of(&rendition.bytes),
            };
            // `Exists`: an earlier delivery wrote the same bytes, for the name is a hash of what decides them.
            created_before(self.create.create(&key, rendition.bytes.into()).await)?;
            outputs.push(output);
        }
        Ok(Outcome::Rendered { outputs })
    }

    async fn record(&self, result: &TaskResult, fact: &str) -> Result<(), Failure> {
        let body = serde_json::to_vec(result).map_err(Failure::reject)?;
        created_before(self.create.create(fact, body.into()).await)?;
        match &result.outcome {
            Outcome::Refused(refusal) => {
                tracing::warn!(asset.id = %result.asset, task.id = %result.task, %refusal, "refused `{}`", result.capability);
            }
            Outcome::Inspected { .. } | Outcome::Rendered { .. } => {
                if result.reused_from.is_none() {
                    self.announce(&result.asset, result, fact).await?;
                }
                let took_ms = result.took_ms;
                tracing::info!(asset.id = %result.asset, task.id = %result.task, took_ms, "made `{}`", result.capability);
            }
        }
        Ok(())
    }

    /// Leaves word of who made this first. Losing the race to another asset is fine: either one's outputs can be copied.
    async fn announce(&self, asset: &AssetId, result: &TaskResult, fact: &str) -> Result<(), Failure> {
        let made = reuse::Made { asset: asset.clone(), result: fact.to_owned() };
        let body = serde_json::to_vec(&made).map_err(Failure::reject)?;
        created_before(self.create.create(&keys::made(&result.task), body.into()).await)?;
        Ok(())
    }
}
