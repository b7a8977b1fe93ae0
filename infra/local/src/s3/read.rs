//! `GetObject`, `HeadObject` and the tags.

use super::checksum::{Sums, set_sums};
use super::conditions::ReadCondition;
use super::details::{etag, set_details, tag_set};
use super::objects::{Objects, Opened, check_bucket};
use super::publish::checksum_type;
use s3s::dto::{
    ChecksumMode, GetObjectInput, GetObjectOutput, GetObjectTaggingOutput, HeadObjectInput, HeadObjectOutput, Range,
    StreamingBlob,
};
use s3s::{S3Error, S3ErrorCode, S3Result};
use std::ops::Range as Bytes;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

/// Bytes per chunk of an answer: few system calls, little memory.
const CHUNK: usize = 256 * 1024;

/// What both operations take; their inputs have it under the same names.
macro_rules! condition_of {
    ($input:expr) => {
        ReadCondition {
            if_match: $input.if_match.as_ref(),
            if_none_match: $input.if_none_match.as_ref(),
            if_modified_since: $input.if_modified_since.as_ref(),
            if_unmodified_since: $input.if_unmodified_since.as_ref(),
        }
    };
}

impl Objects {
    pub(super) async fn get_object(self: &Arc<Self>, input: &GetObjectInput) -> S3Result<GetObjectOutput> {
        let opened = self.get(&input.key).await?;
        condition_of!(input).check(&opened)?;
        let part = part(input.part_number)?;
        let range = range_of(input.range.as_ref(), &opened)?;
        let (sums, body) = (sums(&opened, input.checksum_mode.as_ref(), range.is_some()), range.clone());
        let mut output = GetObjectOutput {
            accept_ranges: Some("bytes".into()),
            content_length: Some(length(&opened, range.as_ref())),
            content_range: range.map(|range| content_range(&range, opened.bytes)),
            e_tag: Some(etag(&opened.record.etag)),
            last_modified: Some(opened.modified.into()),
            parts_count: part,
            tag_count: count_tags(&opened),
            ..GetObjectOutput::default()
        };
        set_details!(output, opened.record);
        if let Some(sums) = sums {
            set_sums!(output, sums);
            output.checksum_type = Some(checksum_type(&opened.record));
        }
        output.body = Some(stream(opened, body).await?);
        Ok(output)
    }

    pub(super) async fn head_object(self: &Arc<Self>, input: &HeadObjectInput) -> S3Result<HeadObjectOutput> {
        let opened = self.get(&input.key).await?;
        condition_of!(input).check(&opened)?;
        let part = part(input.part_number)?;
        let range = range_of(input.range.as_ref(), &opened)?;
        let sums = sums(&opened, input.checksum_mode.as_ref(), range.is_some());
        let mut output = HeadObjectOutput {
            accept_ranges: Some("bytes".into()),
            content_length: Some(length(&opened, range.as_ref())),
            content_range: range.map(|range| content_range(&range, opened.bytes)),
            e_tag: Some(etag(&opened.record.etag)),
            last_modified: Some(opened.modified.into()),
            parts_count: part,
            ..HeadObjectOutput::default()
        };
        set_details!(output, opened.record);
        if let Some(sums) = sums {
            set_sums!(output, sums);
            output.checksum_type = Some(checksum_type(&opened.record));
        }
        Ok(output)
    }

    pub(super) async fn get_tags(self: &Arc<Self>, bucket: &str, key: &str) -> S3Result<GetObjectTaggingOutput> {
        check_bucket(bucket)?;
        let opened = self.get(key).await?;
        Ok(GetObjectTaggingOutput { tag_set: tag_set(&opened.record.details), version_id: None })
    }
}

/// Objects are kept whole, so each one has exactly one part.
fn part(number: Option<i32>) -> S3Result<Option<i32>> {
    match number {
        None => Ok(None),
        Some(1) => Ok(Some(1)),
        Some(_) => {
            let message = "objects here have one part, number 1";
            let mut error = S3Error::with_message(S3ErrorCode::Custom("InvalidPartNumber".into()), message);
            error.set_status_code(http::StatusCode::RANGE_NOT_SATISFIABLE);
            Err(error)
        }
    }
}

fn range_of(range: Option<&Range>, opened: &Opened) -> S3Result<Option<Bytes<u64>>> {
    let Some(range) = range else { return Ok(None) };
    match range.check(opened.bytes) {
        Ok(range) => Ok(Some(range)),
        Err(_) => {
            let mut error = S3Error::with_message(S3ErrorCode::InvalidRange, "the requested range is not satisfiable");
            error.set_status_code(http::StatusCode::RANGE_NOT_SATISFIABLE);
            if let Ok(value) = format!("bytes */{}", opened.bytes).parse() {
                let mut headers = http::HeaderMap::new();
                headers.insert(http::header::CONTENT_RANGE, value);
                error.set_headers(headers);
            }
            Err(error)
        }
    }
}

fn content_range(range: &Bytes<u64>, bytes: u64) -> String {
    format!("bytes {}-{}/{bytes}", range.start, range.end.saturating_sub(1))
}

fn length(opened: &Opened, range: Option<&Bytes<u64>>) -> i64 {
    range.map_or(opened.bytes, |range| range.end - range.start) as i64
}

/// A part of an object has none: a client would compare the checksum of everything with some bytes.
fn sums(opened: &Opened, mode: Option<&ChecksumMode>, is_range: bool) -> Option<Sums> {
    let is_asked = mode.is_some_and(|mode| mode.as_str() == ChecksumMode::ENABLED);
    (is_asked && !is_range && !opened.record.sums.is_empty()).then(|| opened.record.sums.clone())
}

fn count_tags(opened: &Opened) -> Option<i32> {
    let n_tags = opened.record.details.tags.len();
    (n_tags > 0).then(|| i32::try_from(n_tags).unwrap_or(i32::MAX))
}

/// Streams a file, or a range of it.
pub(super) async fn stream(opened: Opened, range: Option<Bytes<u64>>) -> S3Result<StreamingBlob> {
    let range = range.unwrap_or(0..opened.bytes);
    let mut file = tokio::fs::File::from_std(opened.file);
    file.set_max_buf_size(CHUNK);
    if range.start > 0 {
        file.seek(std::io::SeekFrom::Start(range.start)).await.map_err(super::errors::internal)?;
    }
    let reader = ReaderStream::with_capacity(file.take(range.end - range.start), CHUNK);
    Ok(StreamingBlob::wrap(reader))
}
