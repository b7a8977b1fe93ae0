//! Which words of a transcript each cue has.

use super::linting::numbers;
use super::{Cue, Word};
use std::ops::Range;

/// How many letters of a cue are looked for, and how far ahead.
const PROBE: usize = 10;
const AHEAD: usize = 600;
const NUMBER: char = '#';

/// The words of each cue, where its beginning was found in them in order.
pub(super) struct Aligned {
    words: Vec<Option<Range<usize>>>,
}

impl Aligned {
    pub(super) fn new(words: &[Word], cues: &[Cue]) -> Self {
        if words.is_empty() {
            return Aligned { words: vec![None; cues.len()] };
        }
        let mut letters: Vec<(char, usize)> = Vec::new();
        for (i, word) in words.iter().enumerate() {
            let is_number = letters.last().is_some_and(|(c, _)| *c == NUMBER);
            let text = bare(&word.text).into_iter();
            letters.extend(text.skip_while(|c| is_number && *c == NUMBER).map(|c| (c, i)));
        }
        let mut next = 0;
        let mut aligned = Vec::with_capacity(cues.len());
        for cue in cues {
            let text = bare(&cue.text());
            let probe = &text[..text.len().min(PROBE)];
            let starts = |at: &usize| {
                let begin = letters.get(*at..*at + probe.len());
                let is_word = letters.get(at.wrapping_sub(1)).is_none_or(|(_, word)| *word != letters[*at].1);
                is_word && begin.is_some_and(|begin| begin.iter().map(|(c, _)| c).eq(probe))
            };
            let found = if probe.is_empty() { None } else { (next..letters.len().min(next + AHEAD)).find(starts) };
            aligned.push(found.map(|first| {
                // An edited cue may have more letters than its words.
                let last = (first + text.len()).min(letters.len()) - 1;
                next = last + 1;
                letters[first].1..letters[last].1 + 1
            }));
        }
        Aligned { words: aligned }
    }

    pub(super) fn words_of(&self, cue: usize) -> Option<Range<usize>> {
        self.words.get(cue).cloned().flatten()
    }

    /// Returns a number of a cue that its words do not have, where they have numbers at all: many transcripts write them
    /// out.
    pub(super) fn other_number(&self, cue: &Cue, words: &[Word]) -> Option<String> {
        let said: Vec<_> = numbers(&words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" "));
        let number = numbers(&cue.text()).into_iter().find(|number| !said.contains(number));
        number.filter(|_| !said.is_empty())
    }
}

/// Returns the letters of a text, lower case, and one mark for each number: what number it is, is compared apart.
fn bare(text: &str) -> Vec<char> {
    let letters = text.chars().filter(|c| c.is_alphanumeric()).map(|c| if c.is_numeric() { NUMBER } else { c });
    let mut bare: Vec<char> = letters.flat_map(char::to_lowercase).collect();
    bare.dedup_by(|a, b| *a == NUMBER && *b == NUMBER);
    bare
}
