//! One type, one task type, one `handle`.

use crate::metrics::Metrics;
use async_trait::async_trait;
use ports::{Kind, PortError};
use serde::de::DeserializeOwned;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

/// A function of Greenroom. Its Lambda main wires AWS adapters, the host wires embedded ones, both to this very type.
#[async_trait]
pub trait Function: Send + Sync {
    /// The function's name: of its queue, its metrics, its Lambda.
    const NAME: &'static str;

    /// Time that one message can take. One whose turn comes later than this before the deadline is left to the next delivery.
    const NEEDS: Duration = Duration::from_secs(5);

    /// One message, parsed once at the edge.
    type Task: Send;

    /// Parses a message's body; [`parse_json`] where it is the JSON of the task.
    fn parse(body: &str) -> Result<Self::Task, Box<dyn Error + Send + Sync>>;

    /// Does one task. Safe to call again with the same task, at the same time too.
    async fn handle(&self, task: Self::Task, context: &Context) -> Result<(), Failure>;

    /// Tasks of one lane are handled one after the other within a batch, so that they do not fight over one object.
    fn lane(_task: &Self::Task) -> Option<String> {
        None
    }
}

/// Parses JSON of a task: what most functions' [`Function::parse`] does.
pub fn parse_json<T: DeserializeOwned>(body: &str) -> Result<T, Box<dyn Error + Send + Sync>> {
    Ok(serde_json::from_str(body)?)
}

/// What a function may know about the call.
#[derive(Clone, Debug)]
pub struct Context {
    /// Names this delivery, for claims and logs.
    pub delivery: String,
    /// Which delivery of the message this is, from 1.
    pub attempt: u32,
    /// Milliseconds since 1970 at which the process may be stopped.
    pub deadline_ms: u64,
    /// Takes numbers worth watching.
    pub metrics: Arc<Metrics>,
}

/// Why a task did not end well.
#[derive(Debug)]
pub enum Failure {
    /// Deliver it again, not before `after`.
    Retry { after: Duration, source: Box<dyn Error + Send + Sync> },
    /// It will never work: acknowledge it. The function has recorded whatever there is to record.
    Reject { source: Box<dyn Error + Send + Sync> },
}

impl Failure {
    /// Asks for another delivery after `after`.
    pub fn retry(after: Duration, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Failure::Retry { after, source: source.into() }
    }

    /// Drops the message for good.
    pub fn reject(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Failure::Reject { source: source.into() }
    }
}

/// Any port error that a function does not handle itself is retried: a fatal one too, so that it ends among the dead letters, where a
/// person sees it, and not in silence.
impl From<PortError> for Failure {
    fn from(error: PortError) -> Self {
        let after = match error.kind {
            Kind::Retry(after) => after,
            Kind::Conflict => Duration::from_millis(200),
            Kind::NotFound | Kind::Exists => Duration::from_secs(1),
            Kind::Fatal => Duration::from_secs(5),
        };
        Failure::Retry { after, source: Box::new(error) }
    }
}
