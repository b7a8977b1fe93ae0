//! A few seconds of a film, without sound: what moves under the pointer in a list.

use crate::args::{self, words};
use crate::child::Job;
use crate::error::Error;
use crate::feed::Feed;
use crate::frames::{Keyframe, nearest};
use crate::mp4::{Index, Run, Selection, Track};
use crate::recording::Recording;
use crate::refuse;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::Read;

/// How much of a stream is looked at: it is decoded from its start.
const STREAMED_MS: u64 = 60_000;

/// What a preview should be like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PreviewSpec {
    pub n_moments: u32,
    /// How long each moment lasts.
    pub moment_ms: u64,
    /// Longer edge in pixels.
    pub edge: u32,
    /// Pictures a second at most.
    pub max_fps: u32,
}

impl Default for PreviewSpec {
    fn default() -> Self {
        PreviewSpec { n_moments: 4, moment_ms: 1500, edge: 480, max_fps: 25 }
    }
}

/// A short film.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    pub bytes: Vec<u8>,
    /// `video/mp4`, or `video/webm` where this build of ffmpeg cannot write H.264.
    pub media_type: &'static str,
    /// Pixels.
    pub width: u32,
    pub height: u32,
}

impl Recording<'_> {
    /// Makes a short film of a few moments.
    ///
    /// # Errors
    /// `unsupported` without pictures, `blocked` without an encoder, `corrupt`, `too_large`, `timed_out`, or whatever the source says.
    pub fn preview(&mut self, spec: &PreviewSpec) -> Result<Preview, Error> {
        let video = self.video()?.clone();
        let (media_type, name, encoder) = self.encoder()?;
        let (width, height) = args::fit(video.width, video.height, spec.edge.clamp(64, 1280));
        let moments = self.moments(spec);
        let index = self.index.as_ref().and_then(|index| Some((index, index.video()?)));
        let total_ms = moments.len() as u64 * spec.moment_ms;
        let seconds = format!("{}.{:03}", total_ms / 1000, total_ms % 1000);
        let mut reading = vec!["-nostdin", "-threads", "2"];
        let (feed, select, until);
        match index {
            Some((index, track)) => {
                feed = self.moments_feed(index, track, &moments, spec);
                select = String::new();
            }
            None => {
                let end = moments.last().map_or(0, |last| last + spec.moment_ms);
                until = format!("{}.{:03}", end / 1000, end % 1000);
                reading.extend(["-t", &until]);
                feed = self.whole_feed();
                let between = |at: &u64| {
                    format!(
                        "between(t,{}.{:03},{}.{:03})",
                        at / 1000,
                        at % 1000,
                        (at + spec.moment_ms) / 1000,
                        (at + spec.moment_ms) % 1000
                    )
                };
                let spans: Vec<String> = moments.iter().map(between).collect();
                // Moments follow one another without the gaps between them.
                select = format!("fps={},select='{}',setpts=N/FRAME_RATE/TB,", spec.max_fps.max(1), spans.join("+"));
            }
        }
        let screen = self.screen(&video, &args::scale(&video, width, height, "bicubic"));
        let graph = format!("{select}{screen},fps={},format=yuv420p", self.frame_rate(spec));
        let mut arguments = args::input(self.probe.container, &reading);
        arguments.extend(words(&[
            "-map",
            "0:v:0",
            "-vf",
            &graph,
            "-t",
            &seconds,
            "-an",
            "-map_metadata",
            "-1",
            "-threads",
            "2",
        ]));
        arguments.extend(words(encoder));
        arguments.extend(words(&["-y", name]));
        let folder = tempfile::tempdir().map_err(Error::io("make a scratch folder"))?;
        let job = Job { folder: Some(folder.path()), ..self.job("making the preview", arguments) };
        job.run(self.source, feed, |_| Ok(()))?;
        let mut bytes = Vec::new();
        let file = File::open(folder.path().join(name)).map_err(Error::io("read the preview"))?;
        file.take(self.limits.max_output_bytes).read_to_end(&mut bytes).map_err(Error::io("read the preview"))?;
        if bytes.is_empty() {
            return Err(refuse::corrupt(self.probe.container, "no picture can be decoded").into());
        }
        Ok(Preview { bytes, media_type, width, height })
    }

    /// What every browser plays, or what most do.
    fn encoder(&self) -> Result<(&'static str, &'static str, &'static [&'static str]), Error> {
        const H264: &[&str] = &[
            "-c:v",
            "libx264",
            "-profile:v",
            "main",
            "-preset",
            "veryfast",
            "-crf",
            "27",
            "-movflags",
            "+faststart",
            "-f",
            "mp4",
        ];
        const VP9: &[&str] =
            &["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "7", "-crf", "38", "-b:v", "0", "-f", "webm"];
        match () {
            () if self.tools.has_encoder("libx264") => Ok(("video/mp4", "preview.mp4", H264)),
            () if self.tools.has_encoder("libvpx-vp9") => Ok(("video/webm", "preview.webm", VP9)),
            () => Err(refuse::missing_encoder("`libx264`, `libvpx-vp9`").into()),
        }
    }

    fn frame_rate(&self, spec: &PreviewSpec) -> String {
        let max = spec.max_fps.clamp(1, 60);
        match self.probe.video.as_ref().and_then(|video| video.fps) {
            Some(fps) if u64::from(fps.numerator) < u64::from(max) * u64::from(fps.denominator) => {
                format!("{}/{}", fps.numerator, fps.denominator)
            }
            _ => max.to_string(),
        }
    }

    /// Returns when the moments begin: spread over the film, without its first and last tenth; one if it is hardly longer.
    fn moments(&self, spec: &PreviewSpec) -> Vec<u64> {
        let duration_ms = match self.index {
            Some(_) => self.probe.duration_ms,
            None => self.probe.duration_ms.min(STREAMED_MS),
        };
        let n = u64::from(spec.n_moments.clamp(1, 12));
        if duration_ms < 2 * n * spec.moment_ms {
            return (0..n.min(duration_ms.div_ceil(spec.moment_ms.max(1)).max(1)))
                .map(|moment| moment * spec.moment_ms)
                .collect();
        }
        (0..n).map(|moment| duration_ms / 10 + duration_ms * 8 / 10 * moment / n).collect()
    }

    /// From the keyframe that is nearest to each moment on, without pictures that refer to what lies before it. Where there are fewer
    /// keyframes than moments, each of them lasts longer.
    fn moments_feed(&self, index: &Index, track: &Track, moments: &[u64], spec: &PreviewSpec) -> Feed {
        let mut chosen: Vec<Keyframe> = nearest(&self.keyframes(), moments).into_iter().map(|(key, _)| key).collect();
        let total_ms = moments.len() as u64 * spec.moment_ms;
        if chosen.is_empty() {
            // A stream that refreshes its pictures bit by bit has none.
            chosen.extend(track.runs().next().map(|run| Keyframe { run, at_ms: 0 }));
        }
        if self.probe.duration_ms < 2 * total_ms {
            chosen.truncate(1);
        }
        let length_ms = total_ms / chosen.len().max(1) as u64;
        let length = i128::from(track.to_units(length_ms));
        let shown = |run: &Run| i128::from(run.decoded) + i128::from(run.composition);
        let mut runs: Vec<Run> = Vec::new();
        let mut all = track.runs().peekable();
        for key in &chosen {
            let (from, until) = (shown(&key.run), shown(&key.run) + length);
            while all.next_if(|run| run.first < key.run.first).is_some() {}
            while let Some(run) = all.next_if(|run| i128::from(run.decoded) < until) {
                if shown(&run) >= from && shown(&run) < until {
                    runs.push(run);
                }
            }
        }
        self.small_feed(index, &[Selection { track, runs }])
    }
}
