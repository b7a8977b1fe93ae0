//! Converse: our question as the SDK's, its answer as ours.

use super::error::model_error;
use crate::exchange::{Call, Reply, Shape, Stop};
use crate::{Class, ImageFormat, ModelError, ModelResult, Part, Role, StopReason, Usage};
use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::error::BuildError;
use aws_sdk_bedrockruntime::operation::RequestId;
use aws_sdk_bedrockruntime::operation::converse::ConverseOutput;
use aws_sdk_bedrockruntime::types::{
    self, CachePointBlock, CachePointType, ContentBlock, ConversationRole, ImageBlock, ImageSource,
    InferenceConfiguration, JsonSchemaDefinition, Message, OutputConfig, OutputFormat, OutputFormatStructure,
    OutputFormatType, SpecificToolChoice, SystemContentBlock, Tool, ToolChoice, ToolConfiguration, ToolInputSchema,
    ToolSpecification,
};
use aws_smithy_types::{Blob, Document, Number};
use serde_json::Value;

const TOOL: &str = "answer";

pub(super) async fn exchange(client: &Client, call: &Call<'_>) -> ModelResult<Reply> {
    let malformed =
        |error: BuildError| ModelError::of(Class::Permanent, &call.spec.id, "malformed_request", error.to_string());
    let request = call.request;
    let mut converse = client
        .converse()
        .model_id(&call.spec.model)
        .set_system(Some(system(call).map_err(malformed)?).filter(|system| !system.is_empty()))
        .set_messages(Some(messages(call).map_err(malformed)?))
        .inference_config(inference(call))
        .set_output_config(output(call).map_err(malformed)?)
        .set_tool_config(tool(call).map_err(malformed)?);
    for (name, value) in &request.metadata {
        converse = converse.request_metadata(name, value);
    }
    let output = converse.send().await.map_err(|error| model_error(&call.spec.id, error))?;
    Ok(read(call, output))
}

fn system(call: &Call<'_>) -> Result<Vec<SystemContentBlock>, BuildError> {
    let text = call.system();
    let mut blocks = Vec::new();
    if text.is_empty() {
        return Ok(blocks);
    }
    blocks.push(SystemContentBlock::Text(text));
    if call.request.cache_system && call.spec.prompt_cache {
        let point = CachePointBlock::builder().r#type(CachePointType::Default).build()?;
        blocks.push(SystemContentBlock::CachePoint(point));
    }
    Ok(blocks)
}

fn messages(call: &Call<'_>) -> Result<Vec<Message>, BuildError> {
    let message = |role: ConversationRole, content: Vec<ContentBlock>| {
        Message::builder().role(role).set_content(Some(content)).build()
    };
    let mut messages = Vec::new();
    for ours in &call.request.messages {
        let role = match ours.role {
            Role::User => ConversationRole::User,
            Role::Assistant => ConversationRole::Assistant,
        };
        let content = ours.parts.iter().filter_map(block).collect::<Result<_, _>>()?;
        messages.push(message(role, content)?);
    }
    if let Some(repair) = call.repair {
        // As text also where a tool was called: a call would want a result, and there is none. Blank text is refused.
        let raw = if repair.raw.trim().is_empty() { "(an empty answer)" } else { repair.raw.as_str() };
        messages.push(message(ConversationRole::Assistant, vec![ContentBlock::Text(raw.trim_end().to_owned())])?);
        messages.push(message(ConversationRole::User, vec![ContentBlock::Text(repair.words())])?);
    }
    Ok(messages)
}

fn block(part: &Part) -> Option<Result<ContentBlock, BuildError>> {
    Some(match part {
        Part::Text(text) if text.trim().is_empty() => return None,
        Part::Text(text) => Ok(ContentBlock::Text(text.clone())),
        Part::Document(document) => Ok(ContentBlock::Text(document.fenced())),
        Part::Image(image) => {
            let format = match image.format {
                ImageFormat::Jpeg => types::ImageFormat::Jpeg,
                ImageFormat::Png => types::ImageFormat::Png,
                ImageFormat::Gif => types::ImageFormat::Gif,
                ImageFormat::Webp => types::ImageFormat::Webp,
            };
            let source = ImageSource::Bytes(Blob::new(image.bytes.to_vec()));
            ImageBlock::builder().format(format).source(source).build().map(ContentBlock::Image)
        }
    })
}

fn inference(call: &Call<'_>) -> InferenceConfiguration {
    let parameters = &call.request.parameters;
    let temperature = parameters.temperature_thousandths.map(|thousandths| f32::from(thousandths) / 1000.0);
    InferenceConfiguration::builder()
        .max_tokens(i32::try_from(parameters.max_tokens).unwrap_or(i32::MAX))
        .set_temperature(temperature)
        .set_stop_sequences(Some(parameters.stop.clone()).filter(|stop| !stop.is_empty()))
        .build()
}

