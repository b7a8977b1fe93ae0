//! InvokeModel: the embeddings of Titan and Nova 2, as unit vectors that depend on the input's digest only.

use super::reply::Fault;
use super::{Ask, MARK, count_tokens};
use asset::canonical::sha256_hex;
use serde_json::{Value, json};

pub(super) fn invoke(ask: &Ask<'_>) -> Result<Value, Fault> {
    let body = ask.body;
    let invalid = |message: &str| Fault::new("ValidationException", message);
    if ask.subject.contains("titan-embed-text") {
        let text = body["inputText"].as_str().ok_or_else(|| invalid("`inputText` is required"))?;
        let length = length(&body["dimensions"], &[256, 512, 1024], 1024)?;
        let tokens = count_tokens(&body["inputText"]);
        return Ok(json!({"embedding": vector(text, length), "inputTextTokenCount": tokens, "testDouble": true}));
    }
    if ask.subject.contains("titan-embed-image") {
        if !body["inputText"].is_string() && !body["inputImage"].is_string() {
            return Err(invalid("`inputText` or `inputImage` is required"));
        }
        let input = format!("{}{}", body["inputText"], body["inputImage"]);
        let length = length(&body["embeddingConfig"]["outputEmbeddingLength"], &[256, 384, 1024], 1024)?;
        let tokens = count_tokens(&body["inputText"]);
        let embedding = vector(&input, length);
        return Ok(json!({"embedding": embedding, "inputTextTokenCount": tokens, "message": null, "testDouble": true}));
    }
    if ask.subject.contains("nova-2-multimodal-embeddings") {
        let parameters = &body["singleEmbeddingParams"];
        if body["taskType"] != "SINGLE_EMBEDDING" || !parameters["embeddingPurpose"].is_string() {
            return Err(invalid("`taskType` SINGLE_EMBEDDING with an `embeddingPurpose` is required"));
        }
        let (kind, input) = match (&parameters["text"]["value"], &parameters["image"]["source"]["bytes"]) {
            (Value::String(text), _) => ("TEXT", text),
            (_, Value::String(image)) => ("IMAGE", image),
            _ => return Err(invalid("`text` or `image` is required")),
        };
        let length = length(&parameters["embeddingDimension"], &[256, 384, 1024, 3072], 3072)?;
        let embedding = json!({"embeddingType": kind, "embedding": vector(input, length)});
        return Ok(json!({"embeddings": [embedding], "testDouble": true}));
    }
    Err(invalid(&format!("{MARK} knows the bodies of Titan and Nova 2 embeddings only, not of `{}`", ask.subject)))
}

fn length(wanted: &Value, choices: &[u64], default: u64) -> Result<u64, Fault> {
    match wanted.as_u64() {
        None if wanted.is_null() => Ok(default),
        Some(length) if choices.contains(&length) => Ok(length),
        _ => Err(Fault::new("ValidationException", format!("{wanted} is not one of {choices:?} dimensions"))),
    }
}

fn vector(input: &str, length: u64) -> Vec<f64> {
    let mut state = u64::from_str_radix(&sha256_hex(input.as_bytes())[..16], 16).unwrap_or(1) | 1;
    let mut next = || {
        // Xorshift: any numbers will do, as long as they are always the same.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % 20_001) as f64 / 10_000.0 - 1.0
    };
    let raw: Vec<f64> = (0..length).map(|_| next()).collect();
    let norm = raw.iter().map(|value| value * value).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
    raw.into_iter().map(|value| value / norm).collect()
}
