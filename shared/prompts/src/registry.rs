//! Published prompts and the labels that point at them, in the store. Pure logic over ports.
//!
//! ```text
//! prompts/{id}/{hash}.json                 created: a prompt with everything that its hash stands for
//! prompts/{id}/evals/{hash}/{record}.json  created: how an eval of exactly this hash went
//! prompts/{id}/labels/{label}.json         swapped: where a label points, with its history
//! ```
//!
//! Two labels are two objects, and no store swaps both at once. So a canary that is production is none for whoever
//! reads ([`crate::Shelf`]), and production that moves to its canary, or away from it, ends it in the order in which
//! nothing is in force in between that nobody asked for.

mod label;
mod published;
mod reader;

pub use label::{Label, LabelState, Move, MoveKind, Pointer, Promotion};
pub use published::{Answers, EvalRecord, Published};
pub(crate) use reader::Reader;

use crate::lint::{Finding, is_id, lint};
use crate::prompt::{Prompt, PromptError};
use asset::canonical::canonical_json;
use asset::ids::Sha256;
use ports::blob::{created_before, list_all};
use ports::{CreateBlob, Kind, ListBlobs, PortError, ReadBlob, SwapBlob};
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
    #[error(
        "the label `{label}` of the prompt `{id}` points at nothing: run `greenroom prompts promote {id} --label {label}`"
    )]
    NoLabel { id: String, label: Label },
    #[error("`{hash}` of the prompt `{id}` is production: there is nothing to try")]
    IsProduction { id: String, hash: Sha256 },
    #[error("a label does not move without a word: say {missing}")]
    NoReason { missing: &'static str },
    /// There is no eval of exactly this hash.
    #[error(
        "`{hash}` of the prompt `{id}` was never evaluated: run `greenroom prompts eval FILE --record`, then promote again"
    )]
    NoEval { id: String, hash: Sha256 },
    /// The newest eval of this hash did not pass.
    #[error(
        "`{hash}` of the prompt `{id}` did not pass its eval: {}; fix it, then run `greenroom prompts eval FILE --record`",
        .reasons.join(", ")
    )]
    EvalFailed { id: String, hash: Sha256, reasons: Vec<String> },
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
        self.reader().get(id, hash).await
    }

    /// Returns the hashes of a prompt's published states, in no order that means anything.
    pub async fn published(&self, id: &str) -> Result<Vec<Sha256>, RegistryError> {
        let folder = folder(id)?;
        let blobs = list_all(&*self.list, &folder).await?;
        let hash = |key: &str| Sha256::parse(key.strip_prefix(&folder)?.strip_suffix(".json")?).ok();
        Ok(blobs.iter().filter_map(|blob| hash(&blob.key)).collect())
    }

    /// Returns the prompt that a label points at.
    pub async fn labelled(&self, id: &str, label: Label) -> Result<Prompt, RegistryError> {
        match self.label(id, label).await?.points_at {
            Some(pointer) => self.get(id, &pointer.hash).await,
            None => Err(RegistryError::NoLabel { id: id.to_owned(), label }),
        }
    }

    /// Returns where a label points and how it got there; nowhere before its first promotion.
    pub async fn label(&self, id: &str, label: Label) -> Result<LabelState, RegistryError> {
        self.reader().label(id, label).await
    }

    /// Keeps how an eval went.
    pub async fn record_eval(&self, record: &EvalRecord) -> Result<(), RegistryError> {
        let text = canonical_json(record);
        let key = format!("{}{}.json", evals_prefix(&record.id, &record.hash)?, Sha256::of(text.as_bytes()));
        Ok(created_before(self.create.create(&key, text.into_bytes().into()).await)?)
    }

    /// Points a label at a published hash, if the newest eval of exactly this hash passed. Fine if it points there already. Production
    /// that moves to its canary ends it.
    pub async fn promote(
        &self,
        id: &str,
        hash: &Sha256,
        to: Promotion,
        reason: Reason,
    ) -> Result<LabelState, RegistryError> {
        reason.check()?;
        self.get(id, hash).await?;
        self.check_eval(id, hash).await?;
        if to.label() == Label::Canary && self.points_at(id, Label::Production, hash).await? {
            return Err(RegistryError::IsProduction { id: id.to_owned(), hash: hash.clone() });
        }
        let pointer = Some(Pointer { hash: hash.clone(), share: to.share() });
        let promoted = self.move_label(id, to.label(), |state| match state.points_at == pointer {
            true => Ok(state),
            false => Ok(state.after(Move::new(MoveKind::Promote, pointer, &reason))),
        });
        let promoted = promoted.await?;
        if to == Promotion::Production {
            // Afterwards: until then it is one and the same prompt under two labels.
            self.end_canary(id, hash, &reason).await?;
        }
        Ok(promoted)
    }

    /// Takes a label back; needs no eval. Production goes to where it was before its last promotion that still counts (twice goes back
    /// two), in the end to what is compiled in. A canary ends.
    pub async fn rollback(&self, id: &str, label: Label, reason: Reason) -> Result<LabelState, RegistryError> {
        reason.check()?;
        if label == Label::Production
            && let Some(pointer) = self.label(id, label).await?.points_at
        {
            // Before: what production leaves must not live on as the canary that it once was.
            self.end_canary(id, &pointer.hash, &reason).await?;
        }
        self.move_label(id, label, |state| {
            if state.points_at.is_none() {
                return Err(RegistryError::NoLabel { id: id.to_owned(), label });
            }
            let to = if label == Label::Production { state.before() } else { None };
            Ok(state.after(Move::new(MoveKind::Rollback, to, &reason)))
        })
        .await
    }

    async fn points_at(&self, id: &str, label: Label, hash: &Sha256) -> Result<bool, RegistryError> {
        Ok(self.label(id, label).await?.points_at.is_some_and(|pointer| pointer.hash == *hash))
    }

    async fn end_canary(&self, id: &str, hash: &Sha256, reason: &Reason) -> Result<(), RegistryError> {
        let ended = self.move_label(id, Label::Canary, |state| match &state.points_at {
            Some(pointer) if pointer.hash == *hash => Ok(state.after(Move::new(MoveKind::End, None, reason))),
            _ => Ok(state),
        });
        ended.await.map(drop)
    }

    /// Returns the newest eval of exactly this hash. Of two at the same time, the one that failed counts.
    pub async fn newest_eval(&self, id: &str, hash: &Sha256) -> Result<Option<EvalRecord>, RegistryError> {
        let mut newest: Option<EvalRecord> = None;
        for blob in list_all(&*self.list, &evals_prefix(id, hash)?).await? {
            let Some((record, _)) = self.reader().read_json::<EvalRecord>(&blob.key).await? else { continue };
            if record.hash != *hash || record.id != id {
                return Err(RegistryError::Damaged { key: blob.key, why: format!("it is about `{}`", record.hash) });
            }
            let rank = |record: &EvalRecord| (record.at_ms, !record.passed);
            if newest.as_ref().is_none_or(|newest| rank(&record) > rank(newest)) {
                newest = Some(record);
            }
        }
        Ok(newest)
    }

    async fn check_eval(&self, id: &str, hash: &Sha256) -> Result<(), RegistryError> {
        let (id, hash) = (id.to_owned(), hash.clone());
        match self.newest_eval(&id, &hash).await? {
            None => Err(RegistryError::NoEval { id, hash }),
            Some(record) if record.passed => Ok(()),
            Some(record) => Err(RegistryError::EvalFailed { id, hash, reasons: record.reasons }),
        }
    }

    async fn move_label(
        &self,
        id: &str,
        label: Label,
        decide: impl FnOnce(LabelState) -> Result<LabelState, RegistryError>,
    ) -> Result<LabelState, RegistryError> {
        let key = label_key(id, label)?;
        let (state, etag) = self.reader().read_json::<LabelState>(&key).await?.unzip();
        let state = state.unwrap_or_default();
        let next = decide(state.clone())?;
        if state == next {
            return Ok(next);
        }
        // No second try: whoever moved it knew something that our caller does not.
        match self.swap.swap(&key, canonical_json(&next).into_bytes().into(), etag.as_ref()).await {
            Ok(_) => Ok(next),
            Err(error) if error.kind == Kind::Conflict => Err(RegistryError::Moved { id: id.to_owned(), label }),
            Err(error) => Err(error.into()),
        }
    }

    fn reader(&self) -> Reader {
        Reader(self.read.clone())
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
