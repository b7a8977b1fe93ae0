//! Recorded exchanges: a recorder around a model writes what was asked and answered, a replayer answers from that and
//! from nothing else.

mod cassette;
mod difference;

use crate::ask::{Ask, Question, speaks};
use crate::book::ImageLimits;
use crate::{
    Class, EmbedRequest, Embedder, Guard, GuardRequest, ImageModel, ImageRequest, MicroUsd, ModelError, ModelResult,
    Request, TextModel, TranscribeRequest, Transcriber,
};
use async_trait::async_trait;
use serde_json::{Value, json};
use std::sync::Arc;

pub use cassette::{Cassette, CassetteError};

fn asked<Q: Question>(model: &str, question: &Q) -> Value {
    json!({"model": model, Q::NAME: question})
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
impl<P: Ask<Q> + ?Sized, Q: Question> Ask<Q> for Recorder<P> {
    fn id(&self) -> &str {
        self.inner.id()
    }

    fn check(&self, question: &Q) -> ModelResult<()> {
        self.inner.check(question)
    }

    fn forecast(&self, question: &Q) -> Option<MicroUsd> {
        self.inner.forecast(question)
    }

    async fn ask(&self, question: &Q, deadline_ms: u64) -> ModelResult<Q::Answer> {
        let result = self.inner.ask(question, deadline_ms).await;
        keep(&self.cassette, &asked(self.inner.id(), question), &result);
        result
    }
}

speaks!(Recorder<dyn TextModel>: TextModel, generate, Request, {
    fn image_limits(&self) -> Option<ImageLimits> {
        self.inner.image_limits()
    }
};);
speaks!(Recorder<dyn Embedder>: Embedder, embed, EmbedRequest;);
speaks!(Recorder<dyn ImageModel>: ImageModel, draw, ImageRequest;);
speaks!(Recorder<dyn Guard>: Guard, assess, GuardRequest;);
speaks!(Recorder<dyn Transcriber>: Transcriber, transcribe, TranscribeRequest;);

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
}

#[async_trait]
impl<Q: Question> Ask<Q> for Replayer {
    fn id(&self) -> &str {
        &self.model
    }

    /// What could be asked when it was recorded is in the recording.
    fn check(&self, _: &Q) -> ModelResult<()> {
        Ok(())
    }

    /// What is played back costs nothing.
    fn forecast(&self, _: &Q) -> Option<MicroUsd> {
        Some(MicroUsd(0))
    }

    async fn ask(&self, question: &Q, _: u64) -> ModelResult<Q::Answer> {
        let missing = |message: String| ModelError::of(Class::Permanent, &self.model, "no_recording", message);
        let ask = asked(&self.model, question);
        self.cassette.play(&self.model, &ask).unwrap_or_else(|nearest| Err(missing(nearest)))
    }
}

speaks!(Replayer:
    TextModel, generate, Request, {
        fn image_limits(&self) -> Option<ImageLimits> {
            self.image_limits
        }
    };
    Embedder, embed, EmbedRequest;
    ImageModel, draw, ImageRequest;
    Guard, assess, GuardRequest;
    Transcriber, transcribe, TranscribeRequest;
);
