//! The catalog: lists, counts and search over assets, by words and by meaning. A projection; the bucket can rebuild it.

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
    /// Words; an entry matches if each is the beginning of a word of its key or of its texts (case and accents do not
    /// matter).
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
    /// Writes an entry, its vector with it, unless a higher revision of the asset is there. Returns whether it was written.
    ///
    /// Entries are read back without their vectors, whatever reads them.
    async fn upsert(&self, entry: &CatalogEntry) -> Result<bool, PortError>;

    /// `None` if the asset is unknown.
    async fn get(&self, asset: &AssetId) -> Result<Option<CatalogEntry>, PortError>;

    /// Lists entries, the latest arrival first.
    async fn list(&self, query: &CatalogQuery) -> Result<CatalogPage, PortError>;

    /// Returns how many assets are in each state, in the order of [`State::ALL`], zeros included.
    /// Finds the entries whose vectors lie in the direction of `query`, the nearest first, with the cosine of the angle: 1 is the same
    /// direction, 0 has nothing to do with it. At most `limit` of them: 1 to 1,000; 0 means 100. Of equals at the end any may be left out.
    ///
    /// Only vectors of `model` (as it answered) and of as many dimensions are compared, and deleted assets are never found. A query
    /// without a direction (no numbers, or only zeros) finds nothing.
    async fn nearest(&self, model: &str, query: &[f32], limit: usize) -> Result<Vec<(CatalogEntry, f32)>, PortError>;

    async fn counts(&self) -> Result<Vec<(State, u64)>, PortError>;
}
