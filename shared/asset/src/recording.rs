//! Video and audio: what is known of a recording, what is made of it, and the files that come out.

use crate::field::{FieldStatus, Finding, Severity};
use crate::ids::{Sha256, TaskId};
use crate::money::{MicroUsd, Usage};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How pictures and sound are packed into a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Container {
    Mp4,
    /// QuickTime.
    Mov,
    /// MP4 whose brand promises sound only.
    M4a,
    Webm,
    Matroska,
    Mp3,
    Wav,
    Flac,
    Ogg,
    /// AAC in ADTS frames.
    Aac,
}

impl Container {
    /// Returns the registered or customary media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Container::Mp4 => "video/mp4",
            Container::Mov => "video/quicktime",
            Container::M4a => "audio/mp4",
            Container::Webm => "video/webm",
            Container::Matroska => "video/x-matroska",
            Container::Mp3 => "audio/mpeg",
            Container::Wav => "audio/wav",
            Container::Flac => "audio/flac",
            Container::Ogg => "audio/ogg",
            Container::Aac => "audio/aac",
        }
    }

    /// Returns whether ISO/IEC 14496-12 boxes are inside.
    pub fn is_mp4(self) -> bool {
        matches!(self, Container::Mp4 | Container::Mov | Container::M4a)
    }
}

/// A ratio of two whole numbers, such as 30000 / 1001 pictures a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Ratio {
    pub numerator: u32,
    pub denominator: u32,
}

/// The pictures of a recording.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VideoStream {
    /// Pixels as displayed: after rotation, and with square pixels.
    pub width: u32,
    pub height: u32,
    /// ffmpeg's name, such as `h264`.
    pub codec: String,
    /// Pictures a second, on average; `None` if the file does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fps: Option<Ratio>,
    /// Degrees clockwise that a player turns the coded picture by: 0, 90, 180 or 270.
    pub rotation: u16,
    /// Whether the transfer function is PQ (SMPTE ST 2084) or HLG (ARIB STD-B67).
    pub hdr: bool,
    /// ffmpeg's name of the transfer function, such as `bt709`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transfer: Option<String>,
    /// ffmpeg's name of the matrix from RGB, such as `bt709`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matrix: Option<String>,
    /// Bits of a sample, 8 for most.
    pub bit_depth: u8,
}

/// The sound of a recording.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AudioStream {
    /// ffmpeg's name, such as `aac`.
    pub codec: String,
    pub channels: u16,
    /// Samples a second.
    pub sample_rate: u32,
    /// ISO 639 code as the file has it, such as `eng`; a stranger's claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

/// A named part of a recording.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Chapter {
    pub start_ms: u64,
    pub end_ms: u64,
    /// One line, a stranger's text.
    pub title: String,
}

/// What the headers of a recording say, under limits, without decoding all of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Recording {
    pub container: Container,
    /// The most specific media type: `audio/mp4` for an MP4 without pictures.
    pub media_type: String,
    pub duration_ms: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub video: Option<VideoStream>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audio: Option<AudioStream>,
    /// All streams, those that are of no use to us too.
    pub n_streams: u32,
    /// Bits a second: all bytes of the file over all of its time.
    pub bit_rate: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chapters: Vec<Chapter>,
    /// What an editor should know, in whole sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// A part of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TimeSpan {
    pub start_ms: u64,
    /// After `start_ms`.
    pub end_ms: u64,
}

/// A part that is heard in one call, or in none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Passage {
    #[serde(flatten)]
    pub span: TimeSpan,
    /// Nothing is to be heard in it: no model is asked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_silent: bool,
}

/// How a recording is cut where it is silent, so that its parts are heard one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CutSpec {
    /// Milliseconds that a part should have.
    pub target_ms: u64,
    /// Milliseconds that no part exceeds: without any silence it is cut there.
    pub max_ms: u64,
}

/// What decides what a model hears in one part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HearSpec {
    #[serde(flatten)]
    pub span: TimeSpan,
    /// A model or a route of the price book.
    pub model: String,
    /// BCP 47; without one the model listens for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Names and terms that are likely to be said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vocabulary: Vec<String>,
}

/// What decides captions: the words of every part, and the rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CaptionSpec {
    /// In the order of time.
    pub parts: Vec<PartRef>,
    /// BCP 47.
    pub language: String,
    /// One of [`CAPTION_PROFILES`].
    pub profile: String,
}

