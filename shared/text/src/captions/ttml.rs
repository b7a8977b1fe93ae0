//! TTML read: IMSC of any version, EBU-TT-D, DFXP, and what writers in the field make of them.

use super::time::MAX_MS;
use super::ttml_part::{Looks, Paragraph, attributes};
use super::ttml_time::Clock;
use super::{Cue, Line, Parsed, Severity, Span, Style, markup};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use std::collections::BTreeMap;

/// Deeper elements are left out: real documents have a tenth of this.
const MAX_DEPTH: usize = 64;

/// Reads a TTML document, of any profile and any namespace that TTML had: each `p` becomes a cue.
///
/// Times by the clock, with frames, and offsets in hours, minutes, seconds, milliseconds, frames and ticks are understood,
/// and a parent's begin is added. Italic, bold, underline and WebVTT's colours are read, by attribute and by style;
/// images and sequential time are not. No entity is expanded but XML's five and characters by number. Takes any text, in time that grows with
/// its length.
pub fn parse_imsc(text: &str) -> Parsed {
    let mut reader = Reader::from_str(text.strip_prefix('\u{feff}').unwrap_or(text));
    reader.config_mut().allow_unmatched_ends = true;
    reader.config_mut().allow_dangling_amp = true;
    let mut document = Document::new(text);
    loop {
        document.offset = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        match reader.read_event() {
            Ok(Event::Start(start)) => document.start(&start),
            Ok(Event::Empty(start)) => {
                document.start(&start);
                document.end();
            }
            Ok(Event::End(_)) => document.end(),
            Ok(Event::Text(text)) => document.text(&String::from_utf8_lossy(&text)),
            Ok(Event::CData(text)) => document.text(&String::from_utf8_lossy(&text)),
            Ok(Event::GeneralRef(name)) => {
                let written = format!("&{};", String::from_utf8_lossy(&name));
                let resolved = markup::unescape(&written);
                if resolved == written {
                    document.wrong(Severity::Warn, format!("`{written:.40}` is no character"), "write the character");
                }
                document.text(&resolved);
            }
            Ok(Event::DocType(_)) => {
                document.wrong(Severity::Warn, "a document type is not read", "remove `<!DOCTYPE …>`");
            }
            Ok(Event::Eof) => break,
            Ok(_) => {}
            Err(error) => {
                let found = format!("the XML is broken: {}", error.to_string().replace('\n', " "));
                document.wrong(Severity::Fail, found, "mend it: what follows was not read");
                break;
            }
        }
    }
    document.finish()
}

/// What a part of the document has from its parents.
#[derive(Clone, Default)]
struct Frame {
    name: Name,
    style: Style,
    begin_ms: u64,
    end_ms: Option<u64>,
    is_preserved: bool,
    at_ms: Option<u64>,
    /// A region or style that a child belongs to.
    id: Option<String>,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum Name {
    #[default]
    Other,
    Head,
    Region,
    Agent,
    Naming,
    Paragraph,
    Span,
    RubyBase,
    RubyText,
    /// Text that nobody sees: a title, a description.
    Metadata,
}

struct Document<'a> {
    source: &'a str,
    parsed: Parsed,
    clock: Clock,
    stack: Vec<Frame>,
    /// How many elements are open below the deepest that is read.
    n_too_deep: usize,
    looks: BTreeMap<String, Looks>,
    agents: BTreeMap<String, String>,
    cue: Option<Paragraph>,
    is_ttml: bool,
    offset: usize,
    /// Lines that end before `counted`.
    n_lines: usize,
    counted: usize,
}

impl<'a> Document<'a> {
    fn new(source: &'a str) -> Self {
        Document {
            source,
            parsed: Parsed::default(),
            clock: Clock::default(),
            stack: Vec::new(),
            n_too_deep: 0,
            looks: BTreeMap::new(),
            agents: BTreeMap::new(),
            cue: None,
            is_ttml: false,
            offset: 0,
            n_lines: 0,
            counted: 0,
        }
    }

    fn wrong(&mut self, severity: Severity, found: impl Into<String>, fix: &str) {
        let offset = self.offset.min(self.source.len());
        let passed = &self.source.as_bytes()[self.counted.min(offset)..offset];
        self.n_lines += passed.iter().filter(|byte| **byte == b'\n').count();
        self.counted = offset;
        self.parsed.add(severity, self.n_lines + 1, found, fix);
    }

