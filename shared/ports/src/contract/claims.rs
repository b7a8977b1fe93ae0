//! Claims.

use super::{Check, Report, breathe, ensure};
use crate::{ClaimOutcome, Claims, Clock};
use ClaimOutcome::{HeldUntil, Taken};
use futures::future::join_all;

/// Checks claims. Times are given by the caller, so nothing waits; `clock` only sets where they begin (services delete what is long past)
/// and makes names that are new.
pub async fn claims(claims: &dyn Claims, clock: &dyn Clock) -> Report {
    let mut report = Report::default();
    let now_ms = clock.now_ms();
    let name = |check: &str| format!("{check}-{:016x}", clock.random());
    report.check("a claim keeps others out until it ends", keeps_out(claims, &name("keeps-out"), now_ms)).await;
    report.check("an owner may claim again", again(claims, &name("again"), now_ms)).await;
    report.check("only the owner releases", releases(claims, &name("releases"), now_ms)).await;
    report.check("of concurrent takers exactly one succeeds", takers(claims, &name("takers"), now_ms)).await;
    report
}

async fn keeps_out(claims: &dyn Claims, name: &str, now_ms: u64) -> Check {
    let until_ms = now_ms + 60_000;
    ensure!(claims.claim(name, "a", now_ms, until_ms).await? == Taken, "a free claim was not taken");
    let other = claims.claim(name, "b", now_ms + 1, until_ms + 99).await?;
    ensure!(other == HeldUntil(until_ms), "a second owner got {other:?}");
    let other = claims.claim(name, "b", until_ms - 1, until_ms + 99).await?;
    ensure!(other == HeldUntil(until_ms), "just before the end a second owner got {other:?}");
    let neighbour = claims.claim(&format!("{name}-2"), "b", now_ms, until_ms).await?;
    ensure!(neighbour == Taken, "another name got {neighbour:?}");

    let next_ms = until_ms + 60_000;
    let other = claims.claim(name, "b", until_ms + 1, next_ms).await?;
    ensure!(other == Taken, "after the end a second owner got {other:?}");
    let late = claims.claim(name, "a", until_ms + 2, next_ms + 1).await?;
    ensure!(late == HeldUntil(next_ms), "the first owner woke up late and got {late:?}");
    Ok(())
}

async fn again(claims: &dyn Claims, name: &str, now_ms: u64) -> Check {
    claims.claim(name, "a", now_ms, now_ms + 10_000).await?;
    let extended = claims.claim(name, "a", now_ms + 5_000, now_ms + 50_000).await?;
    ensure!(extended == Taken, "the owner got {extended:?}");
    let other = claims.claim(name, "b", now_ms + 20_000, now_ms + 99_000).await?;
    ensure!(other == HeldUntil(now_ms + 50_000), "after the extension a second owner got {other:?}");
    Ok(())
}

async fn releases(claims: &dyn Claims, name: &str, now_ms: u64) -> Check {
    let until_ms = now_ms + 60_000;
    claims.release(name, "a").await?;
    claims.claim(name, "a", now_ms, until_ms).await?;
    claims.release(name, "b").await?;
    let other = claims.claim(name, "b", now_ms, until_ms).await?;
    ensure!(other == HeldUntil(until_ms), "a stranger's release let it have {other:?}");
    claims.release(name, "a").await?;
    claims.release(name, "a").await?;
    let other = claims.claim(name, "b", now_ms, until_ms).await?;
    ensure!(other == Taken, "after the release a second owner got {other:?}");
    Ok(())
}

async fn takers(claims: &dyn Claims, name: &str, now_ms: u64) -> Check {
    for round in 0..4 {
        // The second half of the rounds is a race for a claim that has ended.
        let (name, from_ms) = (format!("{name}-{}", round % 2), now_ms + round * 1_000);
        let take = async |index: u64| {
            breathe().await;
            claims.claim(&name, &format!("{round}-{index}"), from_ms, from_ms + 500).await
        };
        let mut n_taken = 0;
        for outcome in join_all((0..32).map(take)).await {
            match outcome? {
                Taken => n_taken += 1,
                HeldUntil(until_ms) => ensure!(until_ms == from_ms + 500, "held until {until_ms}"),
            }
        }
        ensure!(n_taken == 1, "{n_taken} of 32 takers succeeded");
    }
    Ok(())
}
