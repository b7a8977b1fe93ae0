//! Prompts as version-controlled files: [dotprompt](https://github.com/google/dotprompt)'s format, with an identity.
//!
//! A file becomes a [`Prompt`] with the partials and schemas that it refers to ([`Sources::prompt`]); a prompt and
//! checked variables become messages ([`Prompt::render`]). Pure, but for the [`registry`] and the [`Shelf`], which ask ports.
//!
//! ```
//! use prompts::{Data, Sources, lint};
//!
//! let mut sources = Sources::default();
//! sources.add_file("greet", r#"---
//! greenroom.id: greet
//! greenroom.version: 1.0.0
//! greenroom.owner: content
//! input: {schema: {name: string}}
//! output: {schema: {greeting: string}}
//! ---
//! {{role "system"}}Greet the person whose name is in `DATA`.
//! {{role "user"}}DATA {{json name}}
//! "#);
//! let prompt = sources.prompt("greet")?;
//! assert_eq!(lint(&prompt), []);
//! let rendered = prompt.render(&Data::of(serde_json::json!({"name": "Ada"})))?;
//! assert_eq!(rendered.messages.len(), 2);
//! let error = prompt.render(&Data::default()).unwrap_err();
//! assert_eq!(error.to_string(), "the input `name` of the prompt `greet` is wrong: expected a value, found nothing");
//! # Ok::<(), prompts::PromptError>(())
//! ```
//!
//! Three things differ from npm's dotprompt, on purpose: data cannot bring a role or a picture (`markers.rs`), broken
//! front matter is an error instead of a template, and `input.default` of the file counts.

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
mod shelf;
mod template;
mod yaml;

pub use diff::{Change, Diff, FieldChange, Line, diff};
pub use document::Document;
pub use library::library;
pub use lint::{Finding, Rule, lint};
pub use message::{Media, Message, Part, Role};
pub use prompt::{Data, Prompt, PromptError, Rendered, Snippet, Sources};
pub use schema::{Schema, Violation};
pub use shelf::Shelf;
