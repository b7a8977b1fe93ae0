//! Queues: what a receipt can do, and when it is void.

use super::queue::{LATER, LONG, QueueUnderTest, VISIBILITY};
use super::{Check, ensure, ensure_kind};
use crate::Kind;
use std::collections::BTreeSet;
use std::time::Duration;

pub(super) async fn acknowledged(on: QueueUnderTest<'_>) -> Check {
    on.send(&["task"]).await?;
    let message = on.receive_one(VISIBILITY).await?;
    on.queue.acknowledge(&message.receipt).await?;
    on.clock.sleep(LATER).await;
    on.ensure_none("the message was acknowledged").await?;
    if on.is_exact {
        ensure_kind(on.queue.acknowledge(&message.receipt).await, Kind::NotFound, "second acknowledgement")?;
    }
    Ok(())
}

pub(super) async fn void(on: QueueUnderTest<'_>) -> Check {
    for receipt in ["", "nonsense", "1-1-0000000000000000", "9999999999999999999999-1-x", "-", "🦀"] {
        ensure_kind(on.queue.acknowledge(receipt).await, Kind::NotFound, format_args!("acknowledge `{receipt}`"))?;
    }
    on.send(&["task"]).await?;
    let old = on.receive_one(VISIBILITY).await?;
    on.clock.sleep(LATER).await;
    if on.is_exact {
        // Visible again, and nobody has it yet: void all the same.
        ensure_kind(on.queue.extend(&old.receipt, LONG).await, Kind::NotFound, "extend after the visibility")?;
        ensure_kind(on.queue.acknowledge(&old.receipt).await, Kind::NotFound, "acknowledge after the visibility")?;
        let given = on.queue.give_back(&old.receipt, Duration::ZERO, "late").await;
        ensure_kind(given, Kind::NotFound, "give back after the visibility")?;
    }
    let new = on.receive_one(VISIBILITY).await?;
    // The old delivery wakes up and believes it is done: the new one must not notice.
    let old_answers = [
        on.queue.acknowledge(&old.receipt).await,
        on.queue.extend(&old.receipt, LONG).await,
        on.queue.give_back(&old.receipt, Duration::ZERO, "late").await,
    ];
    if on.is_exact {
        for answer in old_answers {
            ensure_kind(answer, Kind::NotFound, "a receipt of an earlier delivery")?;
        }
    }
    on.ensure_none("the new delivery hides the message").await?;
    on.queue.acknowledge(&new.receipt).await?;
    on.clock.sleep(LATER).await;
    on.ensure_none("the new delivery acknowledged the message").await
}

pub(super) async fn given_back(on: QueueUnderTest<'_>) -> Check {
    on.send(&["task"]).await?;
    let first = on.receive_one(LONG).await?;
    on.queue.give_back(&first.receipt, Duration::ZERO, "not now").await?;
    if on.is_exact {
        ensure_kind(on.queue.acknowledge(&first.receipt).await, Kind::NotFound, "acknowledge what was given back")?;
    }
    let second = on.receive_one(LONG).await?;
    ensure!(second.id == first.id && second.attempt == 2, "given back was {first:?}, then came {second:?}");
    on.acknowledge(&[second]).await?;

    on.send(&["other task"]).await?;
    let first = on.receive_one(LONG).await?;
    on.queue.give_back(&first.receipt, VISIBILITY, "in a while").await?;
    on.ensure_none("the message was given back with a delay").await?;
    on.clock.sleep(LATER).await;
    let second = on.receive_one(LONG).await?;
    on.acknowledge(&[second]).await
}

pub(super) async fn extended(on: QueueUnderTest<'_>) -> Check {
    on.send(&["task"]).await?;
    let message = on.receive_one(VISIBILITY).await?;
    on.queue.extend(&message.receipt, LONG).await?;
    on.clock.sleep(LATER).await;
    on.ensure_none("the visibility was extended").await?;
    // From now, not from the end of what was left: shorter is possible too.
    on.queue.extend(&message.receipt, VISIBILITY).await?;
    on.clock.sleep(LATER).await;
    let again = on.receive_one(VISIBILITY).await?;
    ensure!(again.attempt == 2, "the second delivery has attempt {}", again.attempt);
    on.acknowledge(&[again]).await
}

pub(super) async fn unique(on: QueueUnderTest<'_>) -> Check {
    on.send(&["a", "b", "c"]).await?;
    let mut receipts = BTreeSet::new();
    for round in 1..=2 {
        let received = on.receive(3, LONG).await?;
        for message in &received {
            ensure!(receipts.insert(message.receipt.clone()), "the receipt `{}` came twice", message.receipt);
            if round == 1 {
                on.queue.give_back(&message.receipt, Duration::ZERO, "again").await?;
            } else {
                on.queue.acknowledge(&message.receipt).await?;
            }
        }
    }
    Ok(())
}
