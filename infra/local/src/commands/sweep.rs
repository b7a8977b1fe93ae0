//! `greenroom sweep`: compare what is with what must be, now.

use crate::inbox;
use crate::node::Node;
use crate::settings::Settings;
use anyhow::Result;
use serde_json::json;
use settle::SweepScope;
use std::process::ExitCode;

pub async fn sweep(settings: Settings, all: bool, json: bool) -> Result<ExitCode> {
    let node = Node::open(settings)?;
    let reconciled = inbox::reconcile(&node.inbox, node.store.as_ref(), node.catalog.as_ref(), &node.notifier).await?;
    let scope = if all { SweepScope::All } else { SweepScope::Due };
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
