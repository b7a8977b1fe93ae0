//! `greenroom prompts`: the prompts that are in force, and those of a folder: checked, rendered, compared, evaluated, published, and
//! promoted to a label that functions obey.

mod evals;
mod impact;
mod labels;

use crate::deployment::{Deployment, Target};
use crate::node::Node;
use crate::settings::SettingArgs;
use crate::table::table;
use anyhow::{Context, Result, bail, ensure};
use asset::canary::{PromptChoice, Share};
use asset::field::PromptRef;
use asset::why::words::visible;
use clap::{Args, Subcommand};
use prompts::registry::Label;
use prompts::{Data, Diff, Prompt, Shelf, Sources, diff, library, lint};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Subcommand, Debug)]
pub enum Prompts {
    /// List prompts with their versions and hashes: those in force, or those of a folder
    Ls(From),
    /// Check prompts; fails if something is to be put right
    Lint(From),
    /// Show what a model would be asked
    Render {
        /// The prompt's name: its file's, without `.prompt`
        name: String,
        /// A JSON file with the variables
        #[arg(long, value_name = "FILE")]
        input: PathBuf,
        #[command(flatten)]
        from: From,
    },
    /// Show what a folder's prompt changes against the one in force
    Diff {
        name: String,
        #[command(flatten)]
        from: From,
        /// Count the texts that would be written anew, and forecast what that may cost
        #[arg(long)]
        impact: bool,
        /// The canary to count too, in percent of the assets
        #[arg(long, requires = "impact", default_value = "1", value_parser = parse_percent)]
        percent: Share,
    },
    /// Run the cases of an eval on recorded answers; fails if the prompt may not be promoted
    Eval {
        /// The eval: YAML
        #[arg(value_name = "FILE")]
        suite: PathBuf,
        /// YAML or JSON: where the answers come from, and the answers by the hash of what was asked
        #[arg(long, value_name = "FILE")]
        recordings: PathBuf,
        #[command(flatten)]
        from: From,
        /// Keep how it went in the store, beside exactly this state of the prompt: a promotion asks for it
        #[arg(long)]
        record: bool,
    },
    /// Keep a prompt in the store for good, under its hash
    Publish {
        name: String,
        #[command(flatten)]
        from: From,
    },
    /// Point a label at a published prompt; refused without a passing eval of exactly this one
    Promote {
        name: String,
        #[command(flatten)]
        from: From,
        /// A published hash or its beginning, or "canary" for what the canary is [default: the hash of the file]
        #[arg(long, conflicts_with = "folder")]
        hash: Option<String>,
        /// "production" (for every asset) or "canary" (for a share of them)
        #[arg(long, value_parser = parse_label)]
        label: Label,
        /// The canary's share, in percent of the assets
        #[arg(long, value_parser = parse_percent)]
        percent: Option<Share>,
        #[command(flatten)]
        word: Word,
    },
    /// Take a label back: production to where it was before, a canary to its end
    Rollback {
        name: String,
        #[arg(long, value_parser = parse_label)]
        label: Label,
        #[command(flatten)]
        word: Word,
    },
    /// Show every move of a prompt's labels: who, when, why
    History { name: String },
}

/// Whose word a move of a label is.
#[derive(Args, Debug)]
pub struct Word {
    /// Why, for whoever reads the history
    #[arg(long)]
    why: String,
    /// Who decides
    #[arg(long, env = "USER", default_value = "command line")]
    by: String,
}

fn parse_label(text: &str) -> Result<Label, String> {
    Label::parse(text).ok_or_else(|| format!("give {}", Label::ALL.map(Label::as_str).join(" or ")))
}

fn parse_percent(text: &str) -> Result<Share, String> {
    Share::parse_percent(text).ok_or_else(|| "give a percentage from 0.01 to 100, with at most two decimals".to_owned())
}

/// Where prompts come from.
#[derive(Args, Debug)]
pub struct From {
    /// A folder of `.prompt` files; those whose names begin with `_` are partials [default: our own, which are built in]
    #[arg(long = "from", value_name = "DIR")]
    folder: Option<PathBuf>,
}

