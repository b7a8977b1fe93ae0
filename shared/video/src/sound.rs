//! The sound of a recording: listened to once, and cut into pieces for whoever writes down what is said.

use crate::args::{self, words};
use crate::child::Job;
use crate::error::Error;
use crate::feed::Feed;
use crate::mp4::{Run, Selection, Track};
use crate::peaks::{Collector, MAX_POINTS, Peaks};
use crate::recording::Recording;
use crate::refuse;

/// Samples a second of everything that is made of sound: what speech models take.
pub const SAMPLE_RATE: u32 = 16_000;
/// Milliseconds that each level stands for.
pub const LEVEL_MS: u64 = 20;

const SAMPLES_PER_LEVEL: u32 = SAMPLE_RATE / 1000 * LEVEL_MS as u32;
/// Sound before a piece that a decoder needs to come up to it: two frames of AAC or so.
const LEAD_MS: u64 = 200;

/// What was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sound {
    pub duration_ms: u64,
    /// Loudness of every 20 ms, as decibels below full scale: 0 (loudest) to 96 (nothing).
    pub levels: Vec<u8>,
    pub peaks: Peaks,
}

impl Recording<'_> {
    /// Listens to all of the sound, once: loudness over time, and the waveform. Memory does not grow with the length but for one byte
    /// in 20 ms.
    ///
    /// # Errors
    /// `unsupported` without sound, `corrupt`, `too_large`, `timed_out`, or whatever the source says.
    pub fn listen(&mut self) -> Result<Sound, Error> {
        self.hear(&mut |_, _| Ok(()))
    }

    /// Listens, and passes on what is heard: all levels so far, and the samples that are new.
    pub(crate) fn hear(&mut self, passed_on: &mut PassOn<'_>) -> Result<Sound, Error> {
        let whole = self.sound_feed(0, u64::MAX)?;
        let expected = self.probe.duration_ms.saturating_mul(u64::from(SAMPLE_RATE)) / 1000;
        let mut ear = Ear::new(expected);
        let mut samples = vec![0; usize::try_from(whole.silence).unwrap_or(0)];
        ear.hear(&samples);
        passed_on(&ear.levels, &samples)?;
        let mut arguments = args::input(self.probe.container, &["-nostdin", "-threads", "1"]);
        let graph = format!("{},atrim=start_sample={}", resampled(self.index.is_none()), whole.skip);
        let format = ["-map", "0:a:0", "-af", &graph, "-flush_packets", "0", "-f", "s16le", "pipe:1"];
        arguments.extend(words(&format));
        let max_output = self.limits.max_duration_ms.saturating_mul(u64::from(SAMPLE_RATE) * 2 / 1000);
        let job = Job { max_output, ..self.job("listening", arguments) };
        let mut odd: Option<u8> = None;
        job.run(self.source, whole.feed, |block| {
            samples.clear();
            let mut block = block;
            if let (Some(low), [high, rest @ ..]) = (odd.take(), block) {
                samples.push(i16::from_le_bytes([low, *high]));
                block = rest;
            }
            let pairs = block.chunks_exact(2);
            odd = pairs.remainder().first().copied();
            samples.extend(pairs.map(|pair| i16::from_le_bytes([pair[0], pair[1]])));
            ear.hear(&samples);
            passed_on(&ear.levels, &samples)
        })?;
        if ear.n_samples == 0 {
            return Err(refuse::corrupt(self.probe.container, "no sound can be decoded").into());
        }
        Ok(ear.finish())
    }

    /// Returns a piece of the sound as a FLAC file: 16 kHz, one channel, 16 bits, exactly as long as asked for (silence fills what is
    /// missing at the end). Of an MP4, only the ranges of that piece are read; of anything else, all that comes before it too.
    ///
    /// # Errors
    /// `unsupported` without sound, `corrupt`, `too_large`, `timed_out`, or whatever the source says.
    pub fn audio_chunk(&mut self, start_ms: u64, end_ms: u64) -> Result<Vec<u8>, Error> {
        let length =
            end_ms.saturating_sub(start_ms).clamp(1, self.limits.max_duration_ms) * u64::from(SAMPLE_RATE) / 1000;
        let piece = self.sound_feed(start_ms, end_ms)?;
        let mut arguments = args::input(self.probe.container, &["-nostdin", "-threads", "1"]);
        let sounding = length.saturating_sub(piece.silence);
        let (skip, delay) = (piece.skip, piece.silence);
        let graph = format!(
            "{},atrim=start_sample={skip}:end_sample={},asetpts=N/SR/TB,adelay={delay}S,apad=whole_len={length}",
            resampled(self.index.is_none()),
            skip + sounding.max(1)
        );
        arguments.extend(words(&["-map", "0:a:0", "-af", &graph, "-map_metadata", "-1", "-fflags", "+bitexact"]));
        arguments.extend(words(&["-c:a", "flac", "-compression_level", "5", "-f", "flac", "pipe:1"]));
        let mut flac = self.job("cutting the sound", arguments).output(self.source, piece.feed)?;
        match flac.starts_with(b"fLaC") {
            true => {
                state_length(&mut flac, length);
                Ok(flac)
            }
            false => Err(refuse::corrupt(self.probe.container, "no sound can be decoded").into()),
        }
    }

    /// Returns what has to be decoded for this time, and what to leave out or to add at its start.
    fn sound_feed(&self, start_ms: u64, end_ms: u64) -> Result<Piece, Error> {
        if self.probe.audio.is_none() {
            return Err(refuse::no_sound().into());
        }
        let to_samples = |ms: u64| ms.saturating_mul(u64::from(SAMPLE_RATE)) / 1000;
        let Some(index) = &self.index else {
            return Ok(Piece { feed: self.whole_feed(), skip: to_samples(start_ms), silence: 0 });
        };
        let track = index.audio().ok_or_else(refuse::no_sound)?;
        let (runs, first) = cut(track, start_ms.saturating_sub(LEAD_MS), end_ms.saturating_add(LEAD_MS));
        let piece_at = start_ms as i64;
        let begins = first.map_or(0, |first| track.to_ms(i64::try_from(first).unwrap_or(i64::MAX)));
        let feed = self.small_feed(index, &[Selection { track, runs }]);
        let (skip, silence) = ((piece_at - begins).max(0) as u64, (begins - piece_at).max(0) as u64);
        Ok(Piece { feed, skip: to_samples(skip), silence: to_samples(silence) })
    }
}

