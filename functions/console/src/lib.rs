//! The review console and its API: what is ready, what is not, why, and a person's word on it.
//!
//! Pages are made on the server and work without script; the script adds live updates, uploads and the movable focal point. No state
//! is kept between requests, so the same router serves the one-machine host and a Lambda function.

mod access;
mod api;
pub mod captions;
mod guard;
mod live;
mod media;
mod page;
mod placeholder;
mod recording;
mod statics;
mod texts;
mod tile;
mod upload;
pub mod verdicts;

pub use access::Access;

use asset::ids::AssetId;
use asset::keys;
use asset::manifest::Manifest;
use asset::profile::Profile;
use async_trait::async_trait;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware;
use axum::response::Response;
use axum::routing::{get, post};
use ports::{
    Catalog, Clock, CreateBlob, DeadLetter, Depth, Kind, MapQuery, PortError, PresignBlob, PresignRead, ReadBlob,
    SendMessages,
};
use std::error::Error;
use std::sync::Arc;

/// What the console needs of the world.
pub struct Console {
    pub store: Arc<dyn ReadBlob>,
    /// Where verdicts are created: the same store, with another permission.
    pub facts: Arc<dyn CreateBlob>,
    pub catalog: Arc<dyn Catalog>,
    /// Maps what people search for to points; absent where no model is configured, and then nothing is asked.
    pub meaning: Option<Arc<dyn MapQuery>>,
    /// The queue of `settle`.
    pub settle: Arc<dyn SendMessages>,
    /// The inbox.
    pub uploads: Arc<dyn PresignBlob>,
    /// Where presigned uploads go, if not to the console's own origin: `https://bucket.s3.eu-central-1.amazonaws.com`.
    pub upload_origin: Option<String>,
    /// Where originals are downloaded from, if not through the console: behind an HTTP API no answer is larger than 6 MB.
    pub downloads: Option<Arc<dyn PresignRead>>,
    pub health: Arc<dyn Health>,
    pub profile: Arc<Profile>,
    pub clock: Arc<dyn Clock>,
    pub access: Access,
}

/// How one queue is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueHealth {
    pub name: String,
    pub depth: Depth,
    /// The oldest few of its dead letters.
    pub dead: Vec<DeadLetter>,
}

/// Tells how the queues are doing; the host knows.
#[async_trait]
pub trait Health: Send + Sync {
    async fn queues(&self) -> Result<Vec<QueueHealth>, PortError>;
}

/// The longest body of a request in bytes, and of a verdict: 10,000 characters take up to twelve bytes each in a form.
const MAX_BODY: usize = 64 * 1024;
const MAX_VERDICT: usize = 256 * 1024;

type Shared = Arc<Console>;

/// Returns the console's routes, guarded: everything but `/health` and `/static/` needs the token.
///
/// # Panics
/// If `upload_origin` is no origin: it becomes a part of the content security policy.
pub fn router(console: Console) -> Router {
    if let Some(origin) = &console.upload_origin {
        assert!(guard::is_origin(origin), "`{origin}` is not an origin such as `https://example.com:8080`");
    }
    let console = Arc::new(console);
    let verdict = || post(api::verdict).layer(DefaultBodyLimit::max(MAX_VERDICT));
    Router::new()
        .route("/", get(page::gallery::show))
        .route("/assets/{id}", get(page::asset::show))
        .route("/assets/{id}/verdicts", verdict())
        .route("/api/assets", get(api::assets))
        .route("/api/assets/{id}", get(api::asset))
        .route("/api/assets/{id}/verdicts", verdict())
        .route("/api/status", get(api::status))
        .route("/api/uploads", post(upload::begin))
        .route("/media/{*key}", get(media::rendition))
        .route("/recordings/{id}/{sha256}", get(recording::play))
        .route("/originals/{id}/{sha256}", get(media::original))
        .route("/static/{name}", get(statics::serve))
        .route("/health", get(|| async { "ok" }))
        .fallback(page::problem::not_found)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        // The outermost layer runs first on the way in and last on the way out: refusals are hardened too.
        .layer(middleware::from_fn_with_state(console.clone(), guard::admit))
        .layer(middleware::from_fn_with_state(console.clone(), guard::harden))
        .with_state(console)
}

async fn read_manifest(console: &Console, asset: &AssetId) -> Result<Manifest, PortError> {
    let key = keys::manifest(asset);
    let blob = console.store.read(&key).await?;
    serde_json::from_slice(&blob.bytes)
        .map_err(|error| PortError::new(Kind::Fatal, "parse manifest", key).because(error))
}

/// Answers a failed port call. The cause goes to the log; the caller learns what to do.
fn failure(path: &str, headers: &HeaderMap, error: &PortError) -> Response {
    let (status, words) = match error.kind {
        Kind::NotFound => (StatusCode::NOT_FOUND, "there is nothing here"),
        Kind::Exists | Kind::Conflict => (StatusCode::CONFLICT, "somebody else was faster: load the page again"),
        Kind::Retry(_) => (StatusCode::SERVICE_UNAVAILABLE, "the store is busy: try again in a moment"),
        Kind::Fatal => (StatusCode::INTERNAL_SERVER_ERROR, "this went wrong here, not with you; the log says more"),
    };
    if status.is_server_error() {
        tracing::error!(error = error as &dyn Error, cause = error.source(), path, "failed to answer");
    }
    page::problem::respond(path, headers, status, words)
}
