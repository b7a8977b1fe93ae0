//! What polls ask for: small, tagged, and answered with 304 while nothing changed.

use asset::canonical::sha256_hex;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// Answers with JSON under an ETag of its bytes, or with 304 if the caller has exactly that.
pub fn json<T: Serialize>(headers: &HeaderMap, value: &T) -> Response {
    let body = serde_json::to_vec(value).expect("our own types serialize to JSON");
    let etag = format!("\"{}\"", &sha256_hex(&body)[..32]);
    // `no-cache` lets the browser keep the answer and makes it ask each time.
    let response_headers = [
        (header::ETAG, etag.as_str()),
        (header::CACHE_CONTROL, "private, no-cache"),
        (header::CONTENT_TYPE, "application/json"),
    ];
    // A proxy that compresses may have weakened the tag on its way.
    let seen = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if seen.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag) {
        return (StatusCode::NOT_MODIFIED, response_headers).into_response();
    }
    (response_headers, body).into_response()
}