fn output(call: &Call<'_>) -> Result<Option<OutputConfig>, BuildError> {
    let Some(schema) = call.request.schema.as_ref().filter(|_| call.shape == Shape::Native) else { return Ok(None) };
    let definition = JsonSchemaDefinition::builder().name(schema.name()).schema(schema.text()).build()?;
    let format = OutputFormat::builder()
        .r#type(OutputFormatType::JsonSchema)
        .structure(OutputFormatStructure::JsonSchema(definition))
        .build()?;
    Ok(Some(OutputConfig::builder().text_format(format).build()))
}

fn tool(call: &Call<'_>) -> Result<Option<ToolConfiguration>, BuildError> {
    let Some(schema) = call.request.schema.as_ref().filter(|_| call.shape == Shape::Tool) else { return Ok(None) };
    let specification = ToolSpecification::builder()
        .name(TOOL)
        .description("Takes the whole answer.")
        .strict(true)
        .input_schema(ToolInputSchema::Json(document(schema.value())))
        .build()?;
    let choice = ToolChoice::Tool(SpecificToolChoice::builder().name(TOOL).build()?);
    ToolConfiguration::builder().tools(Tool::ToolSpec(specification)).tool_choice(choice).build().map(Some)
}

fn read(call: &Call<'_>, output: ConverseOutput) -> Reply {
    let request_id = output.request_id().map(str::to_owned);
    let usage = output.usage().map(usage).unwrap_or_default();
    let model = output.trace().and_then(|trace| trace.prompt_router()).and_then(|router| router.invoked_model_id());
    let model = model.map(str::to_owned);
    let stop = stop(output.stop_reason());
    let content = match output.output {
        Some(types::ConverseOutput::Message(message)) => message.content,
        _ => Vec::new(),
    };
    let mut reply = Reply { text: String::new(), tool_input: None, stop, usage, model, request_id };
    for block in content {
        match block {
            ContentBlock::Text(text) => reply.text.push_str(&text),
            ContentBlock::ToolUse(tool) if tool.name == TOOL && call.shape == Shape::Tool => {
                reply.tool_input = Some(value(&tool.input));
            }
            // Reasoning and citations are not asked for.
            _ => {}
        }
    }
    reply
}

fn usage(usage: &types::TokenUsage) -> Usage {
    let count = |tokens: i32| u64::try_from(tokens).unwrap_or_default();
    Usage {
        input: count(usage.input_tokens),
        output: count(usage.output_tokens),
        cache_read: count(usage.cache_read_input_tokens.unwrap_or_default()),
        cache_write: count(usage.cache_write_input_tokens.unwrap_or_default()),
    }
}

fn stop(reason: &types::StopReason) -> Stop {
    match reason {
        types::StopReason::GuardrailIntervened | types::StopReason::ContentFiltered => {
            Stop::Refused(reason.as_str().to_owned())
        }
        types::StopReason::MalformedModelOutput | types::StopReason::MalformedToolUse => {
            Stop::Malformed(reason.as_str().to_owned())
        }
        types::StopReason::MaxTokens | types::StopReason::ModelContextWindowExceeded => {
            Stop::Usable(StopReason::MaxTokens)
        }
        types::StopReason::StopSequence => Stop::Usable(StopReason::StopSequence),
        _ => Stop::Usable(StopReason::Done),
    }
}

/// Returns JSON as the SDK's own type of it.
fn document(value: &Value) -> Document {
    match value {
        Value::Null => Document::Null,
        Value::Bool(value) => Document::Bool(*value),
        Value::Number(number) => Document::Number(match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => Number::PosInt(number),
            (None, Some(number)) => Number::NegInt(number),
            (None, None) => Number::Float(number.as_f64().unwrap_or_default()),
        }),
        Value::String(text) => Document::String(text.clone()),
        Value::Array(items) => Document::Array(items.iter().map(document).collect()),
        Value::Object(fields) => {
            Document::Object(fields.iter().map(|(name, value)| (name.clone(), document(value))).collect())
        }
    }
}

fn value(document: &Document) -> Value {
    match document {
        Document::Null => Value::Null,
        Document::Bool(value) => Value::Bool(*value),
        Document::Number(Number::PosInt(number)) => Value::from(*number),
        Document::Number(Number::NegInt(number)) => Value::from(*number),
        Document::Number(Number::Float(number)) => Value::from(*number),
        Document::String(text) => Value::String(text.clone()),
        Document::Array(items) => items.iter().map(value).collect(),
        Document::Object(fields) => fields.iter().map(|(name, field)| (name.clone(), value(field))).collect(),
    }
}
