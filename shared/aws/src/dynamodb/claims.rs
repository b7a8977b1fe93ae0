//! Claims.
//!
//! Whether a claim has ended is decided by the caller's time, in a condition of the write. DynamoDB's own expiry only
//! removes what nobody released, long after: within days, by its own account.

use super::{Item, PARTITION_KEY, TTL_ATTRIBUTE, failed, key, number, number_of, text};
use crate::Clients;
use async_trait::async_trait;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use ports::{ClaimOutcome, Claims, PortError};
use std::sync::Arc;

/// Seconds that an ended claim stays: the clocks of callers may differ by less than this.
const GRACE_SECONDS: u64 = 60 * 60;

const CLAIM: &str = "claim";

/// Claims in a table. See [`table_definition`](super::table_definition).
pub struct DynamoClaims {
    clients: Arc<Clients>,
    table: String,
}

impl DynamoClaims {
    /// Uses a table. Nothing is sent yet.
    pub fn new(clients: Arc<Clients>, table: impl Into<String>) -> Self {
        DynamoClaims { clients, table: table.into() }
    }

    /// Reads until when a claim is held, for a service that refuses without saying what it found.
    async fn held_until(&self, name: &str) -> Result<Option<u64>, PortError> {
        let get = self.clients.dynamodb().get_item().table_name(&self.table).set_key(Some(claim_key(name)));
        let answer = get.consistent_read(true).send().await.map_err(failed(CLAIM, name))?;
        Ok(answer.item.as_ref().and_then(until_of))
    }
}

fn claim_key(name: &str) -> Item {
    key(format!("claim#{name}"), "claim")
}

fn until_of(item: &Item) -> Option<u64> {
    number_of(item, "until_ms")
}

#[async_trait]
impl Claims for DynamoClaims {
    async fn claim(&self, name: &str, owner: &str, now_ms: u64, until_ms: u64) -> Result<ClaimOutcome, PortError> {
        let mut item = claim_key(name);
        item.insert("owner".to_owned(), text(owner));
        item.insert("until_ms".to_owned(), number(until_ms));
        item.insert(TTL_ATTRIBUTE.to_owned(), number(until_ms / 1000 + GRACE_SECONDS));
        let put = self
            .clients
            .dynamodb()
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression(format!(
                "attribute_not_exists({PARTITION_KEY}) OR until_ms <= :now OR #owner = :owner"
            ))
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":now", number(now_ms))
            .expression_attribute_values(":owner", text(owner))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let error = match put.send().await {
            Ok(_) => return Ok(ClaimOutcome::Taken),
            Err(error) => error,
        };
        let Some(PutItemError::ConditionalCheckFailedException(refused)) = error.as_service_error() else {
            return Err(failed(CLAIM, name)(error));
        };
        let until = match refused.item().and_then(until_of) {
            Some(until_ms) => Some(until_ms),
            None => self.held_until(name).await?,
        };
        // Released since: the next try gets it.
        Ok(ClaimOutcome::HeldUntil(until.unwrap_or(now_ms)))
    }

    async fn release(&self, name: &str, owner: &str) -> Result<(), PortError> {
        let delete = self
            .clients
            .dynamodb()
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(claim_key(name)))
            .condition_expression("#owner = :owner")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":owner", text(owner));
        match delete.send().await {
            Ok(_) => Ok(()),
            Err(error)
                if error.as_service_error().is_some_and(DeleteItemError::is_conditional_check_failed_exception) =>
            {
                Ok(())
            }
            Err(error) => Err(failed("release claim", name)(error)),
        }
    }
}
