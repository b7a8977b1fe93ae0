//! WebVTT's cue text: tags and character references. By the "WebVTT cue text tokenizer" and "parsing rules" of W3C.

use super::{Cue, Line, Span, Style, time};

/// Deeper tags are read as if they were not there: nothing real nests so, and each level costs.
const MAX_DEPTH: usize = 32;
/// Names longer than this are cut: a name is copied to each piece of its text.
const MAX_NAME: usize = 200;
const MAX_CLASSES: usize = 16;

/// Something that is open.
struct Open {
    name: &'static str,
    /// The style outside of it.
    outside: Style,
}

/// Reads text into a cue's lines. Returns what is wrong with it, in words.
pub(super) fn parse(text: &str, cue: &mut Cue) -> Vec<String> {
    let mut reader = Reader { lines: vec![Line::default()], ..Reader::default() };
    let mut rest = text;
    while !rest.is_empty() {
        let n = rest.find('<').unwrap_or(rest.len());
        let (data, tail) = rest.split_at(n);
        reader.text(&unescape(data));
        let Some(tag) = tail.strip_prefix('<') else { break };
        let (tag, after) = match tag.split_once('>') {
            Some(found) => found,
            None => {
                reader.wrong("`<` without `>`");
                (tag, "")
            }
        };
        reader.tag(tag);
        rest = after;
    }
    if let Some(open) = reader.open.iter().find(|open| open.name != "v") {
        let name = open.name;
        reader.wrong(&format!("`<{name}>` is not closed"));
    }
    cue.lines = reader.lines;
    cue.lines.retain(|line| !line.spans.is_empty());
    cue.lift_voice();
    reader.wrong
}

#[derive(Default)]
struct Reader {
    lines: Vec<Line>,
    open: Vec<Open>,
    style: Style,
    at_ms: Option<u64>,
    wrong: Vec<String>,
}

impl Reader {
    fn wrong(&mut self, what: &str) {
        if self.wrong.len() < 4 {
            self.wrong.push(what.to_owned());
        }
    }

    fn text(&mut self, text: &str) {
        for (i, text) in text.split('\n').enumerate() {
            if i > 0 {
                self.lines.push(Line::default());
            }
            let Some(line) = self.lines.last_mut() else { continue };
            if text.is_empty() {
                continue;
            }
            if self.open.iter().any(|open| open.name == "rt") {
                // The reading of the text before it.
                if let Some(span) = line.spans.last_mut() {
                    span.ruby.get_or_insert_default().push_str(text);
                    continue;
                }
            }
            let span = Span { text: text.to_owned(), style: self.style.clone(), ruby: None, at_ms: self.at_ms };
            // Text that gets a reading is a piece of its own.
            if self.open.iter().any(|open| open.name == "ruby") {
                line.spans.push(span);
            } else {
                line.push(span);
            }
        }
    }

    fn tag(&mut self, tag: &str) {
        if let Some(name) = tag.strip_prefix('/') {
            return self.end(name.trim());
        }
        if tag.starts_with(|c: char| c.is_ascii_digit()) {
            let mut rest = tag;
            match time::take_vtt(&mut rest) {
                Some(at) if rest.is_empty() => self.at_ms = Some(at),
                _ => self.wrong(&format!("`<{tag:.40}>` is no time")),
            }
            return;
        }
        let is_space = |c: char| matches!(c, ' ' | '\t' | '\n' | '\u{c}');
        let (head, annotation) = tag.split_once(is_space).unwrap_or((tag, ""));
        let mut parts = head.split('.');
        let name = parts.next().unwrap_or_default();
        let names = ["c", "i", "b", "u", "ruby", "rt", "v", "lang"];
        let in_ruby = self.open.last().is_some_and(|open| open.name == "ruby");
        let known = names.into_iter().find(|known| *known == name && (*known != "rt" || in_ruby));
        let Some(name) = known.filter(|_| self.open.len() < MAX_DEPTH) else {
            return self.wrong(&format!("`<{tag:.40}>` is unknown here"));
        };
        self.open.push(Open { name, outside: self.style.clone() });
        let style = &mut self.style;
        let annotation = unescape(annotation).split_whitespace().collect::<Vec<_>>().join(" ");
        let annotation = Some(cut(&annotation).to_owned()).filter(|name| !name.is_empty());
        match name {
            "i" => style.is_italic = true,
            "b" => style.is_bold = true,
            "u" => style.is_underlined = true,
            "v" => style.voice = annotation,
            "lang" => style.language = annotation,
            _ => {}
        }
        for class in parts.filter(|class| !class.is_empty()) {
            if style.classes.len() < MAX_CLASSES && !style.classes.iter().any(|known| known == class) {
                style.classes.push(cut(class).to_owned());
            }
        }
    }

    fn end(&mut self, name: &str) {
        let last = self.open.last().map(|open| open.name);
        if last == Some("rt") && name == "ruby" {
            self.close();
            self.close();
        } else if last == Some(name) {
            self.close();
        } else {
            self.wrong(&format!("`</{name:.40}>` closes nothing"));
        }
    }

