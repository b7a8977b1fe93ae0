//! JSON Schema: the part of it that prompts need, checked by code of our own.
//!
//! The crate `jsonschema` brings 63 crates, big numbers and two regular expression engines among them, into every
//! function that renders a prompt. Picoschema writes seven keywords. This knows thirteen, and refuses a schema that
//! uses another one, so that nothing is ever checked half.

use serde_json::{Map, Value};
use std::fmt::Write;

/// Keywords that say something to people only.
const ANNOTATIONS: [&str; 6] = ["$schema", "default", "description", "examples", "format", "title"];

const KEYWORDS: [&str; 12] = [
    "additionalProperties",
    "const",
    "enum",
    "items",
    "maxItems",
    "maxLength",
    "maximum",
    "minItems",
    "minLength",
    "minimum",
    "properties",
    "type",
];

/// A checked schema with its one spelling.
#[derive(Clone, Debug, PartialEq)]
pub struct Schema {
    value: Value,
    canonical: String,
}

/// One way in which a value is not what its schema asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Where: `brand[0].id`; empty for the value itself.
    pub field: String,
    pub expected: String,
    /// What is there instead; the beginning of a long value.
    pub found: String,
}

impl Schema {
    /// Takes a JSON Schema. Fails with words if it uses a keyword that is not checked here.
    pub fn new(value: Value) -> Result<Schema, String> {
        check_keywords(&value, "")?;
        let canonical = canonical(&value);
        Ok(Schema { value, canonical })
    }

    /// Returns the schema's one spelling: keys in byte order, no white space. What is sent to a model, so that its
    /// caches hit.
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    pub fn as_value(&self) -> &Value {
        &self.value
    }

    /// Returns every violation, outer ones first.
    pub fn check(&self, value: &Value) -> Vec<Violation> {
        let mut violations = Vec::new();
        check(&self.value, value, "", &mut violations);
        violations
    }
}

/// Returns JSON with keys in byte order and without white space, whatever order a map keeps.
pub(crate) fn canonical(value: &Value) -> String {
    let mut out = String::new();
    write_canonical(value, &mut out);
    out
}

fn write_canonical(value: &Value, out: &mut String) {
    match value {
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                write_canonical(item, out);
            }
            out.push(']');
        }
        Value::Object(fields) => {
            let mut names: Vec<&String> = fields.keys().collect();
            names.sort_unstable();
            out.push('{');
            for (index, name) in names.into_iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                out.push_str(&Value::from(name.as_str()).to_string());
                out.push(':');
                write_canonical(&fields[name], out);
            }
            out.push('}');
        }
        // A float has one shortest spelling, which `serde_json` writes on every machine.
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => out.push_str(&value.to_string()),
    }
}

fn check_keywords(schema: &Value, at: &str) -> Result<(), String> {
    if schema.is_boolean() {
        return Ok(());
    }
    let keywords = schema.as_object().ok_or_else(|| format!("`{at}` is no schema: {schema}"))?;
    for (keyword, value) in keywords {
        let place = format!("{at}/{keyword}");
        match keyword.as_str() {
            "properties" => {
                for (name, schema) in value.as_object().ok_or_else(|| format!("`{place}` is no object"))? {
                    check_keywords(schema, &format!("{place}/{name}"))?;
                }
            }
            "items" | "additionalProperties" => check_keywords(value, &place)?,
            "required" | "enum" if !value.is_array() => return Err(format!("`{place}` is no list")),
            "type" if types(value).is_empty() => return Err(format!("`{place}` names no type: {value}")),
            "required" => {}
            known if KEYWORDS.contains(&known) || ANNOTATIONS.contains(&known) => {}
            other => return Err(format!("`{place}`: the keyword `{other}` is not checked here")),
        }
    }
    Ok(())
}

