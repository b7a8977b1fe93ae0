//! `POST /v1/embeddings`: of texts, and of pictures as features.

use super::embedder::{DIMENSIONS, Embedded};
use super::engines::{EMBEDDER, Engines, FEATURES};
use super::error::{ApiError, ApiResult};
use super::picture::Picture;
use super::tagger::N_FEATURES;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

/// Texts of one request, and bytes of one: a token has seldom more than a few, and 256 of them are read.
const MAX_INPUTS: usize = 256;
const MAX_TEXT_BYTES: usize = 1 << 20;

/// Pixels of the longer edge at which a picture is decoded.
const LOOK_AT: u32 = 1024;

#[derive(Deserialize)]
pub(super) struct EmbeddingsRequest {
    pub model: String,
    input: Input,
    encoding_format: Option<Encoding>,
    dimensions: Option<usize>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Input {
    One(String),
    Many(Vec<String>),
    /// Numbers of a tokenizer, which may be another one than ours.
    Other(IgnoredAny),
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Encoding {
    #[default]
    Float,
    Base64,
}

/// Answers a request. Computes: not for the threads that serve.
pub(super) fn answer(engines: &Engines, request: &EmbeddingsRequest) -> ApiResult<Value> {
    let model = engines.model(&request.model)?;
    let inputs = request.inputs()?;
    let (mut data, mut n_tokens) = (Vec::new(), 0);
    for (index, input) in inputs.iter().enumerate() {
        let embedded = match request.model.as_str() {
            EMBEDDER => request.text(engines, input)?,
            FEATURES => request.features(engines, input)?,
            other => {
                let message = format!("model `{other}` answers questions about pictures: ask `/v1/chat/completions`");
                return Err(ApiError::refused("unsupported", message));
            }
        };
        n_tokens += embedded.n_tokens;
        let mut item = json!({"object": "embedding", "index": index, "embedding": request.encode(&embedded.vector)});
        if embedded.is_cut {
            item["truncated"] = true.into();
        }
        data.push(item);
    }
    let fingerprint = model.fingerprint();
    Ok(json!({
        "object": "list",
        "data": data,
        "model": format!("{}@{fingerprint}", request.model),
        "system_fingerprint": fingerprint,
        "usage": {"prompt_tokens": n_tokens, "total_tokens": n_tokens},
    }))
}

impl EmbeddingsRequest {
    fn inputs(&self) -> ApiResult<&[String]> {
        let inputs = match &self.input {
            Input::One(text) => std::slice::from_ref(text),
            Input::Many(texts) => texts,
            Input::Other(_) => {
                return Err(ApiError::refused("unsupported", "the input is a text or a list of texts, not tokens"));
            }
        };
        if inputs.is_empty() || inputs.len() > MAX_INPUTS {
            let message = format!("a request has 1 to {MAX_INPUTS} inputs, not {}", inputs.len());
            return Err(ApiError::refused("too_many_inputs", message));
        }
        Ok(inputs)
    }

    fn check_dimensions(&self, has: usize) -> ApiResult<()> {
        match self.dimensions {
            Some(wanted) if wanted != has => {
                let message = format!("model `{}` has {has} dimensions, not {wanted}", self.model);
                Err(ApiError::refused("no_such_dimensions", message))
            }
            _ => Ok(()),
        }
    }

    fn text(&self, engines: &Engines, text: &str) -> ApiResult<Embedded> {
        self.check_dimensions(DIMENSIONS)?;
        if text.trim().is_empty() {
            return Err(ApiError::refused("empty", "the text is empty"));
        }
        if text.len() > MAX_TEXT_BYTES {
            return Err(ApiError::refused("too_long", format!("a text has at most {MAX_TEXT_BYTES} bytes")));
        }
        Ok(engines.embedder()?.embed(text)?)
    }

    fn features(&self, engines: &Engines, uri: &str) -> ApiResult<Embedded> {
        self.check_dimensions(N_FEATURES)?;
        let picture = Picture::from_data_uri(uri, LOOK_AT)?;
        Ok(Embedded { vector: engines.tagger()?.features(&picture)?, n_tokens: 0, is_cut: false })
    }

    fn encode(&self, vector: &[f32]) -> Value {
        match self.encoding_format.unwrap_or_default() {
            Encoding::Float => vector.into(),
            Encoding::Base64 => {
                let bytes: Vec<u8> = vector.iter().flat_map(|value| value.to_le_bytes()).collect();
                STANDARD.encode(bytes).into()
            }
        }
    }
}
