//! `H`: the console's API is throttled and logged, and its token stays secret.

use super::{Findings, number};
use crate::Stack;

/// HTTP APIs wait for 30 s and not longer.
const MOST_S: f64 = 29.0;

pub fn check(stack: &Stack, found: &mut Findings) {
    for (name, stage) in stack.of("AWS::ApiGatewayV2::Stage") {
        let limits = &stage["DefaultRouteSettings"];
        let is_throttled = ["ThrottlingRateLimit", "ThrottlingBurstLimit"]
            .iter()
            .all(|limit| number(&limits[limit]).is_some_and(|limit| limit > 0.0));
        found.unless(is_throttled, "H1", name, "is not throttled: anybody can spend your money");
        let log = &stage["AccessLogSettings"];
        found.unless(log["DestinationArn"].is_string(), "H2", name, "has no access log");
        let format = log["Format"].as_str().unwrap_or_default().to_ascii_lowercase();
        let leaks = ["querystring", "authorization", "cookie", "rawpath"].iter().any(|word| format.contains(word));
        found.unless(!leaks, "H3", name, "the access log would hold the token");
    }
    for (name, group) in stack.of("AWS::Logs::LogGroup") {
        found.unless(number(&group["RetentionInDays"]).is_some(), "F2", name, "keeps its logs for ever");
    }
    if let Some(console) = stack.get("AWS::Lambda::Function", "ConsoleFunction") {
        let timeout = number(&console["Timeout"]).unwrap_or(3.0);
        found.unless(timeout <= MOST_S, "H4", "ConsoleFunction", "outlives the API's patience of 30 s");
    }
    for (name, secret) in stack.of("AWS::SecretsManager::Secret") {
        let length = number(&secret["GenerateSecretString"]["PasswordLength"]).unwrap_or(0.0);
        found.unless(length >= 32.0, "K1", name, "is not generated, or shorter than 32 characters");
        found.unless(secret["SecretString"].is_null(), "K1", name, "has a value that is written down");
        // It becomes a part of a link and of a header.
        let is_plain = secret["GenerateSecretString"]["ExcludePunctuation"] == true;
        found.unless(is_plain, "K1", name, "would have characters that links do not carry");
    }
}
