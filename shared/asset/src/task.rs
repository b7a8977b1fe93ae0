//! Work to be done, addressed by what decides its result.

use crate::canonical::canonical_json;
use crate::embedding::EmbedSpec;
use crate::field::{self, WriteSpec};
use crate::ids::{AssetId, Sha256, TaskId};
use crate::image::{Limits, RenderSpec};
use crate::recording::{CaptionSpec, CutSpec, HearSpec};
use crate::sequencer::Sequencer;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What to do with one version of one asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "capability", content = "params", rename_all = "snake_case")]
pub enum Job {
    /// Read the header, look at the pixels: size, focal point, placeholder. Everything else waits for it.
    Inspect,
    /// Make the renditions of these views, from one decode.
    Render { views: Vec<ViewSpec> },
    /// Have a model write a text about the picture.
    Write(WriteSpec),
    /// Have a model map what the asset's texts mean to a point, for search.
    Embed(EmbedSpec),
    /// Read the headers of a recording: length, size, sound. Everything else about it waits for that.
    Probe,
    /// Find the frame that stands for a video, and make renditions of it.
    Poster { view: ViewSpec },
    /// Small frames of a video at even distances, on sheets, with the times that they stand for.
    Storyboard,
    /// The peaks of the sound, for drawing it.
    Waveform,
    /// A few seconds without sound, for a tile.
    Clip,
    /// Find where to cut the sound into parts.
    Cut(CutSpec),
    /// Have a model write down what is said in one part.
    Hear(HearSpec),
    /// Make a transcript and captions of all words.
    Caption(CaptionSpec),
}

/// One view to make: its name in the profile and what decides its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ViewSpec {
    pub name: String,
    pub spec: RenderSpec,
}

impl Job {
    /// Returns the capability's name: the function's name for its work, in results and in `why`.
    pub fn capability(&self) -> &'static str {
        match self {
            Job::Inspect => "inspect",
            Job::Render { .. } => "render",
            Job::Write(_) => "write",
            Job::Embed(_) => "embed",
            Job::Probe => "probe",
            Job::Poster { .. } => "poster",
            Job::Storyboard => "storyboard",
            Job::Waveform => "waveform",
            Job::Clip => "clip",
            Job::Cut(_) => "cut",
            Job::Hear(_) => "hear",
            Job::Caption(_) => "caption",
        }
    }

    /// Returns the version of the code behind the capability.
    ///
    /// Raise it when the same inputs give other outputs than before: every asset's task then has a new id and the sweep makes
    /// what changed.
    pub fn version(&self) -> u32 {
        match self {
            Job::Render { .. } => 2,
            _ => 1,
        }
    }

    /// Returns the views it makes, by name.
    pub fn view_names(&self) -> Vec<String> {
        match self {
            Job::Render { views } => views.iter().map(|view| view.name.clone()).collect(),
            Job::Poster { view } => vec![view.name.clone()],
            _ => Vec::new(),
        }
    }

    /// Returns the task's name for people: `inspect`, `render square, story`.
    pub fn title(&self) -> String {
        match self {
            Job::Render { .. } => format!("render {}", self.view_names().join(", ")),
            Job::Write(spec) => format!("write {}", field::title(spec.field, &spec.locale)),
            Job::Cut(_) => "cut at silence".to_owned(),
            Job::Hear(spec) => format!("hear {}", spec.span.title()),
            Job::Caption(spec) => format!("transcript and captions in {}", spec.language),
            other => other.capability().to_owned(),
        }
    }

    /// Returns after how much more time than others it counts as lost: a hosted model may be away for hours, and its tasks wait.
    pub fn patience(&self) -> u64 {
        match self {
            Job::Write(_) | Job::Embed(_) | Job::Hear(_) => 24,
            _ => 1,
        }
    }

    /// Returns the milliseconds after which whoever works on it is taken for gone. Recordings are read by ffmpeg, within its own limit of
    /// ten minutes, or heard by a model, which takes as long on a small machine.
    pub fn time_ms(&self, limits: &Limits) -> u64 {
        match self {
            Job::Inspect | Job::Render { .. } | Job::Write(_) | Job::Embed(_) => limits.max_time_ms,
            _ => limits.max_time_ms.max(840_000),
        }
    }

    /// Returns the id of this job on `source`: SHA-256 of the canonical JSON of everything that decides its outputs.
    pub fn id(&self, source: &Sha256) -> TaskId {
        #[derive(Serialize)]
        struct Identity<'a> {
            job: &'a Job,
            version: u32,
            inputs: [&'a Sha256; 1],
        }
        TaskId::of_canonical(&canonical_json(&Identity { job: self, version: self.version(), inputs: [source] }))
    }
}

/// Tells one try at a task from another: `0-9f3c2a1b`, the number of retries a person asked for and a digest of the limits.
///
/// A success counts whatever its attempt. A refusal counts only for its own attempt, so raised limits or a person's `retry` make the
/// task pending again while the refused result stays on record.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Attempt(String);

impl Attempt {
    /// Names the attempt after `retries` retries under `limits`.
    pub fn new(retries: usize, limits: &Limits) -> Self {
        let digest = crate::canonical::sha256_hex(canonical_json(limits).as_bytes());
        Attempt(format!("{retries}-{}", &digest[..8]))
    }

    /// Takes the text of an object key; `None` if it has not this form.
    pub fn parse(text: &str) -> Option<Self> {
        let (retries, digest) = text.split_once('-')?;
        let is_attempt = retries.len() <= 6
            && retries.parse::<u32>().is_ok()
            && digest.len() == 8
            && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_attempt.then(|| Attempt(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One message to a capability.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Task {
    pub asset: AssetId,
    /// Sequencer of the asset's latest deletion before this task: outputs of an earlier life are kept apart and cleaned up.
    pub generation: Sequencer,
    pub source: Sha256,
    pub attempt: Attempt,
    pub job: Job,
    /// Whose money it is spent from; no part of the id either. Empty in messages of before money was counted.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub collection: String,
    /// What the work may cost. Not part of the id: limits decide whether a result exists, not what is in it.
    pub limits: Limits,
}

impl Task {
    /// Returns the id: see [`Job::id`].
    pub fn id(&self) -> TaskId {
        self.job.id(&self.source)
    }
}

/// "Something about this asset is new: look." The whole truth is in the bucket, so the message needs no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Settled {
    pub asset: AssetId,
}

impl Settled {
    /// Returns the message's body.
    pub fn body(&self) -> String {
        serde_json::to_string(self).expect("an asset id is JSON")
    }
}
