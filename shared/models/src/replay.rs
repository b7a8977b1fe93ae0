//! Recorded exchanges: a recorder around a model writes what was asked and answered, a replayer answers from that and
//! from nothing else.

mod cassette;
mod difference;

use crate::book::ImageLimits;
use crate::{Answer, Class, EmbedRequest, Embedder, Embedding, MicroUsd, ModelError, ModelResult, Request, TextModel};
use async_trait::async_trait;
use serde_json::{Value, json};
use std::sync::Arc;

pub use cassette::{Cassette, CassetteError};

fn asked_text(model: &str, request: &Request) -> Value {
    json!({"model": model, "text": request})
}

fn asked_embedding(model: &str, request: &EmbedRequest) -> Value {
    json!({"model": model, "embed": request})
}

/// Writes every exchange of a model to a cassette.
pub struct Recorder<M: ?Sized> {
    inner: Arc<M>,
    cassette: Arc<Cassette>,
}

impl<M: ?Sized> Recorder<M> {
    pub fn new(inner: Arc<M>, cassette: Arc<Cassette>) -> Self {
        Recorder { inner, cassette }
    }
}

/// What was paid for is returned even if it could not be written down; the log says so.
fn keep<T: serde::Serialize>(cassette: &Cassette, ask: &Value, result: &ModelResult<T>) {
    if let Err(error) = cassette.record(ask, result) {
        tracing::error!(%error, "an exchange was not recorded");
    }
}

#[async_trait]
impl TextModel for Recorder<dyn TextModel> {
    fn id(&self) -> &str {
        self.inner.id()
    }

    fn check(&self, request: &Request) -> ModelResult<()> {
        self.inner.check(request)
    }

    fn forecast(&self, request: &Request) -> Option<MicroUsd> {
        self.inner.forecast(request)
    }

    fn image_limits(&self) -> Option<ImageLimits> {
        self.inner.image_limits()
    }

    async fn generate(&self, request: &Request, deadline_ms: u64) -> ModelResult<Answer> {
        let result = self.inner.generate(request, deadline_ms).await;
        keep(&self.cassette, &asked_text(self.id(), request), &result);
        result
    }
}

#[async_trait]
impl Embedder for Recorder<dyn Embedder> {
    fn id(&self) -> &str {
        self.inner.id()
    }

    fn check(&self, request: &EmbedRequest) -> ModelResult<()> {
        self.inner.check(request)
    }

    fn forecast(&self, request: &EmbedRequest) -> Option<MicroUsd> {
        self.inner.forecast(request)
    }

    async fn embed(&self, request: &EmbedRequest, deadline_ms: u64) -> ModelResult<Embedding> {
        let result = self.inner.embed(request, deadline_ms).await;
        keep(&self.cassette, &asked_embedding(self.id(), request), &result);
        result
    }
}

/// Answers from a cassette. What was recorded several times is answered in that order; the last answer stays.
pub struct Replayer {
    model: String,
    cassette: Arc<Cassette>,
    image_limits: Option<ImageLimits>,
}

impl Replayer {
    /// Takes the place of a model or route of this name.
    pub fn new(model: impl Into<String>, cassette: Arc<Cassette>) -> Self {
        Replayer { model: model.into(), cassette, image_limits: None }
    }

    /// Has the limits of the model that was recorded: pictures of another size would be other requests.
    #[must_use]
    pub fn with_image_limits(mut self, limits: ImageLimits) -> Self {
        self.image_limits = Some(limits);
        self
    }

    fn play<T: serde::de::DeserializeOwned>(&self, ask: &Value) -> ModelResult<T> {
        let missing = |message: String| ModelError::of(Class::Permanent, &self.model, "no_recording", message);
        self.cassette.play(&self.model, ask).unwrap_or_else(|nearest| Err(missing(nearest)))
    }
}

#[async_trait]
impl TextModel for Replayer {
    fn id(&self) -> &str {
        &self.model
    }

    /// What could be asked when it was recorded is in the recording.
    fn check(&self, _: &Request) -> ModelResult<()> {
        Ok(())
    }

    /// What is played back costs nothing.
    fn forecast(&self, _: &Request) -> Option<MicroUsd> {
        Some(MicroUsd(0))
    }

    fn image_limits(&self) -> Option<ImageLimits> {
        self.image_limits
    }

    async fn generate(&self, request: &Request, _: u64) -> ModelResult<Answer> {
        self.play(&asked_text(&self.model, request))
    }
}

#[async_trait]
impl Embedder for Replayer {
    fn id(&self) -> &str {
        &self.model
    }

    fn check(&self, _: &EmbedRequest) -> ModelResult<()> {
        Ok(())
    }

    fn forecast(&self, _: &EmbedRequest) -> Option<MicroUsd> {
        Some(MicroUsd(0))
    }

    async fn embed(&self, request: &EmbedRequest, _: u64) -> ModelResult<Embedding> {
        self.play(&asked_embedding(&self.model, request))
    }
}
