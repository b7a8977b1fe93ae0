//! A loopback Bedrock, for tests and for trying things out. It is no model: every answer says that it is a test double.
//!
//! It speaks the wire format of `bedrock-runtime` (Converse, ConverseStream, InvokeModel for embeddings and pictures,
//! CountTokens, ApplyGuardrail) and of the batch jobs of `bedrock`, answers what a script says, and otherwise something
//! that depends on the request's digest only.

mod batch;
mod converse;
mod guardrail;
mod image;
mod invoke;
mod jobs;
mod png;
mod reply;
mod script;
mod server;
mod state;
mod stream;
mod synthesize;

pub use batch::{Bucket, Buckets};
pub use guardrail::{FilterRule, GuardrailRules, PatternRule, TopicRule};
pub use script::{Reply, Rule, Script, ScriptError};
pub use server::Double;

use asset::canonical::sha256_hex;
use serde_json::Value;

/// The header that every answer carries.
pub const HEADER: &str = "x-greenroom-test-double";

/// What every text that the double makes up starts with.
pub const MARK: &str = "[test double]";

/// One request, taken apart.
pub(crate) struct Ask<'a> {
    pub operation: Operation,
    /// The model, the guardrail, or the job; the model of a job that is to be created.
    pub subject: &'a str,
    pub body: &'a Value,
    /// Of operation, subject and body.
    pub digest: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Converse,
    ConverseStream,
    InvokeModel,
    CountTokens,
    ApplyGuardrail,
    CreateModelInvocationJob,
    GetModelInvocationJob,
    ListModelInvocationJobs,
    StopModelInvocationJob,
}

impl Operation {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Operation::Converse => "Converse",
            Operation::ConverseStream => "ConverseStream",
            Operation::InvokeModel => "InvokeModel",
            Operation::CountTokens => "CountTokens",
            Operation::ApplyGuardrail => "ApplyGuardrail",
            Operation::CreateModelInvocationJob => "CreateModelInvocationJob",
            Operation::GetModelInvocationJob => "GetModelInvocationJob",
            Operation::ListModelInvocationJobs => "ListModelInvocationJobs",
            Operation::StopModelInvocationJob => "StopModelInvocationJob",
        }
    }
}

impl<'a> Ask<'a> {
    fn new(operation: Operation, subject: &'a str, body: &'a Value) -> Self {
        // Converse and ConverseStream give the same answer to the same question. Numbers are as the client spelled
        // them, so this digest is of the wire, never a key of ours.
        let digest = sha256_hex(format!("{subject}\n{body}").as_bytes());
        Ask { operation, subject, body, digest }
    }
}

/// Counts tokens as the research does: a quarter of the characters, rounded up; a picture counts 1,600.
pub(crate) fn count_tokens(value: &Value) -> u64 {
    match value {
        Value::String(text) => (text.chars().count() as u64).div_ceil(4),
        Value::Array(items) => items.iter().map(count_tokens).sum(),
        Value::Object(fields) if fields.contains_key("image") => 1600,
        Value::Object(fields) => {
            fields.iter().filter(|(name, _)| *name != "role").map(|(_, value)| count_tokens(value)).sum()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}
