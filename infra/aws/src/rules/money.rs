//! `M`: a month without uploads costs next to nothing.

use super::events::minutes_of_rate;
use super::table::LEDGER;
use super::{Findings, is_true, number};
use crate::Stack;
use crate::model::{items, target};
use serde_json::Value;

/// List prices in dollars (us-east-1), from memory on 2026-11-23: not verified, for there is no price list offline.
mod price {
    pub const ALARM_MONTH: f64 = 0.10;
    pub const DASHBOARD_MONTH: f64 = 3.00;
    pub const METRIC_MONTH: f64 = 0.30;
    pub const SECRET_MONTH: f64 = 0.40;
    pub const QUEUE_REQUEST: f64 = 0.40 / 1e6;
    pub const SCHEDULE_RUN: f64 = 1.00 / 1e6;
    pub const LAMBDA_REQUEST: f64 = 0.20 / 1e6;
    pub const LAMBDA_GB_SECOND: f64 = 0.000_013_333_4;
}

/// What AWS gives every account every month, from the same memory.
mod free {
    pub const ALARMS: f64 = 10.0;
    pub const DASHBOARDS: f64 = 3.0;
    pub const METRICS: f64 = 10.0;
    pub const QUEUE_REQUESTS: f64 = 1e6;
}

const MINUTES_PER_MONTH: f64 = 30.0 * 24.0 * 60.0;
/// An event source mapping keeps five long polls of 20 s open.
const POLLS_PER_MINUTE: f64 = 5.0 * 3.0;
/// A sweep of a store in which everything is ready.
const SWEEP_S: f64 = 0.2;
/// Metrics that a sweep writes into its log while nothing else happens: `done` and `latency` of settle.
const METRICS: f64 = 2.0;
/// A function with a queue costs half a dollar: its polls and three alarms.
const MOST_AT_LIST_PRICE: f64 = 7.0;
const MOST_AFTER_FREE: f64 = 2.0;

/// Resource types that cost by the hour, used or not.
const ALWAYS_ON: [&str; 9] = [
    "AWS::EC2::Instance",
    "AWS::EC2::NatGateway",
    "AWS::EC2::VPCEndpoint",
    "AWS::RDS::DBInstance",
    "AWS::RDS::DBCluster",
    "AWS::ElastiCache::ReplicationGroup",
    "AWS::OpenSearchService::Domain",
    "AWS::ECS::Service",
    "AWS::WAFv2::WebACL",
];

/// What a month without uploads costs.
#[derive(Clone, Copy, Debug)]
pub struct Idle {
    pub alarms: f64,
    pub dashboards: f64,
    pub secrets: f64,
    pub polls: f64,
    pub sweeps: f64,
    /// All of it at list prices, in dollars.
    pub at_list_price: f64,
    /// After what AWS gives every account.
    pub after_free: f64,
}

/// Counts what costs without being used.
pub fn idle(stack: &Stack) -> Idle {
    let count = |kind| stack.of(kind).count() as f64;
    let alarms = count("AWS::CloudWatch::Alarm");
    let dashboards = count("AWS::CloudWatch::Dashboard");
    let secrets = count("AWS::SecretsManager::Secret");
    let polls = count("AWS::Lambda::EventSourceMapping") * POLLS_PER_MINUTE * MINUTES_PER_MONTH;
    let rates = stack
        .of("AWS::Scheduler::Schedule")
        .filter_map(|(_, schedule)| minutes_of_rate(schedule["ScheduleExpression"].as_str()?));
    let sweeps: f64 = rates.map(|minutes| MINUTES_PER_MONTH / minutes).sum();
    let settle = stack.get("AWS::Lambda::Function", "SettleFunction");
    let gigabytes = settle.and_then(|settle| number(&settle["MemorySize"])).unwrap_or(128.0) / 1024.0;
    let per_sweep = price::SCHEDULE_RUN + price::LAMBDA_REQUEST + SWEEP_S * gigabytes * price::LAMBDA_GB_SECOND;
    let fixed = secrets * price::SECRET_MONTH + sweeps * per_sweep;
    let beyond = |count: f64, free: f64| (count - free).max(0.0);
    Idle {
        alarms,
        dashboards,
        secrets,
        polls,
        sweeps,
        at_list_price: fixed
            + alarms * price::ALARM_MONTH
            + dashboards * price::DASHBOARD_MONTH
            + METRICS * price::METRIC_MONTH
            + polls * price::QUEUE_REQUEST,
        after_free: fixed
            + beyond(alarms, free::ALARMS) * price::ALARM_MONTH
            + beyond(dashboards, free::DASHBOARDS) * price::DASHBOARD_MONTH
            + beyond(METRICS, free::METRICS) * price::METRIC_MONTH
            + beyond(polls, free::QUEUE_REQUESTS) * price::QUEUE_REQUEST,
    }
}

