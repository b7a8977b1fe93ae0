//! From Markdown to rules. Errors name the line, what is wrong and the way out; all at once.

use super::demand::{self, Demand};
use super::guide::{Guide, Rule, Strength, normal_locale};
use super::lines::{Line, Scanner};
use super::reading::{is_invisible, quote};
use crate::alt_text::is_hidden;
use asset::field::Field;
use std::collections::BTreeMap;

/// Everything that is wrong with a guide, a line each: `FILE:LINE: what; the way out`. At most [`MAX_ERRORS`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .lines.join("\n"))]
pub struct GuideError {
    pub lines: Vec<String>,
}

const MAX_BYTES: usize = 256 << 10;
const MAX_RULES: usize = 500;
const MAX_SETTINGS: usize = 50;
const MAX_ID: usize = 40;
const MAX_TITLE: usize = 120;
/// Characters of a rule's text.
const MAX_TEXT: usize = 800;
/// Characters of all `must` rules as models read them: they are in every prompt.
const MAX_MUST: usize = 16_000;
const MAX_ERRORS: usize = 50;

/// A rule that is being gathered.
struct Draft<'t> {
    line: usize,
    rule: Rule,
    paragraphs: Vec<String>,
    /// With the line that each begins on.
    settings: Vec<(usize, String)>,
    open: Open,
    /// The heading is wrong: what follows is looked at, and kept nowhere.
    is_lost: bool,
    heading: &'t str,
}

/// What the next line may go on with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Nothing,
    Paragraph,
    Setting,
    Note,
}

struct Parser<'a> {
    name: &'a str,
    errors: Vec<String>,
    rules: Vec<Rule>,
    /// Where an id stands first.
    ids: BTreeMap<String, usize>,
}

pub(super) fn parse(name: &str, text: &str) -> Result<Guide, GuideError> {
    let mut parser = Parser { name, errors: Vec::new(), rules: Vec::new(), ids: BTreeMap::new() };
    if text.len() > MAX_BYTES {
        let n = text.len();
        parser.error(1, &format!("the guide has {n} bytes, and {MAX_BYTES} are allowed; split it into one per brand"));
    } else {
        parser.lines(text.strip_prefix('\u{feff}').unwrap_or(text));
        parser.check_musts();
    }
    let mut lines = parser.errors;
    if lines.len() > MAX_ERRORS {
        let n = lines.len() - MAX_ERRORS;
        lines.truncate(MAX_ERRORS);
        lines.push(format!("{name}: and {n} more; mend these first"));
    }
    if lines.is_empty() { Ok(Guide { rules: parser.rules }) } else { Err(GuideError { lines }) }
}

