//! Recordings to be played: by ranges (RFC 9110, section 14), so that a player can begin anywhere and nobody holds a film in memory.

use crate::page::problem;
use crate::{Shared, failure};
use asset::fact::Change;
use asset::ids::{AssetId, Sha256};
use asset::keys;
use asset::manifest::Manifest;
use asset::recording::is_recording;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};

/// The most that one answer has; a player asks for the rest.
const MAX_CHUNK: u64 = 4 << 20;

/// A recording opened by itself may run and load nothing but itself, whatever is in it.
const SANDBOX: &str = "default-src 'none'; media-src 'self'; sandbox";

/// A player asks for parts of a long film for as long as somebody watches it.
const LINK_SECONDS: u32 = 900;

/// Serves a version of a recording.
pub async fn play(
    State(console): State<Shared>,
    Path((asset, sha256)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let path = "/recordings/";
    let missing = || problem::respond(path, &headers, StatusCode::NOT_FOUND, "there is no such recording");
    let (Ok(asset), Ok(sha256)) = (AssetId::parse(&asset), Sha256::parse(&sha256)) else { return missing() };
    let manifest = match crate::read_manifest(&console, &asset).await {
        Ok(manifest) => manifest,
        Err(error) => return failure(path, &headers, &error),
    };
    let Some(media_type) = media_type(&manifest, &sha256) else { return missing() };
    let key = keys::original(&asset, &sha256);
    if let Some(downloads) = &console.downloads {
        return match downloads.presign_get(&key, LINK_SECONDS, "inline").await {
            Ok(link) => ([(header::CACHE_CONTROL, "no-store")], Redirect::temporary(&link)).into_response(),
            Err(error) => failure(path, &headers, &error),
        };
    }
    let bytes = match console.store.head(&key).await {
        Ok(meta) => meta.bytes,
        Err(error) => return failure(path, &headers, &error),
    };
    let asked = headers.get(header::RANGE).and_then(|value| value.to_str().ok()).unwrap_or("bytes=0-");
    let Some((start, end)) = range(asked, bytes) else {
        return (StatusCode::RANGE_NOT_SATISFIABLE, [(header::CONTENT_RANGE, format!("bytes */{bytes}"))])
            .into_response();
    };
    let body = match console.store.read_range(&key, start..end).await {
        Ok(body) => body,
        Err(error) => return failure(path, &headers, &error),
    };
    let of = format!("bytes {start}-{}/{bytes}", end - 1);
    let response_headers = [
        (header::CONTENT_TYPE, HeaderValue::from_str(media_type).unwrap_or(HeaderValue::from_static("video/mp4"))),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=31536000, immutable")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(SANDBOX)),
        (header::ACCEPT_RANGES, HeaderValue::from_static("bytes")),
        (header::CONTENT_RANGE, HeaderValue::from_str(&of).unwrap_or(HeaderValue::from_static("bytes */*"))),
    ];
    (StatusCode::PARTIAL_CONTENT, response_headers, body).into_response()
}

/// Returns the media type of a version of this asset, if it is one and a recording.
fn media_type<'a>(manifest: &'a Manifest, sha256: &Sha256) -> Option<&'a str> {
    let versions = manifest.arrivals.values().filter_map(|arrival| match &arrival.change {
        Change::Put(version) if version.sha256 == *sha256 => version.media_type.as_deref(),
        _ => None,
    });
    versions.into_iter().find(|media_type| is_recording(media_type))
}

/// Returns the first range that is asked for, cut to what one answer has; `None` if the file has nothing of it.
fn range(asked: &str, bytes: u64) -> Option<(u64, u64)> {
    let first = asked.strip_prefix("bytes=")?.split(',').next()?.trim();
    let (start, end) = match first.split_once('-')? {
        // The last so many bytes.
        ("", n) => (bytes.saturating_sub(n.parse::<u64>().ok()?), bytes),
        (start, "") => (start.parse().ok()?, bytes),
        (start, last) => (start.parse().ok()?, last.parse::<u64>().ok()?.saturating_add(1)),
    };
    let end = end.min(bytes).min(start.checked_add(MAX_CHUNK)?);
    (start < end).then_some((start, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_those_of_the_rfc() {
        let cases = [
            ("bytes=0-", 10, Some((0, 10))),
            ("bytes=0-0", 10, Some((0, 1))),
            ("bytes=5-100", 10, Some((5, 10))),
            ("bytes=-3", 10, Some((7, 10))),
            ("bytes=-30", 10, Some((0, 10))),
            ("bytes=2-3, 7-8", 10, Some((2, 4))),
            ("bytes=0-", 100 << 20, Some((0, MAX_CHUNK))),
            ("bytes=10-", 10, None),
            ("bytes=-0", 10, None),
            ("bytes=5-3", 10, None),
            ("bytes=a-b", 10, None),
            ("bytes=18446744073709551615-", 10, None),
            ("bytes=0-18446744073709551615", 10, Some((0, 10))),
            ("pages=1-2", 10, None),
            ("bytes=0-", 0, None),
        ];
        for (asked, bytes, expected) in cases {
            assert_eq!(range(asked, bytes), expected, "{asked} of {bytes}");
        }
    }
}
