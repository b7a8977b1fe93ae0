//! `greenroom cost`: what models cost, by asset, collection, capability, model or day.

use crate::deployment::Deployment;
use crate::table::table;
use anyhow::{Result, ensure};
use asset::money::MicroUsd;
use asset::why::words::visible;
use clap::ValueEnum;
use ports::{LedgerEntry, LedgerQuery};
use serde_json::json;
use std::collections::BTreeMap;
use std::process::ExitCode;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum By {
    Asset,
    Collection,
    Capability,
    Model,
    Day,
}

impl By {
    fn name(self) -> &'static str {
        match self {
            By::Asset => "asset",
            By::Collection => "collection",
            By::Capability => "capability",
            By::Model => "model",
            By::Day => "day",
        }
    }

    /// Names the group of an entry.
    fn of(self, entry: &LedgerEntry) -> String {
        let reservation = &entry.reservation;
        match self {
            By::Asset => or_none(&reservation.asset),
            By::Collection => or_none(&reservation.collection),
            By::Capability => reservation.capability.clone(),
            // Who answered; where nobody did, whom the call was meant for.
            By::Model => {
                let answered = entry.actual.as_ref().and_then(|actual| actual.model_answered.clone());
                answered.unwrap_or_else(|| reservation.model.clone())
            }
            By::Day => reservation.day.clone(),
        }
    }
}

/// A search is for no asset and no collection.
fn or_none(name: &str) -> String {
    if name.is_empty() { "(none)".to_owned() } else { name.to_owned() }
}

/// The sum of some calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sum {
    n_calls: u64,
    n_failed: u64,
    /// Under way, or never heard of again; they count what they may have cost at most.
    n_unsettled: u64,
    input: u64,
    output: u64,
    cost: MicroUsd,
}

impl Sum {
    fn add(&mut self, entry: &LedgerEntry) {
        self.n_calls += 1;
        self.cost = self.cost.plus(entry.counted());
        match &entry.actual {
            None => self.n_unsettled += 1,
            Some(actual) => {
                self.n_failed += u64::from(!actual.ok);
                self.input += actual.usage.input + actual.usage.cache_read + actual.usage.cache_write;
                self.output += actual.usage.output;
            }
        }
    }
}

pub async fn cost(deployment: Deployment, by: By, from: &str, to: Option<&str>, json: bool) -> Result<ExitCode> {
    let today = words_day(deployment.clock.now_ms());
    let to = to.unwrap_or(&today);
    ensure!(from <= to, "`{from}` is after `{to}`");
    let mut sums: BTreeMap<String, Sum> = BTreeMap::new();
    let mut total = Sum::default();
    let mut query = LedgerQuery { from_day: from.to_owned(), to_day: to.to_owned(), after: None, limit: 1000 };
    loop {
        let page = deployment.ledger.entries(&query).await?;
        for entry in &page.entries {
            sums.entry(by.of(entry)).or_default().add(entry);
            total.add(entry);
        }
        match page.next {
            Some(next) => query.after = Some(next),
            None => break,
        }
    }
    if json {
        let row = |(name, sum): (&String, &Sum)| {
            json!({
                by.name(): name, "calls": sum.n_calls, "failed": sum.n_failed, "unsettled": sum.n_unsettled,
                "tokens_in": sum.input, "tokens_out": sum.output, "micro_usd": sum.cost,
            })
        };
        let rows: Vec<_> = sums.iter().map(row).collect();
        println!("{}", serde_json::to_string_pretty(&json!({ "rows": rows, "micro_usd": total.cost }))?);
        return Ok(ExitCode::SUCCESS);
    }
    if sums.is_empty() {
        println!("nothing was paid for");
        return Ok(ExitCode::SUCCESS);
    }
    let row = |name: &str, sum: &Sum| {
        let numbers = [sum.n_calls, sum.n_failed, sum.n_unsettled, sum.input, sum.output].map(|n| n.to_string());
        [vec![visible(name)], numbers.to_vec(), vec![sum.cost.to_string()]].concat()
    };
    let mut rows: Vec<Vec<String>> = sums.iter().map(|(name, sum)| row(name, sum)).collect();
    rows.push(row("all", &total));
    let header = [by.name(), "calls", "failed", "unsettled", "tokens in", "tokens out", "cost"];
    print!("{}", table(&header, &rows));
    Ok(ExitCode::SUCCESS)
}

/// The day of a time, in UTC.
fn words_day(at_ms: u64) -> String {
    asset::why::words::time(at_ms).chars().take(10).collect()
}
