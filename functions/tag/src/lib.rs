//! `tag`: a model says what pictures are found by, which words are in them, what they mean as a point in space, and what somebody has to
//! see before they go anywhere.
//!
//! The way is that of `caption`, and so is the model's place in it ([`vision`]); a function of its own because its models are others,
//! with quotas of their own. Whatever the answer says, only terms of the given vocabulary become tags.

mod terms;
mod visible_text;

use asset::fact::Outcome;
use asset::field::{Field, WriteSpec};
use asset::task::{Job, Task};
use asset::vocabulary::{Vocabulary, moderation};
use async_trait::async_trait;
use ports::{Claims, Clock, CreateBlob, ReadBlob, SendMessages};
use runtime::{Context, Craft, Failure, Function, Once, parse_json};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;
use vision::{Asked, Vision, bad_answer};

/// The function and what it needs.
pub struct Tag {
    pub store: Arc<dyn ReadBlob>,
    pub create: Arc<dyn CreateBlob>,
    pub claims: Arc<dyn Claims>,
    pub settle: Arc<dyn SendMessages>,
    /// The own queue, where tasks wait for a model that is away.
    pub own: Arc<dyn SendMessages>,
    pub vision: Vision,
    /// The profile's, by name.
    pub vocabularies: BTreeMap<String, Vocabulary>,
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl Function for Tag {
    const NAME: &'static str = "tag";

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
impl Craft for Tag {
    async fn make(&self, task: &Task, context: &Context) -> Result<Outcome, Failure> {
        let spec = match &task.job {
            Job::Write(spec) if !spec.field.is_prose() => spec,
            Job::Embed(spec) => {
                let embedded = self.vision.embed(task, spec, context).await?;
                return Ok(embedded.map_or_else(Outcome::Refused, |embedded| Outcome::Embedded(Box::new(embedded))));
            }
            _ => return Err(Failure::reject("`tag` tags, reads, moderates and maps, and nothing else")),
        };
        let vocabulary = self.vocabulary(spec)?;
        let asked = match self.vision.ask(task, spec, variables(spec, &vocabulary), context).await? {
            Ok(asked) => asked,
            Err(refusal) => return Ok(Outcome::Refused(refusal)),
        };
        let Some(found) = Found::read(spec, &vocabulary, &asked.json) else {
            let refusal = bad_answer("it has not the fields of the prompt's schema", &asked.raw);
            return Ok(Outcome::Refused(refusal));
        };
        Ok(Outcome::Written(Box::new(found.written(spec, asked))))
    }

    /// The same bytes under another key have the same tags, and nothing is paid.
    async fn take_over(&self, _: &Task, outcome: Outcome) -> Result<Option<Outcome>, Failure> {
        Ok(Some(outcome))
    }
}

impl Tag {
    /// Returns the vocabulary that the task names, down to its digest; that of moderation is built in.
    fn vocabulary(&self, spec: &WriteSpec) -> Result<Vocabulary, Failure> {
        let Some(wanted) = &spec.vocabulary else { return Ok(moderation()) };
        match self.vocabularies.get(&wanted.name) {
            Some(found) if found.material(&wanted.name) == *wanted => Ok(found.clone()),
            _ => {
                // During a deployment, one of two functions is newer than the other.
                let message = format!("vocabulary `{}` with digest {} is not here", wanted.name, wanted.sha256);
                Err(Failure::retry(Duration::from_secs(60), message))
            }
        }
    }
}

/// Returns the prompt's own variables.
fn variables(spec: &WriteSpec, vocabulary: &Vocabulary) -> Value {
    match spec.field {
        Field::Tags => {
            json!({"locale": spec.locale, "max_tags": vocabulary.max_tags, "vocabulary": terms::shown(vocabulary)})
        }
        Field::Moderation => json!({"categories": terms::shown(vocabulary)}),
        _ => json!({"max_characters": spec.max_characters}),
    }
}

/// What an answer amounts to.
pub(crate) struct Found {
    pub text: String,
    pub confidence: Vec<asset::field::Confidence>,
    pub suggestions: Vec<String>,
    pub findings: Vec<asset::field::Finding>,
}

impl Found {
    /// Reads an answer; `None` if it has not the fields of the prompt's schema.
    fn read(spec: &WriteSpec, vocabulary: &Vocabulary, answer: &Value) -> Option<Found> {
        match spec.field {
            Field::Tags => terms::tags(vocabulary, answer),
            Field::Moderation => terms::moderation(vocabulary, answer),
            _ => visible_text::read(answer, spec.max_characters as usize),
        }
    }

    fn written(self, spec: &WriteSpec, asked: Asked) -> asset::field::Written {
        let Found { text, confidence, suggestions, mut findings } = self;
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        asset::field::Written { confidence, suggestions, findings, ..asked.words(spec, text) }
    }
}

/// Returns an answer's text without what could hide or command something where it is shown.
fn clean(text: &str, max_characters: usize) -> String {
    let is_plain = |c: &char| {
        !c.is_control()
            && !matches!(*c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    let text: String = text.chars().filter(is_plain).take(max_characters).collect();
    text.trim().to_owned()
}
