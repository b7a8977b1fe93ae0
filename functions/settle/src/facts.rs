//! Which facts the manifest does not hold yet.

use crate::Settle;
use asset::fact::Fact;
use asset::keys::{self, FactKey};
use asset::manifest::Manifest;
use ports::blob::list_all;
use ports::{Kind, PortError};

impl Settle {
    pub(crate) async fn new_facts(&self, manifest: &Manifest) -> Result<Vec<Fact>, PortError> {
        let mut news = Vec::new();
        for blob in list_all(self.list.as_ref(), &keys::facts(&manifest.asset)).await? {
            let Some(key) = keys::parse_fact(&manifest.asset, &blob.key) else {
                tracing::warn!(key = blob.key, "ignored an object that is no fact");
                continue;
            };
            if manifest.knows(&key) {
                continue;
            }
            if let Some(fact) = self.read_fact(&blob.key, &key).await? {
                news.push(fact);
            }
        }
        Ok(news)
    }

    /// Reads one fact; `None` if it was cleaned up meanwhile or is not readable.
    async fn read_fact(&self, name: &str, key: &FactKey) -> Result<Option<Fact>, PortError> {
        let bytes = match self.store.read(name).await {
            Ok(blob) => blob.bytes,
            Err(error) if error.kind == Kind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let fact = match key {
            FactKey::Arrival(_) => serde_json::from_slice(&bytes).map(Fact::Arrival),
            FactKey::Result { .. } => serde_json::from_slice(&bytes).map(Fact::Result),
            FactKey::Verdict(_) => serde_json::from_slice(&bytes).map(Fact::Verdict),
        };
        // A damaged fact must not stop the asset: its task stays pending, is sent again, and ends in a refusal that says so.
        fact.map(Some).or_else(|error| {
            tracing::error!(key = name, %error, "ignored a fact that does not parse");
            Ok(None)
        })
    }
}
