//! What whoever obeys labels needs of a registry: reading, and nothing else.

use super::{Label, LabelState, Published, RegistryError, label_key, prompt_key};
use crate::prompt::Prompt;
use asset::ids::Sha256;
use ports::{ETag, Kind, ReadBlob};
use serde::de::DeserializeOwned;
use std::sync::Arc;

#[derive(Clone)]
pub(crate) struct Reader(pub Arc<dyn ReadBlob>);

impl Reader {
    /// Returns a published prompt, after a check that it is what its hash says.
    pub(crate) async fn get(&self, id: &str, hash: &Sha256) -> Result<Prompt, RegistryError> {
        let key = prompt_key(id, hash)?;
        let Some((published, _)) = self.read_json::<Published>(&key).await? else {
            return Err(RegistryError::NotPublished { id: id.to_owned(), hash: hash.clone() });
        };
        let prompt = published.prompt(&key)?;
        if prompt.hash() != hash || prompt.id() != id {
            let why = format!("it holds `{}` with the hash `{}`", prompt.id(), prompt.hash());
            return Err(RegistryError::Damaged { key, why });
        }
        Ok(prompt)
    }

    /// Returns where a label points; nowhere before its first promotion.
    pub(crate) async fn label(&self, id: &str, label: Label) -> Result<LabelState, RegistryError> {
        let state = self.read_json::<LabelState>(&label_key(id, label)?).await?;
        Ok(state.map(|(state, _)| state).unwrap_or_default())
    }

    /// `None` if there is no object.
    pub(super) async fn read_json<T: DeserializeOwned>(&self, key: &str) -> Result<Option<(T, ETag)>, RegistryError> {
        match self.0.read(key).await {
            Ok(blob) => match serde_json::from_slice(&blob.bytes) {
                Ok(value) => Ok(Some((value, blob.etag))),
                Err(error) => Err(RegistryError::Damaged { key: key.to_owned(), why: error.to_string() }),
            },
            Err(error) if error.kind == Kind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}
