//! Errors as OpenAI's protocol has them.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// An error that the client reads: `{"error": {"message", "type", "code", "param"}}`.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
}

pub type ApiResult<T> = Result<T, ApiError>;

impl ApiError {
    /// The request cannot be answered, now or ever.
    pub fn refused(code: &'static str, message: impl Into<String>) -> Self {
        ApiError { status: StatusCode::BAD_REQUEST, code, message: message.into() }
    }

    /// The body did not come whole, or is too large.
    pub fn unread(status: StatusCode, message: String) -> Self {
        ApiError { status, code: "body", message }
    }

    /// There is no such model here.
    pub fn no_model(message: String) -> Self {
        ApiError { status: StatusCode::NOT_FOUND, code: "model_not_found", message }
    }

    /// The server is at its limits, or slow: later.
    pub fn busy(message: impl Into<String>) -> Self {
        ApiError { status: StatusCode::SERVICE_UNAVAILABLE, code: "busy", message: message.into() }
    }

    /// It is our fault, or the machine's. The chain is in the log, too.
    pub fn failed(error: &anyhow::Error) -> Self {
        tracing::error!("{error:#}");
        ApiError { status: StatusCode::INTERNAL_SERVER_ERROR, code: "failed", message: format!("{error:#}") }
    }
}

impl From<anyhow::Error> for ApiError {
    fn from(error: anyhow::Error) -> Self {
        ApiError::failed(&error)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let kind = if self.status.is_client_error() { "invalid_request_error" } else { "server_error" };
        let body = json!({"error": {"message": self.message, "type": kind, "code": self.code, "param": null}});
        let mut response = (self.status, Json(body)).into_response();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
        }
        response
    }
}
