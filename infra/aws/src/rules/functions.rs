//! `F`: how functions run.

use super::{Findings, number};
use crate::Stack;
use crate::model::target;
use serde_json::Value;

/// The profile that is shipped: its limits are promises that the function must be able to keep.
const PROFILE: &str = include_str!("../../../../shared/asset/src/profile/default.toml");
/// Beside the pixels there are the runtime, the original and the outputs.
const MEMORY_MARGIN_MB: f64 = 512.0;
/// Reading the original and writing the outputs, or asking a model; the claim on a task expires after as much.
const TIME_MARGIN_S: f64 = 60.0;

/// Functions that decode pictures.
const DECODERS: [&str; 3] = ["CaptionFunction", "ResizeFunction", "TagFunction"];

pub fn check(stack: &Stack, found: &mut Findings) {
    for (name, function) in stack.of("AWS::Lambda::Function") {
        let runs = function["Runtime"] == "provided.al2023" && function["Handler"] == "bootstrap";
        found.unless(runs, "F1", name, "is a program named `bootstrap` on `provided.al2023`");
        found.unless(function["Architectures"] == serde_json::json!(["arm64"]), "F1", name, "runs on arm64");
        check_logs(stack, name, function, found);
        let package = format!("{}.zip", name.trim_end_matches("Function").to_lowercase());
        found.unless(function["Code"]["S3Key"] == package.as_str(), "F6", name, format!("is made of `{package}`"));
        let says = number(&function["Timeout"]).is_some() && number(&function["MemorySize"]).is_some();
        found.unless(says, "F3", name, "does not say its Timeout and MemorySize");
        let timeout = number(&function["Timeout"]).unwrap_or(3.0);
        found.unless((1.0..=900.0).contains(&timeout), "F3", name, "the timeout is not within 1 to 900 s");
        found.unless(function["TracingConfig"]["Mode"] == "Active", "F4", name, "is not traced");
    }
    for (name, function) in DECODERS.iter().filter_map(|name| Some((*name, stack.get("AWS::Lambda::Function", name)?)))
    {
        let timeout = number(&function["Timeout"]).unwrap_or(3.0);
        let needed = limit("max_time_ms") / 1000.0 + TIME_MARGIN_S;
        found.unless(timeout >= needed, "F5", name, format!("the profile's `max_time_ms` needs {needed} s"));
        let memory = number(&function["MemorySize"]).unwrap_or(128.0);
        let needed = limit("max_memory_bytes") / 1_048_576.0 + MEMORY_MARGIN_MB;
        found.unless(memory >= needed, "F5", name, format!("the profile's `max_memory_bytes` needs {needed} MB"));
    }
}

fn check_logs(stack: &Stack, name: &str, function: &Value, found: &mut Findings) {
    let group = target(&function["LoggingConfig"]["LogGroup"]);
    let group = group.and_then(|group| stack.get("AWS::Logs::LogGroup", group));
    let days = group.and_then(|group| number(&group["RetentionInDays"]));
    found.unless(days.is_some(), "F2", name, "its logs are kept for ever: give it a log group with RetentionInDays");
    found.unless(function["LoggingConfig"]["LogFormat"] == "JSON", "F2", name, "its logs are not JSON");
}

/// Reads a number from the shipped profile.
fn limit(name: &str) -> f64 {
    let value = PROFILE.lines().find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix('='));
    let value = value.map(|value| value.split('#').next().unwrap_or(value).trim().replace('_', ""));
    // A limit that is not found is one that no function keeps.
    value.and_then(|value| value.parse().ok()).unwrap_or(f64::INFINITY)
}
