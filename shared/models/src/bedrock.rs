//! Amazon Bedrock: Converse for texts, InvokeModel for embeddings and pictures, ApplyGuardrail.

mod client;
mod converse;
mod embed;
mod error;
mod guard;
mod image;
mod invoke;

use crate::book::ModelSpec;
use crate::exchange::{Call, Exchange, Exchanged, Heard, Judged, Reply};
use crate::{Class, EmbedRequest, GuardRequest, ImageRequest, ModelError, ModelResult, Picture, TranscribeRequest};
use async_trait::async_trait;
use aws_sdk_bedrockruntime::Client;
use std::fmt;

pub use client::{Environment, MissingVariables};

/// Bedrock in one region.
#[derive(Clone)]
pub struct Bedrock {
    client: Client,
}

impl Bedrock {
    pub fn new(environment: &Environment) -> Self {
        Bedrock { client: client::client(environment) }
    }
}

impl fmt::Debug for Bedrock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bedrock").finish_non_exhaustive()
    }
}

#[async_trait]
impl Exchange for Bedrock {
    async fn exchange(&self, call: &Call<'_>) -> ModelResult<Reply> {
        converse::exchange(&self.client, call).await
    }

    async fn embed(&self, spec: &ModelSpec, request: &EmbedRequest) -> ModelResult<Exchanged<Vec<f32>>> {
        embed::exchange(&self.client, spec, request).await
    }

    async fn draw(&self, spec: &ModelSpec, request: &ImageRequest) -> ModelResult<Exchanged<Vec<Picture>>> {
        image::exchange(&self.client, spec, request).await
    }

    async fn assess(&self, spec: &ModelSpec, request: &GuardRequest) -> ModelResult<Exchanged<Judged>> {
        guard::exchange(&self.client, spec, request).await
    }

    async fn transcribe(&self, spec: &ModelSpec, _: &TranscribeRequest) -> ModelResult<Exchanged<Heard>> {
        let message = "Bedrock has no words with their times";
        Err(ModelError::of(Class::Unavailable, &spec.id, "no_transcription", message))
    }
}
