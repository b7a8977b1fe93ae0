//! `ListObjects` in both versions: one walk, two spellings.

use super::details::etag;
use super::errors::{from_port, invalid};
use super::objects::Objects;
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ports::{BlobMeta, ListBlobs};
use s3s::S3Result;
use s3s::dto::{
    CommonPrefix, EncodingType, ListObjectsInput, ListObjectsOutput, ListObjectsV2Input, ListObjectsV2Output, Object,
    ObjectStorageClass,
};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

/// After every key that begins with what stands before it: no key has a later character.
const LAST: char = char::MAX;

/// How many bytes of files without a record one listing reads for their MD5. What is beyond has no ETag in this listing.
const DIGEST_BUDGET: u64 = 64 << 20;

const URL: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'*');

/// What to list.
struct Query {
    prefix: String,
    delimiter: Option<String>,
    /// Entries come after this.
    after: Option<String>,
    max_keys: usize,
}

/// An entry of a listing.
enum Entry {
    Object(BlobMeta),
    Prefix(String),
}

impl Entry {
    fn name(&self) -> &str {
        match self {
            Entry::Object(meta) => &meta.key,
            Entry::Prefix(prefix) => prefix,
        }
    }
}

struct Listing {
    entries: Vec<Entry>,
    is_truncated: bool,
}

impl Objects {
    async fn list(self: &Arc<Self>, query: &Query) -> S3Result<Listing> {
        let mut listing = Listing { entries: Vec::new(), is_truncated: false };
        if query.max_keys == 0 {
            return Ok(listing);
        }
        let delimiter = query.delimiter.as_deref().filter(|delimiter| !delimiter.is_empty());
        let mut after = query.after.clone();
        // A listing that continues after a common prefix does not enter it again.
        if let (Some(delimiter), Some(marker)) = (delimiter, &mut after)
            && common_prefix(marker, &query.prefix, delimiter).is_some_and(|prefix| prefix == marker)
        {
            marker.push(LAST);
        }
        'pages: loop {
            let page = match self.inbox.list(&query.prefix, after.as_deref(), 1000).await {
                Ok(page) => page,
                // A prefix that no key can have.
                Err(error) if error.kind == ports::Kind::Fatal => return Ok(listing),
                Err(error) => return Err(from_port(error)),
            };
            for meta in page.blobs {
                if self.is_hidden(&meta) {
                    continue;
                }
                let prefix = delimiter.and_then(|delimiter| common_prefix(&meta.key, &query.prefix, delimiter));
                let entry = prefix.map(|prefix| Entry::Prefix(prefix.to_owned())).unwrap_or(Entry::Object(meta));
                if listing.entries.len() == query.max_keys {
                    listing.is_truncated = true;
                    return Ok(listing);
                }
                if let Entry::Prefix(prefix) = &entry {
                    let beyond = format!("{prefix}{LAST}");
                    listing.entries.push(entry);
                    after = Some(beyond);
                    continue 'pages;
                }
                listing.entries.push(entry);
            }
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(listing),
            }
        }
    }

    /// Hides what other programs keep in the folder (`.DS_Store`), not what somebody uploaded under such a name.
    fn is_hidden(&self, meta: &BlobMeta) -> bool {
        let is_dotted = meta.key.split('/').any(|segment| segment.starts_with('.'));
        is_dotted && !self.records.load(&meta.key, &meta.etag.0).is_some_and(|record| record.is_uploaded)
    }

    /// Splits a listing into objects with their ETags and common prefixes, spelled as asked.
    async fn describe(
        self: &Arc<Self>,
        entries: Vec<Entry>,
        is_url: bool,
    ) -> S3Result<(Vec<Object>, Vec<CommonPrefix>)> {
        let mut budget = DIGEST_BUDGET;
        let (mut objects, mut prefixes) = (Vec::new(), Vec::new());
        for entry in entries {
            match entry {
                Entry::Prefix(prefix) => prefixes.push(CommonPrefix { prefix: Some(spell(&prefix, is_url)) }),
                Entry::Object(meta) => {
                    let known = self.records.load(&meta.key, &meta.etag.0).map(|record| record.etag);
                    let known = match known {
                        None if meta.bytes <= budget => {
                            budget -= meta.bytes;
                            self.find(&meta.key).await?.map(|opened| opened.record.etag)
                        }
                        known => known,
                    };
                    objects.push(Object {
                        key: Some(spell(&meta.key, is_url)),
                        size: i64::try_from(meta.bytes).ok(),
                        e_tag: known.as_deref().map(etag),
                        last_modified: Some((UNIX_EPOCH + Duration::from_millis(meta.modified_ms)).into()),
                        storage_class: Some(ObjectStorageClass::from_static(ObjectStorageClass::STANDARD)),
                        ..Object::default()
                    });
                }
            }
        }
        Ok((objects, prefixes))
    }

    pub(super) async fn list_v1(self: &Arc<Self>, input: ListObjectsInput) -> S3Result<ListObjectsOutput> {
        let is_url = is_url(input.encoding_type.as_ref())?;
        let query = Query {
            prefix: input.prefix.clone().unwrap_or_default(),
            delimiter: input.delimiter.clone(),
            after: input.marker.clone().filter(|marker| !marker.is_empty()),
            max_keys: max_keys(input.max_keys)?,
        };
        let listing = self.list(&query).await?;
        let next = listing.entries.last().filter(|_| listing.is_truncated).map(|entry| spell(entry.name(), is_url));
        let (contents, common_prefixes) = self.describe(listing.entries, is_url).await?;
        Ok(ListObjectsOutput {
            name: Some(input.bucket),
            prefix: Some(spell(&query.prefix, is_url)),
            marker: Some(spell(input.marker.as_deref().unwrap_or_default(), is_url)),
            max_keys: i32::try_from(query.max_keys).ok(),
            is_truncated: Some(listing.is_truncated),
            contents: Some(contents),
            common_prefixes: Some(common_prefixes),
            delimiter: input.delimiter.map(|delimiter| spell(&delimiter, is_url)),
            next_marker: next,
            encoding_type: input.encoding_type,
            request_charged: None,
        })
    }

    pub(super) async fn list_v2(self: &Arc<Self>, input: ListObjectsV2Input) -> S3Result<ListObjectsV2Output> {
        let is_url = is_url(input.encoding_type.as_ref())?;
        let after = match &input.continuation_token {
            Some(token) => Some(untoken(token)?),
            None => input.start_after.clone().filter(|after| !after.is_empty()),
        };
        let query = Query {
            prefix: input.prefix.clone().unwrap_or_default(),
            delimiter: input.delimiter.clone(),
            after,
            max_keys: max_keys(input.max_keys)?,
        };
        let listing = self.list(&query).await?;
        let next = listing.entries.last().filter(|_| listing.is_truncated).map(|entry| token(entry.name()));
        let n_entries = listing.entries.len();
        let (contents, common_prefixes) = self.describe(listing.entries, is_url).await?;
        Ok(ListObjectsV2Output {
            name: Some(input.bucket),
            prefix: Some(spell(&query.prefix, is_url)),
            max_keys: i32::try_from(query.max_keys).ok(),
            key_count: i32::try_from(n_entries).ok(),
            continuation_token: input.continuation_token,
            is_truncated: Some(listing.is_truncated),
            next_continuation_token: next,
            contents: Some(contents),
            common_prefixes: Some(common_prefixes),
            delimiter: input.delimiter.map(|delimiter| spell(&delimiter, is_url)),
            encoding_type: input.encoding_type,
            start_after: input.start_after.map(|after| spell(&after, is_url)),
            request_charged: None,
        })
    }
}

