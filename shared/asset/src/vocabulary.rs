//! A controlled vocabulary: the terms that tags may be, in a TOML file that the profile names.
//!
//! ```toml
//! max_tags = 8                      # the most that one picture gets
//! [[term]]
//! id = "coffee"
//! label = "Coffee"
//! synonyms = ["espresso", "cappuccino"]
//! broader = "drinks"                # as SKOS has it: whoever looks for drinks is glad of coffee
//! [[term]]
//! id = "drinks"
//! label = "Drinks"
//! ```

use crate::canonical::canonical_json;
use crate::field::{Called, Material};
use crate::ids::Sha256;
use crate::profile::check::{Checker, ProfileError};
use serde::{Deserialize, Serialize, Serializer};
use std::collections::BTreeMap;
use toml::Spanned;

/// What one model is shown at once: more terms than this would have to be looked up first.
const MAX_TERMS: usize = 2_000;

/// The longest label or synonym, in bytes.
const MAX_LABEL: usize = 80;

/// A checked vocabulary. Serialized, it is its digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vocabulary {
    pub max_tags: u32,
    /// In the file's order.
    pub terms: Vec<Term>,
    sha256: Sha256,
}

/// One term.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Term {
    /// What is stored: never changed, whatever the label becomes.
    pub id: String,
    pub label: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub synonyms: Vec<String>,
    /// The id of the next wider term.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broader: Option<String>,
}

impl Vocabulary {
    /// Parses and checks a vocabulary. `name` is the file's name for error messages.
    pub fn parse(name: &str, text: &str) -> Result<Self, ProfileError> {
        let mut check = Checker::new(name, text);
        let file: VocabularyFile = toml::from_str(text).map_err(|error| check.syntax(&error))?;
        let max_tags = *file.max_tags.get_ref();
        if !(1..=50).contains(&max_tags) {
            check.error(file.max_tags.span(), "max_tags", &format!("{max_tags} is no number of tags"), "give 1 to 50");
        }
        if file.term.is_empty() || file.term.len() > MAX_TERMS {
            let found = format!("there are {} terms", file.term.len());
            check.error(0..0, "term", &found, &format!("give 1 to {MAX_TERMS} `[[term]]`"));
        }
        let by_id: BTreeMap<&str, &TermFile> =
            file.term.iter().map(|term| (term.id.get_ref().as_str(), term)).collect();
        for (index, term) in file.term.iter().enumerate() {
            let path = format!("term[{index}]");
            if !is_id(term.id.get_ref()) {
                let found = format!("`{:.80}` is no id", term.id.get_ref());
                check.error(term.id.span(), &format!("{path}.id"), &found, "use 1 to 64 of a-z, 0-9, `-` and `.`");
            }
            if !std::ptr::eq(by_id[term.id.get_ref().as_str()], term) {
                let found = format!("`{}` is there twice", term.id.get_ref());
                check.error(term.id.span(), &format!("{path}.id"), &found, "give each term an id of its own");
            }
            for label in std::iter::once(&term.label).chain(&term.synonyms) {
                if label.get_ref().trim().is_empty() || label.get_ref().len() > MAX_LABEL {
                    let fix = format!("give 1 to {MAX_LABEL} bytes");
                    check.error(label.span(), &path, "a label is empty or long", &fix);
                }
            }
            broader(&mut check, &path, term, &by_id);
        }
        let terms = file.term.iter().map(TermFile::checked).collect::<Vec<_>>();
        let sha256 = Sha256::of(canonical_json(&(max_tags, &terms)).as_bytes());
        check.finish(Vocabulary { max_tags: u32::try_from(max_tags).unwrap_or(1), terms, sha256 })
    }

    /// Returns what names it in a task: a changed vocabulary makes the tags anew.
    pub fn material(&self, name: &str) -> Material {
        Material { name: name.to_owned(), sha256: self.sha256.clone() }
    }

    /// Returns what ids are called; ids of no term are left out.
    pub fn called(&self, ids: &[&str]) -> Vec<Called> {
        ids.iter().filter_map(|id| Some(self.call(self.term(id)?))).collect()
    }

    fn call(&self, term: &Term) -> Called {
        let wider = std::iter::successors(self.wider(term), |term| self.wider(term));
        let also = term.synonyms.iter().cloned().chain(wider.map(|term| term.label.clone())).collect();
        Called { id: term.id.clone(), label: term.label.clone(), also }
    }

