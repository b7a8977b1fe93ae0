//! Evals: cases with asserts, run offline on recorded answers, and compared with what is in production.
//!
//! A recording belongs to one exact request (messages, model, parameters, output schema). A changed prompt asks
//! something else, so it has no recordings until somebody ran it against a model: an old answer never speaks for a new
//! prompt.

mod assert;
mod bootstrap;

pub use assert::{Assert, Pattern};

use crate::document::with_unix_line_ends;
use crate::prompt::{Data, Prompt, Rendered};
use crate::registry::{Answers, EvalRecord};
use crate::schema::canonical;
use crate::yaml;
use asset::canonical::canonical_json;
use asset::ids::Sha256;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// How far the mean score may be below production's, at the lower 95 % bound.
const TOLERANCE: f64 = 0.02;

/// A file of cases, in the manner of promptfoo.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suite {
    /// The id of the prompt that this is about.
    pub prompt: String,
    #[serde(default)]
    pub gate: Gate,
    pub cases: Vec<Case>,
    #[serde(skip)]
    source: String,
}

/// What has to be reached.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// The share of cases, 0 to 1, in which every assert holds.
    pub pass_rate: f64,
}

impl Default for Gate {
    fn default() -> Self {
        Gate { pass_rate: 0.95 }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub name: String,
    pub vars: Map<String, Value>,
    #[serde(rename = "assert")]
    pub asserts: Vec<Assert>,
}

/// What a model answered to one request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recording {
    /// The model that answered.
    pub model: String,
    pub answer: String,
}

/// Recorded answers by [`recording_key`].
pub type Recordings = BTreeMap<Sha256, Recording>;

/// A file of recorded answers, which has to say where they came from.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerFile {
    pub source: Answers,
    pub recordings: Recordings,
}

impl AnswerFile {
    /// Reads a file: YAML, or JSON, which is YAML too. Fails with words.
    pub fn parse(text: &str) -> Result<AnswerFile, String> {
        let value: Value = yaml::read(text)?;
        serde_json::from_value(value).map_err(|error| error.to_string())
    }
}

/// Returns the hash of what is asked of a model: messages, model or route, parameters, output schema.
pub fn recording_key(prompt: &Prompt, rendered: &Rendered) -> Sha256 {
    let output = prompt.output().map(|schema| schema.as_value());
    let document = prompt.document();
    let request = json!({
        "messages": rendered.messages, "model": document.model(), "config": document.config(), "output": output,
    });
    Sha256::of(canonical(&request).as_bytes())
}

/// How one case went.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CaseResult {
    pub name: String,
    /// The share of asserts that hold, 0 to 1.
    pub score: f64,
    /// What does not hold, in words; empty if everything does.
    pub failures: Vec<String>,
    /// Whether there was an answer to look at.
    pub is_recorded: bool,
}

/// Scores beside production's, case by case.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    pub against: Sha256,
    /// The mean difference of scores, -1 to 1.
    pub mean: f64,
    /// Its lower 95 % bound (one-sided), by a paired bootstrap with a fixed seed.
    pub lower: f64,
}

/// How an eval went.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EvalResult {
    pub id: String,
    pub hash: Sha256,
    /// The hash of cases and recordings.
    pub suite: Sha256,
    pub cases: Vec<CaseResult>,
    pub comparison: Option<Comparison>,
    /// Why it did not pass; empty if it did.
    pub reasons: Vec<String>,
}

impl Suite {
    /// Reads a file. Fails with words.
    pub fn parse(text: &str) -> Result<Suite, String> {
        let value: Value = yaml::read(text)?;
        let mut suite: Suite = serde_json::from_value(value).map_err(|error| error.to_string())?;
        if suite.cases.is_empty() || suite.cases.iter().any(|case| case.asserts.is_empty()) {
            return Err("an eval has at least one case, and a case at least one assert".to_owned());
        }
        if !(0.0..=1.0).contains(&suite.gate.pass_rate) {
            return Err(format!("a pass rate is between 0 and 1, not {}", suite.gate.pass_rate));
        }
        suite.source = with_unix_line_ends(text);
        Ok(suite)
    }

    fn hash(&self, recordings: &Recordings) -> Sha256 {
        Sha256::of(canonical_json(&(&self.source, recordings)).as_bytes())
    }
}

impl EvalResult {
    pub fn passed(&self) -> bool {
        self.reasons.is_empty()
    }

