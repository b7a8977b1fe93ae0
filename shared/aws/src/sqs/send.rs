//! Sending in batches.

use super::{SqsQueue, seconds};
use crate::error::{Verb, port_error};
use async_trait::async_trait;
use aws_sdk_sqs::types::{BatchResultErrorEntry, SendMessageBatchRequestEntry};
use ports::{Envelope, Kind, PortError, SendMessages};
use std::time::Duration;

const OPERATION: &str = "send to";

/// What SQS takes in one call.
const MAX_ENTRIES: usize = 10;
const MAX_BYTES: usize = 1024 * 1024;
const MAX_DELAY: Duration = Duration::from_secs(900);

/// How often the entries that SQS refused for reasons of its own are sent, the first time included. The SDK cannot do
/// it: a batch with failed entries is a success to it.
const MAX_ROUNDS: u32 = 4;
const BETWEEN_ROUNDS: Duration = Duration::from_millis(100);

#[async_trait]
impl SendMessages for SqsQueue {
    async fn send(&self, messages: Vec<Envelope>) -> Result<(), PortError> {
        for batch in batches(messages) {
            self.send_batch(&self.url, batch).await?;
        }
        Ok(())
    }
}

impl SqsQueue {
    /// Sends at most ten messages, those that failed again a few times.
    pub(super) async fn send_batch(&self, url: &str, mut batch: Vec<Envelope>) -> Result<(), PortError> {
        for round in 1..=MAX_ROUNDS {
            let request = self.client().send_message_batch().queue_url(url);
            let answer = request.set_entries(Some(entries(url, &batch)?)).send().await;
            let answer = answer.map_err(|error| port_error(Verb::Other, OPERATION, url, error))?;
            let failed = answer.failed();
            if failed.is_empty() {
                return Ok(());
            }
            if round == MAX_ROUNDS || failed.iter().any(BatchResultErrorEntry::sender_fault) {
                return Err(failure(url, failed));
            }
            batch = remaining(batch, failed);
            tokio::time::sleep(BETWEEN_ROUNDS * round + Duration::from_millis(fastrand::u64(0..50))).await;
        }
        Ok(())
    }
}

/// Packs messages, in their order, into calls that SQS takes.
fn batches(messages: Vec<Envelope>) -> Vec<Vec<Envelope>> {
    let mut batches: Vec<Vec<Envelope>> = Vec::new();
    let mut n_bytes = 0;
    for message in messages {
        match batches.last_mut() {
            Some(batch) if batch.len() < MAX_ENTRIES && n_bytes + message.body.len() <= MAX_BYTES => {
                n_bytes += message.body.len();
                batch.push(message);
            }
            _ => {
                n_bytes = message.body.len();
                batches.push(vec![message]);
            }
        }
    }
    batches
}

/// Names each entry by its place in the batch.
fn entries(url: &str, batch: &[Envelope]) -> Result<Vec<SendMessageBatchRequestEntry>, PortError> {
    let entry = |(index, message): (usize, &Envelope)| {
        SendMessageBatchRequestEntry::builder()
            .id(index.to_string())
            .message_body(&message.body)
            .delay_seconds(seconds(message.delay, MAX_DELAY))
            .build()
            .map_err(|error| PortError::new(Kind::Fatal, OPERATION, url).because(error))
    };
    batch.iter().enumerate().map(entry).collect()
}

/// Keeps the messages that failed.
fn remaining(batch: Vec<Envelope>, failed: &[BatchResultErrorEntry]) -> Vec<Envelope> {
    let has_failed = |index: usize| failed.iter().any(|entry| entry.id() == index.to_string());
    batch.into_iter().enumerate().filter(|(index, _)| has_failed(*index)).map(|(_, message)| message).collect()
}

fn failure(url: &str, failed: &[BatchResultErrorEntry]) -> PortError {
    let is_ours = failed.iter().any(BatchResultErrorEntry::sender_fault);
    let kind = if is_ours { Kind::Fatal } else { Kind::Retry(Duration::from_secs(1)) };
    let reasons = failed.iter().map(|entry| format!("{}: {}", entry.code(), entry.message().unwrap_or_default()));
    let reasons = reasons.collect::<Vec<_>>().join(", ");
    PortError::new(kind, OPERATION, url).because(format!("{} messages were refused ({reasons})", failed.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(lengths: &[usize]) -> Vec<Vec<usize>> {
        let messages = lengths.iter().map(|length| Envelope::now("x".repeat(*length))).collect();
        batches(messages).iter().map(|batch| batch.iter().map(|message| message.body.len()).collect()).collect()
    }

    #[test]
    fn batches_hold_ten_messages_and_a_mebibyte() {
        const MIB: usize = 1024 * 1024;
        assert!(sizes(&[]).is_empty());
        assert_eq!(sizes(&[1; 23]).iter().map(Vec::len).collect::<Vec<_>>(), [10, 10, 3]);
        assert_eq!(sizes(&[MIB / 2, MIB / 2, 1]), [vec![MIB / 2, MIB / 2], vec![1]]);
        assert_eq!(sizes(&[MIB, 1, MIB - 1, 1]), [vec![MIB], vec![1, MIB - 1], vec![1]]);
        // Too large for SQS, which says so; the others are not held up by it.
        assert_eq!(sizes(&[1, MIB + 1, 1]), [vec![1], vec![MIB + 1], vec![1]]);
    }
}
