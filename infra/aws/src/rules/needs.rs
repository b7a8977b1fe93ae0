//! `P`: the template gives each function what `calls.json` says that it needs, and nothing more.

use super::Findings;
use super::queues::consumers;
use crate::Stack;
use crate::calls::{Call, Calls, capitalized};
use crate::model::texts;
use crate::policy::{Grant, grants, place, role_of};
use serde_json::json;
use std::collections::BTreeSet;

/// What variables that name a resource must be.
const VALUES: &[(&str, &str)] = &[
    ("GREENROOM_INBOX_BUCKET", "${InboxBucket}"),
    ("GREENROOM_STORE_BUCKET", "${StoreBucket}"),
    ("GREENROOM_TABLE", "${Table}"),
    ("GREENROOM_LEDGER_TABLE", "${LedgerTable}"),
    ("GREENROOM_INGEST_QUEUE_URL", "${IngestQueue}"),
    ("GREENROOM_RESIZE_QUEUE_URL", "${ResizeQueue}"),
    ("GREENROOM_CAPTION_QUEUE_URL", "${CaptionQueue}"),
    ("GREENROOM_TAG_QUEUE_URL", "${TagQueue}"),
    ("GREENROOM_SETTLE_QUEUE_URL", "${SettleQueue}"),
    ("GREENROOM_CONSOLE_SECRET", "${ConsoleSecret}"),
    ("GREENROOM_UPLOAD_ORIGIN", "https://${InboxBucket}.s3.${AWS::Region}.${AWS::URLSuffix}"),
    (
        "GREENROOM_QUEUES",
        "ingest=${IngestQueue}=${IngestDeadQueue},resize=${ResizeQueue}=${ResizeDeadQueue},\
         caption=${CaptionQueue}=${CaptionDeadQueue},tag=${TagQueue}=${TagDeadQueue},settle=${SettleQueue}=${SettleDeadQueue}",
    ),
];

const FUNCTION: &str = "AWS::Lambda::Function";

pub fn check(stack: &Stack, calls: &Calls, found: &mut Findings) {
    for (name, function) in stack.of(FUNCTION) {
        let short = name.trim_end_matches("Function").to_lowercase();
        let variables = function["Environment"]["Variables"].as_object();
        let set: BTreeSet<&str> = variables.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
        let read = calls.environment(&short);
        for variable in read.difference(&set) {
            found.add("P1", name, format!("the code reads `{variable}`, and it is not set"));
        }
        for (variable, value) in variables.into_iter().flatten() {
            let right = VALUES.iter().find(|(name, _)| name == variable).map(|(_, value)| *value);
            found.unless(right.is_none_or(|right| value == right), "P5", name, format!("`{variable}` is {value}"));
        }
        for variable in set.difference(&read) {
            found.add("P1", name, format!("`{variable}` is set, and no code reads it"));
        }
        check_grants(stack, calls, name, &short, found);
    }
    for name in calls.functions() {
        let is_there = stack.get(FUNCTION, &format!("{}Function", capitalized(name))).is_some();
        found.unless(is_there, "P2", name, "`calls.json` has a function that the template has not");
    }
}

fn check_grants(stack: &Stack, calls: &Calls, function: &str, short: &str, found: &mut Findings) {
    let role = role_of(stack, function);
    let mut granted: BTreeSet<Call> = BTreeSet::new();
    for grant in grants(stack).iter().filter(|grant| Some(grant.role) == role) {
        let Some(places) = places_of(grant) else {
            found.add("P4", function, format!("allows {:?} under a condition that is not known here", grant.actions));
            continue;
        };
        for action in &grant.actions {
            granted.extend(places.iter().map(|place| ((*action).to_owned(), place.clone())));
        }
    }
    let mut needed = calls.own(short);
    needed.extend(calls.platform("every", short));
    if consumers(stack).values().any(|consumer| *consumer == function) {
        needed.extend(calls.platform("queue", short));
    }
    if has_key(stack) {
        needed.extend(calls.platform("key", short));
    }
    for (action, place) in needed.difference(&granted) {
        found.add("P3", function, format!("calls `{action}` on `{place}`, and its role does not allow it"));
    }
    for (action, place) in granted.difference(&needed) {
        found.add("P2", function, format!("its role allows `{action}` on `{place}`, and no call needs it"));
    }
}

/// Returns where a statement's actions are allowed; `None` under a condition that might never hold.
fn places_of(grant: &Grant<'_>) -> Option<Vec<String>> {
    // The customer-managed key is a parameter: its place is the parameter's name.
    let one = |resource: &&str| if resource.contains(":kms:") { "KmsKeyArn".to_owned() } else { place(resource) };
    let places: Vec<String> = grant.resources.iter().map(one).collect();
    if grant.condition.is_null() {
        return Some(places);
    }
    let partitions = texts(&grant.condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]);
    let is_known = *grant.condition == json!({"ForAllValues:StringLike": {"dynamodb:LeadingKeys": partitions}});
    let within = |place: &String| partitions.iter().map(|keys| format!("{place}/{keys}")).collect::<Vec<_>>();
    is_known.then(|| places.iter().flat_map(within).collect())
}

fn has_key(stack: &Stack) -> bool {
    stack.of("AWS::SQS::Queue").any(|(_, queue)| queue["KmsMasterKeyId"].is_string())
}
