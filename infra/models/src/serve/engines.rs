//! The models that are loaded. Each is loaded when it is first asked for, so a model that is installed while the server runs is there.

use super::embedder::Embedder;
use super::error::{ApiError, ApiResult};
use super::moderator::Moderator;
use super::reader::Reader;
use super::speech::Transcriber;
use super::tagger::Tagger;
use crate::folder::Folder;
use crate::manifest::{Manifest, Model};
use anyhow::{Context, Result};
use std::sync::{Arc, Mutex, PoisonError};

pub(super) const TAGGER: &str = "efficientnet-lite0";
pub(super) const READER: &str = "pp-ocr";
pub(super) const MODERATOR: &str = "open-nsfw";
pub(super) const EMBEDDER: &str = "minilm-l6";
pub(super) const SPEECH: &str = "whisper-base";
/// Not a model of its own: what the tagger knows before it names anything.
pub(super) const FEATURES: &str = "efficientnet-lite0-features";

pub(super) struct Engines {
    folder: Folder,
    manifest: Manifest,
    tagger: Slot<Tagger>,
    reader: Slot<Reader>,
    moderator: Slot<Moderator>,
    embedder: Slot<Embedder>,
    speech: Slot<Transcriber>,
}

struct Slot<T>(Mutex<Option<Arc<T>>>);

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Slot(Mutex::new(None))
    }
}

impl<T> Slot<T> {
    /// Loads at the first call; whoever else asks meanwhile waits.
    fn get(&self, load: impl FnOnce() -> Result<T>) -> Result<Arc<T>> {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(loaded) = &*slot {
            return Ok(loaded.clone());
        }
        Ok(slot.insert(Arc::new(load()?)).clone())
    }
}

impl Engines {
    pub fn new(folder: Folder) -> Result<Self> {
        Ok(Engines {
            folder,
            manifest: Manifest::shipped()?,
            tagger: Slot::default(),
            reader: Slot::default(),
            moderator: Slot::default(),
            embedder: Slot::default(),
            speech: Slot::default(),
        })
    }

    /// Returns the models that can be asked.
    pub fn installed(&self) -> Vec<&Model> {
        self.folder.installed(&self.manifest)
    }

    /// Returns an installed model, whose name may be that of its features.
    pub fn model(&self, name: &str) -> ApiResult<&Model> {
        let of = if name == FEATURES { TAGGER } else { name };
        let installed = self.installed();
        if let Some(model) = installed.iter().find(|model| model.name == of) {
            return Ok(model);
        }
        if self.manifest.models.iter().any(|model| model.name == of) {
            let fix = format!("model `{of}` is not installed: `greenroom models pull {of}` installs it");
            return Err(ApiError::no_model(fix));
        }
        let names: Vec<&str> = installed.iter().map(|model| model.name.as_str()).collect();
        Err(ApiError::no_model(format!("there is no model `{of:.80}` here: there are {}", names.join(", "))))
    }

    pub fn tagger(&self) -> ApiResult<Arc<Tagger>> {
        self.load(TAGGER, &self.tagger, Tagger::load)
    }

    pub fn reader(&self) -> ApiResult<Arc<Reader>> {
        self.load(READER, &self.reader, Reader::load)
    }

    pub fn moderator(&self) -> ApiResult<Arc<Moderator>> {
        self.load(MODERATOR, &self.moderator, Moderator::load)
    }

    pub fn embedder(&self) -> ApiResult<Arc<Embedder>> {
        self.load(EMBEDDER, &self.embedder, Embedder::load)
    }

    pub fn speech(&self) -> ApiResult<Arc<Transcriber>> {
        self.load(SPEECH, &self.speech, Transcriber::load)
    }

    fn load<T>(&self, name: &str, slot: &Slot<T>, load: fn(&Folder, &Model) -> Result<T>) -> ApiResult<Arc<T>> {
        let model = self.model(name)?;
        let loaded = slot.get(|| {
            tracing::info!(model = name, "loading");
            load(&self.folder, model)
        });
        Ok(loaded.with_context(|| format!("model `{name}` cannot be used"))?)
    }
}
