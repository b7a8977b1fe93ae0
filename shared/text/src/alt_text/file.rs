//! The rules as they are written in TOML. Errors name the line, the field, what is wrong and the fix; all at once.

use super::rules::{DEFAULT_LENGTHS, Guess, Lengths, Limits, Lists, Matching, Rules};
use super::words::{self, Phrase};
use super::{Check, Severity};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ops::Range;
use toml::Spanned;

/// Everything that is wrong with rules, a line each: `FILE:LINE: FIELD: what; fix`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .lines.join("\n"))]
pub struct RulesError {
    pub lines: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RulesFile {
    checks: BTreeMap<String, Spanned<String>>,
    lengths: Spanned<BTreeMap<String, Spanned<Lengths>>>,
    limits: Limits,
    punctuation: Punctuation,
    files: Files,
    language: Language,
    #[serde(default)]
    locale: BTreeMap<String, Spanned<ListsFile>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Punctuation {
    ends: String,
    cuts: String,
    without_end_mark: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Files {
    extensions: Vec<String>,
    cameras: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Language {
    likely: Vec<String>,
}

type Entries = Vec<Spanned<String>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
struct ListsFile {
    matching: Matching,
    lengths: Option<Spanned<String>>,
    reduplicates: bool,
    doubles: Vec<String>,
    function_words: Vec<String>,
    prefixes: Entries,
    suffixes: Entries,
    articles: Entries,
    placeholders: Entries,
    labels: Entries,
    replies: Entries,
    model_talk: Entries,
    hedges: Entries,
    people: Entries,
    guesses: GuessesFile,
    guesses_beside_people: GuessesFile,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
struct GuessesFile {
    age: Entries,
    ethnicity: Entries,
    faith: Entries,
    feelings: Entries,
    health: Entries,
    identity: Entries,
}

impl GuessesFile {
    fn by_check(self) -> [(Check, &'static str, Entries); 6] {
        [
            (Check::GuessAge, "age", self.age),
            (Check::GuessEthnicity, "ethnicity", self.ethnicity),
            (Check::GuessFaith, "faith", self.faith),
            (Check::GuessFeelings, "feelings", self.feelings),
            (Check::GuessHealth, "health", self.health),
            (Check::GuessIdentity, "identity", self.identity),
        ]
    }
}

pub(super) fn parse(name: &str, text: &str) -> Result<Rules, RulesError> {
    let mut check = Checker { name, text, lines: Vec::new() };
    let file: RulesFile = toml::from_str(text).map_err(|error| check.syntax(&error))?;
    let severities = severities(&mut check, file.checks);
    let lengths = lengths(&mut check, file.lengths);
    let mut locales = BTreeMap::new();
    for (language, lists) in file.locale {
        let span = lists.span();
        let lists = self::lists(&mut check, &language, lists.into_inner(), &lengths);
        if language.bytes().any(|byte| byte.is_ascii_uppercase() || byte == b'_') {
            check.error(span, &format!("locale.{language}"), "it is not lower case with `-`", "write it like `pt-br`");
        }
        locales.insert(language, lists);
    }
    let rules = Rules {
        severities,
        lengths,
        limits: file.limits,
        ends: file.punctuation.ends,
        cuts: file.punctuation.cuts,
        without_end_mark: file.punctuation.without_end_mark,
        extensions: file.files.extensions,
        cameras: file.files.cameras.iter().map(|prefix| words::fold(prefix)).collect(),
        likely: file.language.likely,
        locales,
    };
    if check.lines.is_empty() { Ok(rules) } else { Err(RulesError { lines: check.lines }) }
}

fn severities(check: &mut Checker, file: BTreeMap<String, Spanned<String>>) -> BTreeMap<Check, Severity> {
    let mut severities = BTreeMap::new();
    for (id, severity) in file {
        let field = format!("checks.{id}");
        let known = Check::of_id(&id);
        if known.is_none() {
            check.error(
                severity.span(),
                &field,
                "there is no such check",
                "see the shipped `rules.toml` for all checks",
            );
        }
        let rated = match severity.get_ref().as_str() {
            "off" => None,
            "note" => Some(Severity::Note),
            "warn" => Some(Severity::Warn),
            "fail" => Some(Severity::Fail),
            other => {
                let found = format!("`{other:.40}` is no severity");
                check.error(severity.span(), &field, &found, "give `off`, `note`, `warn` or `fail`");
                None
            }
        };
        severities.extend(known.zip(rated));
    }
    severities
}

fn lengths(check: &mut Checker, file: Spanned<BTreeMap<String, Spanned<Lengths>>>) -> BTreeMap<String, Lengths> {
    if !file.get_ref().contains_key(DEFAULT_LENGTHS) {
        let fix = "add `default = { fine = 125, long = 150, max = 250, passage = 20 }`";
        check.error(file.span(), "lengths", "`default` is missing", fix);
    }
    let mut all = BTreeMap::new();
    for (name, lengths) in file.into_inner() {
        let span = lengths.span();
        let lengths = lengths.into_inner();
        if lengths.fine > lengths.long || lengths.long > lengths.max {
            check.error(span, &format!("lengths.{name}"), "a limit is below the one before it", "let them ascend");
        }
        all.insert(name, lengths);
    }
    all
}

fn lists(check: &mut Checker, language: &str, file: ListsFile, lengths: &BTreeMap<String, Lengths>) -> Lists {
    let path = format!("locale.{language}");
    if let Some(name) = file.lengths.as_ref().filter(|name| !lengths.contains_key(name.get_ref())) {
        let found = format!("there are no lengths `{:.40}`", name.get_ref());
        check.error(name.span(), &format!("{path}.lengths"), &found, "name an entry of `lengths`");
    }
    let mut phrases = |name: &str, entries: Entries| check.phrases(&format!("{path}.{name}"), entries);
    let guesses = file.guesses.by_check().into_iter().zip(file.guesses_beside_people.by_check());
    Lists {
        matching: file.matching,
        lengths: file.lengths.map(Spanned::into_inner),
        reduplicates: file.reduplicates,
        function_words: file.function_words.iter().map(|word| words::fold(word)).collect(),
        doubles: file.doubles.iter().map(|word| words::fold(word)).collect(),
        prefixes: phrases("prefixes", file.prefixes),
        suffixes: phrases("suffixes", file.suffixes),
        articles: phrases("articles", file.articles),
        placeholders: phrases("placeholders", file.placeholders),
        labels: phrases("labels", file.labels),
        replies: phrases("replies", file.replies),
        model_talk: phrases("model_talk", file.model_talk),
        hedges: phrases("hedges", file.hedges),
        people: phrases("people", file.people),
        guesses: guesses
            .map(|((check, name, words), (_, _, beside))| Guess {
                check,
                words: phrases(&format!("guesses.{name}"), words),
                beside_people: phrases(&format!("guesses_beside_people.{name}"), beside),
            })
            .filter(|guess| !guess.words.is_empty() || !guess.beside_people.is_empty())
            .collect(),
    }
}

/// Collects errors while rules are checked.
struct Checker<'a> {
    name: &'a str,
    text: &'a str,
    lines: Vec<String>,
}

impl Checker<'_> {
    fn error(&mut self, span: Range<usize>, field: &str, found: &str, fix: &str) {
        self.lines.push(format!("{}:{}: {field}: {found}; {fix}", self.name, self.line_of(span.start)));
    }

    fn phrases(&mut self, field: &str, entries: Entries) -> Vec<Phrase> {
        let mut phrases = Vec::new();
        for entry in entries {
            match Phrase::parse(entry.get_ref()) {
                Some(phrase) => phrases.push(phrase),
                None => {
                    let found = format!("`{:.40}` has no word", entry.get_ref());
                    self.error(entry.span(), field, &found, "write at least one word, or remove the entry");
                }
            }
        }
        phrases
    }

    /// Turns the TOML library's error (bad syntax, unknown field, wrong type) into ours.
    fn syntax(&self, error: &toml::de::Error) -> RulesError {
        let line = self.line_of(error.span().map_or(0, |span| span.start));
        let source = self.text.lines().nth(line - 1).unwrap_or_default();
        let field = source.split('=').next().unwrap_or_default().trim();
        let message = error.message().lines().next().unwrap_or_default();
        let fix = "see the shipped `rules.toml` for every field";
        RulesError { lines: vec![format!("{}:{line}: {field:.80}: {message}; {fix}", self.name)] }
    }

    fn line_of(&self, offset: usize) -> usize {
        self.text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count() + 1
    }
}
