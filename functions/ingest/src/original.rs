//! Reading an inbox object: what it is, and its bytes for keeping, without ever holding a large file in memory.

use asset::ids::Sha256;
use bytes::Bytes;
use futures::StreamExt;
use ports::{Body, Kind, PortError, ReadBlob};
use sha2::{Digest, Sha256 as Hasher};

/// Up to this size an object is read once, into memory; above it, twice, in chunks.
const IN_MEMORY_BYTES: u64 = 32 << 20;

/// First bytes that are looked at for the media type.
const HEAD_BYTES: usize = 4096;

/// What one reading told.
pub(crate) struct Survey {
    pub sha256: Sha256,
    pub bytes: u64,
    pub media_type: Option<&'static str>,
    content: Option<Bytes>,
}

/// Hashes and sniffs an object of about `bytes` bytes.
pub(crate) async fn survey(inbox: &dyn ReadBlob, key: &str, bytes: u64) -> Result<Survey, PortError> {
    if bytes <= IN_MEMORY_BYTES {
        let content = inbox.read(key).await?.bytes;
        return Ok(Survey {
            sha256: Sha256::of(&content),
            bytes: content.len() as u64,
            media_type: media_type(&content[..content.len().min(HEAD_BYTES)]),
            content: Some(content),
        });
    }
    let mut chunks = inbox.stream(key).await?;
    let (mut hasher, mut length, mut head) = (Hasher::new(), 0, Vec::new());
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk?;
        head.extend_from_slice(&chunk[..chunk.len().min(HEAD_BYTES - head.len().min(HEAD_BYTES))]);
        hasher.update(&chunk);
        length += chunk.len() as u64;
    }
    let sha256 = parse_digest(key, hasher)?;
    Ok(Survey { sha256, bytes: length, media_type: media_type(&head), content: None })
}

/// Returns the bytes to keep. A second reading is hashed again and fails at its end if the object has changed: nothing is published.
pub(crate) async fn body(inbox: &dyn ReadBlob, key: &str, survey: &Survey) -> Result<Body, PortError> {
    if let Some(content) = &survey.content {
        return Ok(Body::Bytes(content.clone()));
    }
    let chunks = inbox.stream(key).await?;
    let expected = survey.sha256.clone();
    let key = key.to_owned();
    let checked = futures::stream::unfold(Some((chunks, Hasher::new())), move |state| {
        let (expected, key) = (expected.clone(), key.clone());
        async move {
            let (mut chunks, mut hasher) = state?;
            match chunks.next().await {
                Some(Ok(chunk)) => {
                    hasher.update(&chunk);
                    Some((Ok(chunk), Some((chunks, hasher))))
                }
                Some(Err(error)) => Some((Err(error), None)),
                None => match parse_digest(&key, hasher) {
                    Ok(digest) if digest == expected => None,
                    Ok(_) => Some((Err(PortError::new(Kind::Conflict, "keep the original of", key)), None)),
                    Err(error) => Some((Err(error), None)),
                },
            }
        }
    });
    Ok(Body::Stream(checked.boxed()))
}

fn parse_digest(key: &str, hasher: Hasher) -> Result<Sha256, PortError> {
    Sha256::parse(&hex::encode(hasher.finalize()))
        .map_err(|error| PortError::new(Kind::Fatal, "hash", key).because(error))
}

/// Returns the media type by content; the name and the sender's word do not count.
fn media_type(head: &[u8]) -> Option<&'static str> {
    // SVG has no magic number: it is XML (or gzip of it) whose root element is `svg`.
    let is_svg = || {
        let text = String::from_utf8_lossy(head);
        let text = text.trim_start_matches('\u{feff}').trim_start();
        text.starts_with('<') && text.contains("<svg")
    };
    infer::get(head)
        .map(|kind| kind.mime_type())
        .filter(|kind| !kind.ends_with("/xml"))
        .or_else(|| if is_svg() { Some("image/svg+xml") } else { None })
}
