//! Asking a model about a picture: what it is shown, what it is asked, and what its answer or its failure amounts to.
//!
//! The functions that do it differ in what they make of the answer. They hold a [`Vision`], call [`Vision::ask`] in their
//! [`runtime::Craft`], and run their tasks by [`run`].

mod embed;
mod failed;
mod file;
mod preview;
mod question;
mod relevance;
mod run;

pub use failed::{bad_answer, failed};
pub use preview::{MediaPreview, Preview};
pub use relevance::Relevance;
pub use run::run;

use crate::question::{Question, question};
use asset::field::{Field, PromptRef, Provenance, SentPicture, WriteSpec, Written};
use asset::ids::Sha256;
use asset::keys;
use asset::refusal::{Refusal, RefusalCode};
use asset::task::Task;
use bytes::Bytes;
use models::{Answer, ConnectError, Embedder, Image, TextModel, Till, Transcriber, Work};
use ports::{Clock, ReadBlob};
use prompts::{Prompt, PromptError, Shelf, Sources};
use runtime::{Context, Failure};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// What a function needs to ask.
pub struct Vision {
    pub store: Arc<dyn ReadBlob>,
    pub preview: Arc<dyn Preview>,
    pub models: Arc<dyn ChooseModel>,
    /// Every call goes through it, and is counted.
    pub till: Arc<Till>,
    pub prompts: Arc<Shelf>,
    pub clock: Arc<dyn Clock>,
}

/// What is about to be shown to a model.
pub struct Look {
    prompt: Prompt,
    model: Arc<dyn TextModel>,
    /// What the file says of itself.
    file: Option<Value>,
    picture: Image,
}

/// An answer in the prompt's schema.
pub struct Asked {
    pub json: Value,
    /// As the model gave it.
    pub raw: String,
    pub provenance: Provenance,
}

impl Asked {
    /// Makes these words the answer's.
    pub fn words(self, spec: &WriteSpec, text: String) -> Written {
        Written {
            field: spec.field,
            locale: spec.locale.clone(),
            text,
            is_decorative: false,
            confidence: Vec::new(),
            suggestions: Vec::new(),
            evidence: Vec::new(),
            findings: Vec::new(),
            provenance: self.provenance,
        }
    }
}

/// Turns a name of the profile into a model.
pub trait ChooseModel: Send + Sync {
    fn text(&self, name: &str) -> Result<Arc<dyn TextModel>, ConnectError>;

    fn embedder(&self, name: &str) -> Result<Arc<dyn Embedder>, ConnectError>;

    fn transcriber(&self, name: &str) -> Result<Arc<dyn Transcriber>, ConnectError>;
}

impl ChooseModel for models::Models {
    fn text(&self, name: &str) -> Result<Arc<dyn TextModel>, ConnectError> {
        models::Models::text(self, name)
    }

    fn embedder(&self, name: &str) -> Result<Arc<dyn Embedder>, ConnectError> {
        models::Models::embedder(self, name)
    }

    fn transcriber(&self, name: &str) -> Result<Arc<dyn Transcriber>, ConnectError> {
        models::Models::transcriber(self, name)
    }
}

/// Returns which version of which prompt writes each field: what a profile is completed with.
pub fn prompts_in_force(sources: &Sources) -> Result<Vec<(Field, PromptRef)>, PromptError> {
    let reference = |field: Field| {
        let prompt = sources.prompt(field.as_str())?;
        let (id, version) = (prompt.name().to_owned(), prompt.version().to_owned());
        Ok((field, PromptRef { id, version, hash: prompt.hash().clone() }))
    };
    Field::ALL.into_iter().map(reference).collect()
}

/// What a call may take beyond which the message comes back.
const CALL: Duration = Duration::from_secs(60);

