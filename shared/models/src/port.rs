//! The verbs that functions ask of models.

use crate::book::ImageLimits;
use crate::{
    Answer, Assessment, Embedding, GuardRequest, Image, ImageRequest, MicroUsd, ModelResult, Pictures, Request,
    TranscribeRequest, Transcript,
};
use async_trait::async_trait;
use serde::Serialize;

/// Answers in text, or in JSON of a schema, to text, pictures and documents.
#[async_trait]
pub trait TextModel: Send + Sync {
    /// The id in the price book, or the name of a route.
    fn id(&self) -> &str;

    /// Says whether this can be asked at all, without asking.
    fn check(&self, request: &Request) -> ModelResult<()>;

    /// Returns the most that this can cost, without asking; nothing where a price is missing, and then nobody may pay.
    fn forecast(&self, request: &Request) -> Option<MicroUsd> {
        let _ = request;
        None
    }

    /// Returns how large pictures may be; nothing where it takes none.
    fn image_limits(&self) -> Option<ImageLimits> {
        None
    }

    /// Asks. Whatever has to be tried again is, until `deadline_ms` (milliseconds since 1970, by [`ports::Clock`]).
    async fn generate(&self, request: &Request, deadline_ms: u64) -> ModelResult<Answer>;
}

/// Maps texts and pictures to points, so that what means the same lies close together.
#[async_trait]
pub trait Embedder: Send + Sync {
    fn id(&self) -> &str;

    /// Says whether this can be asked at all, without asking.
    fn check(&self, request: &EmbedRequest) -> ModelResult<()>;

    /// Returns the most that this can cost, without asking; nothing where a price is missing, and then nobody may pay.
    fn forecast(&self, request: &EmbedRequest) -> Option<MicroUsd> {
        let _ = request;
        None
    }

    async fn embed(&self, request: &EmbedRequest, deadline_ms: u64) -> ModelResult<Embedding>;
}

/// Makes pictures out of words, and out of a picture.
#[async_trait]
pub trait ImageModel: Send + Sync {
    fn id(&self) -> &str;

    /// Says whether this can be asked at all, without asking.
    fn check(&self, request: &ImageRequest) -> ModelResult<()>;

    /// Returns the most that this can cost, without asking; nothing where a price is missing, and then nobody may pay.
    fn forecast(&self, request: &ImageRequest) -> Option<MicroUsd>;

    /// Draws. A prompt that the provider will not draw is [`Class::Blocked`](crate::Class::Blocked).
    async fn draw(&self, request: &ImageRequest, deadline_ms: u64) -> ModelResult<Pictures>;
}

/// Judges content that strangers or models wrote.
#[async_trait]
pub trait Guard: Send + Sync {
    fn id(&self) -> &str;

    /// Says whether this can be asked at all, without asking.
    fn check(&self, request: &GuardRequest) -> ModelResult<()>;

    /// Returns the most that this can cost, without asking; nothing where a price is missing, and then nobody may pay.
    fn forecast(&self, request: &GuardRequest) -> Option<MicroUsd>;

    /// Judges. An intervention is an answer, not an error; without an answer nobody knows, so the caller must not go on.
    async fn assess(&self, request: &GuardRequest, deadline_ms: u64) -> ModelResult<Assessment>;
}

/// Writes down what is said.
#[async_trait]
pub trait Transcriber: Send + Sync {
    fn id(&self) -> &str;

    /// Says whether this can be asked at all, without asking.
    fn check(&self, request: &TranscribeRequest) -> ModelResult<()>;

    /// Returns the most that this can cost, without asking; nothing where a price is missing, and then nobody may pay.
    fn forecast(&self, request: &TranscribeRequest) -> Option<MicroUsd>;

    async fn transcribe(&self, request: &TranscribeRequest, deadline_ms: u64) -> ModelResult<Transcript>;
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
