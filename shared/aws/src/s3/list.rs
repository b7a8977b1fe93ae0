//! Listing.

use super::{S3Store, etag_of};
use crate::error::{Verb, port_error};
use async_trait::async_trait;
use aws_sdk_s3::types::{EncodingType, Object};
use percent_encoding::percent_decode_str;
use ports::{BlobMeta, Kind, ListBlobs, Page, PortError};

const OPERATION: &str = "list blobs";

impl S3Store {
    fn meta_of(&self, object: &Object) -> Result<BlobMeta, PortError> {
        let encoded = object.key().unwrap_or_default();
        let fatal = |cause: &str| PortError::new(Kind::Fatal, OPERATION, encoded).because(cause.to_owned());
        // S3 writes a space as `+`, and a plus as `%2B`.
        let spaced = encoded.replace('+', " ");
        let full = percent_decode_str(&spaced).decode_utf8().map_err(|_| fatal("the key is not UTF-8"))?;
        let key = full.strip_prefix(&self.prefix).ok_or_else(|| fatal("the key lies outside the prefix"))?;
        let bytes = object.size().and_then(|size| u64::try_from(size).ok()).ok_or_else(|| fatal("it has no size"))?;
        Ok(BlobMeta {
            key: key.to_owned(),
            bytes,
            etag: etag_of(OPERATION, key, object.e_tag())?,
            modified_ms: super::read::millis_of(object.last_modified()),
        })
    }
}

#[async_trait]
impl ListBlobs for S3Store {
    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Page, PortError> {
        let full_prefix = self.full_prefix(OPERATION, prefix)?;
        let limit = limit.clamp(1, 1000);
        let mut after = after.map(|after| format!("{}{after}", self.prefix));
        let mut page = Page::default();
        loop {
            let max_keys = i32::try_from(limit - page.blobs.len()).unwrap_or(1000);
            let answer = self
                .client()
                .list_objects_v2()
                .bucket(&self.bucket)
                .prefix(&full_prefix)
                .set_start_after(after.take())
                .max_keys(max_keys)
                // XML has no way to say some characters that keys may have.
                .encoding_type(EncodingType::Url)
                .send()
                .await
                .map_err(|error| port_error(Verb::Other, OPERATION, prefix, error))?;
            for object in answer.contents() {
                page.blobs.push(self.meta_of(object)?);
            }
            let last = page.blobs.last().map(|blob| blob.key.clone());
            match (answer.is_truncated(), last) {
                // S3 may give less than was asked for.
                (Some(true), Some(last)) if page.blobs.len() < limit && !answer.contents().is_empty() => {
                    after = Some(format!("{}{last}", self.prefix));
                }
                (Some(true), last) => {
                    page.next = last;
                    return Ok(page);
                }
                _ => return Ok(page),
            }
        }
    }
}
