//! Runs a batch job: JSONL in, JSONL out in another order, and a manifest with the counts.

use super::jobs::{Counts, Job, Status};
use super::reply;
use super::state::{State, lock};
use super::{Ask, Operation};
use asset::canonical::sha256_hex;
use ports::blob::list_all;
use ports::{CreateBlob, Kind, ListBlobs, ReadBlob};
use serde_json::{Value, json};
use std::fmt::Display;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// One bucket, as batch jobs need it.
pub trait Bucket: ReadBlob + ListBlobs + CreateBlob {}

impl<T: ReadBlob + ListBlobs + CreateBlob> Bucket for T {}

/// Returns the bucket of a name, where there is one.
pub type Buckets = dyn Fn(&str) -> Option<Arc<dyn Bucket>> + Send + Sync;

/// A file of records that was read.
struct Input {
    /// Its name without folders.
    name: String,
    records: Vec<Value>,
}

/// Runs a job to its end. Whatever stands in its way is the job's message.
pub(super) async fn run(state: Arc<Mutex<State>>, id: String) {
    let found = |state: &mut State| Some((state.jobs.job(&id)?.clone(), state.buckets.clone()));
    let Some((job, buckets)) = found(&mut lock(&state)) else { return };
    let result = match buckets {
        Some(buckets) => work(&state, &job, &*buckets).await,
        None => Err("the double has no buckets: start it with some".to_owned()),
    };
    let (status, message) = match result {
        Ok(status) => (status, None),
        Err(message) => (Status::Failed, Some(format!("{} {message}", super::MARK))),
    };
    set(&state, &id, status, message);
}

fn set(state: &Mutex<State>, id: &str, status: Status, message: Option<String>) {
    if let Some(job) = lock(state).jobs.job(id) {
        job.set(status, message);
    }
}

async fn work(state: &Mutex<State>, job: &Job, buckets: &Buckets) -> Result<Status, String> {
    set(state, &job.id, Status::Validating, None);
    let inputs = read(buckets, &job.text("/inputDataConfig/s3InputDataConfig/s3Uri")).await?;
    let n_records = inputs.iter().map(|input| input.records.len() as u64).sum();
    let least = lock(state).script.least_records;
    if n_records < least {
        return Err(format!("the job has {n_records} records, and the least is {least}"));
    }
    if let Some(job) = lock(state).jobs.job(&job.id) {
        job.counts.total = n_records;
    }
    set(state, &job.id, Status::InProgress, None);
    let (bucket, prefix) = place(buckets, &job.text("/outputDataConfig/s3OutputDataConfig/s3Uri"))?;
    let folder = match prefix.trim_end_matches('/') {
        "" => job.id.clone(),
        prefix => format!("{prefix}/{}", job.id),
    };
    let (mut tokens, mut is_stopped) = ((0, 0), false);
    for input in inputs {
        let (lines, stopped) = answer_all(state, job, &input.records, &mut tokens).await;
        let key = format!("{folder}/{}.out", input.name);
        bucket.create(&key, lines.into_bytes().into()).await.map_err(|error| told(&key, error))?;
        is_stopped |= stopped;
    }
    let counts = lock(state).jobs.job(&job.id).map(|job| job.counts).unwrap_or_default();
    let key = format!("{folder}/manifest.json.out");
    let manifest = manifest(counts, tokens).to_string().into_bytes();
    bucket.create(&key, manifest.into()).await.map_err(|error| told(&key, error))?;
    Ok(if is_stopped { Status::Stopped } else { Status::Completed })
}

fn manifest(counts: Counts, (input, output): (u64, u64)) -> Value {
    json!({
        "totalRecordCount": counts.total,
        "processedRecordCount": counts.succeeded + counts.failed,
        "successRecordCount": counts.succeeded,
        "errorRecordCount": counts.failed,
        "inputTokenCount": input,
        "outputTokenCount": output,
    })
}

fn told(subject: &str, error: impl Display) -> String {
    format!("`{subject}`: {error}")
}

/// Takes `s3://BUCKET/KEY` apart.
fn place(buckets: &Buckets, uri: &str) -> Result<(Arc<dyn Bucket>, String), String> {
    let rest = uri.strip_prefix("s3://").ok_or_else(|| format!("`{uri}` is no address of an object in S3"))?;
    let (name, key) = rest.split_once('/').unwrap_or((rest, ""));
    let bucket = buckets(name).ok_or_else(|| format!("there is no bucket `{name}`"))?;
    Ok((bucket, key.to_owned()))
}

