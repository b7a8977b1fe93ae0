//! What is wrong with a prompt, found without rendering it.

mod variables;

use crate::document::RESERVED;
use crate::prompt::Prompt;
use std::fmt;

/// A rule that a prompt can break. Its JSON and its words on a command line are the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// `greenroom.id` is missing, is no id, or is not the file's name up to its first dot.
    Id,
    /// `greenroom.version` is missing or not a semantic version.
    Version,
    /// `greenroom.owner` is missing.
    Owner,
    /// A key that dotprompt does not know and that has no namespace: nobody reads it.
    UnknownKey,
    /// Without an input schema nothing is checked before rendering.
    InputSchema,
    /// Without an output schema no answer can be checked.
    OutputSchema,
    /// A partial that is not there.
    Partial,
    /// A helper that dotprompt does not have.
    Helper,
    /// A variable that the input schema does not have.
    UnknownVariable,
    /// An input that the template does not use.
    UnusedInput,
    /// Free text or a structure that enters the prompt other than through `{{json}}`, which keeps it in one line and
    /// in quotes.
    Unfenced,
    /// Free text or a structure in `{{{ }}}`.
    TripleStash,
}

/// One thing to put right.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    pub rule: Rule,
    /// The prompt's name, or the partial's with its underscore.
    pub file: String,
    /// What is wrong, and with what.
    pub message: String,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Rule::Id => "id",
            Rule::Version => "version",
            Rule::Owner => "owner",
            Rule::UnknownKey => "unknown_key",
            Rule::InputSchema => "input_schema",
            Rule::OutputSchema => "output_schema",
            Rule::Partial => "partial",
            Rule::Helper => "helper",
            Rule::UnknownVariable => "unknown_variable",
            Rule::UnusedInput => "unused_input",
            Rule::Unfenced => "unfenced",
            Rule::TripleStash => "triple_stash",
        })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.file, self.rule, self.message)
    }
}

/// Returns whether `text` may be a prompt's id: a safe segment of a key.
pub(crate) fn is_id(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=64).contains(&text.len()) && text.bytes().all(is_plain)
}

/// Returns everything that is wrong with a prompt, sorted. A prompt with findings is not published.
pub fn lint(prompt: &Prompt) -> Vec<Finding> {
    let mut findings = front_matter(prompt);
    for partial in &prompt.missing {
        findings.push(finding(Rule::Partial, prompt.name(), format!("there is no partial `{partial}`")));
    }
    findings.extend(variables::lint(prompt));
    findings.sort_by(|a, b| (&a.file, a.rule, &a.message).cmp(&(&b.file, b.rule, &b.message)));
    findings.dedup();
    findings
}

fn finding(rule: Rule, file: &str, message: impl Into<String>) -> Finding {
    Finding { rule, file: file.to_owned(), message: message.into() }
}

fn front_matter(prompt: &Prompt) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut add = |rule, message: String| findings.push(finding(rule, prompt.name(), message));
    let base = prompt.name().split('.').next().unwrap_or_default();
    match prompt.id() {
        "" => add(Rule::Id, "`greenroom.id` is missing".to_owned()),
        id if !is_id(id) => add(Rule::Id, format!("`{id}` is no id: lower-case letters, digits and `_`, at most 64")),
        id if id != base => add(Rule::Id, format!("the id `{id}` is not the file's name `{base}`")),
        _ => {}
    }
    match prompt.version() {
        "" => add(Rule::Version, "`greenroom.version` is missing".to_owned()),
        version => {
            if let Err(error) = semver::Version::parse(version) {
                add(Rule::Version, format!("`{version}` is no semantic version: {error}"));
            }
        }
    }
    if prompt.document.own_text("owner").is_none() {
        add(Rule::Owner, "`greenroom.owner` is missing".to_owned());
    }
    for key in prompt.document.front.keys().filter(|key| !key.contains('.') && !RESERVED.contains(&key.as_str())) {
        add(Rule::UnknownKey, format!("nobody reads the key `{key}`; is it `greenroom.{key}`?"));
    }
    if prompt.input.is_none() {
        add(Rule::InputSchema, "`input.schema` is missing".to_owned());
    }
    if prompt.output.is_none() {
        add(Rule::OutputSchema, "`output.schema` is missing".to_owned());
    }
    findings
}
