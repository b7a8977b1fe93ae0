//! `greenroom add`: files into the inbox.

use crate::commands::ls;
use crate::commands::progress::{Progress, wait_until_settled};
use crate::host::Host;
use crate::node::Node;
use crate::settings::Settings;
use anyhow::{Context, Result, bail};
use asset::readiness::State;
use ports::{Body, CatalogQuery, PortError};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// Longest wait for the files to settle.
const PATIENCE: Duration = Duration::from_secs(3600);

/// Copies files into the inbox and, with `wait`, until they have settled. Without a running host it does the work itself.
pub async fn add(settings: Settings, paths: &[PathBuf], to: &str, wait: bool, json: bool) -> Result<ExitCode> {
    let files = collect(paths, to)?;
    let node = Node::open(settings)?;
    let mut keys = Vec::new();
    for (path, key) in files {
        put(&node, &path, &key).await.with_context(|| format!("failed to add `{}`", path.display()))?;
        keys.push(key);
    }
    if !wait {
        let next = "a running host takes them up; without one, `greenroom up` does";
        match json {
            true => println!("{}", serde_json::to_string_pretty(&keys)?),
            false => println!("added {} files; {next}", keys.len()),
        }
        return Ok(ExitCode::SUCCESS);
    }
    let mut progress = Progress::new(!json);
    match node.lock()? {
        Some(lock) => {
            let host = Host::start(node, lock).await?;
            let is_settled = wait_until_settled(&host.node, &keys, PATIENCE, &mut progress).await?;
            let code = report(&host.node, &keys, is_settled, json).await?;
            host.stop().await;
            Ok(code)
        }
        None => {
            let is_settled = wait_until_settled(&node, &keys, PATIENCE, &mut progress).await?;
            report(&node, &keys, is_settled, json).await
        }
    }
}

/// Returns each file with its inbox key: its path below the given folder, or its name.
fn collect(paths: &[PathBuf], to: &str) -> Result<Vec<(PathBuf, String)>> {
    let to = to.trim_matches('/');
    let prefix = if to.is_empty() { String::new() } else { format!("{to}/") };
    let mut files = Vec::new();
    for path in paths {
        let meta = std::fs::metadata(path).with_context(|| format!("failed to read `{}`", path.display()))?;
        let root = if meta.is_dir() { path.as_path() } else { path.parent().unwrap_or(Path::new("")) };
        let mut pending = vec![path.clone()];
        while let Some(path) = pending.pop() {
            if std::fs::metadata(&path)?.is_dir() {
                for entry in std::fs::read_dir(&path)? {
                    let entry = entry?;
                    // A link below a given folder could lead in a circle; hidden files are nobody's assets.
                    let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
                    if !entry.file_type()?.is_symlink() && !is_hidden {
                        pending.push(entry.path());
                    }
                }
                continue;
            }
            let below = path.strip_prefix(root)?;
            let Some(below) = below.to_str() else { bail!("the name of `{}` is not UTF-8", path.display()) };
            files.push((path.clone(), format!("{prefix}{below}")));
        }
    }
    files.sort_by(|a, b| a.1.cmp(&b.1));
    if let Some(pair) = files.windows(2).find(|pair| pair[0].1 == pair[1].1) {
        bail!("`{}` and `{}` would both become `{}`", pair[0].0.display(), pair[1].0.display(), pair[0].1);
    }
    if files.is_empty() {
        bail!("there is no file to add");
    }
    Ok(files)
}

async fn put(node: &Node, path: &Path, key: &str) -> Result<()> {
    use futures::StreamExt;
    let file = tokio::fs::File::open(path).await?;
    let subject = path.display().to_string();
    let chunks = tokio_util::io::ReaderStream::with_capacity(file, 1 << 20).map(move |chunk| {
        chunk.map_err(|error| PortError::new(ports::Kind::Fatal, "read file", subject.clone()).because(error))
    });
    node.inbox.overwrite(key, Body::Stream(chunks.boxed())).await?;
    node.notifier.put(key).await?;
    Ok(())
}

async fn report(node: &Node, keys: &[String], is_settled: bool, json: bool) -> Result<ExitCode> {
    let wanted: BTreeSet<&str> = keys.iter().map(String::as_str).collect();
    let deployment = node.deployment();
    let mut entries = ls::entries(&deployment, CatalogQuery::default()).await?;
    entries.retain(|entry| wanted.contains(entry.key.as_str()));
    match json {
        true => println!("{}", serde_json::to_string_pretty(&ls::rows(&deployment, &entries).await?)?),
        false => println!("\n{}", ls::text(&entries)),
    }
    let all_ready = is_settled && entries.iter().all(|entry| entry.state == State::Ready);
    Ok(if all_ready { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
