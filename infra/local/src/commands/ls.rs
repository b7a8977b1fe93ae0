//! `greenroom ls`: assets, as a table or as JSON with every output.

use crate::node::Node;
use crate::settings::Settings;
use crate::table::table;
use anyhow::Result;
use asset::catalog::CatalogEntry;
use asset::image::OutputFormat;
use asset::keys;
use asset::manifest::Manifest;
use asset::readiness::State;
use asset::why::words::{size, visible};
use ports::{Catalog, CatalogQuery, Kind, ReadBlob};
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
    /// Below the data folder.
    pub path: String,
}

pub async fn ls(settings: Settings, query: CatalogQuery, json: bool) -> Result<ExitCode> {
    let node = Node::open(settings)?;
    let entries = entries(&node, query).await?;
    match json {
        true => println!("{}", serde_json::to_string_pretty(&rows(&node, &entries).await?)?),
        false if entries.is_empty() => println!("no assets; `greenroom add PATH` puts files in"),
        false => print!("{}", text(&entries)),
    }
    Ok(ExitCode::SUCCESS)
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
pub async fn entries(node: &Node, mut query: CatalogQuery) -> Result<Vec<CatalogEntry>> {
    query.limit = 1000;
    let mut entries = Vec::new();
    loop {
        let page = node.catalog.list(&query).await?;
        entries.extend(page.entries);
        match page.next {
            Some(next) => query.after = Some(next),
            None => return Ok(entries),
        }
    }
}

/// Adds to each entry its outputs, out of its manifest.
pub async fn rows(node: &Node, entries: &[CatalogEntry]) -> Result<Vec<Row>> {
    let mut rows = Vec::with_capacity(entries.len());
    for entry in entries {
        let manifest: Option<Manifest> = match node.store.read(&keys::manifest(&entry.asset)).await {
            Ok(blob) => Some(serde_json::from_slice(&blob.bytes)?),
            Err(error) if error.kind == Kind::NotFound => None,
            Err(error) => return Err(error.into()),
        };
        rows.push(Row {
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
            outputs: manifest.as_ref().map(outputs).unwrap_or_default(),
        });
    }
    Ok(rows)
}

fn outputs(manifest: &Manifest) -> Vec<OutputRow> {
    let mut rows = Vec::new();
    for output in manifest.readiness.outputs() {
        rows.push(OutputRow {
            view: output.view.clone(),
            format: output.format,
            width: output.width,
            height: output.height,
            frames: output.frames,
            bytes: output.bytes,
            sha256: output.sha256.to_string(),
            path: format!("store/{}", output.key),
        });
    }
    rows
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