/// Returns `key` up to and with the first delimiter after `prefix`.
fn common_prefix<'a>(key: &'a str, prefix: &str, delimiter: &str) -> Option<&'a str> {
    let rest = key.strip_prefix(prefix)?;
    let end = rest.find(delimiter)? + delimiter.len();
    Some(&key[..prefix.len() + end])
}

fn max_keys(said: Option<i32>) -> S3Result<usize> {
    let said = usize::try_from(said.unwrap_or(1000)).map_err(|_| invalid("max-keys is negative"))?;
    Ok(said.min(1000))
}

fn is_url(said: Option<&EncodingType>) -> S3Result<bool> {
    match said.map(EncodingType::as_str) {
        None => Ok(false),
        Some(EncodingType::URL) => Ok(true),
        Some(_) => Err(invalid("the only encoding-type is `url`")),
    }
}

fn spell(text: &str, is_url: bool) -> String {
    if is_url { utf8_percent_encode(text, URL).to_string() } else { text.to_owned() }
}

/// Opaque to clients, who would otherwise have to escape keys in it.
fn token(name: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(name)
}

fn untoken(token: &str) -> S3Result<String> {
    let name = BASE64_URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    name.ok_or_else(|| {
        let message = "the continuation token provided is incorrect";
        s3s::S3Error::with_message(s3s::S3ErrorCode::InvalidArgument, message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_roll_up_at_the_first_delimiter_after_the_prefix() {
        assert_eq!(common_prefix("a/b/c", "", "/"), Some("a/"));
        assert_eq!(common_prefix("a/b/c", "a/", "/"), Some("a/b/"));
        assert_eq!(common_prefix("a/b", "a/", "/"), None);
        assert_eq!(common_prefix("x--y--z", "x", "--"), Some("x--"));
    }

    #[test]
    fn tokens_survive_odd_keys() {
        for name in ["a b/ü+%2B🦀", "x/"] {
            assert_eq!(untoken(&token(name)).unwrap(), name);
        }
        assert!(untoken("*").is_err());
    }
}
