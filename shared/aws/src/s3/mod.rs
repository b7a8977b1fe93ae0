//! Objects in a bucket of S3.
//!
//! Conditions are S3's own (`If-None-Match`, `If-Match`). If an answer is lost after S3 acted, the SDK's next attempt
//! meets the object that the first one wrote, so a create may say `Exists` and a swap `Conflict` although they were
//! what succeeded. Both are answers that every caller already handles by looking again.

mod list;
mod multipart;
mod read;
mod write;

use crate::Clients;
use crate::error::{Verb, port_error};
use async_trait::async_trait;
use aws_sdk_s3::presigning::PresigningConfig;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ports::blob::{is_safe_key, is_safe_prefix};
use ports::{CopyBlob, DeleteBlob, ETag, Kind, PortError, PresignBlob, PresignRead, PresignedPut};
use std::sync::Arc;
use std::time::Duration;

/// What of `bucket/key` stands for itself in the header that names the source of a copy.
const SOURCE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// S3 answers when a copy is complete, which takes a while for gigabytes.
const COPY_TIME: Duration = Duration::from_secs(240);

/// S3's own limit, which the prefix takes its part of.
const MAX_KEY_BYTES: usize = 1024;

const MAX_PRESIGNED_SECONDS: u32 = 900;

/// A bucket, or what lies below a prefix of it.
pub struct S3Store {
    clients: Arc<Clients>,
    bucket: String,
    prefix: String,
}

impl S3Store {
    /// Uses `bucket` below `prefix`, which is empty or ends in `/`. Nothing is sent yet.
    pub fn new(clients: Arc<Clients>, bucket: impl Into<String>, prefix: impl Into<String>) -> Self {
        S3Store { clients, bucket: bucket.into(), prefix: prefix.into() }
    }

    fn client(&self) -> &aws_sdk_s3::Client {
        self.clients.s3()
    }

    /// Checks a key of the port's and returns the key in the bucket.
    fn full_key(&self, operation: &'static str, key: &str) -> Result<String, PortError> {
        let full = format!("{}{key}", self.prefix);
        if is_safe_key(key) && full.len() <= MAX_KEY_BYTES {
            return Ok(full);
        }
        let subject = key.chars().take(200).collect::<String>();
        Err(PortError::new(Kind::Fatal, operation, subject).because("the key is unsafe, or too long with its prefix"))
    }

    fn full_prefix(&self, operation: &'static str, prefix: &str) -> Result<String, PortError> {
        if is_safe_prefix(prefix) {
            return Ok(format!("{}{prefix}", self.prefix));
        }
        let subject = prefix.chars().take(200).collect::<String>();
        Err(PortError::new(Kind::Fatal, operation, subject).because("unsafe prefix"))
    }
}

/// Takes an ETag from an answer, without its quotes: notifications carry it like this.
fn etag_of(operation: &'static str, key: &str, text: Option<&str>) -> Result<ETag, PortError> {
    let missing = || PortError::new(Kind::Fatal, operation, key).because("the answer has no etag");
    text.map(|text| ETag(text.trim_matches('"').to_owned())).ok_or_else(missing)
}

/// Puts the quotes back that the header wants.
fn quoted(etag: &ETag) -> String {
    format!("\"{}\"", etag.0.trim_matches('"'))
}

/// The copy is made by S3, of objects up to 5 GB; a larger one would need a multipart copy, which is not here.
#[async_trait]
impl CopyBlob for S3Store {
    async fn copy(&self, from: &str, to: &str) -> Result<(), PortError> {
        const OPERATION: &str = "copy blob";
        let source = format!("{}/{}", self.bucket, self.full_key(OPERATION, from)?);
        let key = self.full_key(OPERATION, to)?;
        let mut limits = self.clients.large_timeouts();
        (limits.read, limits.attempt, limits.operation) = (COPY_TIME, COPY_TIME, COPY_TIME);
        self.client()
            .copy_object()
            .bucket(&self.bucket)
            .key(key)
            .copy_source(utf8_percent_encode(&source, SOURCE).to_string())
            .if_none_match("*")
            .customize()
            .config_override(aws_sdk_s3::config::Builder::new().timeout_config(limits.to_sdk()))
            .send()
            .await
            .map_err(|error| port_error(Verb::Create, OPERATION, to, error))?;
        Ok(())
    }
}

#[async_trait]
impl DeleteBlob for S3Store {
    async fn delete(&self, key: &str) -> Result<(), PortError> {
        const OPERATION: &str = "delete blob";
        let full = self.full_key(OPERATION, key)?;
        let deleted = self.client().delete_object().bucket(&self.bucket).key(full).send().await;
        match deleted.map_err(|error| port_error(Verb::Other, OPERATION, key, error)) {
            Err(error) if error.kind != Kind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl PresignBlob for S3Store {
    async fn presign_put(&self, key: &str, seconds: u32) -> Result<PresignedPut, PortError> {
        const OPERATION: &str = "sign upload link";
        let full = self.full_key(OPERATION, key)?;
        let put = self.client().put_object().bucket(&self.bucket).key(full);
        let request = put.presigned(presigning(OPERATION, key, seconds)?).await;
        let request = request.map_err(|error| port_error(Verb::Other, OPERATION, key, error))?;
        let headers = request.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Ok(PresignedPut { url: request.uri().to_owned(), headers })
    }
}

#[async_trait]
impl PresignRead for S3Store {
    async fn presign_get(&self, key: &str, seconds: u32, disposition: &str) -> Result<String, PortError> {
        const OPERATION: &str = "sign download link";
        let full = self.full_key(OPERATION, key)?;
        let get = self.client().get_object().bucket(&self.bucket).key(full);
        let get = get.response_content_disposition(disposition).response_content_type("application/octet-stream");
        let request = get.presigned(presigning(OPERATION, key, seconds)?).await;
        Ok(request.map_err(|error| port_error(Verb::Other, OPERATION, key, error))?.uri().to_owned())
    }
}

fn presigning(operation: &'static str, key: &str, seconds: u32) -> Result<PresigningConfig, PortError> {
    let fatal =
        |cause: Box<dyn std::error::Error + Send + Sync>| PortError::new(Kind::Fatal, operation, key).because(cause);
    if seconds == 0 || seconds > MAX_PRESIGNED_SECONDS {
        return Err(fatal("not 1 to 900 seconds".into()));
    }
    PresigningConfig::expires_in(Duration::from_secs(seconds.into())).map_err(|error| fatal(error.into()))
}
