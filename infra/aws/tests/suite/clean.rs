//! The template as it is.

use crate::template::{TEMPLATE, calls};
use serde_json::json;
use stack::{Calls, Stack, check, idle};

#[test]
fn no_rule_is_broken() {
    let findings = check(&TEMPLATE, &calls()).expect("the model knows the template");
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "{} findings:\n{}", lines.len(), lines.join("\n"));
}

#[test]
fn a_month_of_nothing_costs_little() {
    let stack = Stack::new(&TEMPLATE, &[]).expect("the model knows the template");
    let idle = idle(&stack);
    println!(
        "idle: ${:.2} a month at list prices, ${:.2} after free allowances \
         ({} alarms, {} dashboards, {} secrets, {:.0} polls, {:.0} sweeps)",
        idle.at_list_price, idle.after_free, idle.alarms, idle.dashboards, idle.secrets, idle.polls, idle.sweeps
    );
    // Counted by hand, so that a model that counts nothing does not pass for a cheap stack.
    assert_eq!((idle.alarms, idle.dashboards, idle.secrets), (14.0, 1.0, 1.0));
    assert_eq!(idle.polls, 5.0 * 5.0 * 3.0 * 60.0 * 24.0 * 30.0);
    assert_eq!(idle.sweeps, 30.0 * 97.0);
}

#[test]
fn switches_change_what_is_there() {
    let count = |setting: &[(&str, &str)]| Stack::new(&TEMPLATE, setting).expect("known").all().count();
    let domain = [("ConsoleDomain", "a.example.com"), ("ConsoleCertificateArn", "arn:example")];
    assert_eq!(count(&domain), count(&[]) + 2, "the domain name and its mapping");
    assert_eq!(count(&[("AlarmEmail", "a@example.com")]), count(&[]) + 2, "the subscription and the budget");
}

#[test]
fn what_the_model_does_not_know_is_an_error() {
    let template = json!({"Resources": {"A": {"Type": "B", "Properties": {"C": {"Fn::Cidr": []}}}}});
    assert!(Stack::new(&template, &[]).is_err());
}

#[test]
fn a_call_without_a_reason_is_refused() {
    let text = r#"{"functions": {"ingest": {"calls": [{"actions": ["s3:GetObject"], "on": ["InboxBucket/*"]}]}}}"#;
    assert!(Calls::parse(text).is_err());
}

#[test]
fn a_call_that_no_policy_allows_is_found() {
    let text = include_str!("../../calls.json").replacen("sqs:SendMessage", "sns:Publish", 1);
    let calls = Calls::parse(&text).expect("still of the right form");
    let findings = check(&TEMPLATE, &calls).expect("the model knows the template");
    let rules: Vec<_> = findings.iter().map(|finding| (finding.rule, finding.resource.as_str())).collect();
    assert_eq!(rules, [("P2", "IngestFunction"), ("P3", "IngestFunction")]);
}
