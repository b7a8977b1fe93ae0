//! The manifest: everything known about an asset, and what follows from it.

use crate::fact::{Arrival, Change, Decision, Fact, TaskResult, Verdict, Version};
use crate::ids::{AssetId, TaskId};
use crate::keys::FactKey;
use crate::readiness::Readiness;
use crate::sequencer::Sequencer;
use crate::task::Attempt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One asset, as `manifest.json` holds it. Written by `settle` only.
///
/// `arrivals`, `results` and `verdicts` are the folded facts: any order and any repetition of the same facts gives the same maps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Manifest {
    pub asset: AssetId,
    /// The inbox key.
    pub key: String,
    /// Counts the writes; a projection with a higher revision is never replaced by a lower one.
    pub revision: u64,
    pub readiness: Readiness,
    /// By sequencer.
    pub arrivals: BTreeMap<Sequencer, Arrival>,
    /// Of the present generation, by [`result_name`].
    pub results: BTreeMap<String, TaskResult>,
    /// By id.
    pub verdicts: BTreeMap<String, Verdict>,
    /// Bookkeeping of `settle`: what was asked of the capabilities, by [`result_name`].
    pub requests: BTreeMap<String, Request>,
    /// Leftovers of generations before this one have been deleted.
    pub cleaned: Sequencer,
    /// Milliseconds since 1970 at which an arrival was settled for the first time: what time-to-ready is measured by.
    #[serde(default)]
    pub settled_ms: BTreeMap<Sequencer, u64>,
}

/// A task that was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Request {
    /// What it is, for people.
    pub title: String,
    /// Milliseconds since 1970 of the first and of the latest send.
    pub first_ms: u64,
    pub last_ms: u64,
    /// How often it was sent.
    pub times: u32,
}

/// Names one attempt at one task within an asset.
pub fn result_name(generation: &Sequencer, task: &TaskId, attempt: &Attempt) -> String {
    format!("{}/{task}.{}", generation.as_segment(), attempt.as_str())
}

impl Manifest {
    /// Makes the manifest of an asset that nothing is known about yet.
    pub fn new(asset: AssetId) -> Self {
        Manifest {
            asset,
            key: String::new(),
            revision: 0,
            readiness: Readiness::default(),
            arrivals: BTreeMap::new(),
            results: BTreeMap::new(),
            verdicts: BTreeMap::new(),
            requests: BTreeMap::new(),
            cleaned: Sequencer::ZERO,
            settled_ms: BTreeMap::new(),
        }
    }

    /// Returns whether the fact under this key needs no reading: it is folded already, or belongs to a generation that is over.
    pub fn knows(&self, key: &FactKey) -> bool {
        match key {
            FactKey::Arrival(sequencer) => self.arrivals.contains_key(sequencer),
            FactKey::Result { generation, task, attempt } => {
                *generation < self.generation() || self.results.contains_key(&result_name(generation, task, attempt))
            }
            FactKey::Verdict(id) => self.verdicts.contains_key(id),
        }
    }

    /// Takes one fact in. Commutative and idempotent: a fact is immutable, and what a later deletion drops depends on the set of
    /// arrivals alone.
    pub fn fold(&mut self, fact: Fact) {
        match fact {
            Fact::Arrival(arrival) => {
                self.key.clone_from(&arrival.key);
                self.arrivals.insert(arrival.sequencer.clone(), arrival);
                let generation = self.generation();
                self.results.retain(|_, result| result.generation >= generation);
            }
            Fact::Result(result) if result.generation >= self.generation() => {
                self.results.insert(result_name(&result.generation, &result.task, &result.attempt), result);
            }
            Fact::Result(_) => {}
            Fact::Verdict(verdict) => {
                self.verdicts.insert(verdict.id.clone(), verdict);
            }
        }
    }

    /// Returns the sequencer of the latest deletion, [`Sequencer::ZERO`] if there was none: results of before are over.
    pub fn generation(&self) -> Sequencer {
        self.arrivals
            .values()
            .rev()
            .find(|arrival| arrival.change == Change::Delete)
            .map_or(Sequencer::ZERO, |arrival| arrival.sequencer.clone())
    }

    /// Returns how long after an arrival everything about it was settled; `None` if that is still to come.
    pub fn time_to_settle_ms(&self, arrival: &Arrival) -> Option<u64> {
        self.settled_ms.get(&arrival.sequencer).map(|at_ms| at_ms.saturating_sub(arrival.at_ms))
    }

    /// Returns the arrival with the highest sequencer.
    pub fn latest(&self) -> Option<&Arrival> {
        self.arrivals.values().next_back()
    }

    /// Returns the bytes that the key holds now; `None` if it is deleted or unknown.
    pub fn version(&self) -> Option<&Version> {
        match &self.latest()?.change {
            Change::Put(version) => Some(version),
            Change::Delete => None,
        }
    }

    /// Returns how often a person asked for this task again.
    pub fn retries(&self, task: &TaskId) -> usize {
        self.verdicts
            .values()
            .filter(|verdict| matches!(&verdict.decision, Decision::Retry { task: retried } if retried == task))
            .count()
    }

    /// Returns the latest word of a person on the focal point; `None` if there is none, or the last one released it.
    pub fn human_focus(&self) -> Option<&Verdict> {
        self.verdicts
            .values()
            .rev()
            .find(|verdict| matches!(verdict.decision, Decision::MoveFocus { .. } | Decision::ReleaseFocus))
            .filter(|verdict| matches!(verdict.decision, Decision::MoveFocus { .. }))
    }
}
