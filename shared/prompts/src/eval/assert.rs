//! What can be asked of an answer without a model.

use crate::schema::{Schema, is_same};
use serde::Deserialize;
use serde_json::{Map, Value};

/// One assert. `field` is a path into the answer's JSON (`alt`, `tags.0.id`); without it the answer's text is meant.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Assert {
    /// The answer is JSON and nothing else.
    IsJson,
    /// The answer is what the prompt's output schema asks for.
    Schema,
    /// At most `value` characters.
    MaxLength { field: Option<String>, value: usize },
    /// At least `value` characters.
    MinLength { field: Option<String>, value: usize },
    /// The pattern occurs nowhere.
    NotRegex { field: Option<String>, value: Pattern },
    /// One of the words occurs, in upper or lower case.
    ContainsAny { field: Option<String>, value: Vec<String> },
    /// The text begins with none of these, in upper or lower case.
    NoPrefix { field: Option<String>, value: Vec<String> },
    /// Exactly this value.
    EqualsGolden { field: Option<String>, value: Value },
    /// A list of ids, all of which were given in the variable `from` (a list of objects with an `id`), and at least so
    /// many.
    CitesSource {
        #[serde(default = "evidence")]
        field: String,
        #[serde(default = "brand")]
        from: String,
        #[serde(default)]
        at_least: usize,
    },
}

fn evidence() -> String {
    "evidence".to_owned()
}

fn brand() -> String {
    "brand".to_owned()
}

/// A regular expression, compiled when the file is read. `(?i)` folds ASCII letters only.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Pattern(regex_lite::Regex);

impl TryFrom<String> for Pattern {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        regex_lite::Regex::new(&text).map(Pattern).map_err(|error| format!("`{text}` is no pattern: {error}"))
    }
}

impl Assert {
    /// Returns what does not hold, in words.
    pub(super) fn check(&self, answer: &str, vars: &Map<String, Value>, schema: Option<&Schema>) -> Result<(), String> {
        match self {
            Assert::IsJson => json(answer).map(drop),
            Assert::Schema => check_schema(answer, schema),
            Assert::MaxLength { field, value } => {
                let length = text(answer, field)?.chars().count();
                hold(length <= *value, || format!("{length} characters are more than {value}"))
            }
            Assert::MinLength { field, value } => {
                let length = text(answer, field)?.chars().count();
                hold(length >= *value, || format!("{length} characters are fewer than {value}"))
            }
            Assert::NotRegex { field, value } => {
                let text = text(answer, field)?;
                let found = value.0.find(&text).map(|found| found.as_str());
                hold(found.is_none(), || format!("`{}` is there", found.unwrap_or_default()))
            }
            Assert::ContainsAny { field, value } => {
                let text = text(answer, field)?.to_lowercase();
                let is_there = value.iter().any(|word| text.contains(&word.to_lowercase()));
                hold(is_there, || format!("none of `{}` is there", value.join("`, `")))
            }
            Assert::NoPrefix { field, value } => {
                let text = text(answer, field)?.trim_start().to_lowercase();
                let prefix = value.iter().find(|prefix| text.starts_with(&prefix.to_lowercase()));
                hold(prefix.is_none(), || format!("it begins with `{}`", prefix.map_or("", String::as_str)))
            }
            Assert::EqualsGolden { field, value } => {
                let found = match field {
                    Some(field) => at(&json(answer)?, field)?,
                    None => json(answer).unwrap_or_else(|_| answer.into()),
                };
                hold(is_same(&found, value), || format!("{found} is not {value}"))
            }
            Assert::CitesSource { field, from, at_least } => {
                check_sources(answer, field, vars.get(from).unwrap_or(&Value::Null), *at_least)
            }
        }
    }
}

fn hold(is_true: bool, failure: impl FnOnce() -> String) -> Result<(), String> {
    if is_true { Ok(()) } else { Err(failure()) }
}

fn json(answer: &str) -> Result<Value, String> {
    serde_json::from_str(answer).map_err(|error| format!("the answer is no JSON: {error}"))
}

fn at(value: &Value, field: &str) -> Result<Value, String> {
    let step = |value: &Value, name: &str| match value {
        Value::Array(items) => name.parse::<usize>().ok().and_then(|index| items.get(index)).cloned(),
        other => other.get(name).cloned(),
    };
    let found = field.split('.').try_fold(value.clone(), |value, name| step(&value, name));
    found.ok_or_else(|| format!("the answer has no `{field}`"))
}

fn text(answer: &str, field: &Option<String>) -> Result<String, String> {
    let Some(field) = field else { return Ok(answer.to_owned()) };
    match at(&json(answer)?, field)? {
        Value::String(text) => Ok(text),
        other => Err(format!("`{field}` is no text: {other}")),
    }
}

fn check_schema(answer: &str, schema: Option<&Schema>) -> Result<(), String> {
    let schema = schema.ok_or("the prompt has no output schema")?;
    match schema.check(&json(answer)?).into_iter().next() {
        Some(first) => Err(format!("`{}`: expected {}, found {}", first.field, first.expected, first.found)),
        None => Ok(()),
    }
}

fn check_sources(answer: &str, field: &str, given: &Value, at_least: usize) -> Result<(), String> {
    let cited = at(&json(answer)?, field)?;
    let cited = cited.as_array().ok_or_else(|| format!("`{field}` is no list"))?;
    let given: Vec<&Value> = given.as_array().into_iter().flatten().map(|source| &source["id"]).collect();
    let unknown = cited.iter().find(|id| !given.contains(id));
    hold(unknown.is_none(), || format!("{} was not given", unknown.unwrap_or(&Value::Null)))?;
    hold(cited.len() >= at_least, || format!("{} sources are fewer than {at_least}", cited.len()))
}
