//! How two JSON values differ, for people.

use serde_json::Value;

/// How much of a value is shown.
const SHOWN_CHARS: usize = 120;

/// Counts the places at which two values differ.
pub(super) fn distance(a: &Value, b: &Value) -> usize {
    match (a, b) {
        (Value::Object(left), Value::Object(right)) => {
            let both = left.iter().map(|(name, value)| right.get(name).map_or(1, |other| distance(value, other)));
            both.sum::<usize>() + right.keys().filter(|name| !left.contains_key(*name)).count()
        }
        (Value::Array(left), Value::Array(right)) => {
            let both = left.iter().zip(right).map(|(left, right)| distance(left, right));
            both.sum::<usize>() + left.len().abs_diff(right.len())
        }
        _ => usize::from(a != b),
    }
}

/// Returns the first place at which a recording and a question differ, and both values.
pub(super) fn difference(recorded: &Value, asked: &Value) -> Option<String> {
    at("", recorded, asked)
}

fn at(path: &str, recorded: &Value, asked: &Value) -> Option<String> {
    match (recorded, asked) {
        (Value::Object(left), Value::Object(right)) => {
            let names: std::collections::BTreeSet<_> = left.keys().chain(right.keys()).collect();
            names.into_iter().find_map(|name| {
                let (left, right) = (left.get(name).unwrap_or(&Value::Null), right.get(name).unwrap_or(&Value::Null));
                at(&format!("{path}/{name}"), left, right)
            })
        }
        (Value::Array(left), Value::Array(right)) => {
            let n_items = left.len().max(right.len());
            (0..n_items).find_map(|index| {
                let (left, right) = (left.get(index).unwrap_or(&Value::Null), right.get(index).unwrap_or(&Value::Null));
                at(&format!("{path}/{index}"), left, right)
            })
        }
        _ if recorded == asked => None,
        _ => Some(format!("`{path}`: recorded {}, asked {}", shown(recorded, asked), shown(asked, recorded))),
    }
}

/// Shows a value from a little before the place at which it differs from another.
fn shown(value: &Value, other: &Value) -> String {
    let (text, other) = (value.to_string(), other.to_string());
    let n_same = text.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    let start = n_same.saturating_sub(SHOWN_CHARS / 3);
    let part: String = text.chars().skip(start).take(SHOWN_CHARS).collect();
    let before = if start > 0 { "…" } else { "" };
    let after = if text.chars().count() > start + SHOWN_CHARS { "…" } else { "" };
    format!("{before}{part}{after}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_first_difference_is_shown_with_its_place() {
        let recorded = json!({"a": [1, {"b": "x".repeat(500) + "old"}], "c": 1});
        let asked = json!({"a": [1, {"b": "x".repeat(500) + "new"}], "c": 2});
        let found = difference(&recorded, &asked).expect("they differ");
        assert!(found.starts_with("`/a/1/b`: recorded …xxx") && found.ends_with("xnew\""), "{found}");
        assert!(found.len() < 200, "{found}");
        assert_eq!(distance(&recorded, &asked), 2);
        assert_eq!(difference(&json!([1]), &json!([1, 2])).expect("longer"), "`/1`: recorded null, asked 2");
        assert_eq!(difference(&asked, &asked), None);
    }
}
