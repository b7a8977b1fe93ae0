//! Picoschema, dotprompt's short way to write a JSON Schema.
//!
//! ```yaml
//! alt: string, what the picture shows          # required, with a description
//! long?: string                                # optional, so null is allowed, too
//! evidence(array, ids of brand rules): string
//! tone?(enum, how it sounds): [plain, warm]
//! (*): any                                     # other fields may be there
//! ```

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const SCALARS: [&str; 6] = ["any", "boolean", "integer", "null", "number", "string"];

/// Returns the JSON Schema of `schema`, which may be one already. `named` are the schemas that it may call by name.
/// Fails with words.
pub(crate) fn to_json_schema(schema: &Value, named: &BTreeMap<String, Value>) -> Result<Value, String> {
    if let Value::String(text) = schema {
        let (kind, description) = with_description(text);
        if SCALARS.contains(&kind) {
            return Ok(described(json!({"type": kind}), description));
        }
        return Ok(described(find(kind, named)?, description));
    }
    let kind = schema.get("type").and_then(Value::as_str);
    if kind.is_some_and(|kind| SCALARS.contains(&kind) || matches!(kind, "object" | "array")) {
        return Ok(schema.clone());
    }
    if schema.get("properties").is_some_and(Value::is_object) {
        let mut schema = schema.clone();
        schema["type"] = "object".into();
        return Ok(schema);
    }
    fragment(schema, named)
}

fn fragment(schema: &Value, named: &BTreeMap<String, Value>) -> Result<Value, String> {
    match schema {
        Value::String(text) => {
            let (kind, description) = with_description(text);
            match kind {
                "any" => Ok(described(json!({}), description)),
                kind if SCALARS.contains(&kind) => Ok(described(json!({"type": kind}), description)),
                kind => Ok(described(find(kind, named)?, description)),
            }
        }
        Value::Object(fields) => object(fields, named),
        other => Err(format!("a schema is made of objects and strings, not of `{other}`")),
    }
}

fn object(fields: &Map<String, Value>, named: &BTreeMap<String, Value>) -> Result<Value, String> {
    let mut properties = Map::new();
    let mut required = Vec::new();
    let mut additional = Value::Bool(false);
    for (key, value) in fields {
        if key == "(*)" {
            additional = fragment(value, named)?;
            continue;
        }
        let (name, info) = key.split_once('(').unwrap_or((key, ""));
        let (name, is_optional) = name.strip_suffix('?').map_or((name, false), |name| (name, true));
        if !is_optional {
            required.push(Value::from(name));
        }
        properties.insert(name.to_owned(), property(info, value, is_optional, named)?);
    }
    let mut schema = json!({"type": "object", "properties": properties, "additionalProperties": additional});
    if !required.is_empty() {
        // Their order means nothing, so it may not depend on how maps are kept.
        required.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
        schema["required"] = required.into();
    }
    Ok(schema)
}

/// `info` is what stands in the parentheses of a key, with the closing one.
fn property(info: &str, value: &Value, is_optional: bool, named: &BTreeMap<String, Value>) -> Result<Value, String> {
    let (kind, description) = with_description(info.strip_suffix(')').unwrap_or(info));
    let mut schema = match kind {
        "" | "object" => fragment(value, named)?,
        "array" => json!({"type": "array", "items": fragment(value, named)?}),
        "enum" => return Ok(described(enumeration(value, is_optional)?, description)),
        other => return Err(format!("`{other}` in parentheses is not `array`, `object` or `enum`")),
    };
    if is_optional && let Some(Value::String(kind)) = schema.get("type") {
        schema["type"] = json!([kind, "null"]);
    }
    Ok(described(schema, description))
}

fn enumeration(value: &Value, is_optional: bool) -> Result<Value, String> {
    let mut values = value.as_array().ok_or("an enum lists its values")?.clone();
    if is_optional && !values.contains(&Value::Null) {
        values.push(Value::Null);
    }
    Ok(json!({"enum": values}))
}

fn find(name: &str, named: &BTreeMap<String, Value>) -> Result<Value, String> {
    named.get(name).cloned().ok_or_else(|| format!("there is no type or schema `{name}`"))
}

/// `number, the description` → (`number`, `the description`).
fn with_description(text: &str) -> (&str, Option<&str>) {
    match text.split_once(',') {
        Some((kind, description)) => (kind, Some(description.trim_start_matches(' '))),
        None => (text, None),
    }
}

fn described(mut schema: Value, description: Option<&str>) -> Value {
    if let Some(description) = description.filter(|description| !description.is_empty()) {
        schema["description"] = description.into();
    }
    schema
}
