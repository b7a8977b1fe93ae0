//! `caption`: a hosted model writes about a picture.
//!
//! The model is shown a small copy and answers in the prompt's schema; the checks read the answer; what comes of it is a result like any
//! other, with everything that says where the words came from. The rest is [`runtime::Once`].

mod ask;
mod checks;
mod preview;

pub use preview::{MediaPreview, Preview};

use crate::ask::{Question, Words, question, words};
use asset::fact::Outcome;
use asset::field::{Field, PromptRef, Provenance, SentPicture, WriteSpec, Written};
use asset::ids::Sha256;
use asset::keys;
use asset::refusal::{Refusal, RefusalCode};
use asset::task::{Job, Task};
use async_trait::async_trait;
use models::{Answer, Class, ConnectError, Image, ModelError, TextModel, Till, Work};
use ports::{Claims, Clock, CreateBlob, Envelope, ReadBlob, SendMessages};
use prompts::{Prompt, PromptError, Shelf, Sources};
use runtime::{Context, Craft, Failure, Function, Once, parse_json};
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

/// The function and what it needs.
pub struct Caption {
    pub store: Arc<dyn ReadBlob>,
    pub create: Arc<dyn CreateBlob>,
    pub claims: Arc<dyn Claims>,
    pub settle: Arc<dyn SendMessages>,
    /// The own queue, where tasks wait for a model that is away.
    pub own: Arc<dyn SendMessages>,
    pub preview: Arc<dyn Preview>,
    pub models: Arc<dyn ChooseModel>,
    /// Every call goes through it, and is counted.
    pub till: Arc<Till>,
    pub prompts: Arc<Shelf>,
    pub clock: Arc<dyn Clock>,
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

/// Turns a name of the profile into a model.
pub trait ChooseModel: Send + Sync {
    fn text(&self, name: &str) -> Result<Arc<dyn TextModel>, ConnectError>;
}

impl ChooseModel for models::Models {
    fn text(&self, name: &str) -> Result<Arc<dyn TextModel>, ConnectError> {
        models::Models::text(self, name)
    }
}

/// What a call may take beyond which the message comes back.
const CALL: Duration = Duration::from_secs(60);

/// The longest that a waiting task sleeps: a queue's own limit.
const LONGEST_SLEEP: Duration = Duration::from_secs(900);

#[async_trait]
impl Function for Caption {
    const NAME: &'static str = "caption";

    const NEEDS: Duration = Duration::from_secs(20);

    type Task = Task;

    fn parse(body: &str) -> Result<Task, Box<dyn Error + Send + Sync>> {
        parse_json(body)
    }

    async fn handle(&self, task: Task, context: &Context) -> Result<(), Failure> {
        let once = Once {
            store: self.store.clone(),
            create: self.create.clone(),
            claims: self.claims.clone(),
            settle: self.settle.clone(),
            clock: self.clock.clone(),
        };
        match once.run(self, &task, context).await {
            // A model that is away is no fault of the message: it goes to sleep without using up its deliveries, and finds its result
            // there if another delivery was faster.
            Err(Failure::Retry { after, source }) if source.is::<Away>() => {
                let after = after.clamp(Duration::from_secs(1), LONGEST_SLEEP);
                let (after_s, why) = (after.as_secs(), source.to_string());
                tracing::warn!(asset.id = %task.asset, task.id = %task.id(), after_s, why, "the task waits for its model");
                let body = serde_json::to_string(&task).map_err(Failure::reject)?;
                Ok(self.own.send(vec![Envelope::after(body, after)]).await?)
            }
            done => done,
        }
    }
}

/// The model cannot be asked now.
#[derive(Debug)]
struct Away(Box<ModelError>);

impl std::fmt::Display for Away {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Away {}

#[async_trait]
impl Craft for Caption {
    async fn make(&self, task: &Task, context: &Context) -> Result<Outcome, Failure> {
        let Job::Write(spec) = &task.job else {
            return Err(Failure::reject("`caption` makes no pictures: the message belongs to `resize`"));
        };
        let prompt = self.prompt(spec).await?;
        let model = match self.models.text(&spec.model) {
            Ok(model) => model,
            Err(error) => {
                let way_out = "name a model or a route of models.toml in the profile, under `[models]`";
                return Ok(Outcome::Refused(Refusal::new(RefusalCode::Blocked, error.to_string(), way_out)));
            }
        };
        let long_edge = model.image_limits().map(|limits| limits.long_edge);
        let picture = match self.picture(task, long_edge).await? {
            Ok(picture) => picture,
            Err(refusal) => return Ok(Outcome::Refused(refusal)),
        };
        let question = question(&prompt, spec, &picture).map_err(Failure::reject)?;
        let deadline_ms = context.deadline_ms.min(self.clock.now_ms() + CALL.as_millis() as u64);
        let work = Work {
            // Of this delivery: one that comes after a crash may pay once more, and has to be counted.
            id: format!("{}.{}/{}", task.id(), task.attempt.as_str(), context.delivery),
            asset: task.asset.to_string(),
            collection: task.collection.clone(),
            capability: spec.field.as_str().to_owned(),
            batch: None,
        };
        match self.till.generate(&work, model.as_ref(), &question.request, deadline_ms).await {
            Ok(answer) => Ok(written(spec, &question, &picture, answer)),
            Err(error) => failed(error),
        }
    }

