//! `/images/generations` and, from a picture, `/images/edits`.

use super::payload::{Form, Payload};
use super::wire::unreadable;
use crate::book::{Consumption, ModelSpec};
use crate::exchange::Exchanged;
use crate::{ImageRequest, ModelResult, Picture, Usage};
use serde::Deserialize;
use serde_json::json;

/// The models of this name answer in base64 always, and refuse to be told so.
const ALWAYS_BASE64: &str = "gpt-image";

/// Returns where to post, and what.
pub(super) fn order(spec: &ModelSpec, request: &ImageRequest) -> (&'static str, Payload) {
    let size = request.size.to_string();
    let says_base64 = !spec.model.starts_with(ALWAYS_BASE64);
    let Some(reference) = &request.reference else {
        let mut body = json!({"model": spec.model, "prompt": request.prompt, "n": request.count, "size": size});
        if says_base64 {
            body["response_format"] = "b64_json".into();
        }
        return ("/images/generations", body.to_string().into());
    };
    let image = &reference.image;
    let mut form = Form::carrying(&image.bytes)
        .field("model", &spec.model)
        .field("prompt", &request.prompt)
        .field("n", &request.count.to_string())
        .field("size", &size);
    if says_base64 {
        form = form.field("response_format", "b64_json");
    }
    let file_name = format!("reference.{}", image.format.name());
    ("/images/edits", form.file("image", &file_name, &image.format.media_type(), &image.bytes).end())
}

#[derive(Deserialize)]
struct Answer {
    data: Vec<Data>,
    usage: Option<WireUsage>,
}

#[derive(Deserialize)]
struct Data {
    b64_json: Option<String>,
}

#[derive(Default, Deserialize)]
struct WireUsage {
    #[serde(default)]
    input_tokens: u64,
    #[serde(default)]
    output_tokens: u64,
}

pub(super) fn read(
    spec: &ModelSpec,
    request: &ImageRequest,
    body: &[u8],
    request_id: Option<String>,
) -> ModelResult<Exchanged<Vec<Picture>>> {
    let answer: Answer = serde_json::from_slice(body).map_err(|error| unreadable(spec, body, error))?;
    let mut pictures = Vec::new();
    for data in &answer.data {
        let picture = data.b64_json.as_deref().and_then(|base64| Picture::decode(base64, None));
        pictures.push(picture.ok_or_else(|| unreadable(spec, body, "a picture is neither PNG nor JPEG in base64"))?);
    }
    let usage = answer.usage.unwrap_or_default();
    let tokens = Usage { input: usage.input_tokens, output: usage.output_tokens, ..Usage::default() };
    let consumption = Consumption { tokens, images: pictures.len() as u64, ..Consumption::default() };
    let mut exchanged = Exchanged::new(pictures, consumption, request_id);
    if request.seed.is_some() {
        exchanged.warnings.push("the protocol has no seeds: nobody can make the same picture again".to_owned());
    }
    if request.reference.is_some() {
        exchanged
            .warnings
            .push("the protocol has no likeness: the model decided how much of the reference stays".into());
    }
    Ok(exchanged)
}
