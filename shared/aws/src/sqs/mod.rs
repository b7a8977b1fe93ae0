//! A queue of SQS and the queue of its dead letters.
//!
//! SQS keeps no reason with a message, so [`Queue::give_back`] drops it and [`DeadLetter::last_error`] is always empty:
//! reasons are in the logs of who gave up. Depths are approximate, by SQS's own account.

mod dead;
mod send;

use crate::Clients;
use crate::error::{Verb, port_error};
use async_trait::async_trait;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName, QueueAttributeName};
use ports::{DeadLetter, Depth, Kind, PortError, Queue, Received};
use std::sync::Arc;
use std::time::Duration;

/// The longest that SQS hides a message.
const MAX_VISIBILITY: Duration = Duration::from_secs(12 * 60 * 60);

/// A queue, by its URL, and its dead letters, by theirs.
pub struct SqsQueue {
    clients: Arc<Clients>,
    url: String,
    dead_url: String,
    /// As in the queue's redrive policy: what a dead letter's attempts were.
    max_receives: u32,
}

impl SqsQueue {
    /// Uses a queue whose redrive policy names the queue at `dead_url` after `max_receives`. Nothing is sent yet.
    pub fn new(clients: Arc<Clients>, url: impl Into<String>, dead_url: impl Into<String>, max_receives: u32) -> Self {
        SqsQueue { clients, url: url.into(), dead_url: dead_url.into(), max_receives }
    }

    /// Uses a queue to send to, and nothing else: what a function holds. Its dead letters are not known.
    pub fn sender(clients: Arc<Clients>, url: impl Into<String>) -> impl ports::SendMessages {
        SqsQueue::new(clients, url, String::new(), 0)
    }

    fn client(&self) -> &aws_sdk_sqs::Client {
        self.clients.sqs()
    }

    async fn hide(&self, operation: &'static str, receipt: &str, duration: Duration) -> Result<(), PortError> {
        ensure_receipt(operation, receipt)?;
        let request = self.client().change_message_visibility().queue_url(&self.url).receipt_handle(receipt);
        match request.visibility_timeout(seconds(duration, MAX_VISIBILITY)).send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(self.receipt_error(operation, error)),
        }
    }

    /// SQS has several ways to say that a receipt is none of its own, or not any more.
    fn receipt_error<E>(
        &self,
        operation: &'static str,
        error: SdkError<E, aws_sdk_sqs::config::http::HttpResponse>,
    ) -> PortError
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        // The one parameter of these calls that can be wrong and is not ours.
        let is_void = matches!(error.code(), Some("InvalidParameterValue" | "InvalidParameterValueException"));
        if is_void {
            return PortError::new(Kind::NotFound, operation, &self.url).because(error);
        }
        port_error(Verb::Other, operation, &self.url, error)
    }
}

/// Refuses what cannot be a receipt, before SQS calls it a malformed request.
fn ensure_receipt(operation: &'static str, receipt: &str) -> Result<(), PortError> {
    if receipt.is_empty() {
        return Err(PortError::new(Kind::NotFound, operation, "").because("an empty receipt"));
    }
    Ok(())
}

/// Returns whole seconds, rounded up: SQS knows no smaller ones, and too early would be wrong.
fn seconds(duration: Duration, max: Duration) -> i32 {
    let duration = duration.min(max);
    let seconds = duration.as_secs() + u64::from(duration.subsec_nanos() > 0);
    i32::try_from(seconds).unwrap_or(i32::MAX)
}

/// Reads a number that SQS gives as text.
fn number<T: std::str::FromStr>(message: &Message, name: &MessageSystemAttributeName) -> Option<T> {
    message.attributes()?.get(name)?.parse().ok()
}

fn received(message: Message) -> Option<Received> {
    let attempt = number(&message, &MessageSystemAttributeName::ApproximateReceiveCount).unwrap_or(1);
    Some(Received {
        id: message.message_id?,
        receipt: message.receipt_handle?,
        body: message.body.unwrap_or_default(),
        attempt,
    })
}

