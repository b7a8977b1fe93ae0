//! Running a task whose model may be away for hours.

use asset::task::Task;
use models::ModelError;
use ports::{Envelope, SendMessages};
use runtime::{Context, Craft, Failure, Once};
use std::error::Error;
use std::time::Duration;

/// The longest that a waiting task sleeps: a queue's own limit.
const LONGEST_SLEEP: Duration = Duration::from_secs(900);

/// Runs a task; one whose model is away goes to sleep in `own`, the function's own queue.
///
/// A model that is away is no fault of the message: it sleeps without using up its deliveries, and finds its result there if another
/// delivery was faster.
pub async fn run(
    once: &Once,
    craft: &dyn Craft,
    own: &dyn SendMessages,
    task: &Task,
    context: &Context,
) -> Result<(), Failure> {
    match once.run(craft, task, context).await {
        Err(Failure::Retry { after, source }) if source.is::<Away>() => {
            let after = after.clamp(Duration::from_secs(1), LONGEST_SLEEP);
            let (after_s, why) = (after.as_secs(), source.to_string());
            tracing::warn!(asset.id = %task.asset, task.id = %task.id(), after_s, why, "the task waits for its model");
            let body = serde_json::to_string(task).map_err(Failure::reject)?;
            Ok(own.send(vec![Envelope::after(body, after)]).await?)
        }
        done => done,
    }
}

/// The model cannot be asked now.
#[derive(Debug)]
pub(crate) struct Away(pub Box<ModelError>);

impl std::fmt::Display for Away {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Away {}
