//! From a prompt to a request, and from the answer to words.

use asset::field::{Field, WriteSpec};
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
pub(crate) fn question(prompt: &Prompt, spec: &WriteSpec, picture: &Image) -> Fallible<Question> {
    let input = json!({
        "image": PICTURE,
        "content_type": picture.format.media_type(),
        "placement": spec.placement.as_str(),
        "locale": spec.locale,
        "max_characters": spec.max_characters,
        "brand": [],
    });
    let rendered = prompt.render(&Data::of(input))?;
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

/// What a model said.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Words {
    pub text: String,
    pub is_decorative: bool,
    /// Ids of the rules of the brand guide that the model says it followed.
    pub evidence: Vec<String>,
}

/// Reads an answer that matches the prompt's schema.
pub(crate) fn words(field: Field, answer: &Value) -> Option<Words> {
    let text = |name: &str| Some(answer.get(name)?.as_str()?.trim().to_owned());
    let evidence = answer.get("evidence").and_then(Value::as_array).into_iter().flatten();
    let evidence = evidence.filter_map(Value::as_str).map(str::to_owned).collect();
    match field {
        Field::AltText => {
            let is_decorative = answer.get("decorative")?.as_bool()?;
            Some(Words { text: text("alt")?, is_decorative, evidence })
        }
        Field::Description => Some(Words { text: text("description")?, is_decorative: false, evidence }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use asset::field::{Placement, PromptRef};
    use bytes::Bytes;
    use models::ImageFormat;

    fn spec(field: Field, prompt: &Prompt) -> WriteSpec {
        let reference =
            PromptRef { id: prompt.id().into(), version: prompt.version().into(), hash: prompt.hash().clone() };
        WriteSpec {
            field,
            placement: Placement::Informative,
            locale: "en".into(),
            max_characters: 150,
            model: "vision".into(),
            prompt: reference,
        }
    }

    #[test]
    fn every_field_has_a_prompt_that_asks_for_it() {
        let picture = Image { format: ImageFormat::Jpeg, width: 3, height: 2, bytes: Bytes::from_static(b"picture") };
        for field in Field::ALL {
            let prompt = prompts::library().prompt(field.as_str()).expect("a prompt of that name");
            let Question { request, .. } = question(&prompt, &spec(field, &prompt), &picture).expect("a question");
            assert!(request.system.contains("Plain sentences") || request.system.contains("plain sentences"));
            let parts = &request.messages[0].parts;
            assert!(matches!(parts[0], Part::Image(_)), "{parts:?}");
            assert!(matches!(&parts[1], Part::Text(text) if text.contains("150 characters")), "{parts:?}");
            assert!(request.schema.is_some() && request.parameters.temperature_thousandths == Some(200));
        }
    }

    #[test]
    fn an_answer_of_another_shape_has_no_words() {
        let alt = json!({"alt": " A cat. ", "decorative": false, "evidence": ["tone.1"]});
        let words = |field, answer: &Value| super::words(field, answer);
        let found = words(Field::AltText, &alt).expect("words");
        assert_eq!(found, Words { text: "A cat.".into(), is_decorative: false, evidence: vec!["tone.1".into()] });
        assert_eq!(words(Field::Description, &alt), None);
        assert_eq!(words(Field::AltText, &json!({"alt": 3, "decorative": false})), None);
    }
}
