//! Dead letters: looking at them and making them messages again.
//!
//! SQS shows a message only by receiving it. So looking hides the dead letters for a moment; they come back when
//! everything was seen, or by themselves if the process dies meanwhile.

use super::{SqsQueue, number};
use crate::error::{Verb, port_error};
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, Message, MessageSystemAttributeName,
};
use ports::{DeadLetter, Envelope, Kind, PortError, SendMessages};
use std::time::{Duration, Instant};

/// More dead letters than this are not looked at: a person needs the count and some examples.
const MAX_SEEN: usize = 1_000;

/// How long a dead letter stays hidden while it is looked at or moved.
const HIDDEN_SECONDS: i32 = 60;

/// Waiting makes SQS ask all of its servers: otherwise few messages can look like none.
const WAIT_SECONDS: i32 = 1;

/// How long a move by SQS itself is watched, and how often it is asked for.
const MOVE_TIME: Duration = Duration::from_secs(60);
const MOVE_POLL: Duration = Duration::from_millis(500);

/// Calls of one redrive that we do ourselves: 10,000 messages.
const MAX_BATCHES: usize = 1_000;

impl SqsQueue {
    async fn receive_dead(&self, operation: &'static str) -> Result<Vec<Message>, PortError> {
        let answer = self
            .client()
            .receive_message()
            .queue_url(&self.dead_url)
            .max_number_of_messages(10)
            .visibility_timeout(HIDDEN_SECONDS)
            .wait_time_seconds(WAIT_SECONDS)
            .message_system_attribute_names(MessageSystemAttributeName::SentTimestamp)
            .send()
            .await
            .map_err(|error| port_error(Verb::Other, operation, &self.dead_url, error))?;
        Ok(answer.messages.unwrap_or_default())
    }

    /// Looks at the dead letters, oldest first. SQS does not say when they died: their time is when they were first
    /// sent.
    pub(super) async fn look_at_dead(&self, limit: usize) -> Result<Vec<DeadLetter>, PortError> {
        const OPERATION: &str = "list dead letters of";
        let mut seen = Vec::new();
        let looked = loop {
            match self.receive_dead(OPERATION).await {
                Ok(messages) if messages.is_empty() => break Ok(()),
                Ok(messages) => seen.extend(messages),
                Err(error) => break Err(error),
            }
            if seen.len() >= MAX_SEEN {
                break Ok(());
            }
        };
        self.show_again(&seen).await;
        looked?;
        let mut letters: Vec<DeadLetter> = seen.into_iter().filter_map(|message| self.letter(message)).collect();
        letters.sort_by(|a, b| (a.died_ms, &a.id).cmp(&(b.died_ms, &b.id)));
        letters.dedup_by(|a, b| a.id == b.id);
        letters.truncate(limit);
        Ok(letters)
    }

    fn letter(&self, message: Message) -> Option<DeadLetter> {
        let died_ms = number(&message, &MessageSystemAttributeName::SentTimestamp).unwrap_or_default();
        Some(DeadLetter {
            id: message.message_id?,
            body: message.body.unwrap_or_default(),
            attempts: self.max_receives,
            last_error: None,
            died_ms,
        })
    }

    /// Makes messages visible at once. Best effort: they become visible by themselves.
    async fn show_again(&self, messages: &[Message]) {
        for batch in messages.chunks(10) {
            let entry = |(index, message): (usize, &Message)| {
                let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(index.to_string());
                entry.set_receipt_handle(message.receipt_handle.clone()).visibility_timeout(0).build().ok()
            };
            let entries = batch.iter().enumerate().filter_map(entry).collect();
            let request = self.client().change_message_visibility_batch().queue_url(&self.dead_url);
            drop(request.set_entries(Some(entries)).send().await);
        }
    }

    /// Has SQS move the dead letters where it can, and moves them one by one where it cannot: a service without the
    /// call, a role without the right to it, or a move that somebody started before.
    pub(super) async fn redrive_all(&self) -> Result<u64, PortError> {
        match self.start_move().await {
            Ok(dead_arn) => self.watch_move(&dead_arn).await,
            Err(_) => self.move_each().await,
        }
    }

    async fn start_move(&self) -> Result<String, PortError> {
        const OPERATION: &str = "redrive to";
        let (arn, dead_arn) = (self.arn_of(&self.url).await?, self.arn_of(&self.dead_url).await?);
        let start = self.client().start_message_move_task().source_arn(&dead_arn).destination_arn(arn);
        let started = start.send().await;
        started.map(|_| dead_arn).map_err(|error| port_error(Verb::Other, OPERATION, &self.dead_url, error))
    }

    /// Returns how many messages were moved, so far if it takes longer than we watch: SQS goes on by itself.
    async fn watch_move(&self, dead_arn: &str) -> Result<u64, PortError> {
        const OPERATION: &str = "watch redrive of";
        let end = Instant::now() + MOVE_TIME;
        loop {
            let answer = self.client().list_message_move_tasks().source_arn(dead_arn).max_results(1).send().await;
            let answer = answer.map_err(|error| port_error(Verb::Other, OPERATION, &self.dead_url, error))?;
            let task = answer.results().first();
            let n_moved = task.and_then(|task| u64::try_from(task.approximate_number_of_messages_moved()).ok());
            match task.and_then(|task| task.status()) {
                Some("FAILED" | "CANCELLED") => {
                    let reason = task.and_then(|task| task.failure_reason()).unwrap_or("it was cancelled").to_owned();
                    let after = Kind::Retry(Duration::from_secs(5));
                    return Err(PortError::new(after, OPERATION, &self.dead_url).because(reason));
                }
                Some("RUNNING" | "CANCELLING") if Instant::now() < end => tokio::time::sleep(MOVE_POLL).await,
                _ => return Ok(n_moved.unwrap_or_default()),
            }
        }
    }

    /// Sends each dead letter anew and then deletes it: one that dies in between comes twice, none is lost.
    async fn move_each(&self) -> Result<u64, PortError> {
        const OPERATION: &str = "redrive to";
        let mut n_moved = 0;
        for _ in 0..MAX_BATCHES {
            let messages = self.receive_dead(OPERATION).await?;
            if messages.is_empty() {
                break;
            }
            let body = |message: &Message| Envelope::now(message.body.clone().unwrap_or_default());
            if let Err(error) = self.send(messages.iter().map(body).collect()).await {
                self.show_again(&messages).await;
                return Err(error);
            }
            self.delete_dead(&messages).await?;
            n_moved += messages.len() as u64;
        }
        Ok(n_moved)
    }

    async fn delete_dead(&self, messages: &[Message]) -> Result<(), PortError> {
        const OPERATION: &str = "delete dead letters of";
        let entry = |(index, message): (usize, &Message)| {
            let entry = DeleteMessageBatchRequestEntry::builder().id(index.to_string());
            entry.set_receipt_handle(message.receipt_handle.clone()).build().ok()
        };
        let entries = messages.iter().enumerate().filter_map(entry).collect();
        let request = self.client().delete_message_batch().queue_url(&self.dead_url).set_entries(Some(entries));
        let answer = request.send().await;
        let answer = answer.map_err(|error| port_error(Verb::Other, OPERATION, &self.dead_url, error))?;
        match answer.failed().first() {
            None => Ok(()),
            // They come back and are sent once more, which every receiver lives with.
            Some(failed) => {
                let after = Kind::Retry(Duration::from_secs(1));
                Err(PortError::new(after, OPERATION, &self.dead_url).because(failed.code().to_owned()))
            }
        }
    }
}
