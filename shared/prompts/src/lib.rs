//! Prompts as version-controlled files: [dotprompt](https://github.com/google/dotprompt)'s format, with an identity.
//!
//! A file becomes a [`Prompt`] with the partials and schemas that it refers to ([`Sources::prompt`]); a prompt and checked variables
//! become messages ([`Prompt::render`]). Pure, but for the registry, which asks ports.

mod document;
mod markers;
mod message;
mod picoschema;
mod prompt;
mod schema;
mod template;
mod yaml;

pub use document::Document;
pub use message::{Media, Message, Part, Role};
pub use prompt::{Data, Prompt, PromptError, Rendered, Snippet, Sources};
pub use schema::{Schema, Violation};
