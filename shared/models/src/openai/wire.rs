//! The bodies of OpenAI's protocol.

use crate::book::ModelSpec;
use crate::exchange::{Call, Exchanged, Reply, Shape, Stop};
use crate::{Class, Image, ModelError, ModelResult, Part, Role, Schema, StopReason, Usage};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

const TOOL: &str = "answer";

#[derive(Serialize)]
struct ChatBody<'a> {
    model: &'a str,
    messages: Vec<Value>,
    max_tokens: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    stop: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<ResponseFormat<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tools: Option<[Tool<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<Value>,
}

#[derive(Serialize)]
struct ResponseFormat<'a> {
    r#type: &'static str,
    json_schema: Definition<'a>,
}

#[derive(Serialize)]
struct Tool<'a> {
    r#type: &'static str,
    function: Definition<'a>,
}

/// The schema is sent as it was written: models write fields in its order.
#[derive(Serialize)]
struct Definition<'a> {
    name: &'a str,
    strict: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<&'a RawValue>,
}

pub(super) fn chat(call: &Call<'_>) -> String {
    let parameters = &call.request.parameters;
    let schema = call.request.schema.as_ref();
    let body = ChatBody {
        model: &call.spec.model,
        messages: messages(call),
        max_tokens: parameters.max_tokens,
        temperature: parameters.temperature_thousandths.map(|thousandths| f64::from(thousandths) / 1000.0),
        stop: &parameters.stop,
        response_format: schema.filter(|_| call.shape == Shape::Native).map(|schema| ResponseFormat {
            r#type: "json_schema",
            json_schema: Definition { name: schema.name(), strict: true, schema: raw(schema), parameters: None },
        }),
        tools: schema.filter(|_| call.shape == Shape::Tool).map(|schema| {
            let function = Definition { name: TOOL, strict: true, schema: None, parameters: raw(schema) };
            [Tool { r#type: "function", function }]
        }),
        tool_choice: (call.shape == Shape::Tool).then(|| json!({"type": "function", "function": {"name": TOOL}})),
    };
    serde_json::to_string(&body).expect("strings and numbers are JSON")
}

fn raw(schema: &Schema) -> Option<&RawValue> {
    serde_json::from_str(schema.text()).ok()
}

fn messages(call: &Call<'_>) -> Vec<Value> {
    let system = call.system();
    let mut messages = Vec::new();
    if !system.is_empty() {
        messages.push(json!({"role": "system", "content": system}));
    }
    for message in &call.request.messages {
        let role = match message.role {
            Role::User => "user",
            Role::Assistant => "assistant",
        };
        // Older servers take a list only where there is a picture.
        let content = match &message.parts[..] {
            [Part::Text(text)] => Value::from(text.as_str()),
            parts => parts.iter().map(part).collect(),
        };
        messages.push(json!({"role": role, "content": content}));
    }
    if let Some(repair) = call.repair {
        messages.push(json!({"role": "assistant", "content": repair.raw}));
        messages.push(json!({"role": "user", "content": repair.words()}));
    }
    messages
}

fn part(part: &Part) -> Value {
    match part {
        Part::Text(text) => json!({"type": "text", "text": text}),
        Part::Document(document) => json!({"type": "text", "text": document.fenced()}),
        Part::Image(image) => json!({"type": "image_url", "image_url": {"url": data_uri(image)}}),
    }
}

pub(super) fn data_uri(image: &Image) -> String {
    format!("data:{};base64,{}", image.format.media_type(), STANDARD.encode(&image.bytes))
}

#[derive(Deserialize)]
struct ChatAnswer {
    id: Option<String>,
    model: Option<String>,
    choices: Vec<Choice>,
    usage: Option<WireUsage>,
}

#[derive(Deserialize)]
struct Choice {
    message: ChoiceMessage,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct ChoiceMessage {
    content: Option<String>,
    refusal: Option<String>,
    #[serde(default)]
    tool_calls: Option<Vec<ToolCall>>,
}

#[derive(Deserialize)]
struct ToolCall {
    function: FunctionCall,
}

#[derive(Deserialize)]
struct FunctionCall {
    name: String,
    arguments: String,
}

#[derive(Default, Deserialize)]
struct WireUsage {
    #[serde(default)]
    prompt_tokens: u64,
    #[serde(default)]
    completion_tokens: u64,
    prompt_tokens_details: Option<PromptDetails>,
}

#[derive(Deserialize)]
struct PromptDetails {
    #[serde(default)]
    cached_tokens: Option<u64>,
}

impl WireUsage {
    /// The protocol counts cached tokens among the prompt's.
    fn to_ours(&self) -> Usage {
        let cached = self.prompt_tokens_details.as_ref().and_then(|details| details.cached_tokens).unwrap_or_default();
        let cache_read = cached.min(self.prompt_tokens);
        Usage { input: self.prompt_tokens - cache_read, output: self.completion_tokens, cache_read, cache_write: 0 }
    }
}

/// A server that answers with anything else is the wrong one, or broken: another model may be there.
pub(super) fn unreadable(spec: &ModelSpec, body: &[u8], why: impl std::fmt::Display) -> Box<ModelError> {
    let start: String = String::from_utf8_lossy(body).chars().take(200).collect();
    let message = format!("the server's answer is not of the protocol: {why}: {start}");
    ModelError::of(Class::Unavailable, &spec.id, "protocol", message)
}

pub(super) fn read_chat(call: &Call<'_>, body: &[u8], request_id: Option<String>) -> ModelResult<Reply> {
    let answer: ChatAnswer = serde_json::from_slice(body).map_err(|error| unreadable(call.spec, body, error))?;
    let usage = answer.usage.unwrap_or_default().to_ours();
    let Some(choice) = answer.choices.into_iter().next() else {
        return Err(unreadable(call.spec, body, "there is no choice"));
    };
    let stop = stop(&choice);
    let arguments = choice.message.tool_calls.into_iter().flatten().find(|tool| tool.function.name == TOOL);
    let arguments = arguments.map(|tool| tool.function.arguments);
    // Arguments that are no JSON are an answer all the same: they are kept, and repaired like any other.
    let tool_input = arguments.as_deref().and_then(|arguments| serde_json::from_str(arguments).ok());
    Ok(Reply {
        text: choice.message.content.filter(|text| !text.is_empty()).or(arguments).unwrap_or_default(),
        tool_input: tool_input.filter(|_| call.shape == Shape::Tool),
        stop,
        usage,
        model: answer.model,
        request_id: request_id.or(answer.id),
    })
}

fn stop(choice: &Choice) -> Stop {
    if let Some(refusal) = choice.message.refusal.as_ref().filter(|refusal| !refusal.is_empty()) {
        return Stop::Refused(refusal.clone());
    }
    match choice.finish_reason.as_deref() {
        Some("content_filter") => Stop::Refused("content_filter".to_owned()),
        Some("length") => Stop::Usable(StopReason::MaxTokens),
        // The protocol does not tell an end from a stop sequence.
        _ => Stop::Usable(StopReason::Done),
    }
}

pub(super) fn embeddings(spec: &ModelSpec, text: &str, dimensions: Option<u32>) -> String {
    let mut body = json!({"model": spec.model, "input": text, "encoding_format": "float"});
    if let Some(dimensions) = dimensions {
        body["dimensions"] = dimensions.into();
    }
    body.to_string()
}

#[derive(Deserialize)]
struct EmbeddingAnswer {
    model: Option<String>,
    data: Vec<EmbeddingData>,
    usage: Option<WireUsage>,
}

#[derive(Deserialize)]
struct EmbeddingData {
    embedding: Vec<f32>,
}

pub(super) fn read_embedding(
    spec: &ModelSpec,
    body: &[u8],
    request_id: Option<String>,
) -> ModelResult<Exchanged<Vec<f32>>> {
    let answer: EmbeddingAnswer = serde_json::from_slice(body).map_err(|error| unreadable(spec, body, error))?;
    let Some(data) = answer.data.into_iter().next() else { return Err(unreadable(spec, body, "there is no data")) };
    let usage = answer.usage.unwrap_or_default().to_ours();
    Ok(Exchanged { model: answer.model, ..Exchanged::new(data.embedding, usage, request_id) })
}
