//! The one layer that sends a call again while the caller waits: jittered, and never past the caller's deadline.

use crate::{Class, ModelError, ModelResult};
use ports::Clock;
use std::future::Future;
use std::time::Duration;

/// The first pause; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(400);

const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// The longest that one call may take, however far the deadline: a connection that died silently is not waited for.
const ATTEMPT: Duration = Duration::from_secs(120);

/// With less time than this a call is not even started.
const LEAST: Duration = Duration::from_millis(50);

/// Calls `call` until it succeeds, fails for good, or there is no time left. Also returns how many calls were made.
pub(crate) async fn retrying<T, F>(
    clock: &dyn Clock,
    model: &str,
    deadline_ms: u64,
    mut call: impl FnMut() -> F,
) -> (ModelResult<T>, u32)
where
    F: Future<Output = ModelResult<T>>,
{
    let mut n_calls = 0;
    let mut last: Option<Box<ModelError>> = None;
    loop {
        let left = Duration::from_millis(deadline_ms.saturating_sub(clock.now_ms()));
        if left < LEAST {
            let late = || out_of_time(model, "the deadline came before an answer");
            return (Err(last.unwrap_or_else(late)), n_calls);
        }
        n_calls += 1;
        let answered = match tokio::time::timeout(left.min(ATTEMPT), call()).await {
            Ok(answered) => answered,
            // Of a call that took all the time that there was, another one is not a better one.
            Err(_) => Err(out_of_time(model, "no answer came in time").attempts(2)),
        };
        let error = match answered {
            Ok(value) => return (Ok(value), n_calls),
            Err(error) => error,
        };
        let Some(after) = error.retry_after().filter(|_| n_calls < error.max_attempts) else {
            return (Err(error), n_calls);
        };
        let random = clock.random();
        let pause = spread(after, random).max(jittered(n_calls, random));
        let left = Duration::from_millis(deadline_ms.saturating_sub(clock.now_ms()));
        if pause + LEAST >= left {
            return (Err(error), n_calls);
        }
        tracing::debug!(model, n_calls, ?pause, %error, "model call is sent again");
        last = Some(error);
        clock.sleep(pause).await;
    }
}

fn out_of_time(model: &str, message: &str) -> Box<ModelError> {
    ModelError::of(Class::Retry { after: Duration::ZERO }, model, "timeout", message)
}

/// Returns at least the pause that was asked for and at most a quarter more: it was asked of many callers at once.
fn spread(after: Duration, random: u64) -> Duration {
    let quarter_ms = u64::try_from(after.as_millis() / 4).unwrap_or(u64::MAX);
    after.saturating_add(Duration::from_millis(random % quarter_ms.saturating_add(1)))
}

/// Returns a pause between half of the step and the whole of it, so that callers that failed together do not come back
/// together.
fn jittered(n_calls: u32, random: u64) -> Duration {
    let step = FIRST_PAUSE.saturating_mul(1 << n_calls.saturating_sub(1).min(16)).min(LONGEST_PAUSE);
    let half_ms = u64::try_from(step.as_millis() / 2).unwrap_or(u64::MAX).max(1);
    Duration::from_millis(half_ms + random % half_ms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ports::memory::ManualClock;
    use std::cell::Cell;

    fn failure(after_ms: u64, max_attempts: u32) -> Box<ModelError> {
        let after = Duration::from_millis(after_ms);
        ModelError::of(Class::Throttled { after }, "m", "slow", "down").attempts(max_attempts)
    }

    async fn run(deadline_ms: u64, failures: &[(u64, u32)]) -> (ModelResult<()>, u32, u64) {
        let clock = ManualClock::advancing(0);
        let index = Cell::new(0);
        let (result, n_calls) = retrying(&clock, "m", deadline_ms, || {
            let next = failures.get(index.replace(index.get() + 1)).copied();
            async move { next.map_or(Ok(()), |(after_ms, attempts)| Err(failure(after_ms, attempts))) }
        })
        .await;
        (result, n_calls, clock.now_ms())
    }

    #[tokio::test]
    async fn a_call_is_sent_again_as_often_as_its_error_allows() {
        let (result, n_calls, now_ms) = run(60_000, &[(0, 3), (0, 3)]).await;
        assert!(result.is_ok());
        assert_eq!(n_calls, 3);
        assert!((600..=1200).contains(&now_ms), "{now_ms}");
        let (result, n_calls, _) = run(60_000, &[(0, 3), (0, 3), (0, 3)]).await;
        assert_eq!((result.unwrap_err().code.as_str(), n_calls), ("slow", 3));
        let (result, n_calls, _) = run(60_000, &[(0, 1)]).await;
        assert_eq!((result.is_err(), n_calls), (true, 1));
    }

    #[tokio::test]
    async fn the_provider_s_wish_is_kept_and_the_deadline_too() {
        let (result, _, now_ms) = run(60_000, &[(7_000, 3)]).await;
        assert!(result.is_ok());
        assert!((7_000..=8_750).contains(&now_ms), "{now_ms}");
        let (result, n_calls, now_ms) = run(6_000, &[(7_000, 3)]).await;
        assert_eq!(result.unwrap_err().retry_after(), Some(Duration::from_secs(7)));
        assert_eq!((n_calls, now_ms), (1, 0), "nobody waits for what comes too late");
        let (result, n_calls, _) = run(10, &[]).await;
        assert_eq!((result.unwrap_err().code.as_str(), n_calls), ("timeout", 0));
    }

    #[test]
    fn pauses_grow_and_stay_bounded() {
        for (n_calls, least, most) in [(1, 200, 400), (2, 400, 800), (3, 800, 1600), (40, 4000, 8000)] {
            for random in [0, 1, 12_345, u64::MAX] {
                let pause = jittered(n_calls, random);
                assert!((least..=most).contains(&pause.as_millis()), "{n_calls} {random} {pause:?}");
            }
        }
    }
}
