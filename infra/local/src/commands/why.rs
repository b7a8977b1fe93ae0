//! `greenroom why ASSET`: how an asset came to its state.

use crate::deployment::Deployment;
use anyhow::{Result, ensure};
use asset::field::{Field, FieldState};
use asset::why::provenance;
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

/// Everything about one text, a line each.
pub async fn text(
    deployment: Deployment,
    asset: &str,
    field: Field,
    locale: Option<&str>,
    json: bool,
) -> Result<ExitCode> {
    let manifest = deployment.find(asset).await?;
    let is_wanted = |state: &&FieldState| state.field == field && locale.is_none_or(|locale| locale == state.locale);
    let states: Vec<&FieldState> = manifest.readiness.fields.iter().filter(is_wanted).collect();
    ensure!(!states.is_empty(), "the profile asks for no such {} of `{}`", field.words(), visible(&manifest.key));
    if json {
        println!("{}", serde_json::to_string_pretty(&states)?);
        return Ok(ExitCode::SUCCESS);
    }
    for (name, value) in provenance(&manifest, field, locale) {
        println!("{name:20} {value}");
    }
    Ok(ExitCode::SUCCESS)
}
