//! `greenroom why ASSET`: how an asset came to its state.

use crate::deployment::Deployment;
use anyhow::Result;
use asset::why::words::visible;
use std::process::ExitCode;

pub async fn why(deployment: Deployment, asset: &str, json: bool) -> Result<ExitCode> {
    let manifest = deployment.find(asset).await?;
    if json {
        println!("{}", serde_json::to_string_pretty(&manifest)?);
        return Ok(ExitCode::SUCCESS);
    }
    for line in asset::why::why(&manifest, deployment.clock.now_ms()) {
        println!("{}", visible(&line.to_string()));
    }
    Ok(ExitCode::SUCCESS)
}
