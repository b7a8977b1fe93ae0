//! What a prompt becomes: messages of parts.

use crate::markers::{Piece, split};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    System,
    User,
    Model,
    Tool,
}

impl Role {
    fn parse(name: &str) -> Option<Role> {
        match name {
            "system" => Some(Role::System),
            "user" => Some(Role::User),
            "model" => Some(Role::Model),
            "tool" => Some(Role::Tool),
            _ => None,
        }
    }
}

/// One message; its JSON is dotprompt's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    pub role: Role,
    pub content: Vec<Part>,
    /// `{"purpose": "history"}` on what `{{history}}` put there.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
}

/// A part of a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Part {
    Text {
        text: String,
    },
    Media {
        media: Media,
    },
    /// A place that `{{section}}` keeps for somebody else: `{"purpose": NAME, "pending": true}`.
    Pending {
        metadata: Map<String, Value>,
    },
}

/// A picture, sound, film or document, by its address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Media {
    pub url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
}

/// Reads rendered text as messages, by dotprompt's rules: text that is blank between two markers is dropped, the first
/// role is the user's, after `{{history}}` the model speaks, and a history without its marker goes before a last
/// message of the user's.
///
/// Fails with the name of a role that there is not.
pub(crate) fn to_messages(rendered: &str, history: &[Message]) -> Result<Vec<Message>, String> {
    let mut messages: Vec<Message> = Vec::new();
    let mut current = Draft { role: Role::User, pieces: Vec::new() };
    let mut has_history = false;
    for piece in split(rendered) {
        match piece {
            Piece::Role(name) => {
                let role = Role::parse(name).ok_or_else(|| name.to_owned())?;
                messages.extend(current.finish());
                current = Draft { role, pieces: Vec::new() };
            }
            Piece::History => {
                messages.extend(current.finish());
                messages.extend(history.iter().map(as_history));
                has_history |= !history.is_empty();
                current = Draft { role: Role::Model, pieces: Vec::new() };
            }
            other => current.pieces.push(other),
        }
    }
    messages.extend(current.finish());
    if !has_history {
        insert_history(&mut messages, history);
    }
    Ok(messages)
}

/// A message that is being gathered.
struct Draft<'a> {
    role: Role,
    pieces: Vec<Piece<'a>>,
}

impl Draft<'_> {
    fn finish(self) -> Option<Message> {
        let content: Vec<Part> = self.pieces.into_iter().filter_map(part).collect();
        (!content.is_empty()).then(|| Message { role: self.role, content, metadata: Map::new() })
    }
}

fn part(piece: Piece<'_>) -> Option<Part> {
    match piece {
        Piece::Text(text) => (!text.trim().is_empty()).then(|| Part::Text { text: text.to_owned() }),
        Piece::Media { url, content_type } => {
            let content_type = content_type.map(str::to_owned);
            Some(Part::Media { media: Media { url: url.to_owned(), content_type } })
        }
        Piece::Section(name) => {
            let metadata = [("purpose".to_owned(), name.into()), ("pending".to_owned(), true.into())];
            Some(Part::Pending { metadata: metadata.into_iter().collect() })
        }
        Piece::Role(_) | Piece::History => None,
    }
}

fn as_history(message: &Message) -> Message {
    let mut message = message.clone();
    message.metadata.insert("purpose".to_owned(), "history".into());
    message
}

fn insert_history(messages: &mut Vec<Message>, history: &[Message]) {
    let is_users = messages.last().is_some_and(|last| last.role == Role::User);
    let at = if is_users { messages.len() - 1 } else { messages.len() };
    messages.splice(at..at, history.iter().cloned());
}
