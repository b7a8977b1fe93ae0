//! A text against the rules that its writer was given.

use super::demand::{Ban, Demand, Spelling};
use super::guide::{Guide, Rule, Strength};
use super::language::{Person, Words};
use super::reading::{Reading, quote};
use super::term::Term;
use asset::field::Severity;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use unicode_segmentation::UnicodeSegmentation;

/// A text, and what is known about it.
#[derive(Clone, Copy, Debug)]
pub struct Draft<'a> {
    pub text: &'a str,
    /// BCP 47.
    pub locale: &'a str,
    /// Ids of the rules that the writer was given, for example by [`Guide::select`].
    pub given: &'a [String],
    /// Ids of the rules that the writer says shaped the wording: a model's word, so anything may stand here.
    pub cited: &'a [String],
    /// Whether the text is a copy of the words in a picture. Those are written down as they are, whoever bans them.
    pub is_transcript: bool,
}

impl<'a> Draft<'a> {
    /// Returns a text whose writer was given no rule and cites none.
    pub fn new(text: &'a str, locale: &'a str) -> Self {
        Draft { text, locale, given: &[], cited: &[], is_transcript: false }
    }
}

/// A check. Its id is stable, and apart from those of [`crate::alt_text::Check`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Check {
    /// The writer cites a rule that it was not given: it made the id up, or somebody else did.
    #[serde(rename = "brand_citation")]
    Citation,
    /// The writer was given a rule that is not in this guide, so it was not checked.
    #[serde(rename = "brand_unknown_rule")]
    UnknownRule,
    #[serde(rename = "brand_term")]
    Term,
    #[serde(rename = "brand_spelling")]
    Spelling,
    #[serde(rename = "brand_claim")]
    Claim,
    #[serde(rename = "brand_length")]
    Length,
    #[serde(rename = "brand_exclamation_mark")]
    ExclamationMark,
    #[serde(rename = "brand_person")]
    Person,
    /// The text's language is not known well enough for a check of the rule.
    #[serde(rename = "brand_unchecked")]
    Unchecked,
}

impl Check {
    pub const ALL: [Check; 9] = [
        Check::Citation,
        Check::UnknownRule,
        Check::Term,
        Check::Spelling,
        Check::Claim,
        Check::Length,
        Check::ExclamationMark,
        Check::Person,
        Check::Unchecked,
    ];

    /// Returns the check's id.
    pub fn id(self) -> &'static str {
        match self {
            Check::Citation => "brand_citation",
            Check::UnknownRule => "brand_unknown_rule",
            Check::Term => "brand_term",
            Check::Spelling => "brand_spelling",
            Check::Claim => "brand_claim",
            Check::Length => "brand_length",
            Check::ExclamationMark => "brand_exclamation_mark",
            Check::Person => "brand_person",
            Check::Unchecked => "brand_unchecked",
        }
    }
}

/// One thing to put right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub check: Check,
    /// The rule's id; of a citation, what the writer took for one, as an excerpt.
    pub rule: String,
    pub severity: Severity,
    /// What was found.
    pub found: String,
    /// How to mend it.
    pub fix: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Finding { check, rule, severity, found, fix } = self;
        write!(f, "{severity}: {}: {found} ({rule}); {fix}", check.id())
    }
}

/// More than this many in one message, or messages about one thing, help nobody.
const MAX_NAMED: usize = 4;

impl Guide {
    /// Returns what is wrong with a text: citations first, then broken rules in the order of the guide, one finding for each
    /// setting of a rule. Takes any text, in time that grows with its length only.
    ///
    /// A broken `must` rule fails the text, but for a claim: that it lacks evidence is for a person to say, so it only warns. A
    /// broken `should` rule is a note. Words without settings are not checked: no machine here understands them.
    pub fn check(&self, draft: &Draft<'_>) -> Vec<Finding> {
        let given: BTreeSet<&str> = draft.given.iter().map(String::as_str).collect();
        let mut findings = citations(draft.cited, &given);
        findings.extend(given.iter().filter(|id| self.rule(id).is_none()).take(MAX_NAMED).map(|id| Finding {
            check: Check::UnknownRule,
            rule: quote(id),
            severity: Severity::Note,
            found: "the rule was given to the writer and is not in the guide".to_owned(),
            fix: "check the text against the guide of that time, or write it again".to_owned(),
        }));
        if draft.is_transcript {
            return findings;
        }
        let text = Text { reading: Reading::new(draft.text), draft, language: Words::of(draft.locale) };
        for rule in self.rules.iter().filter(|rule| given.contains(rule.id.as_str())) {
            let allowed: Vec<&Term> = rule.demands.iter().flat_map(Demand::allowed).collect();
            let broken = rule.demands.iter().filter_map(|demand| text.broken(demand, &allowed));
            findings.extend(broken.map(|(check, found, fix)| finding(rule, check, found, fix)));
        }
        findings
    }
}

fn finding(rule: &Rule, check: Check, found: String, fix: String) -> Finding {
    let severity = match (rule.strength, check) {
        (Strength::Should, _) | (_, Check::Unchecked) => Severity::Note,
        (Strength::Must, Check::Claim) => Severity::Warn,
        (Strength::Must, _) => Severity::Fail,
    };
    Finding { check, rule: rule.id.clone(), severity, found, fix }
}