    fn start(&mut self, element: &BytesStart<'_>) {
        if self.stack.len() >= MAX_DEPTH {
            if self.n_too_deep == 0 {
                self.wrong(Severity::Fail, format!("elements are nested deeper than {MAX_DEPTH}"), "nest them less");
            }
            self.n_too_deep += 1;
            return;
        }
        let attributes = attributes(element);
        let get = |name: &str| attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let parent = self.stack.last().cloned().unwrap_or_default();
        let mut frame = Frame { id: None, name: Name::Other, ..parent.clone() };
        if let Some(space) = get("xml:space") {
            frame.is_preserved = space == "preserve";
        }
        let local = element.local_name();
        let local = local.as_ref();
        if let Some(role) = get("ruby").filter(|_| local == b"span") {
            frame.name = match role {
                "base" => Name::RubyBase,
                "container" | "baseContainer" | "textContainer" => Name::Span,
                _ => Name::RubyText,
            };
        } else {
            frame.name = match local {
                b"head" => Name::Head,
                b"region" => Name::Region,
                b"agent" => Name::Agent,
                b"name" if parent.name == Name::Agent => Name::Naming,
                b"p" => Name::Paragraph,
                b"span" => Name::Span,
                b"metadata" | b"title" | b"desc" | b"copyright" => Name::Metadata,
                _ => Name::Other,
            };
        }
        match local {
            b"tt" => {
                self.is_ttml = true;
                self.clock = Clock::new(get);
                self.parsed.track.language =
                    get("xml:lang").map(|tag| markup::cut(tag).to_owned()).filter(|tag| !tag.is_empty());
            }
            b"style" | b"region" | b"agent" | b"initial" => {
                self.define(&attributes, &parent, &mut frame, local == b"style")
            }
            b"br" => self.line_break(),
            b"body" | b"div" | b"p" | b"span" => self.content(&attributes, &parent, &mut frame),
            _ => {}
        }
        self.stack.push(frame);
    }

    /// Reads a style, a region or an agent.
    fn define(&mut self, attributes: &[(String, String)], parent: &Frame, frame: &mut Frame, is_style: bool) {
        let looks = Looks::of(attributes, &self.looks);
        let own = attributes.iter().find(|(key, _)| key == "xml:id").map(|(_, id)| id.clone());
        // A style inside a region is the region's.
        let id = if is_style && parent.name == Name::Region { parent.id.clone() } else { own };
        frame.id.clone_from(&id);
        if let Some(id) = id {
            self.looks.entry(id).or_default().take(&looks);
        }
    }

    fn content(&mut self, attributes: &[(String, String)], parent: &Frame, frame: &mut Frame) {
        let get = |name: &str| attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let read = |name: &str| {
            let value = get(name)?;
            let time = self.clock.read(value);
            if time.is_none() {
                let found = format!("`{name}=\"{value:.40}\"` is no time");
                return Some(Err(found));
            }
            time.map(Ok)
        };
        let times = [read("begin"), read("end"), read("dur")];
        let [begin, end, dur] = times.map(|time| match time {
            Some(Err(found)) => {
                self.wrong(Severity::Fail, found, "write `00:00:01.000`, or `1.5s`");
                None
            }
            Some(Ok(ms)) => Some(ms),
            None => None,
        });
        frame.begin_ms = (parent.begin_ms + begin.unwrap_or(0)).min(MAX_MS);
        let ends = [end.map(|end| parent.begin_ms + end), dur.map(|dur| frame.begin_ms + dur), parent.end_ms];
        frame.end_ms = ends.into_iter().flatten().min().map(|ms: u64| ms.min(MAX_MS));
        if get("timeContainer") == Some("seq") {
            self.wrong(Severity::Warn, "sequential time is not understood", "write times by the clock");
        }
        let looks = Looks::of(attributes, &self.looks);
        looks.dress(&mut frame.style);
        if let Some(language) = get("xml:lang") {
            let language = Some(markup::cut(language).to_owned());
            frame.style.language =
                language.filter(|tag| !tag.is_empty() && Some(tag) != self.parsed.track.language.as_ref());
        }
        if let Some(name) = get("agent").and_then(|ids| self.agents.get(ids.split_whitespace().next()?)) {
            frame.style.voice = Some(name.clone());
        }
        match frame.name {
            Name::Paragraph => {
                self.close_paragraph();
                let mut cue = Cue { id: get("xml:id").map(|id| markup::cut(id).to_owned()), ..Cue::default() };
                cue.start_ms = frame.begin_ms;
                cue.end_ms = frame.end_ms.unwrap_or(frame.begin_ms);
                cue.lines.push(Line::default());
                let region = get("region").and_then(|id| self.looks.get(id));
                if looks.is_top.or(region.and_then(|region| region.is_top)) == Some(true) {
                    cue.settings.line = Some("0".to_owned());
                }
                cue.settings.align = looks.align;
                let has_begin = begin.is_some() || parent.begin_ms > 0;
                let has_end = frame.end_ms.is_some();
                self.cue =
                    Some(Paragraph { cue, has_begin, has_end, spans: None, is_after_space: true, is_in_base: false });
            }
            Name::Span | Name::RubyBase | Name::RubyText => {
                self.cue.iter_mut().for_each(|paragraph| paragraph.is_in_base = false);
                if let (Some(paragraph), true) = (&mut self.cue, begin.is_some()) {
                    let (first, last) = paragraph.spans.unwrap_or((u64::MAX, 0));
                    let end = frame.end_ms.unwrap_or(frame.begin_ms);
                    paragraph.spans = Some((first.min(frame.begin_ms), last.max(end)));
                    frame.at_ms = Some(frame.begin_ms);
                }
            }
            _ => {}
        }
    }