    /// The same bytes under another key have the same words, and nothing is paid.
    async fn take_over(&self, _: &Task, outcome: Outcome) -> Result<Option<Outcome>, Failure> {
        Ok(Some(outcome))
    }
}

impl Caption {
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

    async fn picture(&self, task: &Task, long_edge: Option<u32>) -> Result<Result<Image, Refusal>, Failure> {
        let original = keys::original(&task.asset, &task.source);
        let bytes = self.store.head(&original).await?.bytes;
        if bytes > task.limits.max_bytes {
            return Ok(Err(Refusal::too_many_bytes(bytes, &task.limits)));
        }
        let bytes = self.store.read(&original).await?.bytes;
        Ok(self.preview.preview(bytes, task.limits, long_edge).await)
    }
}

fn written(spec: &WriteSpec, question: &Question, picture: &Image, answer: Answer) -> Outcome {
    let Some(words) = answer.json.as_ref().and_then(|json| words(spec.field, json)) else {
        return Outcome::Refused(bad_answer("it has not the fields of the prompt's schema", &answer.text));
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
    let findings = checks::check(spec, &words);
    let Words { text, is_decorative, .. } = words;
    let (field, locale) = (spec.field, spec.locale.clone());
    Outcome::Written(Box::new(Written { field, locale, text, is_decorative, findings, provenance }))
}

/// How much of an answer of no use is kept for the person who looks into it.
const RAW_CHARACTERS: usize = 2000;

fn bad_answer(why: &str, raw: &str) -> Refusal {
    let raw: String = raw.chars().take(RAW_CHARACTERS).collect();
    let found = format!("{why}; it answered: {raw}");
    Refusal::new(
        RefusalCode::BadAnswer,
        found,
        "try again with `greenroom retry ASSET`, or choose another model in the profile",
    )
}

/// What a failed call means for the task: wait for the model, or say for good why there are no words.
fn failed(error: Box<ModelError>) -> Result<Outcome, Failure> {
    if let Some(after) = error.retry_after() {
        return Err(Failure::retry(after, Away(error)));
    }
    let refusal = match &error.class {
        Class::BadOutput { errors, raw } => bad_answer(&errors.join(", "), raw),
        Class::Blocked { reason } => Refusal::new(
            RefusalCode::Declined,
            format!("{error}: {reason}"),
            "write it yourself with `greenroom review edit`, or choose another model in the profile",
        ),
        Class::Budget(_) => Refusal::new(
            RefusalCode::OverBudget,
            error.to_string(),
            "do what it says, then `greenroom retry ASSET`, or write it yourself with `greenroom review edit`",
        ),
        _ => Refusal::new(
            RefusalCode::Blocked,
            error.to_string(),
            "mend what it says in models.toml or in the profile, then `greenroom retry ASSET`",
        ),
    };
    Ok(Outcome::Refused(refusal))
}