impl From {
    fn sources(&self) -> Result<Sources> {
        let Some(folder) = &self.folder else { return Ok(library()) };
        let mut sources = Sources::default();
        let entries = std::fs::read_dir(folder).with_context(|| format!("failed to read `{}`", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "prompt") {
                let name = path.file_stem().and_then(|name| name.to_str()).context("a prompt's name is no UTF-8")?;
                sources.add_file(name, &read(&path)?);
            }
        }
        ensure!(!sources.prompts.is_empty(), "`{}` has no `.prompt` files", folder.display());
        Ok(sources)
    }
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("failed to read `{}`", path.display()))
}

pub async fn prompts(target: Target, settings: SettingArgs, command: Prompts, json: bool) -> Result<ExitCode> {
    match command {
        Prompts::Ls(from) if from.folder.is_some() => ls(&from.sources()?, json),
        Prompts::Ls(_) => in_force(&shelf(look(target).await?.as_ref()), json).await,
        Prompts::Lint(from) => check(&from.sources()?, json),
        Prompts::Render { name, input, from } => render(&from.sources()?.prompt(&name)?, &input, json),
        Prompts::Diff { name, from, impact, percent } => {
            ensure!(from.folder.is_some(), "`--from DIR` says where the changed prompt is");
            let changed = from.sources()?.prompt(&name)?;
            if impact {
                return impact::impact(&target.open().await?, &settings, &changed, percent, json).await;
            }
            compare(&compared(&shelf(look(target).await?.as_ref()), &changed).await?, json)
        }
        Prompts::Eval { suite, recordings, from, record } => {
            let deployment = if record { Some(target.open().await?) } else { look(target).await? };
            evals::eval(
                deployment.as_ref().filter(|_| record),
                &shelf(deployment.as_ref()),
                &from,
                &suite,
                &recordings,
                json,
            )
            .await
        }
        Prompts::Publish { name, from } => {
            labels::publish(&target.open().await?, &from.sources()?.prompt(&name)?, json).await
        }
        Prompts::Promote { name, from, hash, label, percent, word } => {
            let wanted = labels::Wanted { name: &name, hash: hash.as_deref(), label, percent };
            labels::promote(&target.open().await?, &from.sources()?, wanted, word, json).await
        }
        Prompts::Rollback { name, label, word } => {
            labels::rollback(&target.open().await?, &name, label, word, json).await
        }
        Prompts::History { name } => labels::history(&target.open().await?, &name, json).await,
    }
}

/// Opens what a command only looks at: nothing is made where nothing is.
async fn look(target: Target) -> Result<Option<Deployment>> {
    let Target::Here(settings) = target else { return target.open().await.map(Some) };
    let settings = settings.resolve()?;
    match settings.data.join("store").is_dir() {
        true => Ok(Some(Node::open(settings)?.deployment())),
        false => Ok(None),
    }
}

/// The prompts in force: where the labels of a deployment point, else our own.
fn shelf(deployment: Option<&Deployment>) -> Shelf {
    let own = Shelf::from(library());
    match deployment {
        Some(deployment) => own.with_store(deployment.store.clone(), deployment.clock.clone()),
        None => own,
    }
}

/// Returns the prompt that is production now.
async fn production(shelf: &Shelf, id: &str) -> Result<Option<Prompt>> {
    match shelf.choice(id).await? {
        Some(choice) => Ok(shelf.prompt(&choice.production).await?),
        None => Ok(None),
    }
}

async fn compared(shelf: &Shelf, changed: &Prompt) -> Result<Diff> {
    let Some(production) = production(shelf, changed.id()).await? else {
        bail!("no prompt `{}` is in force: there is nothing to compare it with", changed.id())
    };
    Ok(diff(&production, changed))
}

fn all(sources: &Sources) -> Result<Vec<Prompt>> {
    Ok(sources.prompts.keys().map(|name| sources.prompt(name)).collect::<Result<_, _>>()?)
}

