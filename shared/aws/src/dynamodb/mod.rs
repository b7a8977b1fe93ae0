//! Catalog and claims in one table of DynamoDB, the ledger in another: the first can be made again from the store, the
//! second from nothing, so it outlives its stack and is backed up.
//!
//! | item | `pk` | `sk` | other attributes |
//! |---|---|---|---|
//! | entry of an asset | `entry#{asset}` | `entry` | `json` S, `revision` N, `writes` N, `vector` S |
//! | its place in the lists | `list#{state}#{shard}` | `{age}.{asset}` | `kind` S |
//! | its place by profile | `profile#{state}#{shard}` | `{profile}.{age}.{asset}` | `kind` S |
//! | a word of its key or texts | `word#{shard}#{first letter}` | `{word}#{asset}` | |
//! | its vector | `vector#{space}#{shard}` | `{asset}` | `point` B |
//! | a claim | `claim#{name}` | `claim` | `owner` S, `until_ms` N, `expires_at` N |
//! | a paid call | `spend#{id}` | `spend` | `position` S, `forecast_micros` N, `accounts` L of S |
//! | its place in the ledger | `spending#{day}` | `{at_ms}.{id}` | `reservation` S, `actual_cost` S |
//! | the sum of a scope | `account#{day}/{scope}`, `account#batch/{id}` | `account` | `used_micros` N |
//!
//! **Consistency.** The entry and its two places change in one transaction, under the condition that nobody else
//! changed the entry (`writes`). There is no global secondary index, because those lag behind: a list right after a
//! write would miss it. The vector changes in the same transaction. Words are written before the entry that has them, and
//! never deleted: a search asks the entry itself, so a word of a text that is not in force any more finds nothing, and
//! neither does one without an entry, after a crash.
//!
//! **Hot partitions.** A partition takes 1,000 writes a second, so lists and words are spread over [`N_SHARDS`]
//! partitions each, by asset, and merged when read. `age` is what is left of 2^64 milliseconds at the latest arrival,
//! in hex: ascending is latest first.
//!
//! The ledger has one account per scope and day, and one partition per day: a cap is one number that all who spend have
//! to agree on. Transactions that meet there are tried again; it is made for tens of paid calls a second, not for
//! hundreds. Nothing of it expires, and no sweep brings it back: a table that is deleted takes what was spent along.
//!
//! **Cost**, in request units: an update that moves the asset in no list takes 1 (a plain conditional put), one that
//! moves it 10, the first one 6 and one per word. A changed vector of 384 numbers takes 4 more, one of 1,024 ten. A list reads the places, about 120 bytes each, and then the entries
//! of the page. A paid call takes 8 to reserve under two caps and 7 to settle. Nothing is ever scanned.

mod catalog;
mod claims;
mod items;
mod ledger;
mod list;
mod place;
mod vectors;
mod words;

pub use catalog::DynamoCatalog;
pub use claims::DynamoClaims;
pub use ledger::DynamoLedger;

use crate::error::{Verb, port_error};
use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::AttributeValue;
use ports::PortError;
use std::collections::HashMap;

/// Partitions of each list. With another number, the catalog has to be rebuilt from the bucket.
pub const N_SHARDS: u32 = 4;

/// Names of the table's keys and of the attribute that ends an item's life.
pub const PARTITION_KEY: &str = "pk";
pub const SORT_KEY: &str = "sk";
pub const TTL_ATTRIBUTE: &str = "expires_at";

/// Returns what a CloudFormation template has to say about the table of catalog and claims, as `AWS::DynamoDB::Table` properties.
pub fn table_definition() -> serde_json::Value {
    let mut table = ledger_definition();
    table["TimeToLiveSpecification"] = serde_json::json!({"AttributeName": TTL_ATTRIBUTE, "Enabled": true});
    table
}

/// The same about the ledger's table, in which nothing expires.
pub fn ledger_definition() -> serde_json::Value {
    serde_json::json!({
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            {"AttributeName": PARTITION_KEY, "AttributeType": "S"},
            {"AttributeName": SORT_KEY, "AttributeType": "S"},
        ],
        "KeySchema": [
            {"AttributeName": PARTITION_KEY, "KeyType": "HASH"},
            {"AttributeName": SORT_KEY, "KeyType": "RANGE"},
        ],
    })
}

/// An item, or a part of one.
type Item = HashMap<String, AttributeValue>;

fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// Returns the keys of an item.
fn key(partition: impl Into<String>, sort: impl Into<String>) -> Item {
    HashMap::from([(PARTITION_KEY.to_owned(), text(partition)), (SORT_KEY.to_owned(), text(sort))])
}

fn text_of<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

fn number_of(item: &Item, name: &str) -> Option<u64> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

/// Returns a mapper of SDK errors for one call.
fn failed<E>(operation: &'static str, subject: &str) -> impl FnOnce(SdkError<E, HttpResponse>) -> PortError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    move |error| port_error(Verb::Other, operation, subject, error)
}
