//! Captions: read, written, made from words, judged and mended.
//!
//! ```
//! use text::captions::{Check, Context, Profile, Word, cues, fix, lint, parse_vtt, write_vtt};
//!
//! let word = |text: &str, start_ms, end_ms| Word { text: text.to_owned(), start_ms, end_ms, ..Word::default() };
//! let words = [word("Down", 0, 400), word("the", 400, 600), word("hole.", 600, 1200)];
//! let profile = Profile::named("netflix")?;
//! let track = cues(&words, "en", &profile);
//! assert_eq!(write_vtt(&track), "WEBVTT\n\n00:00:00.000 --> 00:00:01.200\nDown the hole.\n");
//!
//! let mut parsed = parse_vtt("WEBVTT\n\n00:01.000 --> 00:01.200\nWhat is the\nuse of a book?\n");
//! parsed.track.language = Some("en".to_owned());
//! let findings = lint(&parsed.track, &profile, &Context::default());
//! let checks: Vec<_> = findings.iter().map(|finding| finding.check).collect();
//! assert_eq!(checks, [Check::MinDur, Check::Cps, Check::BadBreak]);
//! let fixed = fix(&parsed.track, &profile);
//! assert_eq!(lint(&fixed.track, &profile, &Context::default()), []);
//! # Ok::<(), text::captions::ProfileError>(())
//! ```
//!
//! Times are whole milliseconds from the recording's start; what is later than 100,000 hours is moved there. Nothing here
//! panics on any input, and time grows with the input's length.

mod align;
mod chapters;
mod engine;
mod file;
mod finding;
mod fixing;
mod flow;
mod imsc;
mod language;
mod linting;
mod markup;
mod profile;
mod reference;
mod segment;
mod srt;
mod time;
mod track;
mod ttml;
mod ttml_part;
mod ttml_time;
mod unit;
mod vtt;

pub use asset::field::Severity;
pub use chapters::{Chapter, with_names, write_chapters};
pub use engine::cues;
pub use file::{Format, parse};
pub use finding::{Check, Finding, Parsed};
pub use fixing::{Change, Fixed, fix};
pub use imsc::write_imsc;
pub use linting::{Context, lint};
pub use profile::{PROFILES, Profile, ProfileError};
pub use srt::{parse_srt, write_srt};
pub use track::{Cue, Line, Settings, Span, Style, Track, Word};
pub use ttml::parse_imsc;
pub use vtt::{parse_vtt, write_vtt};

/// Returns lines as all systems end them: CRLF, LF or CR. The last is empty if the text ends with a line end.
fn lines(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some(n) = rest.find(['\n', '\r']) {
        lines.push(&rest[..n]);
        rest = &rest[n..];
        rest = rest.strip_prefix("\r\n").unwrap_or_else(|| &rest[1..]);
    }
    lines.push(rest);
    lines
}
