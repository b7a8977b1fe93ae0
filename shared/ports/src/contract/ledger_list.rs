//! The ledger: lists.

use super::ledger::{actual, reservation};
use super::{Check, Seen, ensure, ensure_kind};
use crate::{Kind, Ledger, LedgerEntry, LedgerQuery, Reservation, Reserved};

/// Lists all pages of some days.
pub(super) async fn all(ledger: &dyn Ledger, from: &str, to: &str, limit: usize) -> Result<Vec<LedgerEntry>, Seen> {
    let (from_day, to_day) = (from.to_owned(), to.to_owned());
    let mut query = LedgerQuery { from_day, to_day, after: None, limit };
    let mut entries = Vec::new();
    for _ in 0..1_000 {
        let page = ledger.entries(&query).await?;
        ensure!(page.entries.len() <= limit, "a page of {limit} has {} entries", page.entries.len());
        entries.extend(page.entries);
        match page.next {
            Some(next) => query.after = Some(next),
            None => return Ok(entries),
        }
    }
    Err(Seen("the pages never end".to_owned()))
}

fn ids(entries: &[LedgerEntry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.reservation.id.as_str()).collect()
}

pub(super) async fn reads_back(ledger: &dyn Ledger) -> Check {
    const DAY: &str = "2024-02-29";
    let mut written = reservation("reads-back.1/ünï #🦀%+ ../'\"", DAY, 1 << 40);
    written.asset = "an asset\n".to_owned();
    let answer = ledger.reserve(&written, &[]).await?;
    ensure!(answer == Reserved::Taken, "without a cap it got {answer:?}");
    let read = all(ledger, DAY, DAY, 10).await?;
    let expected = LedgerEntry { reservation: written.clone(), actual: None };
    ensure!(read == [expected], "reserved was {written:?}, read {read:?}");
    ledger.settle(&written.id, &actual(1 << 41)).await?;
    let read = all(ledger, DAY, DAY, 10).await?;
    let expected = LedgerEntry { reservation: written.clone(), actual: Some(actual(1 << 41)) };
    ensure!(read == [expected], "settled was {:?}, read {read:?}", actual(1 << 41));
    Ok(())
}

/// Entries of five days, with gaps between them, written in no order. Returns their ids in the order of lists.
async fn write(ledger: &dyn Ledger, year: u32) -> Result<Vec<String>, Seen> {
    let days = ["12-30", "12-31"].map(|day| format!("{year}-{day}")).into_iter();
    let days = days.chain(["01-01", "03-01", "03-02"].map(|day| format!("{}-{day}", year + 1)));
    let mut reservations: Vec<Reservation> = Vec::new();
    for (n, day) in days.enumerate() {
        for index in 0..5 {
            let mut one = reservation(&format!("{year}/{n}-{index}"), &day, 1);
            // Two at the same time; of the others the times have different numbers of digits.
            one.at_ms = [7, 7, 80, 900, 1_795_000_000_000][index];
            reservations.push(one);
        }
    }
    let ids = reservations.iter().map(|one| one.id.clone()).collect();
    for index in 0..reservations.len() {
        ledger.reserve(&reservations[index * 7 % reservations.len()], &[]).await?;
    }
    Ok(ids)
}

pub(super) async fn pages(ledger: &dyn Ledger) -> Check {
    let written = write(ledger, 1999).await?;
    for limit in [1, 2, 5, 7, 25, 1000] {
        let read = all(ledger, "1999-12-30", "2000-03-02", limit).await?;
        ensure!(ids(&read) == written, "in pages of {limit}: {:?}", ids(&read));
    }
    let page = LedgerQuery { from_day: "1999-12-30".into(), to_day: "2000-03-02".into(), after: None, limit: 3 };
    let first = ledger.entries(&page).await?;
    ledger.settle(&written[4], &actual(1)).await?;
    let earlier = Reservation { at_ms: 1, ..reservation("1999/earlier", "1999-12-30", 1) };
    ledger.reserve(&earlier, &[]).await?;
    let second = ledger.entries(&LedgerQuery { after: first.next, ..page }).await?;
    ensure!(ids(&second.entries) == written[3..6], "after some writes the second page is {:?}", ids(&second.entries));
    Ok(())
}

pub(super) async fn bounds(ledger: &dyn Ledger) -> Check {
    let written = write(ledger, 1989).await?;
    let cases = [
        ("1989-12-30", "1989-12-30", 0..5),
        ("1989-12-31", "1990-01-01", 5..15),
        ("1990-01-02", "1990-02-28", 0..0),
        ("1990-01-02", "1990-03-01", 15..20),
        ("1990-03-02", "1991-01-01", 20..25),
        ("1990-03-02", "1990-03-01", 0..0),
    ];
    for (from, to, expected) in cases {
        let read = all(ledger, from, to, 4).await?;
        ensure!(ids(&read) == written[expected], "from {from} to {to}: {:?}", ids(&read));
    }
    Ok(())
}

pub(super) async fn bad_days(ledger: &dyn Ledger) -> Check {
    const DAY: &str = "2026-01-01";
    let cases = [("yesterday", DAY, None), (DAY, "2026-02-30", None), (DAY, "20260102", None), (DAY, DAY, Some("x"))];
    for (from, to, after) in cases {
        let after = after.map(str::to_owned);
        let query = LedgerQuery { from_day: from.into(), to_day: to.into(), after, limit: 0 };
        ensure_kind(ledger.entries(&query).await, Kind::Fatal, format!("{query:?}"))?;
    }
    Ok(())
}
