//! `X`: who may write, overwrite and delete what. The invariants of ARCHITECTURE.md, as far as policies can hold them.

use super::Findings;
use super::queues::consumers;
use crate::Stack;
use crate::calls::Calls;
use crate::model::{items, target, texts};
use crate::policy::{Grant, covers, grants, place, role_of, sample, statements};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const MANIFEST: &str = "StoreBucket/assets/x/manifest.json";
/// The only function that writes manifests and deletes.
const WRITER: &str = "SettleFunction";
/// What nothing may delete: everything else can be made again from it.
const PRECIOUS: [&str; 6] = [
    "StoreBucket/assets/x/versions/x/original",
    "StoreBucket/assets/x/facts/arrivals/x.json",
    "StoreBucket/assets/x/facts/verdicts/x.json",
    "StoreBucket/assets/x/given/x.vtt",
    "StoreBucket/assets/x/manifest.json",
    "InboxBucket/x",
];
/// Services whose calls are paid by the word, the minute or the picture.
const PAID: [&str; 6] = ["bedrock", "sagemaker", "transcribe", "translate", "rekognition", "polly"];

pub fn check(stack: &Stack, calls: &Calls, found: &mut Findings) {
    let grants = grants(stack);
    check_loops(stack, &grants, found);
    let writer = role_of(stack, WRITER);
    for grant in &grants {
        let is_writer = Some(grant.role) == writer;
        for place in grant.resources.iter().map(|resource| place(resource)) {
            if grant.allows("s3:PutObject") && !is_writer && covers(&place, MANIFEST) {
                found.add("X2", grant.role, format!("may write manifests by `{place}`: only settle may"));
            }
            if grant.actions.iter().any(|action| action.starts_with("s3:DeleteObject")) {
                let precious = PRECIOUS.iter().find(|key| covers(&place, key));
                found.unless(precious.is_none(), "X5", grant.role, format!("may delete `{}`", precious.unwrap_or(&"")));
                found.unless(is_writer, "X5", grant.role, format!("may delete `{place}`: only settle cleans up"));
            }
            if grant.allows("s3:PutObject") && place.starts_with("StoreBucket/") {
                check_condition(stack, grant.role, &place, found);
            }
        }
    }
    for (function, _) in stack.of("AWS::Lambda::Function") {
        check_models(stack, calls, function, &grants, found);
    }
}

/// No function that an upload sets in motion, directly or through queues, may upload.
fn check_loops(stack: &Stack, grants: &[Grant<'_>], found: &mut Findings) {
    for (_, rule) in stack.of("AWS::Events::Rule") {
        let buckets: Vec<&str> =
            items(&rule["EventPattern"]["detail"]["bucket"]["name"]).into_iter().filter_map(target).collect();
        let mut pending: Vec<String> =
            items(&rule["Targets"]).into_iter().filter_map(|to| target(&to["Arn"])).map(str::to_owned).collect();
        let (consumers, mut seen) = (consumers(stack), BTreeSet::new());
        while let Some(queue) = pending.pop() {
            let Some(function) = consumers.get(queue.as_str()).filter(|_| seen.insert(queue.clone())) else { continue };
            for grant in grants.iter().filter(|grant| Some(grant.role) == role_of(stack, function)) {
                let places: Vec<String> = grant.resources.iter().map(|resource| place(resource)).collect();
                if grant.allows("sqs:SendMessage") {
                    pending.extend(places.iter().cloned());
                }
                for bucket in &buckets {
                    let feeds = grant.allows("s3:PutObject") && places.iter().any(|place| place.starts_with(*bucket));
                    found.unless(
                        !feeds,
                        "X1",
                        function,
                        format!("may write to `{bucket}`, whose events set it in motion"),
                    );
                }
            }
        }
    }
}

/// Every place of the store that a role writes to is guarded by the bucket: created once, or swapped.
fn check_condition(stack: &Stack, role: &str, place: &str, found: &mut Findings) {
    let key = sample(place);
    let swaps = covers(place, MANIFEST);
    let (rule, needed) = if swaps {
        ("X4", json!({"s3:if-match": "true", "s3:if-none-match": "true"}))
    } else {
        ("X3", json!({"s3:if-none-match": "true"}))
    };
    let is_guarded = statements(stack, "AWS::S3::BucketPolicy").any(|(_, statement)| guards(statement, &key, &needed));
    let how = if swaps { "read the one that is there" } else { "create it" };
    found.unless(
        is_guarded,
        rule,
        role,
        format!("the bucket lets it overwrite `{place}`: deny writes that do not {how}"),
    );
}

fn guards(statement: &Value, key: &str, needed: &Value) -> bool {
    statement["Effect"] == "Deny"
        && statement["Principal"] == "*"
        && texts(&statement["Action"]).contains(&"s3:PutObject")
        && texts(&statement["Resource"]).iter().any(|resource| covers(&place(resource), key))
        // Any further condition would narrow what is denied.
        && statement["Condition"] == json!({"Null": needed, "Bool": {"s3:ObjectCreationOperation": "true"}})
}

fn check_models(stack: &Stack, calls: &Calls, function: &str, grants: &[Grant<'_>], found: &mut Findings) {
    let name = function.trim_end_matches("Function").to_lowercase();
    for grant in grants.iter().filter(|grant| Some(grant.role) == role_of(stack, function)) {
        for action in &grant.actions {
            let is_paid = action.split(':').next().is_some_and(|service| PAID.contains(&service));
            found.unless(
                !is_paid || calls.is_paid(&name),
                "X6",
                function,
                format!("may call `{action}` and is no paid function"),
            );
        }
    }
}
