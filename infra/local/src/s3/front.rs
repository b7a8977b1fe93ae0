//! What stands before every operation: browsers' preflights and headers, and what is refused unseen.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use s3s::service::S3Service;
use s3s::{Body, HttpError, S3Error, S3ErrorCode};
use std::sync::atomic::{AtomicU64, Ordering};

/// What a script may read of an answer besides its body.
const EXPOSED: &str = "ETag, Content-Range, Content-Length, x-amz-request-id, x-amz-checksum-crc32, x-amz-checksum-crc32c, \
                       x-amz-checksum-crc64nvme, x-amz-checksum-sha1, x-amz-checksum-sha256";
const METHODS: &str = "GET, HEAD, PUT, POST, DELETE";

pub(super) struct Front {
    pub service: S3Service,
    /// The one origin whose pages may use the endpoint, such as `http://127.0.0.1:8080`.
    pub origin: Option<HeaderValue>,
    pub max_object_bytes: u64,
    pub n_requests: AtomicU64,
}

impl Front {
    pub(super) async fn handle(&self, request: Request<Incoming>) -> Result<Response<Body>, HttpError> {
        let origin = self.origin.clone().filter(|origin| request.headers().get(header::ORIGIN) == Some(origin));
        let mut response = if request.method() == Method::OPTIONS {
            self.preflight(request.headers(), origin.is_some())?
        } else if let Some(refused) = self.refuse(&request) {
            respond(refused)?
        } else {
            self.service.call(request.map(Body::from)).await?
        };
        let headers = response.headers_mut();
        if self.origin.is_some() {
            headers.append(header::VARY, HeaderValue::from_static("Origin"));
        }
        if let Some(origin) = origin {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
        }
        let id = format!("{:016X}", self.n_requests.fetch_add(1, Ordering::Relaxed));
        if let Ok(id) = id.parse() {
            headers.insert(HeaderName::from_static("x-amz-request-id"), id);
        }
        Ok(response)
    }

    /// Answers a browser that asks whether its page may send a request.
    fn preflight(&self, asked: &HeaderMap, is_ours: bool) -> Result<Response<Body>, HttpError> {
        if !is_ours || !asked.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD) {
            let message = "CORSResponse: this CORS request is not allowed";
            let mut refused = S3Error::with_message(S3ErrorCode::Custom("AccessForbidden".into()), message);
            refused.set_status_code(StatusCode::FORBIDDEN);
            return respond(refused);
        }
        let mut response = Response::new(Body::empty());
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
        if let Some(names) = asked.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
        }
        Ok(response)
    }

    /// Refuses what need not be looked at.
    fn refuse(&self, request: &Request<Incoming>) -> Option<S3Error> {
        let headers = request.headers();
        // In links and forms it is taken: boto3 and the AWS CLI still make those for us-east-1.
        if headers.get(header::AUTHORIZATION).is_some_and(|value| value.as_bytes().starts_with(b"AWS ")) {
            return Some(old_signature());
        }
        // Chunk signatures and forms take some room besides the object.
        let limit = self.max_object_bytes.saturating_add(self.max_object_bytes / 64).saturating_add(1 << 20);
        let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        length.is_some_and(|length| length > limit).then(super::receive::too_large)
    }
}

/// Signature Version 2 signs few headers and not the body.
fn old_signature() -> S3Error {
    let message = "the authorization mechanism you have provided is not supported; use AWS4-HMAC-SHA256";
    S3Error::with_message(S3ErrorCode::InvalidRequest, message)
}

fn respond(error: S3Error) -> Result<Response<Body>, HttpError> {
    let mut response = error.to_http_response().map_err(|error| HttpError::new(Box::new(error)))?;
    // The body was not read: the connection cannot be used again.
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    Ok(response)
}
