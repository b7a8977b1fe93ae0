//! `greenroom sweep`: compare what is with what must be, now.

use crate::deployment::{Deployment, Target};
use crate::inbox;
use crate::node::Node;
use crate::settings::Settings;
use anyhow::Result;
use ports::Envelope;
use serde_json::json;
use settle::{SettleTask, SweepScope};
use std::process::ExitCode;

pub async fn sweep(target: Target, all: bool, json: bool) -> Result<ExitCode> {
    let scope = if all { SweepScope::All } else { SweepScope::Due };
    match target {
        Target::Here(settings) => here(settings.resolve()?, scope, json).await,
        stack => ask(stack.open().await?, scope, json).await,
    }
}

/// Sweeps the data folder: sends what is due to the queues of this machine.
async fn here(settings: Settings, scope: SweepScope, json: bool) -> Result<ExitCode> {
    let node = Node::open(settings)?;
    let reconciled = inbox::reconcile(&node.inbox, node.store.as_ref(), node.catalog.as_ref(), &node.notifier).await?;
    let n_assets = node.settle().sweep(scope).await?;
    let (n_put, n_deleted) = (reconciled.n_put, reconciled.n_deleted);
    match json {
        true => println!("{}", json!({ "announced": n_put, "announced_deleted": n_deleted, "assets": n_assets })),
        false => println!(
            "inbox: {n_put} new or changed, {n_deleted} gone; {n_assets} assets will be looked at{}",
            if node.lock()?.is_some() { " when a host runs (`greenroom up`)" } else { "" },
        ),
    }
    Ok(ExitCode::SUCCESS)
}

/// Asks a stack's `settle`, which has the profile and the time that a sweep takes.
async fn ask(deployment: Deployment, scope: SweepScope, json: bool) -> Result<ExitCode> {
    let body = serde_json::to_string(&SettleTask::Sweep { sweep: scope, from: None })?;
    deployment.settle.send(vec![Envelope::now(body)]).await?;
    match json {
        true => println!("{}", json!({ "asked": scope })),
        false => println!(
            "`settle` was asked to look at {}; `{} status` shows how far it is",
            if scope == SweepScope::All { "every asset" } else { "what is not as the profile wants it" },
            deployment.home.command(),
        ),
    }
    Ok(ExitCode::SUCCESS)
}
