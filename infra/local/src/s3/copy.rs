//! `CopyObject`.

use super::checksum::set_sums;
use super::conditions::{ReadCondition, WriteCondition};
use super::details::{details_of, etag, parse_tags};
use super::errors::invalid;
use super::objects::{Objects, Opened, check_bucket};
use super::publish::{Publication, asked, checksum_type};
use super::receive::Declared;
use futures::StreamExt;
use s3s::S3Result;
use s3s::dto::{CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopySource, MetadataDirective, TaggingDirective};
use std::sync::Arc;
use std::time::SystemTime;

impl Objects {
    pub(super) async fn copy(self: &Arc<Self>, input: CopyObjectInput) -> S3Result<CopyObjectOutput> {
        let source = self.copy_source(&input.copy_source).await?;
        ReadCondition {
            if_match: input.copy_source_if_match.as_ref(),
            if_none_match: input.copy_source_if_none_match.as_ref(),
            if_modified_since: input.copy_source_if_modified_since.as_ref(),
            if_unmodified_since: input.copy_source_if_unmodified_since.as_ref(),
        }
        .check(&source)
        .map_err(as_failed)?;
        let replaces = |directive: Option<&str>| directive == Some(MetadataDirective::REPLACE);
        let replaces_details = replaces(input.metadata_directive.as_ref().map(MetadataDirective::as_str));
        let replaces_tags = replaces(input.tagging_directive.as_ref().map(TaggingDirective::as_str));
        if source.record.key == input.key && !replaces_details && !replaces_tags {
            return Err(invalid(
                "this copy request is illegal: it copies an object to itself without changing anything",
            ));
        }
        let mut details = source.record.details.clone();
        if replaces_details {
            details = details_of!(input);
            details.tags.clone_from(&source.record.details.tags);
        }
        if replaces_tags {
            details.tags = parse_tags(input.tagging.as_deref());
        }
        let mut declared =
            Declared::of(&http::HeaderMap::new(), Default::default(), asked(input.checksum_algorithm.as_ref()))?;
        if declared.wanted.is_empty() && !source.record.is_composite {
            declared.wanted.extend(source.record.sums.keys());
        }
        let publication = Publication {
            key: input.key,
            source: super::read::stream(source, None).await?.boxed(),
            declared,
            condition: WriteCondition::default(),
            details,
            assembled: None,
        };
        let record = self.publish(publication).await?;
        let mut result = CopyObjectResult {
            e_tag: Some(etag(&record.etag)),
            last_modified: Some(SystemTime::now().into()),
            checksum_type: Some(checksum_type(&record)),
            ..CopyObjectResult::default()
        };
        set_sums!(result, record.sums);
        Ok(CopyObjectOutput { copy_object_result: Some(result), ..CopyObjectOutput::default() })
    }

    /// Opens what a copy reads.
    pub(super) async fn copy_source(self: &Arc<Self>, source: &CopySource) -> S3Result<Opened> {
        match source {
            CopySource::Bucket { bucket, key, version_id } => {
                check_bucket(bucket)?;
                if version_id.as_deref().is_some_and(|version| version != "null") {
                    return Err(invalid("the bucket keeps no versions"));
                }
                self.get(key).await
            }
            _ => Err(invalid("there are no access points here")),
        }
    }
}

/// A copy whose source did not change is a failed condition and no answer without a body.
pub(super) fn as_failed(error: s3s::S3Error) -> s3s::S3Error {
    match error.code() {
        s3s::S3ErrorCode::NotModified => super::conditions::failed("x-amz-copy-source-if-none-match"),
        _ => error,
    }
}
