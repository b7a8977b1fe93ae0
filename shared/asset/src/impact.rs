//! What a change of prompts would do to an asset, before it is made: the derivation itself, asked twice.

use crate::field::{Field, FieldStatus, Written};
use crate::manifest::Manifest;
use crate::profile::Profile;
use crate::readiness::derive;
use crate::task::{Job, Task};

/// What becomes of one text whose prompt changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touched {
    pub collection: String,
    pub locale: String,
    pub fate: Fate,
    /// The model's words that are there now.
    pub written: Option<Written>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// A model is asked anew, by this task.
    Remade(Box<Task>),
    /// A person's words are in force: nobody is asked.
    Human,
    /// Nobody is asked, because what came of this version of the prompt is there, or because nobody can be asked.
    Settled,
}

/// Returns the texts of a field that another choice of prompts would touch. None of a picture that nobody looked at yet: it has no words
/// to lose.
pub fn impact(manifest: &Manifest, field: Field, now: &Profile, then: &Profile) -> Vec<Touched> {
    let hash = |profile: &Profile| profile.prompts.get(&field).map(|choice| choice.of(&manifest.asset).hash.clone());
    if hash(now) == hash(then) {
        return Vec::new();
    }
    let Some(collection) = now.collection_of(&manifest.key) else { return Vec::new() };
    let (before, _) = derive(manifest, now);
    let (after, tasks) = derive(manifest, then);
    let states = after.fields.into_iter().filter(|state| state.field == field);
    let touched = states.map(|state| {
        let is_asked =
            |task: &&Task| matches!(&task.job, Job::Write(spec) if spec.field == field && spec.locale == state.locale);
        let fate = match tasks.iter().find(is_asked) {
            Some(task) => Fate::Remade(Box::new(task.clone())),
            None if state.status == FieldStatus::Human => Fate::Human,
            None => Fate::Settled,
        };
        let before = before.fields.iter().find(|before| before.field == field && before.locale == state.locale);
        let written = before.and_then(|before| before.written.clone());
        Touched { collection: collection.name.clone(), locale: state.locale, fate, written }
    });
    touched.collect()
}
