//! Where to cut a long recording: in its silences, so that no word is cut in two.

use crate::sound::{LEVEL_MS, Sound};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How to cut.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ChunkSpec {
    /// How long a chunk should be.
    pub target_ms: u64,
    /// How long it may be.
    pub max_ms: u64,
    /// Decibels below full scale from which on it is silent.
    pub silence_db: u8,
    /// Shorter pauses are none.
    pub min_silence_ms: u64,
    /// A pause at least so long becomes a chunk of its own, which nobody needs to listen to.
    pub skip_silence_ms: u64,
}

impl Default for ChunkSpec {
    fn default() -> Self {
        ChunkSpec { target_ms: 300_000, max_ms: 480_000, silence_db: 50, min_silence_ms: 300, skip_silence_ms: 10_000 }
    }
}

/// A time from and to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Span {
    pub start_ms: u64,
    pub end_ms: u64,
}

/// A piece of the sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Chunk {
    pub start_ms: u64,
    pub end_ms: u64,
    /// There is nothing in it: a model would invent something.
    pub is_silent: bool,
}

/// Sound that is kept beside a chunk of silence, so that a soft end of a word is not cut off.
const MARGIN_MS: u64 = 500;

/// Levels of a stretch of sound, of 20 ms each.
#[derive(Clone, Copy)]
struct Heard<'a> {
    levels: &'a [u8],
    duration_ms: u64,
}

/// Returns the pauses that are long enough to be some.
pub fn silences(sound: &Sound, spec: &ChunkSpec) -> Vec<Span> {
    pauses(Heard { levels: &sound.levels, duration_ms: sound.duration_ms }, spec)
}

fn pauses(sound: Heard<'_>, spec: &ChunkSpec) -> Vec<Span> {
    let mut found = Vec::new();
    let mut start = None;
    let levels = sound.levels.iter().map(|level| *level >= spec.silence_db);
    for (place, is_silent) in levels.chain([false]).enumerate() {
        let at_ms = (place as u64 * LEVEL_MS).min(sound.duration_ms);
        match (start, is_silent) {
            (None, true) => start = Some(at_ms),
            (Some(start_ms), false) => {
                if at_ms - start_ms >= spec.min_silence_ms {
                    found.push(Span { start_ms, end_ms: at_ms });
                }
                start = None;
            }
            _ => {}
        }
    }
    found
}

/// Cuts all of the sound into chunks, one after another, none longer than the limit unless it is silent.
pub fn plan_chunks(sound: &Sound, spec: &ChunkSpec) -> Vec<Chunk> {
    plan(&sound.levels, sound.duration_ms, spec)
}

pub(crate) fn plan(levels: &[u8], duration_ms: u64, spec: &ChunkSpec) -> Vec<Chunk> {
    let sound = Heard { levels, duration_ms };
    let silences = pauses(sound, spec);
    let mut chunks = Vec::new();
    let mut at = 0;
    for silence in &silences {
        // At both ends of the recording there is no word to keep a margin for.
        let start_ms = if silence.start_ms == 0 { 0 } else { silence.start_ms + MARGIN_MS };
        let end_ms = if silence.end_ms >= sound.duration_ms {
            sound.duration_ms
        } else {
            silence.end_ms.saturating_sub(MARGIN_MS)
        };
        if silence.end_ms - silence.start_ms < spec.skip_silence_ms.max(2 * MARGIN_MS) || end_ms <= start_ms {
            continue;
        }
        divide(at, start_ms, sound, &silences, spec, &mut chunks);
        chunks.push(Chunk { start_ms, end_ms, is_silent: true });
        at = end_ms;
    }
    divide(at, sound.duration_ms, sound, &silences, spec, &mut chunks);
    chunks
}

fn divide(mut at: u64, end: u64, sound: Heard<'_>, silences: &[Span], spec: &ChunkSpec, chunks: &mut Vec<Chunk>) {
    let max_ms = spec.max_ms.max(1000);
    let target_ms = spec.target_ms.clamp(1000, max_ms);
    while at < end {
        let left = end - at;
        let stop = if left <= max_ms { end } else { at + cut(at, target_ms, max_ms, sound, silences) };
        // A level at a time: shorter than any pause that counts, such as a click between two long ones.
        let heard = &sound.levels[((at / LEVEL_MS) as usize).min(sound.levels.len())..];
        let n = ((stop - at) / LEVEL_MS) as usize;
        let is_silent = heard.iter().take(n).all(|level| *level >= spec.silence_db);
        chunks.push(Chunk { start_ms: at, end_ms: stop, is_silent });
        at = stop;
    }
}

