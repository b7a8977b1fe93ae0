//! `preview`: what can be seen of a recording. Probe it, find its poster, make a storyboard, a waveform and a short clip.
//!
//! A function of its own because it needs a program that no other needs: ffmpeg, which is run by [`video`] and sees as little of the
//! file as it can do with.

mod screen;

pub use screen::{FfmpegScreen, Made, Screen};

use asset::fact::{Outcome, Output};
use asset::keys;
use asset::refusal::Refusal;
use asset::task::{Job, Task, ViewSpec};
use async_trait::async_trait;
use media::Rendition;
use ports::{Claims, Clock, CopyBlob, CreateBlob, ReadBlob, SendMessages};
use runtime::{Context, Craft, Failure, Files, Function, Once, parse_json};
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

/// The function and what it needs.
pub struct Preview {
    pub store: Arc<dyn ReadBlob>,
    pub create: Arc<dyn CreateBlob>,
    pub copy: Arc<dyn CopyBlob>,
    pub claims: Arc<dyn Claims>,
    pub settle: Arc<dyn SendMessages>,
    pub screen: Arc<dyn Screen>,
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl Function for Preview {
    const NAME: &'static str = "preview";

    const NEEDS: Duration = Duration::from_secs(60);

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
impl Craft for Preview {
    async fn make(&self, task: &Task, _: &Context) -> Result<Outcome, Failure> {
        let bytes = self.store.head(&keys::original(&task.asset, &task.source)).await?.bytes;
        if bytes > task.limits.max_recording_bytes {
            return Ok(Outcome::Refused(Refusal::too_large_a_recording(bytes, &task.limits)));
        }
        let made: Result<Vec<Made>, Refusal> = match &task.job {
            Job::Probe => {
                let probed = self.screen.probe(task).await?;
                return Ok(probed.map_or_else(Outcome::Refused, |recording| Outcome::Probed(Box::new(recording))));
            }
            Job::Poster { view } => {
                return match self.screen.poster(task, &view.spec).await? {
                    Ok(renditions) => self.publish_poster(task, view, renditions).await,
                    Err(refusal) => Ok(Outcome::Refused(refusal)),
                };
            }
            Job::Storyboard => self.screen.storyboard(task).await?,
            Job::Waveform => self.screen.waveform(task).await?,
            Job::Clip => self.screen.clip(task).await?,
            _ => return Err(Failure::reject("`preview` makes what can be seen of recordings, and nothing else")),
        };
        let made = match made {
            Ok(made) => made,
            Err(refusal) => return Ok(Outcome::Refused(refusal)),
        };
        let mut files = Vec::with_capacity(made.len());
        for Made { name, media_type, bytes } in made {
            files.push(self.files().publish(task, &name, &media_type, bytes).await?);
        }
        Ok(Outcome::Made { files })
    }

    async fn take_over(&self, task: &Task, outcome: Outcome) -> Result<Option<Outcome>, Failure> {
        Ok(match outcome {
            Outcome::Made { files } => self.files().take_over(task, files).await?.map(|files| Outcome::Made { files }),
            Outcome::Rendered { outputs } => {
                let copies = self.files().take_over_outputs(task, outputs).await?;
                copies.map(|outputs| Outcome::Rendered { outputs })
            }
            other => Some(other),
        })
    }
}

impl Preview {
    fn files(&self) -> Files {
        Files { create: self.create.clone(), copy: self.copy.clone() }
    }

    async fn publish_poster(
        &self,
        task: &Task,
        view: &ViewSpec,
        renditions: Vec<Rendition>,
    ) -> Result<Outcome, Failure> {
        let folder = keys::renditions_of(task);
        let mut outputs = Vec::new();
        for Rendition { format, width, height, frames, bytes } in renditions {
            let output = Output::new(&folder, &view.name, format, [width, height], frames, &bytes);
            outputs.push(self.files().publish_output(output, bytes).await?);
        }
        Ok(Outcome::Rendered { outputs })
    }
}
