//! Rules, and which of them apply.

use super::demand::Demand;
use super::parse::{self, GuideError};
use asset::canonical::canonical_json;
use asset::field::Field;
use asset::ids::Sha256;
use serde::Serialize;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

/// Checked rules, in the order of their file.
#[derive(Clone, Debug, Default)]
pub struct Guide {
    pub(super) rules: Vec<Rule>,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// Unique in its guide, and stable: `tone.3`.
    pub id: String,
    pub strength: Strength,
    /// For people; may be empty.
    #[serde(skip)]
    pub title: String,
    /// What a model reads: paragraphs, a line each. The checks' own words are in [`Rule::for_model`].
    pub text: String,
    /// Empty: all of them. So are the two that follow.
    pub fields: Vec<Field>,
    pub collections: Vec<String>,
    /// Lower case, with `-`.
    pub locales: Vec<String>,
    pub(super) demands: Vec<Demand>,
}

/// Whether a rule may be broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Strength {
    Must,
    Should,
}

impl Rule {
    /// Returns whether the rule is for such a text. `locale` is BCP 47; `de` is for `de-AT`, and not the other way round.
    pub fn applies(&self, field: Field, collection: &str, locale: &str) -> bool {
        let locale = normal_locale(locale);
        let covers =
            |own: &String| locale.strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
        (self.fields.is_empty() || self.fields.contains(&field))
            && (self.collections.is_empty() || self.collections.iter().any(|own| own == collection))
            && (self.locales.is_empty() || self.locales.iter().any(covers))
    }

    /// Returns the rule as a model is given it: its strength, its text, and what the checks will look for.
    pub fn for_model(&self) -> String {
        let strength = match self.strength {
            Strength::Must => "Must:",
            Strength::Should => "Should:",
        };
        let demands = self.demands.iter().map(Demand::words);
        [strength.to_owned(), self.text.clone()].into_iter().chain(demands).collect::<Vec<_>>().join(" ")
    }
}

impl Guide {
    /// Parses and checks a guide. `name` is the file's name for error messages.
    ///
    /// # Errors
    /// Everything that is wrong, a line each.
    pub fn parse(name: &str, text: &str) -> Result<Self, GuideError> {
        parse::parse(name, text)
    }

    /// Returns the rules in the order of the file.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Returns the rule with an id.
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.id == id)
    }

    /// Returns the collections that rules name, so that whoever knows the profile can say which of them do not exist.
    pub fn collections(&self) -> BTreeSet<&str> {
        self.rules.iter().flat_map(|rule| &rule.collections).map(String::as_str).collect()
    }

    /// Returns the rules to give to a model: every `must` rule that applies, then `should` rules by their score, best first,
    /// as long as there are fewer than `max` in all.
    ///
    /// Scores are what an index of the rules says of their relevance; rules without one come last. Rules of the same score
    /// (and those without, or with one that is no number) keep the order of the file, so the same question gets the same rules.
    pub fn select(
        &self,
        field: Field,
        collection: &str,
        locale: &str,
        scored: &[(String, f32)],
        max: usize,
    ) -> Vec<&Rule> {
        let mut scores: BTreeMap<&str, f32> = BTreeMap::new();
        for (id, score) in scored.iter().filter(|(_, score)| !score.is_nan()) {
            // An index may have several entries of a rule: its best one counts.
            scores.entry(id).and_modify(|best| *best = best.max(*score)).or_insert(*score);
        }
        let applies = self.rules.iter().filter(|rule| rule.applies(field, collection, locale));
        let (mut selected, mut others): (Vec<_>, Vec<_>) = applies.partition(|rule| rule.strength == Strength::Must);
        let score = |rule: &Rule| scores.get(rule.id.as_str()).copied().unwrap_or(f32::NEG_INFINITY);
        others.sort_by(|a, b| score(b).partial_cmp(&score(a)).unwrap_or(Ordering::Equal));
        others.truncate(max.saturating_sub(selected.len()));
        selected.append(&mut others);
        selected
    }

    /// Returns the digest of everything that models and checks see: a changed note, comment or title changes nothing.
    pub fn digest(&self) -> Sha256 {
        #[derive(Serialize)]
        struct Identity<'a> {
            format: u32,
            rules: &'a [Rule],
        }
        Sha256::of(canonical_json(&Identity { format: 1, rules: &self.rules }).as_bytes())
    }
}

/// Returns a BCP 47 tag in lower case with `-`: tags differ in nothing by case.
pub(super) fn normal_locale(locale: &str) -> String {
    locale.replace('_', "-").to_ascii_lowercase()
}
