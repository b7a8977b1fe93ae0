//! The ledger: the list of promises, and money.

use super::{Check, Report, Seen, breathe, ensure, ensure_kind, insist, ledger_list as list};
use crate::{Actual, Cap, Kind, Ledger, PortError, Reservation, Reserved};
use Reserved::{AlreadyReserved, CapFull, Taken};
use asset::money::{MicroUsd, Usage};
use futures::future::join_all;

/// Checks a ledger. It must be empty: the suite adds up everything in it.
pub async fn ledger(ledger: &dyn Ledger) -> Report {
    let mut report = Report::default();
    report.check("what was reserved and settled reads back", list::reads_back(ledger)).await;
    report.check("a reserved id is never reserved again", again(ledger)).await;
    report.check("of concurrent reservations of one id exactly one is taken", one_id(ledger)).await;
    report.check("concurrent reservations never go over a cap", one_cap(ledger)).await;
    report.check("all caps have room or nothing is reserved", all_or_nothing(ledger)).await;
    report.check("the cost takes the place of the forecast", settles(ledger)).await;
    report.check("the first settlement stands", settles_once(ledger)).await;
    report.check("what is not settled, or has no known cost, counts its forecast", unsettled(ledger)).await;
    report.check("a batch counts across days, other scopes by the day", days(ledger)).await;
    report.check("the tightest cap of a scope holds", tightest(ledger)).await;
    report.check("what was never reserved cannot be settled", unknown(ledger)).await;
    report.check("entries come by time and page without gaps", list::pages(ledger)).await;
    report.check("only entries of the days asked for are listed", list::bounds(ledger)).await;
    report.check("what is no day is refused", list::bad_days(ledger)).await;
    report
}

pub(super) fn reservation(id: &str, day: &str, micros: u64) -> Reservation {
    Reservation {
        id: id.to_owned(),
        at_ms: 1_795_000_000_000,
        day: day.to_owned(),
        asset: "hero-0123".to_owned(),
        collection: "products".to_owned(),
        capability: "caption".to_owned(),
        model: "vision-small".to_owned(),
        forecast: MicroUsd(micros),
    }
}

pub(super) fn actual(micros: u64) -> Actual {
    Actual {
        cost: Some(MicroUsd(micros)),
        usage: Usage { input: 1600, output: 120, cache_read: 7, cache_write: 9 },
        model_answered: Some("vision-1".to_owned()),
        at_ms: 1_795_000_001_234,
        ok: true,
    }
}

fn cap(scope: &str, micros: u64) -> Cap {
    Cap { scope: scope.to_owned(), limit: MicroUsd(micros) }
}

/// Each check has a day of its own, so that none sees what another spent.
const DAY: [&str; 9] = [
    "2026-01-01",
    "2026-01-02",
    "2026-01-03",
    "2026-01-04",
    "2026-01-05",
    "2026-01-06",
    "2026-01-07",
    "2026-01-08",
    "2026-01-09",
];

/// Asks what a scope has used, by a reservation that no limit of zero has room for.
async fn used(ledger: &dyn Ledger, scope: &str, day: &str) -> Result<u64, PortError> {
    let probe = reservation(&format!("probe/{scope}/{day}"), day, 1);
    let caps = [cap(scope, 0)];
    match insist(|| ledger.reserve(&probe, &caps)).await? {
        CapFull { used, .. } => Ok(used.0),
        other => Err(PortError::new(Kind::Fatal, "probe", scope).because(format!("a full cap answered {other:?}"))),
    }
}

async fn again(ledger: &dyn Ledger) -> Check {
    let (day, caps) = (DAY[0], [cap("day", 1_000)]);
    let first = reservation("again", day, 100);
    let answer = ledger.reserve(&first, &caps).await?;
    ensure!(answer == Taken, "a first reservation got {answer:?}");
    let answer = ledger.reserve(&first, &caps).await?;
    ensure!(answer == AlreadyReserved, "a second one got {answer:?}");
    let elsewhere = Reservation { at_ms: 5, day: DAY[8].to_owned(), forecast: MicroUsd(7), ..first.clone() };
    let answer = ledger.reserve(&elsewhere, &[]).await?;
    ensure!(answer == AlreadyReserved, "the same id on another day got {answer:?}");
    let answer = ledger.reserve(&first, &[cap("day", 0)]).await?;
    ensure!(answer == AlreadyReserved, "the same id under a full cap got {answer:?}");
    ledger.settle("again", &actual(100)).await?;
    let answer = ledger.reserve(&first, &caps).await?;
    ensure!(answer == AlreadyReserved, "after it was settled it got {answer:?}");
    let n = used(ledger, "day", day).await?;
    ensure!(n == 100, "{n} are used, not 100");
    Ok(())
}

