//! Everything in the template, taken away piece by piece: a rule must miss it, or somebody must have said why none
//! does.

use crate::template::{TEMPLATE, calls};
use serde_json::Value;

/// Removals that no rule notices, by the end of the pointer, with the reason.
const UNNOTICED: &[(&[&str], &str)] = &[
    (
        &[
            "/Sid",
            "/Id",
            "/Name",
            "/PolicyName",
            "/AlarmDescription",
            "/Description",
            "/Tags",
            "/Tags/0",
            "/Key",
            "/Value",
        ],
        WORDS,
    ),
    (LINTED, "the linter notices: CloudFormation requires it"),
    (DEFAULTS, "a default, or a matter of taste, spelled out"),
];

const WORDS: &str = "words for people";

/// Seen once each with cfn-lint 1.58.0, on 2026-11-23.
const LINTED: &[&str] = &[
    "/Type",
    "/Budget/Properties/Budget",
    "/BudgetLimit",
    "/BudgetLimit/Amount",
    "/BudgetLimit/Unit",
    "/BudgetType",
    "/TimeUnit",
    "/Notification/ComparisonOperator",
    "/SubscriptionType",
    "/OriginAccessControlOriginType",
    "/SigningProtocol",
    "/ConsoleDomainMapping/Properties/Stage",
    "/FlexibleTimeWindow",
    "/FlexibleTimeWindow/Mode",
];

const DEFAULTS: &[&str] = &[
    "/AllowedMethods",
    "/AllowedMethods/0",
    "/AllowedMethods/1",
    "/Compress",
    "/HttpVersion",
    "/IPV6Enabled",
    "/PriceClass",
    "/ApplicationLogLevel",
    "/SystemLogLevel",
    "/CorsRules/0/MaxAge",
    "/Table/DeletionPolicy",
    "/Table/UpdateReplacePolicy",
    // Written by `expand.py`: `sam deploy` knows the bucket.
    "/Code/S3Bucket",
];

#[test]
fn nothing_can_be_taken_away_unnoticed() {
    let calls = calls();
    let mut all = Vec::new();
    pointers(&TEMPLATE["Resources"], "/Resources", &mut all);
    let is_noticed = |pointer: &String| {
        let findings = stack::check(&without(pointer), &calls);
        findings.is_err() || findings.is_ok_and(|findings| !findings.is_empty())
    };
    let (noticed, silent): (Vec<&String>, Vec<&String>) = all.iter().partition(|pointer| is_noticed(pointer));
    let ends: Vec<&str> = UNNOTICED.iter().flat_map(|(ends, _)| ends.iter().copied()).collect();
    println!("{} pieces taken away, {} noticed by rules, {} known", all.len(), noticed.len(), silent.len());
    let unknown: Vec<_> = silent.iter().filter(|pointer| !ends.iter().any(|end| pointer.ends_with(end))).collect();
    assert!(unknown.is_empty(), "nobody notices when these are taken away: {unknown:#?}");
    let unused: Vec<_> = ends.iter().filter(|end| !silent.iter().any(|pointer| pointer.ends_with(**end))).collect();
    assert!(unused.is_empty(), "said to be unnoticed, and noticed: {unused:?}");
}

/// Collects a pointer to every field and list item below a value.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    let escape = |name: &str| name.replace('~', "~0").replace('/', "~1");
    let below: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(name, value)| (escape(name), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    for (name, value) in below {
        // A reference is one piece.
        if name != "Ref" && !name.starts_with("Fn::") {
            let pointer = format!("{at}/{name}");
            pointers(value, &pointer, found);
            found.push(pointer);
        }
    }
}

/// Returns the template without one piece.
fn without(pointer: &str) -> Value {
    let mut template = TEMPLATE.clone();
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer has a slash");
    match template.pointer_mut(parent).expect("it is there") {
        Value::Object(fields) => drop(fields.remove(&name.replace("~1", "/").replace("~0", "~"))),
        Value::Array(items) => drop(items.remove(name.parse().expect("an index"))),
        _ => unreachable!("only fields and items have pointers"),
    }
    template
}