fn citations(cited: &[String], given: &BTreeSet<&str>) -> Vec<Finding> {
    let unknown: BTreeSet<&str> = cited.iter().map(String::as_str).filter(|id| !given.contains(id)).collect();
    let finding = |id| Finding {
        check: Check::Citation,
        rule: quote(id),
        severity: Severity::Fail,
        found: format!("the answer cites the rule {}, which it was not given", quote(id)),
        fix: "write the text again, or let somebody read it".to_owned(),
    };
    unknown.into_iter().take(MAX_NAMED).map(finding).collect()
}

impl Demand {
    fn allowed(&self) -> &[Term] {
        if let Demand::Allow(terms) = self { terms } else { &[] }
    }
}

/// The text, read once for all rules.
struct Text<'a> {
    reading: Reading,
    draft: &'a Draft<'a>,
    language: Option<&'static Words>,
}

impl Text<'_> {
    /// Returns the check that a demand fails, what was found and how to mend it.
    fn broken(&self, demand: &Demand, allowed: &[&Term]) -> Option<(Check, String, String)> {
        match demand {
            Demand::Ban(ban) => {
                let found = self.says(&ban.terms, allowed, ban.right.as_ref())?;
                Some((Check::Term, format!("the text says {found}"), instead(ban)))
            }
            Demand::Evidence(terms) => {
                let found = self.says(terms, allowed, None)?;
                let fix = "leave it out, or let somebody confirm that it can be proved".to_owned();
                Some((Check::Claim, format!("the text claims {found}"), fix))
            }
            Demand::Allow(_) => None,
            Demand::Spell(spelling) => {
                let found = format!("the text says {}", self.misspelled(spelling)?);
                Some((Check::Spelling, found, format!("write `{}`", spelling.right)))
            }
            Demand::MaxCharacters(max) => {
                let n = self.draft.text.trim().graphemes(true).count();
                let found = format!("the text has {n} characters, and the rule allows {max}");
                (n > *max).then(|| (Check::Length, found, "shorten it".to_owned()))
            }
            Demand::NoExclamationMarks => {
                let is_mark = |c: char| matches!(c, '!' | '¡' | '！' | '﹗' | '︕' | '‼' | '⁉' | '❗' | '❕' | '՜');
                let is_there = self.reading.text.match_indices(is_mark).any(|(at, _)| self.reading.is_own_place(at));
                let fix = "end the sentence with a full stop".to_owned();
                is_there.then(|| (Check::ExclamationMark, "the text has an exclamation mark".to_owned(), fix))
            }
            Demand::Person(allowed) => self.person(allowed),
        }
    }

    /// Names the places of terms which are not a part of something that is right.
    fn says(&self, terms: &[Term], allowed: &[&Term], right: Option<&Term>) -> Option<String> {
        let is_allowed = |words: &Range<usize>| {
            let around = |term: &Term| term.encloses(&self.reading, words, self.language);
            let is_right = right.is_some_and(|term| term.n_words() > words.len() && around(term));
            is_right || allowed.iter().any(|term| around(term))
        };
        let places = terms.iter().flat_map(|term| term.find(&self.reading, self.language));
        self.named(places.filter(|words| !is_allowed(words)))
    }

    fn misspelled(&self, spelling: &Spelling) -> Option<String> {
        let is_tag = |words: &Range<usize>| self.reading.tokens[words.start].is_tag;
        if spelling.wrong.is_empty() {
            let is_right = |words: &Range<usize>| {
                // A name may be broken over two lines, or held together by a space that does not break.
                self.reading.phrase(words).split_whitespace().eq(spelling.right.split_whitespace())
            };
            let places = spelling.any_case.find(&self.reading, None).into_iter();
            return self.named(places.filter(|words| !is_tag(words) && !is_right(words)));
        }
        let places = spelling.wrong.iter().flat_map(|term| term.find(&self.reading, None));
        self.named(places.filter(|words| !is_tag(words) && !spelling.exact.encloses(&self.reading, words, None)))
    }

    fn person(&self, allowed: &[Person]) -> Option<(Check, String, String)> {
        let Some(language) = self.language else {
            let found = format!("there is no list of pronouns for {}", quote(self.draft.locale));
            return Some((Check::Unchecked, found, "let somebody read it who knows the language".to_owned()));
        };
        let others = Person::ALL.into_iter().filter(|person| !allowed.contains(person));
        let found = others.filter_map(|person| language.pronoun(&self.reading, person)).next()?;
        let names: Vec<_> = allowed.iter().map(|person| format!("`{}`", person.as_str())).collect();
        let fix = match names.is_empty() {
            true => "speak of the thing itself, of no person".to_owned(),
            false => format!("use no person but {}", names.join(", ")),
        };
        Some((Check::Person, format!("the text says {}", quote(found)), fix))
    }

    /// Returns excerpts of the first places, each spelling once.
    fn named(&self, places: impl Iterator<Item = Range<usize>>) -> Option<String> {
        let mut places: Vec<_> = places.collect();
        places.sort_unstable_by_key(|words| (words.start, words.end));
        let mut named: Vec<String> = Vec::new();
        for words in places {
            let name = quote(self.reading.phrase(&words));
            if !named.contains(&name) {
                named.push(name);
            }
            if named.len() == MAX_NAMED {
                break;
            }
        }
        (!named.is_empty()).then(|| named.join(", "))
    }
}

fn instead(ban: &Ban) -> String {
    match &ban.instead {
        Some(instead) => format!("write `{instead}`"),
        None => "use other words".to_owned(),
    }
}
