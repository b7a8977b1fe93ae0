//! `resize`: a picture becomes what the profile asks for.
//!
//! Two jobs, one shape: read the original, compute, create the outputs. The rest is [`runtime::Once`].

mod imaging;

pub use imaging::{Imaging, MediaImaging};
pub use media::Rendition;

use asset::fact::{Outcome, Output};
use asset::keys;
use asset::refusal::Refusal;
use asset::task::{Job, Task, ViewSpec};
use async_trait::async_trait;
use ports::{Claims, Clock, CopyBlob, CreateBlob, ReadBlob, SendMessages};
use runtime::{Context, Craft, Failure, Files, Function, Once, parse_json};
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
            _ => Err(Failure::reject("`resize` looks at pictures and renders them, and nothing else")),
        }
    }

    async fn take_over(&self, task: &Task, outcome: Outcome) -> Result<Option<Outcome>, Failure> {
        Ok(match outcome {
            Outcome::Rendered { outputs } => {
                self.files().take_over_outputs(task, outputs).await?.map(|outputs| Outcome::Rendered { outputs })
            }
            other => Some(other),
        })
    }
}

impl Resize {
    fn files(&self) -> Files {
        Files { create: self.create.clone(), copy: self.copy.clone() }
    }

    async fn publish(&self, task: &Task, views: &[ViewSpec], sets: Vec<Vec<Rendition>>) -> Result<Outcome, Failure> {
        let folder = keys::renditions_of(task);
        let named =
            views.iter().zip(sets).flat_map(|(view, set)| set.into_iter().map(|rendition| (&view.name, rendition)));
        let mut outputs = Vec::new();
        for (view, Rendition { format, width, height, frames, bytes }) in named {
            let output = Output::new(&folder, view, format, [width, height], frames, &bytes);
            outputs.push(self.files().publish_output(output, bytes).await?);
        }
        Ok(Outcome::Rendered { outputs })
    }
}
