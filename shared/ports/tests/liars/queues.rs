//! Queues that lie.

use crate::{assert_caught, run};
use async_trait::async_trait;
use ports::contract::{self, QueueUnderTest};
use ports::memory::{ManualClock, MemoryQueue};
use ports::{DeadLetter, Depth, Envelope, PortError, Queue, Received, SendMessages};
use std::sync::Arc;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lie {
    VisibilityNeverExpires,
    VisibilityIsZero,
    DelayIsIgnored,
    GiveBackIsIgnored,
    GiveBackDelayIsIgnored,
    ExtendDoesNothing,
    VoidReceiptsAreFine,
    AcknowledgeDoesNothing,
    AttemptIsAlwaysOne,
    NothingDies,
    ReasonIsLost,
    RedriveDoesNothing,
    SendsOnlyTen,
}

const FOREVER: Duration = Duration::from_secs(1_000_000);
const MAX_RECEIVES: u32 = 3;

struct Liar {
    lie: Lie,
    inner: MemoryQueue,
}

impl Liar {
    fn is(&self, lie: Lie) -> bool {
        self.lie == lie
    }

    fn answer(&self, result: Result<(), PortError>) -> Result<(), PortError> {
        if self.is(Lie::VoidReceiptsAreFine) { Ok(()) } else { result }
    }
}

#[async_trait]
impl SendMessages for Liar {
    async fn send(&self, mut messages: Vec<Envelope>) -> Result<(), PortError> {
        if self.is(Lie::DelayIsIgnored) {
            messages.iter_mut().for_each(|message| message.delay = Duration::ZERO);
        }
        if self.is(Lie::SendsOnlyTen) {
            messages.truncate(10);
        }
        self.inner.send(messages).await
    }
}

#[async_trait]
impl Queue for Liar {
    async fn receive(&self, max: usize, visibility: Duration) -> Result<Vec<Received>, PortError> {
        let visibility = match self.lie {
            Lie::VisibilityNeverExpires => FOREVER,
            // The twin hides for a millisecond at least, and a manual clock stands still: let the message be seen again.
            Lie::VisibilityIsZero => Duration::ZERO,
            _ => visibility,
        };
        let mut received = self.inner.receive(max, visibility).await?;
        if self.is(Lie::AttemptIsAlwaysOne) {
            received.iter_mut().for_each(|message| message.attempt = 1);
        }
        if self.is(Lie::VisibilityIsZero) {
            for message in &received {
                self.inner.give_back(&message.receipt, Duration::ZERO, "").await?;
            }
        }
        Ok(received)
    }
    async fn acknowledge(&self, receipt: &str) -> Result<(), PortError> {
        if self.is(Lie::AcknowledgeDoesNothing) {
            return Ok(());
        }
        self.answer(self.inner.acknowledge(receipt).await)
    }
    async fn give_back(&self, receipt: &str, delay: Duration, reason: &str) -> Result<(), PortError> {
        let delay = if self.is(Lie::GiveBackDelayIsIgnored) { Duration::ZERO } else { delay };
        let reason = if self.is(Lie::ReasonIsLost) { "" } else { reason };
        if self.is(Lie::GiveBackIsIgnored) {
            return Ok(());
        }
        self.answer(self.inner.give_back(receipt, delay, reason).await)
    }
    async fn extend(&self, receipt: &str, visibility: Duration) -> Result<(), PortError> {
        if self.is(Lie::ExtendDoesNothing) {
            return Ok(());
        }
        self.answer(self.inner.extend(receipt, visibility).await)
    }
    async fn depth(&self) -> Result<Depth, PortError> {
        self.inner.depth().await
    }
    async fn dead_letters(&self, limit: usize) -> Result<Vec<DeadLetter>, PortError> {
        self.inner.dead_letters(limit).await
    }
    async fn redrive(&self) -> Result<u64, PortError> {
        if self.is(Lie::RedriveDoesNothing) {
            return Ok(self.inner.dead_letters(1000).await?.len() as u64);
        }
        self.inner.redrive().await
    }
}

#[test]
fn every_lie_of_a_queue_is_caught() {
    let cases: [(Lie, &[&str]); 13] = [
        (Lie::VisibilityNeverExpires, &["a received message is hidden, then comes back"]),
        (Lie::VisibilityIsZero, &["a received message is hidden, then comes back"]),
        (Lie::DelayIsIgnored, &["a delayed message is hidden first"]),
        (Lie::GiveBackIsIgnored, &["a message that was given back comes again"]),
        (Lie::GiveBackDelayIsIgnored, &["a message that was given back comes again"]),
        (Lie::ExtendDoesNothing, &["an extended message stays hidden"]),
        (Lie::VoidReceiptsAreFine, &["a void receipt changes nothing"]),
        (Lie::AcknowledgeDoesNothing, &["an acknowledged message never comes back"]),
        (Lie::AttemptIsAlwaysOne, &["a received message is hidden, then comes back"]),
        (Lie::NothingDies, &["a message received too often becomes a dead letter"]),
        (Lie::ReasonIsLost, &["a message received too often becomes a dead letter"]),
        (Lie::RedriveDoesNothing, &["a redriven message is as new"]),
        (Lie::SendsOnlyTen, &["what was sent is received"]),
    ];
    for (lie, promises) in cases {
        let clock = Arc::new(ManualClock::advancing(1_700_000_000_000));
        let max_receives = if lie == Lie::NothingDies { 1_000 } else { MAX_RECEIVES };
        let liar = Liar { lie, inner: MemoryQueue::new(clock.clone(), max_receives) };
        let on = QueueUnderTest { queue: &liar, clock: &*clock, max_receives: MAX_RECEIVES, is_exact: true };
        assert_caught(lie, &run(contract::queue(on)), promises);
    }
}
