//! Where everything lies in the store. Keys are built from checked ids only, so no uploader's text can steer one.
//!
//! ```text
//! assets/{asset}/manifest.json                                   swapped, by settle only
//! assets/{asset}/facts/arrivals/{sequencer}.json                 created, by ingest
//! assets/{asset}/facts/results/{generation}/{task}.{attempt}.json created, by capabilities
//! assets/{asset}/facts/verdicts/{id}.json                        created, by the console
//! assets/{asset}/versions/{sha256}/original                      created, by ingest
//! assets/{asset}/renditions/{generation}/{task}/{view}-{width}.{ext} created, by resize
//! assets/{asset}/given/{sha256}.{ext}                            created, by people: captions
//! made/{task}.json                                               created, by capabilities: who made this first
//! prompts/{id}/…                                                 by people, through `prompts::registry`: what is there stands with it
//! ```

use crate::fact::{Arrival, TaskResult, Verdict};
use crate::ids::{AssetId, Sha256, TaskId};
use crate::sequencer::Sequencer;
use crate::task::{Attempt, Task};

/// The folder of every asset.
pub const ASSETS: &str = "assets/";

pub fn manifest(asset: &AssetId) -> String {
    format!("assets/{asset}/manifest.json")
}

/// The prefix of everything that a manifest is folded from.
pub fn facts(asset: &AssetId) -> String {
    format!("assets/{asset}/facts/")
}

pub fn arrival(arrival: &Arrival) -> String {
    format!("assets/{}/facts/arrivals/{}.json", arrival.asset, arrival.sequencer.as_segment())
}

pub fn result(result: &TaskResult) -> String {
    result_of(&result.asset, &result.generation, &result.task, &result.attempt)
}

pub fn result_of(asset: &AssetId, generation: &Sequencer, task: &TaskId, attempt: &Attempt) -> String {
    format!("assets/{asset}/facts/results/{}/{task}.{}.json", generation.as_segment(), attempt.as_str())
}

/// The prefix of results of one generation.
pub fn results(asset: &AssetId) -> String {
    format!("assets/{asset}/facts/results/")
}

pub fn verdict(verdict: &Verdict) -> String {
    format!("assets/{}/facts/verdicts/{}.json", verdict.asset, verdict.id)
}

pub fn original(asset: &AssetId, version: &Sha256) -> String {
    format!("assets/{asset}/versions/{version}/original")
}

/// The prefix of renditions of all generations.
pub fn renditions(asset: &AssetId) -> String {
    format!("assets/{asset}/renditions/")
}

/// The folder of one task's renditions.
pub fn renditions_of(task: &Task) -> String {
    format!("assets/{}/renditions/{}/{}/", task.asset, task.generation.as_segment(), task.id().short())
}

/// A file that a task made of a recording.
pub fn made_by(asset: &AssetId, generation: &Sequencer, task: &TaskId, name: &str) -> String {
    format!("assets/{asset}/renditions/{}/{}/{name}", generation.as_segment(), task.short())
}

/// Captions that a person gave: named by what is in them, and no generation's.
pub fn given(asset: &AssetId, sha256: &Sha256, extension: &str) -> String {
    format!("{}{sha256}.{extension}", all_given(asset))
}

/// The prefix of what people gave.
pub fn all_given(asset: &AssetId) -> String {
    format!("assets/{asset}/given/")
}

/// The pointer to the first asset that holds a task's result, so that the same bytes under another key are copied, not computed.
pub fn made(task: &TaskId) -> String {
    format!("made/{task}.json")
}

/// What a key below [`facts`] names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FactKey {
    Arrival(Sequencer),
    Result { generation: Sequencer, task: TaskId, attempt: Attempt },
    Verdict(String),
}

/// Reads a fact's key back; `None` for a stranger's object, which is left alone.
pub fn parse_fact(asset: &AssetId, key: &str) -> Option<FactKey> {
    let rest = key.strip_prefix(&facts(asset))?.strip_suffix(".json")?;
    let (folder, name) = rest.split_once('/')?;
    match folder {
        "arrivals" => Sequencer::parse(name).map(FactKey::Arrival),
        "results" => {
            let (generation, name) = name.split_once('/')?;
            let (task, attempt) = name.split_once('.')?;
            Some(FactKey::Result {
                generation: Sequencer::parse(generation)?,
                task: TaskId::parse(task).ok()?,
                attempt: Attempt::parse(attempt)?,
            })
        }
        "verdicts" if is_verdict_id(name) => Some(FactKey::Verdict(name.to_owned())),
        _ => None,
    }
}

/// Returns whether `name` has the form of [`Verdict::new_id`].
pub fn is_verdict_id(name: &str) -> bool {
    let is_digits =
        |text: &str| !text.is_empty() && text.len() <= 20 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    name.split_once('-').is_some_and(|(at, salt)| is_digits(at) && is_digits(salt))
}

/// Returns the asset that a store key belongs to.
pub fn asset_of(key: &str) -> Option<AssetId> {
    let name = key.strip_prefix(ASSETS)?.split('/').next()?;
    AssetId::parse(name).ok()
}
