//! What can be said against a text without asking a model again.

use crate::words::Words;
use asset::field::{Field, Finding, Severity, WriteSpec};
use std::sync::LazyLock;
use text::alt_text::{self, AltText, Rules};

/// A thousand lines of word lists, read once.
static RULES: LazyLock<Rules> = LazyLock::new(Rules::default);

/// Returns what was found, with what the brand guide has against it, the worst first.
pub(crate) fn check(spec: &WriteSpec, words: &Words, of_brand: Vec<Finding>) -> Vec<Finding> {
    let mut findings = match spec.field {
        Field::AltText => alt_text(spec, words),
        Field::Description => description(spec, words),
        // `tag` has checks of its own.
        Field::Tags | Field::VisibleText | Field::Moderation => Vec::new(),
    };
    findings.extend(of_brand);
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    findings
}

fn alt_text(spec: &WriteSpec, words: &Words) -> Vec<Finding> {
    let alt = AltText {
        is_decorative: words.is_decorative,
        max_characters: Some(spec.max_characters as usize),
        ..AltText::new(&words.text, &spec.locale, spec.placement)
    };
    let to_ours =
        |found: alt_text::Finding| finding(found.check.id(), found.severity, format!("{}; {}", found.found, found.fix));
    alt_text::check(&alt, &RULES).into_iter().map(to_ours).collect()
}

fn description(spec: &WriteSpec, words: &Words) -> Vec<Finding> {
    let n_characters = words.text.chars().count();
    let mut findings = Vec::new();
    if words.text.is_empty() {
        findings.push(finding("empty", Severity::Fail, "the description is empty; write one".to_owned()));
    }
    if n_characters > spec.max_characters as usize {
        let found = format!("{n_characters} characters, {} were asked for; shorten it", spec.max_characters);
        findings.push(finding("too_long", Severity::Fail, found));
    }
    findings
}

fn finding(check: impl Into<String>, severity: Severity, words: String) -> Finding {
    Finding { check: check.into(), severity, words }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::brand::Given;
    use asset::field::{Placement, PromptRef};
    use asset::ids::Sha256;

    fn found(field: Field, text: &str, evidence: &[&str]) -> Vec<(String, Severity)> {
        let prompt = PromptRef { id: "p".into(), version: "1.0.0".into(), hash: Sha256::of(b"p") };
        let (locale, model) = ("en".to_owned(), "seer".to_owned());
        let spec = WriteSpec {
            field,
            placement: Placement::Informative,
            locale,
            max_characters: 60,
            model,
            prompt,
            vocabulary: None,
            brand: None,
            file_name: None,
        };
        let evidence = evidence.iter().map(|id| (*id).to_owned()).collect();
        let words = Words { text: text.to_owned(), is_decorative: false, evidence };
        let (of_brand, _) = Given::of(None, None, "", &spec).expect("no rules").check(&spec, text, &words.evidence);
        check(&spec, &words, of_brand).into_iter().map(|finding| (finding.check, finding.severity)).collect()
    }

    #[test]
    fn a_good_text_has_no_findings() {
        assert_eq!(found(Field::AltText, "A dog shakes off water on a beach.", &[]), []);
        assert_eq!(found(Field::Description, "A dog on a beach.", &[]), []);
    }

    #[test]
    fn the_worst_comes_first_and_rules_that_nobody_gave_are_noticed() {
        let bad = found(Field::AltText, "Image of a dog on a beach.", &["tone.1"]);
        assert_eq!(bad[0], ("brand_citation".to_owned(), Severity::Fail));
        assert!(bad.contains(&("redundant_prefix".to_owned(), Severity::Warn)), "{bad:?}");
        assert_eq!(found(Field::Description, &"long ".repeat(20), &[]), [("too_long".to_owned(), Severity::Fail)]);
    }
}
