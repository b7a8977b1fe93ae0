//! The prompts that functions obey: where the labels of the registry point, else our own, which are compiled in.

use crate::prompt::{Prompt, PromptError, Sources};
use crate::registry::{Label, Reader, RegistryError};
use asset::canary::PromptChoice;
use asset::field::{Field, PromptRef};
use asset::ids::Sha256;
use asset::profile::Profile;
use ports::{Clock, ReadBlob};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How long it may take until a moved label is obeyed. Whoever obeys the old one meanwhile makes what the next sweep makes anew: a delay,
/// never a mistake.
const FRESH_MS: u64 = 10_000;

/// Our own prompts, and a registry that may know others.
pub struct Shelf {
    library: Sources,
    registry: Option<(Reader, Arc<dyn Clock>)>,
    cache: Mutex<Cache>,
}

#[derive(Default)]
struct Cache {
    /// Our own, by name: they do not change while the process lives.
    own: BTreeMap<String, Prompt>,
    /// By id and hash, so never out of date. As many as were in force while the process lived: a handful.
    published: BTreeMap<(String, Sha256), Prompt>,
    in_force: Option<InForce>,
}

#[derive(Clone)]
struct InForce {
    looked_ms: u64,
    choices: BTreeMap<Field, PromptChoice>,
}

impl From<Sources> for Shelf {
    /// Our own prompts only.
    fn from(library: Sources) -> Self {
        Shelf { library, registry: None, cache: Mutex::default() }
    }
}

impl Shelf {
    /// Adds the registry of a store, whose labels come before our own prompts.
    #[must_use]
    pub fn with_store(mut self, store: Arc<dyn ReadBlob>, clock: Arc<dyn Clock>) -> Self {
        self.registry = Some((Reader(store), clock));
        self
    }

    /// Returns exactly the prompt that is meant, by id and hash; `None` if neither we nor the registry have it.
    pub async fn prompt(&self, reference: &PromptRef) -> Result<Option<Prompt>, RegistryError> {
        let PromptRef { id, hash, .. } = reference;
        if let Some(own) = self.own(id)?.filter(|own| own.hash() == hash) {
            return Ok(Some(own));
        }
        match self.published(id, hash).await {
            Err(RegistryError::NotPublished { .. }) => Ok(None),
            found => found.map(Some),
        }
    }

    /// Returns which versions of a prompt are in force, by the labels as they are now; `None` if there is no such prompt.
    pub async fn choice(&self, id: &str) -> Result<Option<PromptChoice>, RegistryError> {
        let own = || Ok(self.own(id)?.map(|own| own.reference().into()));
        let Some((registry, _)) = &self.registry else { return own() };
        let production = match registry.label(id, Label::Production).await?.points_at {
            Some(pointer) => Some(PromptChoice::from(self.published(id, &pointer.hash).await?.reference())),
            None => own()?,
        };
        let canary = registry.label(id, Label::Canary).await?.points_at;
        Ok(match (production, canary) {
            (Some(production), Some(pointer)) => {
                Some(production.with_canary(self.published(id, &pointer.hash).await?.reference(), pointer.share))
            }
            // Without anything that the rest would be written with, there is nothing to compare a canary with.
            (production, _) => production,
        })
    }

    /// Returns the prompts that write each field; looks at the labels again after ten seconds. If they cannot be read, what is known of
    /// them stays in force: with our own instead, everything would be written anew, and once more afterwards.
    pub async fn in_force(&self) -> Result<BTreeMap<Field, PromptChoice>, RegistryError> {
        let now_ms = self.registry.as_ref().map_or(0, |(_, clock)| clock.now_ms());
        let known = self.cache().in_force.clone();
        if let Some(known) = &known
            && now_ms.checked_sub(known.looked_ms).is_some_and(|age_ms| age_ms < FRESH_MS)
        {
            return Ok(known.choices.clone());
        }
        let choices = match (self.look().await, known) {
            (Ok(choices), _) => choices,
            (Err(error), Some(known)) => {
                tracing::warn!(%error, "the labels of prompts cannot be read; those of before stay in force");
                known.choices
            }
            (Err(error), None) => return Err(error),
        };
        self.cache().in_force = Some(InForce { looked_ms: now_ms, choices: choices.clone() });
        Ok(choices)
    }

    /// Returns a profile with the prompts that are in force. One that asks for no text needs none, and no label is read.
    pub async fn complete(&self, profile: &Arc<Profile>) -> Result<Arc<Profile>, RegistryError> {
        if profile.collections.iter().all(|collection| collection.texts.is_empty()) {
            return Ok(profile.clone());
        }
        let choices = self.in_force().await?;
        if choices == profile.prompts {
            return Ok(profile.clone());
        }
        Ok(Arc::new(Profile::clone(profile).with_prompts(choices)))
    }

    async fn look(&self) -> Result<BTreeMap<Field, PromptChoice>, RegistryError> {
        let mut choices = BTreeMap::new();
        for field in Field::ALL {
            if let Some(choice) = self.choice(field.as_str()).await? {
                choices.insert(field, choice);
            }
        }
        Ok(choices)
    }

    fn own(&self, name: &str) -> Result<Option<Prompt>, RegistryError> {
        if let Some(prompt) = self.cache().own.get(name) {
            return Ok(Some(prompt.clone()));
        }
        match self.library.prompt(name) {
            Ok(prompt) => {
                self.cache().own.insert(name.to_owned(), prompt.clone());
                Ok(Some(prompt))
            }
            Err(PromptError::Unknown { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn published(&self, id: &str, hash: &Sha256) -> Result<Prompt, RegistryError> {
        let key = (id.to_owned(), hash.clone());
        if let Some(prompt) = self.cache().published.get(&key) {
            return Ok(prompt.clone());
        }
        let Some((registry, _)) = &self.registry else {
            return Err(RegistryError::NotPublished { id: key.0, hash: key.1 });
        };
        let prompt = registry.get(id, hash).await?;
        self.cache().published.insert(key, prompt.clone());
        Ok(prompt)
    }

    /// What is in it is whole at any time, so one who panicked beside it has broken nothing.
    fn cache(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
