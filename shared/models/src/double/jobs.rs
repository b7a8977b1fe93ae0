//! Batch jobs as `bedrock`'s control plane shows them: what is known of each, and what may be done to it.

use super::reply::Fault;
use super::{Ask, MARK};
use asset::canonical::sha256_hex;
use jiff::Timestamp;
use serde_json::{Value, json};

/// A job's path in ARNs.
const ARN: &str = "arn:aws:bedrock:us-east-1:000000000000:model-invocation-job/";

/// The pages of a listing, by default.
const PAGE: usize = 100;

#[derive(Default)]
pub(super) struct Jobs {
    all: Vec<Job>,
}

#[derive(Clone)]
pub(super) struct Job {
    pub id: String,
    /// What `CreateModelInvocationJob` said.
    pub request: Value,
    pub counts: Counts,
    status: Status,
    message: Option<String>,
    submitted: Timestamp,
    modified: Timestamp,
    ended: Option<Timestamp>,
}

#[derive(Clone, Copy, Default)]
pub(super) struct Counts {
    pub total: u64,
    pub succeeded: u64,
    pub failed: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Submitted,
    Validating,
    InProgress,
    Completed,
    Failed,
    Stopping,
    Stopped,
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Status::Submitted => "Submitted",
            Status::Validating => "Validating",
            Status::InProgress => "InProgress",
            Status::Completed => "Completed",
            Status::Failed => "Failed",
            Status::Stopping => "Stopping",
            Status::Stopped => "Stopped",
        }
    }

    fn is_over(self) -> bool {
        matches!(self, Status::Completed | Status::Failed | Status::Stopped)
    }
}

fn invalid(message: impl Into<String>) -> Fault {
    Fault::new("ValidationException", message)
}

impl Jobs {
    /// Takes a job; also returns its id where it is a new one, which has to be run.
    pub(super) fn create(&mut self, ask: &Ask<'_>) -> Result<(Value, Option<String>), Fault> {
        let body = ask.body;
        check(body)?;
        let token = &body["clientRequestToken"];
        if let Some(same) = self.all.iter().find(|job| token.is_string() && job.request["clientRequestToken"] == *token)
        {
            return Ok((json!({"jobArn": same.arn()}), None));
        }
        if self.all.iter().any(|job| job.request["jobName"] == body["jobName"]) {
            return Err(Fault::new("ConflictException", format!("there is a job {} already", body["jobName"])));
        }
        let id = sha256_hex(format!("{}{}", ask.digest, self.all.len()).as_bytes())[..12].to_owned();
        let now = Timestamp::now();
        self.all.push(Job {
            id: id.clone(),
            request: body.clone(),
            counts: Counts::default(),
            status: Status::Submitted,
            message: None,
            submitted: now,
            modified: now,
            ended: None,
        });
        Ok((json!({"jobArn": format!("{ARN}{id}")}), Some(id)))
    }

    pub(super) fn get(&self, subject: &str) -> Result<Value, Fault> {
        self.find(subject).map(Job::show)
    }

    pub(super) fn list(&self, query: &Value) -> Result<Value, Fault> {
        let text = |name: &str| query[name].as_str();
        let time = |name: &str| {
            let parse = |text: &str| text.parse::<Timestamp>().map_err(|why| invalid(format!("`{name}`: {why}")));
            text(name).map(parse).transpose()
        };
        let (after, before) = (time("submitTimeAfter")?, time("submitTimeBefore")?);
        let is_wanted = |job: &&Job| {
            text("statusEquals").is_none_or(|status| job.status.name() == status)
                && text("nameContains").is_none_or(|part| job.name().contains(part))
                && after.is_none_or(|after| job.submitted > after)
                && before.is_none_or(|before| job.submitted < before)
        };
        let mut jobs: Vec<&Job> = self.all.iter().filter(is_wanted).collect();
        if text("sortOrder") != Some("Ascending") {
            jobs.reverse();
        }
        let number = |name: &str| {
            let parse = |text: &str| text.parse::<usize>().map_err(|_| invalid(format!("`{name}` is no number")));
            text(name).map(parse).transpose()
        };
        let (start, most) = (number("nextToken")?.unwrap_or(0), number("maxResults")?.unwrap_or(PAGE).max(1));
        let end = start.saturating_add(most).min(jobs.len());
        let page = jobs.get(start..end).unwrap_or_default();
        let mut answer = json!({"invocationJobSummaries": page.iter().map(|job| job.show()).collect::<Vec<_>>()});
        if end < jobs.len() {
            answer["nextToken"] = end.to_string().into();
        }
        Ok(answer)
    }

