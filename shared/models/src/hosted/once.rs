//! The ports that answer in one call: points, pictures, assessments, transcripts.

use super::{Hosted, billed};
use crate::capability::{check_content, check_embed, check_lifetime, check_order, check_recording};
use crate::exchange::Exchanged;
use crate::retry::retrying;
use crate::{
    Assessment, Class, EmbedRequest, Embedder, Embedding, Guard, GuardRequest, ImageModel, ImageRequest, MicroUsd,
    ModelError, ModelResult, Pictures, Receipt, TranscribeRequest, Transcriber, Transcript, forecast,
};
use async_trait::async_trait;
use std::future::Future;

impl Hosted {
    /// Calls until there is an answer or no time, and writes the receipt.
    async fn once<T, F>(&self, deadline_ms: u64, call: impl FnMut() -> F) -> ModelResult<(T, Receipt)>
    where
        F: Future<Output = ModelResult<Exchanged<T>>>,
    {
        let started_ms = self.clock.now_ms();
        let spec = &*self.spec;
        let mut warnings: Vec<String> = check_lifetime(spec, started_ms)?.into_iter().collect();
        let (result, n_calls) = retrying(&*self.clock, &spec.id, deadline_ms, call).await;
        let reply = result.map_err(|mut error| {
            error.n_calls = n_calls;
            billed(spec, error)
        })?;
        warnings.extend(reply.warnings);
        let receipt = Receipt {
            consumption: reply.consumption,
            cost: spec.cost(reply.consumption),
            model_asked: spec.id.clone(),
            model_answered: reply.model.unwrap_or_else(|| spec.model.clone()),
            request_id: reply.request_id,
            latency_ms: self.clock.now_ms().saturating_sub(started_ms),
            n_calls,
            warnings,
            passed_over: Vec::new(),
        };
        Ok((reply.value, receipt))
    }

    /// Returns the error of an answer that came and is of no use: it costs what it costs.
    fn unusable(&self, receipt: Receipt, code: &str, message: &str, found: String, raw: String) -> Box<ModelError> {
        let class = Class::BadOutput { errors: vec![found], raw };
        let mut error = ModelError::of(class, &self.spec.id, code, message).requested(receipt.request_id);
        (error.usage, error.cost, error.n_calls) = (receipt.consumption.tokens, receipt.cost, receipt.n_calls);
        error
    }

    fn check_today(&self) -> ModelResult<()> {
        check_lifetime(&self.spec, self.clock.now_ms()).map(|_| ())
    }
}

#[async_trait]
impl Embedder for Hosted {
    fn id(&self) -> &str {
        &self.spec.id
    }

    fn check(&self, request: &EmbedRequest) -> ModelResult<()> {
        self.check_today()?;
        check_embed(&self.spec, request)
    }

    fn forecast(&self, request: &EmbedRequest) -> Option<MicroUsd> {
        forecast::of_embedding(&self.spec, request)
    }

    async fn embed(&self, request: &EmbedRequest, deadline_ms: u64) -> ModelResult<Embedding> {
        Embedder::check(self, request)?;
        let (vector, receipt) = self.once(deadline_ms, || self.exchange.embed(&self.spec, request)).await?;
        for warning in &receipt.warnings {
            tracing::warn!(model = self.spec.id, "{warning}");
        }
        let is_as_asked = request.dimensions.is_none_or(|wanted| wanted as usize == vector.len());
        if !is_as_asked || vector.is_empty() || vector.iter().any(|value| !value.is_finite()) {
            let found = format!("there are {} numbers, or some are none", vector.len());
            let message = "the answer is no point of the space asked for";
            return Err(self.unusable(receipt, "no_embedding", message, found, format!("{vector:?}")));
        }
        Ok(Embedding {
            vector,
            usage: receipt.consumption.tokens,
            cost: receipt.cost,
            model_asked: receipt.model_asked,
            model_answered: receipt.model_answered,
            request_id: receipt.request_id,
            latency_ms: receipt.latency_ms,
            n_calls: receipt.n_calls,
            passed_over: Vec::new(),
        })
    }
}

#[async_trait]
impl ImageModel for Hosted {
    fn id(&self) -> &str {
        &self.spec.id
    }

    fn check(&self, request: &ImageRequest) -> ModelResult<()> {
        self.check_today()?;
        check_order(&self.spec, request)
    }

    fn forecast(&self, request: &ImageRequest) -> Option<MicroUsd> {
        forecast::of_pictures(&self.spec, request)
    }

    async fn draw(&self, request: &ImageRequest, deadline_ms: u64) -> ModelResult<Pictures> {
        ImageModel::check(self, request)?;
        let (pictures, mut receipt) = self.once(deadline_ms, || self.exchange.draw(&self.spec, request)).await?;
        if pictures.is_empty() {
            let found = "there is no picture".to_owned();
            return Err(self.unusable(receipt, "no_picture", "the answer has no picture", found, String::new()));
        }
        if (pictures.len() as u64) < u64::from(request.count) {
            receipt.warnings.push(format!("{} pictures were asked for, {} came", request.count, pictures.len()));
        }
        let size = request.size;
        if let Some(other) = pictures.iter().find(|made| (made.width, made.height) != (size.width, size.height)) {
            receipt.warnings.push(format!("{size} was asked for, {}x{} came", other.width, other.height));
        }
        Ok(Pictures { pictures, receipt })
    }
}

#[async_trait]
impl Guard for Hosted {
    fn id(&self) -> &str {
        &self.spec.id
    }

    fn check(&self, request: &GuardRequest) -> ModelResult<()> {
        self.check_today()?;
        check_content(&self.spec, request)
    }

    fn forecast(&self, request: &GuardRequest) -> Option<MicroUsd> {
        forecast::of_content(&self.spec, request)
    }

    async fn assess(&self, request: &GuardRequest, deadline_ms: u64) -> ModelResult<Assessment> {
        Guard::check(self, request)?;
        let (judged, receipt) = self.once(deadline_ms, || self.exchange.assess(&self.spec, request)).await?;
        Ok(Assessment { action: judged.action, findings: judged.findings, replacements: judged.replacements, receipt })
    }
}

#[async_trait]
impl Transcriber for Hosted {
    fn id(&self) -> &str {
        &self.spec.id
    }

    fn check(&self, request: &TranscribeRequest) -> ModelResult<()> {
        self.check_today()?;
        check_recording(&self.spec, request)
    }

    fn forecast(&self, request: &TranscribeRequest) -> Option<MicroUsd> {
        forecast::of_recording(&self.spec, request)
    }

    async fn transcribe(&self, request: &TranscribeRequest, deadline_ms: u64) -> ModelResult<Transcript> {
        Transcriber::check(self, request)?;
        let (heard, receipt) = self.once(deadline_ms, || self.exchange.transcribe(&self.spec, request)).await?;
        if heard.words.is_empty() && !heard.text.trim().is_empty() {
            let found = "there is a text, and no word has a time".to_owned();
            let message = "the model gives no times of words: use one that does";
            return Err(self.unusable(receipt, "no_times", message, found, heard.text));
        }
        Ok(Transcript {
            text: heard.text,
            words: heard.words,
            language: heard.language,
            duration_ms: heard.duration_ms,
            receipt,
        })
    }
}
