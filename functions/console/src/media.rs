//! Bytes: renditions to look at, originals to take away, and the console's own style and script.

use crate::page::problem;
use crate::{Shared, failure};
use asset::ids::{AssetId, Sha256};
use asset::keys;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ports::blob::is_safe_key;

/// A file opened by itself may run and load nothing, whatever is in it.
const SANDBOX: &str = "default-src 'none'; sandbox";
/// The key names the content: it never changes. Private, for it was given to somebody with a token.
const FOR_EVER: &str = "private, max-age=31536000, immutable";
/// A download has to begin soon after the click; it may take longer.
const LINK_SECONDS: u32 = 60;

/// Serves one rendition. Only keys below `assets/{asset}/renditions/` and `given/` with the extension of a format that we write.
pub async fn rendition(State(console): State<Shared>, Path(key): Path<String>, headers: HeaderMap) -> Response {
    let path = "/media/";
    let Some(media_type) = media_type(&key) else {
        return problem::respond(path, &headers, StatusCode::NOT_FOUND, "there is no such rendition");
    };
    let etag = format!("\"{}\"", &Sha256::of(key.as_bytes()).as_str()[..32]);
    let response_headers = [
        (header::CONTENT_TYPE, media_type),
        (header::CACHE_CONTROL, FOR_EVER),
        (header::CONTENT_SECURITY_POLICY, SANDBOX),
        (header::ETAG, etag.as_str()),
    ];
    if headers.get(header::IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == etag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, response_headers).into_response();
    }
    match console.store.read(&key).await {
        Ok(blob) => (response_headers, blob.bytes).into_response(),
        Err(error) => failure(path, &headers, &error),
    }
}

fn media_type(key: &str) -> Option<&'static str> {
    let asset = keys::asset_of(key)?;
    let name = key.strip_prefix(&keys::renditions(&asset)).or_else(|| key.strip_prefix(&keys::all_given(&asset)))?;
    let (_, extension) = name.rsplit_once('.')?;
    is_safe_key(key).then_some(())?;
    match extension {
        "avif" => Some("image/avif"),
        "webp" => Some("image/webp"),
        "jpg" => Some("image/jpeg"),
        "json" => Some("application/json"),
        "mp4" => Some("video/mp4"),
        "webm" => Some("video/webm"),
        "vtt" => Some("text/vtt; charset=utf-8"),
        "srt" => Some("application/x-subrip; charset=utf-8"),
        "ttml" => Some("application/ttml+xml; charset=utf-8"),
        _ => None,
    }
}

/// Everything outside of RFC 5987's `attr-char` is escaped.
const ATTR: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Hands an original out as a download, never to be shown: it may be an SVG or an HTML page in disguise.
pub async fn original(
    State(console): State<Shared>,
    Path((asset, sha256)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let path = "/originals/";
    let (Ok(asset), Ok(sha256)) = (AssetId::parse(&asset), Sha256::parse(&sha256)) else {
        return problem::respond(path, &headers, StatusCode::NOT_FOUND, "there is no such original");
    };
    let key = keys::original(&asset, &sha256);
    let manifest = match crate::read_manifest(&console, &asset).await {
        Ok(manifest) => manifest,
        Err(error) => return failure(path, &headers, &error),
    };
    let name = manifest.key.rsplit('/').next().unwrap_or("original");
    let disposition = format!("attachment; filename*=UTF-8''{}", utf8_percent_encode(name, ATTR));
    if let Some(downloads) = &console.downloads {
        return match downloads.presign_get(&key, LINK_SECONDS, &disposition).await {
            Ok(link) => ([(header::CACHE_CONTROL, "no-store")], Redirect::temporary(&link)).into_response(),
            Err(error) => failure(path, &headers, &error),
        };
    }
    let (meta, stream) = match (console.store.head(&key).await, console.store.stream(&key).await) {
        (Ok(meta), Ok(stream)) => (meta, stream),
        (Err(error), _) | (_, Err(error)) => return failure(path, &headers, &error),
    };
    let response_headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream")),
        (header::CONTENT_LENGTH, HeaderValue::from(meta.bytes)),
        (header::CACHE_CONTROL, HeaderValue::from_static(FOR_EVER)),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(SANDBOX)),
        (header::CONTENT_DISPOSITION, HeaderValue::from_str(&disposition).expect("the name is escaped")),
    ];
    (response_headers, Body::from_stream(stream)).into_response()
}

#[cfg(test)]
mod tests {
    use super::media_type;

    #[test]
    fn only_renditions_are_served() {
        let base = "assets/a-0123456789abcdef";
        assert_eq!(media_type(&format!("{base}/renditions/0/ab/whole-320.webp")), Some("image/webp"));
        for key in [
            format!("{base}/manifest.json"),
            format!("{base}/versions/ab/original"),
            format!("{base}/renditions/0/ab/x.svg"),
            format!("{base}/renditions/0/ab/x.html"),
            format!("{base}/renditions/../facts/x.jpg"),
            format!("{base}/renditions//x.jpg"),
            format!("{base}/renditions/..\\x.jpg"),
            format!("/{base}/renditions/0/x.jpg"),
            "assets/../renditions/x.jpg".to_owned(),
            "made/x.jpg".to_owned(),
            String::new(),
        ] {
            assert_eq!(media_type(&key), None, "{key}");
        }
    }
}
