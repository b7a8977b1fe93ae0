//! One byte string per value, on every machine: the input of every content address.

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Returns the canonical JSON of `value`: object keys in byte order, no white space (in the manner of RFC 8785).
///
/// Only integers, strings, booleans, nulls, arrays and objects have one spelling on every machine, so a float is refused.
///
/// # Panics
/// If `value` holds a float or is not representable as JSON. Both are mistakes in our own types, never in data.
pub fn canonical_json<T: Serialize>(value: &T) -> String {
    let value = serde_json::to_value(value).expect("our own types serialize to JSON");
    let mut out = String::new();
    write_value(&value, &mut out);
    out
}

fn write_value(value: &Value, out: &mut String) {
    match value {
        Value::Number(number) => {
            assert!(!number.is_f64(), "a float ({number}) has no canonical spelling: use integers in hashed types");
            out.push_str(&number.to_string());
        }
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_value(item, out);
            }
            out.push(']');
        }
        Value::Object(fields) => {
            // Sorted here: whether serde_json keeps insertion order depends on a feature that any crate may switch on.
            let mut names: Vec<_> = fields.keys().collect();
            names.sort_unstable();
            out.push('{');
            for (index, name) in names.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                out.push_str(&Value::from(name.as_str()).to_string());
                out.push(':');
                write_value(&fields[name], out);
            }
            out.push('}');
        }
        Value::Null | Value::Bool(_) | Value::String(_) => out.push_str(&value.to_string()),
    }
}

/// Returns the lower-case hex SHA-256 of `bytes`.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_are_sorted_at_every_depth() {
        let value = json!({"b": [1, {"z": null, "a": true}], "a": "x\"y"});
        assert_eq!(canonical_json(&value), r#"{"a":"x\"y","b":[1,{"a":true,"z":null}]}"#);
    }

    #[test]
    #[should_panic(expected = "no canonical spelling")]
    fn floats_are_refused() {
        canonical_json(&json!({"quality": 0.8}));
    }
}