pub fn check(stack: &Stack, found: &mut Findings) {
    let idle = idle(stack);
    let is_cheap = idle.at_list_price <= MOST_AT_LIST_PRICE && idle.after_free <= MOST_AFTER_FREE;
    let (list, free) = (idle.at_list_price, idle.after_free);
    found.unless(
        is_cheap,
        "M1",
        "stack",
        format!("a month of nothing costs ${list:.2}, ${free:.2} after free allowances"),
    );
    for (name, resource) in stack.all() {
        let kind = resource["Type"].as_str().unwrap_or_default();
        found.unless(!ALWAYS_ON.contains(&kind), "M2", name, format!("`{kind}` costs by the hour, used or not"));
    }
    for (name, table) in stack.of("AWS::DynamoDB::Table") {
        let is_on_demand = table["BillingMode"] == "PAY_PER_REQUEST";
        found.unless(is_on_demand, "M2", name, "pays for capacity by the hour: use PAY_PER_REQUEST");
        let expires = name == LEDGER || is_true(&table["TimeToLiveSpecification"]["Enabled"]);
        found.unless(expires, "M2", name, "keeps expired claims for ever");
    }
    for (name, function) in stack.of("AWS::Lambda::Function") {
        let is_provisioned = !function["ProvisionedConcurrencyConfig"].is_null();
        found.unless(!is_provisioned, "M2", name, "keeps instances warm: they cost by the hour");
    }
    check_budget(stack, found);
}

/// Whoever hears of alarms hears of costs; without an address there is nobody to tell, and a budget without one is
/// refused.
fn check_budget(stack: &Stack, found: &mut Findings) {
    let address = stack.parameter("AlarmEmail");
    let is_subscribed = stack.of("AWS::SNS::Subscription").any(|(_, subscription)| {
        let topic = target(&subscription["TopicArn"]).and_then(|topic| stack.get("AWS::SNS::Topic", topic));
        topic.is_some() && subscription["Endpoint"] == address && subscription["Protocol"] == "email"
    });
    found.unless(
        is_subscribed != address.is_empty(),
        "A6",
        "stack",
        "alarms reach the address that was given, if one was",
    );
    let is_told = |notification: &&Value| {
        notification["Subscribers"][0]["Address"] == address && notification["Notification"]["Threshold"].is_number()
    };
    let kinds: Vec<&Value> = stack
        .of("AWS::Budgets::Budget")
        .flat_map(|(_, budget)| items(&budget["NotificationsWithSubscribers"]))
        .filter(is_told)
        .map(|notification| &notification["Notification"]["NotificationType"])
        .collect();
    let is_whole = kinds == ["ACTUAL", "FORECASTED"];
    let has_none = stack.of("AWS::Budgets::Budget").next().is_none();
    let is_right = if address.is_empty() { has_none } else { is_whole };
    found.unless(is_right, "M3", "stack", "a budget tells the address, if one was given, of actual and forecast costs");
}
