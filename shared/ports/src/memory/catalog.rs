//! A catalog in memory.

use super::lock;
use crate::near;
use crate::{Catalog, CatalogPage, CatalogQuery, Kind, PortError};
use asset::catalog::CatalogEntry;
use asset::ids::AssetId;
use asset::readiness::State;
use async_trait::async_trait;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Mutex;
use unicode_normalization::UnicodeNormalization;

/// The twin of a catalog.
#[derive(Default)]
pub struct MemoryCatalog(Mutex<BTreeMap<AssetId, CatalogEntry>>);

/// The order of lists: latest arrival first, then by asset id.
type Position = (Reverse<u64>, String);

fn position_of(entry: &CatalogEntry) -> Position {
    (Reverse(entry.updated_ms), entry.asset.as_str().to_owned())
}

/// Splits text into words without case and accents.
fn words_of(text: &str) -> Vec<String> {
    let is_accent = |c: char| ('\u{300}'..='\u{36f}').contains(&c);
    let plain: String = text.nfd().filter(|c| !is_accent(*c)).flat_map(char::to_lowercase).collect();
    plain.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn matches(query: &CatalogQuery, entry: &CatalogEntry) -> bool {
    let has_state =
        if query.states.is_empty() { entry.state != State::Deleted } else { query.states.contains(&entry.state) };
    let has_kind = query
        .kind
        .as_deref()
        .is_none_or(|kind| entry.kind == kind || (!kind.contains('/') && entry.kind.split('/').next() == Some(kind)));
    let has_words = query.text.as_deref().is_none_or(|text| {
        let words = words_of(&entry.searchable());
        words_of(text).iter().all(|wanted| words.iter().any(|word| word.starts_with(wanted)))
    });
    let has_profile = query.other_profile_than.as_ref().is_none_or(|profile| entry.profile != *profile);
    has_state && has_kind && has_words && has_profile
}

#[async_trait]
impl Catalog for MemoryCatalog {
    async fn upsert(&self, entry: &CatalogEntry) -> Result<bool, PortError> {
        let mut entries = lock(&self.0);
        if entries.get(&entry.asset).is_some_and(|there| there.revision > entry.revision) {
            return Ok(false);
        }
        entries.insert(entry.asset.clone(), entry.clone());
        Ok(true)
    }

    async fn get(&self, asset: &AssetId) -> Result<Option<CatalogEntry>, PortError> {
        Ok(lock(&self.0).get(asset).map(CatalogEntry::without_vector))
    }

    async fn list(&self, query: &CatalogQuery) -> Result<CatalogPage, PortError> {
        let after = query.after.as_deref().map(|after| {
            let position =
                after.split_once('.').and_then(|(at, asset)| Some((Reverse(at.parse().ok()?), asset.to_owned())));
            let error =
                || PortError::new(Kind::Fatal, "list catalog", after).because("`after` is not the `next` of a page");
            position.ok_or_else(error)
        });
        let after: Option<Position> = after.transpose()?;
        let limit = if query.limit == 0 { 100 } else { query.limit.min(1000) };
        let entries = lock(&self.0);
        let mut found: Vec<(Position, &CatalogEntry)> = entries
            .values()
            .filter(|entry| matches(query, entry))
            .map(|entry| (position_of(entry), entry))
            .filter(|(position, _)| after.as_ref().is_none_or(|after| position > after))
            .collect();
        found.sort_by(|a, b| a.0.cmp(&b.0));
        let has_more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| has_more).map(|((Reverse(at), asset), _)| format!("{at}.{asset}"));
        Ok(CatalogPage { entries: found.into_iter().map(|(_, entry)| entry.without_vector()).collect(), next })
    }

    async fn nearest(&self, model: &str, query: &[f32], limit: usize) -> Result<Vec<(CatalogEntry, f32)>, PortError> {
        Ok(near::among(lock(&self.0).values(), model, query, limit))
    }

    async fn counts(&self) -> Result<Vec<(State, u64)>, PortError> {
        let entries = lock(&self.0);
        let count = |state: State| entries.values().filter(|entry| entry.state == state).count() as u64;
        Ok(State::ALL.into_iter().map(|state| (state, count(state))).collect())
    }
}
