//! The one error of every model, named by what the caller does next.

use crate::{MicroUsd, PassedOver, Usage};
use serde::{Deserialize, Serialize};
use std::error::Error;
use std::fmt;
use std::time::Duration;

/// What the caller does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Class {
    /// Nothing: the request or the configuration is wrong, and no model will help.
    Permanent,
    /// Ask another model: this one is not there, is retired, or cannot do what is asked.
    Unavailable,
    /// Try again, not before this much time has passed.
    Retry { after: Duration },
    /// The same, because too much was asked.
    Throttled { after: Duration },
    /// Let a person decide: the provider refused to answer.
    Blocked { reason: String },
    /// Let a person decide, or ask another model: the answer does not match the schema, after one repair.
    BadOutput { errors: Vec<String>, raw: String },
    /// Let a person decide: there is no money for it. Nothing was asked.
    Budget(Budget),
}

/// Why money stands in the way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Budget {
    /// The price book does not say what it costs.
    NoPrice,
    /// What is spent and reserved in a scope leaves less room than the call may cost.
    CapFull { scope: String, limit: MicroUsd, used: MicroUsd, forecast: MicroUsd },
}

/// A call that failed: which model, what to do next, and what was spent all the same.
#[derive(Debug)]
pub struct ModelError {
    pub class: Class,
    /// The provider's own name, or ours.
    pub code: String,
    pub message: String,
    /// The id in the price book, or the name of a route.
    pub model: String,
    pub request_id: Option<String>,
    pub usage: Usage,
    pub cost: Option<MicroUsd>,
    pub n_calls: u32,
    /// Models of a route that were tried or skipped before.
    pub passed_over: Vec<PassedOver>,
    /// How often the same call may be sent while the caller waits.
    pub(crate) max_attempts: u32,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// The error is large and rare.
pub type ModelResult<T> = Result<T, Box<ModelError>>;

impl ModelError {
    /// Makes an error that nobody retries while waiting.
    pub fn of(class: Class, model: &str, code: impl Into<String>, message: impl Into<String>) -> Box<Self> {
        Box::new(ModelError {
            class,
            code: code.into(),
            message: message.into(),
            model: model.to_owned(),
            request_id: None,
            usage: Usage::default(),
            cost: None,
            n_calls: 0,
            passed_over: Vec::new(),
            max_attempts: 1,
            source: None,
        })
    }

    #[must_use]
    pub(crate) fn attempts(mut self: Box<Self>, max_attempts: u32) -> Box<Self> {
        self.max_attempts = max_attempts;
        self
    }

    #[must_use]
    pub(crate) fn requested(mut self: Box<Self>, request_id: Option<String>) -> Box<Self> {
        self.request_id = request_id;
        self
    }

    #[must_use]
    pub(crate) fn because(mut self: Box<Self>, source: impl Into<Box<dyn Error + Send + Sync>>) -> Box<Self> {
        self.source = Some(source.into());
        self
    }

    /// Tells whether another model may do better.
    pub fn is_worth_another_model(&self) -> bool {
        !matches!(self.class, Class::Permanent | Class::Blocked { .. } | Class::Budget(_))
    }

    /// Tells whether the model was asked and failed to answer at all: what a circuit breaker counts.
    pub(crate) fn is_outage(&self) -> bool {
        self.n_calls > 0 && matches!(self.class, Class::Retry { .. } | Class::Throttled { .. } | Class::Unavailable)
    }

    /// Returns how long to wait before another try, where one may help.
    pub fn retry_after(&self) -> Option<Duration> {
        match self.class {
            Class::Retry { after } | Class::Throttled { after } => Some(after),
            _ => None,
        }
    }
}

impl fmt::Display for ModelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match &self.class {
            Class::Permanent => "it cannot be asked this",
            Class::Unavailable => "it is not available",
            Class::Retry { .. } => "try again later",
            Class::Throttled { .. } => "it is asked too often",
            Class::Blocked { .. } => "it refused",
            Class::BadOutput { .. } => "its answer does not match the schema",
            Class::Budget(_) => "there is no money for it",
        };
        write!(f, "model `{}`: {what} (`{}`): {}", self.model, self.code, self.message)
    }
}

impl Error for ModelError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}
