//! What decoding may cost, checked before anything is allocated, and the clock between steps.

use std::time::Instant;

use asset::image::Limits;
use asset::refusal::Refusal;

use crate::container::Header;
use crate::refuse;

/// Cooperative time limit: decoders are not interrupted, the time is looked at between steps, frames and renditions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    started: Instant,
    allowed_ms: u64,
}

impl Deadline {
    pub(crate) fn start(limits: &Limits) -> Self {
        Deadline { started: Instant::now(), allowed_ms: limits.max_time_ms }
    }

    pub(crate) fn check(&self, step: &str) -> Result<(), Refusal> {
        let elapsed_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        // `>=`, so that a limit of zero always ends the work: that is how it can be tested.
        if elapsed_ms >= self.allowed_ms {
            return Err(refuse::timed_out(step, elapsed_ms, self.allowed_ms));
        }
        Ok(())
    }

    pub(crate) fn remaining(&self) -> std::time::Duration {
        std::time::Duration::from_millis(self.allowed_ms).saturating_sub(self.started.elapsed())
    }
}

/// Checks the number of bytes, before they are looked at.
pub(crate) fn gate_bytes(bytes: &[u8], limits: &Limits) -> Result<(), Refusal> {
    if bytes.is_empty() {
        return Err(refuse::empty());
    }
    let length = bytes.len() as u64;
    if length > limits.max_bytes {
        return Err(refuse::too_large("bytes", length, "max_bytes", limits.max_bytes));
    }
    Ok(())
}

/// Checks what the header claims.
pub(crate) fn gate_header(header: &Header, limits: &Limits) -> Result<(), Refusal> {
    let pixels = u64::from(header.width) * u64::from(header.height);
    if pixels > limits.max_pixels {
        return Err(refuse::too_large("pixels", pixels, "max_pixels", limits.max_pixels));
    }
    if header.frames > limits.max_frames {
        let found = u64::from(header.frames);
        return Err(refuse::too_many_frames("frames", found, "max_frames", limits.max_frames.into()));
    }
    let total = pixels.saturating_mul(header.frames.into());
    if header.frames > 1 && total > limits.max_total_pixels {
        let what = "pixels in all frames";
        return Err(refuse::too_many_frames(what, total, "max_total_pixels", limits.max_total_pixels));
    }
    Ok(())
}

/// Checks the working memory that a decoding step is about to ask for.
pub(crate) fn gate_memory(wanted: u64, limits: &Limits) -> Result<(), Refusal> {
    if wanted > limits.max_memory_bytes {
        return Err(refuse::too_large("bytes of memory", wanted, "max_memory_bytes", limits.max_memory_bytes));
    }
    Ok(())
}
