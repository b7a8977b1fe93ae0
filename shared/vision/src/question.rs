//! From a prompt to a request.

use models::{Image, Parameters, Part, Request, Schema};
use prompts::{Data, Prompt, Rendered, Role};
use serde_json::{Value, json};
use std::error::Error;

type Fallible<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Stands for the picture in a rendered prompt; the bytes go beside the text.
const PICTURE: &str = "picture";

/// A request, and the prompt as rendered for it.
pub(crate) struct Question {
    pub request: Request,
    pub rendered: Rendered,
}

/// Renders the prompt and puts the picture where it says.
pub(crate) fn question(
    prompt: &Prompt,
    mut variables: Value,
    file: Option<Value>,
    picture: &Image,
) -> Fallible<Question> {
    variables["image"] = json!(PICTURE);
    variables["content_type"] = json!(picture.format.media_type());
    if let Some(file) = file {
        variables["file"] = file;
    }
    let rendered = prompt.render(&Data::of(variables))?;
    let mut request = Request { cache_system: true, parameters: parameters(prompt), ..Request::default() };
    for message in &rendered.messages {
        let parts = message.content.iter().filter_map(|part| match part {
            prompts::Part::Text { text } => Some(Part::Text(text.clone())),
            prompts::Part::Media { media } if media.url == PICTURE => Some(Part::Image(picture.clone())),
            prompts::Part::Media { .. } | prompts::Part::Pending { .. } => None,
        });
        let role = match message.role {
            Role::System => {
                request.system.extend(message.content.iter().filter_map(|part| match part {
                    prompts::Part::Text { text } => Some(text.as_str()),
                    _ => None,
                }));
                continue;
            }
            Role::Model => models::Role::Assistant,
            Role::User | Role::Tool => models::Role::User,
        };
        request.messages.push(models::Message { role, parts: parts.collect() });
    }
    if let Some(schema) = prompt.output() {
        request.schema = Some(Schema::parse(prompt.name(), schema.canonical())?);
    }
    Ok(Question { request, rendered })
}

/// Takes what the prompt's front matter says of the answer.
fn parameters(prompt: &Prompt) -> Parameters {
    let config = prompt.document().config();
    let number = |name: &str| config.get(name).and_then(Value::as_f64).filter(|number| *number >= 0.0);
    let mut parameters = Parameters::default();
    if let Some(tokens) = number("maxOutputTokens") {
        parameters.max_tokens = tokens as u32;
    }
    parameters.temperature_thousandths = number("temperature").map(|temperature| (temperature * 1000.0).round() as u16);
    parameters
}
