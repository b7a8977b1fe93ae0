//! One recording, opened: what it is, where its samples are, and the runs of ffmpeg on it.

use crate::args;
use crate::child::Job;
use crate::error::Error;
use crate::feed::Feed;
use crate::mp4::{self, Index, Layout, Run, Selection, Track};
use crate::probe::Answer;
use crate::refuse;
use crate::sniff::{self, HEAD_BYTES, sniff};
use crate::source::Source;
use crate::tools::Tools;
use crate::value::{Container, Probe, Ratio, VideoLimits};

/// What ffprobe is given of a recording that is streamed: its start.
const PROBE_BYTES: u64 = 8 << 20;
/// Samples of sound that ffprobe is given.
const PROBE_SAMPLES: usize = 6;
/// Bytes of a chunk of a small file.
const CHUNK_BYTES: u64 = 1 << 20;
const JSON_BYTES: u64 = 4 << 20;

/// A recording that was opened under limits.
pub struct Recording<'a> {
    pub(crate) source: &'a mut dyn Source,
    pub(crate) tools: &'a Tools,
    pub(crate) limits: &'a VideoLimits,
    /// Of an MP4 that is not fragmented.
    pub(crate) index: Option<Index>,
    pub(crate) probe: Probe,
}

impl<'a> Recording<'a> {
    /// Finds out what a file is, and what is in it. Reads the index of an MP4 and a few of its samples; the start of anything else,
    /// and all of it only if it does not say how long it lasts.
    ///
    /// # Errors
    /// `empty`, `unsupported`, `truncated`, `corrupt`, `too_large`, `timed_out`, or whatever the source says.
    pub fn open(source: &'a mut dyn Source, tools: &'a Tools, limits: &'a VideoLimits) -> Result<Self, Error> {
        let (container, head) = Self::look(source, limits)?;
        let index = Self::read_index(source, &head, container, limits)?;
        let probe = Probe {
            container,
            media_type: container.media_type().to_owned(),
            duration_ms: 0,
            video: None,
            audio: None,
            n_streams: 0,
            bit_rate: 0,
            chapters: Vec::new(),
            notes: Vec::new(),
        };
        let mut recording = Recording { source, tools, limits, index, probe };
        recording.fill_probe(&head)?;
        recording.check()?;
        Ok(recording)
    }

    /// Opens a recording that was probed before: for the next task on the same bytes.
    ///
    /// # Errors
    /// As `open`.
    pub fn reopen(
        source: &'a mut dyn Source,
        tools: &'a Tools,
        limits: &'a VideoLimits,
        probe: Probe,
    ) -> Result<Self, Error> {
        let (container, head) = Self::look(source, limits)?;
        let index = Self::read_index(source, &head, container, limits)?;
        let recording = Recording { source, tools, limits, index, probe };
        recording.check()?;
        Ok(recording)
    }

    /// Returns what the recording says of itself.
    pub fn probe(&self) -> &Probe {
        &self.probe
    }

    fn look(source: &mut dyn Source, limits: &VideoLimits) -> Result<(Container, Vec<u8>), Error> {
        let length = source.bytes();
        if length == 0 {
            return Err(refuse::empty().into());
        }
        if length > limits.max_bytes {
            return Err(refuse::too_large("bytes", length, "max_bytes", limits.max_bytes).into());
        }
        let head = source.read_at(0..length.min(HEAD_BYTES)).map_err(Error::io("read the recording"))?;
        let container = sniff(&head).ok_or_else(|| {
            let way_out = "upload MP4, QuickTime, WebM, Matroska, MP3, M4A, WAV, FLAC, Ogg or AAC";
            refuse::unsupported(format!("{}, not a recording of a known kind", sniff::describe(&head)), way_out)
        })?;
        Ok((container, head))
    }

    fn read_index(
        source: &mut dyn Source,
        head: &[u8],
        container: Container,
        limits: &VideoLimits,
    ) -> Result<Option<Index>, Error> {
        if !container.is_mp4() {
            return Ok(None);
        }
        let layout = Layout::find(source, head, container, limits)?;
        let length = source.bytes();
        let index = Index::read(layout.ftyp, &layout.moov, length);
        let index = index.map_err(|error| refuse::corrupt(container, error))?;
        if let Some(end) = index.beyond {
            return Err(refuse::truncated(container, length, end - length).into());
        }
        if index.tracks.iter().any(Track::is_encrypted) {
            return Err(refuse::unsupported("the recording is encrypted", "upload a copy without protection").into());
        }
        Ok((!index.is_fragmented).then_some(index))
    }