impl Parser<'_> {
    fn error(&mut self, line: usize, what: &str) {
        self.errors.push(format!("{}:{line}: {what}", self.name));
    }

    fn lines(&mut self, text: &str) {
        let mut scanner = Scanner::default();
        let mut draft: Option<Draft<'_>> = None;
        for (index, line) in text.split('\n').enumerate() {
            let (number, line) = (index + 1, line.strip_suffix('\r').unwrap_or(line));
            if let Some(c) = line.chars().find(|c| is_hidden(*c) || is_invisible(*c) || is_line_break(*c)) {
                let code = u32::from(c);
                self.error(number, &format!("the line has the character U+{code:04X}, which nobody sees; remove it"));
            }
            match scanner.next(number, line) {
                Line::Title => self.finish(draft.take()),
                Line::Rule(heading) => {
                    self.finish(draft.take());
                    draft = Some(self.begin(number, heading));
                }
                Line::Wrong(what) => self.error(number, what),
                line => {
                    if let Some(draft) = &mut draft {
                        self.inside(draft, number, line);
                    }
                }
            }
        }
        self.finish(draft.take());
        if let Some((line, what)) = scanner.open() {
            self.error(line, what);
        }
    }

    /// Reads `ID must|should` and perhaps `: TITLE`.
    fn begin<'t>(&mut self, line: usize, heading: &'t str) -> Draft<'t> {
        let (head, title) = heading.split_once(':').map_or((heading, ""), |(head, title)| (head, title.trim()));
        let mut words = head.split_whitespace();
        let id = words.next().unwrap_or_default();
        let strength = match (words.next(), words.next()) {
            (Some("must"), None) => Some(Strength::Must),
            (Some("should"), None) => Some(Strength::Should),
            _ => None,
        };
        let is_lost = strength.is_none() || !is_id(id) || title.chars().count() > MAX_TITLE;
        if is_lost {
            let way = format!(
                "write `### tone.3 must` or `### tone.3 should`, and a title of {MAX_TITLE} characters at most after a colon"
            );
            self.error(line, &format!("{} is no rule's heading; {way}", quote(heading)));
        } else if let Some(first) = self.ids.insert(id.to_owned(), line) {
            let what = format!("the id `{id}` is line {first}'s already; give this rule an id of its own");
            self.error(line, &what);
            self.ids.insert(id.to_owned(), first);
        }
        let rule = Rule {
            id: id.to_owned(),
            strength: strength.unwrap_or(Strength::Should),
            title: title.to_owned(),
            text: String::new(),
            fields: Vec::new(),
            collections: Vec::new(),
            locales: Vec::new(),
            demands: Vec::new(),
        };
        Draft { line, rule, paragraphs: Vec::new(), settings: Vec::new(), open: Open::Nothing, is_lost, heading }
    }

    /// Takes one line of a rule.
    fn inside(&mut self, draft: &mut Draft<'_>, number: usize, line: Line<'_>) {
        draft.open = match (line, draft.open) {
            (Line::Blank, _) => Open::Nothing,
            (Line::Note, _) => Open::Note,
            (Line::Item(item), _) => {
                draft.settings.push((number, item.to_owned()));
                Open::Setting
            }
            (Line::Indented(body), Open::Setting) if !body.starts_with("- ") => {
                if let Some((_, setting)) = draft.settings.last_mut() {
                    setting.push(' ');
                    setting.push_str(body);
                }
                Open::Setting
            }
            (Line::Text(body) | Line::Indented(body), Open::Paragraph) => {
                if let Some(paragraph) = draft.paragraphs.last_mut() {
                    paragraph.push(' ');
                    paragraph.push_str(body);
                }
                Open::Paragraph
            }
            (Line::Text(body), Open::Nothing) => {
                draft.paragraphs.push(body.to_owned());
                Open::Paragraph
            }
            (Line::Text(_), Open::Setting) => {
                self.error(
                    number,
                    "a line follows a list item; indent it by two spaces, or put an empty line before it",
                );
                Open::Paragraph
            }
            (Line::Text(_) | Line::Indented(_), Open::Note) => {
                self.error(number, "a line follows a note; begin it with `>`, or put an empty line before it");
                Open::Note
            }
            (Line::Indented(_), open) => {
                self.error(number, "the line is indented like code or an inner list; begin it at the margin");
                open
            }
            (Line::Odd(what), open) => {
                self.error(number, what);
                open
            }
            (Line::Title | Line::Rule(_) | Line::Wrong(_), open) => open,
        };
    }

    fn finish(&mut self, draft: Option<Draft<'_>>) {
        let Some(mut draft) = draft else { return };
        draft.rule.text = draft.paragraphs.join("\n");
        let n = draft.rule.text.chars().count();
        if n == 0 && !draft.is_lost {
            let what = format!("the rule {} has no text; say in a sentence what it asks for", quote(draft.heading));
            self.error(draft.line, &what);
        }
        if n > MAX_TEXT {
            let what = format!("the rule's text has {n} characters, and {MAX_TEXT} are allowed; make two rules of it");
            self.error(draft.line, &what);
        }
        if draft.settings.len() > MAX_SETTINGS {
            let what = format!("the rule has more than {MAX_SETTINGS} settings; make two rules of it");
            self.error(draft.line, &what);
            return;
        }
        for (line, setting) in std::mem::take(&mut draft.settings) {
            if let Err(what) = set(&mut draft.rule, &setting) {
                self.error(line, &what);
            }
        }
        if self.rules.len() == MAX_RULES {
            self.error(draft.line, &format!("the guide has more than {MAX_RULES} rules; split it into one per brand"));
        }
        // One more is kept, so that this is said once.
        if self.rules.len() <= MAX_RULES {
            self.rules.push(draft.rule);
        }
    }

    fn check_musts(&mut self) {
        let musts = self.rules.iter().filter(|rule| rule.strength == Strength::Must);
        let n: usize = musts.map(|rule| rule.for_model().chars().count()).sum();
        if n > MAX_MUST {
            let way = "shorten them, or make some `should`";
            let what = format!(
                "the `must` rules have {n} characters, and {MAX_MUST} are allowed, because every prompt has them all"
            );
            self.error(1, &format!("{what}; {way}"));
        }
    }
}

