//! `greenroom redrive [QUEUE]`: dead letters become messages again.

use crate::node::Node;
use crate::settings::Settings;
use anyhow::{Result, ensure};
use ports::Queue;
use std::process::ExitCode;

pub async fn redrive(settings: Settings, only: Option<&str>, json: bool) -> Result<ExitCode> {
    let node = Node::open(settings)?;
    let queues: Vec<_> =
        node.queues_by_name().into_iter().filter(|(name, _)| only.is_none_or(|only| only == *name)).collect();
    ensure!(
        !queues.is_empty(),
        "there is no queue `{}`; there are ingest, resize and settle",
        only.unwrap_or_default()
    );
    let mut moved = serde_json::Map::new();
    for (name, queue) in queues {
        let count = queue.redrive().await?;
        if !json {
            println!("{name}: {count} dead letters will be delivered again");
        }
        moved.insert(name.to_owned(), count.into());
    }
    if json {
        println!("{}", serde_json::Value::Object(moved));
    }
    Ok(ExitCode::SUCCESS)
}
