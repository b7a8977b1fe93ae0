//! The one error of every port.

use std::error::Error;
use std::fmt;
use std::time::Duration;

/// What the caller does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It is not there.
    NotFound,
    /// A create-only write found something there already.
    Exists,
    /// A conditional write lost: read again.
    Conflict,
    /// Try again, not before this much time has passed.
    Retry(Duration),
    /// Trying again will not help: configuration, permission or a bug.
    Fatal,
}

/// A port call that failed: what was tried, on what, and what to do next.
///
/// The cause is in the chain ([`Error::source`]), never in the message.
#[derive(Debug)]
pub struct PortError {
    pub kind: Kind,
    /// A verb phrase: `create blob`.
    pub operation: &'static str,
    /// What it was done to: a key, a queue name.
    pub subject: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl PortError {
    pub fn new(kind: Kind, operation: &'static str, subject: impl Into<String>) -> Self {
        PortError { kind, operation, subject: subject.into(), source: None }
    }

    /// Adds the cause.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl fmt::Display for PortError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self.kind {
            Kind::NotFound => "it is not there",
            Kind::Exists => "it exists already",
            Kind::Conflict => "it changed meanwhile",
            Kind::Retry(_) => "try again later",
            Kind::Fatal => "it cannot be done",
        };
        write!(f, "failed to {} `{}`: {why}", self.operation, self.subject)
    }
}

impl Error for PortError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}