    fn close(&mut self) {
        if let Some(open) = self.open.pop() {
            self.style = open.outside;
        }
    }
}

pub(super) fn cut(name: &str) -> &str {
    &name[..name.floor_char_boundary(MAX_NAME)]
}

/// Returns text with its character references resolved; what is none stays as it is.
pub(super) fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, tail)) = rest.split_once('&') {
        plain.push_str(before);
        match reference(tail) {
            Some((c, n)) => {
                plain.push(c);
                rest = &tail[n..];
            }
            None => {
                plain.push('&');
                rest = tail;
            }
        }
    }
    plain.push_str(rest);
    plain
}

/// Returns the character that a reference is, and how many bytes it has behind its `&`.
fn reference(tail: &str) -> Option<(char, usize)> {
    // HTML has 2,231 names. These are WebVTT's own, and those that people write in captions.
    const NAMED: [(&str, char); 30] = [
        ("amp;", '&'),
        ("lt;", '<'),
        ("gt;", '>'),
        ("quot;", '"'),
        ("apos;", '\''),
        ("nbsp;", '\u{a0}'),
        ("lrm;", '\u{200e}'),
        ("rlm;", '\u{200f}'),
        ("copy;", '©'),
        ("reg;", '®'),
        ("trade;", '™'),
        ("hellip;", '…'),
        ("ndash;", '–'),
        ("mdash;", '—'),
        ("lsquo;", '‘'),
        ("rsquo;", '’'),
        ("ldquo;", '“'),
        ("rdquo;", '”'),
        ("laquo;", '«'),
        ("raquo;", '»'),
        ("deg;", '°'),
        ("euro;", '€'),
        ("pound;", '£'),
        ("frac12;", '½'),
        ("sung;", '♪'),
        ("AMP;", '&'),
        // HTML knows these without a semicolon too.
        ("amp", '&'),
        ("lt", '<'),
        ("gt", '>'),
        ("nbsp", '\u{a0}'),
    ];
    let Some(mut number) = tail.strip_prefix('#') else {
        return NAMED.iter().find(|(name, _)| tail.starts_with(name)).map(|(name, c)| (*c, name.len()));
    };
    let radix = if number.starts_with(['x', 'X']) { 16 } else { 10 };
    if radix == 16 {
        number = &number[1..];
    }
    let n = number.bytes().take(8).take_while(|byte| char::from(*byte).is_digit(radix)).count();
    let code = u32::from_str_radix(&number[..n], radix).ok()?;
    let c = char::from_u32(code).filter(|c| *c != '\0').unwrap_or('\u{fffd}');
    let n_semicolon = usize::from(number[n..].starts_with(';'));
    Some((if matches!(c, '\n' | '\r') { ' ' } else { c }, tail.len() - number.len() + n + n_semicolon))
}

/// Writes a cue's text. Lines without text are left out: an empty line would end the cue.
pub(super) fn write(cue: &Cue) -> String {
    let mut lines = Vec::new();
    for line in cue.lines.iter().filter(|line| line.spans.iter().any(|span| !span.text.is_empty())) {
        lines.push(line.spans.iter().map(write_span).collect::<String>());
    }
    let text = lines.join("\n");
    match &cue.speaker {
        Some(speaker) if !text.is_empty() => format!("<v {}>{text}", annotation(speaker)),
        _ => text,
    }
}

fn write_span(span: &Span) -> String {
    let style = &span.style;
    let (mut start, mut end) = (String::new(), String::new());
    let mut wrap = |open: String, name: &str| {
        start.push_str(&format!("<{open}>"));
        end.insert_str(0, &format!("</{name}>"));
    };
    if let Some(voice) = &style.voice {
        wrap(format!("v {}", annotation(voice)), "v");
    }
    if let Some(language) = &style.language {
        wrap(format!("lang {}", annotation(language)), "lang");
    }
    let classes: Vec<_> =
        style.classes.iter().map(|class| class_name(class)).filter(|class| !class.is_empty()).collect();
    if !classes.is_empty() {
        wrap(format!("c.{}", classes.join(".")), "c");
    }
    for (is_on, name) in [(style.is_bold, "b"), (style.is_italic, "i"), (style.is_underlined, "u")] {
        if is_on {
            wrap(name.to_owned(), name);
        }
    }
    let at = span.at_ms.map(|at| format!("<{}>", time::vtt(at))).unwrap_or_default();
    let text = escape(&span.text);
    match &span.ruby {
        Some(ruby) => format!("{at}{start}<ruby>{text}<rt>{}</rt></ruby>{end}", escape(ruby)),
        None => format!("{at}{start}{text}{end}"),
    }
}

fn class_name(class: &str) -> String {
    class.chars().filter(|c| !c.is_whitespace() && !matches!(c, '.' | '<' | '>' | '&')).collect()
}

fn annotation(name: &str) -> String {
    escape(&name.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\n' | '\r' => escaped.push(' '),
            '\0' => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}
