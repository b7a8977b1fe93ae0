//! The one bucket: it is always there and cannot be removed.

use super::objects::{Objects, check_bucket};
use crate::inbox::BUCKET;
use s3s::dto::{
    Bucket, BucketLocationConstraint, CreateBucketOutput, GetBucketLocationOutput, HeadBucketOutput, ListBucketsOutput,
    Owner,
};
use s3s::{S3Error, S3ErrorCode, S3Result};
use std::time::UNIX_EPOCH;

impl Objects {
    pub(super) fn head_bucket(&self, bucket: &str) -> S3Result<HeadBucketOutput> {
        check_bucket(bucket)?;
        Ok(HeadBucketOutput { bucket_region: Some(self.region.clone()), ..HeadBucketOutput::default() })
    }

    pub(super) fn list_buckets(&self) -> ListBucketsOutput {
        let owner = Owner { id: Some("greenroom".into()), display_name: Some("greenroom".into()) };
        let bucket = Bucket {
            name: Some(BUCKET.into()),
            creation_date: Some(UNIX_EPOCH.into()),
            bucket_region: Some(self.region.clone()),
        };
        ListBucketsOutput { buckets: Some(vec![bucket]), owner: Some(owner), ..ListBucketsOutput::default() }
    }

    /// Tools that make sure of their bucket first get the answer that they take for success.
    pub(super) fn create_bucket(&self, bucket: &str) -> S3Result<CreateBucketOutput> {
        if bucket == BUCKET {
            let message = "your previous request to create the named bucket succeeded and you already own it";
            return Err(S3Error::with_message(S3ErrorCode::BucketAlreadyOwnedByYou, message));
        }
        let message = format!("there is one bucket here, `{BUCKET}`, and no other can be made");
        Err(S3Error::with_message(S3ErrorCode::AccessDenied, message))
    }

    pub(super) fn bucket_location(&self, bucket: &str) -> S3Result<GetBucketLocationOutput> {
        check_bucket(bucket)?;
        // S3 spells its first region as nothing.
        let is_first = self.region == "us-east-1";
        let location_constraint = (!is_first).then(|| BucketLocationConstraint::from(self.region.clone()));
        Ok(GetBucketLocationOutput { location_constraint })
    }
}
