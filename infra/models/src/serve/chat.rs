//! `POST /v1/chat/completions`: one picture, one schema, one answer that fits it.

use super::engines::{Engines, MODERATOR, READER, TAGGER};
use super::error::{ApiError, ApiResult};
use super::picture::Picture;
use super::reader;
use serde::Deserialize;
use serde_json::{Value, json};

/// Pixels of the longer edge at which a picture is decoded for the small networks: their shorter edge of 256 fits even in a picture of one
/// to four.
const LOOK_AT: u32 = 1024;

#[derive(Deserialize)]
pub(super) struct ChatRequest {
    pub model: String,
    messages: Vec<Message>,
    #[serde(default)]
    stream: bool,
    n: Option<u32>,
    tools: Option<Vec<Value>>,
    response_format: Option<ResponseFormat>,
}

#[derive(Deserialize)]
struct Message {
    role: String,
    content: Option<Content>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Part {
    Text {
        text: String,
    },
    ImageUrl {
        image_url: ImageUrl,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct ImageUrl {
    url: String,
}

#[derive(Deserialize)]
struct ResponseFormat {
    r#type: String,
    json_schema: Option<JsonSchema>,
}

#[derive(Deserialize)]
struct JsonSchema {
    name: String,
}

/// What a model answers, and in which schema.
struct Ability {
    schema: &'static str,
    says: &'static str,
}

fn ability(model: &str) -> Option<Ability> {
    match model {
        TAGGER => Some(Ability { schema: "tags", says: "tags one picture with terms of a vocabulary" }),
        READER => Some(Ability { schema: "visible_text", says: "reads the text of one picture" }),
        MODERATOR => Some(Ability { schema: "moderation", says: "says whether one picture is sexual" }),
        _ => None,
    }
}

/// Answers a request. Computes: not for the threads that serve.
pub(super) fn answer(engines: &Engines, request: &ChatRequest) -> ApiResult<Value> {
    let model = engines.model(&request.model)?;
    let Some(ability) = ability(&request.model) else {
        let message = format!("model `{}` makes embeddings: ask `/v1/embeddings`", request.model);
        return Err(ApiError::refused("unsupported", message));
    };
    let uri = request.checked(&ability)?;
    let answer = match ability.schema {
        "tags" => engines.tagger()?.answer(&Picture::from_data_uri(uri, LOOK_AT)?, &request.texts())?,
        "visible_text" => engines.reader()?.answer(&Picture::from_data_uri(uri, reader::LOOK_AT)?)?,
        _ => engines.moderator()?.answer(&Picture::from_data_uri(uri, LOOK_AT)?)?,
    };
    let fingerprint = model.fingerprint();
    Ok(json!({
        "id": super::new_id("chatcmpl"),
        "object": "chat.completion",
        "created": super::now_s(),
        "model": format!("{}@{fingerprint}", model.name),
        "system_fingerprint": fingerprint,
        "choices": [{
            "index": 0,
            "message": {"role": "assistant", "content": answer.to_string(), "refusal": null},
            "logprobs": null,
            "finish_reason": "stop",
        }],
        // There are no tokens here; nothing is counted that was not there.
        "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
    }))
}

impl ChatRequest {
    /// Returns the one picture's address, or says what the model cannot do.
    fn checked(&self, ability: &Ability) -> ApiResult<&str> {
        let Ability { schema, says } = ability;
        let cannot = |what: &str| {
            let can = format!("it {says}, as the JSON schema `{schema}`, and nothing else");
            ApiError::refused("unsupported", format!("model `{}` {what}: {can}", self.model))
        };
        if self.stream {
            return Err(cannot("does not stream"));
        }
        if self.n.is_some_and(|n| n != 1) {
            return Err(cannot("has one answer to a question"));
        }
        if self.tools.as_ref().is_some_and(|tools| !tools.is_empty()) {
            return Err(cannot("calls no tools"));
        }
        let format = self.response_format.as_ref().filter(|format| format.r#type == "json_schema");
        let name = format.and_then(|format| format.json_schema.as_ref()).map(|schema| schema.name.as_str());
        match name {
            Some(name) if name == *schema => {}
            Some(name) => return Err(cannot(&format!("does not know the schema `{name:.80}`"))),
            None => return Err(cannot("answers no free question")),
        }
        let pictures: Vec<&str> = self.parts().filter_map(Part::picture).collect();
        match pictures[..] {
            [picture] => Ok(picture),
            [] => Err(cannot("looks at a picture, and there is none")),
            _ => Err(cannot(&format!("looks at one picture, not {}", pictures.len()))),
        }
    }

    /// The parts of what the user said. The system's words are for models that read.
    fn parts(&self) -> impl Iterator<Item = &Part> {
        let contents = self.messages.iter().filter(|message| message.role == "user").filter_map(|m| m.content.as_ref());
        contents.flat_map(|content| match content {
            Content::Parts(parts) => &parts[..],
            Content::Text(_) => &[],
        })
    }

    fn texts(&self) -> Vec<&str> {
        let users = self.messages.iter().filter(|message| message.role == "user");
        let mut texts = Vec::new();
        for content in users.filter_map(|message| message.content.as_ref()) {
            match content {
                Content::Text(text) => texts.push(text.as_str()),
                Content::Parts(parts) => texts.extend(parts.iter().filter_map(Part::text)),
            }
        }
        texts
    }
}

impl Part {
    fn picture(&self) -> Option<&str> {
        match self {
            Part::ImageUrl { image_url } => Some(&image_url.url),
            Part::Text { .. } | Part::Other => None,
        }
    }

    fn text(&self) -> Option<&str> {
        match self {
            Part::Text { text } => Some(text),
            Part::ImageUrl { .. } | Part::Other => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(change: impl FnOnce(&mut Value)) -> Result<String, String> {
        let mut body = json!({
            "model": TAGGER,
            "messages": [
                {"role": "system", "content": "DATA vocabulary is below"},
                {"role": "user", "content": [
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
                    {"type": "text", "text": "DATA vocabulary []"},
                ]},
            ],
            "max_tokens": 600,
            "response_format": {"type": "json_schema", "json_schema": {"name": "tags", "strict": true, "schema": {}}},
        });
        change(&mut body);
        let request: ChatRequest = serde_json::from_value(body).map_err(|error| error.to_string())?;
        let ability = ability(TAGGER).expect("it can do something");
        let uri = request.checked(&ability).map_err(|error| format!("{error:?}"))?.to_owned();
        assert_eq!(request.texts(), ["DATA vocabulary []"]);
        Ok(uri)
    }

    #[test]
    fn what_a_model_cannot_do_is_said_with_what_it_can() {
        assert_eq!(checked(|_| ()).as_deref(), Ok("data:image/png;base64,AA=="));
        assert!(checked(|body| body["stream"] = false.into()).is_ok());
        let parts = |body: &mut Value| body["messages"][1]["content"].as_array_mut().map(|parts| parts.remove(0));
        type Change = Box<dyn FnOnce(&mut Value)>;
        let changes: [(&str, Change); 6] = [
            ("does not stream", Box::new(|body| body["stream"] = true.into())),
            ("calls no tools", Box::new(|body| body["tools"] = json!([{"type": "function"}]))),
            ("has one answer", Box::new(|body| body["n"] = 2.into())),
            ("the schema `alt`", Box::new(|body| body["response_format"]["json_schema"]["name"] = "alt".into())),
            ("no free question", Box::new(|body| body["response_format"] = Value::Null)),
            ("there is none", Box::new(move |body| drop(parts(body)))),
        ];
        for (wanted, change) in changes {
            let error = checked(change).expect_err(wanted);
            assert!(error.contains(wanted) && error.contains("the JSON schema `tags`"), "{wanted}: {error}");
        }
    }
}
