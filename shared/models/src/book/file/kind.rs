//! Settings that only some kinds of models have.

use super::{Checker, ModelFile};
use crate::book::{AudioLimits, Input, Kind, Provider};
use std::ops::Range;

/// Refuses what a kind of model does not have, and asks for what it cannot be without.
pub(super) fn check(check: &mut Checker, path: &str, span: Range<usize>, file: &ModelFile) {
    misplaced(check, path, file);
    missing(check, path, span, file);
    if file.kind == Kind::Transcription && file.provider == Provider::Bedrock {
        let fix = "use a server that answers `/v1/audio/transcriptions`, with provider = \"openai\"";
        check.error(file.model.span(), &format!("{path}.kind"), "Bedrock has no words with their times", fix);
    }
}

fn misplaced(check: &mut Checker, path: &str, file: &ModelFile) {
    let kind = file.kind;
    let settings = [
        ("structured_output", file.structured_output.as_ref().map(|how| how.span()), kind == Kind::Text),
        ("sizes", file.sizes.as_ref().map(|sizes| sizes.span()), kind == Kind::Image),
        ("max_pictures", file.max_pictures.as_ref().map(|most| most.span()), kind == Kind::Image),
        ("audio", file.audio.as_ref().map(|limits| limits.span()), kind == Kind::Transcription),
        ("version", file.version.as_ref().map(|version| version.span()), kind == Kind::Guard),
    ];
    for (name, span, is_there) in settings {
        if let Some(span) = span.filter(|_| !is_there) {
            let found = format!("it is no setting of {kind:?} models");
            check.error(span, &format!("{path}.{name}"), &found, "remove the line");
        }
    }
}

fn missing(check: &mut Checker, path: &str, span: Range<usize>, file: &ModelFile) {
    let hears = file.inputs.get_ref().contains(&Input::Audio);
    if hears != (file.kind == Kind::Transcription) {
        let fix = "give \"audio\" alone to models of `kind = \"transcription\"`, and to no others";
        check.error(file.inputs.span(), &format!("{path}.inputs"), "only transcription is of sound", fix);
    }
    match (&file.audio, file.kind) {
        (None, Kind::Transcription) => {
            let fix = "add `audio = { seconds = 1500, bytes = 25000000 }` with the model's own limits";
            check.error(span, &format!("{path}.audio"), "recordings have no limits", fix);
        }
        (Some(limits), _) => {
            let AudioLimits { seconds, bytes } = *limits.get_ref();
            if seconds == 0 || bytes == 0 {
                let fix = "give the largest value that the model accepts";
                check.error(limits.span(), &format!("{path}.audio"), "a limit of 0 refuses every recording", fix);
            }
        }
        (None, Kind::Guard) if file.provider == Provider::Bedrock && file.version.is_none() => {
            let fix = "add `version = \"1\"` with the number of a published version";
            check.error(span, &format!("{path}.version"), "a guardrail of Bedrock has a version", fix);
        }
        _ => {}
    }
    if let Some(most) = file.max_pictures.as_ref().filter(|most| *most.get_ref() == 0) {
        let fix = "give how many pictures the model makes of one call";
        check.error(most.span(), &format!("{path}.max_pictures"), "0 refuses every order", fix);
    }
}