fn ls(sources: &Sources, json: bool) -> Result<ExitCode> {
    let prompts = all(sources)?;
    if json {
        println!("{}", serde_json::to_string_pretty(&prompts.iter().map(Prompt::reference).collect::<Vec<_>>())?);
    } else {
        let row = |prompt: &Prompt| [prompt.id(), prompt.version(), prompt.hash().as_str()].map(str::to_owned).to_vec();
        print!("{}", table(&["prompt", "version", "hash"], &prompts.iter().map(row).collect::<Vec<_>>()));
    }
    Ok(ExitCode::SUCCESS)
}

/// Lists what functions obey.
async fn in_force(shelf: &Shelf, json: bool) -> Result<ExitCode> {
    let mut prompts: Vec<(PromptRef, Share, bool)> = Vec::new();
    for own in all(&library())? {
        let Some(PromptChoice { production, canary }) = shelf.choice(own.id()).await? else { continue };
        let is_own = |prompt: &PromptRef| prompt.hash == *own.hash();
        prompts.push((production.clone(), Share::ALL, is_own(&production)));
        prompts.extend(canary.map(|canary| (canary.prompt.clone(), canary.share, is_own(&canary.prompt))));
    }
    if json {
        let row = |(prompt, share, is_own): &(PromptRef, Share, bool)| {
            let PromptRef { id, version, hash } = prompt;
            json!({ "id": id, "version": version, "hash": hash, "share": share, "built_in": is_own })
        };
        println!("{}", serde_json::to_string_pretty(&prompts.iter().map(row).collect::<Vec<_>>())?);
        return Ok(ExitCode::SUCCESS);
    }
    let row = |(prompt, share, is_own): &(PromptRef, Share, bool)| {
        let label = if *share == Share::ALL { "production".to_owned() } else { format!("canary, {share}") };
        let label = if *is_own { format!("{label}, built in") } else { label };
        vec![visible(&prompt.id), visible(&prompt.version), prompt.hash.to_string(), label]
    };
    print!("{}", table(&["prompt", "version", "hash", "in force as"], &prompts.iter().map(row).collect::<Vec<_>>()));
    Ok(ExitCode::SUCCESS)
}

fn check(sources: &Sources, json: bool) -> Result<ExitCode> {
    let prompts = all(sources)?;
    let findings: Vec<_> = prompts.iter().flat_map(lint).collect();
    if json {
        println!("{}", serde_json::to_string_pretty(&findings)?);
    } else {
        for finding in &findings {
            println!("{}", visible(&finding.to_string()));
        }
        println!("{} prompts, {} findings", prompts.len(), findings.len());
    }
    Ok(if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn render(prompt: &Prompt, input: &Path, json: bool) -> Result<ExitCode> {
    let value: Value =
        serde_json::from_str(&read(input)?).with_context(|| format!("`{}` is no JSON", input.display()))?;
    ensure!(value.is_object(), "`{}` is no JSON object of variables", input.display());
    let rendered = prompt.render(&Data::of(value))?;
    if json {
        println!("{}", serde_json::to_string_pretty(&rendered)?);
        return Ok(ExitCode::SUCCESS);
    }
    for message in &rendered.messages {
        println!("--- {}", serde_json::to_value(message.role)?.as_str().unwrap_or_default());
        for part in &message.content {
            match part {
                prompts::Part::Text { text } => println!("{}", text.trim_end()),
                prompts::Part::Media { media } => println!("[{}]", visible(&media.url)),
                prompts::Part::Pending { .. } => println!("[to be filled in]"),
            }
        }
    }
    println!("--- prompt {} as rendered {}", rendered.prompt, rendered.sha256);
    Ok(ExitCode::SUCCESS)
}

fn compare(diff: &Diff, json: bool) -> Result<ExitCode> {
    if json {
        println!("{}", serde_json::to_string_pretty(diff)?);
    } else {
        print!("{diff}");
    }
    Ok(ExitCode::SUCCESS)
}
