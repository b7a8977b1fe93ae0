//! Readiness: what a manifest amounts to under a profile. Always derived, never set.

mod recordings;
mod texts;

use crate::embedding::{self, EmbedSpec};
use crate::fact::{Change, Decision, Outcome, Output, TaskResult, Version};
use crate::field::{self, Called, Field, FieldState, FieldStatus, PromptRef, WriteSpec};
use crate::ids::{Sha256, TaskId};
use crate::image::{FocalPoint, ImageProbe, Inspection};
use crate::manifest::{Manifest, result_name};
use crate::plan;
use crate::profile::{Collection, Profile, Text};
use crate::recording::{CaptionState, File, Nothing, Recording, is_recording};
use crate::refusal::{Refusal, RefusalCode};
use crate::sequencer::Sequencer;
use crate::task::{Attempt, Job, Task};
use crate::vocabulary;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Something that the profile asks for is still to come.
    #[default]
    Processing,
    /// Everything that the profile asks for is there.
    Ready,
    /// Everything is settled, and some of it was refused; the gaps say what and why.
    ReadyWithGaps,
    /// Everything is there, and a person has to look at something.
    InReview,
    /// Nothing could be made of these bytes.
    Failed,
    /// The key is gone from the inbox: a tombstone.
    Deleted,
}

impl State {
    pub const ALL: [State; 6] =
        [State::Processing, State::Ready, State::ReadyWithGaps, State::InReview, State::Failed, State::Deleted];

    /// Returns the wire name, for example `ready_with_gaps`.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Processing => "processing",
            State::Ready => "ready",
            State::ReadyWithGaps => "ready_with_gaps",
            State::InReview => "in_review",
            State::Failed => "failed",
            State::Deleted => "deleted",
        }
    }

    /// Returns whether nothing more will happen without a new fact or a new profile.
    pub fn is_settled(self) -> bool {
        self != State::Processing
    }
}

/// What a manifest amounts to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Readiness {
    pub state: State,
    /// One sentence for people, if the state is not simply ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The bytes this is about; absent when deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Sha256>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe: Option<ImageProbe>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inspection: Option<Inspection>,
    /// Of video and audio, in place of `probe` and `inspection`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recording: Option<Recording>,
    /// Where crops look now: a person's word, else the machine's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub focus: Option<Focus>,
    /// In the profile's order.
    pub steps: Vec<Step>,
    /// The texts that the profile asks for, in its order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldState>,
    /// By locale.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub captions: Vec<CaptionState>,
    /// Digest of the profile that this was derived under.
    pub profile: String,
}

/// The focal point in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Focus {
    pub point: FocalPoint,
    /// The person who placed it; absent if a machine found it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// A person placed it on other bytes than the present ones.
    #[serde(default)]
    pub stale: bool,
}

/// One thing that the profile asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// `inspect`, `render square, story`.
    pub title: String,
    /// The views that it makes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub views: Vec<String>,
    pub task: TaskId,
    pub status: StepStatus,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum StepStatus {
    Pending,
    Done {
        outputs: Vec<Output>,
        /// What is no rendition.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        files: Vec<File>,
    },
    /// There was nothing to make, and that is no fault.
    Nothing {
        nothing: Nothing,
    },
    Refused {
        refusal: Refusal,
    },
}

impl Readiness {
    /// Returns every rendition: whole views first, otherwise in the profile's order.
    pub fn outputs(&self) -> impl Iterator<Item = &Output> {
        self.steps.iter().flat_map(|step| match &step.status {
            StepStatus::Done { outputs, .. } => outputs.as_slice(),
            _ => &[],
        })
    }

    /// Returns every file that is no rendition: a person's captions, then what machines made.
    pub fn files(&self) -> impl Iterator<Item = &File> {
        let given = self.captions.iter().filter(|captions| captions.status.is_a_persons());
        given.flat_map(|captions| &captions.files).chain(self.steps.iter().flat_map(|step| match &step.status {
            StepStatus::Done { files, .. } => files.as_slice(),
            _ => &[],
        }))
    }

    /// Returns the file of this name.
    pub fn file(&self, name: &str) -> Option<&File> {
        self.files().find(|file| file.name == name)
    }

