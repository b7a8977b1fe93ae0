//! `greenroom review`: what waits for a person, and a person's word on it.

use crate::commands::ls::{entries, query};
use crate::deployment::{Deployment, read_manifest};
use crate::table::table;
use anyhow::{Context, Result, bail, ensure};
use asset::fact::Decision;
use asset::field::{Field, FieldState, FieldStatus, UNDETERMINED, Written, title};
use asset::manifest::Manifest;
use asset::readiness::State;
use asset::why::words::visible;
use clap::{Args, Subcommand};
use console::verdicts;
use serde_json::json;
use std::process::ExitCode;

#[derive(Subcommand, Debug)]
pub enum Review {
    /// List the texts that wait for a person
    Ls,
    /// The model's words count, exactly as they are now
    Approve(Choice),
    /// The model's words do not count
    Reject(Choice),
    /// Your words count, and no machine replaces them
    Edit {
        #[command(flatten)]
        choice: Choice,
        /// The words; empty for the alternative text of a decorative picture
        #[arg(long)]
        text: String,
    },
    /// Give your words up: the model's count again
    Release(Choice),
}

/// Which text.
#[derive(Args, Debug)]
pub struct Choice {
    /// Inbox key or asset id
    asset: String,
    /// "alt_text", "description", "tags", "visible_text" or "moderation"
    #[arg(long, default_value = "alt_text", value_parser = parse_field)]
    field: Field,
    /// Only needed where the profile asks for it in several
    #[arg(long)]
    locale: Option<String>,
    /// Who decides
    #[arg(long, env = "USER", default_value = "command line")]
    by: String,
}

/// Parses a field's wire name.
pub fn parse_field(text: &str) -> Result<Field, String> {
    let names = Field::ALL.map(Field::as_str).join(" or ");
    Field::parse(&text.replace('-', "_")).ok_or_else(|| format!("give {names}"))
}

/// The longest text that a person may give, in characters.
const MAX_CHARACTERS: usize = 10_000;

pub async fn review(deployment: Deployment, review: Review, json: bool) -> Result<ExitCode> {
    let (choice, what) = match review {
        Review::Ls => return ls(deployment, json).await,
        Review::Approve(choice) => (choice, Word::Approve),
        Review::Reject(choice) => (choice, Word::Reject),
        Review::Edit { choice, text } => (choice, Word::Edit(text)),
        Review::Release(choice) => (choice, Word::Release),
    };
    let manifest = deployment.find(&choice.asset).await?;
    let state = pick(&manifest, &choice)?;
    let decision = decision(&manifest, state, what)?;
    let (facts, queue, clock) = (&*deployment.facts, &*deployment.settle, &*deployment.clock);
    let verdict = verdicts::give(facts, queue, clock, &manifest.asset, &choice.by, decision).await?;
    match json {
        true => println!("{}", serde_json::to_string_pretty(&verdict)?),
        false => println!("recorded: {} of `{}`", title(state.field, &state.locale), visible(&manifest.key)),
    }
    Ok(ExitCode::SUCCESS)
}

enum Word {
    Approve,
    Reject,
    Edit(String),
    Release,
}

fn decision(manifest: &Manifest, state: &FieldState, word: Word) -> Result<Decision> {
    let (field, locale) = (state.field, state.locale.clone());
    let value = || {
        let written = state.written.as_ref().map(Written::digest);
        written.with_context(|| format!("no model has written {} in {locale} yet", field.words()))
    };
    Ok(match word {
        Word::Approve => Decision::ApproveText { field, value: value()?, locale },
        Word::Reject => Decision::RejectText { field, value: value()?, locale },
        Word::Edit(text) => {
            let text = text.trim().to_owned();
            ensure!(text.chars().count() <= MAX_CHARACTERS, "the text has more than {MAX_CHARACTERS} characters");
            ensure!(!text.chars().any(|c| c.is_control() && c != '\n'), "the text has control characters");
            ensure!(!text.is_empty() || field != Field::Description, "a description may not be empty");
            let source = manifest.version().context("the asset is deleted")?.sha256.clone();
            let seen = state.written.as_ref().map(Written::digest);
            Decision::EditText { field, locale, text, source, seen }
        }
        Word::Release => Decision::ReleaseText { field, locale },
    })
}

fn pick<'a>(manifest: &'a Manifest, choice: &Choice) -> Result<&'a FieldState> {
    let of_field: Vec<&FieldState> =
        manifest.readiness.fields.iter().filter(|state| state.field == choice.field).collect();
    let wanted = |state: &&&FieldState| choice.locale.as_ref().is_none_or(|locale| *locale == state.locale);
    let found: Vec<&&FieldState> = of_field.iter().filter(wanted).collect();
    let locales = || of_field.iter().map(|state| state.locale.as_str()).collect::<Vec<_>>().join(", ");
    match found[..] {
        [state] => Ok(state),
        [] if of_field.is_empty() => {
            bail!("the profile asks for no {} of `{}`", choice.field.words(), visible(&manifest.key))
        }
        [] => bail!("there is no such locale: give one of {}", locales()),
        _ => bail!("there are several: add `--locale` with one of {}", locales()),
    }
}

async fn ls(deployment: Deployment, json: bool) -> Result<ExitCode> {
    let mut waiting = Vec::new();
    for state in [State::InReview, State::ReadyWithGaps, State::Processing] {
        for entry in entries(&deployment, query(Some(state), None, None, false)).await? {
            let Some(manifest) = read_manifest(deployment.store.as_ref(), &entry.asset).await? else { continue };
            let fields = manifest.readiness.fields.iter();
            let fields = fields.filter(|field| field.status.needs_a_person() || field.status == FieldStatus::Rejected);
            waiting.extend(fields.cloned().map(|field| (entry.key.clone(), field)));
        }
    }
    if json {
        let rows: Vec<_> = waiting.iter().map(|(key, field)| json!({ "key": key, "text": field })).collect();
        println!("{}", serde_json::to_string_pretty(&rows)?);
    } else if waiting.is_empty() {
        println!("nothing waits for a person");
    } else {
        let row = |(key, field): &(String, FieldState)| {
            let text = field.text.as_deref().or(field.written.as_ref().map(|written| written.text.as_str()));
            let checks = field.written.iter().flat_map(|written| &written.findings);
            let checks: Vec<&str> = checks.map(|finding| finding.check.as_str()).collect();
            let about = match field.locale.as_str() {
                UNDETERMINED => field.field.as_str().to_owned(),
                locale => format!("{} {locale}", field.field.as_str()),
            };
            vec![visible(key), about, field.status.words().into(), checks.join(" "), visible(text.unwrap_or_default())]
        };
        let rows: Vec<Vec<String>> = waiting.iter().map(row).collect();
        print!("{}", table(&["key", "text", "status", "checks", "words"], &rows));
    }
    Ok(ExitCode::SUCCESS)
}
