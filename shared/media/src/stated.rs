//! What a file states of itself, for whoever describes or finds the picture: not what it shows, and not where it was made by
//! instruments. Positions, serial numbers and everything else about the device are never read.

mod date;
mod exif;
mod iptc;
mod png;
mod svg;
mod text;
mod xmp;

use asset::image::SourceFormat;

use crate::container::{self, Header};
use crate::decode;

/// Texts from strangers: one line each, of bounded length, without control characters and without characters that nobody sees,
/// such as directional overrides. Otherwise as somebody wrote them: facts at best, and never instructions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stated {
    /// A title or a headline; at most 300 characters.
    pub title: Option<String>,
    /// A description or a caption; at most 2,000 characters.
    pub description: Option<String>,
    /// IPTC's own alternative text (`AltTextAccessibility`); at most 500 characters.
    pub alt_text: Option<String>,
    /// IPTC's long description (`ExtDescrAccessibility`); at most 4,000 characters.
    pub long_description: Option<String>,
    /// Each once; at most 100 of 64 characters.
    pub keywords: Vec<String>,
    /// At most ten, of 200 characters.
    pub creators: Vec<String>,
    /// At most 500 characters; so are the three that follow.
    pub copyright: Option<String>,
    pub credit: Option<String>,
    /// The place as somebody wrote it, in the picture or where it was taken; it never comes from a position.
    pub city: Option<String>,
    pub country: Option<String>,
    /// When the picture was made: ISO 8601, as exactly as it is known (`2026`, `2026-11-23T10:20:30+01:00`).
    pub date: Option<String>,
}

const MAX_TITLE: usize = 300;
const MAX_DESCRIPTION: usize = 2000;
const MAX_ALT_TEXT: usize = 500;
const MAX_LONG_DESCRIPTION: usize = 4000;
const MAX_KEYWORD: usize = 64;
const MAX_KEYWORDS: usize = 100;
const MAX_CREATOR: usize = 200;
const MAX_CREATORS: usize = 10;
const MAX_NAME: usize = 500;

/// Reads what a file states of itself: XMP first, because people's programs write it and it knows languages, then IPTC-IIM, EXIF,
/// and the texts of PNG and SVG. Bytes that are no picture, and files whose header is broken, state nothing.
///
/// JPEG, PNG, WebP, TIFF and SVG are read. XMP beyond the first segment of a JPEG (`HasExtendedXMP`) is not.
pub fn stated(bytes: &[u8]) -> Stated {
    if bytes.is_empty() {
        return Stated::default();
    }
    let format = crate::sniff::sniff(bytes).unwrap_or(SourceFormat::Jpeg);
    decode::guarded(format, || Ok(Stated::read(&container::read(bytes)?, bytes))).unwrap_or_default()
}

/// Makes one line of a stranger's text, such as a file's name or a page's heading, as those of [`Stated`] are made: at most so many
/// characters, and none that nobody sees. Returns nothing if nothing is left.
pub fn one_line(text: &str, max_characters: usize) -> Option<String> {
    text::line(text, max_characters)
}

impl Stated {
    fn read(header: &Header<'_>, bytes: &[u8]) -> Stated {
        let stated = header.xmp.as_deref().map(xmp::read).unwrap_or_default();
        let stated = stated.or(header.iptc.map(iptc::read).unwrap_or_default());
        let stated = stated.or(header.exif.map(exif::read).unwrap_or_default());
        match header.format {
            SourceFormat::Png => stated.or(png::read(bytes)),
            SourceFormat::Svg => stated.or(svg::read(bytes)),
            _ => stated,
        }
    }

    /// Fills what is not stated here from elsewhere.
    fn or(self, other: Stated) -> Stated {
        fn first<T>(own: Vec<T>, other: Vec<T>) -> Vec<T> {
            if own.is_empty() { other } else { own }
        }
        Stated {
            title: self.title.or(other.title),
            description: self.description.or(other.description),
            alt_text: self.alt_text.or(other.alt_text),
            long_description: self.long_description.or(other.long_description),
            keywords: first(self.keywords, other.keywords),
            creators: first(self.creators, other.creators),
            copyright: self.copyright.or(other.copyright),
            credit: self.credit.or(other.credit),
            city: self.city.or(other.city),
            country: self.country.or(other.country),
            date: self.date.or(other.date),
        }
    }
}

/// Makes a list of cleaned entries, each once, whatever its case.
fn list<'t>(entries: impl IntoIterator<Item = &'t str>, max: usize, max_characters: usize) -> Vec<String> {
    let mut seen = std::collections::BTreeSet::new();
    let lines = entries.into_iter().take(max * 4).filter_map(|entry| text::line(entry, max_characters));
    lines.filter(|line| seen.insert(line.to_lowercase())).take(max).collect()
}

fn keywords<'t>(entries: impl IntoIterator<Item = &'t str>) -> Vec<String> {
    list(entries, MAX_KEYWORDS, MAX_KEYWORD)
}

fn creators<'t>(entries: impl IntoIterator<Item = &'t str>) -> Vec<String> {
    list(entries, MAX_CREATORS, MAX_CREATOR)
}
