//! Parts of a TTML document while it is read: a paragraph, a style, the attributes of an element.

use super::imsc::COLOURS;
use super::{Cue, Line, Span, Style, markup};
use quick_xml::events::BytesStart;
use std::collections::BTreeMap;

/// What styles are read for.
#[derive(Clone, Default)]
pub(super) struct Looks {
    pub(super) bold: Option<bool>,
    pub(super) italic: Option<bool>,
    pub(super) underline: Option<bool>,
    pub(super) colour: Option<&'static str>,
    pub(super) is_top: Option<bool>,
    pub(super) align: Option<String>,
}

pub(super) struct Paragraph {
    pub(super) cue: Cue,
    pub(super) has_begin: bool,
    pub(super) has_end: bool,
    /// Times of spans, for a paragraph that has none.
    pub(super) spans: Option<(u64, u64)>,
    pub(super) is_after_space: bool,
    /// Whether the last piece is the text of a reading that has not come yet.
    pub(super) is_in_base: bool,
}

impl Paragraph {
    pub(super) fn text(&mut self, text: &str, style: &Style, at_ms: Option<u64>, is_preserved: bool) {
        let mut piece = String::new();
        for c in text.chars().filter(|c| *c != '\r') {
            let is_space = matches!(c, ' ' | '\t' | '\n');
            if is_preserved && c == '\n' {
                self.push(std::mem::take(&mut piece), style, at_ms);
                self.cue.lines.push(Line::default());
            } else if is_preserved || !is_space {
                piece.push(c);
            } else if !self.is_after_space {
                piece.push(' ');
            }
            self.is_after_space = is_space && !is_preserved;
        }
        self.push(piece, style, at_ms);
    }

    fn push(&mut self, text: String, style: &Style, at_ms: Option<u64>) {
        let span = Span { text, style: style.clone(), ruby: None, at_ms };
        if let Some(line) = self.cue.lines.last_mut() {
            line.push(span);
        }
    }

    /// Takes a collapsed space off the line's end.
    pub(super) fn trim(&mut self) {
        let Some(line) = self.cue.lines.last_mut().filter(|_| self.is_after_space) else { return };
        if let Some(span) = line.spans.last_mut() {
            span.text.truncate(span.text.trim_end_matches(' ').len());
            if span.text.is_empty() && span.ruby.is_none() {
                line.spans.pop();
            }
        }
    }
}

impl Looks {
    /// Returns what an element's attributes and the styles they name say.
    pub(super) fn of(attributes: &[(String, String)], named: &BTreeMap<String, Looks>) -> Looks {
        let mut looks = Looks::default();
        let get = |name: &str| attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        for id in get("style").unwrap_or_default().split_whitespace().take(16) {
            if let Some(style) = named.get(id) {
                looks.take(style);
            }
        }
        looks.take(&Looks {
            bold: get("fontWeight").map(|value| value == "bold"),
            italic: get("fontStyle").map(|value| matches!(value, "italic" | "oblique")),
            underline: get("textDecoration").map(|value| value.split_whitespace().any(|part| part == "underline")),
            colour: get("color").and_then(|value| COLOURS.into_iter().find(|colour| *colour == value)),
            is_top: get("displayAlign").map(|value| value == "before"),
            align: get("textAlign")
                .filter(|value| ["start", "center", "end", "left", "right"].contains(value))
                .map(str::to_owned),
        });
        looks
    }

    pub(super) fn take(&mut self, over: &Looks) {
        self.bold = over.bold.or(self.bold);
        self.italic = over.italic.or(self.italic);
        self.underline = over.underline.or(self.underline);
        self.colour = over.colour.or(self.colour);
        self.is_top = over.is_top.or(self.is_top);
        if over.align.is_some() {
            self.align.clone_from(&over.align);
        }
    }

    pub(super) fn dress(&self, style: &mut Style) {
        style.is_bold = self.bold.unwrap_or(style.is_bold);
        style.is_italic = self.italic.unwrap_or(style.is_italic);
        style.is_underlined = self.underline.unwrap_or(style.is_underlined);
        if let Some(colour) = self.colour {
            style.classes = vec![colour.to_owned()];
        }
    }
}

/// Returns an element's attributes by local name, but for those of XML itself, such as `xml:lang`.
pub(super) fn attributes(element: &BytesStart<'_>) -> Vec<(String, String)> {
    // Without the check for duplicates, which is quadratic; the first of them is taken.
    let mut all = element.attributes();
    let named = all.with_checks(false).flatten().take(64).map(|attribute| {
        let key = String::from_utf8_lossy(attribute.key.as_ref()).into_owned();
        let key = if key.starts_with("xml:") { key } else { key.rsplit(':').next().unwrap_or_default().to_owned() };
        (key, markup::unescape(&String::from_utf8_lossy(&attribute.value)))
    });
    named.collect()
}
