//! The tokenizer of BERT, uncased: `BertNormalizer`, `BertPreTokenizer` and `WordPiece` of Hugging Face's tokenizers, for the file that
//! MiniLM comes with. `tests/tokenizer.rs` compares it with the original.

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::collections::HashMap;
use unicode_general_category::{GeneralCategory as Category, get_general_category};
use unicode_normalization::UnicodeNormalization;

/// A text as the model reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokens {
    pub ids: Vec<i32>,
    /// Whether there were more than fit.
    pub is_cut: bool,
}

pub struct WordPiece {
    vocabulary: HashMap<String, i32>,
    unknown: i32,
    begin: i32,
    end: i32,
}

/// Longer words are unknown, and cost nothing.
const MAX_WORD_CHARS: usize = 100;
/// Between the pieces of a word.
const CONTINUED: &str = "##";

#[derive(Deserialize)]
struct File {
    model: FileModel,
}

#[derive(Deserialize)]
struct FileModel {
    vocab: HashMap<String, i32>,
}

impl WordPiece {
    /// Reads a `tokenizer.json`.
    pub fn parse(json: &[u8]) -> Result<Self> {
        let File { model: FileModel { vocab } } = serde_json::from_slice(json).context("it is no tokenizer")?;
        let special = |name: &str| vocab.get(name).copied().with_context(|| format!("the tokenizer has no `{name}`"));
        let (unknown, begin, end) = (special("[UNK]")?, special("[CLS]")?, special("[SEP]")?);
        ensure!(vocab.values().all(|id| *id >= 0), "the tokenizer has a negative number");
        Ok(WordPiece { unknown, begin, end, vocabulary: vocab })
    }

    /// Turns a text into at most `max` numbers, with those of its begin and end.
    pub fn tokenize(&self, text: &str, max: usize) -> Tokens {
        let mut ids = vec![self.begin];
        let normal = normalize(text);
        let is_cut = normal.split_whitespace().any(|word| {
            split_punctuation(word).any(|word| {
                self.pieces(word, &mut ids);
                // The end needs a place, too.
                ids.len() >= max
            })
        });
        ids.truncate(max.saturating_sub(1));
        ids.push(self.end);
        Tokens { ids, is_cut }
    }

    /// Appends a word's longest pieces, from its start; as a whole it is unknown if a piece is.
    fn pieces(&self, word: &str, ids: &mut Vec<i32>) {
        if word.chars().count() > MAX_WORD_CHARS {
            return ids.push(self.unknown);
        }
        let (begin, mut rest, mut key) = (ids.len(), word, String::new());
        while !rest.is_empty() {
            let ends = rest.char_indices().map(|(at, c)| at + c.len_utf8()).rev();
            let found = ends.into_iter().find_map(|end| {
                key.clear();
                key.push_str(if rest.len() == word.len() { "" } else { CONTINUED });
                key.push_str(&rest[..end]);
                Some((*self.vocabulary.get(&key)?, end))
            });
            let Some((id, end)) = found else {
                ids.truncate(begin);
                return ids.push(self.unknown);
            };
            ids.push(id);
            rest = &rest[end..];
        }
    }
}

/// Cleans, sets ideographs apart, takes accents off, and makes everything small.
fn normalize(text: &str) -> String {
    let mut spaced = String::with_capacity(text.len());
    for c in text.chars().filter(|c| !is_dropped(*c)) {
        match c {
            _ if is_ideograph(c) => spaced.extend([' ', c, ' ']),
            _ if is_space(c) => spaced.push(' '),
            _ => spaced.push(c),
        }
    }
    let bare = spaced.nfd().filter(|c| get_general_category(*c) != Category::NonspacingMark);
    bare.flat_map(char::to_lowercase).collect()
}

fn is_space(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r') || c.is_whitespace()
}

