//! What models cost: prices by what is counted, and sums that are never too small.

use super::ModelSpec;
use crate::{MicroUsd, Usage};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Price {
    Listed(ListPrice),
    /// A machine of our own.
    Free,
    Unknown,
}

/// Micro-dollars, and where they were read. What a kind of model does not count costs nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListPrice {
    /// Per million tokens.
    pub r#in: u64,
    /// Per million tokens.
    pub out: u64,
    /// Per million tokens. Where absent, cached tokens are counted like others: never too little.
    pub cache_read: Option<u64>,
    pub cache_write: Option<u64>,
    /// Per picture: one that is made, or one that a guard judges.
    pub per_image: u64,
    /// Per minute of sound; whole seconds are counted.
    pub per_minute: u64,
    /// Per text unit and policy. A text unit is up to 1,000 characters, and each policy of a guard counts its own.
    pub per_text_unit: u64,
    pub source: String,
    pub date: Date,
    pub verified: bool,
}

/// Everything that a call can be paid by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Consumption {
    pub tokens: Usage,
    /// Pictures that were made, or judged.
    pub images: u64,
    /// Sound that was heard.
    pub audio_ms: u64,
    /// Text that was judged, counted once by each policy that costs something.
    pub text_units: u64,
}

impl From<Usage> for Consumption {
    fn from(tokens: Usage) -> Self {
        Consumption { tokens, ..Consumption::default() }
    }
}

impl From<&Usage> for Consumption {
    fn from(tokens: &Usage) -> Self {
        (*tokens).into()
    }
}

impl ModelSpec {
    /// Returns what a call cost, rounded up; nothing where the book has no price.
    pub fn cost(&self, consumption: impl Into<Consumption>) -> Option<MicroUsd> {
        match &self.price {
            Price::Free => Some(MicroUsd(0)),
            Price::Unknown => None,
            Price::Listed(price) => Some(price.cost(&consumption.into())),
        }
    }

    /// Returns what a call of so many tokens costs at most, however they are cached.
    pub fn forecast(&self, input: u64, output: u64) -> Option<MicroUsd> {
        let usage = Usage { input, output, ..Usage::default() };
        let Price::Listed(price) = &self.price else { return self.cost(usage) };
        let dearest = price.r#in.max(price.cache_read.unwrap_or(0)).max(price.cache_write.unwrap_or(0));
        Some(ListPrice { r#in: dearest, ..price.clone() }.cost(&usage.into()))
    }
}

impl ListPrice {
    fn cost(&self, consumption: &Consumption) -> MicroUsd {
        let Consumption { tokens, images, audio_ms, text_units } = consumption;
        let parts = [
            (tokens.input, self.r#in),
            (tokens.output, self.out),
            (tokens.cache_read, self.cache_read.unwrap_or(self.r#in)),
            (tokens.cache_write, self.cache_write.unwrap_or(self.r#in)),
        ];
        // Two factors of 64 bits fit into 128; the sum of several products may not.
        let product = |amount: u64, price: u64| u128::from(amount) * u128::from(price);
        let token_parts =
            parts.into_iter().fold(0u128, |sum, (tokens, price)| sum.saturating_add(product(tokens, price)));
        let total = [
            token_parts.div_ceil(1_000_000),
            product(*images, self.per_image),
            product(audio_ms.div_ceil(1000), self.per_minute).div_ceil(60),
            product(*text_units, self.per_text_unit),
        ];
        let total = total.into_iter().fold(0u128, u128::saturating_add);
        MicroUsd(u64::try_from(total).unwrap_or(u64::MAX))
    }
}
