//! Reading and writing items in batches.

use super::{DynamoCatalog, Item, failed};
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{KeysAndAttributes, PutRequest, WriteRequest};
use futures::stream::{StreamExt, TryStreamExt, iter};
use ports::{Kind, PortError};
use std::collections::HashMap;
use std::time::Duration;

/// What DynamoDB takes in one call.
const MAX_READS: usize = 100;
const MAX_WRITES: usize = 25;

/// Calls under way at the same time for one call of ours.
pub(super) const N_PARALLEL: usize = 8;

/// How often what DynamoDB left undone is asked for again: a batch with leftovers is a success to the SDK.
const MAX_ROUNDS: u32 = 6;

/// Waits longer from round to round, differently each time.
pub(super) async fn back_off(round: u32) {
    let most_ms = (10_u64 << round.min(6)).min(400);
    tokio::time::sleep(Duration::from_millis(fastrand::u64(1..=most_ms))).await;
}

fn overloaded(operation: &'static str, table: &str) -> PortError {
    PortError::new(Kind::Retry(Duration::from_secs(1)), operation, table).because("some items are still undone")
}

impl DynamoCatalog {
    /// Reads items, consistently, in any order; what is absent is left out.
    pub(super) async fn read_all(&self, operation: &'static str, keys: Vec<Item>) -> Result<Vec<Item>, PortError> {
        let chunks: Vec<Vec<Item>> = keys.chunks(MAX_READS).map(<[Item]>::to_vec).collect();
        // Futures are collected before they are joined: an iterator of futures that borrow cannot be held over an
        // `await` yet.
        let read: Vec<_> = chunks.into_iter().map(|chunk| self.read_chunk(operation, chunk)).collect();
        let items: Vec<Vec<Item>> = iter(read).buffer_unordered(N_PARALLEL).try_collect().await?;
        Ok(items.into_iter().flatten().collect())
    }

    async fn read_chunk(&self, operation: &'static str, keys: Vec<Item>) -> Result<Vec<Item>, PortError> {
        let fatal = |error: BuildError| PortError::new(Kind::Fatal, operation, &self.table).because(error);
        let wanted = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true).build();
        let mut wanted = HashMap::from([(self.table.clone(), wanted.map_err(fatal)?)]);
        let mut items = Vec::new();
        for round in 0..MAX_ROUNDS {
            let answer = self.client().batch_get_item().set_request_items(Some(wanted)).send().await;
            let answer = answer.map_err(failed(operation, &self.table))?;
            items.extend(answer.responses.unwrap_or_default().into_values().flatten());
            wanted = answer.unprocessed_keys.unwrap_or_default();
            if wanted.is_empty() {
                return Ok(items);
            }
            back_off(round).await;
        }
        Err(overloaded(operation, &self.table))
    }

    /// Writes items whatever was there before.
    pub(super) async fn write_all(&self, operation: &'static str, items: Vec<Item>) -> Result<(), PortError> {
        for chunk in items.chunks(MAX_WRITES) {
            self.write_chunk(operation, chunk).await?;
        }
        Ok(())
    }

    async fn write_chunk(&self, operation: &'static str, items: &[Item]) -> Result<(), PortError> {
        let fatal = |error: BuildError| PortError::new(Kind::Fatal, operation, &self.table).because(error);
        let put = |item: &Item| -> Result<WriteRequest, BuildError> {
            let put = PutRequest::builder().set_item(Some(item.clone())).build()?;
            Ok(WriteRequest::builder().put_request(put).build())
        };
        let requests: Result<Vec<WriteRequest>, BuildError> = items.iter().map(put).collect();
        let mut left = HashMap::from([(self.table.clone(), requests.map_err(fatal)?)]);
        for round in 0..MAX_ROUNDS {
            let answer = self.client().batch_write_item().set_request_items(Some(left)).send().await;
            let answer = answer.map_err(failed(operation, &self.table))?;
            left = answer.unprocessed_items.unwrap_or_default();
            if left.is_empty() {
                return Ok(());
            }
            back_off(round).await;
        }
        Err(overloaded(operation, &self.table))
    }
}
