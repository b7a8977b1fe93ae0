//! Terms of a vocabulary: how a model is shown them, and which of its answer count.

use crate::{Found, clean};
use asset::field::{Confidence, Finding, Severity};
use asset::vocabulary::Vocabulary;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The most proposals that people are shown, and the longest of them in characters.
const MAX_SUGGESTIONS: usize = 3;
const MAX_SUGGESTION: usize = 60;

/// Returns the terms as a prompt's variable.
pub(crate) fn shown(vocabulary: &Vocabulary) -> Value {
    let term = |term: &asset::vocabulary::Term| match term.synonyms.is_empty() {
        true => json!({"id": term.id, "label": term.label}),
        false => json!({"id": term.id, "label": term.label, "synonyms": term.synonyms}),
    };
    vocabulary.terms.iter().map(term).collect()
}

/// Reads tags: terms of the vocabulary count, whatever else the model came up with is a suggestion.
pub(crate) fn tags(vocabulary: &Vocabulary, answer: &Value) -> Option<Found> {
    let Picked { mut terms, strangers } = pick(vocabulary, answer.get("tags")?)?;
    let mut findings = Vec::new();
    for id in &strangers {
        let words = format!("the model gave `{id}`, which is no term of the vocabulary; add it there, or leave it");
        findings.push(finding("unknown_term", Severity::Note, words));
    }
    let most = vocabulary.max_tags as usize;
    if terms.len() > most {
        let words = format!("the model gave {} tags, and the first {most} count", terms.len());
        findings.push(finding("too_many", Severity::Note, words));
        terms.truncate(most);
    }
    for (id, _) in terms.iter().filter(|(_, confidence)| *confidence == Confidence::Low) {
        let words = format!("the model is not sure of `{id}`; take it out if it is wrong");
        findings.push(finding("low_confidence", Severity::Note, words));
    }
    let proposed = answer.get("suggestions")?.as_array()?.iter().filter_map(Value::as_str).map(str::to_owned);
    let mut seen = BTreeSet::new();
    let suggestions = strangers.iter().cloned().chain(proposed).map(|text| clean(&text, MAX_SUGGESTION));
    let suggestions = suggestions.filter(|text| !text.is_empty() && seen.insert(text.to_lowercase()));
    Some(found(terms, suggestions.take(MAX_SUGGESTIONS).collect(), findings))
}

/// Reads what somebody has to see: each category is a question to a person.
pub(crate) fn moderation(vocabulary: &Vocabulary, answer: &Value) -> Option<Found> {
    let Picked { terms, strangers } = pick(vocabulary, answer.get("categories")?)?;
    let mut findings = Vec::new();
    for id in &strangers {
        let words = format!("the model gave `{id}`, which is no category; look at the picture");
        findings.push(finding("unknown_category", Severity::Warn, words));
    }
    for (id, confidence) in &terms {
        let severity = if *confidence == Confidence::Low { Severity::Warn } else { Severity::Fail };
        let label = vocabulary.term(id).map_or(id.as_str(), |term| &term.label);
        findings.push(finding("flagged", severity, format!("{label}; look at the picture, then approve or edit")));
    }
    Some(found(terms, Vec::new(), findings))
}

/// What a model picked, each once.
struct Picked {
    terms: Vec<(String, Confidence)>,
    /// What is no term, cleaned.
    strangers: Vec<String>,
}

fn pick(vocabulary: &Vocabulary, answer: &Value) -> Option<Picked> {
    let mut picked = Picked { terms: Vec::new(), strangers: Vec::new() };
    for item in answer.as_array()? {
        let id = item.get("id")?.as_str()?;
        let confidence = serde_json::from_value(item.get("confidence")?.clone()).ok()?;
        match vocabulary.term(id) {
            Some(_) if picked.terms.iter().any(|(known, _)| known == id) => {}
            Some(_) => picked.terms.push((id.to_owned(), confidence)),
            None => picked.strangers.push(clean(id, MAX_SUGGESTION)),
        }
    }
    Some(picked)
}

fn found(terms: Vec<(String, Confidence)>, suggestions: Vec<String>, findings: Vec<Finding>) -> Found {
    let (ids, confidence): (Vec<String>, Vec<Confidence>) = terms.into_iter().unzip();
    Found { text: ids.join("\n"), confidence, suggestions, findings }
}

fn finding(check: &str, severity: Severity, words: String) -> Finding {
    Finding { check: check.to_owned(), severity, words }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vocabulary() -> Vocabulary {
        let term = |id: &str| format!("[[term]]\nid = \"{id}\"\nlabel = \"{id}\"\n");
        let text = ["cat", "cup", "ship"].map(term).concat();
        Vocabulary::parse("v.toml", &format!("max_tags = 2\n{text}")).expect("a vocabulary")
    }

    fn tag(id: &str, confidence: &str) -> Value {
        json!({"id": id, "confidence": confidence})
    }

    #[test]
    fn only_terms_become_tags() {
        let tags =
            [tag("cup", "high"), tag("../evil", "high"), tag("cup", "low"), tag("cat", "low"), tag("ship", "high")];
        let answer = json!({"tags": tags, "suggestions": ["Saucer", "saucer", "\u{202e}spoon\n", "fork", "plate"]});
        let found = super::tags(&vocabulary(), &answer).expect("tags");
        assert_eq!(found.text, "cup\ncat");
        assert_eq!(found.confidence, [Confidence::High, Confidence::Low]);
        assert_eq!(found.suggestions, ["../evil", "Saucer", "spoon"]);
        let checks: Vec<&str> = found.findings.iter().map(|finding| finding.check.as_str()).collect();
        assert_eq!(checks, ["unknown_term", "too_many", "low_confidence"]);
    }

    #[test]
    fn an_answer_of_another_shape_has_no_tags() {
        for answer in [
            json!({}),
            json!({"tags": "cat", "suggestions": []}),
            json!({"tags": [{"id": "cat"}], "suggestions": []}),
            json!({"tags": [tag("cat", "sure")], "suggestions": []}),
        ] {
            assert!(super::tags(&vocabulary(), &answer).is_none(), "{answer}");
        }
    }

    #[test]
    fn what_is_flagged_is_a_question_to_a_person() {
        let vocabulary = asset::vocabulary::moderation();
        let answer = json!({"categories": [tag("weapons", "high"), tag("drugs", "low"), tag("aliens", "high")]});
        let found = super::moderation(&vocabulary, &answer).expect("categories");
        assert_eq!(found.text, "weapons\ndrugs");
        let severities: Vec<Severity> = found.findings.iter().map(|finding| finding.severity).collect();
        assert_eq!(severities, [Severity::Warn, Severity::Fail, Severity::Warn]);
        assert!(super::moderation(&vocabulary, &json!({"categories": []})).expect("none").findings.is_empty());
    }
}
