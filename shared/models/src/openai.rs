//! Servers that speak OpenAI's chat completions and embeddings: Ollama, llama.cpp, vLLM, Bedrock's own endpoint.

mod http;
mod wire;

use crate::book::ModelSpec;
use crate::exchange::{Call, EmbedExchange, EmbedReply, Exchange, Reply};
use crate::{Class, EmbedInput, EmbedRequest, ModelError, ModelResult};
use async_trait::async_trait;
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
        body: String,
    ) -> ModelResult<http::Answered> {
        let url = format!("{}{path}", self.url);
        self.http.post(&spec.id, &url, self.key.as_deref(), idempotency_key, body).await
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
        let answered = self.post(call.spec, "/chat/completions", key, body).await?;
        wire::read_chat(call, &answered.body, answered.request_id)
    }
}

#[async_trait]
impl EmbedExchange for OpenAi {
    async fn embed(&self, spec: &ModelSpec, request: &EmbedRequest) -> ModelResult<EmbedReply> {
        let EmbedInput::Text(text) = &request.input else {
            let message = "the protocol has no embeddings of pictures";
            return Err(ModelError::of(Class::Unavailable, &spec.id, "no_pictures", message));
        };
        let body = wire::embeddings(spec, text, request.dimensions);
        let answered = self.post(spec, "/embeddings", None, body).await?;
        wire::read_embedding(spec, &answered.body, answered.request_id)
    }
}
