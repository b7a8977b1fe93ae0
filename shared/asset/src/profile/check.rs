//! Errors of a profile: each names the line, the field, what is wrong and the fix; all of them at once.

use std::ops::Range;
use toml::Spanned;

/// Everything that is wrong with a profile, a line each: `FILE:LINE: FIELD: what; fix`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .lines.join("\n"))]
pub struct ProfileError {
    pub lines: Vec<String>,
}

/// Collects errors while a profile is checked.
pub(crate) struct Checker<'a> {
    name: &'a str,
    text: &'a str,
    lines: Vec<String>,
}

impl<'a> Checker<'a> {
    pub(crate) fn new(name: &'a str, text: &'a str) -> Self {
        Checker { name, text, lines: Vec::new() }
    }

    pub(crate) fn error(&mut self, span: Range<usize>, field: &str, found: &str, fix: &str) {
        self.lines.push(format!("{}:{}: {field}: {found}; {fix}", self.name, self.line_of(span.start)));
    }

    /// Checks that a name is a safe path segment.
    pub(crate) fn name(&mut self, field: &str, name: &Spanned<String>) {
        let text = name.get_ref();
        let is_safe = (1..=32).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if !is_safe {
            let found = format!("`{text:.80}` is no name");
            self.error(name.span(), field, &found, "use 1 to 32 of a-z, 0-9 and `-`");
        }
    }

    /// Turns the TOML library's error (bad syntax, unknown field, wrong type) into ours.
    pub(crate) fn syntax(&self, error: &toml::de::Error) -> ProfileError {
        let line = self.line_of(error.span().map_or(0, |span| span.start));
        let source = self.text.lines().nth(line - 1).unwrap_or_default();
        let field = source.split('=').next().unwrap_or_default().trim();
        let message = error.message().lines().next().unwrap_or_default();
        let (found, fix) = explain(message);
        ProfileError { lines: vec![format!("{}:{line}: {field:.80}: {found}; {fix}", self.name)] }
    }

    /// Takes over what is wrong with a file that this one names.
    pub(crate) fn take(&mut self, error: ProfileError) {
        self.lines.extend(error.lines);
    }

    pub(crate) fn finish<T>(self, value: T) -> Result<T, ProfileError> {
        if self.lines.is_empty() { Ok(value) } else { Err(ProfileError { lines: self.lines }) }
    }

    fn line_of(&self, offset: usize) -> usize {
        self.text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count() + 1
    }
}

const SEE: &str = "see the shipped profile for every field";

/// Splits the TOML library's message into what is wrong and the fix.
fn explain(message: &str) -> (String, String) {
    let (found, expected) = message.split_once(", expected ").unwrap_or((message, ""));
    let named = || found.split('`').nth(1).unwrap_or_default();
    let choices = || expected.split('`').skip(1).step_by(2);
    let fix = if found.starts_with("unknown field") {
        match choices().map(|choice| (distance(named(), choice), choice)).min() {
            Some((changes, choice)) if changes <= 2 => format!("did you mean `{choice}`?"),
            _ => format!("the fields here are {}", choices().collect::<Vec<_>>().join(", ")),
        }
    } else if found.starts_with("unknown variant") {
        format!("give {}", choices().map(|choice| format!("\"{choice}\"")).collect::<Vec<_>>().join(" or "))
    } else if found.starts_with("missing field") {
        format!("add `{} = …`", named())
    } else {
        match expected {
            "u8" | "u32" | "u64" | "i64" => format!("give a whole number; {SEE}"),
            "a sequence" => "give a list: `[…, …]`".to_owned(),
            "a string" => "write it in double quotes".to_owned(),
            "" => SEE.to_owned(),
            other => format!("expected {other}; {SEE}"),
        }
    };
    (found.to_owned(), fix)
}

/// Counts the letters to insert, delete or replace to get from `a` to `b` (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            let cheapest = replaced.min(row[j] + 1).min(row[j + 1] + 1);
            diagonal = std::mem::replace(&mut row[j + 1], cheapest);
        }
    }
    row[b.len()]
}
