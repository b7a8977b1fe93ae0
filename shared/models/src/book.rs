//! The price book: which models there are, what they can do, what they cost, and until when. Data, never code.

mod check;
mod file;
mod price;

use crate::{MicroUsd, Size};
use jiff::civil::Date;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

pub use check::BookError;
pub use price::{Consumption, ListPrice, Price};

/// The book used where no file is given; also the reference for writing one.
pub const DEFAULT_BOOK: &str = include_str!("../models.toml");

/// From this many days before its end, a model's use is warned of.
const WARN_DAYS: i32 = 60;

/// A checked price book.
#[derive(Clone, Debug)]
pub struct Book {
    models: Vec<Arc<ModelSpec>>,
    routes: Vec<RouteSpec>,
    caps: Caps,
}

/// What may be spent. Without a limit, money is counted and nothing is refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caps {
    /// On one day in UTC, of everything.
    pub day: Option<MicroUsd>,
    /// On one day in UTC, by collection.
    pub collection: BTreeMap<String, MicroUsd>,
}

/// One model.
#[derive(Clone, Debug)]
pub struct ModelSpec {
    /// The name in routes, ledgers and provenance.
    pub id: String,
    pub provider: Provider,
    /// The provider's name of it.
    pub model: String,
    pub kind: Kind,
    pub inputs: Vec<Input>,
    pub structured_output: StructuredOutput,
    /// Whether the provider keeps marked prompts.
    pub prompt_cache: bool,
    pub max_in: Option<u32>,
    pub max_out: Option<u32>,
    pub image: Option<ImageLimits>,
    /// Lengths of an embedding; empty where there is no choice.
    pub dimensions: Vec<u32>,
    /// Sizes of the pictures that it makes; empty where any will do.
    pub sizes: Vec<Size>,
    /// How many pictures it makes of one call.
    pub max_pictures: u32,
    pub audio: Option<AudioLimits>,
    /// Of a guardrail.
    pub version: Option<String>,
    pub price: Price,
    pub end_of_life: Option<EndOfLife>,
    /// Where an OpenAI-compatible server listens: up to and including `/v1`.
    pub url: Option<String>,
    /// The environment variable that holds its key.
    pub key_variable: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    Bedrock,
    Openai,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Text,
    Embedding,
    /// It makes pictures.
    Image,
    Guard,
    Transcription,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    Text,
    Image,
    Audio,
}

/// How a model is held to a schema.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StructuredOutput {
    /// The provider compiles the schema into a grammar. A schema that it cannot compile goes the way of `tool`.
    Native,
    /// The model has to call a tool with the schema as its input.
    Tool,
    /// It is asked for JSON in words.
    #[default]
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageLimits {
    pub long_edge: u32,
    pub bytes: u64,
    pub count: u32,
}

/// How long a recording may be, and how large.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AudioLimits {
    pub seconds: u32,
    pub bytes: u64,
}

/// The last day, and who says so.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndOfLife {
    pub date: Date,
    pub source: String,
}

/// An ordered list of models, and what each of them has to be able to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteSpec {
    pub name: String,
    pub models: Vec<String>,
    pub needs: Vec<Need>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    Image,
    /// The provider itself holds the answer to a schema.
    Schema,
    /// A schema compiled into a grammar.
    NativeSchema,
    Embedding,
}

/// Whether a model may be used on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lifetime {
    Fine,
    /// It may, and somebody should look for another.
    Ending {
        date: Date,
        days: i32,
    },
    Over {
        date: Date,
    },
}

impl Book {
    /// Parses and checks a book. `name` is the file's name for error messages.
    pub fn parse(name: &str, text: &str) -> Result<Self, BookError> {
        file::parse(name, text)
    }

    pub fn models(&self) -> &[Arc<ModelSpec>] {
        &self.models
    }

    pub fn model(&self, id: &str) -> Option<&Arc<ModelSpec>> {
        self.models.iter().find(|model| model.id == id)
    }

    pub fn route(&self, name: &str) -> Option<&RouteSpec> {
        self.routes.iter().find(|route| route.name == name)
    }

    /// Returns the models of a route, in its order, or the one model of that name; none if there is neither.
    pub fn named(&self, name: &str) -> Vec<&Arc<ModelSpec>> {
        match self.route(name) {
            Some(route) => route.models.iter().filter_map(|id| self.model(id)).collect(),
            None => self.model(name).into_iter().collect(),
        }
    }

    pub fn caps(&self) -> &Caps {
        &self.caps
    }
}

impl Default for Book {
    fn default() -> Self {
        Book::parse("models.toml", DEFAULT_BOOK).expect("the shipped price book is valid: a test says so")
    }
}

impl ModelSpec {
    /// Says whether the model may be used on a day. Its last day is still one.
    pub fn lifetime(&self, today: Date) -> Lifetime {
        let Some(EndOfLife { date, .. }) = self.end_of_life else { return Lifetime::Fine };
        // Days between two dates always fit; a span that cannot be computed is as good as over.
        let days = today.until(date).map_or(-1, |span| span.get_days());
        match days {
            ..0 => Lifetime::Over { date },
            0..WARN_DAYS => Lifetime::Ending { date, days },
            _ => Lifetime::Fine,
        }
    }

    pub fn takes(&self, input: Input) -> bool {
        self.inputs.contains(&input)
    }

    /// Says whether a model can do what a route needs.
    pub fn meets(&self, need: Need) -> bool {
        match need {
            Need::Image => self.takes(Input::Image),
            Need::Schema => self.kind == Kind::Text && self.structured_output != StructuredOutput::None,
            Need::NativeSchema => self.kind == Kind::Text && self.structured_output == StructuredOutput::Native,
            Need::Embedding => self.kind == Kind::Embedding,
        }
    }
}

#[cfg(test)]
#[path = "book/tests.rs"]
mod tests;
