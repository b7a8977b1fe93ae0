//! Search by words and by meaning at once.
//!
//! The two lists are joined by reciprocal rank fusion (Cormack, Clarke and Büttcher, "Reciprocal rank fusion outperforms Condorcet and
//! individual rank learning methods", SIGIR 2009): an entry scores the sum of 1 / (60 + its rank) over the lists that it is in. It needs
//! no common scale, and there is none: cosines of one model say nothing beside those of another.

use crate::{Catalog, CatalogQuery, Kind, PortError};
use asset::catalog::CatalogEntry;
use asset::embedding::clipped;
use asset::ids::AssetId;
use asset::readiness::State;
use async_trait::async_trait;
use serde::Serialize;
use std::collections::BTreeMap;
use std::error::Error;

/// What the paper found to work on every collection that it tried.
const K: f64 = 60.0;

/// Entries that meaning alone may add. There always is a nearest one: what is further down has ever less to do with the question.
const N_NEAREST: usize = 24;

/// The share of the best cosine that another has to have. There is no number of its own that would fit two models; what is half as near as
/// the best is about something else.
const FLOOR: f32 = 0.5;

/// How many times as many are looked at where a state or a kind is asked for: vectors know of neither.
const N_LOOKED_AT: usize = 200;

/// Characters of a question that are mapped.
const MAX_CHARACTERS: usize = 500;

/// Maps a question to a point of the space that assets' texts were mapped into.
#[async_trait]
pub trait MapQuery: Send + Sync {
    /// The cause of an error is for people: why meaning cannot be used now.
    async fn map_query(&self, text: &str) -> Result<QueryPoint, PortError>;
}

/// A question's point.
#[derive(Clone, Debug, PartialEq)]
pub struct QueryPoint {
    /// As it answered.
    pub model: String,
    pub values: Vec<f32>,
}

/// What made an entry a hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    Words,
    Meaning,
    Both,
}

impl Why {
    /// Returns the words for people.
    pub fn words(self) -> &'static str {
        match self {
            Why::Words => "by words",
            Why::Meaning => "by meaning",
            Why::Both => "by words and meaning",
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    pub entry: CatalogEntry,
    pub why: Why,
    /// The sum of the fusion: larger is better, and it means nothing outside of this answer.
    pub score: f64,
    /// The cosine, where meaning found it.
    pub similarity: Option<f32>,
}

/// Whether meaning was used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "meaning", rename_all = "snake_case")]
pub enum Meaning {
    Used {
        model: String,
    },
    /// No model is configured.
    Off,
    /// There was nothing to ask: no text, or a page after the first, on which meaning has found everything already.
    NotAsked,
    /// The model could not be asked, and why.
    Failed {
        why: String,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The best first. Without a text, and on pages after the first, the latest arrival first.
    pub hits: Vec<Hit>,
    /// As in [`CatalogPage`](crate::CatalogPage): of what words find.
    pub next: Option<String>,
    pub meaning: Meaning,
}

/// Searches. A page has up to `limit` hits by words, and on the first page up to 24 more by meaning.
///
/// No model is asked where `mapper` is absent. One that fails costs the search by meaning, never the one by words. Without states in the
/// query, deleted assets are no hits; with a state or a kind, meaning looks at the nearest 200 assets only.
pub async fn search(
    catalog: &dyn Catalog,
    mapper: Option<&dyn MapQuery>,
    query: &CatalogQuery,
) -> Result<Found, PortError> {
    let text = query.text.as_deref().unwrap_or_default().trim();
    let (by_words, (nearest, meaning)) =
        futures::future::try_join(catalog.list(query), by_meaning(catalog, mapper, query, text)).await?;
    let hits = fused(by_words.entries, nearest);
    Ok(Found { hits, next: by_words.next, meaning })
}

async fn by_meaning(
    catalog: &dyn Catalog,
    mapper: Option<&dyn MapQuery>,
    query: &CatalogQuery,
    text: &str,
) -> Result<(Vec<(CatalogEntry, f32)>, Meaning), PortError> {
    let Some(mapper) = mapper else { return Ok((Vec::new(), Meaning::Off)) };
    if text.is_empty() || query.after.is_some() {
        return Ok((Vec::new(), Meaning::NotAsked));
    }
    let point = match mapper.map_query(clipped(text, MAX_CHARACTERS)).await {
        Ok(point) => point,
        Err(error) => return Ok((Vec::new(), Meaning::Failed { why: why(&error) })),
    };
    let is_filtered = !query.states.is_empty() || query.kind.is_some() || query.other_profile_than.is_some();
    let n_near = if query.limit == 0 { N_NEAREST } else { N_NEAREST.min(query.limit) };
    let n_looked_at = if is_filtered { N_LOOKED_AT } else { n_near };
    let mut nearest = match catalog.nearest(&point.model, &point.values, n_looked_at).await {
        Ok(nearest) => nearest,
        // The words may still be had.
        Err(error) if error.kind != Kind::Fatal => return Ok((Vec::new(), Meaning::Failed { why: why(&error) })),
        Err(error) => return Err(error),
    };
    let floor = nearest.first().map_or(0.0, |(_, best)| best * FLOOR);
    nearest.retain(|(entry, score)| *score > 0.0 && *score >= floor && is_wanted(query, entry));
    nearest.truncate(n_near);
    Ok((nearest, Meaning::Used { model: point.model }))
}

fn why(error: &PortError) -> String {
    error.source().map_or_else(|| error.to_string(), ToString::to_string)
}

/// Returns whether the conditions hold that are not about the text.
fn is_wanted(query: &CatalogQuery, entry: &CatalogEntry) -> bool {
    let has_state =
        if query.states.is_empty() { entry.state != State::Deleted } else { query.states.contains(&entry.state) };
    let has_kind = query
        .kind
        .as_deref()
        .is_none_or(|kind| entry.kind == kind || (!kind.contains('/') && entry.kind.split('/').next() == Some(kind)));
    has_state && has_kind && query.other_profile_than.as_ref().is_none_or(|profile| entry.profile != *profile)
}

/// Joins two lists, each the best first.
fn fused(by_words: Vec<CatalogEntry>, by_meaning: Vec<(CatalogEntry, f32)>) -> Vec<Hit> {
    let score = |rank: usize| 1.0 / (K + rank as f64);
    let mut places: BTreeMap<AssetId, usize> = BTreeMap::new();
    let mut hits: Vec<Hit> = Vec::new();
    for (rank, entry) in (1..).zip(by_words) {
        places.insert(entry.asset.clone(), hits.len());
        hits.push(Hit { entry, why: Why::Words, score: score(rank), similarity: None });
    }
    for (rank, (entry, similarity)) in (1..).zip(by_meaning) {
        match places.get(&entry.asset) {
            Some(place) => {
                let hit = &mut hits[*place];
                (hit.why, hit.similarity) = (Why::Both, Some(similarity));
                hit.score += score(rank);
            }
            None => hits.push(Hit { entry, why: Why::Meaning, score: score(rank), similarity: Some(similarity) }),
        }
    }
    // Stable: of equals, what words found comes first.
    hits.sort_by(|a, b| b.score.total_cmp(&a.score));
    hits
}
