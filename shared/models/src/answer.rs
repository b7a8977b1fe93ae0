//! What a model answered.

use crate::book::Consumption;
use crate::{MicroUsd, Usage};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An answer with everything that provenance wants to know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    pub text: String,
    /// Matches the request's schema; absent where there was none.
    pub json: Option<Value>,
    pub stop: StopReason,
    /// All calls that it took, a repair included.
    pub usage: Usage,
    /// Absent where the price book has no price.
    pub cost: Option<MicroUsd>,
    /// The id in the price book.
    pub model_asked: String,
    /// What the provider says that answered; the model that was asked where it does not say.
    pub model_answered: String,
    pub request_id: Option<String>,
    /// From the first call to the last answer, waiting included.
    pub latency_ms: u64,
    pub n_calls: u32,
    /// What was done otherwise than asked.
    pub warnings: Vec<String>,
    /// Models of the route that came before this one, and why they did not answer.
    #[serde(default)]
    pub passed_over: Vec<PassedOver>,
}

/// What pictures, transcripts and assessments have in common: who answered, how long it took, and what it cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    pub consumption: Consumption,
    /// Absent where the price book has no price.
    pub cost: Option<MicroUsd>,
    /// The id in the price book.
    pub model_asked: String,
    /// What the provider says that answered; the model that was asked where it does not say.
    pub model_answered: String,
    pub request_id: Option<String>,
    /// From the first call to the last answer, waiting included.
    pub latency_ms: u64,
    pub n_calls: u32,
    /// What was done otherwise than asked.
    pub warnings: Vec<String>,
    /// Models of the route that came before this one, and why they did not answer.
    #[serde(default)]
    pub passed_over: Vec<PassedOver>,
}

/// A candidate of a route that did not answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PassedOver {
    pub model: String,
    pub why: String,
    /// What was spent on it all the same.
    #[serde(default)]
    pub usage: Usage,
    #[serde(default)]
    pub cost: Option<MicroUsd>,
    #[serde(default)]
    pub n_calls: u32,
}

/// Why the model stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    Done,
    /// The answer is cut off.
    MaxTokens,
    StopSequence,
}

/// A point in the space of meanings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Embedding {
    pub vector: Vec<f32>,
    pub usage: Usage,
    pub cost: Option<MicroUsd>,
    pub model_asked: String,
    pub model_answered: String,
    pub request_id: Option<String>,
    pub latency_ms: u64,
    pub n_calls: u32,
    /// Models of the route that came before this one, and why they did not answer.
    #[serde(default)]
    pub passed_over: Vec<PassedOver>,
}