/// The words of one part: who heard them, and their digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PartRef {
    pub task: TaskId,
    pub sha256: Sha256,
}

/// The rules that captions can be made by; `shared/text` has their numbers.
pub const CAPTION_PROFILES: [&str; 5] = ["netflix", "bbc", "web", "children", "sdh"];

/// What a model heard in one part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Heard {
    /// The words with their times, in JSON: too many for a manifest.
    pub file: File,
    pub n_words: u32,
    /// BCP 47; absent where nobody says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// What somebody should listen to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    pub by: HeardBy,
}

/// Who heard it, and what it took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HeardBy {
    pub model_asked: String,
    /// What the provider says that answered.
    pub model_answered: String,
    /// Models of the route that came before and did not answer, with why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passed_over: Vec<String>,
    /// Digest of the sound that was sent, and its size: never the original.
    pub sent: Sha256,
    pub sent_bytes: u64,
    pub usage: Usage,
    /// All calls, failed ones and models passed over included.
    pub cost: MicroUsd,
    pub latency_ms: u64,
    pub n_calls: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// A transcript and captions, as a machine made them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Captioned {
    /// BCP 47.
    pub language: String,
    /// `transcript.json`, and captions in WebVTT, SRT and IMSC.
    pub files: Vec<File>,
    pub n_cues: u32,
    /// The beginning of what is said: recordings are found by it.
    pub excerpt: String,
    /// What the linter found, the worst first; of many only the worst.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
}

impl Captioned {
    /// Returns what an approval is bound to: the digest of the WebVTT file that a person saw.
    pub fn digest(&self) -> Option<&Sha256> {
        self.files.iter().find(|file| file.media_type == VTT).map(|file| &file.sha256)
    }

    /// Returns whether a person has to see them whatever the profile says.
    pub fn needs_a_person(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Fail)
    }
}

/// Captions as they stand: what a person gave, else what a machine made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CaptionState {
    /// BCP 47.
    pub locale: String,
    pub status: FieldStatus,
    /// The files in force; none as long as there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<File>,
    /// The beginning of what they say.
    pub excerpt: String,
    /// Who said so, where a person did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The machine's, also where a person's are in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub captioned: Option<Captioned>,
}

/// WebVTT's media type (W3C WebVTT, section 9.1).
pub const VTT: &str = "text/vtt";

/// One file that was made of a recording.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct File {
    /// Its name within the asset, which says what it is: `storyboard.vtt`, `captions.en.vtt`.
    pub name: String,
    /// Object key in the store.
    pub key: String,
    pub media_type: String,
    pub bytes: u64,
    pub sha256: Sha256,
}

/// Why nothing was made, although nothing is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Nothing {
    pub code: NothingCode,
    /// For people: `the recording has no sound`.
    pub found: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NothingCode {
    /// There is no sound.
    NoAudio,
    /// There is sound, and nobody speaks.
    NoSpeech,
    /// There are no moving pictures.
    NoVideo,
}

impl NothingCode {
    /// Returns the wire name.
    pub fn as_str(self) -> &'static str {
        match self {
            NothingCode::NoAudio => "no_audio",
            NothingCode::NoSpeech => "no_speech",
            NothingCode::NoVideo => "no_video",
        }
    }
}

/// Returns whether a media type is that of a recording.
pub fn is_recording(media_type: &str) -> bool {
    media_type.starts_with("video/") || media_type.starts_with("audio/")
}

impl Recording {
    /// Returns what a person is told in one line: `video/mp4, 1920 × 1080, 12.3 s`.
    pub fn line(&self) -> String {
        let size = self.video.as_ref().map(|video| format!(", {} × {} pixels", video.width, video.height));
        let sound = if self.audio.is_none() { ", without sound" } else { "" };
        let seconds = self.duration_ms as f64 / 1000.0;
        format!("{}{}, {seconds:.1} s{sound}", self.media_type, size.unwrap_or_default())
    }
}

impl TimeSpan {
    /// Returns its name for people: `0:00–4:12`.
    pub fn title(&self) -> String {
        let clock = |ms: u64| format!("{}:{:02}", ms / 60_000, ms / 1000 % 60);
        format!("{}–{}", clock(self.start_ms), clock(self.end_ms))
    }
}
