//! `resize`: a picture becomes what the profile asks for.
//!
//! Two jobs, one shape: read the original, compute, create the outputs. The rest is [`runtime::Once`].

mod imaging;

pub use imaging::{Imaging, MediaImaging};
pub use media::Rendition;

use asset::fact::{Outcome, Output};
use asset::ids::Sha256;
use asset::keys;
use asset::refusal::Refusal;
use asset::task::{Job, Task, ViewSpec};
use async_trait::async_trait;
use ports::blob::created_before;
use ports::{Claims, Clock, CopyBlob, CreateBlob, Kind, PortError, ReadBlob, SendMessages};
use runtime::{Context, Craft, Failure, Function, Once, parse_json};
use std::error::Error;
use std::sync::Arc;

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
        let once = Once {
            store: self.store.clone(),
            create: self.create.clone(),
            claims: self.claims.clone(),
            settle: self.settle.clone(),
            clock: self.clock.clone(),
        };
        once.run(self, &task, context).await
    }
}

#[async_trait]
impl Craft for Resize {
    async fn make(&self, task: &Task, _: &Context) -> Result<Outcome, Failure> {
        let original = keys::original(&task.asset, &task.source);
        let bytes = self.store.head(&original).await?.bytes;
        if bytes > task.limits.max_bytes {
            return Ok(Outcome::Refused(Refusal::too_many_bytes(bytes, &task.limits)));
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
            Job::Write(_) => Err(Failure::reject("`resize` writes no texts: the message belongs to `caption`")),
            Job::Embed(_) => Err(Failure::reject("`resize` maps no texts: the message belongs to `tag`")),
        }
    }

    async fn take_over(&self, task: &Task, outcome: Outcome) -> Result<Option<Outcome>, Failure> {
        Ok(match outcome {
            Outcome::Rendered { outputs } => {
                self.copy_outputs(task, outputs).await?.map(|outputs| Outcome::Rendered { outputs })
            }
            other => Some(other),
        })
    }
}

impl Resize {
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

    /// The same bytes under another key: copies what was made, computes nothing. `None` if it is gone.
    async fn copy_outputs(&self, task: &Task, outputs: Vec<Output>) -> Result<Option<Vec<Output>>, PortError> {
        let folder = keys::renditions_of(task);
        let mut copies = Vec::with_capacity(outputs.len());
        for output in outputs {
            let Some(name) = output.key.rsplit('/').next() else { return Ok(None) };
            let key = format!("{folder}{name}");
            if key != output.key {
                match self.copy.copy(&output.key, &key).await {
                    Ok(()) => {}
                    Err(error) if error.kind == Kind::Exists => {}
                    // The other asset was deleted meanwhile.
                    Err(error) if error.kind == Kind::NotFound => return Ok(None),
                    Err(error) => return Err(error),
                }
            }
            copies.push(Output { key, ..output });
        }
        Ok(Some(copies))
    }
}
