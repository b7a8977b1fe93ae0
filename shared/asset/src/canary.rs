//! Which version of a prompt writes for which asset: one for all, or another one first for a small share.
//!
//! Whether an asset is in the share follows from its id and the prompt's alone, so every machine says the same, and a larger share
//! holds everybody of a smaller one.

use crate::field::PromptRef;
use crate::ids::AssetId;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// A part of all assets in ten-thousandths, at least one: 100 is 1 %.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Share(u16);

impl Share {
    pub const ALL: Share = Share(10_000);

    /// Takes 1 to 10,000 ten-thousandths; `None` for anything else.
    pub fn new(per_ten_thousand: u16) -> Option<Share> {
        (1..=Share::ALL.0).contains(&per_ten_thousand).then_some(Share(per_ten_thousand))
    }

    /// Takes percent as people write it, with at most two decimals: `1`, `0.5`, `12.25`.
    pub fn parse_percent(text: &str) -> Option<Share> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let is_number = |part: &str, digits: usize| {
            (1..=digits).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !is_number(whole, 3) || !is_number(decimals, 2) {
            return None;
        }
        let hundredths: u16 = format!("{decimals:0<2}").parse().ok()?;
        Share::new(whole.parse::<u16>().ok()? * 100 + hundredths)
    }

    /// Returns whether an asset is in this share of a prompt's assets.
    pub fn holds(self, asset: &AssetId, prompt: &str) -> bool {
        place(asset, prompt) < u64::from(self.0)
    }
}

/// Returns where an asset stands among ten thousand.
fn place(asset: &AssetId, prompt: &str) -> u64 {
    // Neither an id of an asset nor one of a prompt has a line feed in it.
    let digest = Sha256::digest(format!("{asset}\n{prompt}").as_bytes());
    let number = digest[..8].iter().fold(0, |number: u64, byte| (number << 8) | u64::from(*byte));
    // Of 2^64 numbers the places differ by one in 10^15 at most.
    number % u64::from(Share::ALL.0)
}

impl TryFrom<u16> for Share {
    type Error = String;
    fn try_from(number: u16) -> Result<Self, String> {
        Share::new(number).ok_or_else(|| format!("`{number}` is no share: give 1 to 10000 ten-thousandths"))
    }
}

impl From<Share> for u16 {
    fn from(share: Share) -> u16 {
        share.0
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0 / 100, self.0 % 100) {
            (whole, 0) => write!(f, "{whole} %"),
            (whole, hundredths) if hundredths % 10 == 0 => write!(f, "{whole}.{} %", hundredths / 10),
            (whole, hundredths) => write!(f, "{whole}.{hundredths:02} %"),
        }
    }
}

/// Which versions of one prompt are in force.
///
/// Without a canary it is written as its one version is, so that such a profile has the digest that it always had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PromptChoice {
    #[serde(flatten)]
    pub production: PromptRef,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canary: Option<Canary>,
}

/// A version that is tried on a share of assets before the rest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Canary {
    pub prompt: PromptRef,
    pub share: Share,
}

impl PromptChoice {
    /// Adds a canary. One that is production by now is none.
    #[must_use]
    pub fn with_canary(mut self, prompt: PromptRef, share: Share) -> Self {
        self.canary = (prompt.hash != self.production.hash).then_some(Canary { prompt, share });
        self
    }

    /// Returns the version that writes for an asset.
    pub fn of(&self, asset: &AssetId) -> &PromptRef {
        match &self.canary {
            Some(canary) if canary.share.holds(asset, &self.production.id) => &canary.prompt,
            _ => &self.production,
        }
    }
}

impl From<PromptRef> for PromptChoice {
    fn from(production: PromptRef) -> Self {
        PromptChoice { production, canary: None }
    }
}