    fn line_break(&mut self) {
        if let Some(paragraph) = &mut self.cue {
            paragraph.trim();
            paragraph.cue.lines.push(Line::default());
            paragraph.is_after_space = true;
        }
    }

    fn text(&mut self, text: &str) {
        let Some(frame) = self.stack.last() else { return };
        if self.n_too_deep > 0 {
            return;
        }
        if frame.name == Name::Naming {
            let id = self.stack.iter().rev().nth(1).and_then(|agent| agent.id.clone());
            if let Some(id) = id {
                let name = self.agents.entry(id).or_default();
                let text = format!("{name}{text}");
                *name = markup::cut(text.trim_start()).to_owned();
            }
            return;
        }
        let Some(paragraph) = &mut self.cue else { return };
        match frame.name {
            Name::RubyText => {
                if let Some(span) = paragraph.cue.lines.last_mut().and_then(|line| line.spans.last_mut()) {
                    span.ruby.get_or_insert_default().push_str(text.trim_matches(['\n', '\r']));
                }
            }
            Name::RubyBase => {
                if let Some(line) = paragraph.cue.lines.last_mut().filter(|_| !text.is_empty()) {
                    let text = text.replace(['\n', '\r'], " ");
                    match line.spans.last_mut().filter(|_| paragraph.is_in_base) {
                        Some(span) => span.text.push_str(&text),
                        None => {
                            let (style, at_ms) = (frame.style.clone(), frame.at_ms);
                            line.spans.push(Span { text, style, ruby: None, at_ms });
                        }
                    }
                    paragraph.is_in_base = true;
                }
            }
            Name::Paragraph | Name::Span => {
                let (style, at_ms, is_preserved) = (frame.style.clone(), frame.at_ms, frame.is_preserved);
                paragraph.text(text, &style, at_ms, is_preserved);
            }
            _ => {}
        }
    }

    fn end(&mut self) {
        if self.n_too_deep > 0 {
            self.n_too_deep -= 1;
            return;
        }
        if let Some(frame) = self.stack.pop()
            && frame.name == Name::Paragraph
        {
            self.close_paragraph();
        }
    }

    fn close_paragraph(&mut self) {
        let Some(mut paragraph) = self.cue.take() else { return };
        paragraph.trim();
        let Paragraph { mut cue, has_begin, has_end, spans, .. } = paragraph;
        if let Some((begin, end)) = spans {
            cue.start_ms = if has_begin { cue.start_ms } else { begin };
            cue.end_ms = if has_end { cue.end_ms } else { end };
        } else if !has_end {
            if cue.lines.iter().all(|line| line.text().trim().is_empty()) {
                return;
            }
            self.wrong(Severity::Fail, "a paragraph has no end", "give it `end` or `dur`");
        }
        cue.lines.retain(|line| !line.spans.is_empty());
        for span in cue.lines.iter_mut().flat_map(|line| &mut line.spans) {
            span.at_ms = span.at_ms.filter(|at| *at > cue.start_ms);
        }
        cue.lift_voice();
        self.parsed.track.cues.push(cue);
    }

    fn finish(mut self) -> Parsed {
        self.close_paragraph();
        if !self.is_ttml {
            self.offset = 0;
            self.counted = 0;
            self.n_lines = 0;
            self.wrong(Severity::Fail, "there is no element `tt`", "give a TTML document");
        }
        self.parsed
    }
}
