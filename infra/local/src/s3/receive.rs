//! A body on its way to disk: counted, hashed, compared with what was declared, and held at its end until it may be published.

use super::checksum::{self, Algorithm, Digests, Hashing, Sums};
use super::errors::invalid;
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::{BoxStream, StreamExt, try_unfold};
use ports::{Body, Kind, PortError};
use s3s::{S3Error, S3ErrorCode, S3Result, StdError, TrailingHeaders};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Who sends nothing for this long is gone.
const IDLE: Duration = Duration::from_secs(60);

/// The bytes as they come, with the server's or the file system's errors.
pub(super) type Source = BoxStream<'static, Result<Bytes, StdError>>;

/// What the client said about the bytes.
#[derive(Default)]
pub(super) struct Declared {
    /// Checksums in headers, of the whole object.
    pub sums: Sums,
    /// Checksums to compute: those that come as trailers, and those that were asked for.
    pub wanted: BTreeSet<Algorithm>,
    pub trailers: Option<TrailingHeaders>,
    /// Names of the trailers that must come.
    pub trailer_names: BTreeSet<Algorithm>,
    /// `Content-MD5`, in hex.
    pub md5: Option<String>,
    pub bytes: Option<u64>,
    pub max_bytes: u64,
}

impl Declared {
    /// Reads which checksums a request carries: `algorithm` is of `x-amz-sdk-checksum-algorithm`.
    pub(super) fn of(headers: &http::HeaderMap, sums: Sums, algorithm: Option<&str>) -> S3Result<Self> {
        let mut declared = Declared { sums, max_bytes: u64::MAX, ..Declared::default() };
        for (algorithm, sum) in &declared.sums {
            checksum::decode(*algorithm, sum)?;
        }
        for value in headers.get_all("x-amz-trailer") {
            let names = value.to_str().map_err(|_| invalid("the x-amz-trailer header is no text"))?;
            let is_named = |algorithm: &Algorithm| names.split(',').any(|name| name.trim() == algorithm.header());
            declared.trailer_names.extend(Algorithm::ALL.into_iter().filter(is_named));
        }
        declared.wanted.extend(declared.sums.keys().chain(&declared.trailer_names));
        if let Some(algorithm) = algorithm {
            declared.wanted.insert(Algorithm::parse(algorithm)?);
        }
        Ok(declared)
    }

    /// Compares with what came.
    fn check(&self, digests: &Digests) -> S3Result<()> {
        if self.bytes.is_some_and(|bytes| bytes != digests.bytes) {
            return Err(incomplete("the body has another length than its header says"));
        }
        if self.md5.as_ref().is_some_and(|md5| *md5 != digests.md5) {
            let message = "the Content-MD5 you specified did not match what we received";
            return Err(S3Error::with_message(S3ErrorCode::BadDigest, message));
        }
        for (algorithm, sum) in &self.sums {
            checksum::check(*algorithm, sum, digests.sums.get(algorithm))?;
        }
        for algorithm in &self.trailer_names {
            let header = algorithm.header();
            let read =
                |headers: &http::HeaderMap| headers.get(&header).and_then(|sum| sum.to_str().ok()).map(str::to_owned);
            let sum = self.trailers.as_ref().and_then(|trailers| trailers.read(read)).flatten();
            let sum = sum.ok_or_else(|| invalid(format!("the trailer {header} was announced and did not come")))?;
            checksum::check(*algorithm, &sum, digests.sums.get(algorithm))?;
        }
        Ok(())
    }
}

/// Runs when all bytes are there and right, before the body ends: locks and conditions.
pub(super) type Gate = BoxFuture<'static, S3Result<()>>;

/// What became of a body, told beside its stream.
#[derive(Clone, Default)]
pub(super) struct Receipt(Arc<Mutex<Outcome>>);

#[derive(Default)]
struct Outcome {
    digests: Option<Digests>,
    error: Option<S3Error>,
}

impl Receipt {
    pub(super) fn digests(&self) -> Digests {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).digests.clone().unwrap_or_default()
    }

    /// Returns the reason why the stream ended in an error, if it did.
    pub(super) fn error(&self) -> Option<S3Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).error.take()
    }

    fn set(&self, change: impl FnOnce(&mut Outcome)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

struct Receiving {
    source: Source,
    declared: Declared,
    hashing: Hashing,
    bytes: u64,
    gate: Gate,
}

/// Returns a body that ends well only if everything declared is true and `gate` opens.
pub(super) fn receive(source: Source, declared: Declared, gate: Gate) -> (Body, Receipt) {
    let receipt = Receipt::default();
    let hashing = Hashing::new(declared.wanted.iter().copied());
    let receiving = Receiving { source, declared, hashing, bytes: 0, gate };
    let told = receipt.clone();
    let stream = try_unfold(receiving, move |receiving| {
        let receipt = told.clone();
        async move {
            receiving.step(&receipt).await.map_err(|error| {
                receipt.set(|outcome| outcome.error = Some(error));
                // Only ends the stream; the reason is in the receipt.
                PortError::new(Kind::Fatal, "receive body", "upload")
            })
        }
    });
    (Body::Stream(stream.boxed()), receipt)
}

impl Receiving {
    async fn step(mut self, receipt: &Receipt) -> S3Result<Option<(Bytes, Self)>> {
        let next = tokio::time::timeout(IDLE, self.source.next()).await;
        let next =
            next.map_err(|_| S3Error::with_message(S3ErrorCode::RequestTimeout, "no bytes came for 60 seconds"))?;
        if let Some(chunk) = next.transpose().map_err(transport)? {
            self.bytes += chunk.len() as u64;
            if self.bytes > self.declared.max_bytes {
                return Err(too_large());
            }
            self.hashing.update(&chunk);
            return Ok(Some((chunk, self)));
        }
        let digests = self.hashing.finish(self.bytes);
        self.declared.check(&digests)?;
        receipt.set(|outcome| outcome.digests = Some(digests));
        self.gate.await?;
        Ok(None)
    }
}

pub(super) fn too_large() -> S3Error {
    let message = "your proposed upload exceeds the maximum allowed size";
    S3Error::with_message(S3ErrorCode::EntityTooLarge, message)
}

fn incomplete(message: &'static str) -> S3Error {
    S3Error::with_message(S3ErrorCode::IncompleteBody, message)
}

/// Says what was wrong with a body by the words of the protocol crate: its error types are private.
fn transport(error: StdError) -> S3Error {
    let error = match error.downcast::<S3Error>() {
        Ok(error) => return *error,
        Err(error) => error,
    };
    let text = error.to_string();
    if text.contains("Sha256Mismatch") {
        let message = "the provided x-amz-content-sha256 header does not match what was computed";
        let mut error = S3Error::with_message(S3ErrorCode::Custom("XAmzContentSHA256Mismatch".into()), message);
        error.set_status_code(http::StatusCode::BAD_REQUEST);
        return error;
    }
    if text.contains("SignatureMismatch") {
        return S3Error::with_message(S3ErrorCode::SignatureDoesNotMatch, "a chunk's signature does not match");
    }
    let mut refused = incomplete("the request body terminated unexpectedly");
    refused.set_source(error);
    refused
}
