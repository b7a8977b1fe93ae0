//! `greenroom why ASSET`: how an asset came to its state.

use crate::node::Node;
use crate::settings::Settings;
use anyhow::Result;
use asset::why::words::visible;
use std::process::ExitCode;

pub async fn why(settings: Settings, asset: &str, json: bool) -> Result<ExitCode> {
    let node = Node::open(settings)?;
    let manifest = node.find(asset).await?;
    if json {
        println!("{}", serde_json::to_string_pretty(&manifest)?);
        return Ok(ExitCode::SUCCESS);
    }
    for line in asset::why::why(&manifest, node.clock.now_ms()) {
        println!("{}", visible(&line.to_string()));
    }
    Ok(ExitCode::SUCCESS)
}
