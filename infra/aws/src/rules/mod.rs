//! The rules, a file per family. Each function takes a stack with its switches set and returns what does not hold.

mod access;
mod alarms;
mod buckets;
mod delivery;
mod events;
mod functions;
mod http;
pub mod literals;
mod models;
pub mod money;
mod needs;
mod queues;
mod table;
mod writes;

use crate::calls::Calls;
use crate::{Finding, Stack};

/// Returns what does not hold.
pub fn check(stack: &Stack, calls: &Calls) -> Vec<Finding> {
    let mut found = Findings::default();
    queues::check(stack, &mut found);
    buckets::check(stack, &mut found);
    access::check(stack, &mut found);
    events::check(stack, &mut found);
    writes::check(stack, calls, &mut found);
    models::check(stack, &mut found);
    functions::check(stack, &mut found);
    alarms::check(stack, calls, &mut found);
    http::check(stack, &mut found);
    delivery::check(stack, &mut found);
    money::check(stack, &mut found);
    table::check(stack, &mut found);
    needs::check(stack, calls, &mut found);
    literals::dangling(stack, &mut found);
    found.0
}

#[derive(Default)]
pub struct Findings(Vec<Finding>);

impl Findings {
    /// Notes that a rule does not hold.
    pub fn add(&mut self, rule: &'static str, resource: &str, message: impl Into<String>) {
        self.0.push(Finding { rule, resource: resource.to_owned(), message: message.into() });
    }

    /// Notes it unless `holds`.
    pub fn unless(&mut self, holds: bool, rule: &'static str, resource: &str, message: impl Into<String>) {
        if !holds {
            self.add(rule, resource, message);
        }
    }
}

/// A number, also where a parameter gave it as text.
pub fn number(value: &serde_json::Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

/// A truth value, also where a parameter gave it as text.
pub fn is_true(value: &serde_json::Value) -> bool {
    *value == true || *value == "true"
}

/// Whether a resource stays when its stack is deleted, or another one takes its place.
pub fn outlives_its_stack(resource: &serde_json::Value) -> bool {
    let is_kept = resource["DeletionPolicy"] == "Retain" || resource["DeletionPolicy"] == "RetainExceptOnCreate";
    is_kept && resource["UpdateReplacePolicy"] == "Retain"
}
