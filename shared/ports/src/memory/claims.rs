//! Claims in memory.

use super::lock;
use crate::{ClaimOutcome, Claims, PortError};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::Mutex;

/// The twin of a table of claims: who, and until when, by name.
#[derive(Default)]
pub struct MemoryClaims(Mutex<BTreeMap<String, (String, u64)>>);

#[async_trait]
impl Claims for MemoryClaims {
    async fn claim(&self, name: &str, owner: &str, now_ms: u64, until_ms: u64) -> Result<ClaimOutcome, PortError> {
        let mut claims = lock(&self.0);
        if let Some((holder, held_until_ms)) = claims.get(name)
            && *held_until_ms > now_ms
            && holder != owner
        {
            return Ok(ClaimOutcome::HeldUntil(*held_until_ms));
        }
        claims.insert(name.to_owned(), (owner.to_owned(), until_ms));
        Ok(ClaimOutcome::Taken)
    }

    async fn release(&self, name: &str, owner: &str) -> Result<(), PortError> {
        let mut claims = lock(&self.0);
        if claims.get(name).is_some_and(|(holder, _)| holder == owner) {
            claims.remove(name);
        }
        Ok(())
    }
}
