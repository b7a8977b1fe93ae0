//! `Q`: queues, their dead letters, and the mappings that feed functions from them.

use super::{Findings, number};
use crate::Stack;
use crate::model::{target, texts};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const QUEUE: &str = "AWS::SQS::Queue";
pub const MAPPING: &str = "AWS::Lambda::EventSourceMapping";
const FUNCTION: &str = "AWS::Lambda::Function";
const TWELVE_HOURS: f64 = 43_200.0;
const TWO_WEEKS: f64 = 1_209_600.0;

/// Queues that hold dead letters: named by a redrive policy, or by a target as its dead-letter queue.
pub fn dead_queues(stack: &Stack) -> BTreeSet<&str> {
    let mut dead: BTreeSet<&str> =
        stack.of(QUEUE).filter_map(|(_, queue)| target(&queue["RedrivePolicy"]["deadLetterTargetArn"])).collect();
    for (_, resource) in stack.all() {
        collect_dead(resource, &mut dead);
    }
    dead
}

fn collect_dead<'a>(value: &'a Value, dead: &mut BTreeSet<&'a str>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                if key == "DeadLetterConfig" {
                    dead.extend(target(&value["Arn"]));
                }
                collect_dead(value, dead);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| collect_dead(value, dead)),
        _ => {}
    }
}

/// Which function each queue feeds.
pub fn consumers(stack: &Stack) -> BTreeMap<&str, &str> {
    let mut consumers = BTreeMap::new();
    for (_, mapping) in stack.of(MAPPING) {
        let queue = target(&mapping["EventSourceArn"]).filter(|queue| stack.get(QUEUE, queue).is_some());
        if let (Some(queue), Some(function)) = (queue, target(&mapping["FunctionName"])) {
            consumers.insert(queue, function);
        }
    }
    consumers
}

pub fn check(stack: &Stack, found: &mut Findings) {
    check_dead_letters(stack, found);
    for (name, mapping) in stack.of(MAPPING) {
        let queue = target(&mapping["EventSourceArn"]).and_then(|queue| Some((queue, stack.get(QUEUE, queue)?)));
        match queue {
            Some((queue, properties)) => check_mapping(stack, name, mapping, queue, properties, found),
            None => check_stream(name, mapping, found),
        }
    }
}

fn check_dead_letters(stack: &Stack, found: &mut Findings) {
    let (dead, consumers) = (dead_queues(stack), consumers(stack));
    let mut taken = BTreeSet::new();
    for (name, queue) in stack.of(QUEUE) {
        let is_encrypted = queue["SqsManagedSseEnabled"] == true || queue["KmsMasterKeyId"].is_string();
        found.unless(is_encrypted, "S4", name, "is not encrypted: set SqsManagedSseEnabled or KmsMasterKeyId");
        let keeps = number(&queue["MessageRetentionPeriod"]).unwrap_or(345_600.0);
        if dead.contains(name) {
            found.unless(
                keeps >= TWO_WEEKS,
                "Q4",
                name,
                "dead letters are kept for less than the 14 days that SQS offers",
            );
            found.unless(
                !consumers.contains_key(name),
                "Q1",
                name,
                "a function consumes dead letters: nobody would see them",
            );
            continue;
        }
        found.unless(consumers.contains_key(name), "Q9", name, "nobody consumes it");
        let policy = &queue["RedrivePolicy"];
        match target(&policy["deadLetterTargetArn"]) {
            None => found.add("Q1", name, "has no dead-letter queue: a bad message would come back until it expires"),
            Some(dead) if dead == name || !taken.insert(dead) => {
                found.add("Q1", name, format!("shares the dead-letter queue `{dead}`: give it one of its own"));
            }
            Some(dead) => found.unless(stack.get(QUEUE, dead).is_some(), "Q1", name, format!("`{dead}` is no queue")),
        }
        let receives = number(&policy["maxReceiveCount"]).unwrap_or(0.0);
        found.unless(
            receives >= 5.0,
            "Q3",
            name,
            "maxReceiveCount is under 5: throttling alone would fill the dead letters",
        );
    }
}

fn check_mapping(stack: &Stack, name: &str, mapping: &Value, queue: &str, properties: &Value, found: &mut Findings) {
    let is_partial = texts(&mapping["FunctionResponseTypes"]).contains(&"ReportBatchItemFailures");
    found.unless(is_partial, "Q5", name, "one failure would repeat the whole batch: report ReportBatchItemFailures");
    let concurrency = number(&mapping["ScalingConfig"]["MaximumConcurrency"]);
    let is_bounded = concurrency.is_some_and(|most| (2.0..=1000.0).contains(&most));
    found.unless(is_bounded, "Q6", name, "MaximumConcurrency is missing or not within 2 to 1000");
    let window = number(&mapping["MaximumBatchingWindowInSeconds"]).unwrap_or(0.0);
    let batch = number(&mapping["BatchSize"]);
    let is_sound = batch.is_some_and(|batch| batch <= 10.0 || window > 0.0);
    found.unless(is_sound, "Q7", name, "say the BatchSize; one of more than 10 needs a batching window");
    let function = target(&mapping["FunctionName"]).and_then(|function| stack.get(FUNCTION, function));
    let timeout = function.and_then(|function| number(&function["Timeout"])).unwrap_or(3.0);
    let visibility = number(&properties["VisibilityTimeout"]).unwrap_or(30.0);
    let needed = 6.0 * timeout + window;
    found.unless(
        visibility >= needed,
        "Q2",
        queue,
        format!("VisibilityTimeout is {visibility} s and must be six times the function's timeout: {needed} s"),
    );
    found.unless(visibility <= TWELVE_HOURS, "Q2", queue, "VisibilityTimeout is over the 12 hours that SQS allows");
}

fn check_stream(name: &str, mapping: &Value, found: &mut Findings) {
    let is_bounded = number(&mapping["MaximumRetryAttempts"]).is_some_and(|attempts| attempts >= 0.0)
        && mapping["BisectBatchOnFunctionError"] == true
        && mapping["DestinationConfig"].is_object();
    found.unless(is_bounded, "Q8", name, "a stream needs bounded retries, bisecting, and a destination for failures");
}
