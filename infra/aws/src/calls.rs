//! `calls.json`: what each function reads from its environment and asks of AWS, as people reviewed it.

use crate::model::{items, texts};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// An action on a place: `("s3:GetObject", "StoreBucket/made/*")`.
pub type Call = (String, String);

/// The file, parsed.
pub struct Calls {
    functions: BTreeMap<String, Value>,
    platform: Value,
    paid: BTreeSet<String>,
}

impl Calls {
    /// Parses the file.
    ///
    /// # Errors
    /// If it is not of the form that this crate's `calls.json` has, or a call has no reason.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: Value = serde_json::from_str(text).map_err(|error| format!("`calls.json` is no JSON: {error}"))?;
        let functions = file["functions"].as_object().ok_or("`calls.json` has no functions")?;
        for (name, function) in functions {
            let is_explained = |call: &&Value| call["why"].as_str().is_some_and(|why| !why.is_empty());
            if !items(&function["calls"]).iter().all(is_explained) {
                return Err(format!("a call of `{name}` in `calls.json` has no `why`"));
            }
        }
        Ok(Calls {
            functions: functions.clone().into_iter().collect(),
            platform: file["platform"].clone(),
            paid: texts(&file["paid_functions"]).into_iter().map(str::to_owned).collect(),
        })
    }

    /// The functions' names, in lower case.
    pub fn functions(&self) -> impl Iterator<Item = &str> {
        self.functions.keys().map(String::as_str)
    }

    /// The names that a function reads from its environment.
    pub fn environment(&self, function: &str) -> BTreeSet<&str> {
        self.functions.get(function).map(|calls| texts(&calls["environment"])).unwrap_or_default().into_iter().collect()
    }

    /// What a function's own code asks.
    pub fn own(&self, function: &str) -> BTreeSet<Call> {
        self.functions.get(function).map(|calls| pairs(&calls["calls"], function)).unwrap_or_default()
    }

    /// What the platform asks in a function's name. `kind` is `every`, `queue` or `key`.
    pub fn platform(&self, kind: &str, function: &str) -> BTreeSet<Call> {
        pairs(&self.platform[kind], function)
    }

    /// Whether a function may call models, which cost money per call.
    pub fn is_paid(&self, function: &str) -> bool {
        self.paid.contains(function)
    }
}

fn pairs(calls: &Value, function: &str) -> BTreeSet<Call> {
    let mut pairs = BTreeSet::new();
    for call in items(calls) {
        for action in texts(&call["actions"]) {
            for place in texts(&call["on"]) {
                pairs.insert((action.to_owned(), place.replace("{Function}", &capitalized(function))));
            }
        }
    }
    pairs
}

/// `ingest` is `Ingest` in logical names.
pub fn capitalized(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
