//! Which pictures of a recording are looked at, and what ffmpeg is fed to decode them.

use crate::args::{self, words};
use crate::error::Error;
use crate::feed::Feed;
use crate::mp4::{Run, Selection, Track};
use crate::recording::Recording;
use crate::refuse;
use crate::value::VideoStream;

/// Pictures at even distances, as ffmpeg gives them.
#[derive(Clone, Debug)]
pub(crate) struct Strip {
    /// What is decoded.
    pub(crate) from: Way,
    /// When each is shown, in milliseconds of the recording.
    pub(crate) times_ms: Vec<u64>,
}

/// How a strip is decoded.
#[derive(Clone, Debug)]
pub(crate) enum Way {
    /// Single pictures that need no other, from the index of an MP4; each with how many places it fills.
    Keyframes(Vec<(Run, u32)>),
    /// Everything from the start to a time.
    All { until_ms: u64 },
    /// Of a stream, what needs no other picture, to a time.
    Streamed { until_ms: u64 },
}

/// A picture that needs no other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keyframe {
    pub(crate) run: Run,
    pub(crate) at_ms: u64,
}

impl Recording<'_> {
    /// Returns the pictures' description.
    pub(crate) fn video(&self) -> Result<&VideoStream, Error> {
        self.probe.video.as_ref().ok_or_else(|| refuse::no_pictures().into())
    }

    /// Returns the keyframes of an MP4, by when they are shown; none of a stream.
    pub(crate) fn keyframes(&self) -> Vec<Keyframe> {
        let Some(track) = self.index.as_ref().and_then(|index| index.video()) else { return Vec::new() };
        let runs = track.runs().filter(|run| run.is_sync && run.size > 0);
        runs.map(|run| Keyframe { run, at_ms: track.shown_ms(&run) }).collect()
    }

    /// Returns ffmpeg's input and the first filter, after which picture n of the strip is frame n of the filter graph.
    pub(crate) fn open_strip(&self, strip: &Strip, discard: &[&str]) -> Result<(Feed, Vec<String>, String), Error> {
        let container = self.probe.container;
        let n = strip.times_ms.len().max(1) as u64;
        let mut reading = vec!["-nostdin", "-threads", "1"];
        reading.extend(discard);
        let index = self.index.as_ref().and_then(|index| Some((index, index.video()?)));
        // Every place is filled: by the picture before if one cannot be decoded, and by the last one at the end.
        let fill = |rate: String| format!("fps={rate}:start_time=0,tpad=stop=-1:stop_mode=clone,trim=end_frame={n}");
        match (&strip.from, index) {
            (Way::Keyframes(keyframes), Some((index, track))) => {
                let runs = keyframes.iter().map(|(run, places)| second_long(track, run, *places)).collect();
                let feed = self.small_feed(index, &[Selection { track, runs }]);
                Ok((feed, args::input(container, &reading), fill("1".to_owned())))
            }
            (Way::All { until_ms }, Some((index, track))) => {
                let until = track.to_units(*until_ms).saturating_add(track.skipped);
                let runs = track.runs().take_while(|run| run.decoded < until).collect();
                let feed = self.small_feed(index, &[Selection { track, runs }]);
                reading[2] = "2";
                Ok((feed, args::input(container, &reading), fill(format!("{}/{}", n * 1000, (*until_ms).max(1)))))
            }
            (Way::All { until_ms } | Way::Streamed { until_ms }, _) => {
                let seconds = format!("{}.{:03}", until_ms / 1000, until_ms % 1000);
                reading.extend(["-t", &seconds]);
                match &strip.from {
                    Way::Streamed { .. } => reading.extend(["-skip_frame", "nokey"]),
                    _ => reading[2] = "2",
                }
                let arguments = args::input(container, &reading);
                Ok((self.whole_feed(), arguments, fill(format!("{}/{}", n * 1000, (*until_ms).max(1)))))
            }
            (Way::Keyframes(_), None) => Err(refuse::no_pictures().into()),
        }
    }

    /// Returns a filter chain that ends in pictures for an ordinary screen.
    pub(crate) fn screen(&self, video: &VideoStream, scale: &str) -> String {
        match video.hdr && self.tools.maps_tones() {
            true => format!("{scale},{}", args::tone_map(video)),
            false => scale.to_owned(),
        }
    }

    /// Decodes a strip to small grey pictures.
    pub(crate) fn grey(&mut self, strip: &Strip, edge: u32) -> Result<(u32, u32, Vec<Vec<u8>>), Error> {
        let video = self.video()?.clone();
        let (width, height) = args::fit(video.width, video.height, edge);
        let (feed, mut arguments, fill) = self.open_strip(strip, &["-skip_loop_filter", "all"])?;
        let scaled = self.screen(&video, &args::scale(&video, width, height, "area"));
        arguments.extend(words(&["-map", "0:v:0", "-vf", &format!("{fill},{scaled}")]));
        arguments.extend(words(&["-pix_fmt", "gray", "-f", "rawvideo", "pipe:1"]));
        let one = width as usize * height as usize;
        let max_output = (one * strip.times_ms.len().max(1)) as u64;
        let job = crate::child::Job { max_output, ..self.job("looking at pictures", arguments) };
        let bytes = job.output(self.source, feed)?;
        Ok((width, height, bytes.chunks_exact(one.max(1)).map(<[u8]>::to_vec).collect()))
    }
}

/// One picture a second: the times of the original are known elsewhere.
fn second_long(track: &Track, run: &Run, places: u32) -> Run {
    Run { duration: track.timescale.saturating_mul(places), composition: 0, count: 1, ..*run }
}

/// Returns the keyframe that is shown nearest to each of these times; with how many times each was chosen, side by side.
pub(crate) fn nearest(keyframes: &[Keyframe], times_ms: &[u64]) -> Vec<(Keyframe, u32)> {
    let mut chosen: Vec<(Keyframe, u32)> = Vec::new();
    for time in times_ms {
        let Some(keyframe) = keyframes.iter().min_by_key(|keyframe| keyframe.at_ms.abs_diff(*time)) else { break };
        match chosen.last_mut() {
            Some((last, places)) if last.run.first == keyframe.run.first => *places += 1,
            _ => chosen.push((*keyframe, 1)),
        }
    }
    chosen
}
