//! The file of recorded exchanges: a JSON line each, in the order in which they were made.

use super::difference::{difference, distance};
use crate::{Budget, Class, MicroUsd, ModelError, ModelResult, PassedOver, Usage};
use asset::canonical::canonical_json;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Recorded exchanges, by the canonical JSON of what was asked.
#[derive(Debug, Default)]
pub struct Cassette {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    lines: Vec<Line>,
    /// How many recordings of the same question were played.
    n_played: HashMap<String, usize>,
    file: Option<File>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Line {
    ask: Value,
    #[serde(flatten)]
    outcome: Outcome,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Answer(Value),
    Error(Failure),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Failure {
    class: RecordedClass,
    code: String,
    message: String,
    model: String,
    request_id: Option<String>,
    usage: Usage,
    cost: Option<MicroUsd>,
    n_calls: u32,
    passed_over: Vec<PassedOver>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum RecordedClass {
    Permanent,
    Unavailable,
    Retry { after_ms: u64 },
    Throttled { after_ms: u64 },
    Blocked { reason: String },
    BadOutput { errors: Vec<String>, raw: String },
    Budget(Budget),
}

#[derive(Debug, thiserror::Error)]
pub enum CassetteError {
    #[error("failed to open cassette `{path}`")]
    Open { path: String, source: io::Error },
    #[error("failed to read cassette `{path}`, line {line}")]
    Line { path: String, line: usize, source: serde_json::Error },
}

impl Cassette {
    /// Reads a cassette's text. `name` is the file's name for error messages.
    pub fn parse(name: &str, text: &str) -> Result<Self, CassetteError> {
        let mut lines = Vec::new();
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let read = serde_json::from_str(line);
            lines.push(read.map_err(|source| CassetteError::Line {
                path: name.to_owned(),
                line: index + 1,
                source,
            })?);
        }
        Ok(Cassette { state: Mutex::new(State { lines, ..State::default() }) })
    }

    /// Opens a cassette to play it and to record at its end; it is made where there is none.
    pub fn open(path: &Path) -> Result<Self, CassetteError> {
        let name = path.display().to_string();
        let open = |source: io::Error| CassetteError::Open { path: name.clone(), source };
        let file = OpenOptions::new().create(true).read(true).append(true).open(path).map_err(open)?;
        let text = io::read_to_string(&file).map_err(open)?;
        let cassette = Self::parse(&name, &text)?;
        cassette.lock().file = Some(file);
        Ok(cassette)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn record<T: Serialize>(&self, ask: &Value, result: &ModelResult<T>) -> io::Result<()> {
        let outcome = match result {
            Ok(answer) => Outcome::Answer(serde_json::to_value(answer)?),
            Err(error) => Outcome::Error(Failure::of(error)),
        };
        let line = Line { ask: ask.clone(), outcome };
        let text = format!("{}\n", serde_json::to_string(&line)?);
        let mut state = self.lock();
        state.lines.push(line);
        match &mut state.file {
            Some(file) => file.write_all(text.as_bytes()),
            None => Ok(()),
        }
    }

    /// Returns what was recorded, or what the nearest recording asked differently.
    pub(super) fn play<T: serde::de::DeserializeOwned>(
        &self,
        model: &str,
        ask: &Value,
    ) -> Result<ModelResult<T>, String> {
        let wanted = canonical_json(ask);
        let mut state = self.lock();
        let same: Vec<usize> = (0..state.lines.len()).filter(|index| state.lines[*index].ask == *ask).collect();
        let Some(last) = same.last() else { return Err(nearest(&state.lines, ask)) };
        let n_played = state.n_played.entry(wanted).or_default();
        let index = *same.get(*n_played).unwrap_or(last);
        *n_played += 1;
        match state.lines[index].outcome.clone() {
            Outcome::Answer(answer) => serde_json::from_value(answer)
                .map(Ok)
                .map_err(|error| format!("recording {} is no answer of this kind: {error}", index + 1)),
            Outcome::Error(failure) => Ok(Err(failure.into_error(model))),
        }
    }
}

fn nearest(lines: &[Line], ask: &Value) -> String {
    let nearest = lines.iter().enumerate().min_by_key(|(_, line)| distance(&line.ask, ask));
    match nearest {
        None => "the cassette is empty".to_owned(),
        Some((index, line)) => {
            let what = difference(&line.ask, ask).unwrap_or_default();
            format!("no recording matches; the nearest, number {}, differs at {what}", index + 1)
        }
    }
}

impl Failure {
    fn of(error: &ModelError) -> Self {
        let ms = |duration: &Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let class = match &error.class {
            Class::Permanent => RecordedClass::Permanent,
            Class::Unavailable => RecordedClass::Unavailable,
            Class::Retry { after } => RecordedClass::Retry { after_ms: ms(after) },
            Class::Throttled { after } => RecordedClass::Throttled { after_ms: ms(after) },
            Class::Blocked { reason } => RecordedClass::Blocked { reason: reason.clone() },
            Class::BadOutput { errors, raw } => RecordedClass::BadOutput { errors: errors.clone(), raw: raw.clone() },
            Class::Budget(budget) => RecordedClass::Budget(budget.clone()),
        };
        Failure {
            class,
            code: error.code.clone(),
            message: error.message.clone(),
            model: error.model.clone(),
            request_id: error.request_id.clone(),
            usage: error.usage,
            cost: error.cost,
            n_calls: error.n_calls,
            passed_over: error.passed_over.clone(),
        }
    }

    fn into_error(self, model: &str) -> Box<ModelError> {
        let class = match self.class {
            RecordedClass::Permanent => Class::Permanent,
            RecordedClass::Unavailable => Class::Unavailable,
            RecordedClass::Retry { after_ms } => Class::Retry { after: Duration::from_millis(after_ms) },
            RecordedClass::Throttled { after_ms } => Class::Throttled { after: Duration::from_millis(after_ms) },
            RecordedClass::Blocked { reason } => Class::Blocked { reason },
            RecordedClass::BadOutput { errors, raw } => Class::BadOutput { errors, raw },
            RecordedClass::Budget(budget) => Class::Budget(budget),
        };
        let mut error = ModelError::of(class, model, self.code, self.message).requested(self.request_id);
        error.model = self.model;
        (error.usage, error.cost, error.n_calls) = (self.usage, self.cost, self.n_calls);
        error.passed_over = self.passed_over;
        error
    }
}
