//! Errors of a price book: each names the line, the field, what is wrong and the fix; all of them at once.

use std::ops::Range;

/// Everything that is wrong with a book, a line each: `FILE:LINE: FIELD: what; fix`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .lines.join("\n"))]
pub struct BookError {
    pub lines: Vec<String>,
}

/// Collects errors while a book is checked.
pub(super) struct Checker<'a> {
    name: &'a str,
    text: &'a str,
    lines: Vec<String>,
}

const SEE: &str = "see the shipped `models.toml` for every field";

impl<'a> Checker<'a> {
    pub(super) fn new(name: &'a str, text: &'a str) -> Self {
        Checker { name, text, lines: Vec::new() }
    }

    pub(super) fn error(&mut self, span: Range<usize>, field: &str, found: &str, fix: &str) {
        self.lines.push(format!("{}:{}: {field}: {found}; {fix}", self.name, self.line_of(span.start)));
    }

    /// Checks a name that ends up in ledgers and routes.
    pub(super) fn id(&mut self, span: Range<usize>, field: &str, id: &str) {
        let is_safe = (1..=64).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._".contains(&byte));
        if !is_safe {
            self.error(span, field, &format!("`{id:.80}` is no name"), "use 1 to 64 of a-z, 0-9, `-`, `.` and `_`");
        }
    }

    /// Turns the TOML library's error (bad syntax, unknown field, wrong type) into ours.
    pub(super) fn syntax(&self, error: &toml::de::Error) -> BookError {
        let line = self.line_of(error.span().map_or(0, |span| span.start));
        let source = self.text.lines().nth(line - 1).unwrap_or_default();
        let field = source.split('=').next().unwrap_or_default().trim();
        let message = error.message().lines().next().unwrap_or_default();
        let (found, expected) = message.split_once(", expected ").unwrap_or((message, ""));
        let fix = match (found.starts_with("missing field"), expected) {
            (true, _) => format!("add `{} = …`", found.split('`').nth(1).unwrap_or_default()),
            (false, "") => SEE.to_owned(),
            (false, expected) => format!("give {expected}"),
        };
        BookError { lines: vec![format!("{}:{line}: {field:.80}: {found}; {fix}", self.name)] }
    }

    pub(super) fn finish<T>(self, value: T) -> Result<T, BookError> {
        if self.lines.is_empty() { Ok(value) } else { Err(BookError { lines: self.lines }) }
    }

    fn line_of(&self, offset: usize) -> usize {
        self.text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count() + 1
    }
}
