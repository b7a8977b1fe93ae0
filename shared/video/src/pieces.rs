//! All of the sound in pieces, in one go: heard, cut in its silences and packed, while it is decoded.

use crate::args::words;
use crate::child::Job;
use crate::chunks::{Chunk, ChunkSpec, plan};
use crate::error::Error;
use crate::feed::Feed;
use crate::recording::Recording;
use crate::refuse;
use crate::sound::{LEVEL_MS, SAMPLE_RATE, Sound, state_length};

const SAMPLES_PER_MS: u64 = SAMPLE_RATE as u64 / 1000;
/// Sound beyond the longest chunk that is heard before the cut is made: a silence at its end is seen whole.
const AHEAD_MS: u64 = 15_000;

impl Recording<'_> {
    /// Listens once, and gives every chunk with its FLAC file (16 kHz, one channel, 16 bits; none if it is silent), in order, as soon as
    /// it is there. What it costs is one decoding of all sound, and the memory of one chunk as samples: 1.9 MB a minute.
    ///
    /// Where each chunk has a machine of its own, `listen`, `plan_chunks` and `audio_chunk` do the same apart.
    ///
    /// # Errors
    /// As `listen`, or what `take` says.
    pub fn pieces(
        &mut self,
        spec: &ChunkSpec,
        mut take: impl FnMut(Chunk, Option<Vec<u8>>) -> Result<(), Error>,
    ) -> Result<Sound, Error> {
        let packer = self.job("packing the sound", pack_arguments());
        let mut cutter = Cutter { samples: Vec::new(), at_ms: 0, silent: None };
        let enough = ((spec.max_ms.max(1000) + AHEAD_MS) * SAMPLES_PER_MS) as usize;
        let mut give = |chunk: Chunk, samples: &[i16]| match chunk.is_silent {
            true => take(chunk, None),
            false => take(chunk, Some(pack(&packer, samples)?)),
        };
        let sound = self.hear(&mut |levels, samples| {
            cutter.samples.extend_from_slice(samples);
            while cutter.samples.len() >= enough {
                cutter.cut(levels, spec, false, &mut give)?;
            }
            Ok(())
        })?;
        while !cutter.samples.is_empty() {
            cutter.cut(&sound.levels, spec, true, &mut give)?;
        }
        cutter.end(&mut give)?;
        Ok(sound)
    }
}

/// Sound that was not cut yet.
struct Cutter {
    samples: Vec<i16>,
    /// When the first of them is heard: always at a level's start.
    at_ms: u64,
    /// A silence that may go on.
    silent: Option<Chunk>,
}

impl Cutter {
    fn cut(
        &mut self,
        levels: &[u8],
        spec: &ChunkSpec,
        is_end: bool,
        give: &mut impl FnMut(Chunk, &[i16]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let heard = levels.get((self.at_ms / LEVEL_MS) as usize..).unwrap_or_default();
        // Before the end, the last level is unfinished.
        let duration_ms = match is_end {
            true => (self.samples.len() as u64).div_ceil(SAMPLES_PER_MS),
            false => heard.len() as u64 * LEVEL_MS,
        };
        let first = plan(heard, duration_ms, spec).first().copied();
        let length_ms = first.map_or(duration_ms, |chunk| chunk.end_ms).max(1);
        let chunk = Chunk {
            start_ms: self.at_ms,
            end_ms: self.at_ms + length_ms,
            is_silent: first.is_some_and(|chunk| chunk.is_silent),
        };
        let n = ((length_ms * SAMPLES_PER_MS) as usize).min(self.samples.len());
        match (&mut self.silent, chunk.is_silent) {
            (Some(silent), true) => silent.end_ms = chunk.end_ms,
            (None, true) => self.silent = Some(chunk),
            (_, false) => {
                self.end(give)?;
                give(chunk, &self.samples[..n])?;
            }
        }
        self.samples.drain(..n);
        self.at_ms = chunk.end_ms;
        Ok(())
    }

    fn end(&mut self, give: &mut impl FnMut(Chunk, &[i16]) -> Result<(), Error>) -> Result<(), Error> {
        self.silent.take().map_or(Ok(()), |silent| give(silent, &[]))
    }
}

fn pack_arguments() -> Vec<String> {
    let rate = SAMPLE_RATE.to_string();
    let mut arguments =
        words(&["-v", "error", "-hide_banner", "-nostdin", "-threads", "1", "-protocol_whitelist", "pipe"]);
    arguments.extend(words(&["-f", "s16le", "-ar", &rate, "-ac", "1", "-i", "pipe:0", "-fflags", "+bitexact"]));
    arguments.extend(words(&["-c:a", "flac", "-compression_level", "5", "-f", "flac", "pipe:1"]));
    arguments
}

fn pack(packer: &Job<'_>, samples: &[i16]) -> Result<Vec<u8>, Error> {
    let mut feed = Feed::new(0);
    feed.bytes(samples.iter().flat_map(|sample| sample.to_le_bytes()).collect());
    // Nothing is read of the recording: it is busy.
    let mut flac = packer.output(&mut Vec::new(), feed)?;
    if !flac.starts_with(b"fLaC") {
        return Err(refuse::corrupt(packer.container, "its sound cannot be packed").into());
    }
    state_length(&mut flac, samples.len() as u64);
    Ok(flac)
}
