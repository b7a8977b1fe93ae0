//! `H`: the console's API is throttled and logged, and its token stays secret.

use super::{Findings, number};
use crate::Stack;
use crate::model::target;
use serde_json::Value;

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
        let is_logged = log["DestinationArn"].is_string() && log["Format"].is_string();
        found.unless(is_logged, "H2", name, "has no access log");
        let format = log["Format"].as_str().unwrap_or_default().to_ascii_lowercase();
        let leaks = ["querystring", "authorization", "cookie", "rawpath"].iter().any(|word| format.contains(word));
        found.unless(!leaks, "H3", name, "the access log would hold the token");
    }
    if let Some((api, properties)) = stack.of("AWS::ApiGatewayV2::Api").next() {
        found.unless(properties["ProtocolType"] == "HTTP", "H5", api, "is no HTTP API");
        found.unless(leads_to(stack, api, "ConsoleFunction"), "H5", api, "does not lead to the console's function");
        check_domain(stack, api, properties, found);
    } else {
        found.add("H5", "stack", "nothing leads to the console");
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

/// Whether requests come through: stage, route, integration, and the function's permission.
fn leads_to(stack: &Stack, api: &str, function: &str) -> bool {
    let of_api = |properties: &Value| target(&properties["ApiId"]) == Some(api);
    let is_staged = stack
        .of("AWS::ApiGatewayV2::Stage")
        .any(|(_, stage)| of_api(stage) && stage["AutoDeploy"] == true && stage["StageName"] == "$default");
    let integration = stack.of("AWS::ApiGatewayV2::Integration").find(|(_, integration)| {
        of_api(integration)
            && integration["IntegrationType"] == "AWS_PROXY"
            && integration["PayloadFormatVersion"] == "2.0"
            && target(&integration["IntegrationUri"]) == Some(function)
    });
    let is_routed = stack.of("AWS::ApiGatewayV2::Route").any(|(_, route)| {
        let leads =
            integration.is_some_and(|(name, _)| route["Target"] == format!("integrations/${{{name}}}").as_str());
        of_api(route) && route["RouteKey"] == "$default" && leads
    });
    let is_let_in = stack.of("AWS::Lambda::Permission").any(|(_, permission)| {
        target(&permission["FunctionName"]) == Some(function)
            && permission["Principal"] == "apigateway.amazonaws.com"
            && permission["Action"] == "lambda:InvokeFunction"
            && permission["SourceArn"].as_str().is_some_and(|arn| arn.ends_with(&format!(":${{{api}}}/*")))
    });
    is_staged && is_routed && is_let_in
}

/// With a domain of its own the console is reached by it, and by nothing else.
fn check_domain(stack: &Stack, api: &str, properties: &Value, found: &mut Findings) {
    let domain = stack.parameter("ConsoleDomain");
    let is_closed = properties["DisableExecuteApiEndpoint"] == true;
    found.unless(domain.is_empty() != is_closed, "H6", api, "has one name: its own domain, or API Gateway's");
    let n_names = stack.of("AWS::ApiGatewayV2::DomainName").count();
    found.unless(domain.is_empty() == (n_names == 0), "H6", api, "has a domain name if, and only if, one was given");
    let mapping = stack.of("AWS::ApiGatewayV2::ApiMapping").find(|(_, mapping)| target(&mapping["ApiId"]) == Some(api));
    let mapped = mapping.and_then(|(_, mapping)| target(&mapping["DomainName"]));
    let named = mapped.and_then(|name| stack.get("AWS::ApiGatewayV2::DomainName", name));
    let is_named = named.is_some_and(|named| {
        let by = &named["DomainNameConfigurations"][0];
        named["DomainName"] == domain
            && by["CertificateArn"].is_string()
            && by["SecurityPolicy"] == "TLS_1_2"
            && by["EndpointType"] == "REGIONAL"
    });
    found.unless(
        domain.is_empty() != is_named,
        "H6",
        api,
        "its domain is mapped to it, with a certificate, over TLS 1.2",
    );
}
