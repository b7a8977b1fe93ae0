//! What stands before and behind every route: the checks that let a request in, and the headers that bind a response.

use crate::access::Proof;
use crate::page::problem;
use crate::{Console, Shared};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

/// Reachable without a token: nothing of the assets is behind these.
fn is_public(path: &str) -> bool {
    path == "/health" || path.starts_with("/static/")
}

/// Lets a request through or answers it: host, then proof, then (for writes) origin and CSRF value.
pub async fn admit(State(console): State<Shared>, mut request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    if path == "/health" {
        return next.run(request).await;
    }
    let access = &console.access;
    if !access.is_our_host(request.headers(), request.uri()) {
        return refuse(&request, StatusCode::MISDIRECTED_REQUEST, "this host name is not the console's");
    }
    if is_public(&path) {
        return next.run(request).await;
    }
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    if is_read
        && path == "/"
        && let Some(token) = query_value(request.uri().query(), "token")
    {
        if !access.is_token(&token) {
            return refuse(&request, StatusCode::UNAUTHORIZED, "this is not the token");
        }
        let cookie = HeaderValue::from_str(&access.session_cookie()).expect("the cookie is plain ASCII");
        return ([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response();
    }
    let Some(proof) = access.proof(request.headers()) else {
        return refuse(
            &request,
            StatusCode::UNAUTHORIZED,
            "open the console by the link that `greenroom` printed at its start",
        );
    };
    if !is_read && !access.is_our_origin(request.headers(), request.uri()) {
        return refuse(&request, StatusCode::FORBIDDEN, "this request comes from another site");
    }
    // Forms carry the value in a field, which only the handler can read: it asks `Csrf`.
    let csrf = match (proof, is_read) {
        (Proof::Bearer, _) | (_, true) => Csrf::NotNeeded,
        (Proof::Session, false) => match request.headers().get("x-csrf-token").map(|value| value.to_str()) {
            Some(Ok(value)) if access.is_csrf(value) => Csrf::NotNeeded,
            Some(_) => return refuse(&request, StatusCode::FORBIDDEN, "the page is out of date: load it again"),
            None => Csrf::InForm,
        },
    };
    request.extensions_mut().insert(csrf);
    next.run(request).await
}

/// Whether a handler still has to check the CSRF value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Csrf {
    NotNeeded,
    /// The handler must find the right value in the form, or refuse.
    InForm,
}

impl Csrf {
    /// Returns whether the write may be done, given the form's value.
    pub fn permits(self, console: &Console, value: Option<&str>) -> bool {
        self == Csrf::NotNeeded || value.is_some_and(|value| console.access.is_csrf(value))
    }
}

fn refuse(request: &Request, status: StatusCode, why: &str) -> Response {
    problem::respond(request.uri().path(), request.headers(), status, why)
}

/// Returns the decoded value of the first `name` in a query.
fn query_value(query: Option<&str>, name: &str) -> Option<String> {
    query?.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| {
        percent_encoding::percent_decode_str(&value.replace('+', " ")).decode_utf8_lossy().into_owned()
    })
}

/// Binds every response: what the page may load and run, who may frame it, what a browser may guess and tell.
pub async fn harden(State(console): State<Shared>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let csp = HeaderValue::from_str(&page_policy(console.upload_origin.as_deref())).expect("the origin was checked");
    // Media bring a narrower policy of their own.
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(csp);
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    let mut set = |name: &'static str, value: &'static str| {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    };
    set("x-content-type-options", "nosniff");
    set("x-frame-options", "DENY");
    set("referrer-policy", "no-referrer");
    set("cross-origin-opener-policy", "same-origin");
    set("cross-origin-resource-policy", "same-origin");
    set("permissions-policy", "camera=(), microphone=(), geolocation=(), browsing-topics=()");
    if console.access.is_secure() {
        set("strict-transport-security", "max-age=31536000");
    }
    response
}

fn page_policy(upload_origin: Option<&str>) -> String {
    let upload = upload_origin.map(|origin| format!(" {origin}")).unwrap_or_default();
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self'; connect-src 'self'{upload}; \
         frame-ancestors 'none'; base-uri 'none'; form-action 'self'; require-trusted-types-for 'script'; trusted-types 'none'"
    )
}

/// Returns whether `origin` may stand in the policy: a scheme, a host, a port, and nothing that could end the directive.
pub fn is_origin(origin: &str) -> bool {
    let rest = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte))
    })
}

/// Returns whether the caller asked for JSON rather than for a page.
pub fn wants_json(path: &str, headers: &HeaderMap) -> bool {
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    path.starts_with("/api/") || accepts.contains("application/json")
}
