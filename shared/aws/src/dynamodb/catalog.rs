//! The catalog: entries, and how their items change together.

use super::items::{N_PARALLEL, back_off};
use super::place::{Stretch, places_of};
use super::vectors::{self, Point};
use super::{Item, N_SHARDS, PARTITION_KEY, SORT_KEY, failed, key, number, number_of, text, text_of, words};
use crate::Clients;
use asset::catalog::CatalogEntry;
use asset::ids::AssetId;
use asset::readiness::State;
use async_trait::async_trait;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{Delete, Put, Select, TransactWriteItem};
use futures::stream::{StreamExt, TryStreamExt, iter};
use ports::{Catalog, CatalogPage, CatalogQuery, Kind, PortError};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// Matches of a word up to this many are fetched and sorted; with more of them it is cheaper to walk the list and to
/// ask of each entry whether it matches, because the page fills soon.
const FEW_MATCHES: usize = 2_000;

/// How often an entry is read again because somebody else wrote it meanwhile.
const MAX_ROUNDS: u32 = 16;

const WRITE: &str = "write catalog entry";

/// The catalog in a table. See [`table_definition`](super::table_definition).
pub struct DynamoCatalog {
    clients: Arc<Clients>,
    pub(super) table: String,
    pub(super) few_matches: usize,
    pub(super) vectors_per_page: Option<i32>,
}

/// An entry as it is stored.
struct Stored {
    entry: CatalogEntry,
    /// The mark of its vector, if it has one.
    vector: Option<String>,
    /// Counts the writes of this item, so that a writer notices another one.
    writes: u64,
}

/// How an attempt to write ended.
enum Written {
    Done,
    /// Somebody else wrote the entry, or is about to.
    Overtaken,
}

impl DynamoCatalog {
    /// Uses a table. Nothing is sent yet.
    pub fn new(clients: Arc<Clients>, table: impl Into<String>) -> Self {
        DynamoCatalog { clients, table: table.into(), few_matches: FEW_MATCHES, vectors_per_page: None }
    }

    /// Walks the list for words with more matches than this: with 0, for all of them.
    #[must_use]
    pub fn walking_above(mut self, few_matches: usize) -> Self {
        self.few_matches = few_matches;
        self
    }

    /// Reads vectors in pages of this many, and not as many as the service puts into one.
    #[must_use]
    pub fn with_vectors_per_page(mut self, n_vectors: i32) -> Self {
        self.vectors_per_page = Some(n_vectors);
        self
    }

    pub(super) fn client(&self) -> &aws_sdk_dynamodb::Client {
        self.clients.dynamodb()
    }

    async fn stored(&self, operation: &'static str, asset: &str) -> Result<Option<Stored>, PortError> {
        let get = self.client().get_item().table_name(&self.table).set_key(Some(entry_key(asset)));
        let answer = get.consistent_read(true).send().await.map_err(failed(operation, asset))?;
        let stored = |item: Item| {
            let writes = number_of(&item, "writes").unwrap_or_default();
            let vector = text_of(&item, "vector").map(str::to_owned);
            Ok(Stored { entry: entry_of(operation, &item)?, vector, writes })
        };
        answer.item.map(stored).transpose()
    }

    /// Writes an entry and moves its places, unless somebody else was faster.
    async fn replace(&self, old: Option<&Stored>, new: &CatalogEntry) -> Result<Written, PortError> {
        let point = Point::of(new);
        let item = item_of(new, old.map_or(1, |old| old.writes + 1), point.as_ref())?;
        let moves = self.moves(old, new, point.as_ref())?;
        if moves.is_empty() {
            return self.put_alone(old, new, item).await;
        }
        let (condition, values) = condition(old);
        let put = Put::builder().table_name(&self.table).set_item(Some(item)).condition_expression(condition);
        let put = put.set_expression_attribute_values(values).build().map_err(|error| fatal(new, error))?;
        let actions = std::iter::once(TransactWriteItem::builder().put(put).build()).chain(moves).collect();
        match self.client().transact_write_items().set_transact_items(Some(actions)).send().await {
            Ok(_) => Ok(Written::Done),
            Err(error) if error.as_service_error().is_some_and(is_overtaken) => Ok(Written::Overtaken),
            Err(error) => {
                let is_throttled = error.as_service_error().is_some_and(is_throttled);
                let error = failed(WRITE, new.asset.as_str())(error);
                Err(if is_throttled { retried_later(error) } else { error })
            }
        }
    }

