//! The same bytes under another key: copy what was made, compute nothing.

use crate::Resize;
use asset::fact::{Outcome, Output, TaskResult};
use asset::ids::AssetId;
use asset::keys;
use asset::task::Task;
use ports::{Kind, PortError, ReadBlob};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The content of [`keys::made`].
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Made {
    pub asset: AssetId,
    /// Key of the result fact.
    pub result: String,
}

impl Resize {
    /// Returns a copy of an identical task's outcome and whose it is; `None` if it has to be computed.
    pub(crate) async fn reuse(&self, task: &Task) -> Result<Option<(Outcome, AssetId)>, PortError> {
        let Some(made) = self.read_json::<Made>(&keys::made(&task.id())).await? else { return Ok(None) };
        let Some(result) = self.read_json::<TaskResult>(&made.result).await? else { return Ok(None) };
        // An own earlier generation's outputs are about to be cleaned up, but until then they can be copied like anybody's.
        if result.task != task.id() {
            return Ok(None);
        }
        let outcome = match result.outcome {
            Outcome::Rendered { outputs } => match self.copy_outputs(task, outputs).await? {
                Some(outputs) => Outcome::Rendered { outputs },
                None => return Ok(None),
            },
            Outcome::Inspected { probe, inspection } => Outcome::Inspected { probe, inspection },
            Outcome::Refused(_) => return Ok(None),
        };
        Ok(Some((outcome, made.asset)))
    }

    async fn copy_outputs(&self, task: &Task, outputs: Vec<Output>) -> Result<Option<Vec<Output>>, PortError> {
        let folder = keys::renditions_of(task);
        let mut copies = Vec::with_capacity(outputs.len());
        for output in outputs {
            let Some(name) = output.key.rsplit('/').next() else { return Ok(None) };
            let key = format!("{folder}{name}");
            if key != output.key {
                match self.copy.copy(&output.key, &key).await {
                    Ok(()) => {}
                    Err(error) if error.kind == Kind::Exists => {}
                    // The other asset was deleted meanwhile.
                    Err(error) if error.kind == Kind::NotFound => return Ok(None),
                    Err(error) => return Err(error),
                }
            }
            copies.push(Output { key, ..output });
        }
        Ok(Some(copies))
    }

    /// Reads a JSON object; `None` if it is missing or not readable, which costs a computation and nothing else.
    async fn read_json<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, PortError> {
        match ReadBlob::read(self.store.as_ref(), key).await {
            Ok(blob) => Ok(serde_json::from_slice(&blob.bytes).ok()),
            Err(error) if error.kind == Kind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}
