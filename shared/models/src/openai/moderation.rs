//! `/moderations`: harmful content by category, as a guard.

use super::wire::{data_uri, unreadable};
use crate::book::{Consumption, ModelSpec};
use crate::exchange::{Exchanged, Judged};
use crate::guard::thousandths;
use crate::{Action, Class, Effect, Finding, GuardPart, GuardRequest, ModelError, ModelResult, Policy, Strength};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// From which score on a category counts as surely and as probably there. The protocol has scores only; these steps are
/// ours.
const HIGH: u16 = 800;
const MEDIUM: u16 = 500;

pub(super) fn question(spec: &ModelSpec, request: &GuardRequest) -> ModelResult<String> {
    let mut input = Vec::new();
    for part in &request.parts {
        input.push(match part {
            GuardPart::Text(text) => json!({"type": "text", "text": text}),
            GuardPart::Image(image) => json!({"type": "image_url", "image_url": {"url": data_uri(image)}}),
            GuardPart::GroundingSource(_) | GuardPart::Query(_) => {
                let message = "the protocol cannot tell whether a text is grounded";
                return Err(ModelError::of(Class::Unavailable, &spec.id, "no_grounding", message));
            }
        });
    }
    // Older servers take a plain text only.
    let input = match &request.parts[..] {
        [GuardPart::Text(text)] => Value::from(text.as_str()),
        _ => Value::from(input),
    };
    Ok(json!({"model": spec.model, "input": input}).to_string())
}

#[derive(Deserialize)]
struct Answer {
    id: Option<String>,
    model: Option<String>,
    results: Vec<Verdict>,
}

#[derive(Deserialize)]
struct Verdict {
    flagged: bool,
    /// Categories that a model does not know are null.
    categories: BTreeMap<String, Option<bool>>,
    #[serde(default)]
    category_scores: BTreeMap<String, Option<f64>>,
}

pub(super) fn read(
    spec: &ModelSpec,
    request: &GuardRequest,
    body: &[u8],
    request_id: Option<String>,
) -> ModelResult<Exchanged<Judged>> {
    let answer: Answer = serde_json::from_slice(body).map_err(|error| unreadable(spec, body, error))?;
    if answer.results.is_empty() {
        return Err(unreadable(spec, body, "there is no result"));
    }
    let is_flagged = answer.results.iter().any(|result| result.flagged);
    let effect = if is_flagged { Effect::Blocked } else { Effect::Reported };
    let judged = Judged {
        action: if is_flagged { Action::Intervened } else { Action::None },
        findings: answer.results.iter().flat_map(|result| findings(result, effect)).collect(),
        replacements: Vec::new(),
    };
    let units = request.texts().map(|text| (text.chars().count() as u64).div_ceil(1000)).sum();
    let consumption =
        Consumption { text_units: units, images: request.images().count() as u64, ..Consumption::default() };
    Ok(Exchanged { model: answer.model, ..Exchanged::new(judged, consumption, request_id.or(answer.id)) })
}

fn findings(result: &Verdict, effect: Effect) -> Vec<Finding> {
    let is_there = |(category, there): (&String, &Option<bool>)| there.unwrap_or(false).then(|| category.clone());
    let finding = |category: String| {
        let score = result.category_scores.get(&category).copied().flatten().map(thousandths);
        let strength = match score {
            // Without a score there is only the yes.
            None | Some(HIGH..) => Strength::High,
            Some(MEDIUM..) => Strength::Medium,
            Some(_) => Strength::Low,
        };
        Finding { policy: Policy::Content { category, strength, score_thousandths: score }, effect }
    };
    result.categories.iter().filter_map(is_there).map(finding).collect()
}
