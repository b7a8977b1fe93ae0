//! The JSON beside the pages, and verdicts.

use crate::guard::{Csrf, wants_json};
use crate::page::gallery::{Ask, list, troubles};
use crate::page::problem;
use crate::tile::Tile;
use crate::{Shared, failure, live, read_manifest, verdicts};
use asset::fact::{Change, Decision};
use asset::ids::{AssetId, Sha256, TaskId};
use asset::image::FocalPoint;
use asset::manifest::Manifest;
use asset::readiness::{Readiness, State as AssetState};
use asset::why::why;
use axum::Form;
use axum::extract::{Extension, Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Lists assets: `state`, `q`, `kind`, `after`, `limit`.
pub async fn assets(State(console): State<Shared>, Query(ask): Query<Ask>, headers: HeaderMap) -> Response {
    #[derive(Serialize)]
    struct Answer {
        assets: Vec<Tile>,
        next: Option<String>,
        counts: Value,
        troubles: Vec<String>,
    }
    match list(&console, &ask).await {
        Err(error) => failure("/api/assets", &headers, &error),
        Ok((page, counts)) => {
            let assets = page.entries.into_iter().map(Tile::of).collect();
            let answer =
                Answer { assets, next: page.next, counts: by_name(&counts), troubles: troubles(&console).await };
            live::json(&headers, &answer)
        }
    }
}

fn by_name(counts: &[(AssetState, u64)]) -> Value {
    counts
        .iter()
        .map(|(state, n)| (state.as_str().to_owned(), Value::from(*n)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// Shows one asset: its readiness, and why.
pub async fn asset(State(console): State<Shared>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    #[derive(Serialize)]
    struct Answer {
        id: String,
        key: String,
        revision: u64,
        readiness: Readiness,
        why: Vec<String>,
    }
    let Ok(id) = AssetId::parse(&id) else {
        return problem::respond("/api/", &headers, StatusCode::NOT_FOUND, "there is no such asset");
    };
    match read_manifest(&console, &id).await {
        Err(error) => failure("/api/", &headers, &error),
        Ok(manifest) => {
            // At the time of the last arrival, not of now: "for 3 s" would make every answer a new one.
            let at_ms = manifest.latest().map_or(0, |arrival| arrival.at_ms);
            let why = why(&manifest, at_ms).iter().map(ToString::to_string).collect();
            let Manifest { asset, key, revision, readiness, .. } = manifest;
            live::json(&headers, &Answer { id: asset.to_string(), key, revision, readiness, why })
        }
    }
}

/// Tells how the whole is doing: counts and queues.
pub async fn status(State(console): State<Shared>, headers: HeaderMap) -> Response {
    let counts = match console.catalog.counts().await {
        Ok(counts) => counts,
        Err(error) => return failure("/api/status", &headers, &error),
    };
    let queues = console.health.queues().await.map(|queues| {
        let row = |queue: crate::QueueHealth| {
            let depth = queue.depth;
            json!({"name": queue.name, "visible": depth.visible, "in_flight": depth.in_flight, "delayed": depth.delayed, "dead": depth.dead})
        };
        queues.into_iter().map(row).collect::<Vec<_>>()
    });
    let answer = json!({
        "counts": by_name(&counts),
        "queues": queues.as_ref().ok(),
        "troubles": troubles(&console).await,
        "profile": console.profile.digest(),
    });
    live::json(&headers, &answer)
}

/// A verdict as a form sends it.
#[derive(Deserialize)]
pub struct Given {
    decision: String,
    csrf: Option<String>,
    /// Percent of the width and height, from the left and from the top.
    x: Option<f32>,
    y: Option<f32>,
    /// The version that the person saw.
    source: Option<String>,
    task: Option<String>,
}

/// Records what a person decided, and goes back to the page.
pub async fn verdict(
    State(console): State<Shared>,
    Extension(csrf): Extension<Csrf>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Form(given): Form<Given>,
) -> Response {
    let path = "/assets/";
    let refuse = |status, words: &str| problem::respond(path, &headers, status, words);
    if !csrf.permits(&console, given.csrf.as_deref()) {
        return refuse(StatusCode::FORBIDDEN, "the page is out of date: load it again");
    }
    let Ok(id) = AssetId::parse(&id) else { return refuse(StatusCode::NOT_FOUND, "there is no such asset") };
    let manifest = match read_manifest(&console, &id).await {
        Ok(manifest) => manifest,
        Err(error) => return failure(path, &headers, &error),
    };
    let decision = match decide(&manifest, &given) {
        Ok(decision) => decision,
        Err(words) => return refuse(StatusCode::UNPROCESSABLE_ENTITY, words),
    };
    let by = console.access.by();
    match verdicts::give(&*console.facts, &*console.settle, &*console.clock, &id, by, decision).await {
        Err(error) => failure(path, &headers, &error),
        Ok(verdict) if wants_json(path, &headers) => (StatusCode::CREATED, axum::Json(verdict)).into_response(),
        Ok(_) => Redirect::to(&format!("/assets/{id}")).into_response(),
    }
}

/// Checks a form against what the manifest knows.
fn decide(manifest: &Manifest, given: &Given) -> Result<Decision, &'static str> {
    match given.decision.as_str() {
        "release_focus" => Ok(Decision::ReleaseFocus),
        "retry" => {
            let task =
                given.task.as_deref().and_then(|task| TaskId::parse(task).ok()).ok_or("the form names no task")?;
            let is_refused = manifest.readiness.gaps().any(|(step, _)| step.task == task);
            is_refused.then_some(Decision::Retry { task }).ok_or("this step is not refused any more")
        }
        "move_focus" => {
            let thousandths = |percent: Option<f32>| {
                percent.filter(|percent| (0.0..=100.0).contains(percent)).map(|percent| (percent * 10.0).round() as u16)
            };
            let (Some(x), Some(y)) = (thousandths(given.x), thousandths(given.y)) else {
                return Err("the focal point needs two numbers from 0 to 100");
            };
            let source = given.source.as_deref().and_then(|source| Sha256::parse(source).ok());
            let source = source.ok_or("the form does not name the version that you saw")?;
            let is_version = |change: &Change| matches!(change, Change::Put(version) if version.sha256 == source);
            if !manifest.arrivals.values().any(|arrival| is_version(&arrival.change)) {
                return Err("this asset never had the version that you saw");
            }
            Ok(Decision::MoveFocus { focus: FocalPoint { x, y }, source })
        }
        _ => Err("the form names no decision"),
    }
}
