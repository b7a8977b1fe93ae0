//! `greenroom redrive [QUEUE]`: dead letters become messages again.

use crate::deployment::Deployment;
use anyhow::{Result, ensure};
use std::process::ExitCode;

pub async fn redrive(deployment: Deployment, only: Option<&str>, json: bool) -> Result<ExitCode> {
    let names: Vec<&str> = deployment.queues.iter().map(|named| named.name).collect();
    if let Some(only) = only {
        ensure!(names.contains(&only), "there is no queue `{only}`; there are {}", names.join(", "));
    }
    let mut moved = serde_json::Map::new();
    for named in deployment.queues.iter().filter(|named| only.is_none_or(|only| only == named.name)) {
        let count = named.queue.redrive().await?;
        if !json {
            println!("{}: {count} dead letters will be delivered again", named.name);
        }
        moved.insert(named.name.to_owned(), count.into());
    }
    if json {
        println!("{}", serde_json::Value::Object(moved));
    }
    Ok(ExitCode::SUCCESS)
}
