//! One asset in a list, in the words and sizes that people see: shared by the page and the JSON beside it.

use crate::placeholder;
use asset::catalog::CatalogEntry;
use asset::readiness::State;
use asset::why::state_words;
use asset::why::words::{size, visible};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use ports::search::{Hit, Why};
use serde::Serialize;

/// What a path segment may not hold as it is.
const PATH: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>').add(b'?').add(b'`').add(b'{').add(b'}').add(b'%');

/// Returns the address of a rendition.
pub fn media_url(key: &str) -> String {
    format!("/media/{}", utf8_percent_encode(key, PATH))
}

/// A file's name in two parts: a narrow column cuts the first one at its end, so the extension stays in sight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The whole key, with visible marks.
    pub full: String,
    pub folder: Option<String>,
    pub head: String,
    pub tail: String,
}

/// Characters of a name that are never cut: the extension and a bit of what is before it.
const TAIL_CHARS: usize = 9;

impl Name {
    pub fn of(key: &str) -> Self {
        let full = visible(key);
        let (folder, file) = match full.rsplit_once('/') {
            Some((folder, file)) => (Some(format!("{folder}/")), file.to_owned()),
            None => (None, full.clone()),
        };
        let n_chars = file.chars().count();
        let cut = if n_chars > TAIL_CHARS * 2 { n_chars - TAIL_CHARS } else { n_chars };
        let (head, tail) = (file.chars().take(cut).collect(), file.chars().skip(cut).collect());
        Name { full, folder, head, tail }
    }
}

/// One asset in the gallery.
#[derive(Serialize)]
pub struct Tile {
    pub id: String,
    pub key: String,
    #[serde(skip)]
    pub name: Name,
    pub state: State,
    pub state_words: &'static str,
    pub reason: Option<String>,
    pub n_done: u32,
    pub n_steps: u32,
    pub kind: String,
    pub bytes: u64,
    pub width: u32,
    pub height: u32,
    pub n_outputs: u64,
    pub output_bytes: u64,
    pub revision: u64,
    pub created_ms: u64,
    pub updated_ms: u64,
    pub url: String,
    pub thumbnail: Option<String>,
    #[serde(skip)]
    pub placeholder: Option<String>,
    /// How a search found it; absent in plain lists.
    #[serde(flatten)]
    pub found: Option<FoundBy>,
}

/// How a search found an asset.
#[derive(Serialize)]
pub struct FoundBy {
    pub why: Why,
    /// Of the fusion of both lists: larger is better.
    pub score: f64,
    /// The cosine, where meaning found it.
    pub similarity: Option<f32>,
}

impl Tile {
    pub fn of(entry: CatalogEntry) -> Self {
        Tile {
            id: entry.asset.to_string(),
            name: Name::of(&entry.key),
            state: entry.state,
            state_words: state_words(entry.state),
            reason: entry.reason.map(|reason| visible(&reason)),
            n_done: entry.n_done,
            n_steps: entry.n_steps,
            bytes: entry.bytes,
            width: entry.width,
            height: entry.height,
            n_outputs: entry.n_outputs,
            output_bytes: entry.output_bytes,
            revision: entry.revision,
            created_ms: entry.created_ms,
            updated_ms: entry.updated_ms,
            url: format!("/assets/{}", entry.asset),
            thumbnail: entry.thumbnail.as_deref().map(media_url),
            placeholder: entry.thumbhash.as_deref().and_then(placeholder::data_url),
            kind: entry.kind,
            key: entry.key,
            found: None,
        }
    }

    /// With how a search found it.
    pub fn of_hit(hit: Hit) -> Self {
        let found = Some(FoundBy { why: hit.why, score: hit.score, similarity: hit.similarity });
        Tile { found, ..Tile::of(hit.entry) }
    }

    /// Returns `4000 × 3000 · JPEG · 2.4 MB`, as far as it is known.
    pub fn facts(&self) -> String {
        let mut parts = Vec::new();
        if self.width > 0 {
            parts.push(format!("{} × {}", self.width, self.height));
        }
        parts.push(kind_words(&self.kind));
        if self.state != State::Deleted {
            parts.push(size(self.bytes));
        }
        // A number keeps its unit on its line.
        parts.iter().map(|part| part.replace(' ', "\u{a0}")).collect::<Vec<_>>().join(" · ")
    }
}

/// Returns `JPEG` for `image/jpeg`, `unknown kind` for what has none.
pub fn kind_words(kind: &str) -> String {
    match kind {
        "unknown" => "unknown kind".to_owned(),
        "image/svg+xml" => "SVG".to_owned(),
        "image/webp" => "WebP".to_owned(),
        "video/quicktime" => "QuickTime".to_owned(),
        "video/webm" | "audio/webm" => "WebM".to_owned(),
        "audio/mpeg" => "MP3".to_owned(),
        kind => {
            let name = kind.rsplit('/').next().unwrap_or(kind);
            visible(name.strip_prefix("x-").unwrap_or(name)).to_uppercase()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_keep_their_ends() {
        let name = Name::of("campaigns/2026/Summer holidays in the Alps – final FINAL v7 (copy).jpeg");
        assert_eq!(name.folder.as_deref(), Some("campaigns/2026/"));
        assert_eq!(name.tail, "opy).jpeg");
        assert_eq!(format!("{}{}", name.head, name.tail), "Summer holidays in the Alps – final FINAL v7 (copy).jpeg");
        assert_eq!(Name::of("a.jpg").tail, "");
    }

    #[test]
    fn media_addresses_are_paths() {
        assert_eq!(media_url("assets/a-1/renditions/x y?#%.jpg"), "/media/assets/a-1/renditions/x%20y%3F%23%25.jpg");
    }
}
