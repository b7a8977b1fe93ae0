//! An instance of a schema that depends on the request's digest only.

use super::MARK;
use crate::Schema;
use asset::canonical::sha256_hex;
use serde_json::{Map, Value, json};

/// Deeper than any schema that is asked for; a schema may refer to itself.
const MAX_DEPTH: usize = 12;

/// Returns an instance that the schema accepts, or why none was found: the caller has to script one then.
pub(super) fn instance(schema: &Schema, digest: &str) -> Result<Value, String> {
    let value = Maker { root: schema.value(), digest }.make(schema.value(), "", MAX_DEPTH);
    match schema.errors(&value) {
        errors if errors.is_empty() => Ok(value),
        errors => Err(format!("{MARK} no instance of the schema was found ({}): script a reply", errors.join("; "))),
    }
}

struct Maker<'a> {
    root: &'a Value,
    digest: &'a str,
}

impl Maker<'_> {
    /// A number that depends on the digest and the place.
    fn number(&self, path: &str) -> u64 {
        let mixed = sha256_hex(format!("{}{path}", self.digest).as_bytes());
        u64::from_str_radix(&mixed[..12], 16).unwrap_or_default()
    }

    fn make(&self, schema: &Value, path: &str, depth: usize) -> Value {
        if depth == 0 {
            return Value::Null;
        }
        if let Some(target) = schema["$ref"].as_str() {
            let found = target.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer));
            return found.map_or(Value::Null, |found| self.make(found, path, depth - 1));
        }
        if let Some(value) = schema.get("const") {
            return value.clone();
        }
        if let Some([first, rest @ ..]) = schema["enum"].as_array().map(Vec::as_slice) {
            let index = self.number(path) as usize % (rest.len() + 1);
            return index.checked_sub(1).map_or(first, |index| &rest[index]).clone();
        }
        for several in ["anyOf", "oneOf"] {
            if let Some(first) = schema[several].get(0) {
                return self.make(first, path, depth - 1);
            }
        }
        let kind = schema["type"].as_str().or_else(|| schema["type"].get(0)?.as_str());
        match kind.or_else(|| schema.get("properties").map(|_| "object")) {
            Some("object") => self.object(schema, path, depth),
            Some("array") => self.array(schema, path, depth),
            Some("string") => self.string(schema, path),
            Some("integer") => Value::from(self.integer(schema, path)),
            Some("number") => self.fraction(schema, path),
            Some("boolean") => Value::Bool(self.number(path).is_multiple_of(2)),
            _ => Value::Null,
        }
    }

    fn object(&self, schema: &Value, path: &str, depth: usize) -> Value {
        let mut object = Map::new();
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            object.insert(name.clone(), self.make(field, &format!("{path}/{name}"), depth - 1));
        }
        Value::Object(object)
    }

    fn array(&self, schema: &Value, path: &str, depth: usize) -> Value {
        let least = schema["minItems"].as_u64().unwrap_or(1).min(64);
        let n_items = least.min(schema["maxItems"].as_u64().unwrap_or(u64::MAX));
        (0..n_items).map(|index| self.make(&schema["items"], &format!("{path}/{index}"), depth - 1)).collect()
    }

    fn string(&self, schema: &Value, path: &str) -> Value {
        let least = usize::try_from(schema["minLength"].as_u64().unwrap_or_default()).unwrap_or(0).min(10_000);
        let most = usize::try_from(schema["maxLength"].as_u64().unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
        let mut text = format!("{MARK} {:012x}", self.number(path));
        while text.len() < least {
            text.push_str(" and more");
        }
        text.truncate(most);
        Value::String(text)
    }

    fn integer(&self, schema: &Value, path: &str) -> i64 {
        let least = schema["minimum"].as_i64().unwrap_or(0);
        let most = schema["maximum"].as_i64().unwrap_or_else(|| least.saturating_add(100)).max(least);
        let span = most.abs_diff(least).saturating_add(1);
        least.saturating_add(i64::try_from(self.number(path) % span).unwrap_or_default())
    }

    fn fraction(&self, schema: &Value, path: &str) -> Value {
        let least = schema["minimum"].as_f64().unwrap_or(0.0);
        let most = schema["maximum"].as_f64().unwrap_or(least + 1.0);
        json!(least + (most - least) * ((self.number(path) % 1000) as f64 / 1000.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instances_are_valid_and_depend_on_the_digest_only() {
        let schemas = [
            r#"{"type":"object","required":["a","b"],"additionalProperties":false,
                "properties":{"a":{"type":"string","maxLength":9},
                "b":{"type":"array","minItems":2,"items":{"enum":["x","y","z"]}},
                "c":{"type":"integer","minimum":-5,"maximum":-3},
                "d":{"type":"number","minimum":0,"maximum":1},
                "e":{"type":["string","null"],"minLength":40},"f":{"const":7},
                "g":{"anyOf":[{"type":"boolean"},{"type":"null"}]}}}"#,
            r##"{"$defs":{"t":{"type":"string"}},"type":"array","items":{"$ref":"#/$defs/t"}}"##,
        ];
        for text in schemas {
            let schema = Schema::parse("s", text).expect("compiles");
            let first = instance(&schema, "one").expect("an instance");
            assert_eq!(instance(&schema, "one").expect("an instance"), first);
            assert_ne!(instance(&schema, "two").expect("an instance"), first);
            assert!(schema.errors(&first).is_empty());
        }
        let hard = Schema::parse("s", r#"{"type":"string","pattern":"^[a-z]{3}$"}"#).expect("compiles");
        assert!(instance(&hard, "one").unwrap_err().contains("script a reply"));
    }
}
