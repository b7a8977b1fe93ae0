//! `greenroom prompts eval`: cases on recorded answers, and how they went.

use super::{From, all, production, read};
use crate::deployment::Deployment;
use anyhow::{Result, anyhow, bail};
use asset::why::words::visible;
use prompts::Shelf;
use prompts::eval::{AnswerFile, EvalResult, Suite, replay};
use prompts::registry::Answers;
use serde_json::json;
use std::path::Path;
use std::process::ExitCode;

/// Runs an eval; keeps how it went where there is a deployment to keep it in.
pub async fn eval(
    keep: Option<&Deployment>,
    shelf: &Shelf,
    from: &From,
    suite: &Path,
    recordings: &Path,
    json: bool,
) -> Result<ExitCode> {
    let file = Suite::parse(&read(suite)?).map_err(|why| anyhow!("`{}` is no eval: {why}", suite.display()))?;
    let answers = AnswerFile::parse(&read(recordings)?);
    let answers = answers.map_err(|why| anyhow!("`{}` has no recordings: {why}", recordings.display()))?;
    let sources = from.sources()?;
    let prompt = all(&sources)?.into_iter().find(|prompt| prompt.id() == file.prompt);
    let Some(prompt) = prompt else { bail!("there is no prompt `{}`", file.prompt) };
    let production = production(shelf, prompt.id()).await?;
    let result = replay(&file, &prompt, production.as_ref(), &answers.recordings);
    if let Some(deployment) = keep {
        deployment.prompts.record_eval(&result.record(answers.source, deployment.clock.now_ms())).await?;
    }
    print(&result, answers.source, keep.is_some(), json)?;
    Ok(if result.passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print(result: &EvalResult, answers: Answers, is_kept: bool, json: bool) -> Result<()> {
    if json {
        let mut value = serde_json::to_value(result)?;
        value["answers"] = json!(answers);
        value["recorded"] = json!(is_kept);
        println!("{}", serde_json::to_string_pretty(&value)?);
        return Ok(());
    }
    for case in &result.cases {
        println!("{} {}", if case.failures.is_empty() { "+" } else { "!" }, visible(&case.name));
        for failure in &case.failures {
            println!("    {}", visible(failure));
        }
    }
    println!("{} of {} cases hold; the answers are {}", result.n_passed(), result.cases.len(), answers.words());
    for reason in &result.reasons {
        println!("refused: {}", visible(reason));
    }
    if is_kept {
        println!("recorded for `{}` {}", result.id, result.hash);
    }
    Ok(())
}
