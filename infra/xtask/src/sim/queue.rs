//! Queues with the promises of SQS: at least once, in no order, dead letters after so many receives.

use super::world::{Event, Sim, World};
use async_trait::async_trait;
use ports::{Envelope, Kind, PortError, Received, SendMessages};
use std::collections::VecDeque;
use std::time::Duration;

pub const INGEST: usize = 0;
pub const RESIZE: usize = 1;
pub const SETTLE: usize = 2;

/// Seconds for which a received message is hidden, by queue.
const VISIBILITY_S: [u64; 3] = [60, 120, 60];

#[derive(Default)]
struct Message {
    body: String,
    n_received: u32,
    /// Changes whenever an earlier receipt or timer becomes void.
    epoch: u64,
    is_live: bool,
}

#[derive(Default)]
struct QueueState {
    messages: Vec<Message>,
    free: Vec<usize>,
    ready: VecDeque<usize>,
    n_live: u64,
    is_pumped: bool,
}

#[derive(Default)]
pub struct Queues([QueueState; 3]);

/// A delivery: where it lies and which receive it was.
#[derive(Clone, Copy, Debug)]
pub struct Receipt {
    slot: usize,
    epoch: u64,
}

impl Queues {
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|queue| queue.n_live == 0)
    }
}

impl World {
    /// Puts a message on a queue, as the network does: perhaps late, perhaps twice.
    pub fn send(&mut self, queue: usize, body: &str, delay: Duration) {
        let rates = self.config.rates;
        let copies = 1 + usize::from(self.rng.hits(rates.duplicate));
        self.counts.duplicated += copies as u64 - 1;
        for _ in 0..copies {
            let mut after_us = delay.as_micros() as u64 + self.rng.range(5_000, 2_000_000);
            if self.rng.hits(rates.delay) {
                self.counts.delayed += 1;
                after_us += self.rng.range(1, 900) * 1_000_000;
            }
            let state = &mut self.queues.0[queue];
            let slot = state.free.pop().unwrap_or_else(|| {
                state.messages.push(Message::default());
                state.messages.len() - 1
            });
            let message = &mut state.messages[slot];
            message.epoch += 1;
            (message.body, message.n_received, message.is_live) = (body.to_owned(), 0, true);
            let epoch = message.epoch;
            state.n_live += 1;
            self.push(after_us, Event::Visible { queue, slot, epoch });
        }
    }

    /// A message's time has come.
    pub fn on_visible(&mut self, queue: usize, slot: usize, epoch: u64) {
        let max_receives = self.config.max_receives;
        let message = &mut self.queues.0[queue].messages[slot];
        if !message.is_live || message.epoch != epoch {
            return;
        }
        if message.n_received >= max_receives {
            self.counts.dead_letters += 1;
            self.free(queue, slot);
            return;
        }
        self.queues.0[queue].ready.push_back(slot);
        if !self.queues.0[queue].is_pumped {
            self.queues.0[queue].is_pumped = true;
            let after_us = self.rng.range(20_000, 500_000);
            self.push(after_us, Event::Pump(queue));
        }
    }

    /// Takes the next batch of 1 to 10 messages; empty if there are none.
    pub fn receive(&mut self, queue: usize) -> (Vec<Received>, Vec<Receipt>) {
        let limit = if self.rng.hits(5000) { 1 } else { self.rng.range(1, 11) as usize };
        let (mut batch, mut receipts) = (Vec::new(), Vec::new());
        while batch.len() < limit {
            let state = &mut self.queues.0[queue];
            let Some(slot) = state.ready.pop_front() else {
                state.is_pumped = !batch.is_empty();
                break;
            };
            let message = &mut state.messages[slot];
            message.n_received += 1;
            message.epoch += 1;
            let epoch = message.epoch;
            batch.push(Received {
                id: format!("{queue}-{slot}"),
                receipt: format!("{queue}-{slot}-{epoch}"),
                body: message.body.clone(),
                attempt: message.n_received,
            });
            receipts.push(Receipt { slot, epoch });
            self.push(VISIBILITY_S[queue] * 1_000_000, Event::Visible { queue, slot, epoch });
        }
        (batch, receipts)
    }

    pub fn acknowledge(&mut self, queue: usize, receipt: Receipt) -> Result<(), PortError> {
        self.owned(queue, receipt)?;
        self.free(queue, receipt.slot);
        Ok(())
    }

    pub fn give_back(&mut self, queue: usize, receipt: Receipt, delay: Duration) -> Result<(), PortError> {
        let message = self.owned(queue, receipt)?;
        message.epoch += 1;
        let (slot, epoch) = (receipt.slot, message.epoch);
        self.push(delay.as_micros() as u64, Event::Visible { queue, slot, epoch });
        Ok(())
    }

    /// A receipt is void once the message was received again.
    fn owned(&mut self, queue: usize, receipt: Receipt) -> Result<&mut Message, PortError> {
        let message = &mut self.queues.0[queue].messages[receipt.slot];
        let is_ours = message.is_live && message.epoch == receipt.epoch;
        if is_ours { Ok(message) } else { Err(PortError::new(Kind::NotFound, "acknowledge", receipt.slot.to_string())) }
    }

    fn free(&mut self, queue: usize, slot: usize) {
        let state = &mut self.queues.0[queue];
        state.messages[slot].is_live = false;
        state.messages[slot].body = String::new();
        state.free.push(slot);
        state.n_live -= 1;
    }
}

/// The sending side of one queue.
pub struct SimQueue(pub Sim, pub usize);

#[async_trait]
impl SendMessages for SimQueue {
    async fn send(&self, messages: Vec<Envelope>) -> Result<(), PortError> {
        let Self(sim, queue) = self;
        // A batch may be sent in part: what came before the failure is out.
        for messages in messages.chunks(10) {
            let send = |world: &mut World| {
                for message in messages {
                    world.send(*queue, &message.body, message.delay);
                }
                Ok(())
            };
            sim.call("send to", "queue", true, send).await?;
        }
        Ok(())
    }
}
