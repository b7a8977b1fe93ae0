//! The ledger.
//!
//! A reservation is one transaction: the call by its id, its entry in the list of its day, and each account's sum, under
//! the conditions that the id is new and that every account has room. A settlement is one too: the entry, on condition
//! that it is not settled, and the difference in every account.

use super::catalog::{is_throttled, retried_later};
use super::items::back_off;
use super::{Item, PARTITION_KEY, SORT_KEY, failed, key, number, number_of, text, text_of};
use crate::Clients;
use asset::money::MicroUsd;
use async_trait::async_trait;
use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{BuildError, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use ports::ledger::{accounts, position};
use ports::{Actual, Cap, Kind, Ledger, LedgerEntry, LedgerPage, LedgerQuery, PortError, Reservation, Reserved};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How often a transaction is tried that met another one on the same account.
const MAX_ROUNDS: u32 = 16;

/// Days that one page looks at: an empty one takes a call too.
const MAX_DAYS: usize = 31;

const RESERVE: &str = "reserve";
const SETTLE: &str = "settle";
const LIST: &str = "list ledger";

/// The ledger in a table of its own. See [`ledger_definition`](super::ledger_definition).
pub struct DynamoLedger {
    clients: Arc<Clients>,
    table: String,
}

/// How a transaction ended.
enum Transacted {
    Done,
    /// The codes and items of its actions, in their order; at least one condition did not hold.
    Refused(Vec<CancellationReason>),
    /// Another transaction was at one of the items.
    Overtaken,
}

impl DynamoLedger {
    /// Uses a table. Nothing is sent yet.
    pub fn new(clients: Arc<Clients>, table: impl Into<String>) -> Self {
        DynamoLedger { clients, table: table.into() }
    }

    fn client(&self) -> &aws_sdk_dynamodb::Client {
        self.clients.dynamodb()
    }

    async fn get(&self, operation: &'static str, subject: &str, key: Item) -> Result<Option<Item>, PortError> {
        let get = self.client().get_item().table_name(&self.table).set_key(Some(key)).consistent_read(true);
        Ok(get.send().await.map_err(failed(operation, subject))?.item)
    }

    /// Sends a transaction, again where it only met another one.
    async fn transact(
        &self,
        operation: &'static str,
        subject: &str,
        actions: &[TransactWriteItem],
    ) -> Result<Vec<CancellationReason>, PortError> {
        for round in 0..MAX_ROUNDS {
            let sent = self.client().transact_write_items().set_transact_items(Some(actions.to_vec())).send().await;
            match ending(operation, subject, sent.map(drop))? {
                Transacted::Done => return Ok(Vec::new()),
                Transacted::Refused(reasons) => return Ok(reasons),
                Transacted::Overtaken => back_off(round).await,
            }
        }
        let error = PortError::new(Kind::Retry(Duration::from_secs(1)), operation, subject);
        Err(error.because("too many others write these accounts"))
    }

    fn put(&self, item: Item, condition: String) -> Result<TransactWriteItem, BuildError> {
        let put = Put::builder().table_name(&self.table).set_item(Some(item)).condition_expression(condition);
        Ok(TransactWriteItem::builder().put(put.build()?).build())
    }

    /// Adds a forecast to an account that has room for it.
    fn charge(&self, account: &str, limit: MicroUsd, forecast: MicroUsd) -> Result<TransactWriteItem, BuildError> {
        let room = i128::from(limit.0) - i128::from(forecast.0);
        // An account without a sum has nothing used.
        let has_room =
            if room < 0 { "used_micros <= :room" } else { "attribute_not_exists(used_micros) OR used_micros <= :room" };
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(account_key(account)))
            .update_expression("ADD used_micros :forecast")
            .condition_expression(has_room)
            .expression_attribute_values(":forecast", number(forecast.0))
            .expression_attribute_values(":room", AttributeValue::N(room.to_string()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        Ok(TransactWriteItem::builder().update(update.build()?).build())
    }

    fn reserving(
        &self,
        reservation: &Reservation,
        accounts: &BTreeMap<String, Cap>,
        json: String,
    ) -> Result<Vec<TransactWriteItem>, BuildError> {
        let is_new = || format!("attribute_not_exists({PARTITION_KEY})");
        let mut call = call_key(&reservation.id);
        call.insert("position".to_owned(), text(position(reservation)));
        call.insert("forecast_micros".to_owned(), number(reservation.forecast.0));
        call.insert("accounts".to_owned(), AttributeValue::L(accounts.keys().map(text).collect()));
        let mut entry = entry_key(&position(reservation));
        entry.insert("reservation".to_owned(), text(json));
        let mut actions = vec![self.put(call, is_new())?, self.put(entry, is_new())?];
        for (account, cap) in accounts {
            actions.push(self.charge(account, cap.limit, reservation.forecast)?);
        }
        Ok(actions)
    }

    /// Finds out what a refused reservation was refused for.
    async fn refusal(
        &self,
        reservation: &Reservation,
        accounts: BTreeMap<String, Cap>,
        reasons: &[CancellationReason],
    ) -> Result<Reserved, PortError> {
        let is_refused = |reason: &&CancellationReason| reason.code() == Some("ConditionalCheckFailed");
        if reasons.iter().take(2).any(|reason| is_refused(&reason)) {
            return Ok(Reserved::AlreadyReserved);
        }
        let full = accounts.into_iter().zip(reasons.iter().skip(2)).find(|(_, reason)| is_refused(reason));
        let Some(((account, cap), reason)) = full else {
            return Err(PortError::new(Kind::Fatal, RESERVE, &reservation.id).because("refused without a reason"));
        };
        // For a service that refuses without saying what it found.
        let item = match reason.item() {
            Some(item) if item.contains_key("used_micros") => Some(item.clone()),
            _ => self.get(RESERVE, &account, account_key(&account)).await?,
        };
        let used = MicroUsd(item.as_ref().and_then(|item| number_of(item, "used_micros")).unwrap_or_default());
        Ok(Reserved::CapFull { scope: cap.scope, limit: cap.limit, used, forecast: reservation.forecast })
    }

    fn settling(&self, call: &Item, actual: &Actual, json: String) -> Result<Vec<TransactWriteItem>, BuildError> {
        let settle = Update::builder()
            .table_name(&self.table)
            .set_key(Some(entry_key(text_of(call, "position").unwrap_or_default())))
            .update_expression("SET actual_cost = :actual")
            .condition_expression(format!("attribute_exists({PARTITION_KEY}) AND attribute_not_exists(actual_cost)"))
            .expression_attribute_values(":actual", text(json));
        let mut actions = vec![TransactWriteItem::builder().update(settle.build()?).build()];
        let forecast = number_of(call, "forecast_micros").unwrap_or_default();
        let more = actual.cost.map_or(0, |cost| i128::from(cost.0) - i128::from(forecast));
        let accounts = call.get("accounts").and_then(|accounts| accounts.as_l().ok()).filter(|_| more != 0);
        for account in accounts.into_iter().flatten().filter_map(|account| account.as_s().ok()) {
            let update = Update::builder()
                .table_name(&self.table)
                .set_key(Some(account_key(account)))
                .update_expression("ADD used_micros :more")
                .expression_attribute_values(":more", AttributeValue::N(more.to_string()));
            actions.push(TransactWriteItem::builder().update(update.build()?).build());
        }
        Ok(actions)
    }

    /// Reads entries of one day after a position, until there are so many. Returns whether there may be more.
    async fn read_day(
        &self,
        day: &str,
        after: &str,
        most: usize,
        entries: &mut Vec<LedgerEntry>,
    ) -> Result<bool, PortError> {
        let partition = entry_key(&format!("{day}/"));
        let after = after.strip_prefix(&format!("{day}/")).filter(|rest| !rest.is_empty()).unwrap_or("!");
        let mut from = None;
        while entries.len() < most {
            let query = self
                .client()
                .query()
                .table_name(&self.table)
                .key_condition_expression(format!("{PARTITION_KEY} = :partition AND {SORT_KEY} > :after"))
                .expression_attribute_values(":partition", partition[PARTITION_KEY].clone())
                .expression_attribute_values(":after", text(after))
                .consistent_read(true)
                .set_limit(i32::try_from(most - entries.len()).ok())
                .set_exclusive_start_key(from);
            let answer = query.send().await.map_err(failed(LIST, day))?;
            for item in answer.items() {
                entries.push(entry_of(item)?);
            }
            from = answer.last_evaluated_key;
            if from.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn call_key(id: &str) -> Item {
    key(format!("spend#{id}"), "spend")
}

/// A position begins with its day.
fn entry_key(position: &str) -> Item {
    let (day, rest) = position.split_once('/').unwrap_or((position, ""));
    key(format!("spending#{day}"), rest)
}

fn account_key(account: &str) -> Item {
    key(format!("account#{account}"), "account")
}

fn fatal(operation: &'static str, subject: &str) -> impl Fn(BuildError) -> PortError {
    move |error| PortError::new(Kind::Fatal, operation, subject).because(error)
}

fn ending(
    operation: &'static str,
    subject: &str,
    sent: Result<(), SdkError<TransactWriteItemsError, HttpResponse>>,
) -> Result<Transacted, PortError> {
    let Err(error) = sent else { return Ok(Transacted::Done) };
    if let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error() {
        let reasons = cancelled.cancellation_reasons();
        let has = |code: &str| reasons.iter().any(|reason| reason.code() == Some(code));
        if has("ConditionalCheckFailed") {
            return Ok(Transacted::Refused(reasons.to_vec()));
        }
        if has("TransactionConflict") {
            return Ok(Transacted::Overtaken);
        }
    }
    let is_throttled = error.as_service_error().is_some_and(is_throttled);
    let error = failed(operation, subject)(error);
    Err(if is_throttled { retried_later(error) } else { error })
}

fn to_json<T: Serialize>(operation: &'static str, subject: &str, value: &T) -> Result<String, PortError> {
    serde_json::to_string(value).map_err(|error| PortError::new(Kind::Fatal, operation, subject).because(error))
}

fn of_json<T: DeserializeOwned>(json: &str) -> Result<T, PortError> {
    serde_json::from_str(json)
        .map_err(|error| PortError::new(Kind::Fatal, LIST, json.chars().take(200).collect::<String>()).because(error))
}

fn entry_of(item: &Item) -> Result<LedgerEntry, PortError> {
    let reservation = of_json(text_of(item, "reservation").unwrap_or_default())?;
    let actual = text_of(item, "actual_cost").map(of_json).transpose()?;
    Ok(LedgerEntry { reservation, actual })
}

#[async_trait]
impl Ledger for DynamoLedger {
    async fn reserve(&self, reservation: &Reservation, caps: &[Cap]) -> Result<Reserved, PortError> {
        let id = reservation.id.as_str();
        let accounts = accounts(reservation, caps);
        let json = to_json(RESERVE, id, reservation)?;
        let actions = self.reserving(reservation, &accounts, json).map_err(fatal(RESERVE, id))?;
        let reasons = self.transact(RESERVE, id, &actions).await?;
        if reasons.is_empty() { Ok(Reserved::Taken) } else { self.refusal(reservation, accounts, &reasons).await }
    }

    async fn settle(&self, id: &str, actual: &Actual) -> Result<(), PortError> {
        let json = to_json(SETTLE, id, actual)?;
        let Some(call) = self.get(SETTLE, id, call_key(id)).await? else {
            return Err(PortError::new(Kind::NotFound, SETTLE, id));
        };
        let actions = self.settling(&call, actual, json).map_err(fatal(SETTLE, id))?;
        // Refused is settled before: only the entry has a condition.
        self.transact(SETTLE, id, &actions).await.map(drop)
    }

    async fn entries(&self, query: &LedgerQuery) -> Result<LedgerPage, PortError> {
        let (after, most) = (query.positions()?.start, query.page_size());
        let mut entries: Vec<LedgerEntry> = Vec::new();
        for (index, day) in query.days()?.enumerate() {
            if index == MAX_DAYS {
                return Ok(LedgerPage { entries, next: Some(format!("{day}/")) });
            }
            if self.read_day(&day, &after, most, &mut entries).await? {
                let next = entries.last().map(|entry| position(&entry.reservation));
                return Ok(LedgerPage { entries, next });
            }
        }
        Ok(LedgerPage { entries, next: None })
    }
}