    pub(super) fn stop(&mut self, subject: &str) -> Result<Value, Fault> {
        let id = self.find(subject)?.id.clone();
        let job = self.job(&id).ok_or_else(|| missing(subject))?;
        if job.status.is_over() {
            return Err(Fault::new("ConflictException", format!("the job is {} already", job.status.name())));
        }
        job.set(Status::Stopping, None);
        Ok(json!({}))
    }

    fn find(&self, subject: &str) -> Result<&Job, Fault> {
        let id = subject.strip_prefix(ARN).unwrap_or(subject);
        self.all.iter().find(|job| job.id == id).ok_or_else(|| missing(subject))
    }

    pub(super) fn job(&mut self, id: &str) -> Option<&mut Job> {
        self.all.iter_mut().find(|job| job.id == id)
    }
}

/// Times of the service have milliseconds.
fn at(time: Timestamp) -> String {
    format!("{time:.3}")
}

fn missing(subject: &str) -> Fault {
    Fault::new("ResourceNotFoundException", format!("{MARK} there is no job `{subject}`"))
}

fn check(body: &Value) -> Result<(), Fault> {
    let places = [
        "/jobName",
        "/roleArn",
        "/modelId",
        "/inputDataConfig/s3InputDataConfig/s3Uri",
        "/outputDataConfig/s3OutputDataConfig/s3Uri",
    ];
    for place in places {
        if body.pointer(place).and_then(Value::as_str).is_none_or(str::is_empty) {
            return Err(invalid(format!("`{place}` is required")));
        }
    }
    let hours = &body["timeoutDurationInHours"];
    if !hours.is_null() && !hours.as_u64().is_some_and(|hours| (24..=168).contains(&hours)) {
        return Err(invalid("a job has 24 to 168 hours"));
    }
    match body["modelInvocationType"].as_str() {
        None | Some("InvokeModel" | "Converse") => Ok(()),
        Some(other) => Err(invalid(format!("there is no type of invocation `{other}`"))),
    }
}

impl Job {
    pub(super) fn text(&self, place: &str) -> String {
        self.request.pointer(place).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    fn name(&self) -> &str {
        self.request["jobName"].as_str().unwrap_or_default()
    }

    fn arn(&self) -> String {
        format!("{ARN}{}", self.id)
    }

    /// Moves on. A job that is to stop only stops, or fails.
    pub(super) fn set(&mut self, status: Status, message: Option<String>) {
        let is_held = self.status == Status::Stopping && !status.is_over();
        if is_held || self.status.is_over() {
            return;
        }
        self.modified = Timestamp::now();
        self.status = status;
        self.message = message.or_else(|| self.message.take());
        self.ended = status.is_over().then_some(self.modified);
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.status == Status::Stopping
    }

    /// Returns the job as the service shows it, alone and in listings.
    fn show(&self) -> Value {
        let mut shown = json!({
            "jobArn": self.arn(),
            "status": self.status.name(),
            "message": self.message.as_deref().unwrap_or(MARK),
            "submitTime": at(self.submitted),
            "lastModifiedTime": at(self.modified),
            "totalRecordCount": self.counts.total,
            "processedRecordCount": self.counts.succeeded + self.counts.failed,
            "successRecordCount": self.counts.succeeded,
            "errorRecordCount": self.counts.failed,
        });
        if let Some(ended) = self.ended {
            shown["endTime"] = at(ended).into();
        }
        let echoed = [
            "jobName",
            "modelId",
            "roleArn",
            "clientRequestToken",
            "inputDataConfig",
            "outputDataConfig",
            "timeoutDurationInHours",
            "modelInvocationType",
        ];
        for name in echoed {
            if let Some(value) = self.request.get(name) {
                shown[name] = value.clone();
            }
        }
        shown
    }
}
