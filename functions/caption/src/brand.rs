//! The rules of a brand guide: how a model is given them, and what the checks say.

use asset::field::{Finding, Placement, WriteSpec};
use runtime::Failure;
use serde_json::{Value, json};
use std::time::Duration;
use text::brand::{Draft, Guide, MAX_RULES, Rule, are_many, material, rules_for};

/// The rules that one task names.
pub(crate) struct Given<'a> {
    guide: Option<&'a Guide>,
    rules: Vec<&'a Rule>,
}

impl<'a> Given<'a> {
    /// Finds the rules of a task; to be tried again if they are others here.
    pub(crate) fn of(
        guide: Option<&'a Guide>,
        embedding: Option<&str>,
        collection: &str,
        spec: &WriteSpec,
    ) -> Result<Self, Failure> {
        let Some(wanted) = &spec.brand else { return Ok(Given { guide: None, rules: Vec::new() }) };
        let rules = guide.map(|guide| rules_for(guide, spec.field, collection, &spec.locale)).unwrap_or_default();
        if material(&wanted.name, &rules, embedding).sha256 != wanted.sha256 {
            // During a deployment, one of two functions is newer than the other.
            let message = format!("the rules of `{}` with digest {} are not here", wanted.name, wanted.sha256);
            return Err(Failure::retry(Duration::from_secs(60), message));
        }
        Ok(Given { guide, rules })
    }

    /// Returns ids and words of the rules, if they are more than a model is given.
    pub(crate) fn many(&self) -> Option<Vec<(&'a str, String)>> {
        are_many(&self.rules).then(|| self.rules.iter().map(|rule| (rule.id.as_str(), rule.for_model())).collect())
    }

    /// Keeps as many as a model is given: those that it must keep, then the best of the others.
    pub(crate) fn keep_best(&mut self, collection: &str, spec: &WriteSpec, scored: &[(String, f32)]) {
        if let Some(guide) = self.guide {
            self.rules = guide.select(spec.field, collection, &spec.locale, scored, MAX_RULES);
        }
    }

    /// Returns the prompt's variable.
    pub(crate) fn variable(&self) -> Value {
        self.rules.iter().map(|rule| json!({"id": rule.id, "text": rule.for_model()})).collect()
    }

    /// Returns what the guide has against a text, and which of the rules that the model cites it was given.
    pub(crate) fn check(&self, spec: &WriteSpec, text: &str, cited: &[String]) -> (Vec<Finding>, Vec<String>) {
        let given: Vec<String> = self.rules.iter().map(|rule| rule.id.clone()).collect();
        let evidence = cited.iter().filter(|id| given.contains(id)).cloned().collect();
        let empty = Guide::default();
        // Words in a picture are written down as they are, whoever bans them.
        let is_transcript = spec.placement == Placement::Text;
        let draft = Draft { given: &given, cited, is_transcript, ..Draft::new(text, &spec.locale) };
        let found = self.guide.unwrap_or(&empty).check(&draft).into_iter().map(|finding| Finding {
            check: finding.check.id().to_owned(),
            severity: finding.severity,
            words: format!("{} ({}); {}", finding.found, finding.rule, finding.fix),
        });
        (found.collect(), evidence)
    }
}
