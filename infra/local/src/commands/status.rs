//! `greenroom status`: counts, queues, dead letters.

use crate::deployment::{Deployment, Home, NamedQueue};
use crate::table::table;
use anyhow::Result;
use asset::readiness::State;
use asset::why::words::visible;
use ports::{DeadLetter, Depth};
use serde_json::{Map, Value, json};
use std::process::ExitCode;

/// Dead letters shown per queue.
const MAX_DEAD: usize = 20;

/// A queue as it was found.
struct Found<'a> {
    named: &'a NamedQueue,
    depth: Depth,
    dead: Vec<DeadLetter>,
}

pub async fn status(deployment: Deployment, json: bool) -> Result<ExitCode> {
    let is_running = deployment.home.is_running()?;
    let counts = deployment.catalog.counts().await?;
    let mut queues = Vec::new();
    for named in &deployment.queues {
        queues.push(look(named).await?);
    }
    match json {
        true => {
            let status = to_json(&deployment.home, is_running, &counts, &queues);
            println!("{}", serde_json::to_string_pretty(&status)?);
        }
        false => print!("{}", text(&deployment.home, is_running, &counts, &queues)),
    }
    Ok(ExitCode::SUCCESS)
}

async fn look(named: &NamedQueue) -> Result<Found<'_>> {
    let depth = named.queue.depth().await?;
    // Looking at the dead letters of a queue on AWS means to receive them; where there are none, it would only wait.
    let dead = if depth.dead == 0 { Vec::new() } else { named.queue.dead_letters(MAX_DEAD).await? };
    Ok(Found { named, depth, dead })
}

/// Returns how many messages wait, are in work and are delayed, if the queue has messages of its own.
fn messages(found: &Found) -> Option<[u64; 3]> {
    (!found.named.is_dead_only).then_some([found.depth.visible, found.depth.in_flight, found.depth.delayed])
}

fn to_json(home: &Home, is_running: Option<bool>, counts: &[(State, u64)], queues: &[Found]) -> Value {
    let assets: Map<String, Value> =
        counts.iter().map(|(state, count)| (state.as_str().to_owned(), json!(count))).collect();
    let queues: Vec<Value> = queues.iter().map(queue_to_json).collect();
    match home {
        Home::Folder(data) => json!({ "running": is_running, "data": data, "assets": assets, "queues": queues }),
        Home::Stack(stack) => json!({
            "stack": stack.name, "region": stack.region, "status": stack.status, "console": stack.console,
            "assets": assets, "queues": queues,
        }),
    }
}

fn queue_to_json(found: &Found) -> Value {
    let letter = |letter: &DeadLetter| {
        json!({
            "id": letter.id, "body": letter.body, "attempts": letter.attempts, "error": letter.last_error,
        })
    };
    let [visible, in_flight, delayed] = messages(found).map_or([None; 3], |numbers| numbers.map(Some));
    json!({
        "name": found.named.name, "visible": visible, "in_flight": in_flight, "delayed": delayed,
        "dead": found.depth.dead, "dead_letters": found.dead.iter().map(letter).collect::<Vec<_>>(),
    })
}

fn text(home: &Home, is_running: Option<bool>, counts: &[(State, u64)], queues: &[Found]) -> String {
    let mut text = format!("{}\n\n", describe(home, is_running));
    let rows: Vec<_> = counts.iter().map(|(state, count)| vec![state.as_str().to_owned(), count.to_string()]).collect();
    text += &format!("{}\n", table(&["state", "assets"], &rows));
    text += &table(&["queue", "waiting", "in work", "delayed", "dead"], &queues.iter().map(row).collect::<Vec<_>>());
    for found in queues {
        for letter in &found.dead {
            text += &format!("\n{}\n", describe_letter(home, found.named, letter));
        }
    }
    if queues.iter().any(|found| found.depth.dead > 0) {
        text += &format!("\n`{} redrive` delivers dead letters again\n", home.command());
    }
    text
}

fn describe(home: &Home, is_running: Option<bool>) -> String {
    match home {
        Home::Folder(data) => {
            let host = if is_running == Some(true) { "a host is running" } else { "no host is running" };
            format!("data {} ({host})", data.display())
        }
        Home::Stack(stack) => {
            let console = stack.console.as_ref().map(|url| format!("\nconsole {url}")).unwrap_or_default();
            format!("stack {} in {} ({}){console}", stack.name, stack.region, stack.status)
        }
    }
}

fn row(found: &Found) -> Vec<String> {
    let mut row = vec![found.named.name.to_owned()];
    match messages(found) {
        Some(numbers) => row.extend(numbers.map(|number| number.to_string())),
        None => row.extend(["-"; 3].map(str::to_owned)),
    }
    row.push(found.depth.dead.to_string());
    row
}

fn describe_letter(home: &Home, named: &NamedQueue, letter: &DeadLetter) -> String {
    let (name, attempts) = (named.name, letter.attempts);
    let why = match (&letter.last_error, home, named.is_dead_only) {
        (_, _, true) => format!("dead letter in {name}: it did not reach its queue"),
        (Some(error), _, _) => format!("dead letter in {name} after {attempts} deliveries: {}", visible(error)),
        (None, Home::Folder(_), _) => {
            format!("dead letter in {name} after {attempts} deliveries: no failure was reported: its process died")
        }
        // SQS keeps no reason with a message.
        (None, Home::Stack(_), _) => {
            format!("dead letter in {name} after {attempts} deliveries: the reason is in the function's log")
        }
    };
    format!("{why}\n  {}", visible(&letter.body.chars().take(300).collect::<String>()))
}
