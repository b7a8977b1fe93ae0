//! Words become cues.

use super::language::Count;
use super::segment::Segmenter;
use super::unit::Units;
use super::{Cue, Line, Profile, Track, Word};

/// Returns the captions of a transcript: every word, in order, in cues that do not overlap and have no more lines than
/// the profile allows.
///
/// Cues end where a reader pauses, at the end of a sentence or a clause, never inside a pause longer than the profile's or
/// where another person begins to speak. Length, duration, gap and speed are kept where the words allow it:
/// [`lint`](super::lint) says where they do not. Deterministic, in time that grows with the number of words; words in
/// disorder are taken in the order they are in.
pub fn cues(words: &[Word], language: &str, profile: &Profile) -> Track {
    let units = Units::of_words(words, language, profile.max_pause_ms());
    let segmenter = Segmenter::new(&units.all, profile, language);
    let pieces = segmenter.run();
    let mut cues: Vec<Cue> = Vec::with_capacity(pieces.len());
    let mut needs = Vec::with_capacity(pieces.len());
    for piece in &pieces {
        let starts = piece.line_starts.iter().copied();
        let ends = piece.line_starts.iter().skip(1).copied().chain([piece.units.end]);
        let lines: Vec<_> = starts.zip(ends).map(|(start, end)| Line::plain(units.text(start..end))).collect();
        let spoken = &units.all[piece.units.clone()];
        let start_ms = spoken.first().map_or(0, |unit| unit.start_ms);
        let end_ms = spoken.iter().map(|unit| unit.end_ms).max().unwrap_or(start_ms);
        let speaker = spoken.first().and_then(|unit| words[unit.word].speaker.clone());
        let count = Count::of(language);
        let halves = lines.iter().map(|line| count.halves(&line.text())).sum::<u32>()
            + count.halves(" ") * (lines.len() as u32).saturating_sub(1);
        needs.push(profile.reading_ms(halves, language));
        cues.push(Cue { start_ms, end_ms, lines, speaker, ..Cue::default() });
    }
    time(&mut cues, &needs, profile);
    Track { language: Some(language.to_owned()).filter(|tag| !tag.is_empty()), cues, blocks: Vec::new() }
}

/// Gives cues that begin and end with their words the times on the screen.
fn time(cues: &mut [Cue], needs: &[u64], profile: &Profile) {
    let mut free_ms = 0;
    for i in 0..cues.len() {
        let next_ms = cues.get(i + 1).map_or(u64::MAX, |next| next.start_ms);
        let cue = &mut cues[i];
        cue.start_ms = cue.start_ms.max(free_ms);
        let start = cue.start_ms;
        let read_ms = (start + needs[i]).min(cue.end_ms + profile.linger_ms());
        let wanted = cue.end_ms.max(start + profile.min_duration_ms()).max(read_ms);
        let mut end = wanted.min(start + profile.max_duration_ms());
        let latest = next_ms.saturating_sub(profile.min_gap_ms());
        if end > latest {
            // Words without a pause between them: the gap is taken from the earlier cue. Without room for both it is
            // given up, and then the next cue waits.
            end = if latest > start { latest } else { next_ms.max(start + 1).min(end.max(start + 1)) };
        } else if next_ms - end <= profile.close_gap_ms() && latest - start <= profile.max_duration_ms() {
            end = latest;
        }
        cue.end_ms = end.max(start + 1);
        free_ms = cue.end_ms;
    }
}