impl Vision {
    /// Shows the task's picture and asks what its prompt asks; `variables` are the prompt's own, beside those of the picture.
    pub async fn ask(
        &self,
        task: &Task,
        spec: &WriteSpec,
        variables: Value,
        context: &Context,
    ) -> Result<Result<Asked, Refusal>, Failure> {
        match self.look(task, spec).await? {
            Ok(look) => self.ask_about(look, task, spec, variables, context).await,
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// The first half of [`Vision::ask`]: makes what will be shown.
    pub async fn look(&self, task: &Task, spec: &WriteSpec) -> Result<Result<Look, Refusal>, Failure> {
        let prompt = self.prompt(spec).await?;
        let model = match self.models.text(&spec.model) {
            Ok(model) => model,
            Err(error) => return Ok(Err(no_model(&error, "under `[models]`"))),
        };
        let long_edge = model.image_limits().map(|limits| limits.long_edge);
        let original = match self.original(task).await? {
            Ok(original) => original,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let file = file::words(spec, original.clone()).await;
        let picture = self.preview.preview(original, task.limits, long_edge).await;
        Ok(picture.map(|picture| Look { prompt, model, file, picture }))
    }

    /// The second half: asks.
    pub async fn ask_about(
        &self,
        look: Look,
        task: &Task,
        spec: &WriteSpec,
        variables: Value,
        context: &Context,
    ) -> Result<Result<Asked, Refusal>, Failure> {
        let Look { prompt, model, file, picture } = look;
        let question = question(&prompt, variables, file, &picture).map_err(Failure::reject)?;
        let work = task_work(task, spec.field.as_str(), context);
        match self.till.generate(&work, model.as_ref(), &question.request, self.deadline(context)).await {
            Ok(answer) => Ok(asked(spec, &question, &picture, answer)),
            Err(error) => failed::failed(error).map(Err),
        }
    }

    /// When a call has to have ended.
    fn deadline(&self, context: &Context) -> u64 {
        context.deadline_ms.min(self.clock.now_ms() + CALL.as_millis() as u64)
    }

    /// Returns the prompt that the task names, down to its hash.
    async fn prompt(&self, spec: &WriteSpec) -> Result<Prompt, Failure> {
        const AGAIN: Duration = Duration::from_secs(60);
        let found = self.prompts.prompt(&spec.prompt).await;
        found.map_err(|error| Failure::retry(AGAIN, error))?.ok_or_else(|| {
            // During a deployment, one of two functions is newer than the other.
            let message = format!("prompt `{}` with hash {} is not here", spec.prompt.id, spec.prompt.hash);
            Failure::retry(AGAIN, message)
        })
    }

    async fn original(&self, task: &Task) -> Result<Result<Bytes, Refusal>, Failure> {
        let original = keys::original(&task.asset, &task.source);
        let bytes = self.store.head(&original).await?.bytes;
        if bytes > task.limits.max_bytes {
            return Ok(Err(Refusal::too_many_bytes(bytes, &task.limits)));
        }
        Ok(Ok(self.store.read(&original).await?.bytes))
    }
}

/// Says that the profile names no model that can be asked; `place` is where it should.
pub fn no_model(error: &ConnectError, place: &str) -> Refusal {
    let way_out = format!("name a model or a route of models.toml in the profile, {place}");
    Refusal::new(RefusalCode::Blocked, error.to_string(), way_out)
}

/// Returns what a call for this task is counted under.
pub fn task_work(task: &Task, capability: &str, context: &Context) -> Work {
    Work {
        // Of this delivery: one that comes after a crash may pay once more, and has to be counted.
        id: format!("{}.{}/{}", task.id(), task.attempt.as_str(), context.delivery),
        asset: task.asset.to_string(),
        collection: task.collection.clone(),
        capability: capability.to_owned(),
        batch: None,
    }
}

fn asked(spec: &WriteSpec, question: &Question, picture: &Image, answer: Answer) -> Result<Asked, Refusal> {
    let Some(json) = answer.json else {
        return Err(bad_answer("it is no JSON of the prompt's schema", &answer.text));
    };
    let parameters = &question.request.parameters;
    let passed_over_cost = answer.passed_over.iter().filter_map(|model| model.cost);
    let provenance = Provenance {
        prompt: spec.prompt.clone(),
        rendered: question.rendered.sha256.clone(),
        request: Sha256::of(question.request.canonical().as_bytes()),
        model_asked: answer.model_asked,
        model_answered: answer.model_answered,
        max_tokens: parameters.max_tokens,
        temperature_thousandths: parameters.temperature_thousandths,
        sent: SentPicture {
            sha256: Sha256::of(&picture.bytes),
            bytes: picture.bytes.len() as u64,
            width: picture.width,
            height: picture.height,
        },
        usage: answer.usage,
        cost: passed_over_cost.fold(answer.cost.unwrap_or_default(), |sum, cost| sum.plus(cost)),
        passed_over: answer.passed_over.into_iter().map(|model| format!("{}: {}", model.model, model.why)).collect(),
        latency_ms: answer.latency_ms,
        n_calls: answer.n_calls,
        request_id: answer.request_id,
        warnings: answer.warnings,
    };
    Ok(Asked { json, raw: answer.text, provenance })
}
