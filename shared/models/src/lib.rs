//! Hosted generative models: what functions ask of them ([`TextModel`], [`Embedder`], [`ImageModel`], [`Guard`],
//! [`Transcriber`]), what they can do and cost ([`book`]), which of them answers ([`route`]), whether there is money for
//! it ([`Till`]), and how answers are recorded and played back ([`replay`]).
//!
//! A provider does one exchange (`exchange.rs`). Everything that is the same for all of them is written once: checks
//! before anything is sent (`capability.rs`), tries until the deadline (`retry.rs`), and the way from a schema to an
//! answer that matches it (`hosted.rs`). What is the same for all ports is written once too (`ask.rs`).

mod answer;
mod ask;
#[cfg(feature = "bedrock")]
mod bedrock;
pub mod book;
pub mod breaker;
mod capability;
mod connect;
#[cfg(feature = "double")]
pub mod double;
mod error;
#[cfg_attr(not(feature = "bedrock"), expect(dead_code, reason = "only Bedrock has all the ways for a call to end"))]
mod exchange;
mod forecast;
#[cfg_attr(not(any(feature = "bedrock", feature = "openai")), expect(dead_code, reason = "nobody here judges"))]
mod guard;
mod hosted;
#[cfg(feature = "openai")]
mod openai;
mod paid;
#[cfg_attr(
    not(any(feature = "bedrock", feature = "openai", feature = "double")),
    expect(dead_code, reason = "nobody here draws")
)]
mod picture;
mod port;
mod query;
pub mod replay;
mod request;
mod retry;
pub mod route;
mod schema;
mod transcript;

pub use answer::{Answer, Embedding, PassedOver, Receipt, StopReason};
pub use asset::money::{MicroUsd, Usage};
#[cfg(feature = "bedrock")]
pub use bedrock::{Bedrock, Environment, MissingVariables};
pub use connect::{ConnectError, Models};
pub use error::{Budget, Class, ModelError, ModelResult};
pub use forecast::NoForecast;
pub use guard::{Action, Assessment, Effect, Finding, GuardPart, GuardRequest, Policy, Source, Strength};
#[cfg(feature = "openai")]
pub use openai::{HttpClient, OpenAi};
pub use paid::{Batch, Till, Work};
pub use picture::{ImageRequest, NoSize, Picture, Pictures, Reference, Size};
pub use port::{EmbedInput, EmbedRequest, Embedder, Guard, ImageModel, Purpose, TextModel, Transcriber};
pub use query::QueryMapper;
pub use request::{Document, Image, ImageFormat, Message, Parameters, Part, Request, Role};
pub use schema::{Schema, SchemaError};
pub use transcript::{Audio, TranscribeRequest, Transcript, Word};
