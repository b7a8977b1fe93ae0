//! A text, taken apart once for all checks.

use super::AltText;
use super::rules::{Lists, Matching, Rules};
use super::words::{self, Phrase, Token};
use std::ops::Range;
use unicode_segmentation::UnicodeSegmentation;

pub(super) struct Reading<'a> {
    pub alt: &'a AltText<'a>,
    pub rules: &'a Rules,
    /// Without white space at the ends.
    pub text: &'a str,
    pub n_characters: usize,
    pub tokens: Vec<Token>,
    /// The folded letters in a row.
    pub letters: String,
    /// The same without what is quoted: the writer's own words.
    pub own_letters: String,
    pub quotations: Vec<Range<usize>>,
    /// Whether one pair of quotation marks encloses everything. Then nothing counts as quoted.
    pub is_quoted: bool,
    /// The lists that apply: everybody's, and the language's.
    pub lists: Vec<&'a Lists>,
    /// The language's own matching; by words where there are no lists.
    pub matching: Matching,
}

impl<'a> Reading<'a> {
    pub(super) fn new(alt: &'a AltText<'a>, rules: &'a Rules) -> Self {
        let text = alt.text.trim();
        let mut quotations = words::quotations(text);
        let is_quoted = quotations.first().is_some_and(|quotation| {
            let rest = text[quotation.end..].trim_start();
            quotation.start == 0 && quotations.len() == 1 && rest.chars().all(|c| rules.ends.contains(c))
        });
        if is_quoted {
            quotations.clear();
        }
        let own = rules.lists(alt.locale);
        Reading {
            alt,
            rules,
            text,
            n_characters: text.graphemes(true).count(),
            tokens: words::tokens(text, &quotations),
            letters: words::letters(text),
            own_letters: words::letters(&without(text, &quotations)),
            quotations,
            is_quoted,
            lists: rules.everybodys().into_iter().chain(own).collect(),
            matching: own.map_or(Matching::Words, |lists| lists.matching),
        }
    }

    /// Returns the text without what is quoted.
    pub(super) fn own_text(&self) -> String {
        without(self.text, &self.quotations)
    }

    /// Returns the text of some words as it was written.
    pub(super) fn written(&self, words: Range<usize>) -> &'a str {
        match (self.tokens.get(words.start), words.end.checked_sub(1).and_then(|last| self.tokens.get(last))) {
            (Some(first), Some(last)) => &self.text[first.range.start..last.range.end],
            _ => "",
        }
    }

    /// Returns the first words of the text that are an entry of a list.
    pub(super) fn find(&self, of: impl Fn(&Lists) -> &[Phrase]) -> Option<String> {
        self.lists.iter().find_map(|lists| {
            of(lists).iter().find_map(|phrase| match lists.matching {
                Matching::Words => phrase.find(&self.tokens).map(|words| self.written(words).to_owned()),
                Matching::Parts => phrase.is_in_letters(&self.letters).then(|| phrase.letters().to_owned()),
            })
        })
    }
}

/// Returns a text with a mark in the place of each quotation, so that nothing grows together.
fn without(text: &str, quotations: &[Range<usize>]) -> String {
    let mut own = String::with_capacity(text.len());
    let mut start = 0;
    for quotation in quotations {
        own.push_str(&text[start..quotation.start]);
        own.push_str(" \" ");
        start = quotation.end;
    }
    own.push_str(&text[start..]);
    own
}

/// Returns an excerpt for a message.
pub(crate) fn excerpt(text: &str) -> String {
    let mut graphemes = text.graphemes(true);
    let excerpt: String =
        graphemes.by_ref().take(60).map(|g| if g.chars().any(char::is_control) { " " } else { g }).collect();
    if graphemes.next().is_some() { format!("`{excerpt}…`") } else { format!("`{excerpt}`") }
}
