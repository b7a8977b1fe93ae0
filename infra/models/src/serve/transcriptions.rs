//! `POST /v1/audio/transcriptions`: OpenAI's form, answered by Whisper.

use super::Shared;
use super::engines::{Engines, SPEECH};
use super::error::{ApiError, ApiResult};
use super::speech::audio::Recording;
use super::speech::{Cancelled, Segment, Task, Transcript, Word};
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use multer::{Constraints, Multipart, SizeLimit};
use serde_json::{Value, json};
use std::time::Duration;

/// Bytes of a recording, and of a whole form.
const MAX_FILE: u64 = 64 << 20;
const MAX_FORM: u64 = MAX_FILE + (1 << 20);

/// Bytes of a field that is not the recording.
const MAX_FIELD: u64 = 64 << 10;

/// Besides the time that any request has, a recording has this many times its own: a fifth of it is usual.
const TIMES_LONGER: f64 = 2.0;

/// Languages by the codes that other standards have for them.
const ALIASES: [(&str, &str); 5] = [("jv", "jw"), ("iw", "he"), ("nb", "no"), ("fil", "tl"), ("in", "id")];

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Format {
    #[default]
    Json,
    Verbose,
    Text,
}

/// What a form asks.
#[derive(Default)]
struct Form {
    file: Bytes,
    model: String,
    language: Option<String>,
    prompt: String,
    format: Format,
    has_words: bool,
    has_segments: bool,
}

/// Sets the flag when it goes, which it does with the request.
struct Waiting(Cancelled);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

pub(super) async fn transcribe(State(server): Shared, headers: HeaderMap, body: Body) -> ApiResult<Response> {
    let form = {
        // One form at a time is read, so that large ones do not fill the memory.
        let _turn = server.uploads.acquire().await.map_err(|_| ApiError::busy("the server stops"))?;
        let read = tokio::time::timeout(server.limits.time, read(&headers, body)).await;
        read.unwrap_or_else(|_| Err(ApiError::busy("the form did not come in time")))?
    };
    let waiting = Waiting(Cancelled::default());
    let cancelled = waiting.0.clone();
    let turn = server.speeches.clone().acquire_owned().await.map_err(|_| ApiError::busy("the server stops"))?;
    let computed = tokio::task::spawn_blocking(move || {
        let answer = form.answer(&server.engines, &cancelled, server.limits.time);
        drop(turn);
        answer
    });
    let answer = computed.await;
    drop(waiting);
    answer.map_err(|_| ApiError::failed(&anyhow::anyhow!("the computation ended with a panic")))?
}

async fn read(headers: &HeaderMap, body: Body) -> ApiResult<Form> {
    let wrong = |message: String| ApiError::refused("malformed", message);
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let boundary = multer::parse_boundary(kind)
        .map_err(|_| wrong("the body is no form: send `multipart/form-data` with a `file`".to_owned()))?;
    let limits = SizeLimit::new().whole_stream(MAX_FORM).per_field(MAX_FIELD).for_field("file", MAX_FILE);
    let constraints = Constraints::new().size_limit(limits);
    let mut parts = Multipart::with_constraints(body.into_data_stream(), boundary, constraints);
    let (mut form, mut has_file) = (Form::default(), false);
    while let Some(part) = parts.next_field().await.map_err(unread)? {
        let name = part.name().unwrap_or_default().to_owned();
        if name == "file" {
            form.file = part.bytes().await.map_err(unread)?;
            has_file = true;
            continue;
        }
        let value = part.text().await.map_err(unread)?;
        match name.as_str() {
            "model" => form.model = value,
            "language" => form.language = Some(value).filter(|value| !value.trim().is_empty()),
            "prompt" => form.prompt = value,
            "response_format" => form.format = format(&value)?,
            "timestamp_granularities[]" | "timestamp_granularities" => match value.as_str() {
                "word" => form.has_words = true,
                "segment" => form.has_segments = true,
                other => return Err(wrong(format!("times are of a `word` or a `segment`, not of a `{other:.40}`"))),
            },
            "stream" if value == "true" => return Err(wrong("answers come as a whole: leave `stream` out".to_owned())),
            // The others change nothing here.
            _ => {}
        }
    }
    if !has_file {
        return Err(wrong("the form has no `file`".to_owned()));
    }
    Ok(form)
}

