//! `settle`: facts become a manifest, the next tasks and readiness. The only writer of manifests.
//!
//! A message says no more than "look at this asset": what is true is what lies in the store. The sweep sends the same message for
//! every asset that is not as the profile wants it.

mod backlog;
mod cleanup;
mod facts;
mod profile;
mod sweep;

use asset::catalog::CatalogEntry;
use asset::ids::AssetId;
use asset::keys;
use asset::manifest::Manifest;
use asset::profile::Profile;
use asset::sequencer::Sequencer;
use asset::settle::{Patience, Settlement, settle};
use asset::task::{Job, Settled, Task};
use async_trait::async_trait;
use ports::blob::created_before;
use ports::{
    Catalog, Clock, CreateBlob, DeleteBlob, ETag, Envelope, Kind, ListBlobs, PortError, ReadBlob, SendMessages,
    SwapBlob,
};
use prompts::Shelf;
use runtime::{Context, Failure, Function, Metrics, Unit, parse_json};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

pub use backlog::Unhurried;
pub use sweep::{SweepFrom, SweepScope};

/// The function and what it needs.
pub struct Settle {
    pub store: Arc<dyn ReadBlob>,
    pub list: Arc<dyn ListBlobs>,
    pub create: Arc<dyn CreateBlob>,
    /// For manifests, and nothing else.
    pub swap: Arc<dyn SwapBlob>,
    /// For what a deleted asset leaves behind, and nothing else.
    pub delete: Arc<dyn DeleteBlob>,
    pub catalog: Arc<dyn Catalog>,
    /// Tasks for pictures.
    pub resize: Arc<dyn SendMessages>,
    /// Tasks for models that write; absent where none can be asked, and then no profile asks for texts.
    pub caption: Option<Arc<dyn SendMessages>>,
    /// Tasks for models that tag; absent like `caption`.
    pub tag: Option<Arc<dyn SendMessages>>,
    /// Tasks for the pictures of recordings; absent where nobody makes any, and then no profile asks for recordings.
    pub preview: Option<Arc<dyn SendMessages>>,
    /// Tasks for what is said in recordings; absent like `preview`.
    pub transcribe: Option<Arc<dyn SendMessages>>,
    /// The own queue: the sweep's messages.
    pub settle: Arc<dyn SendMessages>,
    /// With the prompts that are in force where there is no shelf.
    pub profile: Arc<Profile>,
    /// Which prompts the labels point at; absent where nobody publishes any.
    pub prompts: Option<Arc<Shelf>>,
    pub patience: Patience,
    pub clock: Arc<dyn Clock>,
}

/// A message to `settle`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum SettleTask {
    Look(Settled),
    Sweep {
        sweep: SweepScope,
        /// Where it goes on; absent at its beginning.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<SweepFrom>,
    },
}

#[async_trait]
impl Function for Settle {
    const NAME: &'static str = "settle";

    type Task = SettleTask;

    fn parse(body: &str) -> Result<SettleTask, Box<dyn Error + Send + Sync>> {
        parse_json(body)
    }

    async fn handle(&self, task: SettleTask, context: &Context) -> Result<(), Failure> {
        match task {
            SettleTask::Look(Settled { asset }) => self.look(&asset, &context.metrics).await,
            SettleTask::Sweep { sweep, from } => self.sweep_part(sweep, from).await,
        }
    }

    fn lane(task: &SettleTask) -> Option<String> {
        match task {
            SettleTask::Look(Settled { asset }) => Some(asset.to_string()),
            SettleTask::Sweep { .. } => None,
        }
    }
}

/// How often a manifest is re-read after somebody else wrote it first.
const MAX_CONFLICTS: u32 = 8;

impl Settle {
    /// Folds what is new about an asset, sends what is missing, writes the manifest.
    async fn look(&self, asset: &AssetId, metrics: &Metrics) -> Result<(), Failure> {
        for conflict in 0..MAX_CONFLICTS {
            if self.look_once(asset, metrics).await? {
                return Ok(());
            }
            // Jittered, so that two workers on one asset do not meet again.
            let jitter_ms = self.clock.random() % (20 << conflict.min(5));
            self.clock.sleep(Duration::from_millis(jitter_ms)).await;
        }
        let message = format!("the manifest of `{asset}` changed {MAX_CONFLICTS} times while it was settled");
        Err(Failure::retry(Duration::from_secs(1), message))
    }

