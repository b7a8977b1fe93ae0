//! A ledger in memory.

use super::lock;
use crate::ledger::{accounts, position};
use crate::{Actual, Cap, Kind, Ledger, LedgerEntry, LedgerPage, LedgerQuery, PortError, Reservation, Reserved};
use asset::money::MicroUsd;
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::ops::Bound::Excluded;
use std::sync::Mutex;

/// The twin of a ledger.
#[derive(Default)]
pub struct MemoryLedger(Mutex<State>);

#[derive(Default)]
struct State {
    /// Spent and reserved, by account.
    used: BTreeMap<String, MicroUsd>,
    /// Where each entry stands, by id.
    positions: BTreeMap<String, String>,
    /// By position; with the accounts that each counts in.
    entries: BTreeMap<String, (LedgerEntry, Vec<String>)>,
}

#[async_trait]
impl Ledger for MemoryLedger {
    async fn reserve(&self, reservation: &Reservation, caps: &[Cap]) -> Result<Reserved, PortError> {
        let mut state = lock(&self.0);
        if state.positions.contains_key(&reservation.id) {
            return Ok(Reserved::AlreadyReserved);
        }
        let accounts = accounts(reservation, caps);
        let forecast = reservation.forecast;
        for (account, Cap { scope, limit }) in &accounts {
            let used = state.used.get(account).copied().unwrap_or_default();
            if used.plus(forecast) > *limit {
                return Ok(Reserved::CapFull { scope: scope.clone(), limit: *limit, used, forecast });
            }
        }
        let accounts: Vec<String> = accounts.into_keys().collect();
        for account in &accounts {
            let used = state.used.entry(account.clone()).or_default();
            *used = used.plus(forecast);
        }
        let position = position(reservation);
        state.positions.insert(reservation.id.clone(), position.clone());
        let entry = LedgerEntry { reservation: reservation.clone(), actual: None };
        state.entries.insert(position, (entry, accounts));
        Ok(Reserved::Taken)
    }

    async fn settle(&self, id: &str, actual: &Actual) -> Result<(), PortError> {
        let State { used, positions, entries } = &mut *lock(&self.0);
        let Some((entry, accounts)) = positions.get(id).and_then(|position| entries.get_mut(position)) else {
            return Err(PortError::new(Kind::NotFound, "settle", id));
        };
        if entry.actual.is_some() {
            return Ok(());
        }
        entry.actual = Some(actual.clone());
        for account in accounts {
            let used = used.entry(account.clone()).or_default();
            *used = MicroUsd(used.0.saturating_sub(entry.reservation.forecast.0)).plus(entry.counted());
        }
        Ok(())
    }

    async fn entries(&self, query: &LedgerQuery) -> Result<LedgerPage, PortError> {
        let positions = query.positions()?;
        if positions.is_empty() {
            return Ok(LedgerPage::default());
        }
        let state = lock(&self.0);
        let mut found = state.entries.range::<String, _>((Excluded(&positions.start), Excluded(&positions.end)));
        let page: Vec<_> = found.by_ref().take(query.page_size()).collect();
        let next = page.last().filter(|_| found.next().is_some()).map(|(position, _)| (*position).clone());
        Ok(LedgerPage { entries: page.into_iter().map(|(_, (entry, _))| entry.clone()).collect(), next })
    }
}
