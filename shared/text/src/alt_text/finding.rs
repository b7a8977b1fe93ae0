//! Findings, how bad they are, and what follows from them.

use super::{Check, Rules};
use asset::field::Severity;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// One thing to put right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub check: Check,
    pub severity: Severity,
    /// What was found.
    pub found: String,
    /// How to mend it.
    pub fix: String,
}

/// Whether a text may be published without a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Pass,
    /// A person has to look at it first.
    Review,
    /// It has to be written again, or a person has to take it on themselves.
    Fail,
}

/// Returns the verdict that follows from the worst finding.
pub fn grade(findings: &[Finding]) -> Verdict {
    match findings.iter().map(|finding| finding.severity).max() {
        Some(Severity::Fail) => Verdict::Fail,
        Some(Severity::Warn) => Verdict::Review,
        Some(Severity::Note) | None => Verdict::Pass,
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}; {}", self.severity, self.check, self.found, self.fix)
    }
}

/// Collects findings, one of each check; a check that is off is not collected.
pub(super) struct Findings<'a> {
    rules: &'a Rules,
    found: BTreeMap<Check, String>,
}

impl<'a> Findings<'a> {
    pub(super) fn new(rules: &'a Rules) -> Self {
        Findings { rules, found: BTreeMap::new() }
    }

    pub(super) fn add(&mut self, check: Check, found: impl Into<String>) {
        self.found.entry(check).or_insert_with(|| found.into());
    }

    pub(super) fn finish(self) -> Vec<Finding> {
        let rules = self.rules;
        let rated = self.found.into_iter().filter_map(|(check, found)| Some((check, rules.severity(check)?, found)));
        rated.map(|(check, severity, found)| Finding { check, severity, found, fix: check.fix().to_owned() }).collect()
    }
}
