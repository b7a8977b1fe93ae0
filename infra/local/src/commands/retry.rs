//! `greenroom retry ASSET`: refused steps once more.

use crate::deployment::Deployment;
use anyhow::Result;
use asset::fact::Decision;
use asset::task::Settled;
use ports::Envelope;
use serde_json::json;
use std::process::ExitCode;

pub async fn retry(deployment: Deployment, asset: &str, json: bool) -> Result<ExitCode> {
    let manifest = deployment.find(asset).await?;
    let refused: Vec<_> = manifest.readiness.gaps().map(|(step, _)| (step.title.clone(), step.task.clone())).collect();
    for (_, task) in &refused {
        let decision = Decision::Retry { task: task.clone() };
        let (facts, queue) = (deployment.facts.as_ref(), deployment.settle.as_ref());
        let clock = deployment.clock.as_ref();
        console::verdicts::give(facts, queue, clock, &manifest.asset, "command line", decision).await?;
    }
    if refused.is_empty() {
        // Nothing was refused, but something may be stuck: a look costs nothing.
        let look = Settled { asset: manifest.asset.clone() };
        deployment.settle.send(vec![Envelope::now(look.body())]).await?;
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
