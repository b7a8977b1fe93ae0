//! Answers as HTTP responses, and the service's errors.

use super::HEADER;
use super::script::Reply;
use bytes::Bytes;
use futures::{StreamExt, stream};
use http::Response;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use serde_json::{Value, json};
use std::io;
use std::time::Duration;

/// What the server takes to write what it has: an error that comes sooner is all that the client would see.
const FLUSH: Duration = Duration::from_millis(50);

pub(super) type Body = UnsyncBoxBody<Bytes, io::Error>;

/// The errors of the operations, with their status.
pub(super) const ERRORS: [(&str, u16); 11] = [
    ("AccessDeniedException", 403),
    ("ConflictException", 400),
    ("InternalServerException", 500),
    ("ModelErrorException", 424),
    ("ModelNotReadyException", 429),
    ("ModelTimeoutException", 408),
    ("ResourceNotFoundException", 404),
    ("ServiceQuotaExceededException", 400),
    ("ServiceUnavailableException", 503),
    ("ThrottlingException", 429),
    ("ValidationException", 400),
];

pub(super) fn status_of(name: &str) -> Option<u16> {
    ERRORS.iter().find(|(known, _)| *known == name).map(|(_, status)| *status)
}

pub(super) struct Fault {
    pub name: String,
    pub message: String,
    pub retry_after: Option<u64>,
}

impl Fault {
    pub fn new(name: &str, message: impl Into<String>) -> Self {
        Fault { name: name.to_owned(), message: message.into(), retry_after: None }
    }

    /// Returns the error that a script asks for.
    pub fn scripted(reply: &Reply) -> Option<Self> {
        let name = reply.error.clone()?;
        let message = reply.message.clone().unwrap_or_else(|| format!("{} scripted {name}", super::MARK));
        Some(Fault { name, message, retry_after: reply.retry_after })
    }
}

pub(super) fn whole(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// A body that breaks off in the middle: its first half is on its way before the connection ends.
fn broken(bytes: &[u8]) -> Body {
    let half = Bytes::copy_from_slice(&bytes[..bytes.len() / 2]);
    let end = stream::once(async {
        tokio::time::sleep(FLUSH).await;
        Err(io::Error::from(io::ErrorKind::ConnectionAborted))
    });
    BodyExt::boxed_unsync(StreamBody::new(stream::iter([Ok(Frame::data(half))]).chain(end)))
}

pub(super) fn ok(content_type: &str, bytes: Vec<u8>, is_cut: bool) -> Response<Body> {
    let length = bytes.len();
    let body = if is_cut { broken(&bytes) } else { whole(bytes) };
    let mut response = base(200, content_type, body);
    if is_cut {
        response.headers_mut().insert(http::header::CONTENT_LENGTH, length.into());
    }
    response
}

pub(super) fn fault(fault: &Fault) -> Response<Body> {
    let mut body = json!({"message": fault.message});
    if fault.name == "ModelErrorException" {
        body["originalStatusCode"] = 500.into();
        body["resourceName"] = Value::from("test-double");
    }
    let status = status_of(&fault.name).unwrap_or(400);
    let mut response = base(status, "application/json", whole(body.to_string()));
    let kind = format!("{}:http://internal.amazon.com/coral/com.amazon.bedrock/", fault.name);
    if let Ok(kind) = kind.parse() {
        response.headers_mut().insert("x-amzn-errortype", kind);
    }
    if let Some(seconds) = fault.retry_after {
        response.headers_mut().insert(http::header::RETRY_AFTER, seconds.into());
    }
    response
}

fn base(status: u16, content_type: &str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(HEADER, http::HeaderValue::from_static("true"));
    if let Ok(content_type) = content_type.parse() {
        headers.insert(http::header::CONTENT_TYPE, content_type);
    }
    response
}
