//! `greenroom up`: everything, until Ctrl-C.

use crate::host::Host;
use crate::node::Node;
use crate::settings::Settings;
use anyhow::{Context, Result};
use std::process::ExitCode;

/// Runs the host. Returns after it has drained.
pub async fn up(settings: Settings) -> Result<ExitCode> {
    let node = Node::open(settings)?;
    let data = node.settings.data.display().to_string();
    let lock = node.lock()?.with_context(|| format!("another greenroom runs on `{data}`"))?;
    let mut host = Host::start(node, lock).await?;
    let addresses = host.open().await?;
    let settings = &host.node.settings;
    println!("console   {}", addresses.console);
    println!("s3        {} (bucket inbox, credentials in {data}/credentials)", addresses.s3);
    println!("inbox     {}", settings.inbox.display());
    println!("profile   {}", settings.profile_name);
    println!("data      {data}");
    wait_for_stop().await?;
    eprintln!("draining; press Ctrl-C again to stop at once");
    host.stop().await;
    Ok(ExitCode::SUCCESS)
}

/// Waits for Ctrl-C or a service manager's SIGTERM.
pub async fn wait_for_stop() -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = terminate.recv() => {}
    }
    Ok(())
}
