//! The refusals this crate makes, worded once: what was found, the limit, and the way out.

use asset::refusal::{Refusal, RefusalCode};

use crate::value::Container;

pub(crate) fn empty() -> Refusal {
    Refusal::new(RefusalCode::Empty, "the file has no bytes", "upload the file again")
}

pub(crate) fn unsupported(found: impl Into<String>, way_out: impl Into<String>) -> Refusal {
    Refusal::new(RefusalCode::Unsupported, found, way_out)
}

pub(crate) fn corrupt(container: Container, why: impl std::fmt::Display) -> Refusal {
    Refusal::new(
        RefusalCode::Corrupt,
        format!("broken `{}`: {}", container.media_type(), one_line(&why.to_string(), 200)),
        "export the recording again from the program that made it",
    )
}

/// `missing` is the least number of bytes that are not there.
pub(crate) fn truncated(container: Container, length: u64, missing: u64) -> Refusal {
    let found = format!("`{}` of {length} bytes lacks at least {missing} bytes at its end", container.media_type());
    Refusal::new(RefusalCode::Truncated, found, "upload the file again: the transfer was probably cut")
}

/// The boxes are whole, but the index is not among them: a camera that lost its power, or a copy that ended between two boxes.
pub(crate) fn no_index(container: Container, length: u64) -> Refusal {
    let found = format!("`{}` of {length} bytes ends before its index (`moov`)", container.media_type());
    Refusal::new(RefusalCode::Truncated, found, "upload the file again, or record it again if the camera was cut off")
}

/// `what` is the unit counted, `limit` the name of the field in `VideoLimits`.
pub(crate) fn too_large(what: &str, found: u64, limit: &str, allowed: u64) -> Refusal {
    Refusal::new(
        RefusalCode::TooLarge,
        format!("{found} {what}, the limit is {allowed}"),
        way_out(limit, "a smaller recording"),
    )
}

/// Only some of the limits are a profile's; the others are this program's own.
fn way_out(limit: &str, upload: &str) -> String {
    match limit {
        "max_bytes" => format!("raise `limits.max_recording_bytes` in the profile or upload {upload}"),
        "max_duration_ms" => format!("raise `limits.max_duration_ms` in the profile or upload {upload}"),
        _ => format!("upload {upload}"),
    }
}

/// A child asked for more than it may have; how much it would have been, nobody knows.
pub(crate) fn over(what: &str, limit: &str, allowed: u64) -> Refusal {
    Refusal::new(
        RefusalCode::TooLarge,
        format!("more {what} than the limit of {allowed}"),
        way_out(limit, "a smaller recording"),
    )
}

pub(crate) fn timed_out(what: &str, limit: &str, allowed: &str) -> Refusal {
    Refusal::new(
        RefusalCode::TimedOut,
        format!("{what} was not done within {allowed}"),
        way_out(limit, "a shorter recording"),
    )
}

pub(crate) fn no_pictures() -> Refusal {
    unsupported("the recording has no pictures", "upload a recording with pictures, or do not ask for any")
}

pub(crate) fn no_sound() -> Refusal {
    unsupported("the recording has no sound", "upload a recording with sound, or do not ask for any")
}

pub(crate) fn missing_program(name: &str, looked: &str) -> Refusal {
    Refusal::new(
        RefusalCode::Blocked,
        format!("no program `{name}` {looked}"),
        format!("install it (on Debian: `apt-get install ffmpeg`) or say where it is with `--{name}`"),
    )
}

pub(crate) fn missing_encoder(names: &str) -> Refusal {
    Refusal::new(
        RefusalCode::Blocked,
        format!("this build of `ffmpeg` has none of the encoders {names}"),
        "install a build of ffmpeg that has one (Debian's does), or do not ask for this output",
    )
}

/// A stranger's text as one short line.
pub(crate) fn one_line(text: &str, n_characters: usize) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(n_characters).collect();
    line.trim().to_owned()
}
