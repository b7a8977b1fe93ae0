//! `caption`: a hosted model writes about a picture, for people who read instead of seeing.
//!
//! The model is shown a small copy and answers in the prompt's schema ([`vision`]); the checks read the answer; what comes of it is a
//! result like any other, with everything that says where the words came from. The rest is [`runtime::Once`].

mod brand;
mod checks;
mod words;

use crate::brand::Given;
use crate::words::{Words, words};
use asset::fact::Outcome;
use asset::field::{WriteSpec, Written};
use asset::task::{Job, Task};
use async_trait::async_trait;
use ports::{Claims, Clock, CreateBlob, ReadBlob, SendMessages};
use runtime::{Context, Craft, Failure, Function, Once, parse_json};
use serde_json::{Value, json};
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;
use text::brand::Guide;
use vision::{Asked, Look, Relevance, Vision, bad_answer};

/// The function and what it needs.
pub struct Caption {
    pub store: Arc<dyn ReadBlob>,
    pub create: Arc<dyn CreateBlob>,
    pub claims: Arc<dyn Claims>,
    pub settle: Arc<dyn SendMessages>,
    /// The own queue, where tasks wait for a model that is away.
    pub own: Arc<dyn SendMessages>,
    pub vision: Vision,
    /// The profile's brand guide.
    pub guide: Option<Guide>,
    /// The profile's embedding model, which chooses among the rules of a long guide. Without one the guide's order does.
    pub relevance: Option<Relevance>,
    pub clock: Arc<dyn Clock>,
}

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
        vision::run(&once, self, self.own.as_ref(), &task, context).await
    }
}

#[async_trait]
impl Craft for Caption {
    async fn make(&self, task: &Task, context: &Context) -> Result<Outcome, Failure> {
        let spec = match &task.job {
            Job::Write(spec) if spec.field.is_prose() => spec,
            _ => return Err(Failure::reject("`caption` writes alt texts and descriptions, and nothing else")),
        };
        let embedding = self.relevance.as_ref().map(Relevance::model);
        let mut rules = Given::of(self.guide.as_ref(), embedding, &task.collection, spec)?;
        let look = match self.vision.look(task, spec).await? {
            Ok(look) => look,
            Err(refusal) => return Ok(Outcome::Refused(refusal)),
        };
        let warning = self.choose(&mut rules, task, spec, &look, context).await;
        Ok(match self.vision.ask_about(look, task, spec, variables(spec, &rules), context).await? {
            Ok(mut asked) => {
                asked.provenance.warnings.extend(warning);
                written(spec, &rules, asked)
            }
            Err(refusal) => Outcome::Refused(refusal),
        })
    }

    /// The same bytes under another key have the same words, and nothing is paid.
    async fn take_over(&self, _: &Task, outcome: Outcome) -> Result<Option<Outcome>, Failure> {
        Ok(Some(outcome))
    }
}

impl Caption {
    /// Chooses among many rules those that matter to the picture. A text does not wait for it: if nobody can say, the guide's order counts,
    /// and the text's provenance says so.
    async fn choose(
        &self,
        rules: &mut Given<'_>,
        task: &Task,
        spec: &WriteSpec,
        look: &Look,
        context: &Context,
    ) -> Option<String> {
        let many = rules.many()?;
        let scored = match &self.relevance {
            Some(relevance) => relevance.scores(&self.vision, task, look, &many, context).await,
            None => Ok(Vec::new()),
        };
        rules.keep_best(&task.collection, spec, scored.as_deref().unwrap_or_default());
        scored.err().map(|why| format!("rules were chosen in the guide's order, not by what the picture shows: {why}"))
    }
}

/// Returns the prompt's own variables.
fn variables(spec: &WriteSpec, rules: &Given) -> Value {
    json!({
        "placement": spec.placement.as_str(),
        "locale": spec.locale,
        "max_characters": spec.max_characters,
        "brand": rules.variable(),
    })
}

fn written(spec: &WriteSpec, rules: &Given, asked: Asked) -> Outcome {
    let Some(words) = words(spec.field, &asked.json) else {
        return Outcome::Refused(bad_answer("it has not the fields of the prompt's schema", &asked.raw));
    };
    let (of_brand, evidence) = rules.check(spec, &words.text, &words.evidence);
    let findings = checks::check(spec, &words, of_brand);
    let Words { text, is_decorative, .. } = words;
    Outcome::Written(Box::new(Written { is_decorative, findings, evidence, ..asked.words(spec, text) }))
}