    fn fill_probe(&mut self, head: &[u8]) -> Result<(), Error> {
        let container = self.probe.container;
        let feed = match &self.index {
            Some(index) => self.probe_feed(index)?,
            None => Feed::start(self.source.bytes().min(PROBE_BYTES)),
        };
        let reading = ["-threads", "1", "-probesize", "4000000", "-analyzeduration", "4000000"];
        let mut arguments = args::input(container, &reading);
        arguments.extend(args::words(&["-show_streams", "-show_format", "-show_chapters", "-of", "json"]));
        let job =
            Job { program: &self.tools.ffprobe, max_output: JSON_BYTES, ..self.job("reading what it is", arguments) };
        let answer = Answer::read(&job.output(self.source, feed)?, container)?;
        self.probe.video = answer.video()?;
        self.probe.audio = answer.audio()?;
        self.probe.n_streams = answer.streams.len() as u32;
        self.probe.chapters = answer.chapters();
        match &self.index {
            Some(index) => {
                self.probe.n_streams = index.n_tracks;
                self.probe.duration_ms = index.duration_ms();
                let chapters = mp4::chapters(index, self.source, self.probe.duration_ms);
                self.probe.chapters = chapters.map_err(Error::io("read the recording"))?;
                if let (Some(video), Some(track)) = (&mut self.probe.video, index.video()) {
                    video.fps = average_rate(track);
                }
                if let (Some(audio), Some(track)) = (&mut self.probe.audio, index.audio()) {
                    audio.language = track.language();
                }
            }
            None => self.probe.duration_ms = self.streamed_duration_ms(&answer, head)?,
        }
        if self.probe.video.is_none() && container != Container::Mov {
            let sound = match container {
                Container::Mp4 => Some("audio/mp4"),
                Container::Webm => Some("audio/webm"),
                Container::Matroska => Some("audio/x-matroska"),
                _ => None,
            };
            sound.into_iter().for_each(|sound| self.probe.media_type = sound.to_owned());
        }
        let bits = u128::from(self.source.bytes()) * 8000;
        self.probe.bit_rate = (bits / u128::from(self.probe.duration_ms.max(1))) as u64;
        Ok(())
    }

    /// The first picture and a little sound: enough for what only a decoder finds out.
    fn probe_feed(&self, index: &Index) -> Result<Feed, Error> {
        let mut selections = Vec::new();
        if let Some(track) = index.video() {
            let runs = track.runs().filter(|run| run.is_sync && run.size > 0).take(1).collect();
            selections.push(Selection { track, runs });
        }
        if let Some(track) = index.audio() {
            let runs = track.runs().take(PROBE_SAMPLES).filter_map(|run| run.slice(0, 4096)).collect();
            selections.push(Selection { track, runs });
        }
        selections.retain(|selection| !selection.runs.is_empty());
        if selections.is_empty() && index.tracks.iter().any(|track| track.is_elsewhere) {
            let way_out = "save it as one file that needs no other (`self-contained`)";
            return Err(refuse::unsupported("a film whose samples are in another file", way_out).into());
        }
        if selections.is_empty() {
            return Err(refuse::unsupported("no pictures and no sound in it", "upload a recording").into());
        }
        Ok(self.small_feed(index, &selections))
    }

