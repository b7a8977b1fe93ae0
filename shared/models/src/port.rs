//! The verbs that functions ask of models.

use crate::{Answer, Embedding, Image, ModelResult, Request};
use async_trait::async_trait;
use serde::Serialize;

/// Answers in text, or in JSON of a schema, to text, pictures and documents.
#[async_trait]
pub trait TextModel: Send + Sync {
    /// The id in the price book, or the name of a route.
    fn id(&self) -> &str;

    /// Says whether this can be asked at all, without asking.
    fn check(&self, request: &Request) -> ModelResult<()>;

    /// Asks. Whatever has to be tried again is, until `deadline_ms` (milliseconds since 1970, by [`ports::Clock`]).
    async fn generate(&self, request: &Request, deadline_ms: u64) -> ModelResult<Answer>;
}

/// Maps texts and pictures to points, so that what means the same lies close together.
#[async_trait]
pub trait Embedder: Send + Sync {
    fn id(&self) -> &str;

    /// Says whether this can be asked at all, without asking.
    fn check(&self, request: &EmbedRequest) -> ModelResult<()>;

    async fn embed(&self, request: &EmbedRequest, deadline_ms: u64) -> ModelResult<Embedding>;
}

/// What to map, and what for.
#[derive(Clone, Debug, Serialize)]
pub struct EmbedRequest {
    pub input: EmbedInput,
    pub purpose: Purpose,
    /// The model's own choice where absent.
    pub dimensions: Option<u32>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EmbedInput {
    Text(String),
    Image(Image),
}

/// Some models map questions and what they look for in two ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    Index,
    Query,
}
