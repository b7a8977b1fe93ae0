//! POST of JSON and of forms over HTTP/1.1, and every failure of it as one of the classes.

use super::payload::Payload;
use crate::{Class, ModelError, ModelResult};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// To reach a server.
const CONNECT: Duration = Duration::from_secs(5);

/// No answer that we ask for is larger: ten pictures of 1536×1024 have some 40 MB in base64.
const MAX_ANSWER: usize = 64 << 20;

const AFTER_THROTTLING: Duration = Duration::from_secs(2);
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// An account without credit or over its quota: somebody has to act first.
const AFTER_QUOTA: Duration = Duration::from_secs(300);
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// Connections to all OpenAI-compatible servers.
pub struct HttpClient {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

pub(super) struct Answered {
    pub body: Bytes,
    pub request_id: Option<String>,
}

impl HttpClient {
    /// Prepares connections. Where the system has no trusted certificates, only servers without TLS can be reached: a model on the same
    /// machine needs none.
    pub fn new() -> io::Result<Self> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_connect_timeout(Some(CONNECT));
        tcp.set_nodelay(true);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = match HttpsConnectorBuilder::new().with_provider_and_native_roots(provider.clone()) {
            Ok(tls) => tls,
            Err(error) => {
                tracing::warn!(%error, "no server with TLS will be trusted: install ca-certificates, or set SSL_CERT_FILE");
                let config = ClientConfig::builder_with_provider(provider)
                    .with_safe_default_protocol_versions()
                    .map_err(io::Error::other)?
                    .with_root_certificates(RootCertStore::empty())
                    .with_no_client_auth();
                HttpsConnectorBuilder::new().with_tls_config(config)
            }
        };
        let https = tls.https_or_http().enable_http1().wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(https);
        Ok(HttpClient { client })
    }

    pub(super) async fn post(
        &self,
        model: &str,
        url: &str,
        key: Option<&str>,
        idempotency_key: Option<&str>,
        payload: Payload,
    ) -> ModelResult<Answered> {
        let configuration =
            |message: &str| ModelError::of(Class::Permanent, model, "configuration", format!("{message} (`{url}`)"));
        let mut request = Request::post(url).header(CONTENT_TYPE, payload.content_type);
        if let Some(key) = key {
            let mut value = HeaderValue::try_from(format!("Bearer {key}"))
                .map_err(|_| configuration("the key is no header value"))?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        if let Some(key) = idempotency_key {
            request = request.header("idempotency-key", key);
        }
        let request = request
            .body(Full::from(payload.body))
            .map_err(|error| configuration("the request could not be built").because(error))?;
        let lost = |code: &str, message: &str| {
            ModelError::of(Class::Retry { after: AFTER_FAILURE }, model, code, format!("{message} (`{url}`)"))
                .attempts(3)
        };
        let unreached = |error| lost("connection", "the server was not reached").because(error);
        let response = self.client.request(request).await.map_err(unreached)?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, MAX_ANSWER).collect().await;
        let body = body.map_err(|error| lost("protocol", "the answer broke off").because(error))?.to_bytes();
        let request_id = head.headers.get("x-request-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
        if head.status.is_success() {
            return Ok(Answered { body, request_id });
        }
        Err(refusal(model, head.status, &head.headers, &body).requested(request_id))
    }
}

fn refusal(model: &str, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Box<ModelError> {
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    // OpenAI writes `{"error": {…}}`, others `{"error": "…"}` or `{"message": "…"}`.
    let error = &value["error"];
    let words = [&error["message"], error, &value["message"], &value["detail"]];
    let message = words.iter().find_map(|words| words.as_str()).map_or_else(
        || String::from_utf8_lossy(body).chars().take(500).collect(),
        |words| words.chars().take(500).collect::<String>(),
    );
    let code = [&error["code"], &error["type"]].iter().find_map(|code| code.as_str()).unwrap_or_default().to_owned();
    let asked = retry_after(headers);
    let (class, attempts) = match status.as_u16() {
        429 if code.contains("quota") => (Class::Throttled { after: asked.unwrap_or(AFTER_QUOTA) }, 1),
        429 => (Class::Throttled { after: asked.unwrap_or(AFTER_THROTTLING) }, 3),
        408 | 409 => (Class::Retry { after: asked.unwrap_or(AFTER_FAILURE) }, 3),
        424 => (Class::Retry { after: asked.unwrap_or(AFTER_FAILURE) }, 2),
        500.. => (Class::Retry { after: asked.unwrap_or(AFTER_FAILURE) }, 3),
        404 | 410 => (Class::Unavailable, 1),
        _ if ["content_filter", "content_policy_violation", "moderation_blocked"].contains(&code.as_str()) => {
            (Class::Blocked { reason: code.clone() }, 1)
        }
        _ => (Class::Permanent, 1),
    };
    let code = if code.is_empty() { format!("http_{}", status.as_u16()) } else { code };
    ModelError::of(class, model, code, message).attempts(attempts)
}

/// Returns how long the server asks to be left alone: seconds, or the milliseconds that OpenAI adds. Dates are not
/// read.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<f64>().ok();
    let seconds = number("retry-after-ms").map(|ms| ms / 1000.0).or_else(|| number(RETRY_AFTER.as_str()))?;
    Duration::try_from_secs_f64(seconds).ok().map(|wait| wait.min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> (Class, u32, String) {
        let headers =
            headers.iter().map(|(name, value)| ((*name).parse().expect("a name"), value.parse().expect("a value")));
        let status = StatusCode::from_u16(status).expect("a status");
        let error = refusal("m", status, &headers.collect(), body.as_bytes());
        (error.class.clone(), error.max_attempts, format!("{}: {}", error.code, error.message))
    }

    #[test]
    fn every_status_says_what_to_do_next() {
        let seconds = Duration::from_secs;
        let (found, attempts, text) = class(429, &[("retry-after", "7")], r#"{"error":{"message":"slow down"}}"#);
        assert_eq!(
            (found, attempts, text.as_str()),
            (Class::Throttled { after: seconds(7) }, 3, "http_429: slow down")
        );
        let millis = Duration::from_millis(1500);
        assert_eq!(
            class(429, &[("retry-after-ms", "1500"), ("retry-after", "9")], "").0,
            Class::Throttled { after: millis }
        );
        assert_eq!(class(429, &[("retry-after", "-3")], "").0, Class::Throttled { after: AFTER_THROTTLING });
        assert_eq!(class(429, &[("retry-after", "1e300")], "").0, Class::Throttled { after: AFTER_THROTTLING });
        let quota = r#"{"error":{"code":"insufficient_quota","message":"pay"}}"#;
        assert_eq!(class(429, &[], quota).0, Class::Throttled { after: AFTER_QUOTA });
        assert_eq!(class(424, &[], "").1, 2);
        assert_eq!(class(408, &[], "").1, 3);
        assert_eq!(class(503, &[("retry-after", "2")], "").0, Class::Retry { after: seconds(2) });
        assert_eq!(class(404, &[], r#"{"error":"model 'x' not found"}"#).0, Class::Unavailable);
        assert_eq!(class(401, &[], "").0, Class::Permanent);
        let filter = r#"{"error":{"code":"content_filter","message":"no"}}"#;
        assert_eq!(class(400, &[], filter).0, Class::Blocked { reason: "content_filter".into() });
        assert_eq!(class(400, &[], "<html>").2, "http_400: <html>");
    }
}
