//! `B`: models are asked by name, and whoever asks counts.

use super::Findings;
use super::table::LEDGER;
use crate::Stack;
use crate::policy::{Grant, grants, place, role_of};

/// Converse is this action too; streams are asked for by nobody.
const ASK: &str = "bedrock:InvokeModel";

/// What keeps stars out of the names of models, whoever sets the parameter.
const PATTERN: &str = "^arn:[a-z-]+:bedrock:[a-z0-9*-]*:[0-9*]*:[a-z-]+/[A-Za-z0-9.:-]+$";

pub fn check(stack: &Stack, found: &mut Findings) {
    let grants = grants(stack);
    for (function, _) in stack.of("AWS::Lambda::Function") {
        let of_function = || grants.iter().filter(|grant| Some(grant.role) == role_of(stack, function));
        let list = function.replace("Function", "Models");
        let mut asks = false;
        for grant in of_function().filter(|grant| grant.actions.iter().any(|action| action.starts_with("bedrock:"))) {
            asks = true;
            found.unless(grant.actions == [ASK], "B1", function, format!("may ask models by `{ASK}` and nothing else"));
            let is_listed = grant.resources.len() == 1 && place(grant.resources[0]) == list;
            found.unless(
                is_listed,
                "B1",
                function,
                format!("may ask the models of the parameter `{list}` and no others"),
            );
        }
        if asks {
            let counts = of_function().any(counts);
            found.unless(counts, "B3", function, "may ask models and cannot write down what they cost");
            check_list(stack, &list, found);
        }
    }
}

fn counts(grant: &Grant<'_>) -> bool {
    let is_ledger = grant.resources.iter().any(|resource| place(resource) == LEDGER);
    is_ledger && ["dynamodb:PutItem", "dynamodb:UpdateItem"].iter().all(|action| grant.allows(action))
}

fn check_list(stack: &Stack, name: &str, found: &mut Findings) {
    let Some(list) = stack.list(name) else { return found.add("B2", name, "is no list of ARNs") };
    found.unless(list.pattern == PATTERN, "B2", name, "does not refuse the name of a model with a star");
    for value in &list.values {
        let is_one = value.starts_with("arn:") && value.split_once('/').is_some_and(|(_, name)| !name.contains('*'));
        found.unless(is_one, "B2", name, format!("`{value}` is not one model"));
    }
}
