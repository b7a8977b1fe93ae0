//! What happened, each written once and never changed: the only input of a manifest.

use crate::embedding::Embedded;
use crate::field::{Field, Written};
use crate::ids::{AssetId, Sha256, TaskId};
use crate::image::{FocalPoint, ImageProbe, Inspection, OutputFormat};
use crate::recording::{Captioned, File, Heard, Nothing, Passage, Recording};
use crate::refusal::Refusal;
use crate::sequencer::Sequencer;
use crate::task::{Attempt, Task};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A change of the inbox key, admitted by `ingest`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Arrival {
    pub asset: AssetId,
    /// The inbox key, as a person gave it.
    pub key: String,
    pub sequencer: Sequencer,
    /// Milliseconds since 1970 of the event.
    pub at_ms: u64,
    pub change: Change,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Change {
    Put(Version),
    Delete,
}

/// One set of bytes under an asset's key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Version {
    pub sha256: Sha256,
    pub bytes: u64,
    /// Media type by content, if the first bytes are of a kind that Greenroom works on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// The inbox's ETag of these bytes; lets the sweep tell whether the inbox moved on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
}

/// What became of one attempt at one task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TaskResult {
    pub asset: AssetId,
    pub generation: Sequencer,
    pub task: TaskId,
    pub attempt: Attempt,
    pub capability: String,
    pub source: Sha256,
    pub outcome: Outcome,
    /// Milliseconds since 1970 when the work ended.
    pub at_ms: u64,
    /// Milliseconds from start to end of the work.
    pub took_ms: u64,
    /// The asset whose identical result was copied instead of computing again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reused_from: Option<AssetId>,
}

impl TaskResult {
    /// Makes the result of a task that nobody else's was copied for.
    pub fn new(task: &Task, outcome: Outcome, at_ms: u64, took_ms: u64) -> Self {
        TaskResult {
            asset: task.asset.clone(),
            generation: task.generation.clone(),
            task: task.id(),
            attempt: task.attempt.clone(),
            capability: task.job.capability().to_owned(),
            source: task.source.clone(),
            outcome,
            at_ms,
            took_ms,
            reused_from: None,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    Inspected {
        probe: ImageProbe,
        inspection: Inspection,
    },
    Rendered {
        outputs: Vec<Output>,
    },
    /// Boxed: it is many times as large as the others.
    Written(Box<Written>),
    Embedded(Box<Embedded>),
    Probed(Box<Recording>),
    /// Files that are no renditions.
    Made {
        files: Vec<File>,
    },
    /// Where the sound was cut, in the order of time, without gaps.
    Cut {
        passages: Vec<Passage>,
    },
    Heard(Box<Heard>),
    Captioned(Box<Captioned>),
    /// There was nothing to make, and that is no fault.
    Nothing(Nothing),
    Refused(Refusal),
}

impl Outcome {
    /// Returns the keys and digests of the files that it is about.
    pub fn outputs(&self) -> Vec<(&str, &Sha256)> {
        match self {
            Outcome::Rendered { outputs } => {
                outputs.iter().map(|output| (output.key.as_str(), &output.sha256)).collect()
            }
            Outcome::Made { files } => files.iter().map(|file| (file.key.as_str(), &file.sha256)).collect(),
            Outcome::Captioned(captioned) => {
                captioned.files.iter().map(|file| (file.key.as_str(), &file.sha256)).collect()
            }
            Outcome::Heard(heard) => vec![(heard.file.key.as_str(), &heard.file.sha256)],
            _ => Vec::new(),
        }
    }
}

/// One file that Greenroom made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// The view that it shows, by its name in the profile.
    pub view: String,
    /// Object key in the store.
    pub key: String,
    pub format: OutputFormat,
    pub width: u32,
    pub height: u32,
    /// 1 unless animated.
    pub frames: u32,
    pub bytes: u64,
    pub sha256: Sha256,
}

impl Output {
    /// Describes a rendition that lies, or will lie, in `folder`: `square-640.webp`.
    pub fn new(folder: &str, view: &str, format: OutputFormat, size: [u32; 2], frames: u32, content: &[u8]) -> Self {
        let [width, height] = size;
        Output {
            view: view.to_owned(),
            key: format!("{folder}{view}-{width}.{}", format.extension()),
            format,
            width,
            height,
            frames,
            bytes: content.len() as u64,
            sha256: Sha256::of(content),
        }
    }
}

/// What a person decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    pub asset: AssetId,
    /// Unique within the asset, and the order of verdicts: milliseconds in 13 digits, a dash, and 8 hex digits.
    pub id: String,
    /// Who, as the console knows them.
    pub by: String,
    pub at_ms: u64,
    pub decision: Decision,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "decision", rename_all = "snake_case")]
pub enum Decision {
    /// Crops look here. Bound to the version that the person saw; on another version it stays in force but asks for review.
    MoveFocus { focus: FocalPoint, source: Sha256 },
    /// Crops look where the machine says again.
    ReleaseFocus,
    /// Try this refused task once more.
    Retry { task: TaskId },
    /// Exactly these words of the model count. `value` is [`Written::digest`] of what the person saw.
    ApproveText { field: Field, locale: String, value: Sha256 },
    /// The model's words do not count.
    RejectText { field: Field, locale: String, value: Sha256 },
    /// These words count, and no machine replaces them. Empty: the picture is decorative.
    EditText {
        field: Field,
        locale: String,
        text: String,
        /// The version that the person saw; on another one the words stay in force but ask for review.
        source: Sha256,
        /// The digest of the model's words that the person saw, if there were any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seen: Option<Sha256>,
    },
    /// The model's words count again.
    ReleaseText { field: Field, locale: String },
    /// These captions count, and no machine replaces them.
    GiveCaptions {
        /// BCP 47.
        locale: String,
        /// In WebVTT, SRT and IMSC.
        files: Vec<File>,
        /// The beginning of what they say: recordings are found by it.
        excerpt: String,
        /// The version that they were made for; with another one they stay in force but ask for review.
        source: Sha256,
    },
    /// The machine's captions count as they are. `value` is the digest of the WebVTT file that the person saw.
    ApproveCaptions { locale: String, value: Sha256 },
    /// The machine's captions count again.
    ReleaseCaptions { locale: String },
}

impl Decision {
    /// Returns the text that it is about, if it is about one.
    pub fn text(&self) -> Option<(Field, &str)> {
        match self {
            Decision::ApproveText { field, locale, .. }
            | Decision::RejectText { field, locale, .. }
            | Decision::EditText { field, locale, .. }
            | Decision::ReleaseText { field, locale } => Some((*field, locale)),
            _ => None,
        }
    }

    /// Returns the locale of the captions that it is about, if it is about captions.
    pub fn captions(&self) -> Option<&str> {
        match self {
            Decision::GiveCaptions { locale, .. }
            | Decision::ApproveCaptions { locale, .. }
            | Decision::ReleaseCaptions { locale } => Some(locale),
            _ => None,
        }
    }
}

/// Any fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    Arrival(Arrival),
    Result(TaskResult),
    Verdict(Verdict),
}

impl Verdict {
    /// Makes the id of a verdict given at `at_ms`; `salt` tells apart those of one millisecond.
    pub fn new_id(at_ms: u64, salt: u32) -> String {
        format!("{at_ms:013}-{salt:08x}")
    }
}
