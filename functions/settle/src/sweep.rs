//! The sweep: every asset that is not as the profile wants it is looked at again. What *continuously* ready means.

use crate::Settle;
use asset::ids::AssetId;
use asset::keys;
use asset::readiness::State;
use asset::task::Settled;
use ports::{CatalogQuery, Envelope, PortError};
use serde::{Deserialize, Serialize};

/// How far a sweep looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SweepScope {
    /// What the catalog says is unfinished, or was derived under another profile.
    Due,
    /// Everything in the store, whatever the catalog says; also rebuilds the catalog.
    All,
}

impl Settle {
    /// Sends a message for each asset in scope. Returns how many.
    pub async fn sweep(&self, scope: SweepScope) -> Result<u64, PortError> {
        let n_sent = match scope {
            SweepScope::Due => {
                let unfinished = CatalogQuery { states: vec![State::Processing], ..CatalogQuery::default() };
                let outdated = CatalogQuery {
                    states: vec![State::Ready, State::ReadyWithGaps, State::InReview, State::Failed],
                    other_profile_than: Some(self.profile.digest()),
                    ..CatalogQuery::default()
                };
                self.sweep_catalog(unfinished).await? + self.sweep_catalog(outdated).await?
            }
            SweepScope::All => self.sweep_store().await?,
        };
        tracing::info!(?scope, n_sent, "swept");
        Ok(n_sent)
    }

    async fn sweep_catalog(&self, mut query: CatalogQuery) -> Result<u64, PortError> {
        query.limit = 1000;
        let mut n_sent = 0;
        loop {
            let page = self.catalog.list(&query).await?;
            n_sent += self.send_looks(page.entries.into_iter().map(|entry| entry.asset).collect()).await?;
            match page.next {
                Some(next) => query.after = Some(next),
                None => return Ok(n_sent),
            }
        }
    }

    async fn sweep_store(&self) -> Result<u64, PortError> {
        let (mut n_sent, mut after, mut latest) = (0, None::<String>, None::<AssetId>);
        loop {
            let page = self.list.list(keys::ASSETS, after.as_deref(), 1000).await?;
            let mut assets = Vec::new();
            for blob in &page.blobs {
                let asset = keys::asset_of(&blob.key);
                if asset.is_some() && asset != latest {
                    latest.clone_from(&asset);
                    assets.extend(asset);
                }
            }
            n_sent += self.send_looks(assets).await?;
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(n_sent),
            }
        }
    }

    async fn send_looks(&self, assets: Vec<AssetId>) -> Result<u64, PortError> {
        let n_assets = assets.len() as u64;
        if n_assets > 0 {
            let looks = assets.into_iter().map(|asset| Envelope::now(Settled { asset }.body())).collect();
            self.settle.send(looks).await?;
        }
        Ok(n_assets)
    }
}
