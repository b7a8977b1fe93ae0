//! The profile that is in force now: the file's, with the prompts that the labels point at.

use crate::Settle;
use asset::profile::Profile;
use ports::{Kind, PortError};
use prompts::registry::RegistryError;
use std::sync::Arc;
use std::time::Duration;

/// When a look is taken again that a damaged label stopped: a person has to mend it.
const MENDED_AFTER: Duration = Duration::from_secs(60);

impl Settle {
    pub(crate) async fn profile(&self) -> Result<Arc<Profile>, PortError> {
        let Some(shelf) = &self.prompts else { return Ok(self.profile.clone()) };
        shelf.complete(&self.profile).await.map_err(|error| match error {
            RegistryError::Store(error) => error,
            other => PortError::new(Kind::Retry(MENDED_AFTER), "read the labels of", "prompts/").because(other),
        })
    }
}
