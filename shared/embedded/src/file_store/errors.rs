//! What the caller does next, by what the operating system said.

use ports::{Kind, PortError};
use std::error::Error;
use std::io;
use std::time::Duration;

pub(super) fn fatal(
    operation: &'static str,
    subject: &str,
    cause: impl Into<Box<dyn Error + Send + Sync>>,
) -> PortError {
    PortError::new(Kind::Fatal, operation, subject).because(cause)
}

pub(super) fn from_io(error: io::Error, operation: &'static str, subject: &str) -> PortError {
    let kind = match error.kind() {
        io::ErrorKind::NotFound => Kind::NotFound,
        io::ErrorKind::AlreadyExists => Kind::Exists,
        // Somebody has to make room; meanwhile the work waits in its queue.
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Kind::Retry(Duration::from_secs(30)),
        io::ErrorKind::OutOfMemory | io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock => {
            Kind::Retry(Duration::from_secs(1))
        }
        // Too many open files, in this process or on the machine: no `ErrorKind` of their own.
        _ if matches!(error.raw_os_error(), Some(23 | 24)) => Kind::Retry(Duration::from_secs(1)),
        _ => Kind::Fatal,
    };
    PortError::new(kind, operation, subject).because(error)
}