fn is_dropped(c: char) -> bool {
    let is_control = || {
        use Category::{Control, Format, PrivateUse, Surrogate, Unassigned};
        matches!(get_general_category(c), Control | Format | PrivateUse | Surrogate | Unassigned)
    };
    c == '\0' || c == '\u{fffd}' || !matches!(c, '\t' | '\n' | '\r') && is_control()
}

/// The blocks that the original sets apart: Chinese characters, which the Japanese use too, and nothing of Korean or kana.
fn is_ideograph(c: char) -> bool {
    matches!(c as u32,
        0x4e00..=0x9fff | 0x3400..=0x4dbf | 0x2_0000..=0x2_a6df | 0x2_a700..=0x2_b73f | 0x2_b740..=0x2_b81f
        | 0x2_b920..=0x2_ceaf | 0xf900..=0xfaff | 0x2_f800..=0x2_fa1f)
}

fn is_punctuation(c: char) -> bool {
    use Category::*;
    c.is_ascii_punctuation()
        || matches!(
            get_general_category(c),
            ConnectorPunctuation
                | DashPunctuation
                | OpenPunctuation
                | ClosePunctuation
                | InitialPunctuation
                | FinalPunctuation
                | OtherPunctuation
        )
}

/// Splits a word so that each mark is a word of its own.
fn split_punctuation(word: &str) -> impl Iterator<Item = &str> {
    let mut rest = word;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let end = match is_punctuation(first) {
            true => first.len_utf8(),
            false => rest.find(is_punctuation).unwrap_or(rest.len()),
        };
        let (word, after) = rest.split_at(end);
        rest = after;
        Some(word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokenizer() -> WordPiece {
        let words = ["[UNK]", "[CLS]", "[SEP]", "cat", "##s", "un", "##afford", "##able", "!", "cafe", "中"];
        let vocabulary: HashMap<&str, usize> = words.iter().enumerate().map(|(id, word)| (*word, id)).collect();
        let json = serde_json::json!({"model": {"vocab": vocabulary}});
        WordPiece::parse(json.to_string().as_bytes()).expect("a tokenizer")
    }

    fn ids(text: &str) -> Vec<i32> {
        tokenizer().tokenize(text, 16).ids
    }

    #[test]
    fn the_longest_pieces_are_taken() {
        assert_eq!(ids("Cats unaffordable!"), [1, 3, 4, 5, 6, 7, 8, 2]);
        assert_eq!(ids("catx cat"), [1, 0, 3, 2], "a word with an unknown piece is unknown");
        assert_eq!(ids(""), [1, 2]);
        assert_eq!(ids("[CLS] cat"), [1, 0, 0, 0, 3, 2], "names of special tokens are a stranger's words");
    }

    #[test]
    fn accents_ideographs_and_control_characters() {
        assert_eq!(ids("CAFÉ\u{0}\u{200b} 中中\tcat!!"), [1, 9, 10, 10, 3, 8, 8, 2]);
        assert_eq!(ids(&"x".repeat(1_000_000)), [1, 0, 2]);
    }

    #[test]
    fn what_does_not_fit_is_cut_and_said() {
        let tokenizer = tokenizer();
        let exact = tokenizer.tokenize("cat cat cat", 5);
        assert_eq!(exact, Tokens { ids: vec![1, 3, 3, 3, 2], is_cut: false });
        let cut = tokenizer.tokenize("cat cat cat cat", 5);
        assert_eq!(cut, Tokens { ids: vec![1, 3, 3, 3, 2], is_cut: true });
        assert!(tokenizer.tokenize(&"cat ".repeat(1_000_000), 5).is_cut);
    }

    #[test]
    fn a_file_without_what_is_needed_is_refused() {
        for json in ["{}", "[]", r#"{"model":{"vocab":{"[UNK]":0,"[CLS]":1}}}"#, r#"{"model":{"vocab":{"a":"b"}}}"#] {
            assert!(WordPiece::parse(json.as_bytes()).is_err(), "{json}");
        }
    }
}
