//! A person's word on a text: bound to the words and the version that they saw, checked against what the manifest knows.

use crate::api::{Given, No};
use asset::fact::Decision;
use asset::field::{Field, FieldState, FieldStatus, Written};
use asset::ids::Sha256;
use asset::manifest::Manifest;

/// The longest text that is taken from a person, in characters. What the profile asks for is advice to people, no limit.
pub const MAX_CHARACTERS: usize = 10_000;

/// Checks a form about a text.
pub fn decide(manifest: &Manifest, given: &Given) -> Result<Decision, No> {
    let field = given.field.as_deref().and_then(Field::parse).ok_or("the form names no text")?;
    let locale = given.locale.as_deref().ok_or("the form names no language")?;
    let is_meant = |state: &&FieldState| state.field == field && state.locale == locale;
    let state = manifest.readiness.fields.iter().find(is_meant).ok_or("the profile asks for no such text")?;
    let is_by_a_person = matches!(state.status, FieldStatus::Human | FieldStatus::Stale);
    let locale = locale.to_owned();
    match given.decision.as_str() {
        "approve_text" => {
            let value = present_words(state, given)?;
            if state.status == FieldStatus::Approved {
                return Err(No::late("these words are approved already: there is nothing left to do"));
            }
            Ok(Decision::ApproveText { field, locale, value })
        }
        "reject_text" => {
            let value = present_words(state, given)?;
            if is_by_a_person {
                return Err(No::late("a person's words are in force, so the model's do not count anyway"));
            }
            Ok(Decision::RejectText { field, locale, value })
        }
        "edit_text" => {
            let text = words_of(field, given)?;
            let seen = digest(given.seen.as_deref(), "the form does not name the words that you saw")?;
            Ok(Decision::EditText { field, locale, text, source: given.version_of(manifest)?, seen })
        }
        "release_text" if is_by_a_person => Ok(Decision::ReleaseText { field, locale }),
        "release_text" => Err(No::late("no person's words are in force any more")),
        _ => Err("the form names no decision".into()),
    }
}

/// Returns the digest that a word on the model's words is bound to, if these still are its words.
fn present_words(state: &FieldState, given: &Given) -> Result<Sha256, No> {
    let missing = "the form does not name the words that you saw";
    let value = digest(given.value.as_deref(), missing)?.ok_or(missing)?;
    match state.written.as_ref().map(Written::digest) {
        Some(present) if present == value => Ok(value),
        Some(_) => Err(No::late("the model has written other words since you saw these: read them, then decide")),
        None => Err(No::late("the words that you saw are not there any more: the picture or the profile has changed")),
    }
}

fn digest(given: Option<&str>, words: &'static str) -> Result<Option<Sha256>, No> {
    match given.unwrap_or_default() {
        "" => Ok(None),
        digest => Sha256::parse(digest).map(Some).map_err(|_| words.into()),
    }
}

/// Returns the text that a person wrote, as it is recorded: trimmed, with line feeds, and with nothing in it that commands.
fn words_of(field: Field, given: &Given) -> Result<String, No> {
    if given.decorative {
        return match field {
            Field::AltText => Ok(String::new()),
            _ => Err("only an alt text can be decorative".into()),
        };
    }
    let text = given.text.as_deref().ok_or("the form holds no text")?;
    // Forms send line ends as CR LF.
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let text = text.trim();
    if let Some(c) = text.chars().find(|c| c.is_control() && *c != '\n') {
        let at = u32::from(c);
        return Err(format!("the text holds a control character (U+{at:04X}): take it out and save again").into());
    }
    match (text.chars().count(), field) {
        (0, Field::AltText) => Err("the text is empty: write one, or tick that the picture is decorative".into()),
        (0, Field::Description) => Err("the text is empty: write one".into()),
        // No tags, no words in the picture, nothing to moderate.
        (0, _) => Ok(String::new()),
        (n, _) if n > MAX_CHARACTERS => {
            Err(format!("the text has {n} characters and may have {MAX_CHARACTERS}: make it shorter").into())
        }
        _ => Ok(text.to_owned()),
    }
}