fn types(value: &Value) -> Vec<&str> {
    const KNOWN: [&str; 8] = ["any", "array", "boolean", "integer", "null", "number", "object", "string"];
    let names: Vec<&str> = match value {
        Value::String(name) => vec![name],
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if names.iter().all(|name| KNOWN.contains(name)) { names } else { Vec::new() }
}

fn check(schema: &Value, value: &Value, field: &str, violations: &mut Vec<Violation>) {
    let Some(keywords) = schema.as_object() else {
        if schema == &Value::Bool(false) {
            violations.push(violation(field, "nothing", value));
        }
        return;
    };
    if let Some(expected) = keywords.get("type").map(types)
        && !expected.iter().any(|kind| is_of(kind, value))
    {
        violations.push(violation(field, &expected.join(" or "), value));
        return;
    }
    if let Some(Value::Array(allowed)) = keywords.get("enum")
        && !allowed.iter().any(|one| is_same(one, value))
    {
        let allowed: Vec<String> = allowed.iter().map(Value::to_string).collect();
        violations.push(violation(field, &format!("one of {}", allowed.join(", ")), value));
    }
    if let Some(constant) = keywords.get("const").filter(|constant| !is_same(constant, value)) {
        violations.push(violation(field, &constant.to_string(), value));
    }
    check_size(keywords, value, field, violations);
    match value {
        Value::Object(fields) => check_fields(keywords, fields, field, violations),
        Value::Array(items) => {
            let Some(schema) = keywords.get("items") else { return };
            for (index, item) in items.iter().enumerate() {
                check(schema, item, &format!("{field}[{index}]"), violations);
            }
        }
        _ => {}
    }
}

fn check_fields(keywords: &Map<String, Value>, fields: &Map<String, Value>, at: &str, out: &mut Vec<Violation>) {
    let inside = |name: &str| if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") };
    let required = keywords.get("required").and_then(Value::as_array);
    for name in required.into_iter().flatten().filter_map(Value::as_str).filter(|name| !fields.contains_key(*name)) {
        let expected = "a value".to_owned();
        out.push(Violation { field: inside(name), expected, found: "nothing".to_owned() });
    }
    let properties = keywords.get("properties").and_then(Value::as_object);
    for (name, value) in fields {
        match properties.and_then(|properties| properties.get(name)).or_else(|| keywords.get("additionalProperties")) {
            Some(Value::Bool(false)) => out.push(violation(&inside(name), "no such field", value)),
            Some(schema) => check(schema, value, &inside(name), out),
            None => {}
        }
    }
}

fn check_size(keywords: &Map<String, Value>, value: &Value, field: &str, violations: &mut Vec<Violation>) {
    let (minimum, maximum, unit) = match value {
        Value::String(_) => ("minLength", "maxLength", "characters"),
        Value::Array(_) => ("minItems", "maxItems", "items"),
        Value::Number(_) => ("minimum", "maximum", ""),
        _ => return,
    };
    let size = match value {
        Value::String(text) => text.chars().count() as f64,
        Value::Array(items) => items.len() as f64,
        other => other.as_f64().unwrap_or(f64::NAN),
    };
    let bound = |keyword| keywords.get(keyword).and_then(Value::as_f64);
    if let Some(bound) = bound(minimum).filter(|bound| size < *bound) {
        violations.push(violation(field, format!("at least {bound} {unit}").trim_end(), value));
    }
    if let Some(bound) = bound(maximum).filter(|bound| size > *bound) {
        violations.push(violation(field, format!("at most {bound} {unit}").trim_end(), value));
    }
}

fn is_of(kind: &str, value: &Value) -> bool {
    match kind {
        "any" => true,
        "array" => value.is_array(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "null" => value.is_null(),
        "number" => value.is_number(),
        "object" => value.is_object(),
        _ => value.is_string(),
    }
}

/// Equality as in JSON, where 1 and 1.0 are one number.
pub(crate) fn is_same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || ((a.is_f64() || b.is_f64()) && a.as_f64() == b.as_f64()),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            let has_same = |(name, value): (&String, &Value)| b.get(name).is_some_and(|other| is_same(value, other));
            a.len() == b.len() && a.iter().all(has_same)
        }
        _ => a == b,
    }
}

fn violation(field: &str, expected: &str, value: &Value) -> Violation {
    let mut found = String::new();
    for c in value.to_string().chars().take(60) {
        found.push(c);
    }
    if found.len() < value.to_string().len() {
        let _ = write!(found, "…");
    }
    Violation { field: field.to_owned(), expected: expected.to_owned(), found }
}
