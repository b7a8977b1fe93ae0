//! Terms: what to look for in a text, and where it stands.

use super::language::Words;
use super::reading::{Reading, Token, visible};
use crate::alt_text::Gap;
use serde::Serialize;
use std::ops::Range;

/// Words in a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Term {
    /// As it is named to people and models.
    pub written: String,
    is_exact: bool,
    words: Vec<Word>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Word {
    /// Folded, unless the term is exact.
    word: String,
    ending: Ending,
    /// Whether the term itself has a mark before the word, as in `No. 1`. Elsewhere a mark in a text ends the term.
    is_apart: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
enum Ending {
    Whole,
    /// Or with an ending of the text's language.
    Inflected,
    /// Whatever the word goes on with.
    Open,
}

/// A term is no sentence.
const MAX_WORDS: usize = 8;
const MAX_CHARACTERS: usize = 80;

impl Word {
    fn of(token: &Token) -> Word {
        Word { word: token.folded.clone(), ending: Ending::Whole, is_apart: token.gap == Gap::Apart }
    }
}

impl Term {
    /// Reads a term. Fails with what is wrong and the way out.
    pub(super) fn parse(entry: &str) -> Result<Term, String> {
        match entry.strip_prefix('`').and_then(|rest| rest.strip_suffix('`')) {
            Some(exact) => Term::exact(exact),
            None if entry.contains('`') => Err("has an odd backtick; put both around the whole term".to_owned()),
            None => Term::folded(entry),
        }
    }

    /// Reads a term that matches its own spelling only.
    pub(super) fn exact(entry: &str) -> Result<Term, String> {
        let reading = Reading::new(entry);
        let words =
            reading.tokens.iter().map(|token| Word { word: reading.written(token).to_owned(), ..Word::of(token) });
        Term::of(entry, true, words.collect())
    }

    /// Reads a name as it is, but for its case and width.
    pub(super) fn any_case(entry: &str) -> Result<Term, String> {
        Term::of(entry, false, Reading::new(entry).tokens.iter().map(Word::of).collect())
    }

    fn folded(entry: &str) -> Result<Term, String> {
        let (mut words, mut written): (Vec<Word>, Vec<&str>) = Default::default();
        for piece in entry.split_whitespace() {
            let (piece, ending) = match (piece.strip_suffix('+'), piece.strip_suffix('*')) {
                (Some(stem), _) if !stem.is_empty() => (stem, Ending::Inflected),
                (_, Some(stem)) if !stem.is_empty() => (stem, Ending::Open),
                _ => (piece, Ending::Whole),
            };
            if piece.contains('*') {
                return Err("has a `*` that ends no word; put it behind the beginning of a word".to_owned());
            }
            let first = words.len();
            words.extend(Reading::new(piece).tokens.iter().map(Word::of));
            let is_behind_mark =
                written.last().is_some_and(|before| before.ends_with(['.', ',', ';', ':', '!', '?', ')']));
            if let Some(word) = words.get_mut(first) {
                word.is_apart = first > 0 && is_behind_mark;
            }
            if let Some(last) = words[first..].last_mut() {
                last.ending = ending;
            }
            written.push(piece);
        }
        Term::of(&written.join(" "), false, words)
    }

    fn of(written: &str, is_exact: bool, words: Vec<Word>) -> Result<Term, String> {
        let written = visible(written.trim());
        if words.is_empty() {
            return Err("has no word; write at least one, or remove it".to_owned());
        }
        if words.len() > MAX_WORDS || written.chars().count() > MAX_CHARACTERS {
            return Err(format!("is longer than {MAX_WORDS} words or {MAX_CHARACTERS} characters; shorten it"));
        }
        Ok(Term { written, is_exact, words })
    }

    pub(super) fn n_words(&self) -> usize {
        self.words.len()
    }

    /// Returns how many words match, if the term stands at a word.
    pub(super) fn len_at(&self, reading: &Reading, index: usize, language: Option<&Words>) -> Option<usize> {
        let here = reading.tokens.get(index..index + self.words.len())?;
        let is_here = here.iter().zip(&self.words).enumerate().all(|(n, (token, own))| {
            let is_joined = n == 0 || own.is_apart || token.gap != Gap::Apart;
            is_joined
                && match own.ending {
                    _ if self.is_exact => reading.written(token) == own.word,
                    Ending::Whole => token.folded == own.word,
                    Ending::Inflected => {
                        token.folded == own.word
                            || language.is_some_and(|language| language.inflects(&own.word, &token.folded))
                    }
                    Ending::Open => token.folded.starts_with(&own.word),
                }
        });
        is_here.then_some(self.words.len())
    }

    /// Returns every place in the writer's own words, from left to right.
    pub(super) fn find(&self, reading: &Reading, language: Option<&Words>) -> Vec<Range<usize>> {
        let at = |index: usize| self.len_at(reading, index, language).map(|n| index..index + n);
        (0..reading.tokens.len()).filter_map(at).filter(|words| reading.is_own(words)).collect()
    }

    /// Returns whether the term stands around some words: then they are a part of it, and not meant by themselves.
    pub(super) fn encloses(&self, reading: &Reading, words: &Range<usize>, language: Option<&Words>) -> bool {
        let first = words.end.saturating_sub(self.words.len());
        (first..=words.start).any(|index| self.len_at(reading, index, language).is_some_and(|n| index + n >= words.end))
    }
}
