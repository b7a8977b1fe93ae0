//! What a machine can see of a rule: its settings, parsed, and in words for a model.

use super::language::Person;
use super::reading::{quote, visible};
use super::term::Term;
use serde::Serialize;

/// One thing to look for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Demand {
    Ban(Ban),
    Evidence(Vec<Term>),
    /// What `Ban` and `Evidence` do not mean.
    Allow(Vec<Term>),
    Spell(Spelling),
    MaxCharacters(usize),
    NoExclamationMarks,
    /// Those that are allowed.
    Person(Vec<Person>),
}

/// What not to write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Ban {
    pub terms: Vec<Term>,
    pub instead: Option<String>,
    /// The same as a term, where it is one: a banned word may be a part of what is right.
    pub right: Option<Term>,
}

/// How a name is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Spelling {
    pub right: String,
    /// Where the right spelling stands, a wrong one is a part of it.
    pub exact: Term,
    pub any_case: Term,
    /// None: every other case of the right one.
    pub wrong: Vec<Term>,
}

const MAX_ENTRIES: usize = 100;
const MAX_INSTEAD: usize = 80;
const KEYS: &str = "`fields`, `collections`, `locale`, `ban`, `evidence`, `allow`, `spell`, `max characters`, \
    `no exclamation marks` and `person`";

/// Reads a setting that is for machines. Fails with what is wrong and the way out.
pub(super) fn parse(key: &str, value: Option<&str>) -> Result<Demand, String> {
    match key {
        "ban" => {
            let (terms, instead) = arrow(value);
            let instead = instead.map(|text| replacement(key, text)).transpose()?;
            let right = instead.as_deref().and_then(|text| Term::any_case(text).ok());
            Ok(Demand::Ban(Ban { terms: all(key, terms)?, instead, right }))
        }
        "evidence" => Ok(Demand::Evidence(all(key, value)?)),
        "allow" => Ok(Demand::Allow(all(key, value)?)),
        "spell" => spelling(key, value).map(Demand::Spell),
        "max characters" => {
            let n = value.and_then(|value| value.parse().ok()).filter(|n| (1..=100_000).contains(n));
            let wrong = || {
                format!("{} is no number of characters; write one from 1 to 100000", quote(value.unwrap_or_default()))
            };
            n.map(Demand::MaxCharacters).ok_or_else(wrong)
        }
        "no exclamation marks" => match value.filter(|value| !value.is_empty()) {
            None => Ok(Demand::NoExclamationMarks),
            Some(value) => Err(format!("`{key}` has the value {}; write the words alone", quote(value))),
        },
        "person" => persons(key, value).map(Demand::Person),
        _ => Err(format!("there is no setting {}; there are {KEYS}", quote(key))),
    }
}

/// Returns the entries of a list: apart by commas, but not by those between backticks.
pub(super) fn entries(key: &str, value: Option<&str>) -> Result<Vec<String>, String> {
    let empty = || format!("`{key}` names nothing; write its values after a colon, apart by commas");
    let value = value.filter(|value| !value.is_empty()).ok_or_else(empty)?;
    let mut is_in_code = false;
    let is_comma = |c: char| {
        is_in_code ^= c == '`';
        c == ',' && !is_in_code
    };
    let entries: Vec<String> = value.split(is_comma).map(|entry| entry.trim().to_owned()).collect();
    if entries.len() > MAX_ENTRIES {
        return Err(format!("`{key}` has more than {MAX_ENTRIES} entries; make several of it"));
    }
    match entries.iter().any(String::is_empty) {
        true => Err(format!("`{key}` has an empty entry; remove the comma beside it")),
        false => Ok(entries),
    }
}

fn all(key: &str, value: Option<&str>) -> Result<Vec<Term>, String> {
    terms(key, value, Term::parse)
}

fn terms(key: &str, value: Option<&str>, of: fn(&str) -> Result<Term, String>) -> Result<Vec<Term>, String> {
    let term = |entry: String| of(&entry).map_err(|what| format!("{} of `{key}` {what}", quote(&entry)));
    entries(key, value)?.into_iter().map(term).collect()
}

/// Returns what stands before and behind the arrow.
fn arrow(value: Option<&str>) -> (Option<&str>, Option<&str>) {
    let Some(value) = value else { return (None, None) };
    match value.split_once("->").or_else(|| value.split_once('→')) {
        Some((before, behind)) => (Some(before.trim()), Some(behind.trim())),
        None => (Some(value), None),
    }
}

fn replacement(key: &str, text: &str) -> Result<String, String> {
    let text = visible(text.trim_matches('`').trim());
    if text.is_empty() || text.chars().count() > MAX_INSTEAD {
        return Err(format!("`{key}` has nothing or too much behind its arrow; write what to say instead"));
    }
    Ok(text)
}

fn spelling(key: &str, value: Option<&str>) -> Result<Spelling, String> {
    let (first, second) = arrow(value);
    let right = replacement(key, second.or(first).unwrap_or_default())?;
    let bare = |what| format!("{} of `{key}` {what}", quote(&right));
    // A name may have a mark that is a pattern in other terms.
    let (any_case, exact) = (Term::any_case(&right).map_err(bare)?, Term::exact(&right).map_err(bare)?);
    let wrong =
        if second.is_some() { terms(key, first, |entry| Term::exact(entry.trim_matches('`')))? } else { Vec::new() };
    if let Some(same) = wrong.iter().find(|term| term.written == right) {
        return Err(format!("{} is on both sides of the arrow; remove it on the left", quote(&same.written)));
    }
    Ok(Spelling { right, exact, any_case, wrong })
}

fn persons(key: &str, value: Option<&str>) -> Result<Vec<Person>, String> {
    let mut persons = Vec::new();
    let entries = entries(key, value)?;
    if entries == ["none"] {
        return Ok(persons);
    }
    for entry in entries {
        let person = Person::ALL.into_iter().find(|person| person.as_str() == entry);
        let wrong = || format!("{} is no person; write `I`, `we`, `you`, or `none` alone", quote(&entry));
        persons.push(person.ok_or_else(wrong)?);
    }
    persons.sort_unstable();
    persons.dedup();
    Ok(persons)
}

impl Demand {
    /// Returns the demand as a sentence for a model.
    pub(super) fn words(&self) -> String {
        match self {
            Demand::Ban(Ban { terms, instead: None, .. }) => format!("Do not write {}.", list(terms)),
            Demand::Ban(Ban { terms, instead: Some(instead), .. }) => {
                format!("Do not write {}, but `{instead}`.", list(terms))
            }
            Demand::Evidence(terms) => format!("Do not claim {}.", list(terms)),
            Demand::Allow(terms) => format!("Allowed: {}.", list(terms)),
            Demand::Spell(spelling) => format!("Spell `{}` exactly so.", spelling.right),
            Demand::MaxCharacters(max) => format!("At most {max} characters."),
            Demand::NoExclamationMarks => "No exclamation marks.".to_owned(),
            Demand::Person(persons) if persons.is_empty() => "No first or second person.".to_owned(),
            Demand::Person(persons) => {
                let names: Vec<_> = persons.iter().map(|person| format!("`{}`", person.as_str())).collect();
                format!("No persons but {}.", names.join(", "))
            }
        }
    }
}

fn list(terms: &[Term]) -> String {
    terms.iter().map(|term| format!("`{}`", term.written)).collect::<Vec<_>>().join(", ")
}
