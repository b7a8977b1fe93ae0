//! `A`: somebody hears of dead letters, of what waits too long, of a console that fails, and of functions that spend money
//! and end without an answer; a page shows how all of it is doing.

use super::queues::{MAPPING, dead_queues};
use super::{Findings, number};
use crate::Stack;
use crate::calls::Calls;
use crate::model::{items, target};
use serde_json::Value;

const API: &str = "AWS::ApiGatewayV2::Api";

const FUNCTION: &str = "AWS::Lambda::Function";

pub fn check(stack: &Stack, calls: &Calls, found: &mut Findings) {
    let dead = dead_queues(stack);
    for (name, _) in stack.of("AWS::SQS::Queue") {
        let is_dead = dead.contains(name);
        let (rule, metric) = if is_dead {
            ("A1", "ApproximateNumberOfMessagesVisible")
        } else {
            ("A2", "ApproximateAgeOfOldestMessage")
        };
        let is_watched = stack.of("AWS::CloudWatch::Alarm").any(|(_, alarm)| {
            // The first dead letter counts; everything else may wait a while.
            let is_sharp = number(&alarm["Threshold"]).is_some_and(|limit| (limit == 0.0) == is_dead);
            alarm["MetricName"] == metric
                && is_sharp
                && alarm["Statistic"] == "Maximum"
                && watches(alarm, "AWS/SQS", name)
        });
        found.unless(is_watched, rule, name, format!("no alarm watches the maximum of its `{metric}`"));
    }
    for (name, _) in stack.of(API) {
        let is_counted = is_counted(stack, "AWS/ApiGateway", "5xx", name);
        found.unless(is_counted, "A4", name, "no alarm counts its own failures (`5xx`)");
    }
    for (name, _) in stack.of(FUNCTION) {
        let is_paid = calls.is_paid(&name.trim_end_matches("Function").to_lowercase());
        // A queue tries again by itself; the console's failures are its API's, which A4 counts.
        let is_repeated = stack.of(MAPPING).any(|(_, mapping)| target(&mapping["FunctionName"]) == Some(name));
        let is_counted = !(is_paid && is_repeated) || is_counted(stack, "AWS/Lambda", "Errors", name);
        found.unless(is_counted, "A7", name, "no alarm counts its `Errors`, and every try may cost money");
    }
    for (name, alarm) in stack.of("AWS::CloudWatch::Alarm") {
        check_alarm(stack, name, alarm, found);
    }
    check_dashboard(stack, found);
}

fn is_counted(stack: &Stack, namespace: &str, metric: &str, resource: &str) -> bool {
    stack.of("AWS::CloudWatch::Alarm").any(|(_, alarm)| {
        let counts = alarm["Statistic"] == "Sum" && number(&alarm["Threshold"]).is_some();
        alarm["MetricName"] == metric && counts && watches(alarm, namespace, resource)
    })
}

fn watches(alarm: &Value, namespace: &str, resource: &str) -> bool {
    let dimension = match namespace {
        "AWS/SQS" => "QueueName",
        "AWS/Lambda" => "FunctionName",
        _ => "ApiId",
    };
    let is_of = |one: &&Value| one["Name"] == dimension && target(&one["Value"]) == Some(resource);
    alarm["Namespace"] == namespace && items(&alarm["Dimensions"]).iter().any(is_of)
}

fn check_alarm(stack: &Stack, name: &str, alarm: &Value, found: &mut Findings) {
    let is_topic = |topic: &&Value| target(topic).is_some_and(|topic| stack.get("AWS::SNS::Topic", topic).is_some());
    for actions in ["AlarmActions", "OKActions"] {
        let tells = items(&alarm[actions]).iter().any(is_topic);
        found.unless(tells, "A3", name, format!("its {actions} tell no topic"));
    }
    let is_calm = alarm["TreatMissingData"] == "notBreaching";
    found.unless(is_calm, "A3", name, "rings while there is nothing to measure: TreatMissingData is notBreaching");
    let is_up = alarm["ComparisonOperator"] == "GreaterThanThreshold";
    found.unless(is_up, "A3", name, "does not ring when its metric rises");
    let period = number(&alarm["Period"]).unwrap_or(0.0) * number(&alarm["EvaluationPeriods"]).unwrap_or(0.0);
    found.unless(
        (60.0..=900.0).contains(&period),
        "A3",
        name,
        "rings after some minutes, not at once and not much later",
    );
}

fn check_dashboard(stack: &Stack, found: &mut Findings) {
    let bodies: String = stack
        .of("AWS::CloudWatch::Dashboard")
        .filter_map(|(_, dashboard)| dashboard["DashboardBody"].as_str())
        .collect();
    for kind in ["AWS::SQS::Queue", FUNCTION, API] {
        for (name, _) in stack.of(kind) {
            let is_shown = bodies.contains(&format!("${{{name}}}")) || bodies.contains(&format!("${{{name}."));
            found.unless(is_shown, "A5", name, "is on no dashboard");
        }
    }
}
