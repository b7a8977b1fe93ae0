//! Ledgers that lie.

use crate::{assert_caught, run};
use asset::money::MicroUsd;
use async_trait::async_trait;
use ports::memory::MemoryLedger;
use ports::{Actual, Cap, Ledger, LedgerPage, LedgerQuery, PortError, Reservation, Reserved, contract};
use std::collections::{BTreeMap, BTreeSet};
use std::future::poll_fn;
use std::sync::Mutex;
use std::task::Poll;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lie {
    EveryIdIsNew,
    LooksBeforeItReserves,
    FirstCapOnly,
    ForgetsWhatIsNotSettled,
    BatchesEndAtMidnight,
    CostNeverExceedsForecast,
    EverySettlementCounts,
    UnknownCostsNothing,
    AnybodySettles,
    PagesByOffset,
    LastDayIsMissing,
    AnyTextIsADay,
}

struct LyingLedger {
    lie: Lie,
    inner: MemoryLedger,
    reserved: Mutex<BTreeSet<String>>,
    n_settled: Mutex<BTreeMap<String, u64>>,
}

impl LyingLedger {
    fn count(&self, id: &str) -> u64 {
        let mut n_settled = self.n_settled.lock().expect("no panic");
        let n = n_settled.entry(id.to_owned()).or_default();
        *n += 1;
        *n
    }
}

/// Lets another call in between.
async fn pause() {
    let mut is_second = false;
    poll_fn(|context| {
        if is_second {
            return Poll::Ready(());
        }
        is_second = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[async_trait]
impl Ledger for LyingLedger {
    async fn reserve(&self, reservation: &Reservation, caps: &[Cap]) -> Result<Reserved, PortError> {
        let mut told = reservation.clone();
        let mut caps = caps.to_vec();
        match self.lie {
            Lie::EveryIdIsNew => told.id = format!("{}/{}", told.id, self.reserved.lock().expect("no panic").len()),
            Lie::FirstCapOnly => caps.truncate(1),
            Lie::BatchesEndAtMidnight => {
                for cap in &mut caps {
                    cap.scope = cap.scope.replace("batch/", "batch-");
                }
            }
            Lie::LooksBeforeItReserves => {
                let probe = Reservation { id: format!("look/{}", told.id), ..told.clone() };
                let limits: Vec<Cap> = caps
                    .iter()
                    .map(|cap| Cap { limit: MicroUsd(cap.limit.0.saturating_sub(1)), ..cap.clone() })
                    .collect();
                let probe = Reservation { forecast: MicroUsd(probe.forecast.0.saturating_sub(1)), ..probe };
                if let full @ Reserved::CapFull { .. } = self.inner.reserve(&probe, &limits).await? {
                    return Ok(full);
                }
                self.inner.settle(&probe.id, &nothing()).await?;
                pause().await;
                caps.iter_mut().for_each(|cap| cap.limit = Cap::COUNT_ONLY);
            }
            _ => {}
        }
        self.reserved.lock().expect("no panic").insert(told.id.clone());
        let answer = self.inner.reserve(&told, &caps).await?;
        if self.lie == Lie::ForgetsWhatIsNotSettled && told.id == "crashed" {
            self.inner.settle(&told.id, &nothing()).await?;
        }
        Ok(answer)
    }

    async fn settle(&self, id: &str, actual: &Actual) -> Result<(), PortError> {
        let mut actual = actual.clone();
        match self.lie {
            Lie::CostNeverExceedsForecast => actual.cost = actual.cost.map(|cost| cost.min(MicroUsd(70))),
            Lie::UnknownCostsNothing => actual.cost = actual.cost.or(Some(MicroUsd(0))),
            Lie::AnybodySettles if !self.reserved.lock().expect("no panic").contains(id) => return Ok(()),
            Lie::EverySettlementCounts if self.count(id) > 1 => {
                let again = Reservation { id: format!("{id}/{}", self.count(id)), ..reservation() };
                let caps = [Cap { scope: "day".into(), limit: Cap::COUNT_ONLY }];
                return self.inner.reserve(&again, &caps).await.map(drop);
            }
            _ => {}
        }
        self.inner.settle(id, &actual).await
    }

    async fn entries(&self, query: &LedgerQuery) -> Result<LedgerPage, PortError> {
        let mut query = query.clone();
        match self.lie {
            Lie::LastDayIsMissing if query.to_day.ends_with("-01") => query.to_day.replace_range(8.., "00"),
            Lie::LastDayIsMissing => {
                let last: u32 = query.to_day[8..].parse().unwrap_or(2);
                query.to_day.replace_range(8.., &format!("{:02}", last - 1));
            }
            Lie::AnyTextIsADay => return Ok(self.inner.entries(&query).await.unwrap_or_default()),
            Lie::PagesByOffset => {
                let offset: usize = query.after.take().and_then(|after| after.parse().ok()).unwrap_or(0);
                let limit = query.page_size();
                let everything = LedgerQuery { limit: 1000, ..query };
                let mut entries = self.inner.entries(&everything).await?.entries;
                // What was changed last comes first.
                entries.sort_by_key(|entry| entry.actual.is_none());
                let next = (offset + limit < entries.len()).then(|| (offset + limit).to_string());
                return Ok(LedgerPage { entries: entries.into_iter().skip(offset).take(limit).collect(), next });
            }
            _ => {}
        }
        self.inner.entries(&query).await
    }
}

fn nothing() -> Actual {
    let usage = asset::money::Usage::default();
    Actual { cost: Some(MicroUsd(0)), usage, model_answered: None, at_ms: 0, ok: true }
}

fn reservation() -> Reservation {
    Reservation {
        id: String::new(),
        at_ms: 1,
        day: "2026-01-06".to_owned(),
        asset: String::new(),
        collection: String::new(),
        capability: String::new(),
        model: String::new(),
        forecast: MicroUsd(10),
    }
}

#[test]
fn every_lie_of_a_ledger_is_caught() {
    let cases: [(Lie, &[&str]); 12] = [
        (
            Lie::EveryIdIsNew,
            &["a reserved id is never reserved again", "of concurrent reservations of one id exactly one is taken"],
        ),
        (Lie::LooksBeforeItReserves, &["concurrent reservations never go over a cap"]),
        (Lie::FirstCapOnly, &["all caps have room or nothing is reserved"]),
        (Lie::ForgetsWhatIsNotSettled, &["what is not settled, or has no known cost, counts its forecast"]),
        (Lie::BatchesEndAtMidnight, &["a batch counts across days, other scopes by the day"]),
        (Lie::CostNeverExceedsForecast, &["the cost takes the place of the forecast"]),
        (Lie::EverySettlementCounts, &["the first settlement stands"]),
        (Lie::UnknownCostsNothing, &["what is not settled, or has no known cost, counts its forecast"]),
        (Lie::AnybodySettles, &["what was never reserved cannot be settled"]),
        (Lie::PagesByOffset, &["entries come by time and page without gaps"]),
        (Lie::LastDayIsMissing, &["only entries of the days asked for are listed"]),
        (Lie::AnyTextIsADay, &["what is no day is refused"]),
    ];
    for (lie, promises) in cases {
        let (inner, reserved, n_settled) = Default::default();
        let liar = LyingLedger { lie, inner, reserved, n_settled };
        assert_caught(lie, &run(contract::ledger(&liar)), promises);
    }
}
