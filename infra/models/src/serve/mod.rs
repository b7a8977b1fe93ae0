//! The server: OpenAI's chat completions, embeddings and transcriptions, over models that run in this process.

mod chat;
mod embedder;
mod embeddings;
mod engines;
mod error;
mod moderator;
mod network;
mod picture;
mod reader;
mod speech;
mod tagger;
mod transcriptions;

use crate::folder::Folder;
use anyhow::Result;
use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use engines::{Engines, FEATURES, TAGGER};
use error::{ApiError, ApiResult};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::Semaphore;

pub use embedder::{Tokens, WordPiece};
pub use speech::Vocabulary;

/// A picture in base64 and the words around it.
const MAX_BODY: usize = picture::MAX_BYTES / 3 * 4 + (4 << 20);

/// What a server may do at a time.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Requests whose bodies are in memory. Others wait, unread.
    pub requests: usize,
    /// Models that compute. Each uses all processors, so more of them only take more memory.
    pub computations: usize,
    /// From the first byte to the answer.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { requests: 8, computations: 2, time: Duration::from_secs(60) }
    }
}

struct Server {
    engines: Engines,
    limits: Limits,
    requests: Semaphore,
    computations: Arc<Semaphore>,
    /// Recordings that are on their way, and the one that is written down: each takes all processors for a while.
    uploads: Semaphore,
    speeches: Arc<Semaphore>,
}

type Shared = State<Arc<Server>>;

/// Returns the routes over a models folder.
pub fn router(folder: Folder, limits: Limits) -> Result<Router> {
    let server = Arc::new(Server {
        engines: Engines::new(folder)?,
        limits,
        requests: Semaphore::new(limits.requests),
        computations: Arc::new(Semaphore::new(limits.computations)),
        uploads: Semaphore::new(1),
        speeches: Arc::new(Semaphore::new(1)),
    });
    let bounded = Router::new()
        .route("/v1/chat/completions", post(chat))
        .route("/v1/embeddings", post(embed))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn_with_state(server.clone(), admit));
    let open = Router::new().route("/v1/models", get(models)).route("/health", get(health));
    // Half an hour of speech is not written down in the time that others have. It has limits of its own.
    let speech = Router::new()
        .route("/v1/audio/transcriptions", post(transcriptions::transcribe))
        .layer(DefaultBodyLimit::disable());
    Ok(bounded.merge(speech).merge(open).fallback(nothing_here).with_state(server))
}

/// Lets in as many as there is memory for, for as long as a request may take.
async fn admit(State(server): Shared, request: Request, next: Next) -> Result<Response, ApiError> {
    let limit = server.limits.time;
    let admitted = async {
        let _place = server.requests.acquire().await.map_err(|_| ApiError::busy("the server stops"))?;
        Ok(next.run(request).await)
    };
    let answered = tokio::time::timeout(limit, admitted).await;
    answered.unwrap_or_else(|_| Err(ApiError::busy(format!("there was no answer within {} s", limit.as_secs()))))
}

async fn chat(State(server): Shared, body: Result<Bytes, BytesRejection>) -> ApiResult<Json<Value>> {
    let request: chat::ChatRequest = parse(body)?;
    server.compute(move |engines| chat::answer(engines, &request)).await
}

async fn embed(State(server): Shared, body: Result<Bytes, BytesRejection>) -> ApiResult<Json<Value>> {
    let request: embeddings::EmbeddingsRequest = parse(body)?;
    server.compute(move |engines| embeddings::answer(engines, &request)).await
}

fn parse<T: DeserializeOwned>(body: Result<Bytes, BytesRejection>) -> ApiResult<T> {
    let body = body.map_err(|rejection| ApiError::unread(rejection.status(), rejection.body_text()))?;
    serde_json::from_slice(&body)
        .map_err(|error| ApiError::refused("malformed", format!("the body is not understood: {error}")))
}

impl Server {
    /// Computes on a thread of its own. A computation whose client is gone still counts until it ends: it cannot be interrupted.
    async fn compute(
        self: Arc<Self>,
        work: impl FnOnce(&Engines) -> ApiResult<Value> + Send + 'static,
    ) -> ApiResult<Json<Value>> {
        let place = self.computations.clone().acquire_owned().await;
        let place = place.map_err(|_| ApiError::busy("the server stops"))?;
        let server = self.clone();
        let computed = tokio::task::spawn_blocking(move || {
            let answer = work(&server.engines);
            drop(place);
            answer
        });
        // A panic is a bug of ours or of the runtime's, and one request's.
        let answer =
            computed.await.map_err(|_| ApiError::failed(&anyhow::anyhow!("the computation ended with a panic")))?;
        answer.map(Json)
    }
}

async fn models(State(server): Shared) -> Json<Value> {
    let mut data = Vec::new();
    for model in server.engines.installed() {
        let item = |id: &str, does: &str| {
            json!({
                "id": id, "object": "model", "created": 0, "owned_by": model.package, "description": does,
                "system_fingerprint": model.fingerprint(), "licence": model.licence,
            })
        };
        data.push(item(&model.name, &model.does));
        if model.name == TAGGER {
            data.push(item(FEATURES, "embeddings of pictures"));
        }
    }
    Json(json!({"object": "list", "data": data}))
}

async fn health(State(server): Shared) -> Json<Value> {
    let names: Vec<&str> = server.engines.installed().iter().map(|model| model.name.as_str()).collect();
    Json(json!({"status": "ok", "version": env!("CARGO_PKG_VERSION"), "models": names}))
}

async fn nothing_here() -> ApiError {
    let routes = "GET /health, GET /v1/models, POST /v1/chat/completions, POST /v1/embeddings, \
                  POST /v1/audio/transcriptions";
    ApiError::refused("no_route", format!("there is nothing here: there are {routes}"))
}

/// Returns an id that no other answer of this process has.
fn new_id(prefix: &str) -> String {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let n = COUNTER.fetch_add(1, Ordering::Relaxed);
    format!("{prefix}-{:x}-{:x}-{n:x}", std::process::id(), now_s())
}

/// Seconds since 1970.
fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
