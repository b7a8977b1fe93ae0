//! Where each text stands: a person's word first, then the model's, and never one in place of the other.

use crate::fact::{Decision, Verdict};
use crate::field::{Field, FieldState, FieldStatus, Review, Written};
use crate::ids::Sha256;
use crate::manifest::Manifest;

/// Returns whether a person's words are in force for exactly these bytes: then nobody needs to ask a model.
pub(super) fn is_written_by_a_person(manifest: &Manifest, field: Field, locale: &str, version: &Sha256) -> bool {
    state(manifest, field, locale, version, Review::default(), None).status == FieldStatus::Human
}

/// Returns where a text of `version` stands, if a model wrote `written`.
pub(super) fn state(
    manifest: &Manifest,
    field: Field,
    locale: &str,
    version: &Sha256,
    review: Review,
    written: Option<Written>,
) -> FieldState {
    let value = written.as_ref().map(Written::digest);
    let word = word(manifest, field, locale, value.as_ref());
    let (status, text) = match word.map(|verdict| &verdict.decision) {
        Some(Decision::EditText { text, source, .. }) => {
            let status = if source == version { FieldStatus::Human } else { FieldStatus::Stale };
            (status, Some(text.clone()))
        }
        Some(Decision::ApproveText { .. }) => (FieldStatus::Approved, text_of(written.as_ref())),
        Some(Decision::RejectText { .. }) => (FieldStatus::Rejected, None),
        _ => match &written {
            None => (FieldStatus::Missing, None),
            Some(written) if review == Review::Always || written.needs_a_person() => (FieldStatus::InReview, None),
            Some(_) => (FieldStatus::Machine, text_of(written.as_ref())),
        },
    };
    let by = word.filter(|_| !matches!(status, FieldStatus::Missing | FieldStatus::Machine | FieldStatus::InReview));
    let by = by.map(|verdict| verdict.by.clone());
    FieldState { field, locale: locale.to_owned(), status, text, terms: Vec::new(), by, written }
}

fn text_of(written: Option<&Written>) -> Option<String> {
    written.map(|written| written.text.clone())
}

/// Returns the latest verdict on a text that still applies: one on a model's words ends with these very words.
fn word<'a>(manifest: &'a Manifest, field: Field, locale: &str, written: Option<&Sha256>) -> Option<&'a Verdict> {
    manifest.verdicts.values().rev().find(|verdict| {
        verdict.decision.text() == Some((field, locale))
            && match &verdict.decision {
                Decision::ApproveText { value, .. } | Decision::RejectText { value, .. } => written == Some(value),
                _ => true,
            }
    })
}
