//! Published prompts and the labels that point at them, in the store. Pure logic over ports.
//!
//! ```text
//! prompts/{id}/{hash}.json                 created: a prompt with everything that its hash stands for
//! prompts/{id}/evals/{hash}/{record}.json  created: how an eval of exactly this hash went
//! prompts/{id}/labels/{label}.json         swapped: where a label points, with its history
//! ```

mod label;
mod published;

pub use label::{Label, LabelState, Move, MoveKind};
pub use published::{EvalRecord, Published};

use crate::lint::{Finding, is_id, lint};
use crate::prompt::{Prompt, PromptError};
use asset::canonical::canonical_json;
use asset::ids::Sha256;
use ports::blob::{created_before, list_all};
use ports::{CreateBlob, ETag, Kind, ListBlobs, PortError, ReadBlob, SwapBlob};
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// Something that the registry did not do.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    #[error("the prompt `{prompt}` has findings: {}", words(.findings))]
    Findings { prompt: String, findings: Vec<Finding> },
    #[error("`{id}` is not a prompt's id")]
    Id { id: String },
    #[error("the prompt `{id}` has no published state `{hash}`: publish it first")]
    NotPublished { id: String, hash: Sha256 },
    #[error("the prompt `{id}` has no label `{label}` yet: run `greenroom prompts promote {id} --label {label}`")]
    NoLabel { id: String, label: Label },
    /// There is no eval of exactly this hash.
    #[error("`{hash}` of the prompt `{id}` was never evaluated: run `greenroom prompts eval {id}`, then promote again")]
    NoEval { id: String, hash: Sha256 },
    /// The newest eval of this hash did not pass.
    #[error(
        "`{hash}` of the prompt `{id}` did not pass its eval: {}; fix it, then run `greenroom prompts eval {id}`",
        .reasons.join(", ")
    )]
    EvalFailed { id: String, hash: Sha256, reasons: Vec<String> },
    #[error("the label `{label}` of the prompt `{id}` has nothing before `{hash}` to go back to")]
    NothingBefore { id: String, label: Label, hash: Sha256 },
    /// Somebody else moved the label between our look and our write.
    #[error("the label `{label}` of the prompt `{id}` was moved meanwhile: look again, then decide again")]
    Moved { id: String, label: Label },
    /// What is stored is not what its name says.
    #[error("the object `{key}` is damaged: {why}")]
    Damaged { key: String, why: String },
    #[error("a published prompt cannot be loaded")]
    Prompt(#[from] PromptError),
    #[error("the store failed")]
    Store(#[from] PortError),
}

fn words(findings: &[Finding]) -> String {
    findings.iter().map(Finding::to_string).collect::<Vec<_>>().join("; ")
}

/// Who moves a label, when and why: kept with the label for good.
#[derive(Clone, Debug)]
pub struct Reason {
    pub by: String,
    /// Milliseconds since 1970.
    pub at_ms: u64,
    pub why: String,
}

/// The registry of one store.
#[derive(Clone)]
pub struct Registry {
    pub read: Arc<dyn ReadBlob>,
    pub create: Arc<dyn CreateBlob>,
    pub swap: Arc<dyn SwapBlob>,
    pub list: Arc<dyn ListBlobs>,
}

impl Registry {
    /// Publishes a prompt under its hash, for good. Fine if it is there; refused if `lint` finds anything.
    pub async fn publish(&self, prompt: &Prompt) -> Result<Published, RegistryError> {
        let findings = lint(prompt);
        if !findings.is_empty() {
            return Err(RegistryError::Findings { prompt: prompt.name().to_owned(), findings });
        }
        let published = Published::of(prompt);
        let key = prompt_key(&published.id, &published.hash)?;
        created_before(self.create.create(&key, canonical_json(&published).into_bytes().into()).await)?;
        Ok(published)
    }

    /// Returns a published prompt, after a check that it is what its hash says.
    pub async fn get(&self, id: &str, hash: &Sha256) -> Result<Prompt, RegistryError> {
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

    /// Returns the prompt that a label points at.
    pub async fn labelled(&self, id: &str, label: Label) -> Result<Prompt, RegistryError> {
        match self.label(id, label).await? {
            Some(state) => self.get(id, &state.hash).await,
            None => Err(RegistryError::NoLabel { id: id.to_owned(), label }),
        }
    }

    /// Returns where a label points and how it got there; `None` before its first promotion.
    pub async fn label(&self, id: &str, label: Label) -> Result<Option<LabelState>, RegistryError> {
        let state = self.read_json::<LabelState>(&label_key(id, label)?).await?;
        Ok(state.map(|(state, _)| state))
    }

    /// Keeps how an eval went.
    pub async fn record_eval(&self, record: &EvalRecord) -> Result<(), RegistryError> {
        let text = canonical_json(record);
        let key = format!("{}{}.json", evals_prefix(&record.id, &record.hash)?, Sha256::of(text.as_bytes()));
        Ok(created_before(self.create.create(&key, text.into_bytes().into()).await)?)
    }

    /// Points a label at a published hash, if the newest eval of exactly this hash passed. Fine if it points there
    /// already.
    pub async fn promote(
        &self,
        id: &str,
        hash: &Sha256,
        label: Label,
        reason: Reason,
    ) -> Result<LabelState, RegistryError> {
        self.get(id, hash).await?;
        self.check_eval(id, hash).await?;
        self.move_label(id, label, |state| {
            let next = Move::new(MoveKind::Promote, hash, reason);
            Ok(match state {
                Some(state) if state.hash == *hash => state,
                Some(state) => state.after(next),
                None => LabelState::first(next),
            })
        })
        .await
    }

    /// Points a label at where it was before its last promotion that still counts: twice goes back two. Needs no eval.
    pub async fn rollback(&self, id: &str, label: Label, reason: Reason) -> Result<LabelState, RegistryError> {
        self.move_label(id, label, |state| {
            let state = state.ok_or_else(|| RegistryError::NoLabel { id: id.to_owned(), label })?;
            let Some(before) = state.before() else {
                return Err(RegistryError::NothingBefore { id: id.to_owned(), label, hash: state.hash });
            };
            Ok(state.after(Move::new(MoveKind::Rollback, &before, reason)))
        })
        .await
    }

    async fn check_eval(&self, id: &str, hash: &Sha256) -> Result<(), RegistryError> {
        let mut newest: Option<EvalRecord> = None;
        for blob in list_all(&*self.list, &evals_prefix(id, hash)?).await? {
            let Some((record, _)) = self.read_json::<EvalRecord>(&blob.key).await? else { continue };
            if record.hash != *hash || record.id != id {
                return Err(RegistryError::Damaged { key: blob.key, why: format!("it is about `{}`", record.hash) });
            }
            // Of two at the same time, the one that failed counts.
            let rank = |record: &EvalRecord| (record.at_ms, !record.passed);
            if newest.as_ref().is_none_or(|newest| rank(&record) > rank(newest)) {
                newest = Some(record);
            }
        }
        match newest {
            None => Err(RegistryError::NoEval { id: id.to_owned(), hash: hash.clone() }),
            Some(record) if record.passed => Ok(()),
            Some(record) => {
                Err(RegistryError::EvalFailed { id: id.to_owned(), hash: hash.clone(), reasons: record.reasons })
            }
        }
    }

    async fn move_label(
        &self,
        id: &str,
        label: Label,
        decide: impl FnOnce(Option<LabelState>) -> Result<LabelState, RegistryError>,
    ) -> Result<LabelState, RegistryError> {
        let key = label_key(id, label)?;
        let (state, etag) = self.read_json::<LabelState>(&key).await?.unzip();
        let next = decide(state.clone())?;
        if state.as_ref() == Some(&next) {
            return Ok(next);
        }
        // No second try: whoever moved it knew something that our caller does not.
        match self.swap.swap(&key, canonical_json(&next).into_bytes().into(), etag.as_ref()).await {
            Ok(_) => Ok(next),
            Err(error) if error.kind == Kind::Conflict => Err(RegistryError::Moved { id: id.to_owned(), label }),
            Err(error) => Err(error.into()),
        }
    }

    /// `None` if there is no object.
    async fn read_json<T: DeserializeOwned>(&self, key: &str) -> Result<Option<(T, ETag)>, RegistryError> {
        match self.read.read(key).await {
            Ok(blob) => match serde_json::from_slice(&blob.bytes) {
                Ok(value) => Ok(Some((value, blob.etag))),
                Err(error) => Err(RegistryError::Damaged { key: key.to_owned(), why: error.to_string() }),
            },
            Err(error) if error.kind == Kind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// Keys are built from checked ids only.
fn folder(id: &str) -> Result<String, RegistryError> {
    if is_id(id) { Ok(format!("prompts/{id}/")) } else { Err(RegistryError::Id { id: id.chars().take(80).collect() }) }
}

fn prompt_key(id: &str, hash: &Sha256) -> Result<String, RegistryError> {
    Ok(format!("{}{hash}.json", folder(id)?))
}

fn label_key(id: &str, label: Label) -> Result<String, RegistryError> {
    Ok(format!("{}labels/{label}.json", folder(id)?))
}

fn evals_prefix(id: &str, hash: &Sha256) -> Result<String, RegistryError> {
    Ok(format!("{}evals/{hash}/", folder(id)?))
}
