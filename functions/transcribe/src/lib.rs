//! `transcribe`: what is said in a recording is written down, with the times of words, and becomes captions.
//!
//! Three jobs. *Cut* finds where the sound is silent; *hear* has a model write down one part between two silences; *caption* joins the
//! words of all parts. Each is a task of its own, so a long recording is heard by several workers, and who is killed loses one part.

mod captions;
mod hear;
mod sanity;
mod sound;
mod words;

pub use sound::{FfmpegSound, Sound};
pub use words::Words;

use asset::fact::Outcome;
use asset::recording::{Captioned, Heard, Nothing, NothingCode};
use asset::refusal::Refusal;
use asset::task::{Job, Task};
use async_trait::async_trait;
use models::Till;
use ports::{Claims, Clock, CopyBlob, CreateBlob, ReadBlob, SendMessages};
use runtime::{Context, Craft, Failure, Files, Function, Once, parse_json};
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;
use vision::ChooseModel;

/// The function and what it needs.
pub struct Transcribe {
    pub store: Arc<dyn ReadBlob>,
    pub create: Arc<dyn CreateBlob>,
    pub copy: Arc<dyn CopyBlob>,
    pub claims: Arc<dyn Claims>,
    pub settle: Arc<dyn SendMessages>,
    /// The own queue, where tasks wait for a model that is away.
    pub own: Arc<dyn SendMessages>,
    pub sound: Arc<dyn Sound>,
    pub models: Arc<dyn ChooseModel>,
    /// Every call goes through it, and is counted.
    pub till: Arc<Till>,
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl Function for Transcribe {
    const NAME: &'static str = "transcribe";

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
        vision::run(&once, self, self.own.as_ref(), &task, context).await
    }
}

#[async_trait]
impl Craft for Transcribe {
    async fn make(&self, task: &Task, context: &Context) -> Result<Outcome, Failure> {
        let made: Result<Outcome, Refusal> = match &task.job {
            Job::Cut(spec) => match self.sound.cut(task, *spec).await? {
                Ok(Some(passages)) => Ok(Outcome::Cut { passages }),
                Ok(None) => Ok(Outcome::Nothing(no_audio())),
                Err(refusal) => Err(refusal),
            },
            Job::Hear(spec) => self.hear(task, spec, context).await?.map(|heard| Outcome::Heard(Box::new(heard))),
            Job::Caption(spec) => {
                self.caption(task, spec).await?.map(|captioned| Outcome::Captioned(Box::new(captioned)))
            }
            _ => return Err(Failure::reject("`transcribe` cuts, hears and captions, and nothing else")),
        };
        Ok(made.unwrap_or_else(Outcome::Refused))
    }

    /// The same bytes under another key say the same, and nothing is paid.
    async fn take_over(&self, task: &Task, outcome: Outcome) -> Result<Option<Outcome>, Failure> {
        Ok(match outcome {
            Outcome::Heard(heard) => {
                let files = self.files().take_over(task, vec![heard.file.clone()]).await?;
                files.and_then(|mut files| files.pop()).map(|file| Outcome::Heard(Box::new(Heard { file, ..*heard })))
            }
            Outcome::Captioned(captioned) => {
                let files = self.files().take_over(task, captioned.files.clone()).await?;
                files.map(|files| Outcome::Captioned(Box::new(Captioned { files, ..*captioned })))
            }
            other => Some(other),
        })
    }
}

impl Transcribe {
    fn files(&self) -> Files {
        Files { create: self.create.clone(), copy: self.copy.clone() }
    }
}

fn no_audio() -> Nothing {
    Nothing { code: NothingCode::NoAudio, found: "the recording has no sound".to_owned() }
}
