//! `I`: one role per function, explicit actions on explicit resources, no open door.

use super::Findings;
use super::queues::consumers;
use crate::Stack;
use crate::model::{items, target, texts};
use crate::policy::{Grant, grants, place, role_of, statements};
use serde_json::Value;
use std::collections::BTreeMap;

/// Actions that know no resources: they are allowed on `*`, alone, or never work at all.
const WITHOUT_RESOURCES: [&str; 7] = [
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    "cloudwatch:PutMetricData",
    "sqs:ListQueues",
    "s3:ListAllMyBuckets",
    "translate:TranslateText",
    "transcribe:StartTranscriptionJob",
];

/// Of these, the ones that reach far enough to need a condition.
const NEED_A_CONDITION: [&str; 3] = ["iam:PassRole", "transcribe:StartTranscriptionJob", "cloudwatch:PutMetricData"];

const FUNCTION: &str = "AWS::Lambda::Function";

pub fn check(stack: &Stack, found: &mut Findings) {
    check_roles(stack, found);
    check_versions(stack, found);
    let grants = grants(stack);
    for grant in &grants {
        check_grant(grant, found);
    }
    check_queue_urls(stack, &grants, found);
    check_consumption(stack, &grants, found);
    for kind in ["AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy"] {
        for (name, statement) in statements(stack, kind).filter(|(_, statement)| statement["Effect"] == "Allow") {
            check_resource_policy(name, statement, found);
        }
    }
    for (name, permission) in stack.of("AWS::Lambda::Permission") {
        found.unless(permission["SourceArn"].is_string(), "I5", name, "lets a whole service in: name its SourceArn");
        found.unless(permission["Principal"] != "*", "I4", name, "lets everybody in");
    }
}

fn check_roles(stack: &Stack, found: &mut Findings) {
    let mut owners: BTreeMap<&str, &str> = BTreeMap::new();
    for (function, _) in stack.of(FUNCTION) {
        match role_of(stack, function).filter(|role| stack.get("AWS::IAM::Role", role).is_some()) {
            None => found.add("I1", function, "has no role of its own in this template"),
            Some(role) => {
                if let Some(other) = owners.insert(role, function) {
                    found.add("I1", function, format!("shares the role `{role}` with `{other}`"));
                }
            }
        }
    }
    for (name, role) in stack.of("AWS::IAM::Role") {
        let has_managed = !items(&role["ManagedPolicyArns"]).is_empty();
        found.unless(!has_managed, "I2", name, "has a managed policy: AWS's own allow receiving from every queue");
        let wanted = if owners.contains_key(name) { "lambda.amazonaws.com" } else { "scheduler.amazonaws.com" };
        let trust = items(&role["AssumeRolePolicyDocument"]["Statement"]);
        found.unless(trust.len() == 1, "I10", name, "is taken by one statement");
        for statement in trust {
            let assumes = statement["Effect"] == "Allow" && statement["Action"] == "sts:AssumeRole";
            found.unless(assumes, "I10", name, "its trust allows `sts:AssumeRole` and nothing else");
            let services = texts(&statement["Principal"]["Service"]);
            found.unless(services == [wanted], "I10", name, format!("is to be taken by `{wanted}` and nobody else"));
            if wanted == "scheduler.amazonaws.com" {
                let group = target(&statement["Condition"]["StringEquals"]["aws:SourceArn"]);
                let is_ours = group.is_some_and(|group| schedules_are_in(stack, group));
                found.unless(is_ours, "I10", name, "any schedule of any account could take it: name aws:SourceArn");
            }
        }
    }
}

fn schedules_are_in(stack: &Stack, group: &str) -> bool {
    stack.of("AWS::Scheduler::Schedule").all(|(_, schedule)| target(&schedule["GroupName"]) == Some(group))
}

