//! Prompts as version-controlled files: [dotprompt](https://github.com/google/dotprompt)'s format, with an identity.
//!
//! A file becomes a [`Prompt`] with the partials and schemas that it refers to ([`Sources::prompt`]); a prompt and
//! checked variables become messages ([`Prompt::render`]). Pure, but for the registry, which asks ports.

mod diff;
mod document;
pub mod eval;
mod library;
mod lint;
mod markers;
mod message;
mod picoschema;
mod prompt;
pub mod registry;
mod schema;
mod template;
mod yaml;

pub use diff::{Change, Diff, FieldChange, Line, diff};
pub use document::Document;
pub use library::library;
pub use lint::{Finding, Rule, lint};
pub use message::{Media, Message, Part, Role};
pub use prompt::{Data, Prompt, PromptError, Rendered, Snippet, Sources};
pub use schema::{Schema, Violation};
