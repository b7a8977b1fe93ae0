//! ApplyGuardrail by the rules of the script: words, topics, content, personal data, grounding.

use super::reply::Fault;
use super::script::Script;
use super::{Ask, MARK};
use regex_lite::Regex;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::HashSet;

/// What a guardrail of the script looks for, besides its blocked words.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GuardrailRules {
    pub topics: Vec<TopicRule>,
    pub filters: Vec<FilterRule>,
    pub personal_data: Vec<PatternRule>,
    /// A text has to share at least this part of its longer words with its source.
    pub grounding_threshold: Option<f64>,
}

/// A topic is found where one of its words is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopicRule {
    pub name: String,
    pub words: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilterRule {
    /// `HATE`, `PROMPT_ATTACK`…
    pub category: String,
    pub words: Vec<String>,
    /// `LOW`, `MEDIUM` or `HIGH`.
    pub confidence: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PatternRule {
    /// `EMAIL`, `PHONE`…
    pub kind: String,
    pub pattern: String,
    /// Whether it is masked in the text instead of blocking it.
    #[serde(default)]
    pub mask: bool,
}

/// What is judged, and what it is judged by.
struct Content {
    text: String,
    source: String,
    n_images: usize,
}

pub(super) fn apply(ask: &Ask<'_>, script: &Script) -> Result<Value, Fault> {
    let content = content(ask.body)?;
    let rules = &script.guardrail;
    let lower = content.text.to_lowercase();
    let holds = |words: &[String]| words.iter().any(|word| lower.contains(&word.to_lowercase()));
    let words: Vec<_> = script.blocked_words.iter().filter(|word| lower.contains(&word.to_lowercase())).collect();
    let topics: Vec<_> = rules.topics.iter().filter(|topic| holds(&topic.words)).collect();
    let filters: Vec<_> = rules.filters.iter().filter(|filter| holds(&filter.words)).collect();
    let (personal, masked, has_blocked_data) = personal(&content.text, &rules.personal_data)?;
    let grounding = rules.grounding_threshold.filter(|_| !content.source.is_empty());
    let grounding = grounding.map(|threshold| (threshold, shared(&content.text, &content.source)));
    let is_ungrounded = grounding.is_some_and(|(threshold, score)| score < threshold);
    let is_blocked =
        !words.is_empty() || !topics.is_empty() || !filters.is_empty() || has_blocked_data || is_ungrounded;

    let mut assessment = Map::new();
    let mut put = |name: &str, value: Value| drop(assessment.insert(name.to_owned(), value));
    let blocked = |mut found: Value| {
        found["action"] = "BLOCKED".into();
        found["detected"] = true.into();
        found
    };
    if !words.is_empty() {
        let words: Vec<_> = words.iter().map(|word| blocked(json!({"match": word}))).collect();
        put("wordPolicy", json!({"customWords": words, "managedWordLists": []}));
    }
    if !topics.is_empty() {
        let topics: Vec<_> = topics.iter().map(|topic| blocked(json!({"name": topic.name, "type": "DENY"}))).collect();
        put("topicPolicy", json!({"topics": topics}));
    }
    if !filters.is_empty() {
        let filter = |rule: &&FilterRule| {
            blocked(json!({"type": rule.category, "confidence": rule.confidence, "filterStrength": "HIGH"}))
        };
        put("contentPolicy", json!({"filters": filters.iter().map(filter).collect::<Vec<_>>()}));
    }
    if !personal.is_empty() {
        put("sensitiveInformationPolicy", json!({"piiEntities": personal, "regexes": []}));
    }
    if let Some((threshold, score)) = grounding {
        let action = if is_ungrounded { "BLOCKED" } else { "NONE" };
        let filter = json!({
            "type": "GROUNDING", "threshold": threshold, "score": score, "action": action, "detected": is_ungrounded,
        });
        put("contextualGroundingPolicy", json!({"filters": [filter]}));
    }
    let n_found = assessment.len();
    let outputs = match (is_blocked, masked) {
        (true, _) => json!([{"text": format!("{MARK} blocked")}]),
        (false, Some(masked)) => json!([{"text": masked}]),
        (false, None) => json!([]),
    };
    let has_intervened = outputs.as_array().is_some_and(|outputs| !outputs.is_empty());
    Ok(json!({
        "usage": usage(&content, script),
        "action": if has_intervened { "GUARDRAIL_INTERVENED" } else { "NONE" },
        "actionReason": format!("{MARK} {n_found} policies found something"),
        "outputs": outputs,
        "assessments": if n_found > 0 { json!([assessment]) } else { json!([]) },
    }))
}

fn content(body: &Value) -> Result<Content, Fault> {
    let invalid = |message: &str| Fault::new("ValidationException", message);
    let blocks = body["content"].as_array().filter(|blocks| !blocks.is_empty());
    let Some(blocks) = blocks.filter(|_| matches!(body["source"].as_str(), Some("INPUT" | "OUTPUT"))) else {
        return Err(invalid("`source` and `content` are required"));
    };
    let (mut texts, mut sources, mut n_images) = (Vec::new(), Vec::new(), 0);
    for block in blocks {
        let qualifiers = block["text"]["qualifiers"].as_array().map(Vec::as_slice).unwrap_or_default();
        let is = |name: &str| qualifiers.iter().any(|qualifier| qualifier == name);
        match block["text"]["text"].as_str() {
            Some(text) if is("grounding_source") => sources.push(text),
            Some(_) if is("query") => {}
            Some(text) => texts.push(text),
            None if block["image"]["source"]["bytes"].is_string() => n_images += 1,
            None => return Err(invalid("a block has neither a text nor an image")),
        }
    }
    Ok(Content { text: texts.join("\n"), source: sources.join("\n"), n_images })
}

/// Returns what was found, the text with what is masked, and whether something blocks.
fn personal(text: &str, rules: &[PatternRule]) -> Result<(Vec<Value>, Option<String>, bool), Fault> {
    let (mut found, mut masked, mut is_blocked) = (Vec::new(), None, false);
    for PatternRule { kind, pattern, mask } in rules {
        let invalid = |why: regex_lite::Error| {
            Fault::new("ValidationException", format!("{MARK} `{pattern}` is no pattern: {why}"))
        };
        let regex = Regex::new(pattern).map_err(invalid)?;
        let action = if *mask { "ANONYMIZED" } else { "BLOCKED" };
        for there in regex.find_iter(text) {
            found.push(json!({"match": there.as_str(), "type": kind, "action": action, "detected": true}));
            is_blocked |= !mask;
        }
        if *mask && regex.is_match(text) {
            let before = masked.unwrap_or_else(|| text.to_owned());
            masked = Some(regex.replace_all(&before, format!("{{{kind}}}").as_str()).into_owned());
        }
    }
    Ok((found, masked, is_blocked))
}

/// Returns which part of a text's longer words is in the source.
fn shared(text: &str, source: &str) -> f64 {
    let words = |text: &str| -> HashSet<String> {
        let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| word.chars().count() > 3);
        words.map(str::to_lowercase).collect()
    };
    let (text, source) = (words(text), words(source));
    if text.is_empty() { 1.0 } else { text.intersection(&source).count() as f64 / text.len() as f64 }
}

/// Every policy that there is counts the text.
fn usage(content: &Content, script: &Script) -> Value {
    let rules = &script.guardrail;
    let units = |text: &str| (text.chars().count() as u64).div_ceil(1000);
    let of = |is_there: bool| if is_there { units(&content.text) } else { 0 };
    let is_grounded = rules.grounding_threshold.is_some() && !content.source.is_empty();
    json!({
        "topicPolicyUnits": of(!rules.topics.is_empty()),
        "contentPolicyUnits": of(!rules.filters.is_empty()),
        "contentPolicyImageUnits": if rules.filters.is_empty() { 0 } else { content.n_images },
        "wordPolicyUnits": of(!script.blocked_words.is_empty()),
        "sensitiveInformationPolicyUnits": of(!rules.personal_data.is_empty()),
        "sensitiveInformationPolicyFreeUnits": 0,
        "contextualGroundingPolicyUnits":
            if is_grounded { units(&content.text) + units(&content.source) } else { 0 },
    })
}
