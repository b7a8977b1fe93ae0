//! Files that a task makes beside renditions: written under the task's own name, copied where another asset has the same bytes.

use crate::Failure;
use asset::fact::Output;
use asset::ids::Sha256;
use asset::keys;
use asset::recording::File;
use asset::task::Task;
use bytes::Bytes;
use ports::blob::{Body, created_before};
use ports::{CopyBlob, CreateBlob, Kind, PortError};
use std::sync::Arc;

/// What it takes.
#[derive(Clone)]
pub struct Files {
    pub create: Arc<dyn CreateBlob>,
    pub copy: Arc<dyn CopyBlob>,
}

impl Files {
    /// Writes a file of this task. One that is there already is the same: its name is a hash of what decides its bytes.
    pub async fn publish(&self, task: &Task, name: &str, media_type: &str, bytes: Bytes) -> Result<File, Failure> {
        let key = keys::made_by(&task.asset, &task.generation, &task.id(), name);
        let (n_bytes, sha256) = (bytes.len() as u64, Sha256::of(&bytes));
        created_before(self.create.create(&key, Body::Bytes(bytes)).await)?;
        Ok(File { name: name.to_owned(), key, media_type: media_type.to_owned(), bytes: n_bytes, sha256 })
    }

    /// Writes a rendition that `output` describes.
    pub async fn publish_output(&self, output: Output, content: Vec<u8>) -> Result<Output, Failure> {
        created_before(self.create.create(&output.key, content.into()).await)?;
        Ok(output)
    }

    /// The same bytes under another key: copies the renditions, computes nothing. `None` if they are gone.
    pub async fn take_over_outputs(&self, task: &Task, outputs: Vec<Output>) -> Result<Option<Vec<Output>>, PortError> {
        let folder = keys::renditions_of(task);
        let mut copies = Vec::with_capacity(outputs.len());
        for output in outputs {
            let Some(name) = output.key.rsplit('/').next() else { return Ok(None) };
            let key = format!("{folder}{name}");
            if !copied(self.copy.as_ref(), &output.key, &key).await? {
                return Ok(None);
            }
            copies.push(Output { key, ..output });
        }
        Ok(Some(copies))
    }

    /// The same for files that are no renditions.
    pub async fn take_over(&self, task: &Task, files: Vec<File>) -> Result<Option<Vec<File>>, PortError> {
        let mut copies = Vec::with_capacity(files.len());
        for file in files {
            let key = keys::made_by(&task.asset, &task.generation, &task.id(), &file.name);
            if !copied(self.copy.as_ref(), &file.key, &key).await? {
                return Ok(None);
            }
            copies.push(File { key, ..file });
        }
        Ok(Some(copies))
    }
}

/// Copies what another asset has; `false` if that was deleted meanwhile.
async fn copied(copy: &dyn CopyBlob, from: &str, to: &str) -> Result<bool, PortError> {
    if from == to {
        return Ok(true);
    }
    match copy.copy(from, to).await {
        Err(error) if error.kind == Kind::NotFound => Ok(false),
        Err(error) if error.kind != Kind::Exists => Err(error),
        _ => Ok(true),
    }
}