    /// Returns how many cases hold in full.
    pub fn n_passed(&self) -> usize {
        self.cases.iter().filter(|case| case.failures.is_empty()).count()
    }

    /// Returns the share of cases that hold in full, 0 to 1.
    pub fn pass_rate(&self) -> f64 {
        self.n_passed() as f64 / self.cases.len().max(1) as f64
    }

    /// Returns what the registry keeps of it. `at_ms` is the time of the eval, in milliseconds since 1970; `answers` is where the answers
    /// came from.
    pub fn record(&self, answers: Answers, at_ms: u64) -> EvalRecord {
        EvalRecord {
            id: self.id.clone(),
            hash: self.hash.clone(),
            passed: self.passed(),
            reasons: self.reasons.clone(),
            suite: self.suite.clone(),
            answers,
            against: self.comparison.as_ref().map(|comparison| comparison.against.clone()),
            n_passed: self.n_passed() as u64,
            n_cases: self.cases.len() as u64,
            at_ms,
        }
    }
}

/// Runs every case on its recorded answer, and compares with `production` if there is one with another hash.
pub fn replay(suite: &Suite, prompt: &Prompt, production: Option<&Prompt>, recordings: &Recordings) -> EvalResult {
    let cases = run(suite, prompt, recordings);
    let mut reasons = Vec::new();
    if suite.prompt != prompt.id() {
        reasons.push(format!("the eval is about the prompt `{}`", suite.prompt));
    }
    for case in cases.iter().filter(|case| !case.is_recorded) {
        reasons.push(format!("the case `{}` has no recorded answer to this request", case.name));
    }
    let production = production.filter(|production| production.hash() != prompt.hash());
    let comparison = production.map(|production| {
        let before = run(suite, production, recordings);
        for case in before.iter().filter(|case| !case.is_recorded) {
            reasons.push(format!("the case `{}` has no recorded answer of production's", case.name));
        }
        let pairs = cases.iter().zip(&before);
        let deltas: Vec<f64> = pairs.map(|(after, before)| after.score - before.score).collect();
        let mean = bootstrap::mean(&deltas);
        Comparison { against: production.hash().clone(), mean, lower: bootstrap::lower_bound(&deltas) }
    });
    if let Some(lower) = comparison.as_ref().map(|comparison| comparison.lower).filter(|lower| *lower < -TOLERANCE) {
        reasons.push(format!("it may be worse than production: the lower bound of the difference is {lower:.3}"));
    }
    let (id, hash) = (prompt.id().to_owned(), prompt.hash().clone());
    let mut result = EvalResult { id, hash, suite: suite.hash(recordings), cases, comparison, reasons };
    if result.pass_rate() < suite.gate.pass_rate {
        let failed = result.cases.iter().filter(|case| !case.failures.is_empty()).map(|case| case.name.as_str());
        let failed: Vec<&str> = failed.collect();
        let (n_failed, n_cases) = (failed.len(), result.cases.len());
        result.reasons.insert(0, format!("{n_failed} of {n_cases} cases failed: {}", failed.join(", ")));
    }
    result
}

fn run(suite: &Suite, prompt: &Prompt, recordings: &Recordings) -> Vec<CaseResult> {
    suite.cases.iter().map(|case| run_case(case, prompt, recordings)).collect()
}

fn run_case(case: &Case, prompt: &Prompt, recordings: &Recordings) -> CaseResult {
    let failed = |failure: String, is_recorded| CaseResult {
        name: case.name.clone(),
        score: 0.0,
        failures: vec![failure],
        is_recorded,
    };
    let rendered = match prompt.render(&Data { input: case.vars.clone(), ..Data::default() }) {
        Ok(rendered) => rendered,
        // A prompt that does not take the case's variables fails it; there is nothing to record.
        Err(error) => return failed(error.to_string(), true),
    };
    let key = recording_key(prompt, &rendered);
    let Some(recording) = recordings.get(&key) else {
        return failed(format!("there is no recorded answer to the request `{key}`"), false);
    };
    let check = |assert: &Assert| assert.check(&recording.answer, &case.vars, prompt.output()).err();
    let failures: Vec<String> = case.asserts.iter().filter_map(check).collect();
    let score = 1.0 - failures.len() as f64 / case.asserts.len() as f64;
    CaseResult { name: case.name.clone(), score, failures, is_recorded: true }
}
