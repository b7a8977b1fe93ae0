//! WebVTT, by W3C's "WebVTT parser algorithm": what that drops is dropped here too, and said.

use super::{Cue, Parsed, Settings, Severity, Track, markup, time};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// The specification knows ASCII white space only. Line ends are not in a line.
const SPACE: &[char] = &[' ', '\t', '\u{c}'];

/// Reads a WebVTT file. Comments are left out; `STYLE` and `REGION` blocks are kept as text.
///
/// What the specification drops is dropped, each with a `parse` finding: a cue whose times are no times, a setting that
/// is no setting, all of a file that does not begin with `WEBVTT`. Takes any text, in time that grows with its length.
pub fn parse_vtt(text: &str) -> Parsed {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace('\0', "\u{fffd}");
    let lines = super::lines(&text);
    let mut reader = Reader { lines: &lines, next: 1, parsed: Parsed::default(), regions: BTreeSet::new() };
    let signature = lines.first().copied().unwrap_or_default();
    if !signature.strip_prefix("WEBVTT").is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t'])) {
        let found = "the file does not begin with `WEBVTT`";
        reader.parsed.add(Severity::Fail, 1, found, "put `WEBVTT` and an empty line before the first cue");
        return reader.parsed;
    }
    if lines.get(1).is_some_and(|line| !line.is_empty()) {
        reader.header();
    }
    while reader.next < lines.len() {
        if lines[reader.next].is_empty() {
            reader.next += 1;
        } else {
            reader.block();
        }
    }
    reader.parsed
}

struct Reader<'a> {
    lines: &'a [&'a str],
    /// The next line's index.
    next: usize,
    parsed: Parsed,
    regions: BTreeSet<String>,
}

impl Reader<'_> {
    /// Reads what stands between the signature and the first empty line. Some writers say the language there.
    fn header(&mut self) {
        while let Some(line) = self.lines.get(self.next).filter(|line| !line.is_empty() && !line.contains("-->")) {
            if let Some(language) = line.strip_prefix("Language:") {
                self.parsed.track.language =
                    Some(markup::cut(language.trim()).to_owned()).filter(|name| !name.is_empty());
            }
            self.next += 1;
        }
    }

    /// Reads a block, of at least one line: "collect a WebVTT block".
    fn block(&mut self) {
        let first = self.next;
        let mut cue: Option<Cue> = None;
        let mut has_arrow = false;
        let mut buffer: Vec<&str> = Vec::new();
        let mut text_line = first;
        while let Some(line) = self.lines.get(self.next).copied().filter(|line| !line.is_empty()) {
            if line.contains("-->") {
                let n_read = self.next - first;
                if has_arrow || n_read > 1 {
                    break;
                }
                has_arrow = true;
                cue = self.timing(line);
                if let Some(cue) = &mut cue {
                    cue.id = buffer.first().map(|id| (*id).to_owned());
                    buffer.clear();
                    text_line = self.next + 1;
                }
            } else {
                buffer.push(line);
            }
            self.next += 1;
        }
        if let Some(cue) = cue {
            return self.cue(cue, &buffer.join("\n"), text_line);
        }
        if !has_arrow {
            self.other(first, &buffer);
        }
    }

    fn cue(&mut self, mut cue: Cue, text: &str, line: usize) {
        for wrong in markup::parse(text, &mut cue) {
            self.parsed.add(Severity::Warn, line + 1, wrong, "write tags and `&lt;` as WebVTT's cue text has them");
        }
        self.parsed.track.cues.push(cue);
    }

    fn other(&mut self, first: usize, lines: &[&str]) {
        let head = lines.first().copied().unwrap_or_default();
        let is = |name: &str| head.strip_prefix(name).is_some_and(|rest| rest.trim().is_empty());
        if head == "NOTE" || head.starts_with("NOTE ") || head.starts_with("NOTE\t") {
            return;
        }
        if (is("STYLE") || is("REGION")) && self.parsed.track.cues.is_empty() {
            if is("REGION") {
                let id = lines[1..]
                    .iter()
                    .flat_map(|line| line.split_whitespace())
                    .find_map(|part| part.strip_prefix("id:"));
                self.regions.extend(id.map(str::to_owned));
            }
            self.parsed.track.blocks.push(lines.join("\n"));
            return;
        }
        let found = format!("`{head:.40}` belongs to no cue");
        self.parsed.add(Severity::Warn, first + 1, found, "put a line of times above it, or `NOTE`, or remove it");
    }

    fn timing(&mut self, line: &str) -> Option<Cue> {
        let number = self.next + 1;
        let mut rest = line.trim_start_matches(SPACE);
        let Some((start_ms, end_ms)) = times(&mut rest) else {
            let fix = "write `00:00:01.000 --> 00:00:02.000`";
            self.parsed.add(Severity::Fail, number, format!("`{line:.60}` has no times: the cue is lost"), fix);
            return None;
        };
        let mut settings = Settings::default();
        for setting in rest.split(SPACE).filter(|setting| !setting.is_empty()) {
            if !set(&mut settings, setting, &self.regions) {
                let fix = "remove it, or write it as WebVTT's cue settings have it";
                self.parsed.add(Severity::Warn, number, format!("`{setting:.60}` is no setting"), fix);
            }
        }
        Some(Cue { start_ms, end_ms, settings, ..Cue::default() })
    }
}

