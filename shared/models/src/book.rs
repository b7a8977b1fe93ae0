//! The price book: which models there are, what they can do, what they cost, and until when. Data, never code.

mod check;
mod file;

use crate::{MicroUsd, Usage};
use jiff::civil::Date;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

pub use check::BookError;

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
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    Text,
    Image,
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

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Price {
    Listed(ListPrice),
    /// A machine of our own.
    Free,
    Unknown,
}

/// Micro-dollars per million tokens, and where they were read.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListPrice {
    pub r#in: u64,
    pub out: u64,
    /// Where absent, cached tokens are counted like others: never too little.
    pub cache_read: Option<u64>,
    pub cache_write: Option<u64>,
    pub source: String,
    pub date: Date,
    pub verified: bool,
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
    /// Returns what a call cost, rounded up; nothing where the book has no price.
    pub fn cost(&self, usage: &Usage) -> Option<MicroUsd> {
        match &self.price {
            Price::Free => Some(MicroUsd(0)),
            Price::Unknown => None,
            Price::Listed(price) => Some(price.cost(usage)),
        }
    }

    /// Returns what a call of so many tokens costs at most, however they are cached.
    pub fn forecast(&self, input: u64, output: u64) -> Option<MicroUsd> {
        let dearest = match &self.price {
            Price::Listed(price) => [Some(price.r#in), price.cache_read, price.cache_write].into_iter().flatten().max(),
            Price::Free | Price::Unknown => None,
        };
        match (&self.price, dearest) {
            (Price::Listed(price), Some(dearest)) => {
                Some(ListPrice { r#in: dearest, ..price.clone() }.cost(&Usage { input, output, ..Usage::default() }))
            }
            _ => self.cost(&Usage { input, output, ..Usage::default() }),
        }
    }

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

impl ListPrice {
    fn cost(&self, usage: &Usage) -> MicroUsd {
        let parts = [
            (usage.input, self.r#in),
            (usage.output, self.out),
            (usage.cache_read, self.cache_read.unwrap_or(self.r#in)),
            (usage.cache_write, self.cache_write.unwrap_or(self.r#in)),
        ];
        // Two factors of 64 bits fit into 128; the sum of four products may not.
        let total = parts
            .iter()
            .fold(0u128, |sum, (tokens, price)| sum.saturating_add(u128::from(*tokens) * u128::from(*price)));
        MicroUsd(u64::try_from(total.div_ceil(1_000_000)).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
#[path = "book/tests.rs"]
mod tests;