    /// Writes an entry that stands where it stood: no transaction, which costs twice as much.
    async fn put_alone(&self, old: Option<&Stored>, new: &CatalogEntry, item: Item) -> Result<Written, PortError> {
        let (condition, values) = condition(old);
        let put = self.client().put_item().table_name(&self.table).set_item(Some(item));
        let put = put.condition_expression(condition).set_expression_attribute_values(values);
        match put.send().await {
            Ok(_) => Ok(Written::Done),
            Err(error) => match error.code() {
                Some("ConditionalCheckFailedException" | "TransactionConflictException") => Ok(Written::Overtaken),
                _ => Err(failed(WRITE, new.asset.as_str())(error)),
            },
        }
    }

    /// Returns what has to change beside the entry: its places in the lists, and its vector.
    fn moves(
        &self,
        old: Option<&Stored>,
        new: &CatalogEntry,
        point: Option<&Point>,
    ) -> Result<Vec<TransactWriteItem>, PortError> {
        let mut before: Vec<Item> = old.map(|old| places_of(&old.entry).to_vec()).unwrap_or_default();
        let mut after = places_of(new).to_vec();
        let (asset, mark) = (new.asset.as_str(), old.and_then(|old| old.vector.as_deref()));
        if mark != point.map(|point| point.mark.as_str()) {
            before.extend(mark.map(|mark| vectors::key_of(mark, asset)));
            after.extend(point.map(|point| point.item(asset)));
        }
        let is_kept = |place: &&Item| !after.iter().any(|other| keys_of(other) == keys_of(place));
        let mut actions = Vec::new();
        for place in before.iter().filter(is_kept) {
            let delete = Delete::builder().table_name(&self.table).set_key(Some(keys_of(place)));
            let delete = delete.build().map_err(|error| fatal(new, error))?;
            actions.push(TransactWriteItem::builder().delete(delete).build());
        }
        for place in after.iter().filter(|place| !before.contains(place)) {
            let put = Put::builder().table_name(&self.table).set_item(Some(place.clone()));
            let put = put.build().map_err(|error| fatal(new, error))?;
            actions.push(TransactWriteItem::builder().put(put).build());
        }
        Ok(actions)
    }

    async fn count(&self, state: State, shard: u32) -> Result<(State, u64), PortError> {
        let stretch = Stretch::of_state(state, shard);
        let mut n_entries = 0;
        let mut from = None;
        loop {
            let query = self
                .client()
                .query()
                .table_name(&self.table)
                .key_condition_expression(format!("{PARTITION_KEY} = :partition"))
                .expression_attribute_values(":partition", text(&stretch.partition))
                .select(Select::Count)
                .consistent_read(true)
                .set_exclusive_start_key(from);
            let answer = query.send().await.map_err(failed("count", &self.table))?;
            n_entries += u64::try_from(answer.count()).unwrap_or_default();
            from = answer.last_evaluated_key;
            if from.is_none() {
                return Ok((state, n_entries));
            }
        }
    }
}

/// Returns whether a transaction failed only because of other writers of the same entry.
fn is_overtaken(error: &TransactWriteItemsError) -> bool {
    const OTHERS: [&str; 3] = ["None", "ConditionalCheckFailed", "TransactionConflict"];
    has_reasons(error, |codes| codes.iter().all(|code| OTHERS.contains(code)) && codes.iter().any(|c| *c != "None"))
}

pub(super) fn is_throttled(error: &TransactWriteItemsError) -> bool {
    const THROTTLED: [&str; 3] = ["ThrottlingError", "ProvisionedThroughputExceeded", "RequestLimitExceeded"];
    has_reasons(error, |codes| codes.iter().any(|code| THROTTLED.contains(code)))
}

fn has_reasons(error: &TransactWriteItemsError, is_so: impl FnOnce(&[&str]) -> bool) -> bool {
    let TransactWriteItemsError::TransactionCanceledException(cancelled) = error else { return false };
    let codes: Vec<&str> =
        cancelled.cancellation_reasons().iter().map(|reason| reason.code().unwrap_or("None")).collect();
    is_so(&codes)
}

/// A cancelled transaction is a refusal by its code; its reasons can say that it was only too early.
pub(super) fn retried_later(error: PortError) -> PortError {
    PortError::new(Kind::Retry(Duration::from_secs(1)), error.operation, error.subject.clone()).because(error)
}

