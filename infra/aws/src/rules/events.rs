//! `E`: events and schedules reach their queue, or the queue for what could not be delivered.

use super::queues::consumers;
use super::{Findings, number};
use crate::Stack;
use crate::model::{items, target, texts};
use crate::policy::{grants, place, statements};
use serde_json::{Value, json};

const QUEUE: &str = "AWS::SQS::Queue";
const HOUR: f64 = 3600.0;

pub fn check(stack: &Stack, found: &mut Findings) {
    for (name, rule) in stack.of("AWS::Events::Rule") {
        for to in items(&rule["Targets"]) {
            check_target(name, to, found);
            let queues = [target(&to["Arn"]), target(&to["DeadLetterConfig"]["Arn"])];
            for queue in queues.into_iter().flatten().filter(|queue| stack.get(QUEUE, queue).is_some()) {
                let may = may_rule_send(stack, name, queue);
                found.unless(may, "E2", name, format!("no queue policy lets this rule send to `{queue}`"));
            }
        }
        check_bucket_rule(stack, name, &rule["EventPattern"], found);
        let is_heard = items(&rule["Targets"]).iter().any(|to| is_consumed(stack, to));
        found.unless(is_heard, "E10", name, "its events reach no function");
    }
    found.unless(stack.of("AWS::Events::Rule").next().is_some(), "E10", "stack", "no rule brings the inbox's events");
    let schedules: Vec<(&str, &Value)> = stack.of("AWS::Scheduler::Schedule").collect();
    for (name, schedule) in &schedules {
        check_target(name, &schedule["Target"], found);
        check_schedule(stack, name, schedule, found);
    }
    for scope in ["due", "all"] {
        let message = format!("{{\"sweep\":\"{scope}\"}}");
        let is_sent = schedules.iter().any(|(_, schedule)| schedule["Target"]["Input"] == message.as_str());
        found.unless(is_sent, "E8", "schedules", format!("nothing sends `{message}`: lost messages would stay lost"));
    }
}

fn check_target(name: &str, to: &Value, found: &mut Findings) {
    let has_dead = to["DeadLetterConfig"]["Arn"].is_string();
    found.unless(has_dead, "E1", name, "what cannot be delivered is dropped: name a DeadLetterConfig");
    let age = number(&to["RetryPolicy"]["MaximumEventAgeInSeconds"]).unwrap_or(0.0);
    let retries = number(&to["RetryPolicy"]["MaximumRetryAttempts"]).unwrap_or(0.0);
    let is_patient = age >= HOUR && retries >= 1.0;
    found.unless(is_patient, "E5", name, "does not say that it retries, and for an hour or more");
}

fn is_consumed(stack: &Stack, to: &Value) -> bool {
    target(&to["Arn"]).is_some_and(|queue| consumers(stack).contains_key(queue))
}

fn may_rule_send(stack: &Stack, rule: &str, queue: &str) -> bool {
    statements(stack, "AWS::SQS::QueuePolicy").any(|(policy, statement)| {
        let attached = stack.get("AWS::SQS::QueuePolicy", policy).map(|policy| texts(&policy["Queues"]));
        let is_attached = attached.is_some_and(|queues| queues.iter().any(|one| place(one) == queue));
        is_attached
            && statement["Effect"] == "Allow"
            && statement["Principal"]["Service"] == "events.amazonaws.com"
            && texts(&statement["Action"]).contains(&"sqs:SendMessage")
            && texts(&statement["Resource"]).iter().any(|one| place(one) == queue)
            && target(&statement["Condition"]["ArnEquals"]["aws:SourceArn"]) == Some(rule)
    })
}

fn check_bucket_rule(stack: &Stack, name: &str, pattern: &Value, found: &mut Findings) {
    found.unless(texts(&pattern["source"]) == ["aws.s3"], "E3", name, "anybody's events pass for the bucket's");
    let names = items(&pattern["detail"]["bucket"]["name"]);
    let buckets: Vec<&str> = names.into_iter().filter_map(target).collect();
    found.unless(!buckets.is_empty(), "E3", name, "takes the events of every bucket in the account: name one");
    for bucket in buckets {
        let sends = stack.get("AWS::S3::Bucket", bucket).is_some_and(|bucket| {
            bucket["NotificationConfiguration"]["EventBridgeConfiguration"]["EventBridgeEnabled"] == true
        });
        found.unless(sends, "E4", name, format!("`{bucket}` does not send its events to EventBridge"));
    }
    let kinds = texts(&pattern["detail-type"]);
    let takes_both = ["Object Created", "Object Deleted"].iter().all(|kind| kinds.contains(kind));
    found.unless(takes_both, "E9", name, "must take `Object Created` and `Object Deleted`");
    let changes = json!([
        {"reason": [{"anything-but": "Lifecycle Expiration"}]},
        {"deletion-type": ["Delete Marker Created"]},
    ]);
    let is_exact = pattern["detail"]["$or"] == changes;
    found.unless(is_exact, "E11", name, "takes the end of old versions, by the bucket's lifecycle, for deletions");
}

fn check_schedule(stack: &Stack, name: &str, schedule: &Value, found: &mut Findings) {
    let is_heard = target(&schedule["Target"]["Arn"]) == Some("SettleQueue") && is_consumed(stack, &schedule["Target"]);
    found.unless(is_heard, "E10", name, "does not reach settle");
    let expression = schedule["ScheduleExpression"].as_str().unwrap_or_default();
    found.unless(minutes_of_rate(expression).is_some(), "E6", name, format!("`{expression}` is no `rate(…)`"));
    let role = target(&schedule["Target"]["RoleArn"]);
    let to = [target(&schedule["Target"]["Arn"]), target(&schedule["Target"]["DeadLetterConfig"]["Arn"])];
    for queue in to.into_iter().flatten() {
        let may = grants(stack).iter().any(|grant| {
            Some(grant.role) == role
                && grant.allows("sqs:SendMessage")
                && grant.resources.iter().any(|resource| place(resource) == queue)
        });
        found.unless(may, "E7", name, format!("its role may not send to `{queue}`"));
    }
}

/// Returns the minutes in `rate(15 minutes)`.
pub fn minutes_of_rate(expression: &str) -> Option<f64> {
    let (count, unit) = expression.strip_prefix("rate(")?.strip_suffix(')')?.split_once(' ')?;
    let count: u32 = count.parse().ok().filter(|count| *count > 0)?;
    let is_plural = unit.ends_with('s');
    let minutes = match unit.trim_end_matches('s') {
        "minute" => 1.0,
        "hour" => 60.0,
        "day" => 1440.0,
        _ => return None,
    };
    // EventBridge refuses `rate(1 days)` and `rate(2 day)`.
    (is_plural == (count != 1)).then(|| f64::from(count) * minutes)
}

#[cfg(test)]
mod tests {
    use super::minutes_of_rate;

    #[test]
    fn rates_are_read_as_eventbridge_reads_them() {
        assert_eq!(minutes_of_rate("rate(15 minutes)"), Some(15.0));
        assert_eq!(minutes_of_rate("rate(1 day)"), Some(1440.0));
        assert_eq!(minutes_of_rate("rate(1 days)"), None);
        assert_eq!(minutes_of_rate("every 15 minutes"), None);
    }
}
