//! IMSC 1.1, text profile: TTML2 as broadcasters and Netflix take it. Here the writer.

use super::{Cue, Span, Track, time};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// WebVTT's classes that are colours of TTML by the same name.
pub(super) const COLOURS: [&str; 8] = ["white", "lime", "cyan", "red", "yellow", "magenta", "blue", "black"];

const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<tt xmlns="http://www.w3.org/ns/ttml" xmlns:ttp="http://www.w3.org/ns/ttml#parameter" xmlns:tts="http://www.w3.org/ns/ttml#styling" xmlns:ttm="http://www.w3.org/ns/ttml#metadata" ttp:contentProfiles="http://www.w3.org/ns/ttml/profile/imsc1.1/text" ttp:timeBase="media" xml:space="preserve" "#;

const LAYOUT: &str = r#"<layout>
<region xml:id="bottom" tts:origin="10% 10%" tts:extent="80% 80%" tts:displayAlign="after" tts:textAlign="center"/>
<region xml:id="top" tts:origin="10% 10%" tts:extent="80% 80%" tts:displayAlign="before" tts:textAlign="center"/>
</layout>
"#;

/// Writes an IMSC 1.1 text document (W3C Recommendation, 2018): media time, a region at the bottom and one at the top,
/// speakers as agents.
///
/// Cues' names that are no XML names are left out, and so are classes but for WebVTT's eight colours, and of the settings
/// all but the alignment and whether the cue is at the top. Characters that XML cannot have are left out.
pub fn write_imsc(track: &Track) -> String {
    let mut agents: BTreeMap<&str, usize> = BTreeMap::new();
    for cue in &track.cues {
        let voices = cue.lines.iter().flat_map(|line| &line.spans).filter_map(|span| span.style.voice.as_deref());
        for name in cue.speaker.as_deref().into_iter().chain(voices) {
            let n = agents.len() + 1;
            agents.entry(name).or_insert(n);
        }
    }
    let mut file = String::from(HEAD);
    let _ = write!(file, "xml:lang=\"{}\">\n<head>\n", escape(track.language.as_deref().unwrap_or_default()));
    if !agents.is_empty() {
        file.push_str("<metadata>\n");
        for (name, n) in &agents {
            let name = escape(&name.split_whitespace().collect::<Vec<_>>().join(" "));
            let name = format!("<ttm:name type=\"full\">{name}</ttm:name>");
            let _ = writeln!(file, "<ttm:agent xml:id=\"speaker{n}\" type=\"person\">{name}</ttm:agent>");
        }
        file.push_str("</metadata>\n");
    }
    file.push_str(LAYOUT);
    file.push_str("</head>\n<body>\n<div>\n");
    let mut ids = BTreeSet::new();
    for cue in &track.cues {
        file.push_str("<p");
        let is_ours = |id: &str| id.starts_with("speaker") || matches!(id, "top" | "bottom");
        if let Some(id) = cue.id.as_deref().filter(|id| is_name(id) && !is_ours(id) && ids.insert(*id)) {
            let _ = write!(file, " xml:id=\"{id}\"");
        }
        let region = if cue.settings.is_top() { "top" } else { "bottom" };
        let (begin, end) = (time::vtt(cue.start_ms), time::vtt(cue.end_ms));
        let _ = write!(file, " begin=\"{begin}\" end=\"{end}\" region=\"{region}\"");
        if let Some(n) = cue.speaker.as_deref().and_then(|name| agents.get(name)) {
            let _ = write!(file, " ttm:agent=\"speaker{n}\"");
        }
        if let Some(align) = &cue.settings.align {
            let _ = write!(file, " tts:textAlign=\"{}\"", escape(align));
        }
        file.push('>');
        for (i, line) in cue.lines.iter().enumerate() {
            if i > 0 {
                file.push_str("<br/>");
            }
            line.spans.iter().for_each(|span| write_span(&mut file, span, cue, &agents));
        }
        file.push_str("</p>\n");
    }
    file.push_str("</div>\n</body>\n</tt>\n");
    file
}

fn write_span(file: &mut String, span: &Span, cue: &Cue, agents: &BTreeMap<&str, usize>) {
    let style = &span.style;
    let mut attributes = String::new();
    let mut add = |name: &str, value: &str| {
        let _ = write!(attributes, " {name}=\"{value}\"");
    };
    if style.is_bold {
        add("tts:fontWeight", "bold");
    }
    if style.is_italic {
        add("tts:fontStyle", "italic");
    }
    if style.is_underlined {
        add("tts:textDecoration", "underline");
    }
    if let Some(colour) = COLOURS.iter().find(|colour| style.classes.iter().any(|class| class == *colour)) {
        add("tts:color", colour);
    }
    if let Some(language) = &style.language {
        add("xml:lang", &escape(language));
    }
    if let Some(n) = style.voice.as_deref().and_then(|name| agents.get(name)) {
        add("ttm:agent", &format!("speaker{n}"));
    }
    if let Some(ms) = span.at_ms.and_then(|at| at.checked_sub(cue.start_ms)) {
        add("begin", &format!("{}.{:03}s", ms / 1000, ms % 1000));
    }
    let mut text = escape(&span.text);
    if let Some(ruby) = &span.ruby {
        let part = |role, text: &str| format!("<span tts:ruby=\"{role}\">{text}</span>");
        text = part("container", &(part("base", &text) + &part("text", &escape(ruby))));
    }
    match attributes.as_str() {
        "" => file.push_str(&text),
        attributes => file.push_str(&format!("<span{attributes}>{text}</span>")),
    }
}

/// Returns whether a text may be an `xml:id`; names of other scripts may be too, and are left out.
fn is_name(id: &str) -> bool {
    let is_start = |c: char| c.is_ascii_alphabetic() || c == '_';
    id.starts_with(is_start) && id.chars().all(|c| is_start(c) || c.is_ascii_digit() || matches!(c, '-' | '.'))
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\r' => escaped.push(' '),
            '\t' => escaped.push(c),
            '\u{fffe}' | '\u{ffff}' => {}
            c if c.is_ascii_control() => {}
            c => escaped.push(c),
        }
    }
    escaped
}
