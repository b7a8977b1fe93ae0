//! `greenroom ls`: assets, as a table or as JSON with every output.

use crate::deployment::{Deployment, Home, read_manifest};
use crate::table::table;
use anyhow::Result;
use asset::catalog::CatalogEntry;
use asset::fact::Output;
use asset::field::{Field, FieldState, FieldStatus};
use asset::image::OutputFormat;
use asset::manifest::Manifest;
use asset::readiness::State;
use asset::recording::File;
use asset::why::words::{size, visible};
use futures::stream::{StreamExt, TryStreamExt, iter};
use ports::CatalogQuery;
use serde::Serialize;
use std::process::ExitCode;

/// One asset, as `--json` prints it.
#[derive(Debug, Serialize)]
pub struct Row {
    pub key: String,
    pub asset: String,
    /// SHA-256 of the present bytes.
    pub version: Option<String>,
    /// `image`, or the first half of any other media type, or `unknown`.
    pub kind: String,
    pub media_type: String,
    pub state: State,
    pub reason: Option<String>,
    pub width: u32,
    pub height: u32,
    pub bytes: u64,
    pub outputs: Vec<OutputRow>,
    /// What is no rendition: of recordings.
    pub files: Vec<FileRow>,
    /// Where each text that the profile asks for stands.
    pub texts: Vec<TextRow>,
}

/// One file that is no rendition.
#[derive(Debug, Serialize)]
pub struct FileRow {
    /// What it is: `captions.en.vtt`.
    pub name: String,
    pub media_type: String,
    pub bytes: u64,
    pub sha256: String,
    /// As of a rendition.
    pub path: String,
}

/// One text.
#[derive(Debug, Serialize)]
pub struct TextRow {
    pub field: Field,
    pub locale: String,
    pub status: FieldStatus,
    /// The words in force; absent where there are none.
    pub text: Option<String>,
}

/// One rendition.
#[derive(Debug, Serialize)]
pub struct OutputRow {
    pub view: String,
    pub format: OutputFormat,
    pub width: u32,
    pub height: u32,
    pub frames: u32,
    pub bytes: u64,
    pub sha256: String,
    /// Below the data folder; of a stack, the address of the object.
    pub path: String,
}

/// Manifests that are read at the same time: those of a stack are far away.
const N_PARALLEL: usize = 16;

pub async fn ls(deployment: Deployment, query: CatalogQuery, json: bool) -> Result<ExitCode> {
    let entries = entries(&deployment, query).await?;
    match json {
        true => println!("{}", serde_json::to_string_pretty(&rows(&deployment, &entries).await?)?),
        false if entries.is_empty() => println!("no assets{}", way_in(&deployment.home)),
        false => print!("{}", text(&entries)),
    }
    Ok(ExitCode::SUCCESS)
}

fn way_in(home: &Home) -> &'static str {
    match home {
        Home::Folder(_) => "; `greenroom add PATH` puts files in",
        Home::Stack(_) => "; an upload to its inbox bucket, or on its console, puts files in",
    }
}

/// Makes the query of the command line.
pub fn query(state: Option<State>, kind: Option<String>, search: Option<String>, all: bool) -> CatalogQuery {
    let states = match (state, all) {
        (Some(state), _) => vec![state],
        (None, true) => State::ALL.to_vec(),
        (None, false) => Vec::new(),
    };
    CatalogQuery { states, kind, text: search, ..CatalogQuery::default() }
}

/// Parses a state's wire name.
pub fn parse_state(text: &str) -> Result<State, String> {
    let names: Vec<&str> = State::ALL.iter().map(|state| state.as_str()).collect();
    let state = State::ALL.into_iter().find(|state| state.as_str() == text.replace('-', "_"));
    state.ok_or_else(|| format!("give one of {}", names.join(", ")))
}

/// Returns every entry of a query, page by page.
pub async fn entries(deployment: &Deployment, mut query: CatalogQuery) -> Result<Vec<CatalogEntry>> {
    query.limit = 1000;
    let mut entries = Vec::new();
    loop {
        let page = deployment.catalog.list(&query).await?;
        entries.extend(page.entries);
        match page.next {
            Some(next) => query.after = Some(next),
            None => return Ok(entries),
        }
    }
}

/// Adds to each entry its outputs, out of its manifest.
pub async fn rows(deployment: &Deployment, entries: &[CatalogEntry]) -> Result<Vec<Row>> {
    let rows = entries.iter().map(|entry| row(deployment, entry));
    iter(rows.collect::<Vec<_>>()).buffered(N_PARALLEL).try_collect().await
}

async fn row(deployment: &Deployment, entry: &CatalogEntry) -> Result<Row> {
    let manifest = read_manifest(deployment.store.as_ref(), &entry.asset).await?;
    Ok(Row {
        key: entry.key.clone(),
        asset: entry.asset.to_string(),
        version: entry.version.clone(),
        kind: entry.kind.split('/').next().unwrap_or_default().to_owned(),
        media_type: entry.kind.clone(),
        state: entry.state,
        reason: entry.reason.clone(),
        width: entry.width,
        height: entry.height,
        bytes: entry.bytes,
        outputs: manifest.as_ref().map(|manifest| outputs(&deployment.home, manifest)).unwrap_or_default(),
        files: manifest.as_ref().map(|manifest| files(&deployment.home, manifest)).unwrap_or_default(),
        texts: manifest.map(|manifest| manifest.readiness.fields.iter().map(text_row).collect()).unwrap_or_default(),
    })
}

fn text_row(state: &FieldState) -> TextRow {
    let FieldState { field, locale, status, text, .. } = state.clone();
    TextRow { field, locale, status, text }
}

fn outputs(home: &Home, manifest: &Manifest) -> Vec<OutputRow> {
    let outputs = manifest.readiness.outputs();
    let row = |output: &Output| OutputRow {
        view: output.view.clone(),
        format: output.format,
        width: output.width,
        height: output.height,
        frames: output.frames,
        bytes: output.bytes,
        sha256: output.sha256.to_string(),
        path: home.path(&output.key),
    };
    outputs.map(row).collect()
}

fn files(home: &Home, manifest: &Manifest) -> Vec<FileRow> {
    let row = |file: &File| FileRow {
        name: file.name.clone(),
        media_type: file.media_type.clone(),
        bytes: file.bytes,
        sha256: file.sha256.to_string(),
        path: home.path(&file.key),
    };
    manifest.readiness.files().map(row).collect()
}

/// Returns the table for people.
pub fn text(entries: &[CatalogEntry]) -> String {
    let rows: Vec<Vec<String>> = entries
        .iter()
        .map(|entry| {
            let pixels = if entry.width == 0 { "-".to_owned() } else { format!("{}×{}", entry.width, entry.height) };
            vec![
                visible(&entry.key),
                entry.kind.clone(),
                pixels,
                size(entry.bytes),
                entry.state.as_str().to_owned(),
                format!("{}/{}", entry.n_done, entry.n_steps),
                entry.n_outputs.to_string(),
                size(entry.output_bytes),
                entry.reason.as_deref().map(visible).unwrap_or_default(),
            ]
        })
        .collect();
    table(&["key", "kind", "pixels", "size", "state", "steps", "outputs", "their size", "reason"], &rows)
}
