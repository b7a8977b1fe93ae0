//! Messages between functions, with the promises of SQS: at least once, in no order.

use crate::PortError;
use async_trait::async_trait;
use std::time::Duration;

/// A message to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    pub body: String,
    /// Hidden for this long after the send; at most 15 minutes, as on SQS.
    pub delay: Duration,
}

impl Envelope {
    /// Makes a message that is visible at once.
    pub fn now(body: String) -> Self {
        Envelope { body, delay: Duration::ZERO }
    }

    /// Makes a message that is visible after `delay`: at most 15 minutes, which is what SQS can do.
    pub fn after(body: String, delay: Duration) -> Self {
        Envelope { body, delay }
    }
}

/// Sends to one queue. What a function holds.
#[async_trait]
pub trait SendMessages: Send + Sync {
    /// Sends all of them, in as many calls as the service needs. After an error some may have been sent: send all again.
    async fn send(&self, messages: Vec<Envelope>) -> Result<(), PortError>;
}

/// A message that was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// Stays the same over deliveries.
    pub id: String,
    /// This delivery; void once the message became visible again.
    pub receipt: String,
    pub body: String,
    /// 1 at the first delivery.
    pub attempt: u32,
}

/// How many messages a queue holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    pub visible: u64,
    /// Received and not yet acknowledged.
    pub in_flight: u64,
    /// Hidden by a delay.
    pub delayed: u64,
    pub dead: u64,
}

/// A message that was received too often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    pub id: String,
    pub body: String,
    pub attempts: u32,
    /// The last failure that was reported for it, if any.
    pub last_error: Option<String>,
    /// Milliseconds since 1970.
    pub died_ms: u64,
}

/// The receiving side: what a host pumps into `dispatch`. On AWS the event source mapping does this.
#[async_trait]
pub trait Queue: SendMessages {
    /// Takes up to `max` (1 to 10) visible messages and hides them for `visibility`. Empty if there are none: never waits.
    ///
    /// A message that was received `max_receives` times (a property of the queue) and became visible again moves to the dead
    /// letters instead of being delivered.
    async fn receive(&self, max: usize, visibility: Duration) -> Result<Vec<Received>, PortError>;

    /// Deletes a received message. `NotFound` if the receipt is void: somebody else may have it now.
    async fn acknowledge(&self, receipt: &str) -> Result<(), PortError>;

    /// Gives a received message back, visible after `delay`, with the reason for people. `NotFound` if the receipt is void.
    async fn give_back(&self, receipt: &str, delay: Duration, reason: &str) -> Result<(), PortError>;

    /// Hides a received message for `visibility` from now. `NotFound` if the receipt is void.
    async fn extend(&self, receipt: &str, visibility: Duration) -> Result<(), PortError>;

    async fn depth(&self) -> Result<Depth, PortError>;

    /// Returns up to `limit` dead letters, oldest first.
    async fn dead_letters(&self, limit: usize) -> Result<Vec<DeadLetter>, PortError>;

    /// Makes every dead letter an ordinary message again, with a fresh receive count. Returns how many.
    async fn redrive(&self) -> Result<u64, PortError>;
}
