//! The catalog: lists, counts and text search over assets. A projection; the bucket can rebuild it.

use crate::PortError;
use asset::catalog::CatalogEntry;
use asset::ids::AssetId;
use asset::readiness::State;
use async_trait::async_trait;

/// What to list. All conditions hold at once; an empty query is everything that is not deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CatalogQuery {
    /// Any of these; empty means every state but `deleted`.
    pub states: Vec<State>,
    /// A media type (`image/png`) or its first half (`image`).
    pub kind: Option<String>,
    /// Words; an entry matches if each is the beginning of a word of its key (case and accents do not matter).
    pub text: Option<String>,
    /// Only entries derived under another profile than this digest.
    pub other_profile_than: Option<String>,
    /// Continue after this entry: `next` of the page before.
    pub after: Option<String>,
    /// 1 to 1,000; 0 means 100.
    pub limit: usize,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CatalogPage {
    /// Latest arrival first; among equals by asset id.
    pub entries: Vec<CatalogEntry>,
    pub next: Option<String>,
}

#[async_trait]
pub trait Catalog: Send + Sync {
    /// Writes an entry unless a higher revision of the asset is there. Returns whether it was written.
    async fn upsert(&self, entry: &CatalogEntry) -> Result<bool, PortError>;

    /// `None` if the asset is unknown.
    async fn get(&self, asset: &AssetId) -> Result<Option<CatalogEntry>, PortError>;

    async fn list(&self, query: &CatalogQuery) -> Result<CatalogPage, PortError>;

    /// Returns how many assets are in each state, in the order of [`State::ALL`], zeros included.
    async fn counts(&self) -> Result<Vec<(State, u64)>, PortError>;
}
