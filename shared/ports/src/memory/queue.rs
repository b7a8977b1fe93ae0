//! A queue in memory.

use super::lock;
use crate::{Clock, DeadLetter, Depth, Envelope, Kind, PortError, Queue, Received, SendMessages};
use async_trait::async_trait;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Longest delay of a send, as on SQS.
const MAX_DELAY: Duration = Duration::from_secs(15 * 60);

/// The twin of a queue. Delivers in the order of visibility, then of sending.
pub struct MemoryQueue {
    clock: Arc<dyn Clock>,
    max_receives: u32,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    n_sent: u64,
    messages: BTreeMap<u64, Message>,
    /// When, and which: the order in which messages are received.
    by_time: BTreeSet<(u64, u64)>,
    dead: Vec<DeadLetter>,
}

#[derive(Default)]
struct Message {
    body: String,
    visible_ms: u64,
    receives: u32,
    receipt: Option<String>,
    last_error: Option<String>,
}

impl State {
    fn insert(&mut self, id: u64, message: Message) {
        self.by_time.insert((message.visible_ms, id));
        self.messages.insert(id, message);
    }

    fn remove(&mut self, id: u64) -> Option<Message> {
        let message = self.messages.remove(&id)?;
        self.by_time.remove(&(message.visible_ms, id));
        Some(message)
    }

    /// Takes out the message that `receipt` holds, if it still holds it.
    fn take_held(&mut self, operation: &'static str, receipt: &str, now_ms: u64) -> Result<(u64, Message), PortError> {
        let id = receipt.split('-').next().and_then(|id| id.parse().ok());
        id.filter(|id| {
            let message = self.messages.get(id);
            message.is_some_and(|message| message.receipt.as_deref() == Some(receipt) && message.visible_ms > now_ms)
        })
        .and_then(|id| self.remove(id).map(|message| (id, message)))
        .ok_or_else(|| PortError::new(Kind::NotFound, operation, receipt))
    }
}

impl MemoryQueue {
    /// Makes an empty queue. A message that was received `max_receives` times becomes a dead letter.
    pub fn new(clock: Arc<dyn Clock>, max_receives: u32) -> Self {
        MemoryQueue { clock, max_receives, state: Mutex::default() }
    }

    fn later(&self, duration: Duration) -> u64 {
        self.clock.now_ms().saturating_add(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    }

    /// Returns when the next message becomes visible, or became.
    pub fn next_visible_ms(&self) -> Option<u64> {
        lock(&self.state).by_time.first().map(|(visible_ms, _)| *visible_ms)
    }
}

#[async_trait]
impl SendMessages for MemoryQueue {
    async fn send(&self, messages: Vec<Envelope>) -> Result<(), PortError> {
        let mut state = lock(&self.state);
        for Envelope { body, delay } in messages {
            state.n_sent += 1;
            let id = state.n_sent;
            let visible_ms = self.later(delay.min(MAX_DELAY));
            state.insert(id, Message { body, visible_ms, ..Message::default() });
        }
        Ok(())
    }
}

#[async_trait]
impl Queue for MemoryQueue {
    async fn receive(&self, max: usize, visibility: Duration) -> Result<Vec<Received>, PortError> {
        let now_ms = self.clock.now_ms();
        let mut state = lock(&self.state);
        let mut received = Vec::new();
        while received.len() < max.clamp(1, 10) {
            let Some((_, id)) = state.by_time.first().copied().filter(|(visible_ms, _)| *visible_ms <= now_ms) else {
                break;
            };
            let Some(mut message) = state.remove(id) else { break };
            if message.receives >= self.max_receives {
                state.dead.push(DeadLetter {
                    id: id.to_string(),
                    body: message.body,
                    attempts: message.receives,
                    last_error: message.last_error,
                    died_ms: now_ms,
                });
                continue;
            }
            message.receives += 1;
            message.visible_ms = self.later(visibility).max(now_ms + 1);
            let receipt = format!("{id}-{}-{:016x}", message.receives, self.clock.random());
            message.receipt = Some(receipt.clone());
            let (body, attempt) = (message.body.clone(), message.receives);
            received.push(Received { id: id.to_string(), receipt, body, attempt });
            state.insert(id, message);
        }
        Ok(received)
    }

    async fn acknowledge(&self, receipt: &str) -> Result<(), PortError> {
        lock(&self.state).take_held("acknowledge message", receipt, self.clock.now_ms()).map(drop)
    }

    async fn give_back(&self, receipt: &str, delay: Duration, reason: &str) -> Result<(), PortError> {
        let mut state = lock(&self.state);
        let (id, mut message) = state.take_held("give message back", receipt, self.clock.now_ms())?;
        message.visible_ms = self.later(delay);
        message.receipt = None;
        message.last_error = Some(reason.to_owned());
        state.insert(id, message);
        Ok(())
    }

    async fn extend(&self, receipt: &str, visibility: Duration) -> Result<(), PortError> {
        let mut state = lock(&self.state);
        let (id, mut message) = state.take_held("extend message", receipt, self.clock.now_ms())?;
        message.visible_ms = self.later(visibility).max(self.clock.now_ms() + 1);
        state.insert(id, message);
        Ok(())
    }

    async fn depth(&self) -> Result<Depth, PortError> {
        let now_ms = self.clock.now_ms();
        let state = lock(&self.state);
        let mut depth = Depth { dead: state.dead.len() as u64, ..Depth::default() };
        for message in state.messages.values() {
            let count = match (&message.receipt, message.visible_ms > now_ms) {
                (_, false) => &mut depth.visible,
                (Some(_), true) => &mut depth.in_flight,
                (None, true) => &mut depth.delayed,
            };
            *count += 1;
        }
        Ok(depth)
    }

    async fn dead_letters(&self, limit: usize) -> Result<Vec<DeadLetter>, PortError> {
        Ok(lock(&self.state).dead.iter().take(limit).cloned().collect())
    }

    async fn redrive(&self) -> Result<u64, PortError> {
        let visible_ms = self.clock.now_ms();
        let mut state = lock(&self.state);
        let dead = std::mem::take(&mut state.dead);
        let n_dead = dead.len() as u64;
        for DeadLetter { id, body, .. } in dead {
            if let Ok(id) = id.parse() {
                state.insert(id, Message { body, visible_ms, ..Message::default() });
            }
        }
        Ok(n_dead)
    }
}