async fn one_id(ledger: &dyn Ledger) -> Check {
    let (day, caps) = (DAY[1], [cap("day", 10_000), cap("collection/products", 10_000)]);
    let reservation = reservation("one-id", day, 100);
    let reserve = async |_| {
        breathe().await;
        insist(|| ledger.reserve(&reservation, &caps)).await
    };
    let mut n_taken = 0;
    for answer in join_all((0..10).map(reserve)).await {
        match answer? {
            Taken => n_taken += 1,
            AlreadyReserved => {}
            full => return Err(Seen(format!("under a cap for a hundred: {full:?}"))),
        }
    }
    ensure!(n_taken == 1, "{n_taken} of 10 were taken");
    for scope in ["day", "collection/products"] {
        let n = used(ledger, scope, day).await?;
        ensure!(n == 100, "{n} are used in `{scope}`, not 100");
    }
    Ok(())
}

async fn one_cap(ledger: &dyn Ledger) -> Check {
    // Room for seven of a hundred, and some more that is not enough for an eighth.
    let (day, caps) = (DAY[2], [cap("day", 799), cap("collection/products", 10_000)]);
    let reserve = async |index: u64| {
        breathe().await;
        let reservation = reservation(&format!("one-cap/{index}"), day, 100);
        insist(|| ledger.reserve(&reservation, &caps)).await
    };
    let mut n_taken = 0;
    for answer in join_all((0..20).map(reserve)).await {
        match answer? {
            Taken => n_taken += 1,
            AlreadyReserved => return Err(Seen("a new id is said to be reserved".to_owned())),
            CapFull { scope, limit, used, forecast } => {
                let is_right = (scope.as_str(), limit.0, forecast.0) == ("day", 799, 100) && used.0 == 700;
                ensure!(is_right, "refused by `{scope}`: {used} of {limit} used, {forecast} wanted");
            }
        }
    }
    ensure!(n_taken == 7, "{n_taken} of 20 were taken under a cap for 7");
    for scope in ["day", "collection/products"] {
        let n = used(ledger, scope, day).await?;
        ensure!(n == 700, "{n} are used in `{scope}`, not 700");
    }
    Ok(())
}

async fn all_or_nothing(ledger: &dyn Ledger) -> Check {
    let day = DAY[3];
    let caps = [cap("batch/small", 50), cap("collection/products", 1_000), cap("day", Cap::COUNT_ONLY.0)];
    let answer = ledger.reserve(&reservation("all-1", day, 60), &caps).await?;
    let expected =
        CapFull { scope: "batch/small".into(), limit: MicroUsd(50), used: MicroUsd(0), forecast: MicroUsd(60) };
    ensure!(answer == expected, "60 under a cap of 50 got {answer:?}");
    let answer = ledger.reserve(&reservation("all-1", day, 50), &caps).await?;
    ensure!(answer == Taken, "what was refused could not be asked for again: {answer:?}");
    let answer = ledger.reserve(&reservation("all-2", day, 1), &caps).await?;
    let expected =
        CapFull { scope: "batch/small".into(), limit: MicroUsd(50), used: MicroUsd(50), forecast: MicroUsd(1) };
    ensure!(answer == expected, "the first micro-dollar over a cap got {answer:?}");
    let answer = ledger.reserve(&reservation("all-3", day, 0), &caps).await?;
    ensure!(answer == Taken, "what costs nothing got {answer:?}");
    for scope in ["batch/small", "collection/products", "day"] {
        let n = used(ledger, scope, day).await?;
        ensure!(n == 50, "{n} are used in `{scope}`, not 50");
    }
    Ok(())
}

async fn settles(ledger: &dyn Ledger) -> Check {
    let (day, caps) = (DAY[4], [cap("day", 100), cap("collection/products", 1_000)]);
    ledger.reserve(&reservation("less", day, 100), &caps).await?;
    ledger.settle("less", &Actual { ok: false, ..actual(30) }).await?;
    let n = used(ledger, "day", day).await?;
    ensure!(n == 30, "{n} are used after 30 of 100, not 30");
    let answer = ledger.reserve(&reservation("more", day, 70), &caps).await?;
    ensure!(answer == Taken, "what was not spent is not free again: {answer:?}");
    ledger.settle("more", &actual(90)).await?;
    let n = used(ledger, "day", day).await?;
    ensure!(n == 120, "{n} are used after a call that cost more, not 120");
    let answer = ledger.reserve(&reservation("over", day, 0), &caps).await?;
    ensure!(matches!(answer, CapFull { .. }), "a cap that was passed got {answer:?}");
    let n = used(ledger, "collection/products", day).await?;
    ensure!(n == 120, "{n} are used in the collection, not 120");
    Ok(())
}

