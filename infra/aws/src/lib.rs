//! What runs on AWS: the template `template.yaml` (SAM), expanded by `expand.py`, and the rules that it is held to.
//!
//! The rules look at what no linter knows: which queue feeds which function, who may write where, what a month of
//! nothing costs. Each has an id; each was shown to catch a fault that somebody planted (`tests/suite/faults.rs`).

mod bedrock;
mod calls;
mod model;
mod policy;
mod rules;

pub use bedrock::model_arns;
pub use calls::{Call, Calls};
pub use model::Stack;
pub use policy::{Grant, place};
pub use rules::money::{Idle, idle};

use serde_json::Value;

/// A rule that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// `Q2`, `X1`: the heads of the files in `rules` say what they are about.
    pub rule: &'static str,
    /// The logical name of what is wrong.
    pub resource: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} {}: {}", self.rule, self.resource, self.message)
    }
}

/// Parameter values that differ from the defaults, by name: a template with switches is as many templates as it has
/// settings.
const SETTINGS: [&[(&str, &str)]; 2] = [
    &[],
    &[
        ("KmsKeyArn", "arn:aws:kms:eu-central-1:111122223333:key/example"),
        ("ConsoleDomain", "console.example.com"),
        ("ConsoleCertificateArn", "arn:aws:acm:eu-central-1:111122223333:certificate/console"),
        ("DeliveryDomain", "pictures.example.com"),
        ("DeliveryCertificateArn", "arn:aws:acm:us-east-1:111122223333:certificate/delivery"),
        ("AlarmEmail", "somebody@example.com"),
        ("PointInTimeRecovery", "true"),
    ],
];

/// Checks an expanded template under every setting. No finding: every rule holds.
///
/// # Errors
/// If the template has something that the model does not know.
pub fn check(template: &Value, calls: &Calls) -> Result<Vec<Finding>, String> {
    let mut findings = rules::literals::check(template);
    for setting in SETTINGS {
        findings.extend(rules::check(&Stack::new(template, setting)?, calls));
    }
    findings.sort();
    findings.dedup();
    Ok(findings)
}
