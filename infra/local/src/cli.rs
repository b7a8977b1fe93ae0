//! The command line.

use crate::commands::{
    add, captions, cost, doctor, ls, models, prompts, redrive, retry, review, search, status, sweep, verify, why,
};
use crate::deployment::Target;
use crate::settings::SettingArgs;
use crate::{demo, up};
use clap::{Parser, Subcommand};
use std::future::Future;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

/// Keeps every asset of a DAM continuously ready, on this machine; looks after a stack on AWS.
#[derive(Parser, Debug)]
#[command(name = "greenroom", version, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    settings: SettingArgs,
    /// Print JSON instead of text for people
    #[arg(long, global = true)]
    json: bool,
    /// Work on a stack on AWS, not on this machine: ls, search, status, why, review, cost, prompts, retry, sweep, redrive, doctor
    ///
    /// Region and credentials come from the environment (AWS_REGION, AWS_ACCESS_KEY_ID, …). `doctor` takes it without a
    /// name, too: then it checks the account.
    #[arg(long, global = true, value_name = "STACK", num_args = 0..=1, default_missing_value = "")]
    aws: Option<String>,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Run everything: functions, console, S3 endpoint and the watched inbox folder
    Up,
    /// Run everything on a scratch folder and upload the sample pictures
    Demo {
        /// End when everything has settled; fails unless every sample is ready
        #[arg(long)]
        exit: bool,
    },
    /// Copy files into the inbox; works with and without a running host
    Add {
        /// Files or folders
        #[arg(required = true)]
        paths: Vec<PathBuf>,
        /// Folder in the inbox to put them into
        #[arg(long, default_value = "")]
        to: String,
        /// Do not wait until they have settled
        #[arg(long)]
        no_wait: bool,
    },
    /// List assets
    Ls {
        /// Only this state
        #[arg(long, value_parser = ls::parse_state)]
        state: Option<asset::readiness::State>,
        /// Only this kind, for example "image" or "image/png"
        #[arg(long)]
        kind: Option<String>,
        /// Only those with these words in their key or texts
        #[arg(long)]
        search: Option<String>,
        /// Tombstones of deleted keys too
        #[arg(long)]
        all: bool,
    },
    /// Find assets by words and, with an embedding model in the profile, by meaning; the best first
    Search {
        /// Words, or what it shows
        #[arg(required = true)]
        query: Vec<String>,
        /// Hits at most
        #[arg(long, default_value = "20", value_parser = clap::value_parser!(u16).range(1..=1000))]
        limit: u16,
    },
    /// Show counts, queues and dead letters
    Status,
    /// Tell how an asset came to its state
    Why {
        /// Inbox key or asset id
        asset: String,
        /// Everything about one text instead: whose words, which model, prompt, cost, checks and verdicts
        #[arg(long, value_parser = review::parse_field)]
        field: Option<asset::field::Field>,
        /// Only in this locale
        #[arg(long, requires = "field")]
        locale: Option<String>,
    },
    /// Decide on texts that wait for a person
    #[command(subcommand)]
    Review(review::Review),
    /// Captions: check and mend files, give an asset your own
    #[command(subcommand)]
    Captions(captions::Captions),
    /// Prompts: list, check, render, compare, evaluate; publish, promote and take back
    #[command(subcommand)]
    Prompts(prompts::Prompts),
    /// Install models that run on this machine, list and remove them
    #[command(subcommand)]
    Models(models::Models),
    /// Show what models cost
    Cost {
        /// What the rows are
        #[arg(long, value_enum, default_value = "capability")]
        by: cost::By,
        /// First day, in UTC
        #[arg(long, default_value = "2026-01-01")]
        from: String,
        /// Last day [default: today]
        #[arg(long)]
        to: Option<String>,
    },
    /// Try refused steps of an asset again
    Retry {
        /// Inbox key or asset id
        asset: String,
    },
    /// Look again at everything that is not as the profile wants it
    Sweep {
        /// At every asset, whatever the catalog says; also rebuilds the catalog
        #[arg(long)]
        all: bool,
    },
    /// Make dead letters ordinary messages again
    Redrive {
        /// Only this queue
        queue: Option<String>,
    },
    /// Check what this machine and its data folder need, or with `--aws` a stack and its account
    Doctor,
    /// Check every object against its manifest, by content
    Verify,
}

impl Cli {
    /// Runs the command. Exit code 0: done; 1: failed, or not everything is as asked for.
    pub fn run(self) -> ExitCode {
        let quiet = !matches!(self.command, Command::Up);
        init_logs(quiet);
        let settings = self.settings.clone();
        let (at, json) = (Target::new(self.settings, self.aws), self.json);
        let done = match self.command {
            Command::Up => block_on(async { up::up(at.settings("up")?).await }),
            Command::Demo { exit } => block_on(async { demo::demo(at.here("demo")?, exit, json).await }),
            Command::Add { paths, to, no_wait } => {
                block_on(async { add::add(at.settings("add")?, &paths, &to, !no_wait, json).await })
            }
            Command::Ls { state, kind, search, all } => {
                block_on(async { ls::ls(at.open().await?, ls::query(state, kind, search, all), json).await })
            }
            Command::Search { query, limit } => block_on(search::search(at, &query.join(" "), limit.into(), json)),
            Command::Status => block_on(async { status::status(at.open().await?, json).await }),
            Command::Why { asset, field: None, .. } => {
                block_on(async { why::why(at.open().await?, &asset, json).await })
            }
            Command::Why { asset, field: Some(field), locale } => {
                block_on(async { why::text(at.open().await?, &asset, field, locale.as_deref(), json).await })
            }
            Command::Prompts(command) => block_on(async { prompts::prompts(at, settings, command, json).await }),
            Command::Captions(command) => block_on(captions::run(at, command, json)),
            Command::Models(command) => {
                at.settings("models").and_then(|settings| models::models(&settings, command, json))
            }
            Command::Cost { by, from, to } => {
                block_on(async { cost::cost(at.open().await?, by, &from, to.as_deref(), json).await })
            }
            Command::Review(review) => block_on(async { review::review(at.open().await?, review, json).await }),
            Command::Retry { asset } => block_on(async { retry::retry(at.open().await?, &asset, json).await }),
            Command::Sweep { all } => block_on(sweep::sweep(at, all, json)),
            Command::Redrive { queue } => {
                block_on(async { redrive::redrive(at.open().await?, queue.as_deref(), json).await })
            }
            Command::Doctor => block_on(doctor::doctor(at, json)),
            Command::Verify => block_on(async { verify::verify(at.settings("verify")?, json).await }),
        };
        match done {
            Ok(code) => code,
            Err(error) if json => {
                println!("{}", serde_json::json!({ "error": format!("{error:#}") }));
                ExitCode::FAILURE
            }
            Err(error) => {
                eprintln!("greenroom: {error:#}");
                ExitCode::FAILURE
            }
        }
    }
}

fn block_on(work: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = runtime.block_on(work);
    // Decoding that still runs on the blocking pool cannot be interrupted; everything it would write is redone after the next start.
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    done
}

/// Logs go to standard error; `GREENROOM_LOG` (in the syntax of `tracing`) changes what is shown.
fn init_logs(quiet: bool) {
    // The S3 protocol crate logs every 4xx answer, a client's mistake, as an error of ours.
    let default = if quiet { "error,s3s=off" } else { "info,s3s=off" };
    let filter = EnvFilter::try_from_env("GREENROOM_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .init();
    // A decoder's panic is a refused file, a function's a failed delivery: one line in the log, not a backtrace between progress lines.
    std::panic::set_hook(Box::new(|panic| tracing::error!("{panic}")));
}