#[async_trait]
impl Queue for SqsQueue {
    async fn receive(&self, max: usize, visibility: Duration) -> Result<Vec<Received>, PortError> {
        const OPERATION: &str = "receive from";
        let answer = self
            .client()
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(i32::try_from(max.clamp(1, 10)).unwrap_or(10))
            .visibility_timeout(seconds(visibility, MAX_VISIBILITY))
            .wait_time_seconds(0)
            .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount)
            .send()
            .await
            .map_err(|error| port_error(Verb::Other, OPERATION, &self.url, error))?;
        Ok(answer.messages.unwrap_or_default().into_iter().filter_map(received).collect())
    }

    async fn acknowledge(&self, receipt: &str) -> Result<(), PortError> {
        const OPERATION: &str = "acknowledge message of";
        ensure_receipt(OPERATION, receipt)?;
        let deleted = self.client().delete_message().queue_url(&self.url).receipt_handle(receipt).send().await;
        deleted.map(drop).map_err(|error| self.receipt_error(OPERATION, error))
    }

    async fn give_back(&self, receipt: &str, delay: Duration, _reason: &str) -> Result<(), PortError> {
        self.hide("give message back to", receipt, delay).await
    }

    async fn extend(&self, receipt: &str, visibility: Duration) -> Result<(), PortError> {
        self.hide("extend message of", receipt, visibility).await
    }

    async fn depth(&self) -> Result<Depth, PortError> {
        let [visible, in_flight, delayed] = self.depth_of(&self.url).await?;
        // A function does not know its dead letters, and may not count them.
        let dead = if self.dead_url.is_empty() { [0; 3] } else { self.depth_of(&self.dead_url).await? };
        let dead = dead.into_iter().sum();
        Ok(Depth { visible, in_flight, delayed, dead })
    }

    async fn dead_letters(&self, limit: usize) -> Result<Vec<DeadLetter>, PortError> {
        self.look_at_dead(limit).await
    }

    async fn redrive(&self) -> Result<u64, PortError> {
        self.redrive_all().await
    }
}

impl SqsQueue {
    /// Returns how many messages of a queue are visible, in flight and delayed.
    async fn depth_of(&self, url: &str) -> Result<[u64; 3], PortError> {
        const NAMES: [QueueAttributeName; 3] = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
            QueueAttributeName::ApproximateNumberOfMessagesDelayed,
        ];
        let request = self.client().get_queue_attributes().queue_url(url).set_attribute_names(Some(NAMES.to_vec()));
        let answer = request.send().await;
        let answer = answer.map_err(|error| port_error(Verb::Other, "measure", url, error))?;
        let value = |name: &QueueAttributeName| answer.attributes()?.get(name)?.parse().ok();
        Ok(NAMES.each_ref().map(|name| value(name).unwrap_or_default()))
    }

    async fn arn_of(&self, url: &str) -> Result<String, PortError> {
        const OPERATION: &str = "look up queue";
        let request = self.client().get_queue_attributes().queue_url(url);
        let answer = request.attribute_names(QueueAttributeName::QueueArn).send().await;
        let answer = answer.map_err(|error| port_error(Verb::Other, OPERATION, url, error))?;
        let arn = answer.attributes().and_then(|attributes| attributes.get(&QueueAttributeName::QueueArn)).cloned();
        arn.ok_or_else(|| PortError::new(Kind::Fatal, OPERATION, url).because("the answer names no ARN"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_rounded_up_and_bounded() {
        let cases = [(0, 0), (1, 1), (999, 1), (1_000, 1), (1_001, 2), (u64::MAX, 43_200)];
        for (millis, expected) in cases {
            assert_eq!(seconds(Duration::from_millis(millis), MAX_VISIBILITY), expected, "{millis} ms");
        }
    }
}
