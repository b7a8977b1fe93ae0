//! The sound side of `transcribe`, behind a trait so that tests need no recordings.

use asset::recording::{CutSpec, Passage, TimeSpan};
use asset::refusal::Refusal;
use asset::task::Task;
use async_trait::async_trait;
use bytes::Bytes;
use runtime::Failure;
use video::{ChunkSpec, Recording, Recordings, plan_chunks};

/// What can be done with the sound of a task's recording.
#[async_trait]
pub trait Sound: Send + Sync {
    /// Finds where to cut; `None` if there is no sound at all.
    async fn cut(&self, task: &Task, spec: CutSpec) -> Result<Result<Option<Vec<Passage>>, Refusal>, Failure>;

    /// Returns a part as FLAC: 16 kHz, one channel.
    async fn part(&self, task: &Task, span: TimeSpan) -> Result<Result<Bytes, Refusal>, Failure>;
}

/// ffmpeg, through `video`.
pub struct FfmpegSound(pub Recordings);

#[async_trait]
impl Sound for FfmpegSound {
    async fn cut(&self, task: &Task, spec: CutSpec) -> Result<Result<Option<Vec<Passage>>, Refusal>, Failure> {
        let spec = ChunkSpec { target_ms: spec.target_ms, max_ms: spec.max_ms, ..ChunkSpec::default() };
        let work = move |recording: &mut Recording<'_>| {
            if recording.probe().audio.is_none() {
                return Ok(None);
            }
            let sound = recording.listen()?;
            let passages = plan_chunks(&sound, &spec).into_iter().map(|chunk| Passage {
                span: TimeSpan { start_ms: chunk.start_ms, end_ms: chunk.end_ms },
                is_silent: chunk.is_silent,
            });
            Ok(Some(passages.collect()))
        };
        self.0.work(task, work).await
    }

    async fn part(&self, task: &Task, span: TimeSpan) -> Result<Result<Bytes, Refusal>, Failure> {
        let work = move |recording: &mut Recording<'_>| recording.audio_chunk(span.start_ms, span.end_ms);
        Ok(self.0.work(task, work).await?.map(Bytes::from))
    }
}
