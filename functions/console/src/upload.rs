//! Uploads: the console says where to, the browser brings the bytes there by itself.

use crate::guard::Csrf;
use crate::page::problem;
use crate::{Shared, failure};
use asset::ids::AssetId;
use asset::readiness::State::Deleted;
use asset::why::words::size;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use ports::blob::is_safe_key;
use serde::Deserialize;
use serde_json::json;

/// How long a presigned upload may be begun.
const SECONDS: u32 = 900;

#[derive(Deserialize)]
struct Wanted {
    name: String,
    size: u64,
}

/// Presigns the upload of one file into the inbox: `{name, size}` in, `{put: {url, headers}, key, id, asset, replaces}` out.
pub async fn begin(
    State(console): State<Shared>,
    Extension(csrf): Extension<Csrf>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = "/api/uploads";
    let refuse = |status, words: &str| problem::respond(path, &headers, status, words);
    // JSON has no form field: the value must come in its header.
    if !csrf.permits(&console, None) {
        return refuse(StatusCode::FORBIDDEN, "the page is out of date: load it again");
    }
    let Ok(wanted) = serde_json::from_slice::<Wanted>(&body) else {
        return refuse(StatusCode::BAD_REQUEST, "send {\"name\": \"…\", \"size\": …}");
    };
    let key = wanted.name.trim_start_matches('/');
    if !is_safe_key(key) || key.ends_with('/') {
        return refuse(
            StatusCode::UNPROCESSABLE_ENTITY,
            "this name cannot be a key: it is empty, too long, or leads elsewhere",
        );
    }
    if wanted.size == 0 {
        return refuse(StatusCode::UNPROCESSABLE_ENTITY, "the file is empty");
    }
    let limit = console.profile.limits.max_bytes;
    if wanted.size > limit {
        let words =
            format!("the file has {}, the profile allows {} (limits.max_bytes)", size(wanted.size), size(limit));
        return refuse(StatusCode::UNPROCESSABLE_ENTITY, &words);
    }
    match console.uploads.presign_put(key, SECONDS).await {
        Err(error) => failure(path, &headers, &error),
        Ok(put) => {
            let id = AssetId::of_key(key);
            // Only a hint for the person who uploads: an answer that fails changes nothing.
            let replaces = console.catalog.get(&id).await.ok().flatten().is_some_and(|entry| entry.state != Deleted);
            let asset = format!("/assets/{id}");
            Json(json!({"put": put, "key": key, "id": id, "asset": asset, "replaces": replaces})).into_response()
        }
    }
}
