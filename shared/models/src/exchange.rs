//! One call to a provider: what an adapter has to do, and nothing of what is the same for all of them.

use crate::book::ModelSpec;
use crate::{EmbedRequest, ModelResult, Request, StopReason, Usage};
use async_trait::async_trait;
use serde_json::Value;

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

#[async_trait]
pub(crate) trait Exchange: Send + Sync {
    async fn exchange(&self, call: &Call<'_>) -> ModelResult<Reply>;
}

pub(crate) struct EmbedReply {
    pub vector: Vec<f32>,
    pub usage: Usage,
    pub model: Option<String>,
    pub request_id: Option<String>,
}

#[async_trait]
pub(crate) trait EmbedExchange: Send + Sync {
    async fn embed(&self, spec: &ModelSpec, request: &EmbedRequest) -> ModelResult<EmbedReply>;
}
