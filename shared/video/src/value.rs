//! What reading a recording may cost; what it says of itself is a value of the core.

use asset::image::Limits;
pub use asset::recording::{AudioStream, Chapter, Container, Ratio, Recording as Probe, VideoStream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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

impl VideoLimits {
    /// Returns the limits of a profile; what it does not say is as usual.
    pub fn of(limits: &Limits) -> Self {
        VideoLimits {
            max_bytes: limits.max_recording_bytes,
            max_duration_ms: limits.max_duration_ms,
            ..VideoLimits::default()
        }
    }
}
