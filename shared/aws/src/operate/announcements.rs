//! Whom a bucket tells about its objects.

use crate::Clients;
use crate::error::{Verb, port_error};
use ports::PortError;

/// The notifications of a bucket. Whoever sets them replaces all of them, which is how they get lost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Announcements {
    /// Whether everything is sent to EventBridge.
    pub event_bridge: bool,
    /// ARNs of queues, topics and functions that are told directly.
    pub direct: Vec<String>,
}

/// Reads whom a bucket tells.
pub async fn announcements(clients: &Clients, bucket: &str) -> Result<Announcements, PortError> {
    let answer = clients.s3().get_bucket_notification_configuration().bucket(bucket).send().await;
    let answer = answer.map_err(|error| port_error(Verb::Other, "read notifications of", bucket, error))?;
    let queues = answer.queue_configurations().iter().map(|to| to.queue_arn().to_owned());
    let topics = answer.topic_configurations().iter().map(|to| to.topic_arn().to_owned());
    let functions = answer.lambda_function_configurations().iter().map(|to| to.lambda_function_arn().to_owned());
    Ok(Announcements {
        event_bridge: answer.event_bridge_configuration().is_some(),
        direct: queues.chain(topics).chain(functions).collect(),
    })
}