async fn settles_once(ledger: &dyn Ledger) -> Check {
    let (day, caps) = (DAY[5], [cap("day", 10_000), cap("batch/once", 10_000)]);
    for id in ["once-1", "once-2"] {
        ledger.reserve(&reservation(id, day, 100), &caps).await?;
    }
    ledger.settle("once-1", &actual(40)).await?;
    ledger.settle("once-1", &actual(40)).await?;
    ledger.settle("once-1", &actual(9_000)).await?;
    let settle = async |_| {
        breathe().await;
        let actual = actual(10);
        insist(|| ledger.settle("once-2", &actual)).await
    };
    for answer in join_all((0..10).map(settle)).await {
        answer?;
    }
    for scope in ["day", "batch/once"] {
        let n = used(ledger, scope, day).await?;
        ensure!(n == 50, "{n} are used in `{scope}`, not 50");
    }
    let entries = list::all(ledger, day, day, 100).await?;
    let costs: Vec<_> = entries.iter().map(|entry| entry.counted().0).collect();
    ensure!(costs == [40, 10], "the entries count {costs:?}");
    Ok(())
}

async fn unsettled(ledger: &dyn Ledger) -> Check {
    let (day, caps) = (DAY[6], [cap("day", 1_000)]);
    ledger.reserve(&reservation("crashed", day, 100), &caps).await?;
    ledger.reserve(&reservation("unknown", day, 200), &caps).await?;
    let unknown = Actual { cost: None, ok: false, model_answered: None, ..actual(0) };
    ledger.settle("unknown", &unknown).await?;
    ledger.settle("unknown", &actual(1)).await?;
    let n = used(ledger, "day", day).await?;
    ensure!(n == 300, "{n} are used, not 300");
    let entries = list::all(ledger, day, day, 100).await?;
    let seen: Vec<_> = entries.iter().map(|entry| (entry.reservation.id.as_str(), entry.actual.clone())).collect();
    ensure!(seen == [("crashed", None), ("unknown", Some(unknown))], "the entries are {seen:?}");
    Ok(())
}

async fn days(ledger: &dyn Ledger) -> Check {
    let caps = [cap("batch/long", 150), cap("day", 100), cap("collection/products", 100)];
    for (id, day, expected) in [("first", DAY[7], None), ("second", DAY[8], Some("batch/long"))] {
        let answer = ledger.reserve(&reservation(id, day, 100), &caps).await?;
        let seen = if let CapFull { scope, .. } = &answer { Some(scope.as_str()) } else { None };
        ensure!(seen == expected, "the {id} day got {answer:?}");
    }
    let answer = ledger.reserve(&reservation("third", DAY[8], 50), &caps).await?;
    ensure!(answer == Taken, "a new day's cap has no room: {answer:?}");
    // Settled the day after: it counts where it was reserved.
    ledger.settle("first", &actual(10)).await?;
    let used = [
        used(ledger, "day", DAY[7]).await?,
        used(ledger, "day", DAY[8]).await?,
        used(ledger, "batch/long", DAY[8]).await?,
    ];
    ensure!(used == [10, 50, 60], "used are {used:?}");
    Ok(())
}

async fn tightest(ledger: &dyn Ledger) -> Check {
    let caps = [cap("batch/twice", 500), cap("batch/twice", 90), cap("batch/twice", 700)];
    let answer = ledger.reserve(&reservation("twice-1", DAY[8], 100), &caps).await?;
    ensure!(matches!(answer, CapFull { limit: MicroUsd(90), .. }), "100 under 90 got {answer:?}");
    ledger.reserve(&reservation("twice-2", DAY[8], 60), &caps).await?;
    let n = used(ledger, "batch/twice", DAY[8]).await?;
    ensure!(n == 60, "{n} are used, not 60");
    Ok(())
}

async fn unknown(ledger: &dyn Ledger) -> Check {
    ensure_kind(ledger.settle("nobody", &actual(1)).await, Kind::NotFound, "an id that nobody reserved")?;
    ledger.reserve(&reservation("refused", DAY[0], 1), &[cap("batch/none", 0)]).await?;
    ensure_kind(ledger.settle("refused", &actual(1)).await, Kind::NotFound, "an id that was refused")
}
