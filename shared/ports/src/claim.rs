//! Claims: two deliveries of one task at the same time must not both pay.

use crate::PortError;
use async_trait::async_trait;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimOutcome {
    /// It is ours until the given time.
    Taken,
    /// Somebody else's until this many milliseconds since 1970.
    HeldUntil(u64),
}

/// Exclusive, expiring, advisory: a claim saves work, it never guards correctness (results are create-only).
#[async_trait]
pub trait Claims: Send + Sync {
    /// Takes `name` for `owner` until `until_ms` if nobody holds it at `now_ms`, or if `owner` itself does (then it is extended).
    /// Of concurrent takers exactly one succeeds.
    async fn claim(&self, name: &str, owner: &str, now_ms: u64, until_ms: u64) -> Result<ClaimOutcome, PortError>;

    /// Gives `name` up if `owner` holds it; nothing otherwise.
    async fn release(&self, name: &str, owner: &str) -> Result<(), PortError>;
}
