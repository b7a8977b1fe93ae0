//! What is true whatever the functions do, and whether the store agrees with it.

use super::store::Object;
use super::twins::{InboxObject, fake_inspect, fake_render};
use super::world::World;
use asset::ids::Sha256;
use asset::keys;
use asset::manifest::Manifest;
use asset::plan;
use asset::profile::Profile;
use asset::readiness::{State, StepStatus};
use asset::refusal::RefusalCode;
use asset::sequencer::Sequencer;
use asset::task::{Attempt, Job, Task, ViewSpec};
use resize::Rendition;
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};

/// What happened to one key, and what the manifest has shown of it.
pub struct KeyTruth {
    pub key: String,
    /// Time of the last upload or deletion: no two of one key share a millisecond.
    pub last_op_ms: u64,
    is_settled: bool,
    published_ms: u64,
    revision: u64,
}

#[derive(Default)]
pub struct Truth {
    by_folder: HashMap<String, usize>,
    pub keys: Vec<KeyTruth>,
    /// Keys whose last change is not settled yet.
    pub n_open: u64,
    /// Manifests that went back to an older state of their key, or to an older revision.
    pub n_regressions: u64,
    /// Milliseconds from a change to its settling.
    pub settled_after_ms: Vec<u64>,
    /// The change that took longest to settle, and its asset.
    pub slowest: (u64, String),
}

impl Truth {
    /// A key that came and went before anybody looked: there is nothing to know about it.
    pub fn never_seen(&mut self, index: usize) {
        let truth = &mut self.keys[index];
        self.n_open -= u64::from(!truth.is_settled);
        truth.is_settled = true;
    }
}

/// As much of a manifest as has to be seen at each write.
#[derive(Deserialize)]
struct Glance<'a> {
    revision: u64,
    readiness: GlanceReadiness,
    #[serde(borrow)]
    arrivals: BTreeMap<&'a str, GlanceArrival>,
}

#[derive(Deserialize)]
struct GlanceReadiness {
    state: State,
}

#[derive(Deserialize)]
struct GlanceArrival {
    at_ms: u64,
}

impl Truth {
    /// Takes note of an upload or deletion of key `index`; a new key has the next index.
    pub fn changed(&mut self, index: usize, key: &str, folder: String, now_ms: u64) {
        if index == self.keys.len() {
            self.by_folder.insert(folder, index);
            let truth = KeyTruth { key: key.to_owned(), last_op_ms: 0, is_settled: true, published_ms: 0, revision: 0 };
            self.keys.push(truth);
        }
        let truth = &mut self.keys[index];
        self.n_open += u64::from(truth.is_settled);
        truth.is_settled = false;
        truth.last_op_ms = now_ms;
    }

    /// Looks at a manifest that is being written.
    pub fn manifest_written(&mut self, folder: &str, body: &[u8], now_ms: u64) {
        let glance: Glance<'_> = serde_json::from_slice(body).expect("settle writes manifests");
        let index = *self.by_folder.get(folder).expect("manifests are of keys that were uploaded");
        let truth = &mut self.keys[index];
        let published_ms = glance.arrivals.values().next_back().map_or(0, |arrival| arrival.at_ms);
        self.n_regressions += u64::from(published_ms < truth.published_ms || glance.revision <= truth.revision);
        (truth.published_ms, truth.revision) = (published_ms, glance.revision);
        let is_settled = published_ms >= truth.last_op_ms && glance.readiness.state.is_settled();
        if is_settled && !truth.is_settled {
            self.n_open -= 1;
            let after_ms = now_ms - truth.last_op_ms;
            if after_ms > self.slowest.0 {
                self.slowest = (after_ms, folder.to_owned());
            }
            self.settled_after_ms.push(after_ms);
        } else if !is_settled && truth.is_settled {
            self.n_open += 1;
        }
        truth.is_settled = is_settled;
    }
}

const MAX_FINDINGS: usize = 12;

/// What the store holds in the end.
#[derive(Debug, Default)]
pub struct Verdict {
    pub ready: u64,
    pub refused: u64,
    pub gave_up: u64,
    pub deleted: u64,
    pub lost: u64,
    pub double: u64,
    pub regressions: u64,
    pub stale: u64,
    pub leftovers: u64,
    /// The first few findings, for people.
    pub findings: Vec<String>,
}

impl Verdict {
    pub fn is_clean(&self) -> bool {
        self.lost + self.double + self.regressions + self.stale + self.leftovers == 0
    }

    pub fn add(&mut self, other: Verdict) {
        self.ready += other.ready;
        self.refused += other.refused;
        self.gave_up += other.gave_up;
        self.deleted += other.deleted;
        self.lost += other.lost;
        self.double += other.double;
        self.regressions += other.regressions;
        self.stale += other.stale;
        self.leftovers += other.leftovers;
        self.findings.extend(other.findings);
        self.findings.truncate(MAX_FINDINGS);
    }

    fn find(&mut self, counter: fn(&mut Verdict) -> &mut u64, what: impl FnOnce() -> String) {
        *counter(self) += 1;
        if self.findings.len() < MAX_FINDINGS {
            self.findings.push(what());
        }
    }
}

/// Compares the store with what is true.
pub fn judge(world: &World, profile: &Profile) -> Verdict {
    let mut verdict = Verdict { regressions: world.truth.n_regressions, ..Verdict::default() };
    if world.store.n_overwritten > 0 {
        verdict.double += world.store.n_overwritten;
        verdict.findings.push(format!("{} objects were overwritten", world.store.n_overwritten));
    }
    for truth in &world.truth.keys {
        judge_key(world, profile, &truth.key, &mut verdict);
    }
    verdict
}

