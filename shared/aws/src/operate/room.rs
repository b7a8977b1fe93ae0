//! How many functions may run at the same time, and what makes them run.

use crate::Clients;
use crate::error::{Verb, port_error};
use ports::{Kind, PortError};

/// What feeds a function from a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// `Enabled`, for example.
    pub state: String,
    /// Batches worked on at the same time; absent if only the account limits them.
    pub max_concurrency: Option<u32>,
}

/// Returns how many functions this account may run at the same time in this region, without what single functions have reserved.
pub async fn concurrency(clients: &Clients) -> Result<u32, PortError> {
    const OPERATION: &str = "read quotas of";
    const SUBJECT: &str = "Lambda";
    let answer = clients.lambda().get_account_settings().send().await;
    let answer = answer.map_err(|error| port_error(Verb::Other, OPERATION, SUBJECT, error))?;
    let limit = answer.account_limit();
    let number = limit.map(|limit| limit.unreserved_concurrent_executions().unwrap_or(limit.concurrent_executions()));
    let missing = || PortError::new(Kind::Fatal, OPERATION, SUBJECT).because("the answer names no limit");
    number.and_then(|number| u32::try_from(number).ok()).ok_or_else(missing)
}

/// Reads an event source mapping.
pub async fn trigger(clients: &Clients, id: &str) -> Result<Trigger, PortError> {
    let answer = clients.lambda().get_event_source_mapping().uuid(id).send().await;
    let answer = answer.map_err(|error| port_error(Verb::Other, "read event source mapping", id, error))?;
    let max = answer.scaling_config().and_then(|scaling| scaling.maximum_concurrency());
    Ok(Trigger {
        state: answer.state().unwrap_or_default().to_owned(),
        max_concurrency: max.and_then(|max| u32::try_from(max).ok()),
    })
}