    /// Returns the renditions of one view.
    pub fn outputs_of(&self, view: &str) -> impl Iterator<Item = &Output> {
        self.outputs().filter(move |output| output.view == view)
    }

    /// Returns the step that makes a view.
    pub fn step_of(&self, view: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.views.iter().any(|name| name == view))
    }

    /// Returns what was refused, with its title.
    pub fn gaps(&self) -> impl Iterator<Item = (&Step, &Refusal)> {
        self.steps.iter().filter_map(|step| match &step.status {
            StepStatus::Refused { refusal } => Some((step, refusal)),
            _ => None,
        })
    }
}

/// Derives what the facts amount to and which tasks are missing, in the order in which they should be sent.
pub fn derive(manifest: &Manifest, profile: &Profile) -> (Readiness, Vec<Task>) {
    let mut readiness = Readiness { profile: profile.digest(), ..Readiness::default() };
    let Some(arrival) = manifest.latest() else {
        readiness.reason = Some("nothing has arrived yet".into());
        return (readiness, Vec::new());
    };
    let version = match &arrival.change {
        Change::Put(version) => version,
        Change::Delete => {
            readiness.state = State::Deleted;
            readiness.reason = Some("deleted from the inbox".into());
            return (readiness, Vec::new());
        }
    };
    readiness.version = Some(version.sha256.clone());
    let mut walk =
        Walk { manifest, profile, version, generation: manifest.generation(), readiness, pending: Vec::new() };
    if version.bytes == 0 {
        let refusal = Refusal::new(RefusalCode::Empty, "the file has no bytes", "upload the file again");
        walk.readiness.steps.push(Step {
            title: Job::Inspect.title(),
            views: Vec::new(),
            task: Job::Inspect.id(&version.sha256),
            status: StepStatus::Refused { refusal },
        });
    } else if version.media_type.as_deref().is_some_and(is_recording) {
        walk.recording();
    } else {
        walk.image();
    }
    walk.conclude()
}

/// The walk over what one version must have.
struct Walk<'a> {
    manifest: &'a Manifest,
    profile: &'a Profile,
    version: &'a Version,
    generation: Sequencer,
    readiness: Readiness,
    pending: Vec<Task>,
}

impl<'a> Walk<'a> {
    fn image(&mut self) {
        let Some(result) = self.step(Job::Inspect) else { return };
        let Outcome::Inspected { probe, inspection } = &result.outcome else { return };
        let focus = self.focus(inspection);
        self.readiness.probe = Some(probe.clone());
        self.readiness.inspection = Some(inspection.clone());
        let point = focus.point;
        self.readiness.focus = Some(focus);
        if let Some(collection) = self.collection() {
            for job in plan::renders(collection, point) {
                self.step(job);
            }
            for text in &collection.texts {
                self.text(text);
            }
            self.embedding();
        }
    }

