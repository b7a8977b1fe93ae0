//! Two ways in which nothing comes of it: for good, or for now.

use asset::refusal::Refusal;
use std::io;

/// Why nothing was made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// These bytes, under these limits, will never do: record it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Reading the source, or starting a program, failed: worth another attempt.
    #[error("failed to {step}")]
    Io {
        /// What was being done.
        step: &'static str,
        #[source]
        source: io::Error,
    },
}

impl Error {
    pub(crate) fn io(step: &'static str) -> impl Fn(io::Error) -> Error {
        move |source| Error::Io { step, source }
    }

    /// Returns the refusal, if it is one.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Error::Refused(refusal) => Some(refusal),
            Error::Io { .. } => None,
        }
    }
}
