//! What a deleted asset leaves behind goes: renditions, results, and the word of having made them. Originals stay.

use crate::Settle;
use asset::ids::AssetId;
use asset::keys::{self, FactKey};
use asset::manifest::Manifest;
use asset::sequencer::Sequencer;
use ports::blob::list_all;
use ports::{Kind, PortError};

impl Settle {
    /// Deletes everything of generations before the present one. Their names differ from the present one's, so a re-upload that is
    /// being worked on is never touched. Idempotent.
    pub(crate) async fn clean_up(&self, manifest: &Manifest) -> Result<(), PortError> {
        let (asset, generation) = (&manifest.asset, manifest.generation());
        let folder = keys::renditions(asset);
        for blob in list_all(self.list.as_ref(), &folder).await? {
            let of = blob.key[folder.len()..].split('/').next().and_then(Sequencer::parse);
            if of.is_some_and(|of| of < generation) {
                self.delete.delete(&blob.key).await?;
            }
        }
        for blob in list_all(self.list.as_ref(), &keys::results(asset)).await? {
            if let Some(FactKey::Result { generation: of, task, .. }) = keys::parse_fact(asset, &blob.key)
                && of < generation
            {
                self.forget_made(asset, &keys::made(&task), &blob.key).await?;
                self.delete.delete(&blob.key).await?;
            }
        }
        Ok(())
    }

    /// Deletes the pointer to a result that is about to go, if it points there.
    async fn forget_made(&self, asset: &AssetId, made: &str, result: &str) -> Result<(), PortError> {
        match self.store.read(made).await {
            Ok(blob) => {
                let made_by: Option<serde_json::Value> = serde_json::from_slice(&blob.bytes).ok();
                let is_ours = made_by.is_some_and(|by| by["asset"] == asset.as_str() && by["result"] == result);
                if is_ours { self.delete.delete(made).await } else { Ok(()) }
            }
            Err(error) if error.kind == Kind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }
}
