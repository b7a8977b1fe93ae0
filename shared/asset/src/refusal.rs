//! Typed, permanent outcomes: why Greenroom could not do what was asked with these bytes.

use crate::image::Limits;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What kind of refusal it is. The names are part of the wire format and of `why`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefusalCode {
    /// The bytes are of no kind that Greenroom can read.
    Unsupported,
    /// The bytes claim a kind but break its rules.
    Corrupt,
    /// The file ends before its format says it should.
    Truncated,
    /// More bytes, pixels or memory than the configuration allows.
    TooLarge,
    /// More animation frames (or frame pixels in sum) than the configuration allows.
    TooManyFrames,
    /// No bytes at all.
    Empty,
    /// The work did not end within its time limit.
    TimedOut,
    /// A setting is missing without which nobody can do it.
    Blocked,
    /// A model's answer was of no use, and so was its repair.
    BadAnswer,
    /// It would have cost more than a cap allows.
    OverBudget,
    /// A model, or its provider's guard, would not answer.
    Declined,
    /// Every attempt died without an answer; recorded by the sweep.
    GaveUp,
}

impl RefusalCode {
    /// Returns the wire name, for example `too_large`.
    pub fn as_str(self) -> &'static str {
        match self {
            RefusalCode::Unsupported => "unsupported",
            RefusalCode::Corrupt => "corrupt",
            RefusalCode::Truncated => "truncated",
            RefusalCode::TooLarge => "too_large",
            RefusalCode::TooManyFrames => "too_many_frames",
            RefusalCode::Empty => "empty",
            RefusalCode::TimedOut => "timed_out",
            RefusalCode::Blocked => "blocked",
            RefusalCode::BadAnswer => "bad_answer",
            RefusalCode::OverBudget => "over_budget",
            RefusalCode::Declined => "declined",
            RefusalCode::GaveUp => "gave_up",
        }
    }
}

impl std::fmt::Display for RefusalCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A refusal as a person reads it: the code, what was found, and the way out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, thiserror::Error)]
#[error("{code}: {found}; {way_out}")]
pub struct Refusal {
    pub code: RefusalCode,
    /// What was found, with the limit where there is one: `120000000 pixels, the limit is 50000000`.
    pub found: String,
    /// What a person can do about it: `raise limits.max_pixels in the profile or upload a smaller file`.
    pub way_out: String,
}

impl Refusal {
    /// Makes a refusal from its three parts.
    pub fn new(code: RefusalCode, found: impl Into<String>, way_out: impl Into<String>) -> Self {
        Refusal { code, found: found.into(), way_out: way_out.into() }
    }

    /// Refuses a file of video or audio by its size.
    pub fn too_large_a_recording(bytes: u64, limits: &Limits) -> Self {
        let found = format!("{bytes} bytes, the limit is {}", limits.max_recording_bytes);
        let way_out = "upload a smaller file or raise `limits.max_recording_bytes` in the profile";
        Refusal::new(RefusalCode::TooLarge, found, way_out)
    }

    /// Refuses a file by its size.
    pub fn too_many_bytes(bytes: u64, limits: &Limits) -> Self {
        let found = format!("{bytes} bytes, the limit is {}", limits.max_bytes);
        Refusal::new(RefusalCode::TooLarge, found, "upload a smaller file or raise `limits.max_bytes` in the profile")
    }
}
