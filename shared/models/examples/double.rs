//! Runs the loopback Bedrock by itself: `cargo run --release -p models --example double [--buckets FOLDER] [SCRIPT.json [LOG.jsonl]]`.
//!
//! Batch jobs read and write the folders below FOLDER, each of which is a bucket.

use embedded::{Durability, FileStore};
use models::double::{Bucket, Double, Script};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).peekable();
    let folder = arguments.next_if_eq("--buckets").map(|_| arguments.next().ok_or("`--buckets` wants a folder"));
    let folder = folder.transpose()?.map(PathBuf::from);
    let script = match arguments.next() {
        Some(path) => Script::parse(&std::fs::read_to_string(path)?)?,
        None => Script::default(),
    };
    let mut double = Double::start(script).await?;
    if let Some(folder) = folder {
        double = double.with_buckets(move |name| bucket(&folder, name));
    }
    if let Some(path) = arguments.next() {
        double.log_to(Path::new(&path))?;
    }
    println!("A test double of Bedrock, which is no model, answers until Ctrl-C. Point any AWS SDK at it with");
    println!("export AWS_ENDPOINT_URL_BEDROCK_RUNTIME={0} AWS_ENDPOINT_URL_BEDROCK={0}", double.url());
    std::future::pending::<()>().await;
    Ok(())
}

fn bucket(folder: &Path, name: &str) -> Option<Arc<dyn Bucket>> {
    let is_name = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-".contains(&byte));
    let root = folder.join(name);
    let is_there = is_name && !name.is_empty() && root.is_dir();
    let scratch = folder.join(".scratch");
    is_there
        .then(|| FileStore::open(&root, &scratch, Durability::Process).ok())
        .flatten()
        .map(|store| store as Arc<dyn Bucket>)
}
