//! One call to a provider: what an adapter has to do, and nothing of what is the same for all of them.

use crate::book::{Consumption, ModelSpec};
use crate::{
    Action, EmbedRequest, Finding, GuardRequest, ImageRequest, ModelResult, Picture, Request, StopReason,
    TranscribeRequest, Usage, Word,
};
use async_trait::async_trait;
use serde_json::Value;

/// The code of pictures that the provider made and did not hand out.
pub(crate) const FILTERED: &str = "filtered";

/// How the schema is put to the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// There is none.
    Plain,
    Native,
    Tool,
    /// In words, in the system text.
    Asked,
}

/// An answer that did not match, and what is wrong with it.
pub(crate) struct Repair {
    pub raw: String,
    pub errors: Vec<String>,
}

impl Repair {
    /// Returns what the model is told.
    pub fn words(&self) -> String {
        format!(
            "That answer does not match the schema:\n- {}\nGive the whole answer again, corrected.",
            self.errors.join("\n- ")
        )
    }
}

pub(crate) struct Call<'a> {
    pub spec: &'a ModelSpec,
    pub request: &'a Request,
    pub shape: Shape,
    pub repair: Option<&'a Repair>,
}

impl Call<'_> {
    /// Returns the system text, with the schema in words where nothing else carries it.
    pub fn system(&self) -> String {
        let system = self.request.full_system();
        match (self.shape, &self.request.schema) {
            (Shape::Asked, Some(schema)) => format!(
                "{system}\n\nAnswer with one JSON value that matches this JSON Schema, and with nothing else:\n{}",
                schema.text()
            ),
            _ => system,
        }
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub text: String,
    /// The input of the tool that carries the schema.
    pub tool_input: Option<Value>,
    pub stop: Stop,
    pub usage: Usage,
    pub model: Option<String>,
    pub request_id: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    Usable(StopReason),
    /// The provider or the model would not answer.
    Refused(String),
    /// The answer is broken, as the provider itself says.
    Malformed(String),
}

/// What came back from a port that answers in one call.
#[derive(Debug)]
pub(crate) struct Exchanged<T> {
    pub value: T,
    pub consumption: Consumption,
    pub model: Option<String>,
    pub request_id: Option<String>,
    /// What was done otherwise than asked.
    pub warnings: Vec<String>,
}

impl<T> Exchanged<T> {
    pub fn new(value: T, consumption: impl Into<Consumption>, request_id: Option<String>) -> Self {
        Exchanged { value, consumption: consumption.into(), model: None, request_id, warnings: Vec::new() }
    }
}

/// What a guard says, without the receipt.
#[derive(Debug)]
pub(crate) struct Judged {
    pub action: Action,
    pub findings: Vec<Finding>,
    pub replacements: Vec<String>,
}

/// What was heard, without the receipt.
#[derive(Debug)]
pub(crate) struct Heard {
    pub text: String,
    pub words: Vec<Word>,
    pub language: Option<String>,
    pub duration_ms: u64,
}

/// A provider. It is asked only for what its protocol has: the price book says so when it is read.
#[async_trait]
pub(crate) trait Exchange: Send + Sync {
    async fn exchange(&self, call: &Call<'_>) -> ModelResult<Reply>;

    async fn embed(&self, spec: &ModelSpec, request: &EmbedRequest) -> ModelResult<Exchanged<Vec<f32>>>;

    async fn draw(&self, spec: &ModelSpec, request: &ImageRequest) -> ModelResult<Exchanged<Vec<Picture>>>;

    async fn assess(&self, spec: &ModelSpec, request: &GuardRequest) -> ModelResult<Exchanged<Judged>>;

    async fn transcribe(&self, spec: &ModelSpec, request: &TranscribeRequest) -> ModelResult<Exchanged<Heard>>;
}
