//! A file of captions, of whatever format.

use super::{Parsed, Severity, Track, parse_imsc, parse_srt, parse_vtt, write_imsc, write_srt, write_vtt};
use serde::{Deserialize, Serialize};

/// A format of caption files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    Vtt,
    Srt,
    /// TTML of any profile when read, IMSC 1.1 text when written.
    Imsc,
}

impl Format {
    pub const ALL: [Format; 3] = [Format::Vtt, Format::Srt, Format::Imsc];

    /// Returns the format that a file's extension says: `vtt`, `srt`, and `ttml`, `dfxp`, `imsc` or `xml`.
    pub fn of_extension(extension: &str) -> Option<Format> {
        match extension.to_ascii_lowercase().as_str() {
            "vtt" => Some(Format::Vtt),
            "srt" => Some(Format::Srt),
            "ttml" | "dfxp" | "imsc" | "xml" => Some(Format::Imsc),
            _ => None,
        }
    }

    /// Returns the extension that its files have.
    pub fn extension(self) -> &'static str {
        match self {
            Format::Vtt => "vtt",
            Format::Srt => "srt",
            Format::Imsc => "ttml",
        }
    }

    /// Returns its media type: registered with IANA for WebVTT and TTML, customary for SRT.
    pub fn media_type(self) -> &'static str {
        match self {
            Format::Vtt => "text/vtt",
            Format::Srt => "application/x-subrip",
            Format::Imsc => "application/ttml+xml",
        }
    }

    /// Returns the format that a file looks like, by its beginning.
    pub fn of_text(text: &str) -> Format {
        let text = text.trim_start_matches('\u{feff}').trim_start();
        match text {
            text if text.starts_with("WEBVTT") => Format::Vtt,
            text if text.starts_with('<') => Format::Imsc,
            _ => Format::Srt,
        }
    }

    pub fn write(self, track: &Track) -> String {
        match self {
            Format::Vtt => write_vtt(track),
            Format::Srt => write_srt(track),
            Format::Imsc => write_imsc(track),
        }
    }
}

/// Reads a file in UTF-8, or in UTF-16 with a byte order mark; without a format, in the one that it looks like.
///
/// Bytes that are no text become U+FFFD, with a `parse` finding. Takes any bytes, in time that grows with their number.
pub fn parse(bytes: &[u8], format: Option<Format>) -> Parsed {
    let utf16 = |of: fn([u8; 2]) -> u16| {
        let units: Vec<_> = bytes[2..].chunks(2).map(|pair| of([pair[0], pair.get(1).copied().unwrap_or(0)])).collect();
        String::from_utf16_lossy(&units)
    };
    let text = match bytes {
        [0xff, 0xfe, ..] => utf16(u16::from_le_bytes),
        [0xfe, 0xff, ..] => utf16(u16::from_be_bytes),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    };
    let mut parsed = match format.unwrap_or_else(|| Format::of_text(&text)) {
        Format::Vtt => parse_vtt(&text),
        Format::Srt => parse_srt(&text),
        Format::Imsc => parse_imsc(&text),
    };
    if text.contains('\u{fffd}') && std::str::from_utf8(bytes).is_err() {
        let line = text.split('\u{fffd}').next().unwrap_or_default().matches('\n').count() + 1;
        parsed.add(Severity::Fail, line, "it is not in UTF-8", "save the file in UTF-8");
    }
    parsed
}
