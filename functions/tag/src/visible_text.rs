//! The words in a picture.

use crate::{Found, clean};
use asset::field::{Confidence, Finding, Severity};
use serde_json::Value;

/// Reads the lines of an answer.
pub(crate) fn read(answer: &Value, max_characters: usize) -> Option<Found> {
    let (mut lines, mut n_unsure, mut n_left, mut is_cut) = (Vec::new(), 0, max_characters, false);
    for item in answer.get("lines")?.as_array()? {
        let whole = item.get("text")?.as_str()?;
        let confidence: Confidence = serde_json::from_value(item.get("confidence")?.clone()).ok()?;
        let line = clean(whole, n_left);
        is_cut |= whole.chars().count() > n_left;
        if line.is_empty() {
            continue;
        }
        n_left = n_left.saturating_sub(line.chars().count() + 1);
        n_unsure += usize::from(confidence == Confidence::Low);
        lines.push(line);
    }
    let mut findings = Vec::new();
    if is_cut {
        let words =
            format!("there is more than {max_characters} characters of it; raise `max_characters` in the profile");
        findings.push(Finding { check: "cut".to_owned(), severity: Severity::Note, words });
    }
    if n_unsure > 0 {
        let words =
            format!("the model is not sure of {n_unsure} of {} lines; compare them with the picture", lines.len());
        findings.push(Finding { check: "low_confidence".to_owned(), severity: Severity::Note, words });
    }
    Some(Found { text: lines.join("\n"), confidence: Vec::new(), suggestions: Vec::new(), findings })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lines_are_cleaned_counted_and_cut() {
        let line = |text: &str, confidence: &str| json!({"text": text, "confidence": confidence});
        let answer = json!({"lines": [line("Opening\u{0} hours ", "high"), line(" ", "high"), line("9–17", "low")]});
        let found = read(&answer, 100).expect("lines");
        assert_eq!(found.text, "Opening hours\n9–17");
        assert_eq!(found.findings.len(), 1);
        let cut = read(&answer, 16).expect("lines");
        assert_eq!((cut.text.as_str(), cut.findings[0].check.as_str()), ("Opening hours\n9–", "cut"));
        assert!(read(&json!({"lines": []}), 10).expect("none").text.is_empty());
        assert!(read(&json!({"lines": [{"text": 3, "confidence": "low"}]}), 10).is_none());
    }
}
