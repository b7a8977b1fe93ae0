//! `/audio/transcriptions` with the times of words (`verbose_json`).

mod language;

use super::payload::{Form, Payload};
use super::wire::unreadable;
use crate::book::{Consumption, ModelSpec};
use crate::exchange::{Exchanged, Heard};
use crate::guard::thousandths;
use crate::{ModelResult, TranscribeRequest, Word};
use serde::Deserialize;

/// The model reads 224 tokens of a prompt and forgets what comes before them; names have some three characters a token.
const PROMPT_CHARS: usize = 600;

pub(super) fn recording(spec: &ModelSpec, request: &TranscribeRequest) -> Payload {
    let audio = &request.audio;
    let mut form = Form::carrying(&audio.bytes)
        .field("model", &spec.model)
        .field("response_format", "verbose_json")
        .field("timestamp_granularities[]", "word");
    if let Some(tag) = &request.language {
        // The protocol takes the language without its region.
        form = form.field("language", tag.split('-').next().unwrap_or(tag));
    }
    let prompt = prompt(&request.vocabulary);
    if !prompt.is_empty() {
        form = form.field("prompt", &prompt);
    }
    // Servers tell the container by the file's name.
    let file_name = format!("recording.{}", extension(&audio.media_type));
    form.file("file", &file_name, &audio.media_type, &audio.bytes).end()
}

/// Returns as many of the words as the model reads, the likeliest last, where it minds them most.
fn prompt(vocabulary: &[String]) -> String {
    let mut n_chars = 0;
    let fits = |word: &&String| {
        n_chars += word.chars().count() + 2;
        n_chars <= PROMPT_CHARS
    };
    let mut words: Vec<&str> = vocabulary.iter().take_while(fits).map(String::as_str).collect();
    words.reverse();
    words.join(", ")
}

fn extension(media_type: &str) -> &str {
    match media_type {
        "audio/mpeg" | "audio/mp3" => "mp3",
        "audio/mp4" | "audio/x-m4a" | "audio/m4a" => "m4a",
        "audio/x-wav" | "audio/wave" | "audio/vnd.wave" => "wav",
        other => other.split('/').next_back().unwrap_or("bin"),
    }
}

#[derive(Deserialize)]
struct Answer {
    text: String,
    language: Option<String>,
    /// Seconds; some servers write it as a text.
    duration: Option<Seconds>,
    #[serde(default)]
    words: Option<Vec<WireWord>>,
    #[serde(default)]
    segments: Option<Vec<Segment>>,
}

/// Some servers have the words in their segments.
#[derive(Deserialize)]
struct Segment {
    #[serde(default)]
    words: Option<Vec<WireWord>>,
}

#[derive(Deserialize)]
struct WireWord {
    word: String,
    start: f64,
    end: f64,
    #[serde(alias = "score", alias = "confidence")]
    probability: Option<f64>,
    speaker: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Seconds {
    Number(f64),
    Text(String),
}

impl Seconds {
    fn ms(&self) -> Option<u64> {
        let seconds = match self {
            Seconds::Number(seconds) => *seconds,
            Seconds::Text(text) => text.parse().ok()?,
        };
        ms(seconds)
    }
}

fn ms(seconds: f64) -> Option<u64> {
    // A year and more is a mistake, and whole below that.
    (seconds.is_finite() && (0.0..40_000_000.0).contains(&seconds)).then(|| (seconds * 1000.0).round() as u64)
}

pub(super) fn read(
    spec: &ModelSpec,
    request: &TranscribeRequest,
    body: &[u8],
    request_id: Option<String>,
) -> ModelResult<Exchanged<Heard>> {
    let answer: Answer = serde_json::from_slice(body).map_err(|error| unreadable(spec, body, error))?;
    let in_segments = || answer.segments.into_iter().flatten().flat_map(|segment| segment.words.unwrap_or_default());
    let wire = answer.words.filter(|words| !words.is_empty()).unwrap_or_else(|| in_segments().collect());
    let words: Option<Vec<Word>> = wire.into_iter().map(word).collect();
    let Some(mut words) = words else { return Err(unreadable(spec, body, "a word has no time")) };
    words.retain(|word| !word.text.is_empty());
    // Models of speech sometimes give two words the wrong way round.
    words.sort_by_key(|word| (word.start_ms, word.end_ms));
    let asked_ms = request.audio.duration_ms;
    let heard = Heard {
        text: answer.text.trim().to_owned(),
        words,
        language: answer.language.and_then(|name| language::tag(&name, request.language.as_deref())),
        duration_ms: answer.duration.and_then(|seconds| seconds.ms()).unwrap_or(asked_ms),
    };
    let consumption = Consumption { audio_ms: asked_ms.max(heard.duration_ms), ..Consumption::default() };
    Ok(Exchanged::new(heard, consumption, request_id))
}

fn word(wire: WireWord) -> Option<Word> {
    let (start_ms, end_ms) = (ms(wire.start)?, ms(wire.end)?);
    Some(Word {
        text: wire.word.trim().to_owned(),
        start_ms,
        end_ms: end_ms.max(start_ms),
        confidence_thousandths: wire.probability.map(thousandths),
        speaker: wire.speaker,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likeliest_words_are_last_and_none_is_cut() {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        assert_eq!(prompt(&words(&["Greenroom", "Ångström"])), "Ångström, Greenroom");
        let long = "x".repeat(PROMPT_CHARS);
        assert_eq!(prompt(&words(&["first", &long, "third"])), "first");
        assert_eq!(prompt(&[]), "");
    }

    #[test]
    fn times_that_are_none_are_refused() {
        assert_eq!((ms(1.2345), ms(0.0)), (Some(1235), Some(0)));
        assert_eq!([f64::NAN, f64::INFINITY, -0.1, 1e300].map(ms), [None; 4]);
        assert_eq!(Seconds::Text("8.47".into()).ms(), Some(8470));
        assert_eq!(Seconds::Text("soon".into()).ms(), None);
    }
}
