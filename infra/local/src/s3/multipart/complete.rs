//! `CompleteMultipartUpload`: the parts become one object.

use super::super::checksum::{self, Hashing, Sums, composite, set_sums, sums_of};
use super::super::conditions::WriteCondition;
use super::super::details::etag;
use super::super::errors::invalid;
use super::super::objects::{Objects, blocking};
use super::super::publish::{Assembled, Publication, checksum_type};
use super::super::receive::{Declared, Source};
use super::store::{Part, Upload};
use futures::{StreamExt, TryStreamExt, stream};
use s3s::dto::{CompleteMultipartUploadInput, CompleteMultipartUploadOutput, CompletedPart};
use s3s::{S3Error, S3ErrorCode, S3Result, StdError};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use tokio_util::io::ReaderStream;

/// Every part but the last has at least this many bytes.
const MIN_PART_BYTES: u64 = 5 << 20;

impl Objects {
    pub(in super::super) async fn complete_upload(
        self: &Arc<Self>,
        input: CompleteMultipartUploadInput,
    ) -> S3Result<CompleteMultipartUploadOutput> {
        let upload = self.upload(&input.key, &input.upload_id).await?;
        let listed = input.multipart_upload.as_ref().and_then(|upload| upload.parts.as_deref()).unwrap_or_default();
        let (objects, there) = (Arc::clone(self), upload.clone());
        let there = blocking(move || objects.uploads.parts(&there)).await?;
        let parts = choose(listed, there)?;
        let bytes: u64 = parts.iter().map(|part| part.bytes).sum();
        if input.mpu_object_size.is_some_and(|said| u64::try_from(said).ok() != Some(bytes)) {
            return Err(invalid("the parts are not of the size that x-amz-mp-object-size says"));
        }
        let (declared, assembled) = assemble(&upload, &parts, sums_of!(input))?;
        let publication = Publication {
            key: upload.key.clone(),
            source: self.assembled_source(&upload, parts),
            declared: Declared { bytes: Some(bytes), ..declared },
            condition: WriteCondition { if_match: input.if_match, if_none_match: input.if_none_match },
            details: upload.details.clone(),
            assembled: Some(assembled),
        };
        let record = self.publish(publication).await?;
        let (objects, id) = (Arc::clone(self), upload.id);
        blocking(move || objects.uploads.remove(&id)).await?;
        let mut output = CompleteMultipartUploadOutput {
            location: Some(format!("/{}/{}", input.bucket, record.key)),
            bucket: Some(input.bucket),
            key: Some(record.key.clone()),
            e_tag: Some(etag(&record.etag)),
            checksum_type: Some(checksum_type(&record)),
            ..CompleteMultipartUploadOutput::default()
        };
        set_sums!(output, record.sums);
        Ok(output)
    }

    /// Reads the parts one after the other, each compared with its MD5.
    fn assembled_source(&self, upload: &Upload, parts: Vec<Part>) -> Source {
        let files: Vec<(PathBuf, String)> =
            parts.into_iter().map(|part| (self.uploads.path_of(upload, &part), part.etag)).collect();
        stream::iter(files).map(|(path, md5)| Ok::<_, StdError>(checked(path, md5))).try_flatten().boxed()
    }
}

/// Takes the parts that the client lists, if they are the ones that are there.
fn choose(listed: &[CompletedPart], there: Vec<Part>) -> S3Result<Vec<Part>> {
    let refused = |code, message| Err(S3Error::with_message(code, message));
    let mut there: BTreeMap<i32, Part> = there.into_iter().map(|part| (part.number, part)).collect();
    if listed.is_empty() {
        return refused(S3ErrorCode::MalformedXML, "you must specify at least one part");
    }
    let mut parts: Vec<Part> = Vec::with_capacity(listed.len());
    for said in listed {
        let number = said.part_number.unwrap_or(0);
        if parts.last().is_some_and(|last| last.number >= number) {
            return refused(S3ErrorCode::InvalidPartOrder, "the list of parts was not in ascending order");
        }
        let is_this = |part: &Part| {
            let sums: Sums = sums_of!(said);
            said.e_tag.as_ref().is_none_or(|etag| etag.value() == part.etag)
                && sums.iter().all(|(algorithm, sum)| part.sums.get(algorithm).is_none_or(|known| known == sum))
        };
        match there.remove(&number).filter(is_this) {
            Some(part) => parts.push(part),
            None => return refused(S3ErrorCode::InvalidPart, "one or more of the specified parts could not be found"),
        }
    }
    let is_small = |part: &Part| part.bytes < MIN_PART_BYTES;
    if parts.iter().rev().skip(1).any(is_small) {
        return refused(S3ErrorCode::EntityTooSmall, "your proposed upload is smaller than the minimum allowed size");
    }
    Ok(parts)
}

