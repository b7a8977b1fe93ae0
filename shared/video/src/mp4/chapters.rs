//! Chapters: Nero's list in `udta`, or QuickTime's track of texts.

use super::boxes::be64;
use super::index::Index;
use super::track::Track;
use crate::refuse::one_line;
use crate::source::Source;
use crate::value::Chapter;
use std::io;

/// Chapters that are kept, characters of a title, bytes of a text sample.
const MAX_CHAPTERS: usize = 500;
const TITLE_CHARACTERS: usize = 200;
const MAX_TEXT_BYTES: u32 = 4096;

/// Reads the chapters, from whichever of the two there is. What is broken in them is left out.
pub(crate) fn chapters(index: &Index, source: &mut dyn Source, duration_ms: u64) -> io::Result<Vec<Chapter>> {
    let listed = index.chpl.as_deref().map(listed).unwrap_or_default();
    let starts = if listed.is_empty() { from_track(index, source)? } else { listed };
    let ends: Vec<u64> = starts.iter().skip(1).map(|(start, _)| *start).chain([duration_ms]).collect();
    let chapters = starts.into_iter().zip(ends).filter(|((start, _), end)| start < end);
    Ok(chapters.map(|((start_ms, title), end_ms)| Chapter { start_ms, end_ms, title }).collect())
}

/// Version and flags, a reserved byte in version 1, a count, then start in units of 100 ns, length of title, title.
fn listed(chpl: &[u8]) -> Vec<(u64, String)> {
    // The count is 32 bits wide in version 1, and never above 255: its last byte is the one before the first chapter.
    let mut at = if chpl.first() == Some(&1) { 9 } else { 5 };
    let count = usize::from(chpl.get(at - 1).copied().unwrap_or(0));
    let mut found = Vec::new();
    for _ in 0..count.min(MAX_CHAPTERS) {
        let (Some(start), Some(length)) = (be64(chpl, at), chpl.get(at + 8)) else { break };
        let Some(title) = chpl.get(at + 9..at + 9 + usize::from(*length)) else { break };
        found.push((start / 10_000, one_line(&String::from_utf8_lossy(title), TITLE_CHARACTERS)));
        at += 9 + usize::from(*length);
    }
    found
}

/// The QuickTime File Format: a track of texts that the film's `tref` names; each sample is a length of 16 bits and the text.
fn from_track(index: &Index, source: &mut dyn Source) -> io::Result<Vec<(u64, String)>> {
    let named = |track: &&Track| index.tracks.iter().any(|other| other.chapters.contains(&track.id));
    let Some(track) = index.tracks.iter().find(named) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for run in track.runs().take(MAX_CHAPTERS) {
        let range = run.range();
        if run.count != 1 || run.size < 2 || run.size > MAX_TEXT_BYTES || range.end > source.bytes() {
            continue;
        }
        let text = source.read_at(range)?;
        let length = usize::from(u16::from_be_bytes([text[0], text[1]]));
        let title = text.get(2..2 + length).unwrap_or_default();
        let title = match title {
            [0xFE, 0xFF, rest @ ..] => {
                let units: Vec<u16> = rest.chunks_exact(2).map(|two| u16::from_be_bytes([two[0], two[1]])).collect();
                String::from_utf16_lossy(&units)
            }
            other => String::from_utf8_lossy(other).into_owned(),
        };
        found.push((track.shown_ms(&run), one_line(&title, TITLE_CHARACTERS)));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_ends_early_gives_what_is_there() {
        let mut chpl = vec![1, 0, 0, 0, 0, 0, 0, 0, 2];
        chpl.extend(50_000_000_u64.to_be_bytes());
        chpl.extend([3, b'O', b'n', b'e', 0, 0]);
        assert_eq!(listed(&chpl), [(5000, "One".to_owned())]);
        assert!(listed(&[]).is_empty());
    }
}
