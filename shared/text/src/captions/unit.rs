//! Text in units that are never broken, with what the cue engine needs to know of each.

use super::language::{Break, Count, Language, breaks_anywhere};
use super::{Word, time};
use std::ops::Range;
use unicode_segmentation::UnicodeSegmentation;

/// A word, or a character of a script that breaks anywhere.
#[derive(Clone, Debug)]
pub(super) struct Unit {
    /// Where it is in the text, in bytes.
    pub(super) range: Range<usize>,
    pub(super) start_ms: u64,
    pub(super) end_ms: u64,
    /// How long it is, and the space before it, in half characters.
    pub(super) halves: u32,
    pub(super) space_halves: u32,
    /// How well a line or cue ends before it.
    pub(super) before: Break,
    /// A cue has to start here: another speaker, or after a long pause.
    pub(super) is_hard: bool,
    /// The word that it is of.
    pub(super) word: usize,
}

/// Text and its units. Between two units is a space, or nothing.
#[derive(Debug, Default)]
pub(super) struct Units {
    pub(super) text: String,
    pub(super) all: Vec<Unit>,
}

impl Units {
    /// Returns a text's units; times are spread by length over the given one.
    pub(super) fn of_text(text: &str, start_ms: u64, end_ms: u64, tag: &str) -> Units {
        let mut units = Units { text: text.to_owned(), all: Vec::new() };
        for range in split(text) {
            units.push(range, 0, tag);
        }
        spread(&mut units.all, start_ms, end_ms);
        units
    }

    /// Returns the units of a transcriber's words. Times that run backwards are moved forward.
    pub(super) fn of_words(words: &[Word], tag: &str, max_pause_ms: u64) -> Units {
        let language = Language::of(tag);
        let mut units = Units::default();
        let mut speaker: Option<&str> = None;
        let (mut last_start, mut last_end) = (0, 0);
        for (i, word) in words.iter().enumerate() {
            let text = word.text.trim();
            let Some(first) = text.chars().next() else { continue };
            let start_ms = word.start_ms.min(time::MAX_MS).max(last_start);
            let end_ms = word.end_ms.min(time::MAX_MS).max(start_ms);
            if is_closing(text) && units.close(text, tag) {
                continue;
            }
            let last = units.text.chars().next_back();
            let is_joined = |last| {
                if language.has_spaces {
                    breaks_anywhere(last) && breaks_anywhere(first)
                } else {
                    !(last.is_ascii_alphanumeric() && first.is_ascii_alphanumeric())
                }
            };
            if last.is_some_and(|last| !is_joined(last)) {
                units.text.push(' ');
            }
            let n_before = units.all.len();
            let offset = units.text.len();
            units.text.push_str(text);
            for range in split(text) {
                units.push(range.start + offset..range.end + offset, i, tag);
            }
            spread(&mut units.all[n_before..], start_ms, end_ms);
            let is_other = n_before > 0
                && (word.speaker.as_deref() != speaker || start_ms.saturating_sub(last_end) > max_pause_ms);
            if let Some(unit) = units.all.get_mut(n_before) {
                unit.is_hard = is_other;
            }
            speaker = word.speaker.as_deref();
            (last_start, last_end) = (start_ms, last_end.max(end_ms));
        }
        units
    }

    fn push(&mut self, range: Range<usize>, word: usize, tag: &str) {
        let text = &self.text[range.clone()];
        let count = Count::of(tag);
        let before = self.all.last();
        let space_halves = if before.is_some_and(|unit| unit.range.end < range.start) { count.halves(" ") } else { 0 };
        let mut rated = before.map_or(Break { cost: 0.0, is_bad: false, ends_sentence: false }, |unit| {
            Language::of(tag).rate(&self.text[unit.range.clone()], text)
        });
        if space_halves == 0 && before.is_some_and(|unit| unit.word == word) && word > 0 {
            // Inside a word that the transcriber gave whole.
            rated.cost += 2.0;
        }
        // Marks of no width have one here: the work is bounded by lengths.
        let halves = count.halves(text).max(1);
        let unit = Unit { halves, space_halves, before: rated, is_hard: false, word, start_ms: 0, end_ms: 0, range };
        self.all.push(unit);
    }

    /// Puts a mark behind the last unit.
    fn close(&mut self, mark: &str, tag: &str) -> bool {
        let Some(last) = self.all.last_mut() else { return false };
        // French has a space before these, at which no line breaks.
        if super::language::primary(tag) == "fr" && mark.starts_with(['?', '!', ';', ':', '»']) {
            self.text.push('\u{a0}');
        }
        self.text.push_str(mark);
        last.range.end = self.text.len();
        last.halves = last.halves.saturating_add(Count::of(tag).halves(mark));
        true
    }

    /// Returns the text of some units.
    pub(super) fn text(&self, units: Range<usize>) -> &str {
        match (self.all.get(units.start), self.all.get(units.end.wrapping_sub(1))) {
            (Some(first), Some(last)) => &self.text[first.range.start..last.range.end.max(first.range.start)],
            _ => "",
        }
    }
}

/// Returns whether a word is nothing but marks that close: Transcribe gives these apart.
fn is_closing(text: &str) -> bool {
    text.len() <= 12 && text.chars().all(|c| ".,!?;:…。、，！？；：؟،۔।»”’)]".contains(c))
}

/// Returns the pieces between spaces, and single characters of scripts that break anywhere.
fn split(text: &str) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let mut open: Option<Range<usize>> = None;
    let mut last = ' ';
    for (start, cluster) in text.grapheme_indices(true) {
        let first = cluster.chars().next().unwrap_or(' ');
        // A mark on a space is something to be seen.
        let is_space = cluster.chars().all(|c| c.is_whitespace() && c != '\u{a0}' && c != '\u{202f}');
        let is_apart = breaks_anywhere(first) || breaks_anywhere(last);
        match &mut open {
            Some(piece) if !is_space && !is_apart => piece.end = start + cluster.len(),
            _ => {
                pieces.extend(open.take());
                open = (!is_space).then(|| start..start + cluster.len());
            }
        }
        last = cluster.chars().next_back().unwrap_or(' ');
    }
    pieces.extend(open);
    pieces
}

/// Gives each unit its part of a time, by length.
fn spread(units: &mut [Unit], start_ms: u64, end_ms: u64) {
    let total: u64 = units.iter().map(|unit| u64::from(unit.halves)).sum();
    let duration = end_ms.saturating_sub(start_ms);
    // Whole milliseconds; both factors are small: a time is below 2³⁹, a length below 2²⁵ or the time is cut short.
    let part = |halves: u64| {
        let time = u128::from(duration) * u128::from(halves) / u128::from(total.max(1));
        start_ms + u64::try_from(time).unwrap_or(duration)
    };
    let mut passed = 0;
    for unit in units {
        unit.start_ms = part(passed);
        passed += u64::from(unit.halves);
        unit.end_ms = part(passed);
    }
}
