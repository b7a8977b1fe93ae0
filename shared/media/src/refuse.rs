//! The refusals this crate makes, worded once: what was found, the limit, and the way out.

use asset::image::SourceFormat;
use asset::refusal::{Refusal, RefusalCode};

pub(crate) fn empty() -> Refusal {
    Refusal::new(RefusalCode::Empty, "the file has no bytes", "upload the file again")
}

pub(crate) fn unsupported(found: impl Into<String>, way_out: impl Into<String>) -> Refusal {
    Refusal::new(RefusalCode::Unsupported, found, way_out)
}

pub(crate) fn corrupt(format: SourceFormat, why: impl std::fmt::Display) -> Refusal {
    let why: String = why.to_string().chars().filter(|c| !c.is_control()).take(200).collect();
    Refusal::new(
        RefusalCode::Corrupt,
        format!("broken `{}`: {why}", format.media_type()),
        "export the picture again from the program that made it",
    )
}

pub(crate) fn truncated(format: SourceFormat, length: usize) -> Refusal {
    Refusal::new(
        RefusalCode::Truncated,
        format!("`{}` of {length} bytes ends before its picture does", format.media_type()),
        "upload the file again: the transfer was probably cut",
    )
}

/// `what` is the unit counted, `limit` the name of the field in `Limits`.
pub(crate) fn too_large(what: &str, found: u64, limit: &str, allowed: u64) -> Refusal {
    Refusal::new(
        RefusalCode::TooLarge,
        format!("{found} {what}, the limit is {allowed}"),
        format!("raise `limits.{limit}` in the profile or upload a smaller file"),
    )
}

pub(crate) fn too_many_frames(what: &str, found: u64, limit: &str, allowed: u64) -> Refusal {
    Refusal::new(
        RefusalCode::TooManyFrames,
        format!("{found} {what}, the limit is {allowed}"),
        format!("raise `limits.{limit}` in the profile or upload a shorter animation"),
    )
}

pub(crate) fn timed_out(step: &str, elapsed_ms: u64, allowed_ms: u64) -> Refusal {
    Refusal::new(
        RefusalCode::TimedOut,
        format!("{elapsed_ms} ms before `{step}`, the limit is {allowed_ms} ms"),
        "raise `limits.max_time_ms` in the profile or upload a smaller file",
    )
}