    /// Returns the samples as the input of a child.
    pub(crate) fn small_feed(&self, index: &Index, selections: &[Selection<'_>]) -> Feed {
        let mut feed = Feed::new(self.limits.max_gap_bytes);
        feed.bytes(mp4::small_file(&index.brand, selections, CHUNK_BYTES));
        let runs: Vec<&Run> = selections.iter().flat_map(|selection| &selection.runs).collect();
        runs.iter().for_each(|run| feed.range(run.range()));
        feed
    }

    /// Returns the whole file as the input of a child.
    pub(crate) fn whole_feed(&self) -> Feed {
        Feed::start(self.source.bytes())
    }

    /// As the header says; by constant rate for MP3 and AAC with few bytes; else by a look at every packet.
    fn streamed_duration_ms(&mut self, answer: &Answer, head: &[u8]) -> Result<u64, Error> {
        if let Some(ms) = answer.duration_ms().filter(|_| self.says_how_long(head)) {
            return Ok(ms);
        }
        let mut arguments = args::input(self.probe.container, &["-nostdin", "-threads", "1"]);
        let streams = if self.probe.video.is_some() { "0:v:0" } else { "0:a:0" };
        arguments.extend(args::words(&[
            "-map",
            streams,
            "-c",
            "copy",
            "-progress",
            "pipe:1",
            "-nostats",
            "-f",
            "null",
            "-",
        ]));
        let job = Job { max_output: 64 << 20, ..self.job("measuring how long it lasts", arguments) };
        let feed = self.whole_feed();
        let (mut last, mut line) = (0, Vec::new());
        job.run(self.source, feed, |block| {
            for byte in block {
                if *byte != b'\n' {
                    line.push(*byte);
                    continue;
                }
                let text = String::from_utf8_lossy(&line);
                if let Some(micros) = text.strip_prefix("out_time_us=").and_then(|text| text.parse::<u64>().ok()) {
                    last = micros / 1000;
                }
                line.clear();
            }
            Ok(())
        })?;
        Ok(last)
    }

    /// Whether the duration that ffprobe tells from the start of the file is the header's, and not a guess from a rate.
    fn says_how_long(&self, head: &[u8]) -> bool {
        let after = sniff::after_id3(head);
        let start = &head[after.min(head.len())..][..head.len().saturating_sub(after).min(4096)];
        let has = |tag: &[u8]| start.windows(tag.len()).any(|window| window == tag);
        match self.probe.container {
            Container::Mp3 => has(b"Xing") || has(b"Info") || has(b"VBRI"),
            Container::Aac | Container::Ogg => false,
            // Fragmented: what is told is the end of the first fragments.
            Container::Mp4 | Container::Mov | Container::M4a => false,
            _ => true,
        }
    }

    fn check(&self) -> Result<(), Error> {
        let (probe, limits) = (&self.probe, self.limits);
        if probe.video.is_none() && probe.audio.is_none() {
            return Err(refuse::unsupported("no pictures and no sound in it", "upload a recording").into());
        }
        if probe.duration_ms > limits.max_duration_ms {
            let allowed = limits.max_duration_ms;
            return Err(refuse::too_large("milliseconds", probe.duration_ms, "max_duration_ms", allowed).into());
        }
        if let Some(video) = &probe.video {
            let pixels = u64::from(video.width) * u64::from(video.height);
            if pixels == 0 {
                return Err(refuse::corrupt(probe.container, "pictures without a size").into());
            }
            if pixels > limits.max_pixels {
                return Err(refuse::too_large("pixels", pixels, "max_pixels", limits.max_pixels).into());
            }
        }
        Ok(())
    }

    /// A run of ffmpeg; what differs is set by struct update.
    pub(crate) fn job(&self, what: &'static str, arguments: Vec<String>) -> Job<'a> {
        Job {
            program: &self.tools.ffmpeg,
            arguments,
            what,
            container: self.probe.container,
            limits: self.limits,
            max_output: self.limits.max_output_bytes,
            folder: None,
        }
    }
}

/// Samples over seconds, as a ratio that people know: 30000/1001 rather than 359640/12012.
fn average_rate(track: &Track) -> Option<Ratio> {
    let (n, units) = track.tables.durations.iter().fold((0_u64, 0_u64), |(n, units), (count, duration)| {
        (n + u64::from(*count), units.saturating_add(u64::from(*count) * u64::from(*duration)))
    });
    let (numerator, denominator) = (n.checked_mul(track.timescale.into())?, units);
    let divisor = greatest_common_divisor(numerator, denominator);
    let to_u32 = |value: u64| u32::try_from(value / divisor.max(1)).ok().filter(|value| *value > 0);
    match (to_u32(numerator), to_u32(denominator)) {
        (Some(numerator), Some(denominator)) => Some(Ratio { numerator, denominator }),
        _ => {
            let milli = u128::from(numerator) * 1000 / u128::from(denominator.max(1));
            Some(Ratio { numerator: u32::try_from(milli).ok().filter(|rate| *rate > 0)?, denominator: 1000 })
        }
    }
}

fn greatest_common_divisor(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