    /// Returns `false` if it has to be done again on a newer manifest.
    async fn look_once(&self, asset: &AssetId, metrics: &Metrics) -> Result<bool, Failure> {
        let (before, etag) = self.read_manifest(asset).await?;
        let news = self.new_facts(&before).await?;
        if before.arrivals.is_empty() && news.is_empty() {
            return Ok(true);
        }
        let profile = self.profile().await?;
        let now_ms = self.clock.now_ms();
        let Settlement { mut manifest, send, give_up, mut changed } =
            settle(&before, news, &profile, self.patience, now_ms);
        if !give_up.is_empty() {
            for result in &give_up {
                let body = serde_json::to_vec(result).map_err(Failure::reject)?;
                created_before(self.create.create(&keys::result(result), body.into()).await)?;
            }
            return Ok(false);
        }
        let generation = manifest.generation();
        // Every time, not just once: a worker of a life that is over may wake up late, write a rendition, and die before it says so.
        if generation > Sequencer::ZERO {
            self.clean_up(&manifest).await?;
            if manifest.cleaned < generation {
                manifest.cleaned = generation;
                manifest.revision = before.revision + 1;
                changed = true;
            }
        }
        self.send_tasks(&send).await?;
        if changed && !self.write_manifest(&manifest, etag.as_ref()).await? {
            return Ok(false);
        }
        self.catalog.upsert(&CatalogEntry::of(&manifest)).await?;
        if manifest.readiness.state != before.readiness.state {
            let state = manifest.readiness.state.as_str();
            tracing::info!(asset.id = %asset, key = manifest.key, state, "settled `{asset}`");
        }
        if let Some(arrival) = manifest.latest().filter(|arrival| !before.settled_ms.contains_key(&arrival.sequencer))
            && let Some(took_ms) = manifest.time_to_settle_ms(arrival)
        {
            metrics.record("time_to_ready", Unit::Milliseconds, took_ms);
        }
        Ok(true)
    }

    async fn read_manifest(&self, asset: &AssetId) -> Result<(Manifest, Option<ETag>), Failure> {
        let key = keys::manifest(asset);
        match self.store.read(&key).await {
            Ok(blob) => {
                // A manifest that does not parse was damaged, or written by a newer Greenroom: never written over.
                let manifest = serde_json::from_slice(&blob.bytes).map_err(|error| {
                    Failure::retry(
                        Duration::from_secs(60),
                        PortError::new(Kind::Fatal, "read manifest", key).because(error),
                    )
                })?;
                Ok((manifest, Some(blob.etag)))
            }
            Err(error) if error.kind == Kind::NotFound => Ok((Manifest::new(asset.clone()), None)),
            Err(error) => Err(error.into()),
        }
    }

    /// Returns `false` if somebody else wrote first.
    async fn write_manifest(&self, manifest: &Manifest, etag: Option<&ETag>) -> Result<bool, Failure> {
        let body = serde_json::to_vec_pretty(manifest).map_err(Failure::reject)?;
        match self.swap.swap(&keys::manifest(&manifest.asset), body.into(), etag).await {
            Ok(_) => Ok(true),
            Err(error) if error.kind == Kind::Conflict => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    async fn send_tasks(&self, tasks: &[Task]) -> Result<(), Failure> {
        let queue_of = |task: &Task| match &task.job {
            Job::Inspect | Job::Render { .. } => 0,
            Job::Write(spec) if spec.field.is_prose() => 1,
            Job::Write(_) | Job::Embed(_) => 2,
            Job::Probe | Job::Poster { .. } | Job::Storyboard | Job::Waveform | Job::Clip => 3,
            Job::Cut(_) | Job::Hear(_) | Job::Caption(_) => 4,
        };
        let queues = [
            Some(&self.resize),
            self.caption.as_ref(),
            self.tag.as_ref(),
            self.preview.as_ref(),
            self.transcribe.as_ref(),
        ];
        for (index, queue) in queues.into_iter().enumerate() {
            let tasks: Vec<&Task> = tasks.iter().filter(|task| queue_of(task) == index).collect();
            self.send_to(queue, &tasks).await?;
        }
        Ok(())
    }

    async fn send_to(&self, queue: Option<&Arc<dyn SendMessages>>, tasks: &[&Task]) -> Result<(), Failure> {
        if tasks.is_empty() {
            return Ok(());
        }
        let nobody = || {
            Failure::retry(
                Duration::from_secs(60),
                "the profile asks for texts or recordings, and nobody here makes any",
            )
        };
        let queue = queue.ok_or_else(nobody)?;
        let messages: Result<Vec<Envelope>, _> =
            tasks.iter().map(|task| serde_json::to_string(task).map(Envelope::now)).collect();
        Ok(queue.send(messages.map_err(Failure::reject)?).await?)
    }
}
