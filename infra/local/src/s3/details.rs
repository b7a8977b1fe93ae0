//! What a client says about an object besides its bytes, and gets back as it was said.

use s3s::dto::{ETag, Tag, Timestamp, TimestampFormat};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// The headers, user metadata and tags of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Details {
    pub content_type: Option<String>,
    pub cache_control: Option<String>,
    pub content_disposition: Option<String>,
    pub content_encoding: Option<String>,
    pub content_language: Option<String>,
    /// As an HTTP date.
    pub expires: Option<String>,
    pub metadata: BTreeMap<String, String>,
    pub tags: Vec<(String, String)>,
}

/// Takes the details out of an input: the generated types have them under the same names.
macro_rules! details_of {
    ($input:expr) => {{
        let input = &$input;
        $crate::s3::details::Details {
            content_type: input.content_type.clone(),
            cache_control: input.cache_control.clone(),
            content_disposition: input.content_disposition.clone(),
            content_encoding: $crate::s3::details::stored_encoding(input.content_encoding.as_deref()),
            content_language: input.content_language.clone(),
            expires: input.expires.as_ref().and_then($crate::s3::details::http_date),
            metadata: $crate::s3::details::metadata(input.metadata.as_ref()),
            tags: $crate::s3::details::parse_tags(input.tagging.as_deref()),
        }
    }};
}

/// Sets the details of an answer.
macro_rules! set_details {
    ($output:expr, $record:expr) => {{
        let (output, record) = (&mut $output, &$record);
        let details = &record.details;
        output.content_type = Some($crate::s3::details::content_type(details, &record.key));
        output.cache_control = details.cache_control.clone();
        output.content_disposition = details.content_disposition.clone();
        output.content_encoding = details.content_encoding.clone();
        output.content_language = details.content_language.clone();
        output.expires = details.expires.as_deref().and_then($crate::s3::details::parse_http_date);
        output.metadata = Some(details.metadata.clone().into_iter().collect());
    }};
}

pub(super) use {details_of, set_details};

/// `aws-chunked` says how the request travelled; it is no property of the object.
pub(super) fn stored_encoding(said: Option<&str>) -> Option<String> {
    let kept: Vec<&str> = said?.split(',').map(str::trim).filter(|encoding| *encoding != "aws-chunked").collect();
    let kept = kept.join(", ");
    (!kept.is_empty()).then_some(kept)
}

pub(super) fn metadata(said: Option<&HashMap<String, String>>) -> BTreeMap<String, String> {
    said.into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())).collect()
}

pub(super) fn http_date(at: &Timestamp) -> Option<String> {
    let mut text = Vec::new();
    at.format(TimestampFormat::HttpDate, &mut text).ok()?;
    String::from_utf8(text).ok()
}

pub(super) fn parse_http_date(text: &str) -> Option<Timestamp> {
    Timestamp::parse(TimestampFormat::HttpDate, text).ok()
}

/// Reads `x-amz-tagging`: form-encoded pairs.
pub(super) fn parse_tags(said: Option<&str>) -> Vec<(String, String)> {
    let decode = |text: &str| {
        let spaced = text.replace('+', " ");
        percent_encoding::percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
    };
    let pairs = said.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| (decode(key), decode(value)))
        .collect()
}

pub(super) fn tag_set(details: &Details) -> Vec<Tag> {
    let tag = |(key, value): &(String, String)| Tag { key: Some(key.clone()), value: Some(value.clone()) };
    details.tags.iter().map(tag).collect()
}

/// Returns what the client said, else a guess by the name so that a browser shows a file that somebody dropped, else S3's default.
pub(super) fn content_type(details: &Details, key: &str) -> String {
    if let Some(said) = details.content_type.as_deref().filter(|said| !said.is_empty()) {
        return said.to_owned();
    }
    let extension = key.rsplit_once('.').map_or(String::new(), |(_, extension)| extension.to_ascii_lowercase());
    let guess = match extension.as_str() {
        "jpg" | "jpeg" => "image/jpeg",
        "png" => "image/png",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "svg" => "image/svg+xml",
        "tif" | "tiff" => "image/tiff",
        "mp4" => "video/mp4",
        "mp3" => "audio/mpeg",
        "pdf" => "application/pdf",
        _ => "binary/octet-stream",
    };
    guess.to_owned()
}

pub(super) fn etag(text: &str) -> ETag {
    ETag::Strong(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_is_kept_and_transport_is_not() {
        assert_eq!(stored_encoding(Some("gzip,aws-chunked")).as_deref(), Some("gzip"));
        assert_eq!(stored_encoding(Some("aws-chunked")), None);
        let tags = parse_tags(Some("a=1&b+c=%C3%BC%2B&d"));
        let pairs = [("a", "1"), ("b c", "ü+"), ("d", "")];
        assert_eq!(tags, pairs.map(|(key, value)| (key.to_owned(), value.to_owned())));
    }

    #[test]
    fn types_are_guessed_only_where_none_was_said() {
        let mut details = Details::default();
        assert_eq!(content_type(&details, "a/B.JPG"), "image/jpeg");
        assert_eq!(content_type(&details, "a.b/c"), "binary/octet-stream");
        details.content_type = Some("text/plain".into());
        assert_eq!(content_type(&details, "a.jpg"), "text/plain");
    }
}
