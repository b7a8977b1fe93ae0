//! Checks of orders for pictures, of content to be judged, and of recordings.

use super::{cannot, check_images, check_kind, check_length};
use crate::book::{Input, Kind, ModelSpec};
use crate::{Class, GuardPart, GuardRequest, ImageRequest, ModelError, ModelResult, TranscribeRequest};

fn malformed(spec: &ModelSpec, message: &str) -> Box<ModelError> {
    ModelError::of(Class::Permanent, &spec.id, "malformed_request", message)
}

/// Refuses an order that the model cannot draw.
pub(crate) fn check_order(spec: &ModelSpec, request: &ImageRequest) -> ModelResult<()> {
    check_kind(spec, Kind::Image)?;
    if request.prompt.trim().is_empty() {
        return Err(malformed(spec, "the prompt is empty"));
    }
    if request.count == 0 || request.size.width == 0 || request.size.height == 0 {
        return Err(malformed(spec, "no picture is asked for"));
    }
    check_length(spec, request.prompt.len())?;
    if let Some(reference) = &request.reference {
        if reference.likeness_thousandths > 1000 {
            return Err(malformed(spec, "a likeness is at most 1000 thousandths"));
        }
        check_images(spec, std::iter::once(&reference.image), 1)?;
    }
    if request.count > spec.max_pictures {
        let message = format!("it makes {} pictures of one call, not {}", spec.max_pictures, request.count);
        return Err(cannot(spec, "too_many_pictures", message));
    }
    if !spec.sizes.is_empty() && !spec.sizes.contains(&request.size) {
        let known = spec.sizes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        return Err(cannot(spec, "no_such_size", format!("it makes no pictures of {} but {known}", request.size)));
    }
    Ok(())
}

/// Refuses content that the guard cannot judge.
pub(crate) fn check_content(spec: &ModelSpec, request: &GuardRequest) -> ModelResult<()> {
    check_kind(spec, Kind::Guard)?;
    let is_judged = |part: &GuardPart| match part {
        GuardPart::Text(text) => !text.trim().is_empty(),
        GuardPart::Image(_) => true,
        GuardPart::GroundingSource(_) | GuardPart::Query(_) => false,
    };
    if !request.parts.iter().any(is_judged) {
        return Err(malformed(spec, "there is nothing to judge"));
    }
    if request.texts().next().is_some() && !spec.takes(Input::Text) {
        return Err(cannot(spec, "no_text", "it judges no texts".to_owned()));
    }
    check_length(spec, request.texts().map(str::len).sum())?;
    check_images(spec, request.images(), request.images().count())
}

/// Refuses a recording that the model cannot hear.
pub(crate) fn check_recording(spec: &ModelSpec, request: &TranscribeRequest) -> ModelResult<()> {
    check_kind(spec, Kind::Transcription)?;
    let audio = &request.audio;
    if audio.bytes.is_empty() || audio.duration_ms == 0 {
        return Err(malformed(spec, "the recording is empty"));
    }
    if !audio.media_type.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/.+-".contains(&byte)) {
        return Err(malformed(spec, "the media type of the recording is none"));
    }
    let Some(limits) = spec.audio else { return Ok(()) };
    if audio.duration_ms > u64::from(limits.seconds) * 1000 || audio.bytes.len() as u64 > limits.bytes {
        let message = format!(
            "a recording of {} s and {} bytes is larger than {} s or {} bytes: cut it at pauses first",
            audio.duration_ms.div_ceil(1000),
            audio.bytes.len(),
            limits.seconds,
            limits.bytes
        );
        return Err(cannot(spec, "recording_too_large", message));
    }
    Ok(())
}
