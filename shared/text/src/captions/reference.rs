//! The captions that others are a translation of.

use super::linting::{is_same_language, numbers};
use super::{Cue, Track, time};
use std::collections::HashMap;

/// How far a translated cue may be from its source: translators move words between cues.
const NEAR_MS: u64 = 5000;

/// Where texts and numbers of a source are.
pub(super) struct Reference {
    /// Starts in order, by the words of the cue.
    texts: HashMap<String, Vec<u64>>,
    numbers: HashMap<String, Vec<u64>>,
}

impl Reference {
    pub(super) fn new(source: &Track, target: &str) -> Self {
        let is_translation = !is_same_language(source.language.as_deref().unwrap_or_default(), target);
        let mut texts: HashMap<String, Vec<u64>> = HashMap::new();
        if is_translation {
            for cue in &source.cues {
                texts.entry(normal(&cue.text())).or_default().push(cue.start_ms);
            }
        }
        texts.values_mut().for_each(|starts| starts.sort_unstable());
        Reference { texts, numbers: places(&source.cues) }
    }

    /// Returns whether a cue's words are the source's. One word is mostly a name, and so is what has no small letter.
    pub(super) fn has_text(&self, cue: &Cue) -> bool {
        let text = normal(&cue.text());
        let n_words = text.split(' ').count();
        let is_said = text.chars().any(char::is_lowercase) || text.chars().filter(|c| c.is_alphabetic()).count() > 5;
        n_words + text.chars().filter(|c| super::language::breaks_anywhere(*c)).count() > 1
            && is_said
            && self.texts.get(&text).is_some_and(|starts| is_near(starts, cue))
    }

    /// Returns a number that the source does not say about where the cue is.
    pub(super) fn unknown_number(&self, cue: &Cue) -> Option<String> {
        let is_unknown = |number: &String| !self.numbers.get(number).is_some_and(|starts| is_near(starts, cue));
        numbers(&cue.text()).into_iter().find(is_unknown)
    }

    /// Returns the numbers of the source that no cue says about where they are, and when they are, in that order.
    pub(super) fn missing_numbers(&self, cues: &[Cue]) -> Vec<(String, u64)> {
        let said = places(cues);
        let mut missing = Vec::new();
        for (number, starts) in &self.numbers {
            for start in starts {
                let at = Cue { start_ms: *start, end_ms: *start, ..Cue::default() };
                if !said.get(number).is_some_and(|starts| is_near(starts, &at)) {
                    missing.push((number.clone(), *start));
                }
            }
        }
        missing.sort_by(|a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
        missing
    }
}

fn places(cues: &[Cue]) -> HashMap<String, Vec<u64>> {
    let mut places: HashMap<String, Vec<u64>> = HashMap::new();
    for cue in cues {
        for number in numbers(&cue.text()) {
            places.entry(number).or_default().push(cue.start_ms);
        }
    }
    places.values_mut().for_each(|starts| starts.sort_unstable());
    places
}

fn is_near(starts: &[u64], cue: &Cue) -> bool {
    let first = starts.partition_point(|start| *start < cue.start_ms.saturating_sub(NEAR_MS));
    let last = cue.end_ms.max(cue.start_ms).min(time::MAX_MS * 2).saturating_add(NEAR_MS);
    starts.get(first).is_some_and(|start| *start <= last)
}

fn normal(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
