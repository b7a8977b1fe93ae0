//! The shell of a function on Lambda: batches from an SQS event source mapping into `dispatch`, batch-item failures back.

mod logs;
mod variables;

pub use lambda_runtime::Error;
pub use variables::{MissingVariables, Variables};

use crate::{Function, Metrics, Outcome, Shift, dispatch};
use asset::field::{Field, PromptRef};
use asset::profile::Profile;
use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use lambda_runtime::{LambdaEvent, service_fn};
use ports::{Clock, Queue, Received};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;
use tracing::Instrument;

/// Messages of one batch handled at the same time.
const CONCURRENCY: usize = 10;

/// The time that is left of an invocation when its answer must be on its way.
const MARGIN_MS: u64 = 500;

/// Runs a main: its logs as JSON lines, its work on one thread (CPU work has the blocking pool), its failure as a log line that an alarm
/// can find and an exit code that Lambda reports.
pub fn start(main: impl Future<Output = Result<(), Error>>) -> ExitCode {
    logs::log_as_json();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime.map_err(Error::from).and_then(|runtime| runtime.block_on(main)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = %error, "failed to start");
            ExitCode::FAILURE
        }
    }
}

/// Returns a file that was packed beside the program; `None` if there is none.
pub fn packed(name: &str) -> Result<Option<String>, Error> {
    let folder = PathBuf::from(std::env::var_os("LAMBDA_TASK_ROOT").unwrap_or_default());
    match std::fs::read_to_string(folder.join(name)) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Returns the profile that was packed with the function as `profile.toml`, the shipped one if there is none, completed with the prompts
/// in force: packed as `prompts.json`, because only who asks models knows them, and what they are decides what is asked for.
pub fn packed_profile() -> Result<Profile, Error> {
    let profile = match packed("profile.toml")? {
        Some(text) => {
            let beside =
                |file: &str| packed(file).map_err(|error| error.to_string())?.ok_or("it is not packed".to_owned());
            Profile::parse_with("profile.toml", &text, beside)?
        }
        None => Profile::default(),
    };
    let Some(text) = packed("prompts.json")? else { return Ok(profile) };
    let prompts: BTreeMap<Field, PromptRef> = serde_json::from_str(&text)?;
    Ok(profile.with_prompts(prompts))
}

/// Serves a function until Lambda ends the process.
///
/// `queue` is the one that the function is fed from: what fails is made visible there after the pause that the failure asks for, instead
/// of after the visibility timeout, which has to be many times the function's own.
pub async fn serve<F: Function>(function: F, queue: Arc<dyn Queue>, clock: Arc<dyn Clock>) -> Result<(), Error> {
    let (function, queue, clock) = (&function, queue.as_ref(), clock.as_ref());
    lambda_runtime::run(service_fn(async |event: LambdaEvent<SqsEvent>| {
        let span = tracing::info_span!(
            "invocation",
            request.id = event.context.request_id,
            trace.id = event.context.xray_trace_id.as_deref().unwrap_or_default(),
        );
        let deadline_ms = event.context.deadline.saturating_sub(MARGIN_MS);
        Ok::<_, Error>(answer(function, queue, clock, event.payload, deadline_ms).instrument(span).await)
    }))
    .await
}

/// Handles one event.
async fn answer<F: Function>(
    function: &F,
    queue: &dyn Queue,
    clock: &dyn Clock,
    event: SqsEvent,
    deadline_ms: u64,
) -> SqsBatchResponse {
    let batch: Vec<Received> = event.records.into_iter().map(received).collect();
    let metrics = Arc::new(Metrics::default());
    let shift = Shift { clock, deadline_ms, concurrency: CONCURRENCY, metrics: metrics.clone() };
    let outcomes = dispatch(function, &batch, &shift).await;
    let mut response = SqsBatchResponse::default();
    for (message, outcome) in batch.iter().zip(outcomes) {
        let Outcome::Failed(failure) = outcome else { continue };
        let pause = failure.pause(message.attempt);
        // Without it the message comes back all the same, only later.
        if let Err(error) = queue.give_back(&message.receipt, pause, &failure.reason).await {
            tracing::warn!(function = F::NAME, message.id = %message.id, %error, "could not shorten the wait");
        }
        let mut item = BatchItemFailure::default();
        item.item_identifier.clone_from(&message.id);
        response.batch_item_failures.push(item);
    }
    if let Some(record) = metrics.to_emf(F::NAME, clock.now_ms()) {
        println!("{record}");
    }
    response
}

fn received(message: SqsMessage) -> Received {
    let attempt = message.attributes.get("ApproximateReceiveCount").and_then(|count| count.parse().ok());
    Received {
        id: message.message_id.unwrap_or_default(),
        receipt: message.receipt_handle.unwrap_or_default(),
        body: message.body.unwrap_or_default(),
        attempt: attempt.unwrap_or(1),
    }
}

/// The clock of the machine.
pub struct WallClock;

#[async_trait::async_trait]
impl Clock for WallClock {
    fn now_ms(&self) -> u64 {
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
    }

    async fn sleep(&self, duration: std::time::Duration) {
        tokio::time::sleep(duration).await;
    }

    fn random(&self) -> u64 {
        fastrand::u64(..)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn a_batch_is_read_as_it_is_sent() {
        let text = include_str!("../../../../events/samples/sqs/batch.json");
        let event: SqsEvent = serde_json::from_str(text).expect("an event");
        let again: Value = serde_json::to_value(&event).expect("JSON");
        let batch: Vec<Received> = event.records.into_iter().map(received).collect();
        assert_eq!((batch.len(), batch[0].attempt, batch[1].attempt), (2, 1, 3));
        assert_eq!(batch[0].id, "059f36b4-87a3-44ab-83d2-661975830a7d");
        assert!(batch[0].receipt.starts_with("AQEB"));
        assert_eq!(batch[1].body, r#"{"sweep":"due"}"#);
        // Whatever was sent is still there after a round trip.
        let sent: Value = serde_json::from_str(text).expect("JSON");
        for (sent, again) in
            sent["Records"].as_array().expect("records").iter().zip(again["Records"].as_array().expect("records"))
        {
            for (name, value) in sent.as_object().expect("a record") {
                assert_eq!(&again[name], value, "{name}");
            }
        }
    }
}
