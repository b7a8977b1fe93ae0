//! Servers that speak OpenAI's protocols: chat completions and embeddings (Ollama, llama.cpp, vLLM, Bedrock's own
//! endpoint), pictures, transcriptions with the times of words (whisper.cpp, speaches), moderations.

mod audio;
mod http;
mod image;
mod moderation;
mod payload;
mod wire;

use crate::book::ModelSpec;
use crate::exchange::{Call, Exchange, Exchanged, Heard, Judged, Reply};
use crate::{
    Class, EmbedInput, EmbedRequest, GuardRequest, ImageRequest, ModelError, ModelResult, Picture, TranscribeRequest,
};
use async_trait::async_trait;
use payload::Payload;
use std::fmt;
use std::sync::Arc;

pub use http::HttpClient;

/// One server and the key for it.
#[derive(Clone)]
pub struct OpenAi {
    http: Arc<HttpClient>,
    /// Up to and including `/v1`.
    url: String,
    key: Option<String>,
}

impl OpenAi {
    pub fn new(http: Arc<HttpClient>, url: &str, key: Option<String>) -> Self {
        OpenAi { http, url: url.trim_end_matches('/').to_owned(), key }
    }

    async fn post(
        &self,
        spec: &ModelSpec,
        path: &str,
        idempotency_key: Option<&str>,
        payload: Payload,
    ) -> ModelResult<http::Answered> {
        let url = format!("{}{path}", self.url);
        self.http.post(&spec.id, &url, self.key.as_deref(), idempotency_key, payload).await
    }
}

impl fmt::Debug for OpenAi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenAi").field("url", &self.url).finish_non_exhaustive()
    }
}

#[async_trait]
impl Exchange for OpenAi {
    async fn exchange(&self, call: &Call<'_>) -> ModelResult<Reply> {
        let body = wire::chat(call);
        let key = call.request.idempotency_key.as_deref().filter(|_| call.repair.is_none());
        let answered = self.post(call.spec, "/chat/completions", key, body.into()).await?;
        wire::read_chat(call, &answered.body, answered.request_id)
    }

    async fn embed(&self, spec: &ModelSpec, request: &EmbedRequest) -> ModelResult<Exchanged<Vec<f32>>> {
        let EmbedInput::Text(text) = &request.input else {
            let message = "the protocol has no embeddings of pictures";
            return Err(ModelError::of(Class::Unavailable, &spec.id, "no_pictures", message));
        };
        let body = wire::embeddings(spec, text, request.dimensions);
        let answered = self.post(spec, "/embeddings", None, body.into()).await?;
        wire::read_embedding(spec, &answered.body, answered.request_id)
    }

    async fn draw(&self, spec: &ModelSpec, request: &ImageRequest) -> ModelResult<Exchanged<Vec<Picture>>> {
        let (path, payload) = image::order(spec, request);
        let answered = self.post(spec, path, None, payload).await?;
        image::read(spec, request, &answered.body, answered.request_id)
    }

    async fn assess(&self, spec: &ModelSpec, request: &GuardRequest) -> ModelResult<Exchanged<Judged>> {
        let answered = self.post(spec, "/moderations", None, moderation::question(spec, request)?.into()).await?;
        moderation::read(spec, request, &answered.body, answered.request_id)
    }

    async fn transcribe(&self, spec: &ModelSpec, request: &TranscribeRequest) -> ModelResult<Exchanged<Heard>> {
        let answered = self.post(spec, "/audio/transcriptions", None, audio::recording(spec, request)).await?;
        audio::read(spec, request, &answered.body, answered.request_id)
    }
}