/// Holds while nobody else wrote the entry.
fn condition(old: Option<&Stored>) -> (String, Option<Item>) {
    match old {
        None => (format!("attribute_not_exists({PARTITION_KEY})"), None),
        Some(old) => ("writes = :writes".to_owned(), Some(Item::from([(":writes".to_owned(), number(old.writes))]))),
    }
}

fn entry_key(asset: &str) -> Item {
    key(format!("entry#{asset}"), "entry")
}

fn keys_of(item: &Item) -> Item {
    item.iter()
        .filter(|(name, _)| [PARTITION_KEY, SORT_KEY].contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

fn fatal(entry: &CatalogEntry, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> PortError {
    PortError::new(Kind::Fatal, WRITE, entry.asset.as_str()).because(source)
}

fn item_of(entry: &CatalogEntry, writes: u64, point: Option<&Point>) -> Result<Item, PortError> {
    let json = serde_json::to_string(entry).map_err(|error| fatal(entry, error))?;
    let mut item = entry_key(entry.asset.as_str());
    item.insert("json".to_owned(), text(json));
    item.insert("revision".to_owned(), number(entry.revision));
    item.insert("writes".to_owned(), number(writes));
    if let Some(point) = point {
        item.insert("vector".to_owned(), text(&point.mark));
    }
    Ok(item)
}

pub(super) fn entry_of(operation: &'static str, item: &Item) -> Result<CatalogEntry, PortError> {
    let json = text_of(item, "json").unwrap_or_default();
    serde_json::from_str(json).map_err(|error| {
        PortError::new(Kind::Fatal, operation, json.chars().take(200).collect::<String>()).because(error)
    })
}

impl DynamoCatalog {
    /// Reads the entries of assets, in any order. An asset that moves while places are read comes twice, which
    /// DynamoDB would refuse.
    pub(super) async fn entries(
        &self,
        operation: &'static str,
        assets: impl Iterator<Item = &str>,
    ) -> Result<Vec<CatalogEntry>, PortError> {
        let assets: BTreeSet<&str> = assets.collect();
        let items = self.read_all(operation, assets.into_iter().map(entry_key).collect()).await?;
        items.iter().map(|item| entry_of(operation, item)).collect()
    }
}

#[async_trait]
impl Catalog for DynamoCatalog {
    async fn upsert(&self, entry: &CatalogEntry) -> Result<bool, PortError> {
        let (without_vector, mark) = (entry.without_vector(), Point::of(entry).map(|point| point.mark));
        for round in 0..MAX_ROUNDS {
            let old = self.stored(WRITE, entry.asset.as_str()).await?;
            match &old {
                Some(old) if old.entry.revision > entry.revision => return Ok(false),
                Some(old) if old.entry == without_vector && old.vector == mark => return Ok(true),
                _ => {}
            }
            let before = old.as_ref().map(|old| &old.entry);
            self.write_all(WRITE, words::items_of(entry, before)).await?;
            match self.replace(old.as_ref(), entry).await? {
                Written::Done => return Ok(true),
                Written::Overtaken => back_off(round).await,
            }
        }
        let error = PortError::new(Kind::Retry(Duration::from_secs(1)), WRITE, entry.asset.as_str());
        Err(error.because("too many others write this entry"))
    }

    async fn get(&self, asset: &AssetId) -> Result<Option<CatalogEntry>, PortError> {
        Ok(self.stored("read catalog entry", asset.as_str()).await?.map(|stored| stored.entry))
    }

    async fn list(&self, query: &CatalogQuery) -> Result<CatalogPage, PortError> {
        self.list_page(query).await
    }

    async fn nearest(&self, model: &str, query: &[f32], limit: usize) -> Result<Vec<(CatalogEntry, f32)>, PortError> {
        self.find_nearest(model, query, limit).await
    }

    /// Counts the places: of a million assets that is 30,000 read units, some 0.004 USD, so not to be asked every
    /// second. A counter would be one item that every write waits for.
    async fn counts(&self) -> Result<Vec<(State, u64)>, PortError> {
        let stretches = State::ALL.into_iter().flat_map(|state| (0..N_SHARDS).map(move |shard| (state, shard)));
        let counts: Vec<_> = stretches.map(|(state, shard)| self.count(state, shard)).collect();
        let counts: Vec<(State, u64)> = iter(counts).buffer_unordered(N_PARALLEL).try_collect().await?;
        let of_state = |state| counts.iter().filter(|(counted, _)| *counted == state).map(|(_, n)| n).sum();
        Ok(State::ALL.into_iter().map(|state| (state, of_state(state))).collect())
    }
}
