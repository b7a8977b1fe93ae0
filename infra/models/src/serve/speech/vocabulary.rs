//! The tokens of Whisper: pieces of UTF-8 (byte-level BPE, the one of GPT-2), languages, and marks of time.

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::collections::HashMap;
use unicode_general_category::{GeneralCategory, get_general_category};

/// A token's number.
pub type Token = i32;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    languages: Vec<String>,
    tokens: Vec<String>,
}

/// The tokens of a Whisper that knows many languages.
pub struct Vocabulary {
    languages: Vec<String>,
    tokens: Vec<Vec<u8>>,
    /// The way back.
    numbers: HashMap<Vec<u8>, Token>,
    /// The mark of the end; all tokens before it are text.
    pub(super) end: Token,
    pub(super) start: Token,
    pub(super) transcribe: Token,
    /// Stands before a text that helps.
    pub(super) previous: Token,
    pub(super) no_speech: Token,
    pub(super) no_times: Token,
    /// The mark of 0.00 s. The others follow in steps of 0.02 s.
    pub(super) time: Token,
}

impl Vocabulary {
    /// Reads `vocabulary.json`.
    ///
    /// # Errors
    /// If it is none, or bytes are missing in it.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let File { languages, tokens } = serde_json::from_slice(bytes).context("the vocabulary is broken")?;
        let letters: HashMap<char, u8> = letters().into_iter().zip(0..=255).collect();
        let spell = |token: &String| token.chars().map(|c| letters.get(&c).copied()).collect::<Option<Vec<u8>>>();
        let tokens: Option<Vec<Vec<u8>>> = tokens.iter().map(spell).collect();
        let tokens = tokens.context("a token has a letter that stands for no byte")?;
        let numbers: HashMap<Vec<u8>, Token> = tokens.iter().cloned().zip(0..).collect();
        ensure!((0..=255).all(|byte| numbers.contains_key(&[byte][..])), "a byte has no token");
        let end = Token::try_from(tokens.len()).context("there are too many tokens")?;
        let after = end + 2 + Token::try_from(languages.len()).context("there are too many languages")?;
        ensure!(languages.len() <= 200, "there are too many languages");
        Ok(Vocabulary {
            languages,
            tokens,
            numbers,
            end,
            start: end + 1,
            transcribe: after + 1,
            previous: after + 3,
            no_speech: after + 4,
            no_times: after + 5,
            time: after + 6,
        })
    }

    /// Returns the token of a language's code, such as `en`.
    pub(super) fn language(&self, code: &str) -> Option<Token> {
        self.languages.iter().zip(self.end + 2..).find(|(language, _)| *language == code).map(|(_, token)| token)
    }

    /// Returns all languages with their tokens.
    pub(super) fn languages(&self) -> impl Iterator<Item = (&str, Token)> {
        self.languages.iter().map(String::as_str).zip(self.end + 2..)
    }

    /// Returns the bytes of a text's tokens; marks have none.
    pub(super) fn bytes_of(&self, tokens: &[Token]) -> Vec<u8> {
        let text = |token: &Token| usize::try_from(*token).ok().and_then(|token| self.tokens.get(token));
        tokens.iter().filter_map(text).flatten().copied().collect()
    }

    /// Returns the text of tokens.
    pub(super) fn text_of(&self, tokens: &[Token]) -> String {
        String::from_utf8_lossy(&self.bytes_of(tokens)).into_owned()
    }

    /// Returns the tokens of a text.
    pub fn tokens_of(&self, text: &str) -> Vec<Token> {
        pieces(text).into_iter().flat_map(|piece| self.merge(piece)).collect()
    }

    /// Puts together what makes the lowest number, as long as anything does.
    fn merge(&self, piece: &str) -> Vec<Token> {
        let bytes = piece.as_bytes();
        let mut borders: Vec<usize> = (0..=bytes.len()).collect();
        let number = |from: usize, to: usize| self.numbers.get(&bytes[from..to]).copied();
        loop {
            let pairs = borders.array_windows::<3>().zip(1..);
            let Some((_, at)) = pairs.filter_map(|([from, _, to], at)| Some((number(*from, *to)?, at))).min() else {
                break;
            };
            borders.remove(at);
        }
        borders.array_windows::<2>().filter_map(|[from, to]| number(*from, *to)).collect()
    }
}