fn judge_key(world: &World, profile: &Profile, key: &str, verdict: &mut Verdict) {
    let asset = asset::ids::AssetId::of_key(key);
    let Some(object) = world.store.get(&keys::manifest(&asset)) else {
        if !world.inbox.0.contains_key(key) {
            verdict.deleted += 1;
            return;
        }
        return verdict.find(|v| &mut v.lost, || format!("`{key}` has no manifest"));
    };
    let manifest: Manifest = serde_json::from_slice(&object.bytes).expect("settle writes manifests");
    judge_folder(world, &manifest, verdict);
    match world.inbox.0.get(key) {
        None if manifest.readiness.state == State::Deleted => verdict.deleted += 1,
        None => verdict.find(|v| &mut v.lost, || format!("the deletion of `{key}` ({asset}) is lost")),
        Some(object) => judge_version(world, profile, &manifest, object, verdict),
    }
}

/// Objects of present and former lives.
fn judge_folder(world: &World, manifest: &Manifest, verdict: &mut Verdict) {
    let generation = manifest.generation();
    let is_deleted = manifest.version().is_none();
    let folder = format!("assets/{}", manifest.asset);
    for (rest, object) in world.store.folders.get(&folder).into_iter().flatten() {
        let made = rest.strip_prefix("renditions/").or_else(|| rest.strip_prefix("facts/results/"));
        let Some(of) = made.and_then(|made| made.split('/').next()).and_then(Sequencer::parse) else { continue };
        let is_over = of < generation || is_deleted;
        // What a worker leaves that woke up late and died is found by the sweep only.
        if is_over && object.is_live && world.config.sweep {
            verdict.find(|v| &mut v.leftovers, || format!("`{folder}/{rest}` outlived its deletion"));
        }
        if !is_over && object.n_created > 1 {
            verdict.find(|v| &mut v.double, || format!("`{folder}/{rest}` was made {} times", object.n_created));
        }
    }
}

fn judge_version(world: &World, profile: &Profile, manifest: &Manifest, inbox: &InboxObject, verdict: &mut Verdict) {
    let asset = &manifest.asset;
    let readiness = &manifest.readiness;
    let source = Sha256::of(&inbox.bytes);
    if readiness.version.as_ref() != Some(&source) || !readiness.state.is_settled() {
        let found =
            || format!("`{asset}` is {} at {:?}, its key holds {source}", readiness.state.as_str(), readiness.version);
        return verdict.find(|v| &mut v.lost, found);
    }
    if world.store.get(&keys::original(asset, &source)).is_none_or(|original| original.bytes != inbox.bytes) {
        return verdict.find(|v| &mut v.lost, || format!("the original of `{asset}` is not kept"));
    }
    if readiness.gaps().any(|(_, refusal)| refusal.code == RefusalCode::GaveUp) {
        verdict.gave_up += 1;
        return;
    }
    let inspection = match fake_inspect(&inbox.bytes) {
        Ok((_, inspection)) if !inbox.bytes.is_empty() => inspection,
        _ => {
            let is_named = readiness.state == State::Failed && readiness.gaps().count() == 1;
            match is_named {
                true => verdict.refused += 1,
                false => verdict.find(|v| &mut v.stale, || format!("`{asset}` should be refused")),
            }
            return;
        }
    };
    let collection = profile.collection_of(&manifest.key).expect("the collection takes every key");
    let jobs: Vec<Job> = [Job::Inspect].into_iter().chain(plan::renders(collection, inspection.focus)).collect();
    let is_exact = readiness.state == State::Ready
        && readiness.steps.len() == jobs.len()
        && readiness.steps.iter().zip(&jobs).all(|(step, job)| {
            let StepStatus::Done { outputs, .. } = &step.status else { return false };
            step.task == job.id(&source) && outputs_agree(world, manifest, &inbox.bytes, job, outputs)
        });
    match is_exact {
        true => verdict.ready += 1,
        false => verdict.find(|v| &mut v.stale, || format!("`{asset}` lists what does not follow from its bytes")),
    }
}

/// Every listed output is there, under its task's own folder, with the bytes that follow from source and parameters.
fn outputs_agree(
    world: &World,
    manifest: &Manifest,
    source: &[u8],
    job: &Job,
    outputs: &[asset::fact::Output],
) -> bool {
    let Job::Render { views } = job else { return outputs.is_empty() };
    let task = Task {
        asset: manifest.asset.clone(),
        generation: manifest.generation(),
        source: Sha256::of(source),
        attempt: Attempt::new(0, &Default::default()),
        job: job.clone(),
        collection: String::new(),
        limits: Default::default(),
    };
    let folder = keys::renditions_of(&task);
    let made =
        |view: &ViewSpec| fake_render(source, &view.spec).into_iter().map(|made| (view.name.clone(), made)).collect();
    let renditions: Vec<(String, Rendition)> = views.iter().flat_map::<Vec<_>, _>(made).collect();
    renditions.len() == outputs.len()
        && renditions.iter().zip(outputs).all(|((view, rendition), output)| {
            let key = format!("{folder}{view}-{}.{}", rendition.width, rendition.format.extension());
            let holds = |object: &Object| object.bytes == rendition.bytes;
            output.key == key
                && output.sha256 == Sha256::of(&rendition.bytes)
                && world.store.get(&key).is_some_and(holds)
        })
}
