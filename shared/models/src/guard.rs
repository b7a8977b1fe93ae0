//! Whether a text or a picture keeps to rules: what is asked of guards, and what they find.

use crate::{Image, Receipt};
use serde::{Deserialize, Serialize};

/// Content to be judged.
#[derive(Clone, Debug, Serialize)]
pub struct GuardRequest {
    pub source: Source,
    pub parts: Vec<GuardPart>,
}

/// Who wrote the content. Guards have other rules for questions than for answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A stranger, or a user: what a model is about to read.
    Input,
    /// A model.
    Output,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GuardPart {
    /// What is judged.
    Text(String),
    /// What a judged text has to be grounded in. It is not judged itself.
    GroundingSource(String),
    /// The question to which a judged text has to be an answer. It is not judged itself.
    Query(String),
    Image(Image),
}

impl GuardRequest {
    /// Makes a question about one text.
    pub fn of_text(source: Source, text: impl Into<String>) -> Self {
        GuardRequest { source, parts: vec![GuardPart::Text(text.into())] }
    }

    pub(crate) fn images(&self) -> impl Iterator<Item = &Image> {
        self.parts.iter().filter_map(|part| if let GuardPart::Image(image) = part { Some(image) } else { None })
    }

    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            GuardPart::Text(text) | GuardPart::GroundingSource(text) | GuardPart::Query(text) => Some(text.as_str()),
            GuardPart::Image(_) => None,
        })
    }
}

/// What a guard says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assessment {
    pub action: Action,
    pub findings: Vec<Finding>,
    /// What the guard would show instead, a part each: its own words, or the text with what it masked.
    pub replacements: Vec<String>,
    pub receipt: Receipt,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    None,
    /// The content must not be used as it is.
    Intervened,
}

/// Something that a policy found, and what the guard does about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    pub policy: Policy,
    pub effect: Effect,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    Blocked,
    Masked,
    /// It is only reported.
    Reported,
}

/// The policies of guards. Fractions are whole thousandths.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Policy {
    /// A topic that is not talked about, by the name that its author gave it.
    Topic { name: String },
    /// Harmful content. `category` is the provider's name: `HATE`, `PROMPT_ATTACK`, `violence/graphic`.
    Content { category: String, strength: Strength, score_thousandths: Option<u16> },
    /// A word that is not said. `list` names the provider's list that it is on; a word of our own has none.
    Word { text: String, list: Option<String> },
    /// Data about a person. `kind` is the provider's name (`EMAIL`), or the name of a pattern of our own.
    PersonalData { kind: String, text: String },
    /// The text does not follow from its source (`GROUNDING`) or does not answer its question (`RELEVANCE`).
    Grounding { kind: String, score_thousandths: u16, threshold_thousandths: u16 },
    /// A policy that is not known here.
    Other { name: String },
}

/// How sure the guard is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strength {
    None,
    Low,
    Medium,
    High,
}

/// Returns a fraction as whole thousandths; what is no fraction is cut to one.
pub(crate) fn thousandths(fraction: f64) -> u16 {
    let rounded = (fraction.clamp(0.0, 1.0) * 1000.0).round();
    // Between 0 and 1000, or not a number, which becomes 0.
    rounded as u16
}