/// Line breaks that `is_hidden` leaves to others. A lone carriage return is one to CommonMark.
fn is_line_break(c: char) -> bool {
    matches!(c, '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// `tone.3`: two or more parts of lower-case letters, digits, `-` and `_`, the first beginning with a letter.
fn is_id(id: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'))
    };
    id.len() <= MAX_ID
        && id.contains('.')
        && id.starts_with(|c: char| c.is_ascii_lowercase())
        && id.split('.').all(is_part)
}

/// Takes one setting. Fails with what is wrong and the way out.
fn set(rule: &mut Rule, setting: &str) -> Result<(), String> {
    let (key, value) = setting.split_once(':').map_or((setting, None), |(key, value)| (key, Some(value.trim())));
    let key = key.trim();
    match key {
        "fields" => {
            let field = |name: &str| {
                let known: Vec<_> = Field::ALL.iter().map(|field| format!("`{}`", field.as_str())).collect();
                Field::parse(name)
                    .ok_or_else(|| format!("there is no field {}; write {}", quote(name), known.join(" or ")))
            };
            once(key, &mut rule.fields, value, field)
        }
        "collections" => once(key, &mut rule.collections, value, |name| Ok(name.to_owned())),
        "locale" => once(key, &mut rule.locales, value, locale),
        _ => {
            let demand = demand::parse(key, value)?;
            let is_single = matches!(demand, Demand::MaxCharacters(_) | Demand::NoExclamationMarks | Demand::Person(_));
            let is_same = |other: &Demand| std::mem::discriminant(other) == std::mem::discriminant(&demand);
            if is_single && rule.demands.iter().any(is_same) {
                return Err(format!("`{key}` is there twice; write it once"));
            }
            rule.demands.push(demand);
            Ok(())
        }
    }
}

fn once<T>(
    key: &str,
    list: &mut Vec<T>,
    value: Option<&str>,
    of: impl Fn(&str) -> Result<T, String>,
) -> Result<(), String> {
    if !list.is_empty() {
        return Err(format!("`{key}` is there twice; write all in one list, apart by commas"));
    }
    for entry in demand::entries(key, value)? {
        list.push(of(&entry)?);
    }
    Ok(())
}

/// Checks the shape of a BCP 47 tag (RFC 5646 §2.1): a language of two to eight letters, then parts of letters and digits.
fn locale(tag: &str) -> Result<String, String> {
    let normal = normal_locale(tag);
    let mut parts = normal.split('-');
    let is_language = |part: &str| (2..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_lowercase());
    let is_part = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
    let is_tag = parts.next().is_some_and(is_language) && parts.all(is_part);
    if is_tag { Ok(normal) } else { Err(format!("{} is no locale; write one like `de` or `en-GB`", quote(tag))) }
}