/// Returns how long the chunk from `at` should be: to the middle of the pause that is nearest to the target, where a pause that is
/// twice as long may be farther away; without one, to the quietest moment.
fn cut(at: u64, target_ms: u64, max_ms: u64, sound: Heard<'_>, silences: &[Span]) -> u64 {
    let (earliest, latest) = (at + target_ms / 2, at + max_ms);
    let middle = |span: &Span| span.start_ms.midpoint(span.end_ms) / LEVEL_MS * LEVEL_MS;
    let wanted = at + target_ms;
    let within = silences.iter().filter(|span| (earliest..=latest).contains(&middle(span)));
    let cost =
        |span: &&Span| middle(span).abs_diff(wanted).saturating_sub((span.end_ms - span.start_ms).min(5000) * 10);
    if let Some(pause) = within.min_by_key(cost) {
        return middle(pause) - at;
    }
    let place = |ms: u64| ((ms / LEVEL_MS) as usize).min(sound.levels.len());
    let window = &sound.levels[place(wanted.saturating_sub(target_ms / 4))..place(latest)];
    // A fifth of a second, summed.
    let quietest = window.windows(10).enumerate().max_by_key(|(index, levels)| {
        (levels.iter().map(|level| u32::from(*level)).sum::<u32>(), std::cmp::Reverse(*index))
    });
    let first = place(wanted.saturating_sub(target_ms / 4)) as u64;
    quietest.map_or(max_ms, |(index, _)| ((first + index as u64 + 5) * LEVEL_MS).saturating_sub(at).clamp(1000, max_ms))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peaks::Collector;

    /// Loud sound with these silences, in seconds.
    fn sound(seconds: u64, silent: &[(u64, u64)]) -> Sound {
        let per_second = 1000 / LEVEL_MS;
        let mut levels = vec![20; (seconds * per_second) as usize];
        for (from, to) in silent {
            levels[(from * per_second) as usize..(to * per_second) as usize].fill(90);
        }
        Sound { duration_ms: seconds * 1000, levels, peaks: Collector::new(16_000, 1).finish() }
    }

    fn planned(sound: &Sound) -> Vec<(u64, u64, bool)> {
        let chunks = plan_chunks(sound, &ChunkSpec::default());
        assert_eq!(chunks.first().map(|chunk| chunk.start_ms), Some(0));
        assert_eq!(chunks.last().map(|chunk| chunk.end_ms), Some(sound.duration_ms));
        assert!(chunks.windows(2).all(|two| two[0].end_ms == two[1].start_ms), "{chunks:?}");
        chunks.iter().map(|chunk| (chunk.start_ms / 1000, chunk.end_ms / 1000, chunk.is_silent)).collect()
    }

    #[test]
    fn short_recordings_are_one_chunk() {
        assert_eq!(planned(&sound(100, &[(40, 42)])), [(0, 100, false)]);
    }

    #[test]
    fn cuts_are_in_silences() {
        assert_eq!(
            planned(&sound(900, &[(100, 102), (310, 312), (590, 592)])),
            [(0, 311, false), (311, 591, false), (591, 900, false)]
        );
    }

    #[test]
    fn without_a_silence_it_is_cut_at_the_limit_at_the_latest() {
        let chunks = planned(&sound(2000, &[]));
        assert!(chunks.iter().all(|(start, end, is_silent)| end - start <= 480 && !is_silent), "{chunks:?}");
    }

    #[test]
    fn long_silences_are_left_out() {
        assert_eq!(
            planned(&sound(100, &[(0, 30), (50, 90)])),
            [(0, 29, true), (29, 50, false), (50, 89, true), (89, 100, false)]
        );
        assert_eq!(planned(&sound(3600, &[(0, 3600)])), [(0, 3600, true)]);
    }
}
