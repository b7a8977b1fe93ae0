//! The CPU side of `preview`, behind a trait so that tests need no recordings.

use asset::image::RenderSpec;
use asset::recording::Recording as Probed;
use asset::refusal::Refusal;
use asset::task::Task;
use async_trait::async_trait;
use bytes::Bytes;
use media::Rendition;
use runtime::{Failure, cpu};
use std::time::Duration;
use video::{PreviewSpec, Recording, Recordings, StoryboardSpec};

/// A file that was made.
pub struct Made {
    pub name: String,
    pub media_type: String,
    pub bytes: Bytes,
}

impl Made {
    fn new(name: impl Into<String>, media_type: &str, bytes: impl Into<Bytes>) -> Self {
        Made { name: name.into(), media_type: media_type.to_owned(), bytes: bytes.into() }
    }
}

/// What can be made of a task's recording.
#[async_trait]
pub trait Screen: Send + Sync {
    async fn probe(&self, task: &Task) -> Result<Result<Probed, Refusal>, Failure>;

    /// Finds the frame that stands for the video and renders it.
    async fn poster(&self, task: &Task, spec: &RenderSpec) -> Result<Result<Vec<Rendition>, Refusal>, Failure>;

    async fn storyboard(&self, task: &Task) -> Result<Result<Vec<Made>, Refusal>, Failure>;

    async fn waveform(&self, task: &Task) -> Result<Result<Vec<Made>, Refusal>, Failure>;

    async fn clip(&self, task: &Task) -> Result<Result<Vec<Made>, Refusal>, Failure>;
}

/// ffmpeg, through `video`.
pub struct FfmpegScreen(pub Recordings);

#[async_trait]
impl Screen for FfmpegScreen {
    async fn probe(&self, task: &Task) -> Result<Result<Probed, Refusal>, Failure> {
        self.0.work(task, |recording| Ok(recording.probe().clone())).await
    }

    async fn poster(&self, task: &Task, spec: &RenderSpec) -> Result<Result<Vec<Rendition>, Refusal>, Failure> {
        let work = |recording: &mut Recording<'_>| recording.poster();
        let poster = match self.0.work(task, work).await? {
            Ok(poster) => poster,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let (spec, limits) = (spec.clone(), task.limits);
        let rendered = cpu(move || media::render(&poster.png, &spec, &limits)).await;
        rendered.map_err(|panicked| Failure::retry(Duration::from_secs(5), panicked))
    }

    async fn storyboard(&self, task: &Task) -> Result<Result<Vec<Made>, Refusal>, Failure> {
        let work = |recording: &mut Recording<'_>| {
            let storyboard = recording.storyboard(&StoryboardSpec::default())?;
            // The names are those that the WebVTT file speaks of.
            let sheets = storyboard.sheets.into_iter().enumerate();
            let sheets =
                sheets.map(|(index, sheet)| Made::new(format!("sheet-{}.jpg", index + 1), "image/jpeg", sheet));
            Ok(sheets.chain([Made::new("storyboard.vtt", "text/vtt", storyboard.vtt)]).collect())
        };
        self.0.work(task, work).await
    }

    async fn waveform(&self, task: &Task) -> Result<Result<Vec<Made>, Refusal>, Failure> {
        let work = |recording: &mut Recording<'_>| {
            let peaks = recording.listen()?.peaks.to_json();
            Ok(vec![Made::new("waveform.json", "application/json", peaks)])
        };
        self.0.work(task, work).await
    }

    async fn clip(&self, task: &Task) -> Result<Result<Vec<Made>, Refusal>, Failure> {
        let work = |recording: &mut Recording<'_>| {
            let clip = recording.preview(&PreviewSpec::default())?;
            let extension = if clip.media_type == "video/webm" { "webm" } else { "mp4" };
            Ok(vec![Made::new(format!("clip.{extension}"), clip.media_type, clip.bytes)])
        };
        self.0.work(task, work).await
    }
}