    /// The wider terms of a checked vocabulary end somewhere.
    fn wider(&self, term: &Term) -> Option<&Term> {
        self.term(term.broader.as_ref()?)
    }

    /// Returns the term of an id.
    pub fn term(&self, id: &str) -> Option<&Term> {
        self.terms.iter().find(|term| term.id == id)
    }
}

impl Serialize for Vocabulary {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.sha256.serialize(serializer)
    }
}

/// Returns the built-in terms of moderation: what people who answer for a library want to see first. Nobody's law or policy.
pub fn moderation() -> Vocabulary {
    Vocabulary::parse("moderation.toml", include_str!("vocabulary/moderation.toml")).expect("a test parses it")
}

fn is_id(text: &str) -> bool {
    let is_safe = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
    (1..=64).contains(&text.len()) && text.bytes().all(is_safe)
}

/// Checks that a term's wider terms are there and end somewhere.
fn broader(check: &mut Checker, path: &str, term: &TermFile, by_id: &BTreeMap<&str, &TermFile>) {
    let Some(broader) = &term.broader else { return };
    let mut next = Some(broader.get_ref().as_str());
    for _ in 0..=by_id.len() {
        match next.map(|id| by_id.get(id)) {
            None => return,
            Some(None) => {
                let found = format!("there is no term `{}`", next.unwrap_or_default());
                return check.error(broader.span(), &format!("{path}.broader"), &found, "add it, or take the line out");
            }
            Some(Some(wider)) => next = wider.broader.as_ref().map(|id| id.get_ref().as_str()),
        }
    }
    check.error(broader.span(), &format!("{path}.broader"), "its wider terms come back to it", "take one line out");
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VocabularyFile {
    max_tags: Spanned<i64>,
    #[serde(default)]
    term: Vec<TermFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TermFile {
    id: Spanned<String>,
    label: Spanned<String>,
    #[serde(default)]
    synonyms: Vec<Spanned<String>>,
    broader: Option<Spanned<String>>,
}

impl TermFile {
    fn checked(&self) -> Term {
        let text = |text: &Spanned<String>| text.get_ref().trim().to_owned();
        Term {
            id: text(&self.id),
            label: text(&self.label),
            synonyms: self.synonyms.iter().map(text).collect(),
            broader: self.broader.as_ref().map(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRINKS: &str = "max_tags = 2\n[[term]]\nid = \"coffee\"\nlabel = \"Coffee\"\nsynonyms = [\"espresso\"]\n\
        broader = \"drinks\"\n[[term]]\nid = \"drinks\"\nlabel = \"Drinks\"\n";

    fn error(text: &str) -> String {
        Vocabulary::parse("subjects.toml", text).expect_err("a mistake").to_string()
    }

    #[test]
    fn a_changed_word_is_another_vocabulary() {
        let drinks = Vocabulary::parse("subjects.toml", DRINKS).expect("a vocabulary");
        assert_eq!(drinks.term("coffee").and_then(|term| term.broader.as_deref()), Some("drinks"));
        let other = Vocabulary::parse("subjects.toml", &DRINKS.replace("espresso", "mocha")).expect("a vocabulary");
        assert_ne!(drinks.material("subjects"), other.material("subjects"));
        let commented = Vocabulary::parse("other.toml", &format!("# 2026\n{DRINKS}")).expect("a vocabulary");
        assert_eq!(drinks.material("subjects"), commented.material("subjects"));
    }

    #[test]
    fn the_moderation_terms_parse() {
        assert!(moderation().terms.len() > 5);
    }

    #[test]
    fn mistakes_name_the_line_and_the_way_out() {
        let twice = error(&DRINKS.replace("\"drinks\"\nlabel", "\"coffee\"\nlabel"));
        assert!(twice.contains("`coffee` is there twice") && twice.contains("no term `drinks`"), "{twice}");
        let circle = error(&format!("{DRINKS}broader = \"coffee\"\n"));
        assert!(circle.contains("subjects.toml:6: term[0].broader: its wider terms come back to it"), "{circle}");
        assert!(error("max_tags = 0").contains("subjects.toml:1: max_tags: 0 is no number of tags; give 1 to 50"));
        assert!(error("max_tags = 3").contains("there are 0 terms"));
        assert!(error("max_tags = 3\n[[term]]\nid = \"A b\"\nlabel = \"\"").contains("`A b` is no id"));
        assert!(error("max_tag = 3").contains("did you mean `max_tags`?"));
    }
}
