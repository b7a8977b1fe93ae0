//! What roles may do, statement by statement, and what resource policies allow.

use crate::model::{Stack, items, target, texts};
use serde_json::Value;

/// One statement that allows something to a role.
pub struct Grant<'a> {
    /// The role's logical name.
    pub role: &'a str,
    pub actions: Vec<&'a str>,
    pub resources: Vec<&'a str>,
    pub condition: &'a Value,
}

impl Grant<'_> {
    pub fn allows(&self, action: &str) -> bool {
        self.actions.contains(&action)
    }
}

/// Returns what every role is allowed by its inline policies.
pub fn grants(stack: &Stack) -> Vec<Grant<'_>> {
    let mut grants = Vec::new();
    for (role, properties) in stack.of("AWS::IAM::Role") {
        for policy in items(&properties["Policies"]) {
            for statement in items(&policy["PolicyDocument"]["Statement"]) {
                if statement["Effect"] == "Allow" {
                    grants.push(Grant {
                        role,
                        actions: texts(&statement["Action"]),
                        resources: texts(&statement["Resource"]),
                        condition: &statement["Condition"],
                    });
                }
            }
        }
    }
    grants
}

/// Returns the statements of all resource policies of a type, each with the policy's logical name.
pub fn statements<'a>(stack: &'a Stack, kind: &'a str) -> impl Iterator<Item = (&'a str, &'a Value)> {
    let document = |properties: &'a Value| items(&properties["PolicyDocument"]["Statement"]);
    stack.of(kind).flat_map(move |(name, properties)| document(properties).into_iter().map(move |one| (name, one)))
}

/// Writes a resource the way `calls.json` does: `${StoreBucket.Arn}/made/*` is `StoreBucket/made/*`.
pub fn place(resource: &str) -> String {
    let Some((reference, keys)) = resource.strip_prefix("${").and_then(|rest| rest.split_once('}')) else {
        return resource.to_owned();
    };
    format!("{}{keys}", reference.strip_suffix(".Arn").unwrap_or(reference))
}

/// Returns whether a pattern names a key, as IAM takes it: a star stands for any characters, slashes too.
pub fn covers(pattern: &str, key: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else { return pattern == key };
    let Some(rest) = key.strip_prefix(head) else { return false };
    (0..=rest.len()).any(|end| rest.is_char_boundary(end) && covers(tail, &rest[end..]))
}

/// Returns a key that a pattern names.
pub fn sample(pattern: &str) -> String {
    pattern.replace('*', "x")
}

/// Returns the logical name of a function's role.
pub fn role_of<'a>(stack: &'a Stack, function: &str) -> Option<&'a str> {
    target(&stack.get("AWS::Lambda::Function", function)?["Role"])
}

#[cfg(test)]
mod tests {
    use super::{covers, place};

    #[test]
    fn stars_span_slashes() {
        assert!(covers("assets/*/facts/*", "assets/x/facts/arrivals/x"));
        assert!(covers("*", "assets/x/manifest.json"));
        assert!(covers("assets/*", "assets/x/manifest.json"));
        assert!(!covers("assets/*/facts/*", "assets/x/manifest.json"));
        assert!(!covers("made/*", "assets/x/manifest.json"));
    }

    #[test]
    fn places_are_short() {
        assert_eq!(place("${StoreBucket.Arn}/made/*"), "StoreBucket/made/*");
        assert_eq!(place("${ConsoleSecret}"), "ConsoleSecret");
        assert_eq!(place("*"), "*");
    }
}
