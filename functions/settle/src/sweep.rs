//! The sweep: every asset that is not as the profile wants it is looked at again. What *continuously* ready means.
//!
//! It goes page by page. As a message it does a bounded part and sends the rest to itself, so that a store of any size is swept by
//! functions that may run for minutes only, and a failure repeats one part.

use crate::{Settle, SettleTask};
use asset::ids::AssetId;
use asset::keys;
use asset::readiness::State;
use asset::task::Settled;
use ports::{CatalogQuery, Envelope, PortError};
use runtime::Failure;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How far a sweep looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SweepScope {
    /// What the catalog says is unfinished, or was derived under another profile.
    Due,
    /// Everything in the store, whatever the catalog says; also rebuilds the catalog.
    All,
}

/// Where a sweep goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SweepFrom {
    stage: Stage,
    /// `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Stage {
    /// The catalog's entries in state `processing`.
    Unfinished,
    /// The catalog's entries that were derived under another profile.
    Outdated,
    /// The store's objects.
    Store,
}

/// Entries or objects that are looked at per call of a port.
const PAGE: usize = 1000;

/// Pages per message. Of a store with eighty objects per asset they hold 250 assets; sent ten at a time, that takes seconds.
const PAGES_PER_MESSAGE: usize = 20;

impl SweepFrom {
    fn start(scope: SweepScope) -> Self {
        let stage = match scope {
            SweepScope::Due => Stage::Unfinished,
            SweepScope::All => Stage::Store,
        };
        SweepFrom { stage, after: None }
    }

    /// Returns where to go on after a page; `None` if that was the last one.
    fn next(self, after: Option<String>) -> Option<Self> {
        match (after, self.stage) {
            (Some(after), stage) => Some(SweepFrom { stage, after: Some(after) }),
            (None, Stage::Unfinished) => Some(SweepFrom { stage: Stage::Outdated, after: None }),
            (None, Stage::Outdated | Stage::Store) => None,
        }
    }
}

impl Settle {
    /// Sends a message for each asset in scope. Returns how many.
    pub async fn sweep(&self, scope: SweepScope) -> Result<u64, PortError> {
        let (mut n_sent, mut from) = (0, Some(SweepFrom::start(scope)));
        while let Some(page) = from {
            let n_more;
            (n_more, from) = self.sweep_page(page).await?;
            n_sent += n_more;
        }
        tracing::info!(?scope, n_sent, "swept");
        Ok(n_sent)
    }

    /// Does a part of a sweep and sends a message for the rest.
    pub(crate) async fn sweep_part(&self, scope: SweepScope, from: Option<SweepFrom>) -> Result<(), Failure> {
        let (mut n_sent, mut from) = (0, Some(from.unwrap_or_else(|| SweepFrom::start(scope))));
        for _ in 0..PAGES_PER_MESSAGE {
            let Some(page) = from else { break };
            let n_more;
            (n_more, from) = self.sweep_page(page).await?;
            n_sent += n_more;
        }
        let is_done = from.is_none();
        if is_done {
            tracing::info!(?scope, n_sent, "swept to the end");
        } else {
            tracing::info!(?scope, n_sent, ?from, "swept a part");
            let rest = serde_json::to_string(&SettleTask::Sweep { sweep: scope, from }).map_err(Failure::reject)?;
            self.settle.send(vec![Envelope::now(rest)]).await?;
        }
        Ok(())
    }

    /// Sends the looks of one page. Returns how many, and where to go on.
    async fn sweep_page(&self, from: SweepFrom) -> Result<(u64, Option<SweepFrom>), PortError> {
        let (assets, after) = match from.stage {
            Stage::Unfinished => self.catalog_page(vec![State::Processing], None, &from).await?,
            Stage::Outdated => {
                let settled = vec![State::Ready, State::ReadyWithGaps, State::InReview, State::Failed];
                self.catalog_page(settled, Some(self.profile().await?.digest()), &from).await?
            }
            Stage::Store => self.store_page(&from).await?,
        };
        let n_sent = assets.len() as u64;
        if n_sent > 0 {
            let looks = assets.into_iter().map(|asset| Envelope::now(Settled { asset }.body())).collect();
            self.settle.send(looks).await?;
        }
        Ok((n_sent, from.next(after)))
    }

    async fn catalog_page(
        &self,
        states: Vec<State>,
        other_profile_than: Option<String>,
        from: &SweepFrom,
    ) -> Result<(Vec<AssetId>, Option<String>), PortError> {
        let after = from.after.clone();
        let query = CatalogQuery { states, other_profile_than, after, limit: PAGE, ..CatalogQuery::default() };
        let page = self.catalog.list(&query).await?;
        Ok((page.entries.into_iter().map(|entry| entry.asset).collect(), page.next))
    }

    async fn store_page(&self, from: &SweepFrom) -> Result<(Vec<AssetId>, Option<String>), PortError> {
        let page = self.list.list(keys::ASSETS, from.after.as_deref(), PAGE).await?;
        // In byte order, so the objects of an asset are neighbours; the page before may have ended among this one's first.
        let mut assets: Vec<AssetId> = page.blobs.iter().filter_map(|blob| keys::asset_of(&blob.key)).collect();
        assets.dedup();
        let before = from.after.as_deref().and_then(keys::asset_of);
        assets.retain(|asset| before.as_ref() != Some(asset));
        Ok((assets, page.next))
    }
}
