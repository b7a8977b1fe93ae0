//! What the console shows of the queues, on AWS.

use async_trait::async_trait;
use aws::{Clients, SqsQueue};
use console::{Health, QueueHealth};
use futures::future::try_join_all;
use ports::{Kind, PortError, Queue};
use std::sync::Arc;

/// Queues by name.
pub struct QueueReport(Vec<(String, SqsQueue)>);

impl QueueReport {
    /// Reads `name=url=dead_url,…`.
    pub fn parse(clients: &Arc<Clients>, text: &str) -> Result<Self, PortError> {
        let parse = |part: &str| {
            let [name, url, dead_url] = part.split('=').collect::<Vec<_>>()[..] else {
                return Err(
                    PortError::new(Kind::Fatal, "read `GREENROOM_QUEUES`", part).because("not `name=url=dead_url`")
                );
            };
            Ok((name.to_owned(), SqsQueue::new(clients.clone(), url, dead_url, 0)))
        };
        text.split(',').map(parse).collect::<Result<_, _>>().map(QueueReport)
    }
}

#[async_trait]
impl Health for QueueReport {
    /// Counts only: to look into the dead letters would mean to receive them, which hides them from whoever redrives.
    async fn queues(&self) -> Result<Vec<QueueHealth>, PortError> {
        let of = async |(name, queue): &(String, SqsQueue)| {
            Ok(QueueHealth { name: name.clone(), depth: queue.depth().await?, dead: Vec::new() })
        };
        try_join_all(self.0.iter().map(of)).await
    }
}
