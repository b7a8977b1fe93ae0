//! What an asset means, as a point: its texts, mapped by a model.

use crate::failed::failed;
use crate::{Vision, no_model, task_work};
use asset::embedding::{EmbedSpec, Embedded, to_base64};
use asset::ids::Sha256;
use asset::refusal::Refusal;
use asset::task::Task;
use models::{EmbedInput, EmbedRequest, Embedding, Purpose};
use runtime::{Context, Failure};

impl Vision {
    /// Maps the task's text.
    pub async fn embed(
        &self,
        task: &Task,
        spec: &EmbedSpec,
        context: &Context,
    ) -> Result<Result<Embedded, Refusal>, Failure> {
        let embedder = match self.models.embedder(&spec.model) {
            Ok(embedder) => embedder,
            Err(error) => return Ok(Err(no_model(&error, "as `embedding` under `[models]`"))),
        };
        let input = EmbedInput::Text(spec.text.clone());
        let request = EmbedRequest { input, purpose: Purpose::Index, dimensions: None };
        let deadline_ms = self.deadline(context);
        let work = task_work(task, task.job.capability(), context);
        match self.till.embed(&work, embedder.as_ref(), &request, deadline_ms).await {
            Ok(embedding) => Ok(Ok(embedded(spec, embedding))),
            Err(error) => failed(error).map(Err),
        }
    }
}

fn embedded(spec: &EmbedSpec, embedding: Embedding) -> Embedded {
    let passed_over_cost = embedding.passed_over.iter().filter_map(|model| model.cost);
    Embedded {
        model_asked: embedding.model_asked,
        model_answered: embedding.model_answered,
        dimensions: embedding.vector.len() as u32,
        vector: to_base64(&embedding.vector),
        text: Sha256::of(spec.text.as_bytes()),
        usage: embedding.usage,
        cost: passed_over_cost.fold(embedding.cost.unwrap_or_default(), |sum, cost| sum.plus(cost)),
        latency_ms: embedding.latency_ms,
        n_calls: embedding.n_calls,
        request_id: embedding.request_id,
        passed_over: embedding.passed_over.into_iter().map(|model| format!("{}: {}", model.model, model.why)).collect(),
    }
}
