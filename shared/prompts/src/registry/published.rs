//! What is stored: a prompt with everything that its hash stands for, and how its evals went.

use super::RegistryError;
use crate::prompt::Prompt;
use crate::schema::Schema;
use asset::ids::Sha256;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A published prompt: enough to render it for ever, whatever becomes of the files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    pub id: String,
    pub name: String,
    pub version: String,
    pub hash: Sha256,
    pub source: String,
    pub partials: BTreeMap<String, String>,
    /// The input schema, as canonical JSON.
    pub input: Option<String>,
    /// The output schema, as canonical JSON.
    pub output: Option<String>,
    /// The hash of the brand guide.
    pub snippets: Option<Sha256>,
}

/// Where the answers of an eval came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answers {
    /// A model gave them to exactly these requests.
    #[serde(rename = "recorded from a model")]
    Recorded,
    /// Somebody wrote down what is expected; no model was asked.
    #[serde(rename = "written by hand")]
    ByHand,
}

impl Answers {
    pub fn words(self) -> &'static str {
        match self {
            Answers::Recorded => "recorded from a model",
            Answers::ByHand => "written by hand, and no model was asked",
        }
    }
}

/// How an eval of one hash went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvalRecord {
    pub id: String,
    pub hash: Sha256,
    pub passed: bool,
    /// Why it did not pass; empty if it did.
    pub reasons: Vec<String>,
    /// The hash of the eval's cases and recordings.
    pub suite: Sha256,
    pub answers: Answers,
    /// The production hash that it was compared with, if there was one.
    pub against: Option<Sha256>,
    /// Cases that passed, and all cases.
    pub n_passed: u64,
    pub n_cases: u64,
    /// Milliseconds since 1970.
    pub at_ms: u64,
}

impl Published {
    pub(super) fn of(prompt: &Prompt) -> Published {
        let canonical = |schema: &Option<Schema>| schema.as_ref().map(|schema| schema.canonical().to_owned());
        Published {
            id: prompt.id().to_owned(),
            name: prompt.name().to_owned(),
            version: prompt.version().to_owned(),
            hash: prompt.hash().clone(),
            source: prompt.source.clone(),
            partials: prompt.partials.clone(),
            input: canonical(&prompt.input),
            output: canonical(&prompt.output),
            snippets: prompt.snippets.clone(),
        }
    }

    /// Loads the prompt from what is stored alone; its hash is computed anew.
    pub(super) fn prompt(self, key: &str) -> Result<Prompt, RegistryError> {
        let schema = |text: Option<String>| {
            let damaged = |why: String| RegistryError::Damaged { key: key.to_owned(), why };
            let Some(text) = text else { return Ok(None) };
            let value = serde_json::from_str(&text).map_err(|error| damaged(error.to_string()))?;
            Schema::new(value).map(Some).map_err(damaged)
        };
        let (input, output) = (schema(self.input)?, schema(self.output)?);
        Ok(Prompt::build(&self.name, &self.source, &self.partials, input, output, self.snippets)?)
    }
}
