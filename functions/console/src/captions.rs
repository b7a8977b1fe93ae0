//! A person's captions: read, kept in all formats, and what the verdict on them says. For the console and the command line alike.

use asset::fact::Decision;
use asset::field::Severity;
use asset::ids::Sha256;
use asset::keys;
use asset::manifest::Manifest;
use asset::recording::{File, is_recording};
use ports::blob::created_before;
use ports::{CreateBlob, PortError};
use text::captions::{Format, Parsed};

/// Characters of captions that a recording is found by.
const MAX_EXCERPT: usize = 3_000;

/// Why captions are not taken.
#[derive(Debug, thiserror::Error)]
pub enum CaptionsError {
    /// What is wrong with them, and the way out.
    #[error("{0}")]
    Refused(String),
    #[error("failed to keep the captions")]
    Port(#[from] PortError),
}

fn refused(words: impl Into<String>) -> CaptionsError {
    CaptionsError::Refused(words.into())
}

/// Keeps captions in the store, in all formats, and returns the decision that they count for `source`, the version that they were
/// made for. The track has to say its language.
pub async fn given(
    facts: &dyn CreateBlob,
    manifest: &Manifest,
    source: Sha256,
    parsed: Parsed,
) -> Result<Decision, CaptionsError> {
    let kind = manifest.version().and_then(|version| version.media_type.as_deref()).unwrap_or("unknown");
    if !is_recording(kind) {
        return Err(refused(format!("captions belong to video and audio, and this is {kind}")));
    }
    if let Some(finding) = parsed.findings.iter().find(|finding| finding.severity == Severity::Fail) {
        return Err(refused(format!("nothing was saved: {finding}")));
    }
    let track = parsed.track;
    if track.cues.is_empty() {
        return Err(refused("there are no captions in it"));
    }
    let locale = track.language.clone().ok_or_else(|| refused("it does not say its language: give it"))?;
    if !is_locale(&locale) {
        return Err(refused(format!("`{locale:.40}` is no locale: give a BCP 47 tag, for example pt-BR")));
    }
    let mut files = Vec::new();
    for format in Format::ALL {
        let body = format.write(&track).into_bytes();
        let (bytes, sha256) = (body.len() as u64, Sha256::of(&body));
        let key = keys::given(&manifest.asset, &sha256, format.extension());
        created_before(facts.create(&key, body.into()).await)?;
        let name = format!("captions.{locale}.{}", format.extension());
        files.push(File { name, key, media_type: format.media_type().to_owned(), bytes, sha256 });
    }
    let text: Vec<String> = track.cues.iter().map(|cue| cue.text().replace('\n', " ")).collect();
    let excerpt = text.join(" ").chars().take(MAX_EXCERPT).collect();
    Ok(Decision::GiveCaptions { locale, files, excerpt, source })
}

/// Returns whether a text has the form of a BCP 47 tag: it becomes a part of a file's name.
pub fn is_locale(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let is_language = parts
        .next()
        .is_some_and(|part| matches!(part.len(), 2 | 3) && part.bytes().all(|byte| byte.is_ascii_lowercase()));
    let is_subtag = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_language && tag.len() <= 35 && parts.all(is_subtag)
}