/// The letters that bytes are written with: their own where it can be seen, one from U+0100 on where it cannot.
fn letters() -> Vec<char> {
    let mut hidden = 0x100..;
    let letter = |byte: u8| match byte {
        b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff => char::from(byte),
        _ => hidden.next().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER),
    };
    (0..=255).map(letter).collect()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Letter,
    Number,
    Space,
    Other,
}

fn class(c: char) -> Class {
    use GeneralCategory as G;
    match get_general_category(c) {
        _ if c.is_whitespace() => Class::Space,
        G::UppercaseLetter | G::LowercaseLetter | G::TitlecaseLetter | G::ModifierLetter | G::OtherLetter => {
            Class::Letter
        }
        G::DecimalNumber | G::LetterNumber | G::OtherNumber => Class::Number,
        _ => Class::Other,
    }
}

const ENDINGS: [&str; 7] = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"];

/// Cuts a text where no token goes across: runs of letters, numbers or others, each with one space before it, and English endings.
fn pieces(mut text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    while let Some(first) = text.chars().next() {
        let ending = ENDINGS.iter().find(|ending| text.starts_with(**ending)).map(|ending| ending.len());
        let length = ending.unwrap_or_else(|| {
            let skip = usize::from(first == ' ');
            match text[skip..].chars().next().map(class) {
                Some(class) if class != Class::Space => skip + run(&text[skip..], class),
                _ => {
                    // Space; its last character goes with what follows.
                    let all = run(text, Class::Space);
                    let last = text[..all].chars().next_back().map_or(0, char::len_utf8);
                    if all < text.len() && all > last { all - last } else { all }
                }
            }
        });
        let (piece, rest) = text.split_at(length);
        pieces.push(piece);
        text = rest;
    }
    pieces
}

/// Returns the bytes of a run of one class.
fn run(text: &str, of: Class) -> usize {
    text.find(|c| class(c) != of).unwrap_or(text.len())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// All bytes, three words and two languages: the end is 260.
    pub fn small() -> Vocabulary {
        let mut tokens: Vec<String> = letters().iter().map(char::to_string).collect();
        tokens.extend(["Ġa", "an", "Ġan", "ab"].map(str::to_owned));
        let file = serde_json::json!({"languages": ["en", "ja"], "tokens": tokens});
        Vocabulary::parse(file.to_string().as_bytes()).expect("a vocabulary")
    }

    #[test]
    fn tokens_are_bytes_of_text() {
        let words = small();
        assert_eq!((words.end, words.language("ja"), words.language("de")), (260, Some(263), None));
        assert_eq!(words.tokens_of(" an"), [258]);
        assert_eq!(words.tokens_of("anan a"), [257, 257, 256]);
        let tokens = words.tokens_of("日本 an é");
        assert_eq!(words.text_of(&tokens), "日本 an é");
        assert_eq!(words.text_of(&[words.time, 258, words.end, -1]), " an");
        assert!(Vocabulary::parse(br#"{"languages": [], "tokens": ["a"]}"#).is_err());
    }

    #[test]
    fn texts_are_cut_as_gpt_2_cuts_them() {
        assert_eq!(pieces("It's  2024, isn't it?"), ["It", "'s", " ", " 2024", ",", " isn", "'t", " it", "?"]);
        assert_eq!(pieces("  a\n\n"), [" ", " a", "\n\n"]);
        assert_eq!(pieces("Ünï cødé東京"), ["Ünï", " cødé東京"]);
        assert_eq!(pieces(" \tb"), [" ", "\t", "b"]);
        assert!(pieces("").is_empty());
    }

    #[test]
    fn bytes_have_letters_of_their_own() {
        let letters = letters();
        assert_eq!([letters[0], letters[32], letters[65], letters[0xad]], ['Ā', 'Ġ', 'A', 'Ń']);
        let unique: std::collections::BTreeSet<char> = letters.iter().copied().collect();
        assert_eq!(unique.len(), 256);
    }
}
