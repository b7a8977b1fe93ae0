//! Time, so that tests and the simulator can own it.

use async_trait::async_trait;
use std::time::Duration;

#[async_trait]
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970.
    fn now_ms(&self) -> u64;

    /// Waits.
    async fn sleep(&self, duration: Duration);

    /// A number that differs from call to call: for jitter and ids, not for secrets.
    fn random(&self) -> u64;
}
