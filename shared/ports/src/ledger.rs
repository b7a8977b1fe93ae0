//! The ledger: money is reserved before it is spent, and what was really spent is written down after.
//!
//! A paid call is one entry. Its forecast counts from the reservation on; its cost takes the forecast's place when it is settled. What
//! is never settled, because the worker died, goes on counting its forecast: it may have been spent.

use crate::{Kind, PortError};
use asset::money::{MicroUsd, Usage};
use async_trait::async_trait;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::Range;

/// A paid call that is about to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// Names this piece of paid work among all that ever were, for example `TASK.ATTEMPT/DELIVERY`. At most 512 bytes.
    pub id: String,
    /// Milliseconds since 1970.
    pub at_ms: u64,
    /// The day that it counts on, in UTC: `2026-11-23`.
    pub day: String,
    pub asset: String,
    pub collection: String,
    pub capability: String,
    /// The model or route that will be asked.
    pub model: String,
    /// The most that it can cost.
    pub forecast: MicroUsd,
}

/// What a call turned out to be, also one that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actual {
    /// Absent where nobody knows; then the forecast goes on counting.
    pub cost: Option<MicroUsd>,
    pub usage: Usage,
    pub model_answered: Option<String>,
    /// Milliseconds since 1970.
    pub at_ms: u64,
    pub ok: bool,
}

/// A limit on what may be spent in a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cap {
    /// `day`, `collection/products`: each has a fresh sum every day. `batch/…`: one sum, however many days it takes.
    pub scope: String,
    pub limit: MicroUsd,
}

impl Cap {
    /// A limit that refuses nothing: the scope is counted all the same, so that a cap set at noon knows of the morning.
    pub const COUNT_ONLY: MicroUsd = MicroUsd(u64::MAX);
}

/// How a reservation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reserved {
    Taken,
    /// Another call reserved the same id before, whatever became of it. Nothing is reserved again.
    AlreadyReserved,
    /// The scope has no room, so nothing is reserved in any. Where several are full, one of them is named.
    CapFull {
        scope: String,
        limit: MicroUsd,
        /// Spent and reserved so far.
        used: MicroUsd,
        forecast: MicroUsd,
    },
}

/// A call in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerEntry {
    pub reservation: Reservation,
    /// Absent while the call is under way, and for ever where its worker died.
    pub actual: Option<Actual>,
}

impl LedgerEntry {
    /// Returns what counts against the caps.
    pub fn counted(&self) -> MicroUsd {
        self.actual.as_ref().and_then(|actual| actual.cost).unwrap_or(self.reservation.forecast)
    }
}

/// Which entries to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedgerQuery {
    /// `2026-11-23`; both days are included.
    pub from_day: String,
    pub to_day: String,
    /// Continue after this: `next` of the page before.
    pub after: Option<String>,
    /// 1 to 1,000; 0 means 100.
    pub limit: usize,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedgerPage {
    /// By the day that they count on, then by time, then by id.
    pub entries: Vec<LedgerEntry>,
    /// Absent on the last page only. A page that has it may all the same be short, or empty.
    pub next: Option<String>,
}

#[async_trait]
pub trait Ledger: Send + Sync {
    /// Reserves the forecast in the scope of every cap, if what is spent and reserved there leaves room for it: in all of them or
    /// in none. Of concurrent reservations of one id exactly one is taken.
    async fn reserve(&self, reservation: &Reservation, caps: &[Cap]) -> Result<Reserved, PortError>;

    /// Puts the cost in the place of the forecast, in every scope, also if it is more. The first settlement of an id stands; a
    /// further one changes nothing. `NotFound` if the id was never reserved.
    async fn settle(&self, id: &str, actual: &Actual) -> Result<(), PortError>;

    /// Lists calls, those under way included.
    async fn entries(&self, query: &LedgerQuery) -> Result<LedgerPage, PortError>;
}

/// Names of the sums that a reservation counts in, with the limit of each: the tightest, where a scope is given twice. For adapters.
pub fn accounts(reservation: &Reservation, caps: &[Cap]) -> BTreeMap<String, Cap> {
    let mut accounts: BTreeMap<String, Cap> = BTreeMap::new();
    for cap in caps {
        let is_dated = !cap.scope.starts_with("batch/");
        let name = if is_dated { format!("{}/{}", reservation.day, cap.scope) } else { cap.scope.clone() };
        let tightest = accounts.entry(name).or_insert_with(|| cap.clone());
        tightest.limit = tightest.limit.min(cap.limit);
    }
    accounts
}

/// Returns where an entry stands in lists: text that sorts by bytes. For adapters.
pub fn position(reservation: &Reservation) -> String {
    format!("{}/{:020}.{}", reservation.day, reservation.at_ms, reservation.id)
}

impl LedgerQuery {
    /// Returns the positions between which to look, both excluded. For adapters.
    pub fn positions(&self) -> Result<Range<String>, PortError> {
        let (from, to) = (day(&self.from_day)?, day(&self.to_day)?);
        let first = format!("{from}/");
        let start = match &self.after {
            None => first,
            Some(after) => {
                day(after.split_once('/').map_or(after, |(day, _)| day))?;
                first.max(after.clone())
            }
        };
        // The character after `/`.
        Ok(start..format!("{to}0"))
    }

    /// Returns the days of [`LedgerQuery::positions`], for adapters that keep each day by itself.
    pub fn days(&self) -> Result<impl Iterator<Item = String> + use<>, PortError> {
        let start = self.positions()?.start;
        let (from, to) = (day(start.split('/').next().unwrap_or_default())?, day(&self.to_day)?);
        let days = std::iter::successors(Some(from), |day| day.tomorrow().ok());
        Ok(days.take_while(move |day| *day <= to).map(|day| day.to_string()))
    }

    /// Returns how many entries a page has at most. For adapters.
    pub fn page_size(&self) -> usize {
        if self.limit == 0 { 100 } else { self.limit.min(1000) }
    }
}

fn day(text: &str) -> Result<Date, PortError> {
    // The parser takes other spellings too, which would not sort.
    let day = text.parse::<Date>().ok().filter(|day| day.to_string() == text);
    day.ok_or_else(|| PortError::new(Kind::Fatal, "read ledger", text).because("it is no day like `2026-11-23`"))
}
