//! A JSON Schema that answers are held to.

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use serde_json::Value;
use std::fmt;
use std::sync::Arc;

/// How many errors a model is told of: more than it can mend at once helps nobody.
const MAX_ERRORS: usize = 10;

/// How much of one error is kept; an answer may be long, and errors quote it.
const MAX_ERROR_CHARS: usize = 300;

/// A checked schema under the spelling of its author: the order of fields is the order in which models write them, and
/// providers keep compiled grammars by the exact text.
#[derive(Clone)]
pub struct Schema {
    name: String,
    text: Arc<str>,
    value: Arc<Value>,
    validator: Arc<jsonschema::Validator>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("schema `{name}`: {found}")]
pub struct SchemaError {
    pub name: String,
    pub found: String,
}

impl Schema {
    /// Parses and compiles a schema. Nothing that it refers to is fetched.
    pub fn parse(name: &str, text: &str) -> Result<Self, SchemaError> {
        let error = |found: String| SchemaError { name: name.to_owned(), found };
        let is_name = (1..=64).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
        if !is_name {
            return Err(error("a name has 1 to 64 of a-z, A-Z, 0-9, `_` and `-`".to_owned()));
        }
        let value: Value = serde_json::from_str(text).map_err(|why| error(format!("it is not JSON: {why}")))?;
        let validator = jsonschema::options().build(&value).map_err(|why| error(why.to_string()))?;
        Ok(Schema { name: name.to_owned(), text: text.into(), value: Arc::new(value), validator: Arc::new(validator) })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn value(&self) -> &Value {
        &self.value
    }

    /// Returns what is wrong with an answer; an empty list is a valid one.
    pub fn errors(&self, answer: &Value) -> Vec<String> {
        let spell = |error: jsonschema::ValidationError<'_>| {
            let place = error.instance_path().to_string();
            let place = if place.is_empty() { "/".to_owned() } else { place };
            format!("`{place}`: {error}").chars().take(MAX_ERROR_CHARS).collect()
        };
        self.validator.iter_errors(answer).take(MAX_ERRORS).map(spell).collect()
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Schema").field("name", &self.name).field("text", &self.text).finish_non_exhaustive()
    }
}

impl Serialize for Schema {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut schema = serializer.serialize_struct("Schema", 2)?;
        schema.serialize_field("name", &self.name)?;
        schema.serialize_field("text", &*self.text)?;
        schema.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ALT: &str = r#"{"type":"object","required":["alt"],"additionalProperties":false,
        "properties":{"alt":{"type":"string","maxLength":5}}}"#;

    #[test]
    fn errors_name_the_place() {
        let schema = Schema::parse("alt", ALT).expect("compiles");
        assert!(schema.errors(&json!({"alt": "a cat"})).is_empty());
        let errors = schema.errors(&json!({"alt": "a black cat"}));
        assert_eq!(errors, ["`/alt`: \"a black cat\" is longer than 5 characters"]);
        assert_eq!(schema.errors(&json!({})), ["`/`: \"alt\" is a required property"]);
        assert_eq!(schema.errors(&json!({"alt": "x".repeat(9999)}))[0].chars().count(), MAX_ERROR_CHARS);
    }

    #[test]
    fn a_broken_schema_is_refused_and_nothing_is_fetched() {
        let found = |name: &str, text: &str| Schema::parse(name, text).expect_err("broken").found;
        assert!(found("a", "{").starts_with("it is not JSON"));
        assert!(!found("a", r#"{"type":"objekt"}"#).is_empty());
        assert!(!found("a", r#"{"$ref":"https://example.com/other.json"}"#).is_empty());
        assert!(found("a b", "{}").starts_with("a name has"));
    }
}
