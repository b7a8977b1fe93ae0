//! InvokeModel: the bodies of the embedding models, each family with its own.

use super::invoke::invoke;
use crate::book::ModelSpec;
use crate::exchange::Exchanged;
use crate::{Class, EmbedInput, EmbedRequest, ModelError, ModelResult, Purpose, Usage};
use aws_sdk_bedrockruntime::Client;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

/// Nova wants to be told a length; this is the shortest that it says loses little.
const NOVA_DIMENSIONS: u32 = 1024;

/// Which body a model takes, by its provider id.
#[derive(Clone, Copy)]
enum Family {
    TitanText,
    TitanMultimodal,
    Nova,
}

fn family(spec: &ModelSpec) -> ModelResult<Family> {
    let is = |name: &str| spec.model.contains(name);
    if is("titan-embed-text") {
        return Ok(Family::TitanText);
    }
    if is("titan-embed-image") {
        return Ok(Family::TitanMultimodal);
    }
    if is("nova-2-multimodal-embeddings") {
        return Ok(Family::Nova);
    }
    let message = format!("nobody here knows the body that `{}` takes: use a Titan or Nova 2 embedding", spec.model);
    Err(ModelError::of(Class::Unavailable, &spec.id, "unknown_family", message))
}

pub(super) async fn exchange(
    client: &Client,
    spec: &ModelSpec,
    request: &EmbedRequest,
) -> ModelResult<Exchanged<Vec<f32>>> {
    let family = family(spec)?;
    let invoked = invoke(client, spec, &body(spec, family, request)?).await?;
    let (vector, tokens) = read(spec, &invoked.body)?;
    let usage = Usage { input: tokens, ..Usage::default() };
    Ok(Exchanged::new(vector, usage, invoked.request_id))
}

fn body(spec: &ModelSpec, family: Family, request: &EmbedRequest) -> ModelResult<Value> {
    let mut body = match (family, &request.input) {
        (Family::TitanText, EmbedInput::Text(text)) => json!({"inputText": text, "normalize": true}),
        (Family::TitanText, EmbedInput::Image(_)) => {
            let message = "Titan Text takes no pictures: correct `inputs` in the price book";
            return Err(ModelError::of(Class::Unavailable, &spec.id, "no_pictures", message));
        }
        (Family::TitanMultimodal, EmbedInput::Text(text)) => json!({"inputText": text}),
        (Family::TitanMultimodal, EmbedInput::Image(image)) => json!({"inputImage": STANDARD.encode(&image.bytes)}),
        (Family::Nova, input) => return Ok(nova(input, request)),
    };
    match (family, request.dimensions) {
        (Family::TitanText, Some(dimensions)) => body["dimensions"] = dimensions.into(),
        (Family::TitanMultimodal, Some(dimensions)) => {
            body["embeddingConfig"] = json!({"outputEmbeddingLength": dimensions});
        }
        _ => {}
    }
    Ok(body)
}

fn nova(input: &EmbedInput, request: &EmbedRequest) -> Value {
    let purpose = match (request.purpose, input) {
        (Purpose::Index, _) => "GENERIC_INDEX",
        (Purpose::Query, _) => "GENERIC_RETRIEVAL",
    };
    let mut parameters = json!({
        "embeddingPurpose": purpose,
        "embeddingDimension": request.dimensions.unwrap_or(NOVA_DIMENSIONS),
    });
    match input {
        EmbedInput::Text(text) => parameters["text"] = json!({"truncationMode": "NONE", "value": text}),
        EmbedInput::Image(image) => {
            let source = json!({"bytes": STANDARD.encode(&image.bytes)});
            parameters["image"] =
                json!({"format": image.format.name(), "detailLevel": "STANDARD_IMAGE", "source": source});
        }
    }
    json!({
        "schemaVersion": "nova-multimodal-embed-v1",
        "taskType": "SINGLE_EMBEDDING",
        "singleEmbeddingParams": parameters,
    })
}

/// The answers of all families: Titan's has one embedding, Nova's a list.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Output {
    embedding: Option<Vec<f32>>,
    #[serde(default)]
    embeddings: Vec<NovaEmbedding>,
    #[serde(default)]
    input_text_token_count: u64,
    message: Option<String>,
}

#[derive(Deserialize)]
struct NovaEmbedding {
    embedding: Vec<f32>,
}

fn read(spec: &ModelSpec, body: &[u8]) -> ModelResult<(Vec<f32>, u64)> {
    let unreadable = |why: String| {
        let raw: String = String::from_utf8_lossy(body).chars().take(500).collect();
        let class = Class::BadOutput { errors: vec![why.clone()], raw };
        ModelError::of(class, &spec.id, "no_embedding", why)
    };
    let output: Output =
        serde_json::from_slice(body).map_err(|error| unreadable(format!("the body is not an embedding: {error}")))?;
    let vector = output.embedding.or_else(|| output.embeddings.into_iter().next().map(|first| first.embedding));
    match vector {
        Some(vector) => Ok((vector, output.input_text_token_count)),
        // Titan says in the body what was wrong with a picture.
        None => Err(unreadable(output.message.unwrap_or_else(|| "the body has no embedding".to_owned()))),
    }
}
