//! A text, taken apart into words and symbols, with where they stand.

use crate::alt_text::{Gap, excerpt, fold, gap, is_apostrophe, quotations};
use std::ops::Range;
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

/// A text in normalization form C, without what nobody sees: a soft hyphen does not hide a word.
pub(super) struct Reading {
    pub text: String,
    pub tokens: Vec<Token>,
    quotations: Vec<Range<usize>>,
    addresses: Vec<Range<usize>>,
}

/// A word, or a symbol that is said as one, such as `%`.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub folded: String,
    pub range: Range<usize>,
    pub gap: Gap,
    /// Whether it is the writer's own: neither quoted nor part of an address.
    pub is_own: bool,
    /// Whether a `#` stands before it: tags have their own spelling.
    pub is_tag: bool,
}

impl Reading {
    pub(super) fn new(text: &str) -> Self {
        let text = visible(text.trim());
        let (quotations, addresses) = (own_quotations(&text), addresses(&text));
        let mut reading = Reading { text, tokens: Vec::new(), quotations, addresses };
        for range in pieces(&reading.text) {
            let folded = fold(&reading.text[range.clone()]);
            if folded.is_empty() {
                continue;
            }
            let between = reading.tokens.last().map(|last| &reading.text[last.range.end..range.start]);
            let token = Token {
                folded,
                gap: between.map_or(Gap::Apart, gap),
                is_own: reading.is_own_place(range.start),
                is_tag: reading.text[..range.start].ends_with('#'),
                range,
            };
            reading.tokens.push(token);
        }
        reading
    }

    /// Returns whether a place is in the writer's own words: neither quoted nor part of an address.
    pub(super) fn is_own_place(&self, at: usize) -> bool {
        !holds(&self.quotations, at) && !holds(&self.addresses, at)
    }

    /// Returns a word as it was written.
    pub(super) fn written(&self, token: &Token) -> &str {
        &self.text[token.range.clone()]
    }

    /// Returns some words as they were written, with what is between them.
    pub(super) fn phrase(&self, words: &Range<usize>) -> &str {
        match self.tokens.get(words.clone()) {
            Some([first, .., last]) => &self.text[first.range.start..last.range.end],
            Some([only]) => self.written(only),
            _ => "",
        }
    }

    /// Returns whether all of some words are the writer's own.
    pub(super) fn is_own(&self, words: &Range<usize>) -> bool {
        self.tokens.get(words.clone()).is_some_and(|tokens| tokens.iter().all(|token| token.is_own))
    }
}

/// Returns whether one of some ranges, in order and apart, holds a place.
fn holds(ranges: &[Range<usize>], at: usize) -> bool {
    ranges.get(ranges.partition_point(|range| range.end <= at)).is_some_and(|range| range.start <= at)
}

/// Normalizes, and leaves out joiners, directional marks and the soft hyphen.
pub(super) fn visible(text: &str) -> String {
    text.chars().filter(|c| !is_invisible(*c)).nfc().collect()
}

/// Returns an excerpt for a message, in which nothing is hidden and nothing breaks the line.
pub(super) fn quote(text: &str) -> String {
    let plain = |c: char| if c.is_whitespace() { ' ' } else { c };
    excerpt(&text.chars().filter(|c| !is_invisible(*c)).map(plain).collect::<String>())
}

pub(super) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Returns the quotations; none if one encloses everything, because then nobody is quoted.
fn own_quotations(text: &str) -> Vec<Range<usize>> {
    let mut found = quotations(text);
    let encloses =
        |quotation: &Range<usize>| quotation.start == 0 && text[quotation.end..].chars().all(|c| !c.is_alphanumeric());
    if found.first().is_some_and(encloses) && found.len() == 1 {
        found.clear();
    }
    found
}

/// Returns where web and mail addresses and `@names` stand.
fn addresses(text: &str) -> Vec<Range<usize>> {
    let is_address = |word: &str| word.contains("://") || word.contains('@') || word.starts_with("www.");
    let start = |word: &str| word.as_ptr() as usize - text.as_ptr() as usize;
    let found = text.split_whitespace().filter(|word| is_address(word));
    found.map(|word| start(word)..start(word) + word.len()).collect()
}

/// Returns where words and symbols stand. Apostrophes divide words: an elided article is a word of its own.
fn pieces(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for (start, piece) in text.split_word_bound_indices() {
        if piece.contains(char::is_alphanumeric) {
            for part in piece.split(is_apostrophe) {
                // Underscores are part of a word for Unicode, and emphasis for Markdown.
                let word = part.trim_matches('_');
                let at = start + (word.as_ptr() as usize - piece.as_ptr() as usize);
                found.push(at..at + word.len());
            }
        } else {
            let symbols = piece.char_indices().filter(|(_, c)| is_symbol(*c));
            found.extend(symbols.map(|(at, c)| start + at..start + at + c.len_utf8()));
        }
    }
    found
}

/// Signs that are read aloud as words; after U+2190 arrows, mathematics, pictographs, but not CJK punctuation.
fn is_symbol(c: char) -> bool {
    matches!(c, '%' | '‰' | '+' | '&' | '€' | '$' | '£' | '¥' | '°' | '=' | '™' | '®' | '©' | '％' | '＋' | '＆')
        || matches!(c, '\u{2190}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}')
}
