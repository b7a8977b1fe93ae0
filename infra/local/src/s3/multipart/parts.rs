//! `UploadPart` and `UploadPartCopy`.

use super::super::checksum::{decode_md5, set_sums, sums_of};
use super::super::conditions::ReadCondition;
use super::super::copy::as_failed;
use super::super::details::etag;
use super::super::errors::{internal, invalid};
use super::super::objects::{Objects, blocking};
use super::super::publish::{asked, source_of};
use super::super::read;
use super::super::receive::{Declared, Source, receive, too_large};
use super::store::{Part, Upload, now_ms};
use futures::{FutureExt, StreamExt};
use ports::Body;
use s3s::dto::{CopyPartResult, Range, UploadPartCopyInput, UploadPartCopyOutput, UploadPartInput, UploadPartOutput};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Result};
use std::sync::Arc;
use std::time::SystemTime;
use tokio::io::{AsyncWriteExt, BufWriter};

/// S3's limit of one part.
const MAX_PART_BYTES: u64 = 5 << 30;
const MAX_PARTS: i32 = 10_000;

impl Objects {
    pub(in super::super) async fn upload_part(
        self: &Arc<Self>,
        request: S3Request<UploadPartInput>,
    ) -> S3Result<UploadPartOutput> {
        let mut input = request.input;
        let upload = self.upload(&input.key, &input.upload_id).await?;
        let mut declared = Declared::of(&request.headers, sums_of!(input), asked(input.checksum_algorithm.as_ref()))?;
        declared.trailers = request.trailing_headers;
        declared.md5 = input.content_md5.as_deref().map(decode_md5).transpose()?;
        declared.bytes = input.content_length.and_then(|bytes| u64::try_from(bytes).ok());
        let part = self.store_part(&upload, input.part_number, source_of(input.body.take()), declared).await?;
        let mut output = UploadPartOutput { e_tag: Some(etag(&part.etag)), ..UploadPartOutput::default() };
        set_sums!(output, part.sums);
        Ok(output)
    }

    pub(in super::super) async fn copy_part(
        self: &Arc<Self>,
        input: UploadPartCopyInput,
    ) -> S3Result<UploadPartCopyOutput> {
        let upload = self.upload(&input.key, &input.upload_id).await?;
        let opened = self.copy_source(&input.copy_source).await?;
        ReadCondition {
            if_match: input.copy_source_if_match.as_ref(),
            if_none_match: input.copy_source_if_none_match.as_ref(),
            if_modified_since: input.copy_source_if_modified_since.as_ref(),
            if_unmodified_since: input.copy_source_if_unmodified_since.as_ref(),
        }
        .check(&opened)
        .map_err(as_failed)?;
        let range = input.copy_source_range.as_deref().map(|text| copy_range(text, opened.bytes)).transpose()?;
        let source = read::stream(opened, range).await?.boxed();
        let declared = Declared { max_bytes: u64::MAX, ..Declared::default() };
        let part = self.store_part(&upload, input.part_number, source, declared).await?;
        let last_modified = Some(SystemTime::now().into());
        let mut result = CopyPartResult { e_tag: Some(etag(&part.etag)), last_modified, ..CopyPartResult::default() };
        set_sums!(result, part.sums);
        Ok(UploadPartCopyOutput { copy_part_result: Some(result), ..UploadPartCopyOutput::default() })
    }

    async fn store_part(
        self: &Arc<Self>,
        upload: &Upload,
        number: i32,
        source: Source,
        mut declared: Declared,
    ) -> S3Result<Part> {
        if !(1..=MAX_PARTS).contains(&number) {
            let message = "part number must be an integer between 1 and 10000, inclusive";
            return Err(S3Error::with_message(S3ErrorCode::InvalidArgument, message));
        }
        declared.max_bytes = MAX_PART_BYTES.min(self.max_object_bytes);
        if declared.bytes.is_some_and(|bytes| bytes > declared.max_bytes) {
            return Err(too_large());
        }
        declared.wanted.extend(upload.algorithm);
        let (file, path) = self.uploads.new_part_file(upload, number).map_err(internal)?;
        let (body, receipt) = receive(source, declared, async { Ok(()) }.boxed());
        if let Err(error) = write(&path, body).await {
            // Best effort: what stays is removed with the upload.
            let _ = tokio::fs::remove_file(&path).await;
            return Err(receipt.error().unwrap_or_else(|| internal(error)));
        }
        let digests = receipt.digests();
        let part =
            Part { number, etag: digests.md5, bytes: digests.bytes, sums: digests.sums, modified_ms: now_ms(), file };
        let (objects, upload, saved) = (Arc::clone(self), upload.clone(), part.clone());
        blocking(move || objects.uploads.save_part(&upload, &saved)).await?;
        Ok(part)
    }
}

/// Writes a body to a file. Not synced: what a power failure takes is noticed by its MD5 when the parts are assembled.
async fn write(path: &std::path::Path, body: Body) -> std::io::Result<()> {
    let Body::Stream(mut stream) = body else { return Err(std::io::Error::other("a received body is a stream")) };
    let mut file = BufWriter::with_capacity(1 << 20, tokio::fs::File::create_new(path).await?);
    while let Some(chunk) = stream.next().await {
        file.write_all(&chunk.map_err(std::io::Error::other)?).await?;
    }
    file.flush().await?;
    file.into_inner().flush().await
}

/// Reads `x-amz-copy-source-range`, which must lie in the source, unlike a `Range`.
fn copy_range(text: &str, bytes: u64) -> S3Result<std::ops::Range<u64>> {
    match Range::parse(text) {
        Ok(Range::Int { first, last: Some(last) }) if first <= last && last < bytes => Ok(first..last + 1),
        Ok(Range::Int { .. }) => {
            Err(S3Error::with_message(S3ErrorCode::InvalidRange, "the copy range does not lie in the source"))
        }
        _ => Err(invalid("the x-amz-copy-source-range value must be of the form bytes=first-last")),
    }
}
