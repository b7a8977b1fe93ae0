//! The lines of a guide, by what CommonMark makes of them.

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line<'t> {
    /// Nothing, or inside of a comment or a block of code.
    Blank,
    /// `#` or `##`.
    Title,
    /// What stands behind `###`.
    Rule(&'t str),
    Note,
    Item(&'t str),
    /// By two to three spaces, or more.
    Indented(&'t str),
    Text(&'t str),
    /// What must not be in a rule, and the way out.
    Odd(&'static str),
    /// What must not be anywhere.
    Wrong(&'static str),
}

/// What goes on over several lines, and where it began.
#[derive(Default)]
pub(super) struct Scanner {
    fence: Option<(u8, usize, usize)>,
    comment: Option<usize>,
}

impl Scanner {
    pub(super) fn next<'t>(&mut self, number: usize, line: &'t str) -> Line<'t> {
        let body = line.trim();
        let indent = line.len() - line.trim_start().len();
        if self.comment.is_some() {
            if body.contains("-->") {
                self.comment = None;
            }
            return Line::Blank;
        }
        if let Some((mark, length, _)) = self.fence {
            let n = run(body, mark);
            if indent < 4 && n >= length && n == body.len() {
                self.fence = None;
            }
            return Line::Blank;
        }
        if indent < 4 && body.starts_with("<!--") {
            if !body["<!--".len()..].contains("-->") {
                self.comment = Some(number);
            }
            return Line::Blank;
        }
        if let Some(mark) = [b'`', b'~'].into_iter().find(|mark| indent < 4 && run(body, *mark) >= 3) {
            // The words behind backticks that open a block have none themselves: else it is a span of code.
            let length = run(body, mark);
            if mark == b'~' || !body[length..].contains('`') {
                self.fence = Some((mark, length, number));
                return Line::Odd("a block of code is no rule's text; write a sentence");
            }
        }
        if indent < 4 { self::line(body, indent) } else { Line::Indented(body) }
    }

    /// Returns where something began that never ends.
    pub(super) fn open(&self) -> Option<(usize, &'static str)> {
        let comment = self.comment.map(|line| (line, "the comment never ends; close it with `-->`"));
        comment.or(self.fence.map(|(_, _, line)| (line, "the block of code never ends; close it with the same marks")))
    }
}

/// Classifies a line that is not indented like code.
fn line(body: &str, indent: usize) -> Line<'_> {
    let n_hashes = run(body, b'#');
    let behind = &body[n_hashes..];
    if (1..=6).contains(&n_hashes) && (behind.is_empty() || behind.starts_with(' ')) {
        return match n_hashes {
            1 | 2 => Line::Title,
            3 => Line::Rule(behind.trim()),
            _ => Line::Wrong("a heading is too deep; write `###` for a rule, `#` or `##` for a title"),
        };
    }
    if n_hashes == 3 {
        return Line::Wrong("a heading has no space behind `###`; put one there");
    }
    if body.is_empty() {
        return Line::Blank;
    }
    if body.starts_with('>') {
        return Line::Note;
    }
    if indent >= 2 {
        return Line::Indented(body);
    }
    if let Some(item) = body.strip_prefix("- ") {
        return Line::Item(item.trim());
    }
    odd(body).map_or(Line::Text(body), Line::Odd)
}

/// Returns why a line is more to CommonMark than plain words.
fn odd(body: &str) -> Option<&'static str> {
    let first = body.as_bytes().first().copied().unwrap_or_default();
    let without_spaces = || body.bytes().filter(|byte| *byte != b' ');
    if matches!(first, b'-' | b'=' | b'*' | b'_') && without_spaces().all(|byte| byte == first) {
        return Some("the line underlines a heading or divides the page; leave it out");
    }
    if matches!(first, b'*' | b'+') && body[1..].starts_with(' ') {
        return Some("a list item begins with another mark; write `- `");
    }
    let behind = body.trim_start_matches(|c: char| c.is_ascii_digit());
    if behind.len() < body.len() && (behind.starts_with(". ") || behind.starts_with(") ")) {
        return Some("a numbered list is no rule's text; write sentences, or a rule each");
    }
    if first == b'<' || body.contains("<!--") {
        return Some("HTML is no rule's text; write plain words, and begin a comment on a line of its own");
    }
    if first == b'[' && body.contains("]:") {
        return Some("a link's definition shows nowhere; write the words themselves");
    }
    None
}

/// Returns how often a mark is repeated at the start.
fn run(body: &str, mark: u8) -> usize {
    body.bytes().take_while(|byte| *byte == mark).count()
}
