//! What the double is told to answer: a JSON file of rules, the first that matches a call decides.

use super::Ask;
use super::guardrail::GuardrailRules;
use regex_lite::Regex;
use serde::Deserialize;
use serde_json::Value;

/// Rules, in the order in which they are tried.
#[derive(Debug, Default)]
pub struct Script {
    pub(super) rules: Vec<CompiledRule>,
    pub(super) blocked_words: Vec<String>,
    pub(super) guardrail: GuardrailRules,
    pub(super) least_records: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScriptFile {
    #[serde(default)]
    rules: Vec<Rule>,
    /// Words at which guardrails intervene, and that models draw nothing of.
    #[serde(default)]
    blocked_words: Vec<String>,
    #[serde(default)]
    guardrail: GuardrailRules,
    /// Batch jobs of fewer records fail.
    #[serde(default)]
    least_records: u64,
}

/// Which calls, and what they get.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rule {
    /// `Converse`, `InvokeModel`…; any where absent.
    pub operation: Option<String>,
    /// A pattern that the model's id contains.
    pub model: Option<String>,
    /// A pattern that the body contains.
    pub body: Option<String>,
    /// The numbers of matching calls that get the reply, from 1; all where empty.
    pub calls: Vec<u64>,
    pub reply: Reply,
}

/// What a call gets. Everything that is absent is as without a script.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Reply {
    pub latency_ms: u64,
    /// The name of an exception of the service, instead of an answer.
    pub error: Option<String>,
    pub message: Option<String>,
    /// Seconds, in the header `retry-after` of an error.
    pub retry_after: Option<u64>,
    /// With `error` or `cut`, in a stream: how many pieces come first.
    pub after_pieces: Option<usize>,
    /// The connection breaks off in the middle of the body.
    pub cut: bool,
    pub text: Option<String>,
    /// The answer to a schema, valid or not: the input of the tool where there is one, the text where not. The whole
    /// answer of InvokeModel and ApplyGuardrail.
    pub json: Option<Value>,
    pub stop_reason: Option<String>,
    /// The fields of Bedrock's own `usage`; they replace the counted ones.
    pub usage: Option<Value>,
}

#[derive(Debug)]
pub(super) struct CompiledRule {
    rule: Rule,
    model: Option<Regex>,
    body: Option<Regex>,
    n_matches: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    #[error("the script is not JSON of rules: {0}")]
    Syntax(#[from] serde_json::Error),
    #[error("rule {index}: `{pattern}` is no pattern: {why}")]
    Pattern { index: usize, pattern: String, why: String },
    #[error("rule {index}: there is no error `{name}`; there are {known}")]
    UnknownError { index: usize, name: String, known: String },
}

impl Script {
    /// Parses a script's file.
    pub fn parse(text: &str) -> Result<Self, ScriptError> {
        let file: ScriptFile = serde_json::from_str(text)?;
        let ScriptFile { rules, blocked_words, guardrail, least_records } = file;
        Ok(Script { blocked_words, guardrail, least_records, ..Script::of(rules)? })
    }

    pub fn of(rules: Vec<Rule>) -> Result<Self, ScriptError> {
        let rules =
            rules.into_iter().enumerate().map(|(index, rule)| compile(index, rule)).collect::<Result<_, _>>()?;
        Ok(Script { rules, ..Script::default() })
    }

    /// Returns the first blocked word of a text.
    pub(super) fn blocked_word(&self, text: &str) -> Option<&str> {
        let text = text.to_lowercase();
        self.blocked_words.iter().map(String::as_str).find(|word| text.contains(&word.to_lowercase()))
    }

    /// Returns what a call gets, and the number of the rule that says so.
    pub(super) fn reply(&mut self, ask: &Ask<'_>) -> Option<(usize, Reply)> {
        let body = ask.body.to_string();
        let mut found = None;
        // Every rule counts every call that it matches, whoever decides: numbers do not depend on the order of rules.
        for (index, compiled) in self.rules.iter_mut().enumerate() {
            let CompiledRule { rule, model, body: pattern, n_matches } = compiled;
            let is_operation = rule.operation.as_ref().is_none_or(|name| name == ask.operation.name());
            let is_model = model.as_ref().is_none_or(|pattern| pattern.is_match(ask.subject));
            if !is_operation || !is_model || !pattern.as_ref().is_none_or(|pattern| pattern.is_match(&body)) {
                continue;
            }
            *n_matches += 1;
            if found.is_none() && (rule.calls.is_empty() || rule.calls.contains(n_matches)) {
                found = Some((index, rule.reply.clone()));
            }
        }
        found
    }
}

fn compile(index: usize, rule: Rule) -> Result<CompiledRule, ScriptError> {
    let pattern = |pattern: &Option<String>| {
        let compile = |text: &String| {
            let error =
                |why: regex_lite::Error| ScriptError::Pattern { index, pattern: text.clone(), why: why.to_string() };
            Regex::new(text).map_err(error)
        };
        pattern.as_ref().map(compile).transpose()
    };
    if let Some(name) = &rule.reply.error
        && super::reply::status_of(name).is_none()
    {
        let known = super::reply::ERRORS.map(|(name, _)| name).join(", ");
        return Err(ScriptError::UnknownError { index, name: name.clone(), known });
    }
    let (model, body) = (pattern(&rule.model)?, pattern(&rule.body)?);
    Ok(CompiledRule { rule, model, body, n_matches: 0 })
}
