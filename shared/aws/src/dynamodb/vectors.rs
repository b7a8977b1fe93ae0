//! Vectors: one item each, in partitions of their own, all of which a question reads.
//!
//! Exact and without an index, fit for some 50,000 assets: of 384 numbers each that is 80 MB, which a question reads for 10,000 read units,
//! some 0.0013 USD, in pages of a mebibyte from [`N_SHARDS`] partitions at a time. Beyond that, S3 Vectors is the step to take (`PutVectors`
//! where the item is put, `QueryVectors` for the scan). It is not built, because no emulator but its vendor's own could hold it to the
//! contract.
//!
//! Reads are eventually consistent, at half the price: an asset is found a moment after it was written.

use super::items::N_PARALLEL;
use super::place::shard_of;
use super::{DynamoCatalog, Item, N_SHARDS, PARTITION_KEY, SORT_KEY, failed, key, text, text_of};
use asset::canonical::sha256_hex;
use asset::catalog::CatalogEntry;
use asset::readiness::State;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use futures::stream::{StreamExt, TryStreamExt, iter};
use ports::PortError;
use ports::near::{Nearest, cosine, direction, limit_of, space_of, stored_point};
use std::collections::BTreeMap;

const OPERATION: &str = "find nearest";

/// A vector as it is kept.
pub(super) struct Point {
    /// Its space and a digest of its numbers: the entry carries it, so that a writer knows which item there is, and whether it is this one.
    pub(super) mark: String,
    bytes: Vec<u8>,
}

impl Point {
    pub(super) fn of(entry: &CatalogEntry) -> Option<Self> {
        let (vector, bytes) = stored_point(entry)?;
        let mark = format!("{}.{}", space_of(&vector.model, bytes.len() / 4), &sha256_hex(&bytes)[..16]);
        Some(Point { mark, bytes })
    }

    pub(super) fn item(&self, asset: &str) -> Item {
        let mut item = key_of(&self.mark, asset);
        item.insert("point".to_owned(), AttributeValue::B(Blob::new(self.bytes.as_slice())));
        item
    }
}

/// Returns the keys of the item that a mark is of.
pub(super) fn key_of(mark: &str, asset: &str) -> Item {
    let space = mark.split('.').next().unwrap_or_default();
    key(partition_of(space, shard_of(asset)), asset)
}

fn partition_of(space: &str, shard: u32) -> String {
    format!("vector#{space}#{shard}")
}

impl DynamoCatalog {
    pub(super) async fn find_nearest(
        &self,
        model: &str,
        query: &[f32],
        limit: usize,
    ) -> Result<Vec<(CatalogEntry, f32)>, PortError> {
        let Some(direction) = direction(query) else { return Ok(Vec::new()) };
        let (space, limit) = (space_of(model, direction.len()), limit_of(limit));
        let scans: Vec<_> =
            (0..N_SHARDS).map(|shard| self.scan(partition_of(&space, shard), &direction, limit)).collect();
        let found: Vec<Vec<(String, f32)>> = iter(scans).buffer_unordered(N_PARALLEL).try_collect().await?;
        let mut nearest = Nearest::new(limit);
        found.into_iter().flatten().for_each(|(asset, score)| nearest.offer(score, asset));
        let nearest = nearest.into_sorted();
        let entries = self.entries(OPERATION, nearest.iter().map(|(asset, _)| asset.as_str())).await?;
        let entries: BTreeMap<String, CatalogEntry> =
            entries.into_iter().map(|entry| (entry.asset.to_string(), entry)).collect();
        // The entry is newer than the scan, and says what is deleted.
        let alive = |(asset, score): (String, f32)| Some((entries.get(&asset)?.clone(), score));
        Ok(nearest.into_iter().filter_map(alive).filter(|(entry, _)| entry.state != State::Deleted).collect())
    }

    /// Reads one partition, page by page, and keeps the best.
    async fn scan(&self, partition: String, direction: &[f32], limit: usize) -> Result<Vec<(String, f32)>, PortError> {
        let mut nearest = Nearest::new(limit);
        let mut from = None;
        loop {
            let query = self
                .client()
                .query()
                .table_name(&self.table)
                .key_condition_expression(format!("{PARTITION_KEY} = :partition"))
                .expression_attribute_values(":partition", text(&partition))
                .projection_expression(format!("{SORT_KEY}, #point"))
                .expression_attribute_names("#point", "point")
                .set_limit(self.vectors_per_page)
                .set_exclusive_start_key(from);
            let answer = query.send().await.map_err(failed(OPERATION, &self.table))?;
            for item in answer.items() {
                let point = item.get("point").and_then(|point| point.as_b().ok());
                let score = point.and_then(|point| cosine(direction, point.as_ref()));
                if let (Some(score), Some(asset)) = (score, text_of(item, SORT_KEY))
                    && nearest.takes(score)
                {
                    nearest.offer(score, asset.to_owned());
                }
            }
            from = answer.last_evaluated_key;
            if from.is_none() {
                return Ok(nearest.into_sorted());
            }
        }
    }
}
