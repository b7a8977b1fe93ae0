//! Refusals, as a page for people and as `application/problem+json` (RFC 9457) for programs.

use super::{Frame, frame, glyph};
use crate::guard::wants_json;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use maud::{Markup, html};
use serde_json::json;

/// Where a person goes on from a refusal.
pub struct WayOn<'a> {
    pub address: &'a str,
    pub words: &'a str,
    /// What stands below, for example what they typed.
    pub rest: Markup,
}

/// Answers with a status and one sentence.
pub fn respond(path: &str, headers: &HeaderMap, status: StatusCode, words: &str) -> Response {
    respond_with(path, headers, status, words, WayOn { address: "/", words: "All assets", rest: html! {} })
}

/// Answers with a status, one sentence and a way on.
pub fn respond_with(path: &str, headers: &HeaderMap, status: StatusCode, words: &str, way_on: WayOn<'_>) -> Response {
    let title = status.canonical_reason().unwrap_or("problem");
    if wants_json(path, headers) {
        let body = json!({"type": "about:blank", "title": title, "status": status.as_u16(), "detail": words});
        return (status, [(header::CONTENT_TYPE, "application/problem+json")], body.to_string()).into_response();
    }
    let content = html! {
        section.empty {
            (glyph("failed"))
            h1 { (title) }
            p { (words) "." }
            @if status == StatusCode::UNAUTHORIZED {
                form.inline method="get" action="/" {
                    label for="token" { "Token" }
                    input #token name="token" type="password" autocomplete="off" required;
                    button.primary { "Open the console" }
                }
            } @else {
                (way_on.rest)
                p { a.button href=(way_on.address) { (way_on.words) } }
            }
        }
    };
    let page = frame(None, Frame { title, poll: None, tools: html! {} }, content);
    (status, Html(page.into_string())).into_response()
}

pub async fn not_found(uri: Uri, headers: HeaderMap) -> Response {
    respond(uri.path(), &headers, StatusCode::NOT_FOUND, "there is nothing at this address")
}
