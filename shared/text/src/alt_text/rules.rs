//! The rules: severities, limits and word lists. Data, never code.

use super::words::Phrase;
use super::{Check, RulesError, Severity, file};
use std::collections::BTreeMap;

/// The rules used where no file is given; also the reference for writing one.
pub const DEFAULT_RULES: &str = include_str!("rules.toml");

/// Checked rules.
#[derive(Clone, Debug)]
pub struct Rules {
    /// A check that is not here is off.
    pub(super) severities: BTreeMap<Check, Severity>,
    pub(super) lengths: BTreeMap<String, Lengths>,
    pub(super) limits: Limits,
    /// Marks that end a sentence.
    pub(super) ends: String,
    /// Marks that do not: after them something is missing.
    pub(super) cuts: String,
    /// Languages that end sentences without a mark.
    pub(super) without_end_mark: Vec<String>,
    pub(super) extensions: Vec<String>,
    pub(super) cameras: Vec<String>,
    /// Languages that a text in the wrong language is likely to be in.
    pub(super) likely: Vec<String>,
    /// By language; `und` applies to every locale.
    pub(super) locales: BTreeMap<String, Lists>,
}

/// From how many characters (grapheme clusters) on a text is what.
#[derive(Clone, Copy, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lengths {
    pub fine: usize,
    pub long: usize,
    pub max: usize,
    /// How long a passage is before it counts as the text beside the picture again.
    pub passage: usize,
}

#[derive(Clone, Copy, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Limits {
    pub repeated_characters: usize,
    pub language_characters: usize,
    pub duplicates: usize,
    /// LIX: words per sentence plus the share of words over six letters, in percent.
    pub lix: usize,
}

/// How entries of lists are looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Matching {
    #[default]
    Words,
    /// The script puts no spaces between words.
    Parts,
}

/// The lists of one language.
#[derive(Clone, Debug, Default)]
pub(super) struct Lists {
    pub matching: Matching,
    pub lengths: Option<String>,
    /// Whether a word said twice is grammar.
    pub reduplicates: bool,
    /// Words that may stand twice in a row.
    pub doubles: Vec<String>,
    /// Short words that tell the language from others.
    pub function_words: Vec<String>,
    pub prefixes: Vec<Phrase>,
    pub suffixes: Vec<Phrase>,
    /// A suffix after one of these is the object of the sentence.
    pub articles: Vec<Phrase>,
    pub placeholders: Vec<Phrase>,
    pub labels: Vec<Phrase>,
    /// What an answer begins with, up to its first mark.
    pub replies: Vec<Phrase>,
    pub model_talk: Vec<Phrase>,
    pub hedges: Vec<Phrase>,
    pub people: Vec<Phrase>,
    pub guesses: Vec<Guess>,
}

/// The words of one kind of guess.
#[derive(Clone, Debug)]
pub(super) struct Guess {
    pub check: Check,
    pub words: Vec<Phrase>,
    /// A guess only directly beside a word for people.
    pub beside_people: Vec<Phrase>,
}

impl Rules {
    /// Parses and checks rules. `name` is the file's name for error messages.
    pub fn parse(name: &str, text: &str) -> Result<Self, RulesError> {
        file::parse(name, text)
    }

    /// Returns how bad a finding of a check is; nothing where the check is off.
    pub fn severity(&self, check: Check) -> Option<Severity> {
        self.severities.get(&check).copied()
    }

    /// Changes how bad a finding of a check is, or switches it off.
    pub fn set_severity(&mut self, check: Check, severity: Option<Severity>) {
        match severity {
            Some(severity) => self.severities.insert(check, severity),
            None => self.severities.remove(&check),
        };
    }

    /// Returns the languages that have lists.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        self.locales.keys().map(String::as_str).filter(|language| *language != EVERYBODY)
    }

    pub(super) fn everybodys(&self) -> Option<&Lists> {
        self.locales.get(EVERYBODY)
    }

    /// Returns the lists of a locale: its own (`pt-br`), or its language's.
    pub(super) fn lists(&self, locale: &str) -> Option<&Lists> {
        let locale = locale.replace('_', "-").to_ascii_lowercase();
        let language = locale.split('-').next().unwrap_or_default();
        let own = self.locales.get(&locale).or_else(|| self.locales.get(language));
        own.filter(|_| language != EVERYBODY)
    }

    pub(super) fn lengths(&self, locale: &str) -> Option<&Lengths> {
        let name = self.lists(locale).and_then(|lists| lists.lengths.as_deref()).unwrap_or(DEFAULT_LENGTHS);
        self.lengths.get(name)
    }
}

/// BCP 47 for "undetermined".
const EVERYBODY: &str = "und";
pub(super) const DEFAULT_LENGTHS: &str = "default";

impl Default for Rules {
    fn default() -> Self {
        Rules::parse("rules.toml", DEFAULT_RULES).expect("the shipped rules are valid: a test says so")
    }
}
