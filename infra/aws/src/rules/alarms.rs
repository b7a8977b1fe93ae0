//! `A`: somebody hears of dead letters and of what waits too long.

use super::Findings;
use super::queues::dead_queues;
use crate::Stack;
use crate::model::{items, target};
use serde_json::Value;

pub fn check(stack: &Stack, found: &mut Findings) {
    let dead = dead_queues(stack);
    for (name, _) in stack.of("AWS::SQS::Queue") {
        let (rule, metric) = match dead.contains(name) {
            true => ("A1", "ApproximateNumberOfMessagesVisible"),
            false => ("A2", "ApproximateAgeOfOldestMessage"),
        };
        let is_watched = stack.of("AWS::CloudWatch::Alarm").any(|(_, alarm)| watches(alarm, name, metric));
        found.unless(is_watched, rule, name, format!("no alarm watches its `{metric}`"));
    }
    for (name, alarm) in stack.of("AWS::CloudWatch::Alarm") {
        let topics: Vec<&str> = items(&alarm["AlarmActions"]).into_iter().filter_map(target).collect();
        let is_heard = topics.iter().any(|topic| stack.get("AWS::SNS::Topic", topic).is_some());
        found.unless(is_heard, "A3", name, "tells no topic");
        let is_calm = alarm["TreatMissingData"] == "notBreaching";
        found.unless(is_calm, "A3", name, "rings while there is nothing to measure: TreatMissingData is notBreaching");
        let is_up = alarm["ComparisonOperator"] == "GreaterThanThreshold";
        found.unless(is_up, "A3", name, "does not ring when its metric rises");
    }
}

fn watches(alarm: &Value, queue: &str, metric: &str) -> bool {
    let is_of = |dimension: &&Value| dimension["Name"] == "QueueName" && target(&dimension["Value"]) == Some(queue);
    alarm["Namespace"] == "AWS/SQS" && alarm["MetricName"] == metric && items(&alarm["Dimensions"]).iter().any(is_of)
}
