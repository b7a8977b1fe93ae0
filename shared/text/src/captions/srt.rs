//! SubRip. It has no specification; this writes what all players read, and reads what writers are known to write.

use super::{Cue, Line, Parsed, Severity, Span, Style, Track, time};
use std::fmt::Write as _;

/// Reads an SRT file: with or without numbers, with points for commas, blank lines inside texts, any line ends.
///
/// A line of times begins a cue, and a number alone above it belongs to it; all other lines are text. `<i>`, `<b>`, `<u>`
/// and `{\an8}` are understood, `<font>` is dropped, any other tag is text. Takes any text, in time that grows with its
/// length.
pub fn parse_srt(text: &str) -> Parsed {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace('\0', "\u{fffd}");
    let lines = super::lines(&text);
    let mut parsed = Parsed::default();
    let mut open: Option<(Cue, Vec<&str>)> = None;
    let mut stray: Option<usize> = None;
    for (i, line) in lines.iter().copied().enumerate() {
        let Some((start_ms, end_ms)) = times(line) else {
            if line.contains("-->") {
                let found = format!("`{line:.60}` has no times");
                parsed.add(Severity::Fail, i + 1, found, "write `00:00:01,000 --> 00:00:02,000`");
            }
            match &mut open {
                Some((_, text)) => text.push(line),
                None if !line.trim().is_empty() && !is_index(line) => stray = stray.or(Some(i)),
                None => {}
            }
            continue;
        };
        if !line.contains("-->") {
            parsed.add(
                Severity::Warn,
                i + 1,
                format!("`{line:.60}` has no `-->`"),
                "write `-->`: players know no other",
            );
        }
        if let Some((cue, mut text)) = open.take() {
            // The number of this cue, unless it stands right under the text and so is text.
            if text.last().is_some_and(|line| is_index(line)) && (text.len() == 1 || blank(text[text.len() - 2])) {
                text.pop();
            }
            finish(&mut parsed, cue, &text);
        }
        open = Some((Cue { start_ms, end_ms, ..Cue::default() }, Vec::new()));
    }
    if let Some((cue, text)) = open {
        finish(&mut parsed, cue, &text);
    }
    if let Some(i) = stray {
        let found = format!("`{:.40}` belongs to no cue", lines[i]);
        parsed.add(Severity::Warn, i + 1, found, "put a line of times above it, or remove it");
    }
    parsed
}

fn blank(line: &str) -> bool {
    line.trim().is_empty()
}

fn is_index(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && line.len() <= 9 && line.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns the times of a line that has them and nothing else, but for the coordinates that some writers put behind them.
fn times(line: &str) -> Option<(u64, u64)> {
    let mut rest = line.trim_start();
    let start = time::take_srt(&mut rest)?;
    // The other arrows are what people type, or what an editor makes of the first.
    let arrows = ["-->", "->", "-- >", "–>", "—>", "→"];
    rest = rest.trim_start();
    rest = arrows.iter().find_map(|arrow| rest.strip_prefix(arrow))?.trim_start();
    let end = time::take_srt(&mut rest)?;
    let is_place = |part: &str| part.split_once(':').is_some_and(|(name, _)| name.len() == 2);
    rest.split_whitespace().all(is_place).then_some((start, end))
}

fn finish(parsed: &mut Parsed, mut cue: Cue, text: &[&str]) {
    let mut style = Style::default();
    for text in text {
        let mut line = Line::default();
        let mut rest = *text;
        if let Some((place, tail)) = rest.trim_start().strip_prefix("{\\an").and_then(|tail| tail.split_once('}')) {
            if matches!(place, "7" | "8" | "9") {
                cue.settings.line = Some("0".to_owned());
            }
            rest = tail;
        }
        while !rest.is_empty() {
            let (n, tag) = next_tag(rest);
            line.push(Span { text: rest[..n].to_owned(), style: style.clone(), ..Span::default() });
            rest = &rest[n..];
            if let Some((is_on, name, n)) = tag {
                match name {
                    'i' => style.is_italic = is_on,
                    'b' => style.is_bold = is_on,
                    'u' => style.is_underlined = is_on,
                    _ => {}
                }
                rest = &rest[n..];
            }
        }
        // Blank lines are kept inside a text only as the line ends they are.
        if !blank(&line.text()) {
            cue.lines.push(line);
        }
    }
    parsed.track.cues.push(cue);
}

/// Returns where the next tag begins, and the tag: whether it opens, its name, and its length.
fn next_tag(text: &str) -> (usize, Option<(bool, char, usize)>) {
    const TAGS: [(&str, bool, char); 6] = [
        ("<i>", true, 'i'),
        ("</i>", false, 'i'),
        ("<b>", true, 'b'),
        ("</b>", false, 'b'),
        ("<u>", true, 'u'),
        ("</u>", false, 'u'),
    ];
    let mut from = 0;
    while let Some(at) = text[from..].find('<').map(|at| from + at) {
        let tail = &text[at..];
        let begins = |tag: &str| tail.get(..tag.len()).is_some_and(|head| head.eq_ignore_ascii_case(tag));
        if let Some((tag, is_on, name)) = TAGS.iter().find(|(tag, ..)| begins(tag)) {
            return (at, Some((*is_on, *name, tag.len())));
        }
        // A tag of this name is at most so long: looking for its end anywhere would be quadratic.
        if (begins("<font") || begins("</font"))
            && let Some(n) = tail.char_indices().take(200).find(|(_, c)| *c == '>').map(|(n, _)| n + 1)
        {
            return (at, Some((true, 'f', n)));
        }
        from = at + 1;
    }
    (text.len(), None)
}

/// Writes an SRT file: numbered from 1, with CRLF, italic, bold and underline as tags, a cue at the top as `{\an8}`.
///
/// It has no place for names of cues, speakers, classes and languages: see [`with_names`](super::with_names) for the
/// speakers. A line that looks like times gets `·` in front, because players would take it for them.
pub fn write_srt(track: &Track) -> String {
    let mut file = String::new();
    for (i, cue) in track.cues.iter().enumerate() {
        let _ = write!(file, "{}\r\n{} --> {}\r\n", i + 1, time::srt(cue.start_ms), time::srt(cue.end_ms));
        let mut is_first = true;
        for line in cue.lines.iter().filter(|line| !blank(&line.text())) {
            if is_first && cue.settings.is_top() {
                file.push_str("{\\an8}");
            }
            is_first = false;
            if times(&line.text()).is_some() {
                file.push('·');
            }
            line.spans.iter().for_each(|span| write_span(&mut file, span));
            file.push_str("\r\n");
        }
        file.push_str("\r\n");
    }
    file
}

fn write_span(file: &mut String, span: &Span) {
    let style = &span.style;
    let tags = [(style.is_bold, "b"), (style.is_italic, "i"), (style.is_underlined, "u")];
    for (_, tag) in tags.iter().filter(|(is_on, _)| *is_on) {
        let _ = write!(file, "<{tag}>");
    }
    file.push_str(&span.text.replace(['\n', '\r'], " "));
    for (_, tag) in tags.iter().rev().filter(|(is_on, _)| *is_on) {
        let _ = write!(file, "</{tag}>");
    }
}