/// Takes the levels of all that was heard so far, and the samples since the last time.
pub(crate) type PassOn<'a> = dyn FnMut(&[u8], &[i16]) -> Result<(), Error> + 'a;

/// What is decoded; samples at 16 kHz that come too early, and silence that goes before.
struct Piece {
    feed: Feed,
    skip: u64,
    silence: u64,
}

/// Returns the runs that sound within a time, and when the first of them begins, in units.
fn cut(track: &Track, start_ms: u64, end_ms: u64) -> (Vec<Run>, Option<u64>) {
    let to_media = |ms: u64| track.to_units(ms.saturating_sub(track.delay_ms)).saturating_add(track.skipped);
    let (from, to) = (to_media(start_ms), to_media(end_ms));
    // What is skipped at the start of the media is what the decoder needs to come up to it.
    let from = if start_ms <= track.delay_ms { 0 } else { from };
    let mut runs = Vec::new();
    for run in track.runs() {
        if run.decoded >= to {
            break;
        }
        if run.end() <= from {
            continue;
        }
        let each = u64::from(run.duration.max(1));
        let skip = from.saturating_sub(run.decoded) / each;
        let n = to.saturating_sub(run.decoded).div_ceil(each).saturating_sub(skip);
        let to_count = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
        runs.extend(run.slice(to_count(skip), to_count(n)));
    }
    let first = runs.first().map(|run| run.decoded);
    (runs, first)
}

/// The filters that give 16 kHz mono. Times of a stream are kept: what begins later is preceded by silence, holes are filled.
fn resampled(is_streamed: bool) -> String {
    let times = if is_streamed { ":async=1:first_pts=0" } else { "" };
    format!("aresample={SAMPLE_RATE}{times}:out_chlayout=mono:out_sample_fmt=s16")
}

/// Writes the number of samples into the header (RFC 9639 §8.2), which ffmpeg cannot do on a pipe: 36 bits from bit 108 of STREAMINFO.
pub(crate) fn state_length(flac: &mut [u8], n_samples: u64) {
    let Some(field) = flac.get_mut(21..26) else { return };
    let bytes = (n_samples & 0xF_FFFF_FFFF).to_be_bytes();
    field[0] = field[0] & 0xF0 | bytes[3];
    field[1..].copy_from_slice(&bytes[4..]);
}

/// Hears one sample after another.
struct Ear {
    levels: Vec<u8>,
    peaks: Collector,
    n_samples: u64,
    n: u32,
    squares: u64,
}

impl Ear {
    fn new(expected: u64) -> Ear {
        Ear {
            levels: Vec::new(),
            peaks: Collector::new(SAMPLE_RATE, expected.max(MAX_POINTS as u64)),
            n_samples: 0,
            n: 0,
            squares: 0,
        }
    }

    fn hear(&mut self, samples: &[i16]) {
        for sample in samples {
            self.peaks.push(*sample);
            self.n += 1;
            self.squares += i64::from(*sample).pow(2) as u64;
            if self.n == SAMPLES_PER_LEVEL {
                self.close();
            }
        }
        self.n_samples += samples.len() as u64;
    }

    fn close(&mut self) {
        self.levels.push(decibels_below(self.squares / u64::from(self.n.max(1))));
        (self.n, self.squares) = (0, 0);
    }

    fn finish(mut self) -> Sound {
        if self.n > 0 {
            self.close();
        }
        let duration_ms = self.n_samples * 1000 / u64::from(SAMPLE_RATE);
        Sound { duration_ms, levels: self.levels, peaks: self.peaks.finish() }
    }
}

/// Returns how far a mean square is below that of full scale, in decibels; the same on every machine, by whole numbers.
fn decibels_below(mean_square: u64) -> u8 {
    // 10^(-1/10) in 32 bits after the point.
    const DECIBEL: u128 = 3_411_613_797;
    // Full scale, 2^15 squared, with 32 bits after the point.
    let mut level = 1_u128 << 62;
    let mut below = 0;
    while below < 96 && u128::from(mean_square) << 32 < level {
        level = (level * DECIBEL) >> 32;
        below += 1;
    }
    below
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_decibels() {
        assert_eq!(decibels_below(0), 96);
        assert_eq!(decibels_below(1 << 30), 0);
        // A tenth of the amplitude is 20 dB.
        let tenth = decibels_below(3277 * 3277);
        assert!((19..=21).contains(&tenth), "{tenth}");
    }

    #[test]
    fn a_length_is_stated_where_readers_look() {
        let mut flac = vec![0; 42];
        flac[21] = 0xF0;
        state_length(&mut flac, 0x3_0000_0102);
        assert_eq!(&flac[21..26], [0xF3, 0, 0, 1, 2]);
    }
}
