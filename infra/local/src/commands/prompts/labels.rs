//! Publishing, and the labels that functions obey.

use super::Word;
use crate::deployment::Deployment;
use crate::table::table;
use anyhow::{Context, Result, bail, ensure};
use asset::canary::Share;
use asset::ids::Sha256;
use asset::why::words::{time, visible};
use prompts::registry::{Label, LabelState, Move, Pointer, Promotion, Reason};
use prompts::{Prompt, Sources};
use serde_json::json;
use std::process::ExitCode;

/// The fewest digits that may stand for a hash.
const LEAST_DIGITS: usize = 6;

/// What is to be promoted, in the words of the command line.
pub struct Wanted<'a> {
    pub name: &'a str,
    pub hash: Option<&'a str>,
    pub label: Label,
    pub percent: Option<Share>,
}

pub async fn publish(deployment: &Deployment, prompt: &Prompt, json: bool) -> Result<ExitCode> {
    let published = deployment.prompts.publish(prompt).await?;
    match json {
        true => println!("{}", serde_json::to_string_pretty(&prompt.reference())?),
        false => println!(
            "published `{}` {} as {}; no label points at it before `greenroom prompts promote`",
            published.id,
            visible(&published.version),
            published.hash
        ),
    }
    Ok(ExitCode::SUCCESS)
}

pub async fn promote(
    deployment: &Deployment,
    sources: &Sources,
    wanted: Wanted<'_>,
    word: Word,
    json: bool,
) -> Result<ExitCode> {
    let to = match (wanted.label, wanted.percent) {
        (Label::Production, None) => Promotion::Production,
        (Label::Canary, Some(share)) => Promotion::Canary(share),
        (Label::Production, Some(_)) => bail!("production is for every asset: leave `--percent` out"),
        (Label::Canary, None) => bail!("`--percent P` says for how many of the assets the canary writes"),
    };
    let (id, hash) = pick(deployment, sources, &wanted).await?;
    let state = deployment.prompts.promote(&id, &hash, to, reason(deployment, word)).await?;
    if !json && let Some(eval) = deployment.prompts.newest_eval(&id, &hash).await? {
        println!(
            "its eval: {} of {} cases hold; the answers are {}",
            eval.n_passed,
            eval.n_cases,
            eval.answers.words()
        );
    }
    moved(deployment, &id, wanted.label, &state, json)
}

pub async fn rollback(deployment: &Deployment, name: &str, label: Label, word: Word, json: bool) -> Result<ExitCode> {
    let state = deployment.prompts.rollback(name, label, reason(deployment, word)).await?;
    moved(deployment, name, label, &state, json)
}

fn reason(deployment: &Deployment, word: Word) -> Reason {
    Reason { by: word.by, at_ms: deployment.clock.now_ms(), why: word.why }
}

/// Returns the id and the hash that are meant.
async fn pick(deployment: &Deployment, sources: &Sources, wanted: &Wanted<'_>) -> Result<(String, Sha256)> {
    let Some(text) = wanted.hash else {
        let prompt = sources.prompt(wanted.name)?;
        return Ok((prompt.id().to_owned(), prompt.hash().clone()));
    };
    let (registry, id) = (&deployment.prompts, wanted.name);
    if text == Label::Canary.as_str() {
        let pointer = registry.label(id, Label::Canary).await?.points_at;
        let pointer = pointer.with_context(|| format!("the prompt `{id}` has no canary"))?;
        return Ok((id.to_owned(), pointer.hash));
    }
    ensure!(text.len() >= LEAST_DIGITS, "`{}` is too short: give at least {LEAST_DIGITS} digits", visible(text));
    let mut found = registry.published(id).await?;
    found.retain(|hash| hash.as_str().starts_with(text));
    match &found[..] {
        [hash] => Ok((id.to_owned(), hash.clone())),
        [] => bail!("no published state of `{}` begins with `{}`", visible(id), visible(text)),
        _ => bail!("{} published states of `{id}` begin with `{text}`: give more digits", found.len()),
    }
}

fn moved(deployment: &Deployment, id: &str, label: Label, state: &LabelState, json: bool) -> Result<ExitCode> {
    if json {
        println!("{}", serde_json::to_string_pretty(&json!({ "prompt": id, "label": label, "state": state }))?);
        return Ok(ExitCode::SUCCESS);
    }
    match (&state.points_at, label) {
        (Some(Pointer { hash, .. }), Label::Production) => println!("production of `{id}` is {hash}"),
        (Some(Pointer { hash, share }), Label::Canary) => {
            println!("the canary of `{id}` is {hash}, for {share} of the assets")
        }
        (None, Label::Production) => println!("production of `{id}` is what is built in"),
        (None, Label::Canary) => println!("`{id}` has no canary any more"),
    }
    let command = deployment.home.command();
    println!(
        "functions obey within ten seconds; the next sweep (`{command} sweep`) makes what it touches, and nothing else"
    );
    Ok(ExitCode::SUCCESS)
}

pub async fn history(deployment: &Deployment, name: &str, json: bool) -> Result<ExitCode> {
    let (production, canary) = (
        deployment.prompts.label(name, Label::Production).await?,
        deployment.prompts.label(name, Label::Canary).await?,
    );
    if json {
        println!("{}", serde_json::to_string_pretty(&json!({ "production": production, "canary": canary }))?);
        return Ok(ExitCode::SUCCESS);
    }
    let of = |label: Label, state: LabelState| state.history.into_iter().map(move |step| (label, step));
    let mut moves: Vec<(Label, Move)> = of(Label::Production, production).chain(of(Label::Canary, canary)).collect();
    moves.sort_by_key(|(_, step)| step.at_ms);
    if moves.is_empty() {
        println!("no label of `{}` was ever moved: what is built in is in force", visible(name));
        return Ok(ExitCode::SUCCESS);
    }
    let mut rows = Vec::new();
    for (label, step) in moves {
        rows.push(row(deployment, name, label, step).await);
    }
    print!("{}", table(&["when", "label", "move", "to", "version", "share", "who", "why"], &rows));
    Ok(ExitCode::SUCCESS)
}

async fn row(deployment: &Deployment, id: &str, label: Label, step: Move) -> Vec<String> {
    let [to, version, share] = match &step.to {
        Some(Pointer { hash, share }) => {
            // The history is worth showing also where one of its prompts is damaged; promoting that one is refused.
            let version = deployment.prompts.get(id, hash).await.map(|prompt| visible(prompt.version()));
            [hash.as_str()[..12].to_owned(), version.unwrap_or_else(|_| "damaged".to_owned()), share.to_string()]
        }
        None => ["nothing".to_owned(), "-".to_owned(), "-".to_owned()],
    };
    let (kind, label) = (step.kind.as_str().to_owned(), label.to_string());
    vec![time(step.at_ms), label, kind, to, version, share, visible(&step.by), visible(&step.why)]
}
