//! `greenroom status`: counts, queues, dead letters.

use crate::node::Node;
use crate::settings::Settings;
use crate::table::table;
use anyhow::Result;
use asset::why::words::visible;
use ports::{Catalog, Queue};
use serde_json::json;
use std::process::ExitCode;

/// Dead letters shown per queue.
const MAX_DEAD: usize = 20;

pub async fn status(settings: Settings, json: bool) -> Result<ExitCode> {
    let node = Node::open(settings)?;
    let is_running = node.lock()?.is_none();
    let counts = node.catalog.counts().await?;
    let mut queues = Vec::new();
    for (name, queue) in node.queues_by_name() {
        queues.push((name, queue.depth().await?, queue.dead_letters(MAX_DEAD).await?));
    }
    if json {
        let states: serde_json::Map<String, serde_json::Value> =
            counts.iter().map(|(state, count)| (state.as_str().to_owned(), json!(count))).collect();
        let queues: Vec<_> = queues
            .iter()
            .map(|(name, depth, dead)| {
                let dead_letters: Vec<_> = dead
                    .iter()
                    .map(|letter| json!({ "id": letter.id, "body": letter.body, "attempts": letter.attempts, "error": letter.last_error }))
                    .collect();
                json!({ "name": name, "visible": depth.visible, "in_flight": depth.in_flight, "delayed": depth.delayed,
                        "dead": depth.dead, "dead_letters": dead_letters })
            })
            .collect();
        let status = json!({ "running": is_running, "data": node.settings.data, "assets": states, "queues": queues });
        println!("{}", serde_json::to_string_pretty(&status)?);
        return Ok(ExitCode::SUCCESS);
    }
    println!(
        "data {} ({})\n",
        node.settings.data.display(),
        if is_running { "a host is running" } else { "no host is running" }
    );
    let rows: Vec<Vec<String>> =
        counts.iter().map(|(state, count)| vec![state.as_str().to_owned(), count.to_string()]).collect();
    println!("{}", table(&["state", "assets"], &rows));
    let rows: Vec<Vec<String>> = queues
        .iter()
        .map(|(name, depth, _)| {
            let counts = [depth.visible, depth.in_flight, depth.delayed, depth.dead].map(|count| count.to_string());
            [vec![(*name).to_owned()], counts.to_vec()].concat()
        })
        .collect();
    print!("{}", table(&["queue", "waiting", "in work", "delayed", "dead"], &rows));
    for (name, _, dead) in &queues {
        for letter in dead {
            let error = letter.last_error.as_deref().unwrap_or("no failure was reported: its process died");
            println!("\ndead letter in {name} after {} deliveries: {}", letter.attempts, visible(error));
            println!("  {}", visible(&letter.body.chars().take(300).collect::<String>()));
        }
    }
    if queues.iter().any(|(_, depth, _)| depth.dead > 0) {
        println!("\n`greenroom redrive` delivers dead letters again");
    }
    Ok(ExitCode::SUCCESS)
}
