//! A sweep for what is unfinished waits while many looks do: whoever waits in the queue will be looked at, and a sweep would only make
//! the queue longer by everybody who is not ready yet. The next one comes by itself.

use crate::{Settle, SettleTask, SweepScope};
use async_trait::async_trait;
use ports::Queue;
use runtime::{Context, Failure, Function};
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

/// Looks that wait for `settle`, above which a sweep can wait too.
const BACKLOG: u64 = 1000;

/// `settle`, where sweeps come as messages.
pub struct Unhurried {
    settle: Settle,
    /// The own queue.
    queue: Arc<dyn Queue>,
}

impl Unhurried {
    pub fn new(settle: Settle, queue: Arc<dyn Queue>) -> Self {
        Unhurried { settle, queue }
    }
}

#[async_trait]
impl Function for Unhurried {
    const NAME: &'static str = Settle::NAME;

    const NEEDS: Duration = Settle::NEEDS;

    type Task = SettleTask;

    fn parse(body: &str) -> Result<SettleTask, Box<dyn Error + Send + Sync>> {
        Settle::parse(body)
    }

    async fn handle(&self, task: SettleTask, context: &Context) -> Result<(), Failure> {
        // A part that goes on stands behind the looks that it follows, so only a beginning adds to others' work.
        if matches!(task, SettleTask::Sweep { sweep: SweepScope::Due, from: None }) {
            let n_waiting = self.queue.depth().await?.visible;
            if n_waiting > BACKLOG {
                tracing::info!(n_waiting, "left a sweep to the next one");
                return Ok(());
            }
        }
        self.settle.handle(task, context).await
    }

    fn lane(task: &SettleTask) -> Option<String> {
        Settle::lane(task)
    }
}