/// Returns what to check of the bytes, and the ETag and checksums that the object will have.
fn assemble(upload: &Upload, parts: &[Part], said: Sums) -> S3Result<(Declared, Assembled)> {
    let mut digests = Hashing::default();
    for part in parts {
        digests.update(&hex::decode(&part.etag).unwrap_or_default());
    }
    let etag = format!("{}-{}", digests.finish(0).md5, parts.len());
    let mut declared = Declared::default();
    let mut sums = Sums::new();
    match upload.algorithm {
        Some(algorithm) if !upload.is_full_object => {
            sums.extend(composite(algorithm, parts.iter().map(|part| &part.sums)).map(|sum| (algorithm, sum)));
            for (algorithm, said) in &said {
                // Clients leave the number of parts away or not.
                let is_same = |sum: &String| sum == said || sum.rsplit_once('-').is_some_and(|(sum, _)| sum == said);
                if !sums.get(algorithm).is_some_and(is_same) {
                    let message = format!("the {} you specified did not match", algorithm.name());
                    return Err(S3Error::with_message(S3ErrorCode::BadDigest, message));
                }
            }
        }
        algorithm => {
            declared.wanted.extend(algorithm);
            declared.wanted.extend(said.keys());
            for (algorithm, sum) in &said {
                checksum::decode(*algorithm, sum)?;
            }
            declared.sums = said;
        }
    }
    Ok((declared, Assembled { etag, sums }))
}

/// Streams a part's file; an error at its end if it is not what was uploaded.
fn checked(path: PathBuf, md5: String) -> impl futures::Stream<Item = Result<bytes::Bytes, StdError>> + Send {
    let open = async move {
        let file = tokio::fs::File::open(path).await?;
        Ok::<_, StdError>(stream::try_unfold(
            (ReaderStream::with_capacity(file, 256 * 1024), Hashing::default(), md5),
            |(mut reader, mut hashing, md5)| async move {
                match reader.next().await.transpose()? {
                    Some(chunk) => {
                        hashing.update(&chunk);
                        Ok(Some((chunk, (reader, hashing, md5))))
                    }
                    None if hashing.finish(0).md5 == md5 => Ok(None),
                    None => {
                        let message = "a part on disk is not what was uploaded; send it again";
                        Err(Box::new(S3Error::with_message(S3ErrorCode::InvalidPart, message)) as StdError)
                    }
                }
            },
        ))
    };
    stream::once(open).try_flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use s3s::dto::ETag;

    fn part(number: i32, bytes: u64) -> Part {
        let file = String::new();
        Part { number, etag: format!("{number}"), bytes, sums: Sums::new(), modified_ms: 0, file }
    }

    fn said(number: i32, etag: &str) -> CompletedPart {
        let e_tag = Some(ETag::Strong(etag.into()));
        CompletedPart { part_number: Some(number), e_tag, ..CompletedPart::default() }
    }

    #[test]
    fn parts_are_chosen_as_s3_does() {
        let there = || vec![part(1, MIN_PART_BYTES), part(2, 10), part(3, 10)];
        let code =
            |listed: &[CompletedPart]| choose(listed, there()).map(|parts| parts.len()).map_err(|e| e.code().clone());
        assert_eq!(code(&[said(1, "1"), said(3, "3")]), Ok(2));
        assert_eq!(code(&[]), Err(S3ErrorCode::MalformedXML));
        assert_eq!(code(&[said(3, "3"), said(1, "1")]), Err(S3ErrorCode::InvalidPartOrder));
        assert_eq!(code(&[said(1, "x")]), Err(S3ErrorCode::InvalidPart));
        assert_eq!(code(&[said(4, "4")]), Err(S3ErrorCode::InvalidPart));
        assert_eq!(code(&[said(2, "2"), said(3, "3")]), Err(S3ErrorCode::EntityTooSmall));
    }
}