fn times(rest: &mut &str) -> Option<(u64, u64)> {
    let start = time::take_vtt(rest)?;
    *rest = rest.trim_start_matches(SPACE).strip_prefix("-->")?.trim_start_matches(SPACE);
    Some((start, time::take_vtt(rest)?))
}

/// Takes one cue setting, if it is one.
fn set(settings: &mut Settings, setting: &str, regions: &BTreeSet<String>) -> bool {
    let Some((name, value)) = setting.split_once(':') else { return false };
    let (first, alignment) = match value.split_once(',') {
        Some((first, alignment)) => (first, Some(alignment)),
        None => (value, None),
    };
    let aligned = |allowed: &[&str]| alignment.is_none_or(|alignment| allowed.contains(&alignment));
    let (slot, is_valid) = match name {
        "region" => (&mut settings.region, regions.contains(value)),
        "vertical" => (&mut settings.vertical, matches!(value, "rl" | "lr")),
        "line" => {
            let number = first.strip_prefix('-').unwrap_or(first);
            // Of three hundred digits is a number too, but not one that players hold.
            let is_line = is_percentage(first) || (is_number(number) && number.parse().is_ok_and(f64::is_finite));
            (&mut settings.line, is_line && aligned(&["start", "center", "end"]))
        }
        "position" => (&mut settings.position, is_percentage(first) && aligned(&["line-left", "center", "line-right"])),
        "size" => (&mut settings.size, is_percentage(value)),
        "align" => (&mut settings.align, matches!(value, "start" | "center" | "end" | "left" | "right")),
        _ => return false,
    };
    // A number of a thousand digits is one, but no place.
    if is_valid && value.len() <= 500 {
        *slot = Some(value.to_owned());
    }
    is_valid
}

fn is_number(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_digits(whole) && is_digits(fraction)
}

fn is_percentage(text: &str) -> bool {
    let number = text.strip_suffix('%').filter(|number| is_number(number));
    number.and_then(|number| number.parse::<f64>().ok()).is_some_and(|number| number <= 100.0)
}

/// Writes a WebVTT file. The track's language is not in it: HTML's `srclang` says that.
///
/// Lines without text are left out, line breaks inside a text become spaces.
pub fn write_vtt(track: &Track) -> String {
    let mut file = String::from("WEBVTT\n");
    for block in &track.blocks {
        let block: Vec<_> = block.lines().filter(|line| !line.is_empty() && !line.contains("-->")).collect();
        if !block.is_empty() {
            let _ = write!(file, "\n{}\n", block.join("\n"));
        }
    }
    for cue in &track.cues {
        file.push('\n');
        let id = cue.id.as_deref().map(|id| id.replace(['\n', '\r'], " ").replace("-->", "->"));
        // A name that would be read as something else's start is left out.
        let is_block = |id: &str| ["NOTE", "STYLE", "REGION"].iter().any(|name| id.starts_with(name));
        if let Some(id) = id.filter(|id| !id.trim().is_empty() && !is_block(id)) {
            let _ = writeln!(file, "{id}");
        }
        let _ = write!(file, "{} --> {}", time::vtt(cue.start_ms), time::vtt(cue.end_ms));
        let settings = &cue.settings;
        let all = [
            ("region", &settings.region),
            ("vertical", &settings.vertical),
            ("line", &settings.line),
            ("position", &settings.position),
            ("size", &settings.size),
            ("align", &settings.align),
        ];
        for (name, value) in all {
            if let Some(value) =
                value.as_ref().filter(|value| !value.contains("-->") && !value.contains(char::is_whitespace))
            {
                let _ = write!(file, " {name}:{value}");
            }
        }
        let text = markup::write(cue);
        file.push('\n');
        if !text.is_empty() {
            let _ = writeln!(file, "{text}");
        }
    }
    file
}
