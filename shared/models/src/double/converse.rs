//! Converse and CountTokens.

use super::reply::Fault;
use super::script::Reply;
use super::synthesize::instance;
use super::{Ask, MARK, count_tokens};
use crate::Schema;
use asset::canonical::sha256_hex;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::collections::HashSet;

/// What the double remembers between calls.
#[derive(Default)]
pub(super) struct Memory {
    /// Digests of the prompts that were marked for the cache.
    cached: HashSet<String>,
}

/// What the schema of a request wants the answer to be.
enum Wanted {
    Words,
    Json(Schema),
    Tool { name: String, schema: Schema },
}

pub(super) fn converse(
    ask: &Ask<'_>,
    reply: &Reply,
    blocked_words: &[String],
    memory: &mut Memory,
) -> Result<Value, Fault> {
    let is_empty = ask.body["messages"].as_array().is_none_or(Vec::is_empty);
    if is_empty || ask.body["messages"][0]["role"] != "user" {
        return Err(Fault::new("ValidationException", "a conversation must start with a user message"));
    }
    let (content, stop) = content(ask, reply)?;
    let blocked = guarded(ask.body, blocked_words);
    let (content, stop) = match blocked {
        Some(word) => (vec![json!({"text": format!("{MARK} blocked at `{word}`")})], "guardrail_intervened"),
        None => (content, stop),
    };
    let (content, stop) = cut_off(ask, content, stop);
    let mut usage = usage(ask.body, &content, memory);
    for (name, value) in reply.usage.as_ref().and_then(Value::as_object).into_iter().flatten() {
        usage[name] = value.clone();
    }
    Ok(json!({
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": reply.stop_reason.as_deref().unwrap_or(stop),
        "usage": usage,
        "metrics": {"latencyMs": reply.latency_ms},
        "additionalModelResponseFields": {"testDouble": true},
    }))
}

fn wanted(body: &Value) -> Result<Wanted, Fault> {
    let compile = |text: &str| {
        let invalid = |error: crate::SchemaError| Fault::new("ValidationException", format!("invalid schema: {error}"));
        Schema::parse("schema", text).map_err(invalid)
    };
    if let Some(text) = body["outputConfig"]["textFormat"]["structure"]["jsonSchema"]["schema"].as_str() {
        return compile(text).map(Wanted::Json);
    }
    let Some(name) = body["toolConfig"]["toolChoice"]["tool"]["name"].as_str() else { return Ok(Wanted::Words) };
    let tools = body["toolConfig"]["tools"].as_array().map(Vec::as_slice).unwrap_or_default();
    let Some(tool) = tools.iter().map(|tool| &tool["toolSpec"]).find(|tool| tool["name"] == name) else {
        return Err(Fault::new("ValidationException", format!("there is no tool `{name}` to choose")));
    };
    let schema = compile(&tool["inputSchema"]["json"].to_string())?;
    Ok(Wanted::Tool { name: name.to_owned(), schema })
}

fn content(ask: &Ask<'_>, reply: &Reply) -> Result<(Vec<Value>, &'static str), Fault> {
    let text = |text: String| (vec![json!({"text": text})], "end_turn");
    let made = |schema: &Schema| match &reply.json {
        Some(value) => Ok(value.clone()),
        None => instance(schema, &ask.digest).map_err(|why| Fault::new("ValidationException", why)),
    };
    if let Some(scripted) = &reply.text {
        return Ok(text(scripted.clone()));
    }
    Ok(match wanted(ask.body)? {
        Wanted::Words => text(match &reply.json {
            Some(value) => value.to_string(),
            None => format!("{MARK} an answer to {}", &ask.digest[..12]),
        }),
        Wanted::Json(schema) => text(made(&schema)?.to_string()),
        Wanted::Tool { name, schema } => {
            let input = made(&schema)?;
            let call = json!({"toolUseId": format!("double-{}", &ask.digest[..12]), "name": name, "input": input});
            (vec![json!({"toolUse": call})], "tool_use")
        }
    })
}

/// Ends a text where the request's limit is. A tool's input is never cut: the double has no half JSON values.
fn cut_off(ask: &Ask<'_>, mut content: Vec<Value>, stop: &'static str) -> (Vec<Value>, &'static str) {
    let max = ask.body["inferenceConfig"]["maxTokens"].as_u64().unwrap_or(u64::MAX);
    let text = content.first().and_then(|block| block["text"].as_str());
    match text {
        Some(text) if (text.chars().count() as u64).div_ceil(4) > max => {
            let n_chars = usize::try_from(max.saturating_mul(4)).unwrap_or(usize::MAX);
            let start: String = text.chars().take(n_chars).collect();
            content[0] = json!({"text": start});
            (content, "max_tokens")
        }
        _ => (content, stop),
    }
}

/// Counts; a system prompt up to its cache point is written to the cache once and read from then on.
fn usage(body: &Value, content: &[Value], memory: &mut Memory) -> Value {
    let output: u64 = content.iter().map(count_tokens).sum();
    let system = body["system"].as_array().map(Vec::as_slice).unwrap_or_default();
    let point = system.iter().position(|block| block.get("cachePoint").is_some());
    let prefix = &system[..point.unwrap_or(0)];
    let n_prefix: u64 = prefix.iter().map(count_tokens).sum();
    let all: u64 = system.iter().filter(|block| block.get("text").is_some()).map(count_tokens).sum();
    let input = all - n_prefix + count_tokens(&body["messages"]);
    let digest = sha256_hex(Value::from(prefix).to_string().as_bytes());
    let (read, write) = match (n_prefix, point) {
        (0, _) | (_, None) => (0, 0),
        _ if memory.cached.insert(digest) => (0, n_prefix),
        _ => (n_prefix, 0),
    };
    json!({
        "inputTokens": input,
        "outputTokens": output,
        "totalTokens": input + output + read + write,
        "cacheReadInputTokens": read,
        "cacheWriteInputTokens": write,
    })
}

fn guarded<'a>(body: &Value, blocked_words: &'a [String]) -> Option<&'a str> {
    body.get("guardrailConfig")?;
    let text = body["messages"].to_string().to_lowercase();
    blocked_words.iter().map(String::as_str).find(|word| text.contains(&word.to_lowercase()))
}

pub(super) fn tokens(ask: &Ask<'_>) -> Result<Value, Fault> {
    let input = &ask.body["input"];
    let n_tokens = match (input.get("converse"), input["invokeModel"]["body"].as_str()) {
        (Some(converse), _) => count_tokens(&converse["system"]) + count_tokens(&converse["messages"]),
        (None, Some(body)) => {
            let bytes = STANDARD.decode(body).unwrap_or_default();
            count_tokens(&serde_json::from_slice(&bytes).unwrap_or_default())
        }
        (None, None) => {
            return Err(Fault::new("ValidationException", "`input` has neither `converse` nor `invokeModel`"));
        }
    };
    Ok(json!({"inputTokens": n_tokens}))
}
