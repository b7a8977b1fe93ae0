//! `CreateMultipartUpload` and `AbortMultipartUpload`.

use super::super::checksum::Algorithm;
use super::super::details::details_of;
use super::super::errors::{check_key, invalid};
use super::super::objects::{Objects, blocking};
use super::store::Upload;
use s3s::dto::{ChecksumAlgorithm, ChecksumType, CreateMultipartUploadInput, CreateMultipartUploadOutput};
use s3s::{S3Error, S3ErrorCode, S3Result};
use std::sync::Arc;

impl Objects {
    pub(in super::super) async fn begin_upload(
        self: &Arc<Self>,
        input: CreateMultipartUploadInput,
    ) -> S3Result<CreateMultipartUploadOutput> {
        check_key(&input.key)?;
        let algorithm = input.checksum_algorithm.as_ref().map(|name| Algorithm::parse(name.as_str())).transpose()?;
        let said = input.checksum_type.as_ref().map(ChecksumType::as_str);
        let upload = Upload {
            id: String::new(),
            details: details_of!(input),
            key: input.key,
            initiated_ms: 0,
            algorithm,
            is_full_object: is_full_object(algorithm, said)?,
        };
        let objects = Arc::clone(self);
        let upload = blocking(move || objects.uploads.begin(upload)).await?;
        Ok(CreateMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(upload.key.clone()),
            upload_id: Some(upload.id.clone()),
            checksum_algorithm: algorithm_of(&upload),
            checksum_type: type_of(&upload),
            ..CreateMultipartUploadOutput::default()
        })
    }

    pub(in super::super) async fn abort_upload(self: &Arc<Self>, key: &str, id: &str) -> S3Result<()> {
        let upload = self.upload(key, id).await?;
        let objects = Arc::clone(self);
        blocking(move || objects.uploads.remove(&upload.id)).await
    }

    /// Returns an upload; `NoSuchUpload` if it was completed, aborted or never begun.
    pub(super) async fn upload(self: &Arc<Self>, key: &str, id: &str) -> S3Result<Upload> {
        let (objects, key, id) = (Arc::clone(self), key.to_owned(), id.to_owned());
        let upload = blocking(move || objects.uploads.find(&id, &key)).await?;
        upload.ok_or_else(|| {
            let message = "the specified upload does not exist: the id may be invalid, or it was aborted or completed";
            S3Error::with_message(S3ErrorCode::NoSuchUpload, message)
        })
    }
}

/// Which kind of checksum an object gets: S3's table of what goes with what.
fn is_full_object(algorithm: Option<Algorithm>, said: Option<&str>) -> S3Result<bool> {
    let is_sha = matches!(algorithm, Some(Algorithm::Sha1 | Algorithm::Sha256));
    match (said, algorithm) {
        (Some(ChecksumType::FULL_OBJECT), _) if is_sha => {
            Err(invalid("SHA checksums of multipart uploads are composite"))
        }
        (Some(ChecksumType::COMPOSITE), None | Some(Algorithm::Crc64nvme)) => {
            Err(invalid("the checksum type COMPOSITE goes with CRC32, CRC32C, SHA1 and SHA256"))
        }
        (Some(ChecksumType::FULL_OBJECT), _) | (None, None | Some(Algorithm::Crc64nvme)) => Ok(true),
        (Some(ChecksumType::COMPOSITE) | None, _) => Ok(false),
        (Some(_), _) => Err(invalid("the checksum type is COMPOSITE or FULL_OBJECT")),
    }
}

pub(super) fn algorithm_of(upload: &Upload) -> Option<ChecksumAlgorithm> {
    upload.algorithm.map(|algorithm| ChecksumAlgorithm::from_static(algorithm.name()))
}

pub(super) fn type_of(upload: &Upload) -> Option<ChecksumType> {
    let name = if upload.is_full_object { ChecksumType::FULL_OBJECT } else { ChecksumType::COMPOSITE };
    upload.algorithm.map(|_| ChecksumType::from_static(name))
}
