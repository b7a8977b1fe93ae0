//! What a recording is, and what reading it may cost: plain values, integers only, so that they are equal on every machine.

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
    /// ffmpeg's name of the matrix from colours to luma and chroma, such as `bt709`; many files do not say.
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

/// What a recording says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Probe {
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
}

/// What reading a recording may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct VideoLimits {
    /// Bytes of the file.
    pub max_bytes: u64,
    /// Milliseconds of the recording.
    pub max_duration_ms: u64,
    /// Displayed width times height.
    pub max_pixels: u64,
    /// Bytes of an MP4's index (`moov`).
    pub max_index_bytes: u64,
    /// Milliseconds of wall time that one run of a child process may take.
    pub max_time_ms: u64,
    /// Seconds of CPU time that one run of a child process may take.
    pub max_cpu_s: u64,
    /// Bytes of address space of a child process.
    pub max_memory_bytes: u64,
    /// Bytes that one run may write.
    pub max_output_bytes: u64,
    /// Ranges of the file that are at most so many bytes apart are read as one. Sound often lies between all pictures, some 20 kB apart:
    /// below that, a film's sound is thousands of small reads of a hundredth of the file, above it, one read of all of it. A disk
    /// likes the former; where every read has a price, choose the latter.
    pub max_gap_bytes: u64,
}

impl Default for VideoLimits {
    fn default() -> Self {
        VideoLimits {
            max_bytes: 20 << 30,
            max_duration_ms: 12 * 3_600_000,
            max_pixels: 8192 * 4320,
            max_index_bytes: 64 << 20,
            max_time_ms: 600_000,
            max_cpu_s: 900,
            max_memory_bytes: 3 << 30,
            max_output_bytes: 256 << 20,
            max_gap_bytes: 4 << 10,
        }
    }
}
