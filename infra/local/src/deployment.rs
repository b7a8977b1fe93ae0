//! Where assets are kept, as commands see it: a data folder of this machine, or a stack on AWS.

use crate::node::{Node, lock};
use crate::remote;
use crate::settings::{SettingArgs, Settings};
use anyhow::{Context, Result, bail, ensure};
use asset::ids::AssetId;
use asset::keys;
use asset::manifest::Manifest;
use ports::{Catalog, CatalogQuery, Clock, CreateBlob, Kind, Ledger, Queue, ReadBlob, SendMessages};
use prompts::registry::Registry;
use std::path::PathBuf;
use std::sync::Arc;

/// Where a command is to work.
pub enum Target {
    Here(Box<SettingArgs>),
    /// The name of a stack; empty if none was given.
    Stack(String),
}

/// What commands that look, and commands that ask for work, need.
pub struct Deployment {
    pub home: Home,
    pub store: Arc<dyn ReadBlob>,
    /// For verdicts, and nothing else.
    pub facts: Arc<dyn CreateBlob>,
    /// For prompts and their labels.
    pub prompts: Registry,
    pub catalog: Arc<dyn Catalog>,
    /// What models cost.
    pub ledger: Arc<dyn Ledger>,
    pub settle: Arc<dyn SendMessages>,
    /// In the order of the flow.
    pub queues: Vec<NamedQueue>,
    pub clock: Arc<dyn Clock>,
}

/// What a deployment is, for people.
pub enum Home {
    Folder(PathBuf),
    #[cfg_attr(not(feature = "aws"), expect(dead_code, reason = "only a build that knows AWS opens a stack"))]
    Stack(StackHome),
}

/// A stack, for people.
pub struct StackHome {
    pub name: String,
    pub region: String,
    /// As CloudFormation calls it.
    pub status: String,
    /// The bucket in which everything is kept.
    pub bucket: String,
    pub console: Option<String>,
}

/// A queue, and what it is called.
pub struct NamedQueue {
    pub name: &'static str,
    pub queue: Arc<dyn Queue>,
    /// Whether only its dead letters are its own: those that were meant for another queue and did not reach it.
    pub is_dead_only: bool,
}

impl Target {
    pub fn new(settings: SettingArgs, stack: Option<String>) -> Self {
        match stack {
            Some(stack) => Target::Stack(stack),
            None => Target::Here(Box::new(settings)),
        }
    }

    /// Opens what the command works on.
    pub async fn open(self) -> Result<Deployment> {
        match self {
            Target::Here(settings) => Ok(Node::open(settings.resolve()?)?.deployment()),
            Target::Stack(name) => {
                ensure!(!name.is_empty(), "`--aws` needs the name of a stack, before the command: `--aws STACK`");
                remote::open(&name).await
            }
        }
    }

    /// Returns this machine's settings, for a command that works nowhere else.
    pub fn here(self, command: &str) -> Result<SettingArgs> {
        match self {
            Target::Here(settings) => Ok(*settings),
            Target::Stack(_) if command == "add" => bail!(
                "`add` works on this machine only; into a stack's inbox, upload with `aws s3 cp` or on its console"
            ),
            Target::Stack(_) => bail!("`{command}` works on this machine only: leave `--aws` out"),
        }
    }

    /// The same, resolved.
    pub fn settings(self, command: &str) -> Result<Settings> {
        self.here(command)?.resolve()
    }
}

impl Home {
    /// Returns how a person calls the command again for this deployment.
    pub fn command(&self) -> String {
        match self {
            Home::Folder(_) => "greenroom".to_owned(),
            Home::Stack(stack) => format!("greenroom --aws {}", stack.name),
        }
    }

    /// Returns where a person finds an object of the store: below the data folder, or anywhere.
    pub fn path(&self, key: &str) -> String {
        match self {
            Home::Folder(_) => format!("store/{key}"),
            Home::Stack(stack) => format!("s3://{}/{key}", stack.bucket),
        }
    }

    /// Returns whether a host runs the functions of a data folder; a stack has no host.
    pub fn is_running(&self) -> Result<Option<bool>> {
        match self {
            Home::Folder(data) => Ok(Some(lock(data)?.is_none())),
            Home::Stack(_) => Ok(None),
        }
    }
}

impl Deployment {
    /// Reads an asset's manifest by inbox key or asset id.
    pub async fn find(&self, name: &str) -> Result<Manifest> {
        let mut candidates = vec![AssetId::of_key(name)];
        candidates.extend(AssetId::parse(name).ok());
        for asset in &candidates {
            if let Some(manifest) = read_manifest(self.store.as_ref(), asset).await? {
                return Ok(manifest);
            }
        }
        let query = CatalogQuery { text: Some(name.to_owned()), limit: 5, ..CatalogQuery::default() };
        let similar: Vec<String> =
            self.catalog.list(&query).await?.entries.into_iter().map(|entry| entry.key).collect();
        match similar.is_empty() {
            true => bail!("there is no asset `{name}`; `{} ls` shows what there is", self.home.command()),
            false => bail!("there is no asset `{name}`; did you mean `{}`?", similar.join("`, `")),
        }
    }
}

/// Reads a manifest; `None` if there is none.
pub async fn read_manifest(store: &dyn ReadBlob, asset: &AssetId) -> Result<Option<Manifest>> {
    match store.read(&keys::manifest(asset)).await {
        Ok(blob) => {
            let manifest = serde_json::from_slice(&blob.bytes);
            manifest.map(Some).with_context(|| format!("the manifest of `{asset}` is damaged"))
        }
        Err(error) if error.kind == Kind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(name: &str) -> Target {
        Target::new(SettingArgs::default(), Some(name.to_owned()))
    }

    #[test]
    fn what_works_on_this_machine_only_says_so() {
        assert!(Target::new(SettingArgs::default(), None).here("up").is_ok());
        let error = stack("prod").here("verify").unwrap_err();
        assert_eq!(error.to_string(), "`verify` works on this machine only: leave `--aws` out");
        assert!(stack("prod").here("add").unwrap_err().to_string().contains("aws s3 cp"));
    }

    #[tokio::test]
    async fn a_stack_has_to_be_named() {
        let error = stack("").open().await.err().expect("nothing is opened");
        assert!(error.to_string().contains("--aws STACK"), "{error}");
    }

    #[test]
    fn a_stack_is_called_by_its_name() {
        let folder = Home::Folder(PathBuf::from("data"));
        assert_eq!((folder.command().as_str(), folder.path("a/b").as_str()), ("greenroom", "store/a/b"));
    }
}
