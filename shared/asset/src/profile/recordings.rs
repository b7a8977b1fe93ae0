//! Recordings as they are written in a profile: `[collection.recordings]`.

use super::check::Checker;
use super::file::widths;
use super::texts::is_locale;
use super::{Captions, Recordings};
use crate::field::Review;
use crate::recording::CAPTION_PROFILES;
use serde::Deserialize;
use toml::Spanned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RecordingsFile {
    #[serde(default)]
    poster: Vec<Spanned<i64>>,
    #[serde(default)]
    storyboard: bool,
    #[serde(default)]
    waveform: bool,
    #[serde(default)]
    clip: bool,
    captions: Option<CaptionsFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaptionsFile {
    profile: Spanned<String>,
    language: Option<Spanned<String>>,
    #[serde(default)]
    vocabulary: Vec<Spanned<String>>,
    #[serde(default)]
    review: Review,
}

/// Words beyond this are no help to any model, and make every task's message longer.
const MAX_WORDS: usize = 200;

pub(super) fn recordings(check: &mut Checker, path: &str, file: Spanned<RecordingsFile>) -> Recordings {
    let span = file.span();
    let RecordingsFile { poster, storyboard, waveform, clip, captions } = file.into_inner();
    if poster.is_empty() && !storyboard && !waveform && !clip && captions.is_none() {
        let fix = "ask for `poster`, `storyboard`, `waveform`, `clip` or `captions`, or leave the table out";
        check.error(span, path, "it asks for nothing", fix);
    }
    let poster = widths(check, &format!("{path}.poster"), &poster);
    let captions = captions.map(|file| self::captions(check, &format!("{path}.captions"), file));
    Recordings { poster, storyboard, waveform, clip, captions }
}

fn captions(check: &mut Checker, path: &str, file: CaptionsFile) -> Captions {
    if !CAPTION_PROFILES.contains(&file.profile.get_ref().as_str()) {
        let found = format!("there are no rules `{:.80}`", file.profile.get_ref());
        let fix = format!("give one of {}", CAPTION_PROFILES.join(", "));
        check.error(file.profile.span(), &format!("{path}.profile"), &found, &fix);
    }
    if let Some(language) = file.language.as_ref().filter(|language| !is_locale(language.get_ref())) {
        let found = format!("`{:.80}` is no locale", language.get_ref());
        let fix = "give a BCP 47 tag, for example \"en\" or \"pt-BR\"";
        check.error(language.span(), &format!("{path}.language"), &found, fix);
    }
    if let Some(word) = file.vocabulary.get(MAX_WORDS) {
        let found = format!("there are {} words", file.vocabulary.len());
        let fix = format!("give the {MAX_WORDS} that matter most");
        check.error(word.span(), &format!("{path}.vocabulary"), &found, &fix);
    }
    Captions {
        profile: file.profile.into_inner(),
        language: file.language.map(Spanned::into_inner),
        vocabulary: file.vocabulary.into_iter().map(Spanned::into_inner).collect(),
        review: file.review,
    }
}