/// Without a version, a policy is read by the rules of 2008.
fn check_versions(stack: &Stack, found: &mut Findings) {
    for (name, resource) in stack.all() {
        let properties = &resource["Properties"];
        let inline = items(&properties["Policies"]).into_iter().map(|policy| &policy["PolicyDocument"]);
        let own = [&properties["AssumeRolePolicyDocument"], &properties["PolicyDocument"]];
        for document in inline.chain(own).filter(|document| !document.is_null()) {
            found.unless(document["Version"] == "2012-10-17", "I11", name, "a policy of it has no version");
        }
    }
}

fn check_grant(grant: &Grant<'_>, found: &mut Findings) {
    let role = grant.role;
    for action in &grant.actions {
        found.unless(!action.contains('*'), "I3", role, format!("allows `{action}`: name every action"));
        let is_without = WITHOUT_RESOURCES.contains(action);
        let is_everywhere = grant.resources.contains(&"*");
        found.unless(is_without || !is_everywhere, "I3", role, format!("allows `{action}` on everything"));
        found.unless(
            !is_without || is_everywhere,
            "I6",
            role,
            format!("`{action}` knows no resources: denied on any but `*`"),
        );
        let is_conditional = grant.condition.is_object();
        let needs = NEED_A_CONDITION.contains(action);
        found.unless(!needs || is_conditional, "I7", role, format!("`{action}` needs a condition"));
    }
    for resource in grant.resources.iter().filter(|resource| resource.len() > 1) {
        let is_named = resource.starts_with("${") || resource.starts_with("arn:");
        found.unless(is_named, "I3", role, format!("`{resource}` is no resource of this stack"));
    }
}

/// A variable with a queue's address is a promise to send there, or to give messages back.
fn check_queue_urls(stack: &Stack, grants: &[Grant<'_>], found: &mut Findings) {
    for (name, function) in stack.of(FUNCTION) {
        let role = role_of(stack, name);
        let Some(variables) = function["Environment"]["Variables"].as_object() else { continue };
        for (variable, value) in variables.iter().filter(|(variable, _)| variable.ends_with("_QUEUE_URL")) {
            let queue = target(value).unwrap_or_default();
            let may_send = |grant: &&Grant<'_>| {
                Some(grant.role) == role
                    && (grant.allows("sqs:SendMessage") || grant.allows("sqs:ChangeMessageVisibility"))
                    && grant.resources.iter().any(|resource| place(resource) == queue)
            };
            found.unless(
                grants.iter().any(|grant| may_send(&grant)),
                "I8",
                name,
                format!("`{variable}` names `{queue}`, and its role may not send there"),
            );
        }
    }
}

fn check_consumption(stack: &Stack, grants: &[Grant<'_>], found: &mut Findings) {
    let consumers = consumers(stack);
    for (function, _) in stack.of(FUNCTION) {
        let mut expected: Vec<String> =
            consumers.iter().filter(|(_, by)| **by == function).map(|(queue, _)| (*queue).to_owned()).collect();
        let mut allowed: Vec<String> = grants
            .iter()
            .filter(|grant| Some(grant.role) == role_of(stack, function) && grant.allows("sqs:ReceiveMessage"))
            .flat_map(|grant| grant.resources.iter().map(|resource| place(resource)))
            .collect();
        expected.sort();
        allowed.sort();
        found.unless(
            allowed == expected,
            "I9",
            function,
            format!("may receive from {allowed:?} and is fed from {expected:?}"),
        );
    }
}

fn check_resource_policy(name: &str, statement: &Value, found: &mut Findings) {
    let principal = &statement["Principal"];
    let is_open = *principal == "*" || texts(&principal["AWS"]).contains(&"*");
    found.unless(!is_open, "I4", name, "lets everybody in");
    if principal["Service"].is_string() || principal["Service"].is_array() {
        let condition = statement["Condition"].to_string().to_ascii_lowercase();
        found.unless(
            condition.contains("aws:sourcearn"),
            "I5",
            name,
            "lets a whole service in: name its aws:SourceArn",
        );
    }
}
