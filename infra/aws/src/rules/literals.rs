//! `R`: references lead somewhere, and nothing is written down that differs from account to account.

use super::Findings;
use crate::{Finding, Stack};
use serde_json::Value;
use std::collections::BTreeSet;

/// Looks for regions, partitions and accounts that are written down. Takes the template as it is: set switches bring
/// values of their own.
pub fn check(template: &Value) -> Vec<Finding> {
    let mut found = Vec::new();
    let Some(resources) = template["Resources"].as_object() else { return found };
    for (name, resource) in resources {
        walk(resource, &mut |text| {
            for (what, is_there) in [
                ("a partition", text.contains("arn:aws:") || text.contains(".amazonaws.com/")),
                ("a region", text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').any(is_region)),
                ("an account", text.split(|c: char| !c.is_ascii_digit()).any(|digits| digits.len() == 12)),
            ] {
                if is_there {
                    let message = format!("`{text}` names {what}: use a pseudo parameter");
                    found.push(Finding { rule: "R2", resource: name.clone(), message });
                }
            }
        });
    }
    found
}

/// Returns whether a word is a region's name: `eu-central-1`.
fn is_region(word: &str) -> bool {
    let parts: Vec<&str> = word.split('-').collect();
    let [area, place, number] = parts.as_slice() else { return false };
    let is_letters =
        |text: &str, least: usize| text.len() >= least && text.bytes().all(|byte| byte.is_ascii_lowercase());
    area.len() == 2 && is_letters(area, 2) && is_letters(place, 4) && number.len() == 1 && number.parse::<u8>().is_ok()
}

/// Finds references to what is not there: removed, misspelled, or switched off.
pub fn dangling(stack: &Stack, found: &mut Findings) {
    let names: BTreeSet<&str> = stack.all().map(|(name, _)| name).collect();
    for (name, resource) in stack.all() {
        walk(resource, &mut |text| {
            for reference in text.split("${").skip(1).filter_map(|rest| rest.split('}').next()) {
                let to = reference.split('.').next().unwrap_or(reference);
                let is_known = names.contains(to) || to.starts_with("AWS::") || stack.list(to).is_some();
                found.unless(is_known, "R1", name, format!("refers to `{to}`, which is not there"));
            }
        });
    }
}

fn walk(value: &Value, visit: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => visit(text),
        Value::Array(values) => values.iter().for_each(|value| walk(value, visit)),
        Value::Object(fields) => fields.values().for_each(|value| walk(value, visit)),
        _ => {}
    }
}