    fn collection(&self) -> Option<&'a Collection> {
        self.profile.collection_of(&self.manifest.key)
    }

    /// Records the step that writes a text, and where the text stands.
    fn text(&mut self, text: &Text) {
        let (field, locale, version) = (text.field, &text.locale, &self.version.sha256);
        let (job, blocked) = self.write_job(text);
        let is_written = self.result(&job).is_some_and(|result| matches!(result.outcome, Outcome::Written(_)));
        // A person's words are there, so nothing is missing that a model would have to write, or failed to.
        let is_needed = is_written || !texts::is_written_by_a_person(self.manifest, field, locale, version);
        let result = match blocked {
            _ if !is_needed => None,
            Some(refusal) => {
                let (title, task, status) = (job.title(), job.id(version), StepStatus::Refused { refusal });
                self.readiness.steps.push(Step { title, views: Vec::new(), task, status });
                None
            }
            None => self.step(job),
        };
        let written = result.and_then(|result| match &result.outcome {
            Outcome::Written(written) => Some((**written).clone()),
            _ => None,
        });
        let mut state = texts::state(self.manifest, field, locale, version, text.review, written);
        state.terms = self.called(text, &state);
        self.readiness.fields.push(state);
    }

    /// Returns what the ids of a text are called.
    fn called(&self, text: &Text, state: &FieldState) -> Vec<Called> {
        let proposed = state.written.as_ref().map(|written| written.text.lines());
        let mut ids: Vec<&str> = state.text.iter().flat_map(|text| text.lines()).collect();
        ids.extend(proposed.into_iter().flatten());
        ids.sort_unstable();
        ids.dedup();
        match (text.field, &text.vocabulary) {
            _ if ids.is_empty() => Vec::new(),
            (Field::Moderation, _) => vocabulary::moderation().called(&ids),
            (_, Some(name)) => self.profile.vocabularies.get(name).map(|known| known.called(&ids)).unwrap_or_default(),
            (_, None) => Vec::new(),
        }
    }

    /// Returns the job that writes a text, and why nobody can do it as things are configured, if so.
    fn write_job(&self, text: &Text) -> (Job, Option<Refusal>) {
        let Profile { models, prompts, vocabularies, .. } = self.profile;
        let prompt = prompts.get(&text.field).map(|choice| choice.of(&self.manifest.asset));
        let unknown = || PromptRef { id: text.field.as_str().into(), version: String::new(), hash: Sha256::of(b"") };
        let job = Job::Write(WriteSpec {
            field: text.field,
            placement: text.placement,
            locale: text.locale.clone(),
            max_characters: text.max_characters,
            model: models.of(text.field).unwrap_or_default().to_owned(),
            prompt: prompt.cloned().unwrap_or_else(unknown),
            vocabulary: text.vocabulary.as_ref().and_then(|name| Some(vocabularies.get(name)?.material(name))),
            brand: text.brand.clone(),
            file_name: text.file_name.then(|| file_name(&self.manifest.key)),
        });
        let words = text.field.words();
        let line = if text.field.is_prose() { "vision" } else { text.field.as_str() };
        let (found, way_out) = match (models.of(text.field), prompt) {
            (Some(_), Some(_)) => return (job, None),
            (None, _) => (
                format!("no model is configured for {words}"),
                format!(
                    "add `[models]` with `{line} = \"NAME\"` to the profile; NAME is a model or a route of models.toml"
                ),
            ),
            (Some(_), None) => (format!("there is no prompt for {words}"), "publish one".to_owned()),
        };
        (job, Some(Refusal::new(RefusalCode::Blocked, found, way_out)))
    }

    /// Records the step that makes the asset findable by meaning, once nothing is to come any more that it is made of: neither a model's
    /// words nor a person's, so that what is not in force is neither sent nor paid.
    fn embedding(&mut self) {
        let Some(model) = &self.profile.models.embedding else { return };
        let is_written = self.pending.iter().all(|task| !matches!(task.job, Job::Write(_)));
        if !is_written || self.readiness.fields.iter().any(|field| field.status.needs_a_person()) {
            return;
        }
        if let Some(text) = embedding::text_of(&self.manifest.key, &self.readiness.fields, &self.readiness.captions) {
            self.step(Job::Embed(EmbedSpec { model: model.clone(), text }));
        }
    }

    /// Returns what became of a job.
    fn result(&self, job: &Job) -> Option<&'a TaskResult> {
        let task = job.id(&self.version.sha256);
        find_result(self.manifest, &self.generation, &task, &self.attempt(&task))
    }

    fn attempt(&self, task: &TaskId) -> Attempt {
        Attempt::new(self.manifest.retries(task), &self.profile.limits)
    }

    /// Records one step; returns its result if that is a success.
    fn step(&mut self, job: Job) -> Option<&'a TaskResult> {
        let task = job.id(&self.version.sha256);
        let attempt = self.attempt(&task);
        let result = find_result(self.manifest, &self.generation, &task, &attempt);
        let status = match result.map(|result| &result.outcome) {
            None => StepStatus::Pending,
            Some(Outcome::Rendered { outputs }) => StepStatus::Done { outputs: outputs.clone(), files: Vec::new() },
            Some(Outcome::Made { files }) => StepStatus::Done { outputs: Vec::new(), files: files.clone() },
            Some(Outcome::Captioned(captioned)) => {
                StepStatus::Done { outputs: Vec::new(), files: captioned.files.clone() }
            }
            Some(Outcome::Nothing(nothing)) => StepStatus::Nothing { nothing: nothing.clone() },
            Some(Outcome::Refused(refusal)) => StepStatus::Refused { refusal: refusal.clone() },
            Some(_) => StepStatus::Done { outputs: Vec::new(), files: Vec::new() },
        };
        self.readiness.steps.push(Step { title: job.title(), views: job.view_names(), task, status });
        if result.is_none() {
            self.pending.push(Task {
                asset: self.manifest.asset.clone(),
                generation: self.generation.clone(),
                source: self.version.sha256.clone(),
                attempt,
                job,
                collection: self.collection().map(|collection| collection.name.clone()).unwrap_or_default(),
                limits: self.profile.limits,
            });
        }
        result.filter(|result| !matches!(result.outcome, Outcome::Refused(_)))
    }

    fn focus(&self, inspection: &Inspection) -> Focus {
        match self.manifest.human_focus().map(|verdict| (verdict, &verdict.decision)) {
            Some((verdict, Decision::MoveFocus { focus, source })) => {
                Focus { point: *focus, by: Some(verdict.by.clone()), stale: *source != self.version.sha256 }
            }
            _ => Focus { point: inspection.focus, by: None, stale: false },
        }
    }

    fn conclude(mut self) -> (Readiness, Vec<Task>) {
        let n_pending = self.pending.len();
        let mut gaps: Vec<String> =
            self.readiness.gaps().map(|(step, refusal)| format!("{}: {refusal}", step.title)).collect();
        gaps.extend(self.readiness.fields.iter().filter(|field| field.status == FieldStatus::Rejected).map(rejected));
        let in_review = self.readiness.fields.iter().filter(|field| field.status.needs_a_person()).map(to_review);
        let captions = self.readiness.captions.iter().filter(|captions| captions.status.needs_a_person());
        let in_review: Vec<String> = in_review.chain(captions.map(recordings::to_review)).collect();
        let is_stale = self.readiness.focus.as_ref().is_some_and(|focus| focus.stale);
        let n_outputs = self.readiness.outputs().count() + self.readiness.files().count();
        (self.readiness.state, self.readiness.reason) = if n_pending > 0 {
            (State::Processing, Some(format!("{n_pending} of {} steps to come", self.readiness.steps.len())))
        } else if !gaps.is_empty() {
            (if n_outputs == 0 { State::Failed } else { State::ReadyWithGaps }, Some(gaps.join("; ")))
        } else if is_stale {
            (
                State::InReview,
                Some("the focal point was placed on an earlier version: confirm, move or release it".into()),
            )
        } else if !in_review.is_empty() {
            (State::InReview, Some(in_review.join("; ")))
        } else {
            (State::Ready, None)
        };
        (self.readiness, self.pending)
    }
}

