//! `greenroom prompts`: the prompts that are in force, and those of a folder: checked, rendered, compared, evaluated on recorded answers.

use crate::table::table;
use anyhow::{Context, Result, bail, ensure};
use asset::why::words::visible;
use clap::{Args, Subcommand};
use prompts::eval::{Recordings, Suite, replay};
use prompts::{Data, Diff, Prompt, Sources, diff, library, lint};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Subcommand, Debug)]
pub enum Prompts {
    /// List prompts with their versions and hashes
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
    },
    /// Run the cases of an eval on recorded answers; fails if the prompt may not be promoted
    Eval {
        /// The eval: YAML
        #[arg(value_name = "FILE")]
        suite: PathBuf,
        /// JSON: the recorded answers, by the hash of what was asked
        #[arg(long, value_name = "FILE")]
        recordings: PathBuf,
        #[command(flatten)]
        from: From,
    },
}

/// Where prompts come from.
#[derive(Args, Debug)]
pub struct From {
    /// A folder of `.prompt` files; those whose names begin with `_` are partials [default: the prompts in force]
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

pub fn prompts(command: Prompts, json: bool) -> Result<ExitCode> {
    match command {
        Prompts::Ls(from) => ls(&from.sources()?, json),
        Prompts::Lint(from) => check(&from.sources()?, json),
        Prompts::Render { name, input, from } => render(&from.sources()?.prompt(&name)?, &input, json),
        Prompts::Diff { name, from } => {
            ensure!(from.folder.is_some(), "`--from DIR` says where the changed prompt is");
            compare(&diff(&library().prompt(&name)?, &from.sources()?.prompt(&name)?), json)
        }
        Prompts::Eval { suite, recordings, from } => eval(&from, &suite, &recordings, json),
    }
}

fn all(sources: &Sources) -> Result<Vec<Prompt>> {
    Ok(sources.prompts.keys().map(|name| sources.prompt(name)).collect::<Result<_, _>>()?)
}

fn ls(sources: &Sources, json: bool) -> Result<ExitCode> {
    let prompts = all(sources)?;
    if json {
        let row = |prompt: &Prompt| json!({ "id": prompt.id(), "version": prompt.version(), "hash": prompt.hash() });
        println!("{}", serde_json::to_string_pretty(&prompts.iter().map(row).collect::<Vec<_>>())?);
    } else {
        let row = |prompt: &Prompt| [prompt.id(), prompt.version(), prompt.hash().as_str()].map(str::to_owned).to_vec();
        print!("{}", table(&["prompt", "version", "hash"], &prompts.iter().map(row).collect::<Vec<_>>()));
    }
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

fn eval(from: &From, suite: &Path, recordings: &Path, json: bool) -> Result<ExitCode> {
    let found = Suite::parse(&read(suite)?);
    let suite = found.map_err(|why| anyhow::anyhow!("`{}` is no eval: {why}", suite.display()))?;
    let answers: Recordings = serde_json::from_str(&read(recordings)?)
        .with_context(|| format!("`{}` has no recordings", recordings.display()))?;
    let sources = from.sources()?;
    let prompt = all(&sources)?.into_iter().find(|prompt| prompt.id() == suite.prompt);
    let Some(prompt) = prompt else { bail!("there is no prompt `{}`", suite.prompt) };
    let in_force = library().prompt(prompt.name()).ok();
    let result = replay(&suite, &prompt, in_force.as_ref(), &answers);
    if json {
        println!("{}", serde_json::to_string_pretty(&result)?);
    } else {
        for case in &result.cases {
            println!("{} {}", if case.failures.is_empty() { "+" } else { "!" }, visible(&case.name));
            for failure in &case.failures {
                println!("    {}", visible(failure));
            }
        }
        println!("{} of {} cases hold", result.n_passed(), result.cases.len());
        for reason in &result.reasons {
            println!("refused: {}", visible(reason));
        }
    }
    Ok(if result.passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
