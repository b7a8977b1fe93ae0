//! `ListParts` and `ListMultipartUploads`.

use super::super::checksum::set_sums;
use super::super::details::etag;
use super::super::errors::invalid;
use super::super::objects::{Objects, blocking};
use super::begin::{algorithm_of, type_of};
use super::store::Upload;
use s3s::S3Result;
use s3s::dto::{
    ListMultipartUploadsInput, ListMultipartUploadsOutput, ListPartsInput, ListPartsOutput, MultipartUpload, Part,
    Timestamp,
};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

impl Objects {
    pub(in super::super) async fn list_parts(self: &Arc<Self>, input: ListPartsInput) -> S3Result<ListPartsOutput> {
        let upload = self.upload(&input.key, &input.upload_id).await?;
        let (objects, of) = (Arc::clone(self), upload.clone());
        let mut parts = blocking(move || objects.uploads.parts(&of)).await?;
        let after = input.part_number_marker.unwrap_or(0);
        parts.retain(|part| part.number > after);
        let max_parts = at_most(input.max_parts)?;
        let is_truncated = parts.len() > max_parts;
        parts.truncate(max_parts);
        let last = parts.last().map(|part| part.number);
        let describe = |part: super::store::Part| {
            let mut described = Part {
                part_number: Some(part.number),
                e_tag: Some(etag(&part.etag)),
                size: i64::try_from(part.bytes).ok(),
                last_modified: Some(at(part.modified_ms)),
                ..Part::default()
            };
            set_sums!(described, part.sums);
            described
        };
        Ok(ListPartsOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(input.upload_id),
            part_number_marker: Some(after),
            next_part_number_marker: last.filter(|_| is_truncated),
            max_parts: i32::try_from(max_parts).ok(),
            is_truncated: Some(is_truncated),
            parts: Some(parts.into_iter().map(describe).collect()),
            checksum_algorithm: algorithm_of(&upload),
            checksum_type: type_of(&upload),
            ..ListPartsOutput::default()
        })
    }

    pub(in super::super) async fn list_uploads(
        self: &Arc<Self>,
        input: ListMultipartUploadsInput,
    ) -> S3Result<ListMultipartUploadsOutput> {
        let objects = Arc::clone(self);
        let mut uploads = blocking(move || objects.uploads.all()).await?;
        let prefix = input.prefix.clone().unwrap_or_default();
        let key_marker = input.key_marker.clone().unwrap_or_default();
        let id_marker = input.upload_id_marker.clone();
        // With an id: after that upload of the key; without: after the key.
        let marker_at = id_marker.as_ref().and_then(|id| uploads.iter().position(|upload| upload.id == *id));
        let is_after = |index: usize, upload: &Upload| match marker_at {
            Some(marker) => index > marker,
            None => upload.key.as_str() > key_marker.as_str(),
        };
        let mut index = 0;
        uploads.retain(|upload| {
            index += 1;
            upload.key.starts_with(&prefix) && (key_marker.is_empty() || is_after(index - 1, upload))
        });
        let max_uploads = at_most(input.max_uploads)?;
        let is_truncated = uploads.len() > max_uploads;
        uploads.truncate(max_uploads);
        let last = uploads.last().filter(|_| is_truncated).map(|upload| (upload.key.clone(), upload.id.clone()));
        let describe = |upload: Upload| MultipartUpload {
            checksum_algorithm: algorithm_of(&upload),
            checksum_type: type_of(&upload),
            initiated: Some(at(upload.initiated_ms)),
            key: Some(upload.key),
            upload_id: Some(upload.id),
            ..MultipartUpload::default()
        };
        Ok(ListMultipartUploadsOutput {
            bucket: Some(input.bucket),
            prefix: input.prefix,
            key_marker: Some(key_marker),
            upload_id_marker: id_marker,
            next_key_marker: last.as_ref().map(|(key, _)| key.clone()),
            next_upload_id_marker: last.map(|(_, id)| id),
            max_uploads: i32::try_from(max_uploads).ok(),
            is_truncated: Some(is_truncated),
            uploads: Some(uploads.into_iter().map(describe).collect()),
            ..ListMultipartUploadsOutput::default()
        })
    }
}

fn at_most(said: Option<i32>) -> S3Result<usize> {
    let said = usize::try_from(said.unwrap_or(1000)).map_err(|_| invalid("the maximum is negative"))?;
    Ok(said.min(1000))
}

fn at(ms: u64) -> Timestamp {
    (UNIX_EPOCH + Duration::from_millis(ms)).into()
}
