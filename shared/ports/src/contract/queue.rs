//! Queues: the list of promises, and sending and receiving.

use super::{Check, Report, Seen, breathe, ensure, queue_dead as dead, queue_receipts as receipts};
use crate::{Clock, Envelope, Queue, Received};
use futures::future::join_all;
use std::collections::BTreeSet;
use std::time::Duration;

/// How long a receive hides messages in the suite: what a network call takes must be little against it.
pub(super) const VISIBILITY: Duration = Duration::from_secs(2);

/// After this long the visibility is over for sure.
pub(super) const LATER: Duration = Duration::from_millis(2600);

/// For messages that are not to come back during the check.
pub(super) const LONG: Duration = Duration::from_secs(120);

/// A queue that nobody else uses, and how to wait for it.
#[derive(Clone, Copy)]
pub struct QueueUnderTest<'a> {
    pub queue: &'a dyn Queue,
    /// The queue's time. The suite sleeps on it: a clock that a sleep advances makes the suite fast.
    pub clock: &'a dyn Clock,
    /// The queue's own limit; at least 2.
    pub max_receives: u32,
    /// Whether depths are exact and every void receipt is refused. A distributed service promises less; the port's callers live with
    /// that.
    pub is_exact: bool,
}

/// Checks a queue; it is empty before and after.
pub async fn queue(on: QueueUnderTest<'_>) -> Report {
    let mut report = Report::default();
    report.check("what was sent is received", arrives(on)).await;
    report.check("receiving from an empty queue is no error", empty(on)).await;
    report.check("a receive takes at most what was asked for", bounded(on)).await;
    report.check("a received message is hidden, then comes back", comes_back(on)).await;
    report.check("a delayed message is hidden first", delayed(on)).await;
    report.check("concurrent receivers share no message", shared(on)).await;
    report.check("an acknowledged message never comes back", receipts::acknowledged(on)).await;
    report.check("a void receipt changes nothing", receipts::void(on)).await;
    report.check("a message that was given back comes again", receipts::given_back(on)).await;
    report.check("an extended message stays hidden", receipts::extended(on)).await;
    report.check("every delivery has its own receipt", receipts::unique(on)).await;
    report.check("a message received too often becomes a dead letter", dead::dies(on)).await;
    report.check("a redriven message is as new", dead::redriven(on)).await;
    report.check("depths count every message once", dead::depths(on)).await;
    report
}

impl QueueUnderTest<'_> {
    pub(super) async fn send(&self, bodies: &[&str]) -> Check {
        Ok(self.queue.send(bodies.iter().map(|body| Envelope::now((*body).to_owned())).collect()).await?)
    }

    /// Receives exactly `n_messages`, waiting a little for a service that needs several calls.
    pub(super) async fn receive(&self, n_messages: usize, visibility: Duration) -> Result<Vec<Received>, Seen> {
        let mut received: Vec<Received> = Vec::new();
        for _ in 0..20 {
            received.extend(self.queue.receive((n_messages - received.len()).min(10), visibility).await?);
            if received.len() >= n_messages {
                return Ok(received);
            }
            self.clock.sleep(Duration::from_millis(20)).await;
        }
        Err(Seen(format!("{n_messages} messages should be visible, received were {received:?}")))
    }

    pub(super) async fn receive_one(&self, visibility: Duration) -> Result<Received, Seen> {
        self.receive(1, visibility).await?.pop().ok_or_else(|| Seen("no message".into()))
    }

    /// Checks that nothing is visible now.
    pub(super) async fn ensure_none(&self, why: &str) -> Check {
        let received = self.queue.receive(10, VISIBILITY).await?;
        ensure!(received.is_empty(), "{why}: received {received:?}");
        Ok(())
    }

    pub(super) async fn acknowledge(&self, messages: &[Received]) -> Check {
        for message in messages {
            self.queue.acknowledge(&message.receipt).await?;
        }
        Ok(())
    }
}

