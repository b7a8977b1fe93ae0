//! What the double remembers, and its answer to one call.

use super::batch::Buckets;
use super::converse::{self, Memory};
use super::jobs::Jobs;
use super::reply::{self, Body, Fault};
use super::script::{Reply, Script};
use super::{Ask, Operation, guardrail, image, invoke, stream};
use http::Response;
use serde_json::{Value, json};
use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[derive(Default)]
pub(super) struct State {
    pub script: Script,
    pub jobs: Jobs,
    pub buckets: Option<Arc<Buckets>>,
    pub file: Option<std::fs::File>,
    pub entries: Vec<Value>,
    memory: Memory,
}

pub(super) fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An answer, how late it is, and the job that begins with it.
pub(super) struct Answered {
    pub response: Response<Body>,
    pub latency_ms: u64,
    pub job: Option<String>,
}

impl State {
    pub fn new(script: Script) -> Self {
        State { script, ..State::default() }
    }

    /// Adds a call to the log, and to its file.
    pub fn log(&mut self, mut entry: Value) {
        entry["number"] = (self.entries.len() + 1).into();
        if let Some(file) = &mut self.file
            && let Err(error) = writeln!(file, "{entry}")
        {
            tracing::warn!(%error, "the double's log was not written");
        }
        self.entries.push(entry);
    }

    /// Answers a call whose body could be read or not.
    pub fn answer(&mut self, operation: Operation, subject: &str, body: Result<Value, Fault>) -> Answered {
        let (mut rule, mut scripted, mut job) = (None, Reply::default(), None);
        let mut value = Value::Null;
        let result = body.and_then(|body| {
            value = body;
            let ask = Ask::new(operation, subject, &value);
            if let Some((number, reply)) = self.script.reply(&ask) {
                (rule, scripted) = (Some(number), reply);
            }
            self.respond(&ask, &scripted, &mut job)
        });
        let mut response = result.unwrap_or_else(|fault| reply::fault(&fault));
        if let Ok(id) = format!("double-{}", self.entries.len() + 1).parse() {
            response.headers_mut().insert("x-amzn-requestid", id);
        }
        self.log(json!({
            "operation": operation.name(), "subject": subject, "rule": rule, "status": response.status().as_u16(),
            "body": value,
        }));
        Answered { response, latency_ms: scripted.latency_ms, job }
    }

    fn respond(&mut self, ask: &Ask<'_>, scripted: &Reply, job: &mut Option<String>) -> Result<Response<Body>, Fault> {
        let fault = Fault::scripted(scripted);
        let late = fault.zip(scripted.after_pieces).filter(|_| ask.operation == Operation::ConverseStream);
        let value = match &late {
            Some(_) => self.value(ask, &Reply { error: None, ..scripted.clone() })?,
            None if ask.operation == Operation::CreateModelInvocationJob && scripted.error.is_none() => {
                let (value, id) = self.jobs.create(ask)?;
                *job = id;
                value
            }
            None => self.value(ask, scripted)?,
        };
        if ask.operation == Operation::ConverseStream {
            let late = late.as_ref().map(|(fault, after)| (*after, fault.name.as_str(), fault.message.as_str()));
            let frames = stream::frames(&value, late);
            return Ok(reply::ok("application/vnd.amazon.eventstream", frames, scripted.cut));
        }
        Ok(reply::ok("application/json", value.to_string().into_bytes(), scripted.cut))
    }

    /// Returns the body of an answer, or the error that it is instead.
    pub fn value(&mut self, ask: &Ask<'_>, scripted: &Reply) -> Result<Value, Fault> {
        if let Some(fault) = Fault::scripted(scripted) {
            return Err(fault);
        }
        let State { script, memory, jobs, .. } = self;
        match (ask.operation, &scripted.json) {
            (Operation::Converse | Operation::ConverseStream, _) => {
                converse::converse(ask, scripted, &script.blocked_words, memory)
            }
            (Operation::InvokeModel | Operation::ApplyGuardrail, Some(body)) => Ok(body.clone()),
            (Operation::InvokeModel, None) if image::is_image_model(ask.subject) => image::invoke(ask, script),
            (Operation::InvokeModel, None) => invoke::invoke(ask),
            (Operation::CountTokens, _) => converse::tokens(ask),
            (Operation::ApplyGuardrail, None) => guardrail::apply(ask, script),
            (Operation::CreateModelInvocationJob, _) => jobs.create(ask).map(|(value, _)| value),
            (Operation::GetModelInvocationJob, _) => jobs.get(ask.subject),
            (Operation::ListModelInvocationJobs, _) => jobs.list(ask.body),
            (Operation::StopModelInvocationJob, _) => jobs.stop(ask.subject),
        }
    }
}
