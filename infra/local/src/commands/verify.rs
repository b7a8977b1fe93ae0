//! `greenroom verify`: every object against its manifest, by content.

use super::verify_facts;
use crate::node::Node;
use crate::settings::Settings;
use anyhow::Result;
use asset::fact::{Change, Decision};
use asset::ids::{AssetId, Sha256};
use asset::keys::{self, FactKey};
use asset::manifest::Manifest;
use asset::why::words::visible;
use futures::StreamExt;
use ports::blob::list_all;
use ports::{Kind, ListBlobs, ReadBlob};
use serde::Serialize;
use sha2::{Digest, Sha256 as Hasher};
use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

/// What was checked, and what is wrong.
#[derive(Debug, Default, Serialize)]
pub(super) struct Report {
    assets: u64,
    pub facts: u64,
    originals: u64,
    outputs: u64,
    inbox_files: u64,
    pub problems: Vec<String>,
}

/// Checks everything. Fails if there is a problem.
pub async fn verify(settings: Settings, json: bool) -> Result<ExitCode> {
    let node = Node::open(settings)?;
    let mut report = Report::default();
    let mut objects: BTreeMap<AssetId, BTreeSet<String>> = BTreeMap::new();
    for blob in list_all(node.store.as_ref(), keys::ASSETS).await? {
        match keys::asset_of(&blob.key) {
            Some(asset) => objects.entry(asset).or_default().insert(blob.key),
            None => {
                report.problems.push(format!("`{}` belongs to no asset", blob.key));
                continue;
            }
        };
    }
    for (asset, keys) in &objects {
        report.assets += 1;
        verify_asset(&node, asset, keys, &mut report).await?;
    }
    verify_inbox(&node, &mut report).await?;
    match json {
        true => println!("{}", serde_json::to_string_pretty(&report)?),
        false => {
            let Report { assets, facts, originals, outputs, inbox_files, problems } = &report;
            println!(
                "{assets} assets, {facts} facts, {originals} originals, {outputs} outputs, {inbox_files} inbox files checked"
            );
            problems.iter().for_each(|problem| println!("problem: {}", visible(problem)));
            println!("{} problems", problems.len());
        }
    }
    Ok(if report.problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn verify_asset(node: &Node, asset: &AssetId, objects: &BTreeSet<String>, report: &mut Report) -> Result<()> {
    let manifest: Manifest = match node.store.read(&keys::manifest(asset)).await {
        Ok(blob) => match serde_json::from_slice(&blob.bytes) {
            Ok(manifest) => manifest,
            Err(error) => {
                report.problems.push(format!("the manifest of `{asset}` is damaged: {error}"));
                return Ok(());
            }
        },
        Err(error) if error.kind == Kind::NotFound => {
            report.problems.push(format!("`{asset}` has objects but no manifest: `greenroom sweep --all`"));
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    for arrival in manifest.arrivals.values() {
        if let Change::Put(version) = &arrival.change {
            report.originals += 1;
            check_content(node, &keys::original(asset, &version.sha256), &version.sha256, report).await?;
        }
    }
    let mut known = BTreeSet::new();
    let mut made: BTreeMap<String, u32> = BTreeMap::new();
    for result in manifest.results.values() {
        let outputs = result.outcome.outputs();
        if !outputs.is_empty() {
            *made.entry(format!("{}/{}", result.generation, result.task)).or_default() += 1;
        }
        for (key, sha256) in outputs {
            report.outputs += 1;
            known.insert(key);
            check_content(node, key, sha256, report).await?;
        }
    }
    for verdict in manifest.verdicts.values() {
        if let Decision::GiveCaptions { files, .. } = &verdict.decision {
            for file in files {
                check_content(node, &file.key, &file.sha256, report).await?;
            }
        }
    }
    for (task, times) in made.into_iter().filter(|(_, times)| *times > 1) {
        report.problems.push(format!("task {task} of `{asset}` was done {times} times"));
    }
    let renditions = keys::renditions(asset);
    for key in objects {
        if key.starts_with(&renditions) && !known.contains(key.as_str()) {
            report.problems.push(format!("`{key}` is in no result of its asset"));
        }
        if let Some(fact) = keys::parse_fact(asset, key)
            && !manifest.knows(&fact)
        {
            let kind = if matches!(fact, FactKey::Result { .. }) { "result" } else { "fact" };
            report.problems.push(format!("the {kind} `{key}` is not folded yet: `greenroom sweep --all`"));
        }
    }
    verify_facts::check(node, &manifest, objects, report).await
}

async fn check_content(node: &Node, key: &str, expected: &Sha256, report: &mut Report) -> Result<()> {
    let mut chunks = match node.store.stream(key).await {
        Ok(chunks) => chunks,
        Err(error) if error.kind == Kind::NotFound => {
            report.problems.push(format!("`{key}` is missing"));
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    let mut hasher = Hasher::new();
    while let Some(chunk) = chunks.next().await {
        hasher.update(&chunk?);
    }
    if hex::encode(hasher.finalize()) != expected.as_str() {
        report.problems.push(format!("`{key}` is not the bytes that were recorded"));
    }
    Ok(())
}

/// Checks that every inbox file is the present version of an asset.
async fn verify_inbox(node: &Node, report: &mut Report) -> Result<()> {
    let mut after = None;
    loop {
        let page = node.inbox.list("", after.as_deref(), 1000).await?;
        for blob in &page.blobs {
            report.inbox_files += 1;
            let asset = AssetId::of_key(&blob.key);
            let manifest: Option<Manifest> = match node.store.read(&keys::manifest(&asset)).await {
                Ok(blob) => serde_json::from_slice(&blob.bytes).ok(),
                Err(error) if error.kind == Kind::NotFound => None,
                Err(error) => return Err(error.into()),
            };
            let version = manifest.as_ref().and_then(Manifest::version);
            if version.and_then(|version| version.etag.as_ref()) != Some(&blob.etag.0) {
                report.problems.push(format!("inbox file `{}` is not taken in yet", blob.key));
            }
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(()),
        }
    }
}
