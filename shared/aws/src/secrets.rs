//! Secrets that a person put into Secrets Manager.

use crate::Clients;
use crate::error::{Verb, port_error};
use ports::{Kind, PortError};

/// Returns a secret's text. `Fatal` if there is none under this name or ARN: that is configuration.
pub async fn secret(clients: &Clients, arn: &str) -> Result<String, PortError> {
    const OPERATION: &str = "read secret";
    let answer = clients.secrets().get_secret_value().secret_id(arn).send().await;
    let answer = answer.map_err(|error| port_error(Verb::Other, OPERATION, arn, error))?;
    let no_text = || PortError::new(Kind::Fatal, OPERATION, arn).because("it holds bytes, not text");
    answer.secret_string.ok_or_else(no_text)
}
