//! `greenroom retry ASSET`: refused steps once more.

use crate::node::Node;
use crate::settings::Settings;
use anyhow::Result;
use asset::fact::Decision;
use asset::task::Settled;
use ports::{Envelope, SendMessages};
use serde_json::json;
use std::process::ExitCode;

pub async fn retry(settings: Settings, asset: &str, json: bool) -> Result<ExitCode> {
    let node = Node::open(settings)?;
    let manifest = node.find(asset).await?;
    let refused: Vec<_> = manifest.readiness.gaps().map(|(step, _)| (step.title.clone(), step.task.clone())).collect();
    for (_, task) in &refused {
        let decision = Decision::Retry { task: task.clone() };
        let (facts, queue) = (node.store.as_ref(), node.settle_queue.as_ref());
        console::verdicts::give(facts, queue, node.clock.as_ref(), &manifest.asset, "command line", decision).await?;
    }
    if refused.is_empty() {
        // Nothing was refused, but something may be stuck: a look costs nothing.
        let look = Settled { asset: manifest.asset.clone() };
        node.settle_queue.send(vec![Envelope::now(look.body())]).await?;
    }
    let titles: Vec<&str> = refused.iter().map(|(title, _)| title.as_str()).collect();
    match json {
        true => println!("{}", json!({ "asset": manifest.asset, "retried": titles })),
        false if titles.is_empty() => {
            println!("nothing of `{}` was refused; it will be looked at again", manifest.asset)
        }
        false => println!("will try again: {}", titles.join(", ")),
    }
    Ok(ExitCode::SUCCESS)
}