async fn arrives(on: QueueUnderTest<'_>) -> Check {
    // SQS takes ten in a call: the adapter sees to it.
    let mut bodies: Vec<String> = (0..23).map(|index| format!("{{\"n\":{index}}}")).collect();
    bodies.push("line\nbreak, \"quotes\", ünï, 🦀".into());
    bodies.push("x".repeat(50_000));
    on.send(&bodies.iter().map(String::as_str).collect::<Vec<_>>()).await?;
    let received = on.receive(bodies.len(), LONG).await?;
    ensure!(received.iter().all(|message| message.attempt == 1), "a first delivery has another attempt than 1");
    let mut found: Vec<&String> = received.iter().map(|message| &message.body).collect();
    let mut sent: Vec<&String> = bodies.iter().collect();
    found.sort_unstable();
    sent.sort_unstable();
    ensure!(found == sent, "sent were {sent:.300?}, received {found:.300?}");
    let ids: BTreeSet<&String> = received.iter().map(|message| &message.id).collect();
    ensure!(ids.len() == received.len(), "messages share an id");
    on.acknowledge(&received).await?;
    Ok(on.queue.send(Vec::new()).await?)
}

async fn empty(on: QueueUnderTest<'_>) -> Check {
    on.ensure_none("the queue is empty").await?;
    let dead = on.queue.dead_letters(10).await?;
    ensure!(dead.is_empty(), "dead letters: {dead:?}");
    Ok(())
}

async fn bounded(on: QueueUnderTest<'_>) -> Check {
    on.send(&["a"; 12]).await?;
    let mut received = on.queue.receive(3, LONG).await?;
    ensure!(received.len() <= 3, "asked for 3, got {}", received.len());
    let more = on.queue.receive(10, LONG).await?;
    ensure!(more.len() <= 10, "asked for 10, got {}", more.len());
    received.extend(more);
    if received.len() < 12 {
        let rest = on.receive(12 - received.len(), LONG).await?;
        received.extend(rest);
    }
    on.acknowledge(&received).await
}

async fn comes_back(on: QueueUnderTest<'_>) -> Check {
    on.send(&["task"]).await?;
    let first = on.receive_one(VISIBILITY).await?;
    on.ensure_none("the message is hidden").await?;
    on.clock.sleep(LATER).await;
    let second = on.receive_one(VISIBILITY).await?;
    ensure!(second.id == first.id, "the id was `{}`, then `{}`", first.id, second.id);
    ensure!(second.body == first.body, "the body was `{}`, then `{}`", first.body, second.body);
    ensure!(second.attempt == 2, "the second delivery has attempt {}", second.attempt);
    on.acknowledge(&[second]).await
}

async fn delayed(on: QueueUnderTest<'_>) -> Check {
    on.queue.send(vec![Envelope { body: "later".into(), delay: VISIBILITY }, Envelope::now("now".into())]).await?;
    let now = on.receive_one(LONG).await?;
    ensure!(now.body == "now", "`{}` came first", now.body);
    on.ensure_none("the other message is delayed").await?;
    on.clock.sleep(LATER).await;
    let later = on.receive_one(LONG).await?;
    ensure!(later.body == "later" && later.attempt == 1, "then came {later:?}");
    on.acknowledge(&[now, later]).await
}

async fn shared(on: QueueUnderTest<'_>) -> Check {
    const N_MESSAGES: usize = 100;
    let bodies: Vec<String> = (0..N_MESSAGES).map(|index| index.to_string()).collect();
    on.send(&bodies.iter().map(String::as_str).collect::<Vec<_>>()).await?;
    let receiver = async |_| {
        let mut mine = Vec::new();
        let mut n_empty = 0;
        while n_empty < 3 {
            let received = on.queue.receive(7, LONG).await?;
            n_empty = if received.is_empty() { n_empty + 1 } else { 0 };
            mine.extend(received);
            breathe().await;
        }
        Ok::<Vec<Received>, Seen>(mine)
    };
    let mut all = Vec::new();
    for received in join_all((0..16).map(receiver)).await {
        all.extend(received?);
    }
    if all.len() < N_MESSAGES {
        let rest = on.receive(N_MESSAGES - all.len(), LONG).await?;
        all.extend(rest);
    }
    let distinct: BTreeSet<&String> = all.iter().map(|message| &message.body).collect();
    ensure!(distinct.len() == N_MESSAGES, "{} of {N_MESSAGES} messages arrived", distinct.len());
    ensure!(all.len() == N_MESSAGES, "{} deliveries of {N_MESSAGES} messages", all.len());
    for result in join_all(all.iter().map(|message| on.queue.acknowledge(&message.receipt))).await {
        result?;
    }
    Ok(())
}
