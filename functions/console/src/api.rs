//! The JSON beside the pages, and verdicts.

use crate::captions::{self, CaptionsError};
use crate::guard::{Csrf, wants_json};
use crate::page::gallery::{Ask, Listed, list, troubles};
use crate::page::problem;
use crate::page::texts::{anchor, what_was_typed};
use crate::tile::Tile;
use crate::{Shared, failure, live, read_manifest, texts, verdicts};
use asset::fact::{Change, Decision};
use asset::field::{Field, FieldState, FieldStatus, Written};
use asset::ids::{AssetId, Sha256, TaskId};
use asset::image::FocalPoint;
use asset::manifest::Manifest;
use asset::readiness::{Readiness, State as AssetState};
use asset::recording::{CaptionState, Captioned};
use asset::why::why;
use axum::extract::{Extension, FromRequest, Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Form, Json};
use ports::search::Meaning;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};
use std::borrow::Cow;

/// Lists assets: `state`, `q`, `kind`, `after`, `limit`. With `q` it is a search, by words and by meaning, the best first.
pub async fn assets(State(console): State<Shared>, Query(ask): Query<Ask>, headers: HeaderMap) -> Response {
    #[derive(Serialize)]
    struct Answer {
        assets: Vec<Tile>,
        next: Option<String>,
        counts: Value,
        troubles: Vec<String>,
        /// Whether a search used meaning; absent in plain lists.
        #[serde(flatten)]
        meaning: Option<Meaning>,
    }
    match list(&console, &ask).await {
        Err(error) => failure("/api/assets", &headers, &error),
        Ok(Listed { tiles, next, meaning, counts }) => {
            let troubles = troubles(&console).await;
            live::json(&headers, &Answer { assets: tiles, next, counts: by_name(&counts), troubles, meaning })
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
        fields: Vec<TextRow>,
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
            let fields = readiness.fields.iter().map(|state| TextRow::of(state, &readiness)).collect();
            live::json(&headers, &Answer { id: asset.to_string(), key, revision, fields, readiness, why })
        }
    }
}

/// One text and what a verdict on it has to carry; `readiness.fields` holds the rest, findings and provenance.
#[derive(Serialize)]
struct TextRow {
    field: Field,
    locale: String,
    status: FieldStatus,
    /// The words in force.
    text: Option<String>,
    by: Option<String>,
    /// The model's words, in force or not.
    written: Option<String>,
    /// The digest of the model's words: `value` of an approval or a rejection, `seen` of an edit.
    value: Option<Sha256>,
    /// The version that all this is about: `source` of an edit.
    source: Option<Sha256>,
}

impl TextRow {
    fn of(state: &FieldState, readiness: &Readiness) -> Self {
        TextRow {
            field: state.field,
            locale: state.locale.clone(),
            status: state.status,
            text: state.text.clone(),
            by: state.by.clone(),
            written: state.written.as_ref().map(|written| written.text.clone()),
            value: state.written.as_ref().map(Written::digest),
            source: readiness.version.clone(),
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

/// A verdict as a form sends it, or a tool as JSON.
#[derive(Deserialize)]
pub struct Given {
    pub decision: String,
    csrf: Option<String>,
    /// Percent of the width and height, from the left and from the top.
    x: Option<f32>,
    y: Option<f32>,
    /// The version that the person saw.
    source: Option<String>,
    task: Option<String>,
    pub field: Option<String>,
    pub locale: Option<String>,
    /// The digest of the model's words that are approved or rejected.
    pub value: Option<String>,
    /// The digest of the model's words beside which a person wrote.
    pub seen: Option<String>,
    pub text: Option<String>,
    #[serde(default, deserialize_with = "is_ticked")]
    pub decorative: bool,
}

/// A form sends a ticked box as some text, and a box without a tick not at all.
fn is_ticked<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Ticked {
        Json(bool),
        Form(String),
    }
    Ok(match Ticked::deserialize(deserializer)? {
        Ticked::Json(is_ticked) => is_ticked,
        Ticked::Form(text) => !matches!(text.as_str(), "" | "false"),
    })
}

impl Given {
    /// Returns the version that the person saw; the asset may have another one now, which is told beside the verdict.
    pub fn version_of(&self, manifest: &Manifest) -> Result<Sha256, No> {
        let source = self.source.as_deref().and_then(|source| Sha256::parse(source).ok());
        let source = source.ok_or("the form does not name the version that you saw")?;
        let is_version = |change: &Change| matches!(change, Change::Put(version) if version.sha256 == source);
        if !manifest.arrivals.values().any(|arrival| is_version(&arrival.change)) {
            return Err("this asset never had the version that you saw".into());
        }
        Ok(source)
    }
}

/// Why a decision is not recorded.
pub struct No {
    status: StatusCode,
    words: Cow<'static, str>,
}

impl No {
    /// The asset has moved on since the person saw it.
    pub fn late(words: &'static str) -> Self {
        No { status: StatusCode::CONFLICT, words: words.into() }
    }
}

impl From<&'static str> for No {
    fn from(words: &'static str) -> Self {
        No { status: StatusCode::UNPROCESSABLE_ENTITY, words: words.into() }
    }
}

impl From<String> for No {
    fn from(words: String) -> Self {
        No { status: StatusCode::UNPROCESSABLE_ENTITY, words: words.into() }
    }
}

/// Records what a person decided, and goes back to the page.
pub async fn verdict(
    State(console): State<Shared>,
    Extension(csrf): Extension<Csrf>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let (path, headers) = (request.uri().path().to_owned(), request.headers().clone());
    let refuse = |status, words: &str| problem::respond(&path, &headers, status, words);
    let given = match read(request).await {
        Ok(given) => given,
        Err((status, words)) => return refuse(status, &words),
    };
    if !csrf.permits(&console, given.csrf.as_deref()) {
        return refuse(StatusCode::FORBIDDEN, "the page is out of date: load it again");
    }
    let Ok(id) = AssetId::parse(&id) else { return refuse(StatusCode::NOT_FOUND, "there is no such asset") };
    let manifest = match read_manifest(&console, &id).await {
        Ok(manifest) => manifest,
        Err(error) => return failure(&path, &headers, &error),
    };
    let decided = match given.decision.as_str() {
        "give_captions" => give_captions(&console, &manifest, &given).await,
        _ => decide(&manifest, &given),
    };
    let decision = match decided {
        Ok(decision) => decision,
        Err(No { status, words }) => {
            let address = format!("/assets/{id}");
            let way_on = problem::WayOn { address: &address, words: "Back to the asset", rest: what_was_typed(&given) };
            return problem::respond_with(&path, &headers, status, &words, way_on);
        }
    };
    let of_text = decision.text().map(|(field, locale)| format!("#{}", anchor(field, locale)));
    let of_captions = || decision.captions().map(|locale| format!("#captions-{locale}"));
    let place = of_text.or_else(of_captions).unwrap_or_default();
    let by = console.access.by();
    match verdicts::give(&*console.facts, &*console.settle, &*console.clock, &id, by, decision).await {
        Err(error) => failure(&path, &headers, &error),
        Ok(verdict) if wants_json(&path, &headers) => (StatusCode::CREATED, Json(verdict)).into_response(),
        Ok(_) => Redirect::to(&format!("/assets/{id}{place}")).into_response(),
    }
}

/// Reads a verdict: JSON if it says so, else a form.
async fn read(request: Request) -> Result<Given, (StatusCode, String)> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if kind.to_ascii_lowercase().starts_with("application/json") {
        let read = Json::<Given>::from_request(request, &()).await;
        return read.map(|Json(given)| given).map_err(|refused| (refused.status(), refused.body_text()));
    }
    let read = Form::<Given>::from_request(request, &()).await;
    read.map(|Form(given)| given).map_err(|refused| (refused.status(), refused.body_text()))
}