/// Returns the last part of an inbox key. Longer ones say no more.
fn file_name(key: &str) -> String {
    key.rsplit('/').next().unwrap_or(key).chars().take(200).collect()
}

fn rejected(state: &FieldState) -> String {
    let by = state.by.as_deref().unwrap_or("a person");
    let title = field::title(state.field, &state.locale);
    format!("{title}: {by} rejected what the model wrote; write it with `greenroom review edit`")
}

fn to_review(state: &FieldState) -> String {
    let title = field::title(state.field, &state.locale);
    match state.status {
        FieldStatus::Stale => format!("{title}: it was written for an earlier version: confirm or edit it"),
        _ => format!("{title}: approve, edit or reject it"),
    }
}

/// Finds the result that counts: a success of any attempt, else a refusal of this very attempt.
///
/// Among several successes the one with the lowest attempt name counts, whatever the order in which they came.
fn find_result<'a>(
    manifest: &'a Manifest,
    generation: &Sequencer,
    task: &TaskId,
    attempt: &Attempt,
) -> Option<&'a TaskResult> {
    let prefix = format!("{}/{task}.", generation.as_segment());
    manifest
        .results
        .range(prefix.clone()..)
        .take_while(|(name, _)| name.starts_with(&prefix))
        .map(|(_, result)| result)
        .find(|result| !matches!(result.outcome, Outcome::Refused(_)))
        .or_else(|| manifest.results.get(&result_name(generation, task, attempt)))
}
