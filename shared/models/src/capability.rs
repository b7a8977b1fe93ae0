//! What a model cannot do is said before anything is sent.

mod others;

pub(crate) use others::{check_content, check_order, check_recording};

use crate::book::{Input, Kind, Lifetime, ModelSpec};
use crate::{Class, EmbedInput, EmbedRequest, Image, ModelError, ModelResult, Part, Request, Role};
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Labels that Bedrock takes; other providers take as many.
const MAX_METADATA: usize = 16;

/// No tokenizer in use makes one token of more than this many bytes on average, so more is certainly too much.
const MAX_BYTES_PER_TOKEN: usize = 8;

/// Returns the day, in UTC, of a clock's time.
pub(crate) fn day_of(now_ms: u64) -> Date {
    let at = i64::try_from(now_ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    at.unwrap_or(jiff::Timestamp::MAX).to_zoned(TimeZone::UTC).date()
}

fn cannot(spec: &ModelSpec, code: &str, message: String) -> Box<ModelError> {
    ModelError::of(Class::Unavailable, &spec.id, code, message)
}

/// Refuses a model after its last day; returns a warning when that day is near.
pub(crate) fn check_lifetime(spec: &ModelSpec, now_ms: u64) -> ModelResult<Option<String>> {
    match spec.lifetime(day_of(now_ms)) {
        Lifetime::Fine => Ok(None),
        Lifetime::Ending { date, days } => {
            Ok(Some(format!("model `{}` reaches its end of life on {date}, in {days} days: choose another", spec.id)))
        }
        Lifetime::Over { date } => {
            let message = format!("its end of life was {date}: choose another in `models.toml`");
            Err(cannot(spec, "end_of_life", message))
        }
    }
}

/// Refuses a question that the model cannot take.
pub(crate) fn check_request(spec: &ModelSpec, request: &Request) -> ModelResult<()> {
    check_kind(spec, Kind::Text)?;
    check_shape(spec, request)?;
    let n_images = request.images().count();
    check_images(spec, request.images(), n_images)?;
    let n_bytes = request.system.len() + request.parts().map(text_bytes).sum::<usize>();
    check_length(spec, n_bytes)?;
    match spec.max_out {
        Some(max) if request.parameters.max_tokens > max => {
            let message = format!("it writes at most {max} tokens, not {}", request.parameters.max_tokens);
            Err(cannot(spec, "too_long_an_answer", message))
        }
        _ => Ok(()),
    }
}

/// What no model can be asked: a mistake of ours.
fn check_shape(spec: &ModelSpec, request: &Request) -> ModelResult<()> {
    let wrong = |message: &str| Err(ModelError::of(Class::Permanent, &spec.id, "malformed_request", message));
    let Some(last) = request.messages.last() else { return wrong("there is no message") };
    if last.role != Role::User {
        return wrong("the last message is not the user's");
    }
    let has_content = |part: &Part| !matches!(part, Part::Text(text) if text.trim().is_empty());
    if request.messages.iter().any(|message| !message.parts.iter().any(has_content)) {
        return wrong("a message is empty");
    }
    let has_image = |parts: &[Part]| parts.iter().any(|part| matches!(part, Part::Image(_)));
    if request.messages.iter().any(|message| message.role == Role::Assistant && has_image(&message.parts)) {
        return wrong("a picture is in a message of the model");
    }
    if request.parameters.max_tokens == 0 {
        return wrong("the answer may have no tokens");
    }
    if request.metadata.len() > MAX_METADATA {
        return wrong("there are more than 16 labels");
    }
    Ok(())
}

fn text_bytes(part: &Part) -> usize {
    match part {
        Part::Text(text) => text.len(),
        Part::Document(document) => document.text.len(),
        Part::Image(_) => 0,
    }
}

/// Refuses an input that the embedder cannot take.
pub(crate) fn check_embed(spec: &ModelSpec, request: &EmbedRequest) -> ModelResult<()> {
    check_kind(spec, Kind::Embedding)?;
    match &request.input {
        EmbedInput::Text(text) if text.trim().is_empty() => {
            return Err(ModelError::of(Class::Permanent, &spec.id, "malformed_request", "the text is empty"));
        }
        EmbedInput::Text(_) if !spec.takes(Input::Text) => {
            return Err(cannot(spec, "no_text", "it takes no texts".to_owned()));
        }
        EmbedInput::Text(text) => check_length(spec, text.len())?,
        EmbedInput::Image(image) => check_images(spec, std::iter::once(image), 1)?,
    }
    match request.dimensions {
        Some(wanted) if !spec.dimensions.contains(&wanted) => {
            let message = format!("it has no {wanted} dimensions but {:?}", spec.dimensions);
            Err(cannot(spec, "no_such_dimensions", message))
        }
        _ => Ok(()),
    }
}

fn check_kind(spec: &ModelSpec, wanted: Kind) -> ModelResult<()> {
    if spec.kind == wanted {
        return Ok(());
    }
    Err(cannot(spec, "wrong_kind", format!("it is for {:?}, not for {wanted:?}", spec.kind)))
}

fn check_images<'a>(spec: &ModelSpec, mut images: impl Iterator<Item = &'a Image>, n_images: usize) -> ModelResult<()> {
    if n_images == 0 {
        return Ok(());
    }
    let Some(limits) = spec.image.filter(|_| spec.takes(Input::Image)) else {
        return Err(cannot(spec, "no_pictures", "it takes no pictures".to_owned()));
    };
    if n_images > limits.count as usize {
        return Err(cannot(spec, "too_many_pictures", format!("it takes {} pictures, not {n_images}", limits.count)));
    }
    let too_large = images
        .find(|image| image.width.max(image.height) > limits.long_edge || image.bytes.len() as u64 > limits.bytes);
    match too_large {
        None => Ok(()),
        Some(image) => {
            let message = format!(
                "a picture of {}×{} and {} bytes is larger than {} pixels or {} bytes: make it smaller first",
                image.width,
                image.height,
                image.bytes.len(),
                limits.long_edge,
                limits.bytes
            );
            Err(cannot(spec, "picture_too_large", message))
        }
    }
}

fn check_length(spec: &ModelSpec, n_bytes: usize) -> ModelResult<()> {
    match spec.max_in {
        Some(max) if n_bytes.div_ceil(MAX_BYTES_PER_TOKEN) > max as usize => {
            Err(cannot(spec, "too_long", format!("it reads at most {max} tokens, and {n_bytes} bytes are more")))
        }
        _ => Ok(()),
    }
}