fn captions_of<'a>(manifest: &'a Manifest, given: &Given) -> Result<&'a CaptionState, No> {
    let states = &manifest.readiness.captions;
    let found = states.iter().find(|state| given.locale.as_deref() == Some(&state.locale));
    found.ok_or_else(|| "there are no captions in this language".into())
}

/// Keeps the captions that a person typed or pasted.
async fn give_captions(console: &crate::Console, manifest: &Manifest, given: &Given) -> Result<Decision, No> {
    let source = given.version_of(manifest)?;
    let text = given.text.as_deref().ok_or("the form holds no captions")?;
    let mut parsed = text::captions::parse(text.trim_start().as_bytes(), None);
    parsed.track.language = given.locale.clone().or(parsed.track.language);
    match captions::given(console.facts.as_ref(), manifest, source, parsed).await {
        Ok(decision) => Ok(decision),
        Err(CaptionsError::Refused(words)) => Err(words.into()),
        Err(CaptionsError::Port(error)) => {
            tracing::error!(error = &error as &dyn std::error::Error, "failed to keep captions");
            Err("the store is busy: try again in a moment".into())
        }
    }
}

/// Checks a form against what the manifest knows.
fn decide(manifest: &Manifest, given: &Given) -> Result<Decision, No> {
    match given.decision.as_str() {
        "release_focus" => Ok(Decision::ReleaseFocus),
        "retry" => {
            let task =
                given.task.as_deref().and_then(|task| TaskId::parse(task).ok()).ok_or("the form names no task")?;
            let is_refused = manifest.readiness.gaps().any(|(step, _)| step.task == task);
            is_refused.then_some(Decision::Retry { task }).ok_or("this step is not refused any more".into())
        }
        "move_focus" => {
            let thousandths = |percent: Option<f32>| {
                percent.filter(|percent| (0.0..=100.0).contains(percent)).map(|percent| (percent * 10.0).round() as u16)
            };
            let (Some(x), Some(y)) = (thousandths(given.x), thousandths(given.y)) else {
                return Err("the focal point needs two numbers from 0 to 100".into());
            };
            Ok(Decision::MoveFocus { focus: FocalPoint { x, y }, source: given.version_of(manifest)? })
        }
        "approve_captions" => {
            let state = captions_of(manifest, given)?;
            let value =
                state.captioned.as_ref().and_then(Captioned::digest).ok_or("no machine has made captions yet")?;
            if given.value.as_deref() != Some(value.as_str()) {
                return Err(No::late("the captions have changed since you saw them: look at them again"));
            }
            Ok(Decision::ApproveCaptions { locale: state.locale.clone(), value: value.clone() })
        }
        "release_captions" => Ok(Decision::ReleaseCaptions { locale: captions_of(manifest, given)?.locale.clone() }),
        "approve_text" | "reject_text" | "edit_text" | "release_text" => texts::decide(manifest, given),
        _ => Err("the form names no decision".into()),
    }
}
