//! What is known of languages: endings of words, and pronouns. Data, never code.

use super::reading::Reading;
use super::term::Term;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The words of one language.
#[derive(Debug)]
pub(super) struct Words {
    /// What a word ends with, and what stands there instead: nothing and `s`, `y` and `ies`.
    endings: Vec<(String, String)>,
    /// Letters of the longest old ending.
    n_old: usize,
    i: Vec<Term>,
    we: Vec<Term>,
    you: Vec<Term>,
    /// Phrases whose pronouns mean nobody.
    idle: Vec<Term>,
}

/// Who speaks, or is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Person {
    I,
    We,
    You,
}

impl Person {
    pub(super) const ALL: [Person; 3] = [Person::I, Person::We, Person::You];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Person::I => "I",
            Person::We => "we",
            Person::You => "you",
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WordsFile {
    endings: Vec<String>,
    i: Vec<String>,
    we: Vec<String>,
    you: Vec<String>,
    idle: Vec<String>,
}

static LANGUAGES: LazyLock<BTreeMap<String, Words>> = LazyLock::new(|| {
    let file: BTreeMap<String, WordsFile> =
        toml::from_str(include_str!("words.toml")).expect("the shipped words are valid: a test says so");
    file.into_iter().map(|(language, words)| (language, Words::new(words))).collect()
});

impl Words {
    /// Returns what is known of a locale's language.
    pub(super) fn of(locale: &str) -> Option<&'static Words> {
        LANGUAGES.get(locale.split(['-', '_']).next()?.to_ascii_lowercase().as_str())
    }

    fn new(file: WordsFile) -> Self {
        let terms = |entries: Vec<String>| {
            let term = |entry: String| Term::parse(&entry).expect("the shipped words are valid: a test says so");
            entries.into_iter().map(term).collect()
        };
        let ending = |entry: String| match entry.split_once('>') {
            Some((old, new)) => (old.to_owned(), new.to_owned()),
            None => (String::new(), entry),
        };
        let endings: Vec<_> = file.endings.into_iter().map(ending).collect();
        Words {
            n_old: endings.iter().map(|(old, _)| old.chars().count()).max().unwrap_or_default(),
            endings,
            i: terms(file.i),
            we: terms(file.we),
            you: terms(file.you),
            idle: terms(file.idle),
        }
    }

    /// Returns whether a word is another with one of the language's endings. Both are folded.
    pub(super) fn inflects(&self, base: &str, word: &str) -> bool {
        // What no ending takes away has to be there: most words fail here.
        let stem = base.char_indices().nth_back(self.n_old.saturating_sub(1)).map_or("", |(end, _)| &base[..end]);
        let has = |(old, new): &(String, String)| {
            base.strip_suffix(old.as_str()).is_some_and(|stem| word.strip_prefix(stem) == Some(new.as_str()))
        };
        word.starts_with(stem) && self.endings.iter().any(has)
    }

    /// Returns the first own words of a text that are a pronoun of a person.
    pub(super) fn pronoun<'r>(&self, reading: &'r Reading, person: Person) -> Option<&'r str> {
        let terms = match person {
            Person::I => &self.i,
            Person::We => &self.we,
            Person::You => &self.you,
        };
        let is_idle = |words: &_| self.idle.iter().any(|term| term.encloses(reading, words, None));
        let found = terms.iter().flat_map(|term| term.find(reading, Some(self))).filter(|words| !is_idle(words));
        found.min_by_key(|words| words.start).map(|words| reading.phrase(&words))
    }
}
