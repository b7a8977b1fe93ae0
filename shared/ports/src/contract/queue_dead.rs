//! Queues: dead letters and depths.

use super::queue::{LATER, LONG, QueueUnderTest, VISIBILITY};
use super::{Check, Seen, ensure};
use crate::{DeadLetter, Depth, Envelope};
use std::time::Duration;

/// Uses up all deliveries of whatever is visible; the last failure is `reason`.
async fn exhaust(on: QueueUnderTest<'_>, n_messages: usize, reason: &str) -> Check {
    for attempt in 1..=on.max_receives {
        for message in on.receive(n_messages, LONG).await? {
            ensure!(message.attempt == attempt, "delivery {attempt} has attempt {}", message.attempt);
            let reason = format!("{reason} {attempt}");
            on.queue.give_back(&message.receipt, Duration::ZERO, &reason).await?;
        }
    }
    Ok(())
}

/// Waits for dead letters: some services move them when they like.
async fn dead_letters(on: QueueUnderTest<'_>, n_letters: usize) -> Result<Vec<DeadLetter>, Seen> {
    for _ in 0..20 {
        on.ensure_none("the message was received too often").await?;
        let dead = on.queue.dead_letters(10).await?;
        if dead.len() >= n_letters {
            return Ok(dead);
        }
        on.clock.sleep(Duration::from_millis(100)).await;
    }
    Err(Seen(format!("{n_letters} dead letters expected, there are {:?}", on.queue.dead_letters(10).await?)))
}

pub(super) async fn dies(on: QueueUnderTest<'_>) -> Check {
    let before_ms = on.clock.now_ms();
    on.send(&["poison"]).await?;
    exhaust(on, 1, "broken").await?;
    let dead = dead_letters(on, 1).await?;
    ensure!(dead.len() == 1 && dead[0].body == "poison", "the dead letters are {dead:?}");
    ensure!(dead[0].attempts == on.max_receives, "it died after {} attempts", dead[0].attempts);
    if on.is_exact {
        let expected = format!("broken {}", on.max_receives);
        ensure!(dead[0].last_error.as_ref() == Some(&expected), "its last error is {:?}", dead[0].last_error);
        ensure!(dead[0].died_ms >= before_ms, "it died at {}, before it was sent", dead[0].died_ms);
    }

    // A delivery that ends without a word counts too: the process may have died of the message.
    on.clock.sleep(Duration::from_millis(10)).await;
    on.send(&["killer"]).await?;
    for _ in 0..on.max_receives {
        on.receive_one(VISIBILITY).await?;
        on.clock.sleep(LATER).await;
    }
    let dead = dead_letters(on, 2).await?;
    let bodies: Vec<&str> = dead.iter().map(|letter| letter.body.as_str()).collect();
    ensure!(bodies == ["poison", "killer"], "oldest first, the dead letters are {bodies:?}");
    ensure!(dead[1].last_error.is_none() || !on.is_exact, "nobody reported {:?}", dead[1].last_error);
    let first = on.queue.dead_letters(1).await?;
    ensure!(first == dead[..1], "the first dead letter is {first:?}");

    // Other messages are not held up.
    on.send(&["healthy"]).await?;
    let healthy = on.receive_one(LONG).await?;
    ensure!(healthy.body == "healthy", "then came {healthy:?}");
    on.acknowledge(&[healthy]).await?;
    on.queue.redrive().await?;
    let rest = on.receive(2, LONG).await?;
    on.acknowledge(&rest).await
}

pub(super) async fn redriven(on: QueueUnderTest<'_>) -> Check {
    on.send(&["a", "b"]).await?;
    exhaust(on, 2, "broken").await?;
    dead_letters(on, 2).await?;
    let n_redriven = on.queue.redrive().await?;
    ensure!(n_redriven == 2, "{n_redriven} messages were redriven");
    let dead = on.queue.dead_letters(10).await?;
    ensure!(dead.is_empty(), "after the redrive there are dead letters: {dead:?}");
    // With a fresh count, so that it may fail as often as a new one.
    exhaust(on, 2, "still broken").await?;
    dead_letters(on, 2).await?;
    on.queue.redrive().await?;
    let messages = on.receive(2, LONG).await?;
    ensure!(messages.iter().all(|message| message.attempt == 1), "redriven messages are {messages:?}");
    on.acknowledge(&messages).await?;
    let n_redriven = on.queue.redrive().await?;
    ensure!(n_redriven == 0, "{n_redriven} messages were redriven out of nothing");
    Ok(())
}

pub(super) async fn depths(on: QueueUnderTest<'_>) -> Check {
    if !on.is_exact {
        return Ok(());
    }
    let ensure_depth = async |expected: Depth, when: &str| {
        let depth = on.queue.depth().await?;
        ensure!(depth == expected, "{when}: {depth:?}, expected {expected:?}");
        Ok::<(), Seen>(())
    };
    ensure_depth(Depth::default(), "empty").await?;
    on.send(&["a", "b", "c"]).await?;
    on.queue.send(vec![Envelope { body: "d".into(), delay: VISIBILITY }]).await?;
    ensure_depth(Depth { visible: 3, delayed: 1, ..Depth::default() }, "after sending").await?;
    let received = on.receive(2, LONG).await?;
    ensure_depth(Depth { visible: 1, in_flight: 2, delayed: 1, dead: 0 }, "after receiving").await?;
    on.acknowledge(&received[..1]).await?;
    ensure_depth(Depth { visible: 1, in_flight: 1, delayed: 1, dead: 0 }, "after acknowledging").await?;
    on.queue.give_back(&received[1].receipt, Duration::ZERO, "again").await?;
    on.clock.sleep(LATER).await;
    ensure_depth(Depth { visible: 3, ..Depth::default() }, "after giving back and waiting").await?;
    let rest = on.receive(3, LONG).await?;
    on.acknowledge(&rest).await?;
    ensure_depth(Depth::default(), "at the end").await?;
    on.send(&["e"]).await?;
    exhaust(on, 1, "broken").await?;
    dead_letters(on, 1).await?;
    ensure_depth(Depth { dead: 1, ..Depth::default() }, "after dying").await?;
    on.queue.redrive().await?;
    ensure_depth(Depth { visible: 1, ..Depth::default() }, "after the redrive").await?;
    let last = on.receive(1, LONG).await?;
    on.acknowledge(&last).await
}