/// Reads a file, or all files below a folder.
async fn read(buckets: &Buckets, uri: &str) -> Result<Vec<Input>, String> {
    let (bucket, key) = place(buckets, uri)?;
    let keys = match bucket.head(&key).await {
        Ok(_) => vec![key],
        Err(error) if error.kind == Kind::NotFound || key.is_empty() || key.ends_with('/') => {
            let all = list_all(&*bucket, &key).await.map_err(|error| told(uri, error))?;
            all.into_iter().map(|blob| blob.key).filter(|key| key.ends_with(".jsonl")).collect()
        }
        Err(error) => return Err(told(uri, error)),
    };
    if keys.is_empty() {
        return Err(format!("there is no file of records at `{uri}`"));
    }
    let mut inputs = Vec::new();
    for key in keys {
        let bytes = bucket.read(&key).await.map_err(|error| told(&key, error))?.bytes;
        let text = std::str::from_utf8(&bytes).map_err(|error| told(&key, error))?;
        let name = key.rsplit('/').next().unwrap_or(&key).to_owned();
        inputs.push(Input { records: records(&name, text)?, name });
    }
    Ok(inputs)
}

/// A line that is no record fails the whole job, as the service's own validation does.
fn records(name: &str, text: &str) -> Result<Vec<Value>, String> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let read = |(index, line): (usize, &str)| {
        let record =
            serde_json::from_str::<Value>(line).map_err(|error| format!("`{name}`, line {}: {error}", index + 1))?;
        let mut record = Some(record).filter(|record| record["modelInput"].is_object());
        if let Some(record) = record.as_mut().filter(|record| !record["recordId"].is_string()) {
            // The service names records that have no name.
            record["recordId"] = format!("{:011}", index + 1).into();
        }
        record.ok_or_else(|| format!("`{name}`, line {}: there is no `modelInput`", index + 1))
    };
    lines.map(read).collect()
}

/// Returns the lines of an output, in an order that is not the input's, and whether the job was stopped before its end.
async fn answer_all(state: &Mutex<State>, job: &Job, records: &[Value], tokens: &mut (u64, u64)) -> (String, bool) {
    let mut lines: Vec<(String, String)> = Vec::new();
    let mut is_stopped = false;
    for record in records {
        is_stopped = lock(state).jobs.job(&job.id).is_some_and(|job| job.is_stopping());
        if is_stopped {
            break;
        }
        let (answered, latency_ms) = answer_one(&mut lock(state), job, record, tokens);
        if latency_ms > 0 {
            tokio::time::sleep(Duration::from_millis(latency_ms)).await;
        }
        let order = sha256_hex(format!("{}{}", job.id, record["recordId"]).as_bytes());
        lines.push((order, answered.to_string()));
    }
    lines.sort();
    (lines.into_iter().map(|(_, line)| line + "\n").collect(), is_stopped)
}

fn answer_one(state: &mut State, job: &Job, record: &Value, tokens: &mut (u64, u64)) -> (Value, u64) {
    let operation = match job.text("/modelInvocationType").as_str() {
        "Converse" => Operation::Converse,
        _ => Operation::InvokeModel,
    };
    let model = job.text("/modelId");
    let ask = Ask::new(operation, &model, &record["modelInput"]);
    let (rule, scripted) = state.script.reply(&ask).unzip();
    let scripted = scripted.unwrap_or_default();
    let result = state.value(&ask, &scripted);
    let status = result.as_ref().map_or_else(|fault| reply::status_of(&fault.name).unwrap_or(400), |_| 200);
    state.log(json!({
        "operation": operation.name(), "subject": model, "rule": rule, "status": status,
        "body": record["modelInput"], "job": job.id, "record": record["recordId"],
    }));
    let mut answered = record.clone();
    let counts = state.jobs.job(&job.id).map(|job| &mut job.counts);
    match result {
        Ok(value) => {
            let count = |name: &str| value["usage"][name].as_u64().unwrap_or_default();
            tokens.0 += count("inputTokens");
            tokens.1 += count("outputTokens");
            answered["modelOutput"] = value;
            counts.into_iter().for_each(|counts| counts.succeeded += 1);
        }
        Err(fault) => {
            answered["error"] = json!({"errorCode": status, "errorMessage": fault.message});
            counts.into_iter().for_each(|counts| counts.failed += 1);
        }
    }
    (answered, scripted.latency_ms)
}
