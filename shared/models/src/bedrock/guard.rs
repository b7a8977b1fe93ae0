//! ApplyGuardrail: content there, findings back.

use super::error::model_error;
use crate::book::{Consumption, ModelSpec};
use crate::exchange::{Exchanged, Judged};
use crate::guard::thousandths;
use crate::{
    Action, Class, Effect, Finding, GuardPart, GuardRequest, ImageFormat, ModelError, ModelResult, Policy, Source,
    Strength,
};
use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::error::BuildError;
use aws_sdk_bedrockruntime::operation::RequestId;
use aws_sdk_bedrockruntime::types::{
    GuardrailAction, GuardrailAssessment, GuardrailContentBlock, GuardrailContentFilterConfidence,
    GuardrailContentQualifier, GuardrailContentSource, GuardrailImageBlock, GuardrailImageFormat, GuardrailImageSource,
    GuardrailTextBlock, GuardrailUsage,
};
use aws_smithy_types::Blob;

pub(super) async fn exchange(
    client: &Client,
    spec: &ModelSpec,
    request: &GuardRequest,
) -> ModelResult<Exchanged<Judged>> {
    let malformed =
        |error: BuildError| ModelError::of(Class::Permanent, &spec.id, "malformed_request", error.to_string());
    let source = match request.source {
        Source::Input => GuardrailContentSource::Input,
        Source::Output => GuardrailContentSource::Output,
    };
    let mut content = Vec::new();
    for part in &request.parts {
        content.push(block(spec, part)?.map_err(malformed)?);
    }
    let call = client.apply_guardrail().guardrail_identifier(&spec.model).source(source).set_content(Some(content));
    let call = call.guardrail_version(spec.version.as_deref().unwrap_or("DRAFT"));
    let output = call.send().await.map_err(|error| model_error(&spec.id, error))?;
    let request_id = output.request_id().map(str::to_owned);
    let consumption = output.usage().map(consumption).unwrap_or_default();
    let judged = Judged {
        // What is neither is not known, and what is not known is not let through.
        action: if output.action == GuardrailAction::None { Action::None } else { Action::Intervened },
        findings: output.assessments.iter().flat_map(findings).collect(),
        replacements: output.outputs.into_iter().filter_map(|output| output.text).collect(),
    };
    Ok(Exchanged::new(judged, consumption, request_id))
}

fn block(spec: &ModelSpec, part: &GuardPart) -> ModelResult<Result<GuardrailContentBlock, BuildError>> {
    let text = |text: &str, qualifier: Option<GuardrailContentQualifier>| {
        let block = GuardrailTextBlock::builder().text(text);
        block.set_qualifiers(qualifier.map(|qualifier| vec![qualifier])).build().map(GuardrailContentBlock::Text)
    };
    Ok(match part {
        GuardPart::Text(words) => text(words, None),
        GuardPart::GroundingSource(words) => text(words, Some(GuardrailContentQualifier::GroundingSource)),
        GuardPart::Query(words) => text(words, Some(GuardrailContentQualifier::Query)),
        GuardPart::Image(image) => {
            let format = match image.format {
                ImageFormat::Jpeg => GuardrailImageFormat::Jpeg,
                ImageFormat::Png => GuardrailImageFormat::Png,
                ImageFormat::Gif | ImageFormat::Webp => {
                    let message = format!("guardrails judge PNG and JPEG, not {}", image.format.name());
                    return Err(ModelError::of(Class::Unavailable, &spec.id, "no_such_format", message));
                }
            };
            let source = GuardrailImageSource::Bytes(Blob::new(image.bytes.to_vec()));
            GuardrailImageBlock::builder().format(format).source(source).build().map(GuardrailContentBlock::Image)
        }
    })
}

/// Words and patterns cost nothing (Amazon Bedrock pricing, "Guardrails"); every other policy counts its own units.
fn consumption(usage: &GuardrailUsage) -> Consumption {
    let units = [
        usage.topic_policy_units,
        usage.content_policy_units,
        usage.sensitive_information_policy_units,
        usage.contextual_grounding_policy_units,
        usage.automated_reasoning_policy_units.unwrap_or_default(),
    ];
    let count = |number: i32| u64::try_from(number).unwrap_or_default();
    Consumption {
        text_units: units.into_iter().map(count).sum(),
        images: count(usage.content_policy_image_units.unwrap_or_default()),
        ..Consumption::default()
    }
}

/// Every policy has an action of its own type, with the same names.
fn effect(action: &str) -> Effect {
    match action {
        "NONE" => Effect::Reported,
        "ANONYMIZED" => Effect::Masked,
        _ => Effect::Blocked,
    }
}

fn findings(assessment: &GuardrailAssessment) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut found = |policy: Policy, action: &str| findings.push(Finding { policy, effect: effect(action) });
    for topic in assessment.topic_policy().map(|policy| policy.topics()).unwrap_or_default() {
        found(Policy::Topic { name: topic.name.clone() }, topic.action.as_str());
    }
    for filter in assessment.content_policy().map(|policy| policy.filters()).unwrap_or_default() {
        let category = filter.r#type.as_str().to_owned();
        let strength = strength(&filter.confidence);
        found(Policy::Content { category, strength, score_thousandths: None }, filter.action.as_str());
    }
    if let Some(words) = assessment.word_policy() {
        for word in words.custom_words() {
            found(Policy::Word { text: word.r#match.clone(), list: None }, word.action.as_str());
        }
        for word in words.managed_word_lists() {
            let list = Some(word.r#type.as_str().to_owned());
            found(Policy::Word { text: word.r#match.clone(), list }, word.action.as_str());
        }
    }
    if let Some(personal) = assessment.sensitive_information_policy() {
        for entity in personal.pii_entities() {
            let (kind, text) = (entity.r#type.as_str().to_owned(), entity.r#match.clone());
            found(Policy::PersonalData { kind, text }, entity.action.as_str());
        }
        for pattern in personal.regexes() {
            let kind = pattern.name.clone().unwrap_or_else(|| "pattern".to_owned());
            let text = pattern.r#match.clone().unwrap_or_default();
            found(Policy::PersonalData { kind, text }, pattern.action.as_str());
        }
    }
    for filter in assessment.contextual_grounding_policy().map(|policy| policy.filters()).unwrap_or_default() {
        let policy = Policy::Grounding {
            kind: filter.r#type.as_str().to_owned(),
            score_thousandths: thousandths(filter.score),
            threshold_thousandths: thousandths(filter.threshold),
        };
        found(policy, filter.action.as_str());
    }
    if assessment.automated_reasoning_policy().is_some_and(|policy| !policy.findings().is_empty()) {
        found(Policy::Other { name: "automated reasoning".to_owned() }, "NONE");
    }
    findings
}

fn strength(confidence: &GuardrailContentFilterConfidence) -> Strength {
    match confidence {
        GuardrailContentFilterConfidence::None => Strength::None,
        GuardrailContentFilterConfidence::Low => Strength::Low,
        GuardrailContentFilterConfidence::Medium => Strength::Medium,
        _ => Strength::High,
    }
}
