//! Amazon Bedrock: Converse for texts, InvokeModel for embeddings.

mod client;
mod converse;
mod embed;
mod error;

use crate::book::ModelSpec;
use crate::exchange::{Call, EmbedExchange, EmbedReply, Exchange, Reply};
use crate::{EmbedRequest, ModelResult};
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
}

#[async_trait]
impl EmbedExchange for Bedrock {
    async fn embed(&self, spec: &ModelSpec, request: &EmbedRequest) -> ModelResult<EmbedReply> {
        embed::exchange(&self.client, spec, request).await
    }
}
