//! One step of the fold: facts in, manifest and next tasks out. Pure: the time is an argument.

use crate::fact::{Fact, Outcome, TaskResult};
use crate::manifest::{Manifest, Request, result_name};
use crate::profile::Profile;
use crate::readiness::derive;
use crate::refusal::{Refusal, RefusalCode};
use crate::task::Task;

/// When a task that was sent counts as lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Milliseconds without a result after which a task is sent again.
    pub resend_after_ms: u64,
    /// Sends after which the task is given up with a recorded refusal.
    pub max_sends: u32,
}

impl Patience {
    /// Returns the milliseconds without a result after which this task is sent again.
    fn of(self, task: &Task) -> u64 {
        self.resend_after_ms.saturating_mul(task.job.patience())
    }
}

impl Default for Patience {
    fn default() -> Self {
        Patience { resend_after_ms: 15 * 60 * 1000, max_sends: 4 }
    }
}

/// What to do after a fold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    pub manifest: Manifest,
    /// Send these, then write the manifest: a crash in between sends twice, which is harmless, and never loses one.
    pub send: Vec<Task>,
    /// Record these refusals: their tasks were sent `max_sends` times and never answered.
    pub give_up: Vec<TaskResult>,
    /// Whether the manifest differs from the one before.
    pub changed: bool,
}

/// Folds `facts` into `before` and derives what is next at `now_ms`.
pub fn settle(before: &Manifest, facts: Vec<Fact>, profile: &Profile, patience: Patience, now_ms: u64) -> Settlement {
    let mut manifest = before.clone();
    for fact in facts {
        manifest.fold(fact);
    }
    let (readiness, pending) = derive(&manifest, profile);
    manifest.readiness = readiness;
    let generation = manifest.generation();
    let prefix = format!("{}/", generation.as_segment());
    manifest.requests.retain(|name, _| name.starts_with(&prefix));

    let mut send = Vec::new();
    let mut give_up = Vec::new();
    for task in pending {
        let name = result_name(&task.generation, &task.id(), &task.attempt);
        match manifest.requests.get_mut(&name) {
            Some(request) if now_ms < request.last_ms.saturating_add(patience.of(&task)) => {}
            Some(request) if request.times >= patience.max_sends => give_up.push(given_up(&task, request, now_ms)),
            Some(request) => {
                request.times += 1;
                request.last_ms = now_ms;
                send.push(task);
            }
            None => {
                let request = Request { title: task.job.title(), first_ms: now_ms, last_ms: now_ms, times: 1 };
                manifest.requests.insert(name, request);
                send.push(task);
            }
        }
    }
    if let Some(arrival) = manifest.latest().filter(|_| manifest.readiness.state.is_settled()) {
        let sequencer = arrival.sequencer.clone();
        manifest.settled_ms.entry(sequencer).or_insert(now_ms);
    }
    let changed = manifest != *before;
    if changed {
        manifest.revision += 1;
    }
    Settlement { manifest, send, give_up, changed }
}

fn given_up(task: &Task, request: &Request, now_ms: u64) -> TaskResult {
    let found = format!("{} attempts ended without an answer", request.times);
    let way_out = "see the dead letters with `greenroom status`, then `greenroom retry ASSET`";
    TaskResult::new(
        task,
        Outcome::Refused(Refusal::new(RefusalCode::GaveUp, found, way_out)),
        now_ms,
        now_ms.saturating_sub(request.first_ms),
    )
}