fn unread(error: multer::Error) -> ApiError {
    let status = match &error {
        multer::Error::FieldSizeExceeded { .. } | multer::Error::StreamSizeExceeded { .. } => {
            StatusCode::PAYLOAD_TOO_LARGE
        }
        _ => StatusCode::BAD_REQUEST,
    };
    let message = match status {
        StatusCode::PAYLOAD_TOO_LARGE => format!("a recording has at most {} MB", MAX_FILE >> 20),
        _ => format!("the form is not understood: {error}"),
    };
    ApiError::unread(status, message)
}

fn format(name: &str) -> ApiResult<Format> {
    match name {
        "json" => Ok(Format::Json),
        "verbose_json" => Ok(Format::Verbose),
        "text" => Ok(Format::Text),
        other => {
            let message = format!("`{other:.40}` is no format here: there are `json`, `verbose_json` and `text`");
            Err(ApiError::refused("unsupported", message))
        }
    }
}

impl Form {
    /// Answers. Computes: not for the threads that serve.
    fn answer(&self, engines: &Engines, cancelled: &Cancelled, time: Duration) -> ApiResult<Response> {
        let model = engines.model(&self.model)?;
        if model.name != SPEECH {
            let message = format!("model `{}` hears nothing: ask `{SPEECH}`", model.name);
            return Err(ApiError::refused("unsupported", message));
        }
        let speech = engines.speech()?;
        let recording = Recording::read(&self.file)?;
        let language = self.language.as_deref().map(code);
        if let Some(code) = language.as_deref().filter(|code| !speech.knows(code)) {
            let message =
                format!("`{code:.40}` is no language that `{SPEECH}` knows: give the code of ISO 639, as `en`");
            return Err(ApiError::refused("unknown_language", message));
        }
        let task = Task { language, prompt: self.prompt.clone() };
        let time = time + Duration::from_secs_f64(recording.seconds() * TIMES_LONGER);
        let cancelled = cancelled.within(time);
        let found = speech.transcribe(&recording.samples, &task, &cancelled);
        if cancelled.is_cancelled() {
            return Err(ApiError::busy(format!("there was no answer within {} s", time.as_secs())));
        }
        let found = found?;
        for (span, flaw) in &found.dropped {
            tracing::debug!(start_s = span.start, end_s = span.end, reason = flaw.name(), "no text");
        }
        let text: String = found.segments.iter().map(|segment| segment.text.as_str()).collect();
        let text = text.trim();
        Ok(match self.format {
            Format::Text => format!("{text}\n").into_response(),
            Format::Json => Json(json!({ "text": text })).into_response(),
            Format::Verbose => {
                let mut answer = self.verbose(text, &found, recording.seconds());
                answer["model"] = format!("{SPEECH}@{}", model.fingerprint()).into();
                Json(answer).into_response()
            }
        })
    }

    fn verbose(&self, text: &str, found: &Transcript, duration: f64) -> Value {
        let mut answer = json!({
            "task": "transcribe",
            "language": found.language,
            "duration": rounded(duration),
            "text": text,
            "dropped": found.dropped.iter().map(|(span, flaw)| {
                json!({"start": rounded(span.start), "end": rounded(span.end), "reason": flaw.name()})
            }).collect::<Vec<_>>(),
        });
        if self.has_words {
            let words = found.segments.iter().flat_map(|segment| &segment.words);
            answer["words"] = words.map(word).collect();
        }
        if self.has_segments || !self.has_words {
            answer["segments"] = found.segments.iter().enumerate().map(segment).collect();
        }
        answer
    }
}

/// Returns a language's code as the model has it, without its region.
fn code(language: &str) -> String {
    let code = language.trim().split(['-', '_']).next().unwrap_or_default().to_lowercase();
    let alias = ALIASES.iter().find(|(other, _)| *other == code);
    alias.map_or(code, |(_, known)| (*known).to_owned())
}

fn word(word: &Word) -> Value {
    json!({
        "word": word.text.trim(),
        "start": rounded(word.start),
        "end": rounded(word.end),
        "probability": rounded(f64::from(word.probability)),
    })
}

fn segment((id, segment): (usize, &Segment)) -> Value {
    json!({
        "id": id,
        "start": rounded(segment.start),
        "end": rounded(segment.end),
        "text": segment.text,
        "avg_logprob": rounded(f64::from(segment.log_probability)),
        "compression_ratio": rounded(f64::from(segment.compression)),
        "no_speech_prob": rounded(f64::from(segment.no_speech)),
        "temperature": rounded(f64::from(segment.temperature)),
    })
}

/// To thousandths: of a second, that is more than is known.
fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}
