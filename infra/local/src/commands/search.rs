//! `greenroom search`: assets by words and by meaning, the best first.

use crate::commands::ls::{self, Row};
use crate::deployment::{Deployment, Target};
use crate::local_models::{LocalServer, serve_models};
use crate::node::Node;
use crate::table::table;
use anyhow::Result;
use asset::catalog::CatalogEntry;
use asset::embedding::clipped;
use asset::why::words::visible;
use ports::search::{Found, Hit, Meaning, Why};
use ports::{CatalogQuery, MapQuery};
use serde::Serialize;
use std::process::ExitCode;
use std::sync::Arc;

/// What `--json` prints.
#[derive(Serialize)]
struct Answer {
    #[serde(flatten)]
    meaning: Meaning,
    hits: Vec<HitRow>,
}

#[derive(Serialize)]
struct HitRow {
    why: Why,
    score: f64,
    similarity: Option<f32>,
    #[serde(flatten)]
    row: Row,
}

pub async fn search(at: Target, text: &str, limit: usize, json: bool) -> Result<ExitCode> {
    let (deployment, mapper, server) = open(at).await?;
    let query = CatalogQuery { text: Some(text.to_owned()), limit, ..CatalogQuery::default() };
    let Found { mut hits, meaning, .. } =
        ports::search::search(deployment.catalog.as_ref(), mapper.as_deref(), &query).await?;
    if let Some(server) = server {
        server.stop().await;
    }
    hits.truncate(limit);
    if json {
        let entries: Vec<CatalogEntry> = hits.iter().map(|hit| hit.entry.clone()).collect();
        let rows = ls::rows(&deployment, &entries).await?;
        let row = |(hit, row): (Hit, Row)| HitRow { why: hit.why, score: hit.score, similarity: hit.similarity, row };
        let hits = hits.into_iter().zip(rows).map(row).collect();
        println!("{}", serde_json::to_string_pretty(&Answer { meaning, hits })?);
        return Ok(ExitCode::SUCCESS);
    }
    if hits.is_empty() {
        println!("nothing matches");
    } else {
        print!("{}", table(&["key", "state", "found", "cosine", "text"], &hits.iter().map(cells).collect::<Vec<_>>()));
    }
    eprintln!("{}", meaning_words(&meaning));
    Ok(ExitCode::SUCCESS)
}

/// A stack's profile is not at hand here, and with it the model that its vectors are of: there, words alone are searched.
///
/// A model of this machine is served for this one question: a host's server says its address to nobody else.
async fn open(at: Target) -> Result<(Deployment, Option<Arc<dyn MapQuery>>, Option<LocalServer>)> {
    match at {
        Target::Here(settings) => {
            let mut settings = settings.resolve()?;
            let is_own = settings.profile.models.embedding.as_ref().is_some_and(|id| settings.local_models.has(id));
            let server = if is_own { serve_models(&mut settings).await } else { None };
            let node = Node::open(settings)?;
            Ok((node.deployment(), node.meaning()?, server))
        }
        stack @ Target::Stack(_) => Ok((stack.open().await?, None, None)),
    }
}

fn cells(hit: &Hit) -> Vec<String> {
    let Hit { entry, why, similarity, .. } = hit;
    let text = entry.texts.first().map(|text| visible(clipped(text, 80))).unwrap_or_default();
    let cosine = similarity.map(|similarity| format!("{similarity:.3}")).unwrap_or_default();
    vec![visible(&entry.key), entry.state.as_str().to_owned(), why.words().to_owned(), cosine, text]
}

fn meaning_words(meaning: &Meaning) -> String {
    match meaning {
        Meaning::Used { model } => format!("searched by words, and by meaning with {}", visible(model)),
        Meaning::Off => {
            "searched by words; `[models]` with `embedding = \"NAME\"` in this machine's profile adds meaning"
                .to_owned()
        }
        Meaning::NotAsked => "there is nothing to search for".to_owned(),
        Meaning::Failed { why } => format!("searched by words only: {}", visible(why)),
    }
}
