//! Objects.

use super::server::{self, Server};
use super::{assert_kept, clients, environment, sdk, stub};
use aws::{Clients, S3Store};
use aws_sdk_s3::Client;
use bytes::Bytes;
use futures::stream::{self, StreamExt};
use ports::blob::list_all;
use ports::{Body, CreateBlob, ETag, Kind, PortError, PresignBlob, PresignRead, ReadBlob, contract};
use std::sync::Arc;
use std::time::Duration;

const MIB: usize = 1024 * 1024;

pub async fn make_bucket(server: &Server, name: &str) -> Client {
    let config = aws_sdk_s3::config::Builder::from(&sdk(&server.endpoint)).force_path_style(true).build();
    let client = Client::from_conf(config);
    client.create_bucket().bucket(name).send().await.expect("the bucket is made");
    client
}

async fn check(service: &str, server: &Server) {
    make_bucket(server, "whole").await;
    make_bucket(server, "shared").await;
    let clients = clients(&server.endpoint);
    let whole = S3Store::new(clients.clone(), "whole", "");
    assert_kept(service, &contract::blobs(&whole, "").await);
    assert_kept(service, &contract::blobs(&whole, "some/folder/").await);
    // Below a prefix, beside somebody else's objects that must not show.
    let neighbour = S3Store::new(clients.clone(), "shared", "a/");
    neighbour.create("b-neighbour", Body::from(b"not mine".to_vec())).await.expect("creates");
    let below = S3Store::new(clients, "shared", "a/b/");
    assert_kept(&format!("{service} below a prefix"), &contract::blobs(&below, "").await);
    let too_long = below.create(&"x".repeat(1021), Body::from(Vec::new())).await.map_err(|error| error.kind);
    assert_eq!(too_long, Err(Kind::Fatal));
    let keys: Vec<String> = list_all(&neighbour, "b-").await.expect("lists").into_iter().map(|blob| blob.key).collect();
    assert_eq!(keys, ["b-neighbour"]);
}

/// Bytes that differ from place to place.
fn pattern(n_bytes: usize) -> Bytes {
    (0..n_bytes).map(|index| (index % 251) as u8).collect()
}

/// Streams bytes in pieces of a mebibyte and a bit.
fn pieces(bytes: &Bytes) -> Vec<Result<Bytes, PortError>> {
    bytes.chunks(MIB + 7).map(|piece| Ok(bytes.slice_ref(piece))).collect()
}

fn streamed(pieces: Vec<Result<Bytes, PortError>>) -> Body {
    Body::Stream(stream::iter(pieces).boxed())
}

async fn uploads_left(client: &Client, bucket: &str) -> usize {
    client.list_multipart_uploads().bucket(bucket).send().await.expect("lists uploads").uploads().len()
}

async fn multipart(server: &Server) {
    let client = make_bucket(server, "parts").await;
    let store = S3Store::new(clients(&server.endpoint), "parts", "");
    for n_bytes in [8 * MIB - 1, 8 * MIB, 8 * MIB + 1, 16 * MIB, 21 * MIB + 5] {
        let content = pattern(n_bytes);
        let key = format!("of/{n_bytes}");
        let etag = store.create(&key, streamed(pieces(&content))).await.expect("creates");
        let blob = store.read(&key).await.expect("reads");
        assert!(blob.bytes == content, "{n_bytes} bytes came back as {} others", blob.bytes.len());
        assert_eq!(blob.etag, etag);
        assert_eq!(etag.0.contains('-'), n_bytes > 8 * MIB, "parts were used for {n_bytes} bytes: {etag:?}");
        let again = store.create(&key, streamed(pieces(&pattern(n_bytes + 1)))).await;
        assert_eq!(again.map_err(|error| error.kind), Err(Kind::Exists), "{n_bytes} bytes");
        assert_eq!(store.head(&key).await.expect("looks").bytes, n_bytes as u64);
    }
    let mut broken = pieces(&pattern(20 * MIB));
    broken.push(Err(PortError::new(Kind::Fatal, "read", "the other side")));
    let error = store.create("broken", streamed(broken)).await.expect_err("the stream fails");
    assert_eq!((error.kind, error.subject.as_str()), (Kind::Fatal, "the other side"));
    assert_eq!(uploads_left(&client, "parts").await, 0, "uploads are left behind");

    // A call that is dropped in the middle cleans up in the background.
    let endless = stream::iter(pieces(&pattern(20 * MIB))).chain(stream::pending()).boxed();
    let create = store.create("dropped", Body::Stream(endless));
    assert!(tokio::time::timeout(Duration::from_secs(3), create).await.is_err(), "it never ends by itself");
    for _ in 0..100 {
        if uploads_left(&client, "parts").await == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(uploads_left(&client, "parts").await, 0, "uploads are left behind");
    for key in ["broken", "dropped"] {
        assert_eq!(store.head(key).await.map_err(|error| error.kind), Err(Kind::NotFound), "{key}");
    }
}

/// ETags go to other places without quotes: notifications carry them like this.
async fn bare_etags(server: &Server) {
    make_bucket(server, "etags").await;
    let store = S3Store::new(clients(&server.endpoint), "etags", "");
    let etag = store.create("x", Body::from(b"hello".to_vec())).await.expect("creates");
    assert_eq!(etag, ETag("5d41402abc4b2a76b9719d911017c592".into()));
    assert_eq!(list_all(&store, "").await.expect("lists")[0].etag, etag);
}

async fn presigned(server: &Server) {
    make_bucket(server, "uploads").await;
    let store = S3Store::new(clients(&server.endpoint), "uploads", "inbox/");
    let put = store.presign_put("a b/ü+1.txt", 60).await.expect("signs");
    assert_eq!(stub::put(&put.url, &put.headers, b"from a browser").await, 200, "{put:?}");
    assert_eq!(store.read("a b/ü+1.txt").await.expect("reads").bytes, "from a browser");
    for (key, seconds) in [("../x", 60), ("x", 0), ("x", 901)] {
        let refused = store.presign_put(key, seconds).await.map_err(|error| error.kind);
        assert_eq!(refused, Err(Kind::Fatal), "{key} for {seconds} s");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_on_ministack() {
    let server = server::ministack();
    check("ministack", &server).await;
    multipart(&server).await;
    bare_etags(&server).await;
    presigned(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_on_seaweedfs() {
    let server = server::seaweedfs();
    check("seaweedfs", &server).await;
    multipart(&server).await;
    bare_etags(&server).await;
    presigned(&server).await;
}

/// A link is good for one key, for its time, and from who holds the secret.
async fn strict_links(server: &Server) {
    make_bucket(server, "strict").await;
    let store = S3Store::new(clients(&server.endpoint), "strict", "");
    let put = store.presign_put("allowed", 60).await.expect("signs");
    let elsewhere = put.url.replace("/strict/allowed", "/strict/other");
    assert_eq!(stub::put(&elsewhere, &put.headers, b"x").await, 403, "another key");
    let longer = put.url.replace("X-Amz-Expires=60", "X-Amz-Expires=600");
    assert_ne!(longer, put.url);
    assert_eq!(stub::put(&longer, &put.headers, b"x").await, 403, "a longer time");
    let forged = stranger(server).presign_put("allowed", 60).await.expect("signs");
    assert_eq!(stub::put(&forged.url, &forged.headers, b"x").await, 403, "another secret");
    let short = store.presign_put("allowed", 1).await.expect("signs");
    tokio::time::sleep(Duration::from_millis(2500)).await;
    assert_eq!(stub::put(&short.url, &short.headers, b"x").await, 403, "too late");
    assert!(list_all(&store, "").await.expect("lists").is_empty());
    assert_eq!(stub::put(&put.url, &put.headers, b"x").await, 200);
    let keys: Vec<String> = list_all(&store, "").await.expect("lists").into_iter().map(|blob| blob.key).collect();
    assert_eq!(keys, ["allowed"]);
    let get = store.presign_get("allowed", 60, "attachment; filename*=UTF-8''a%20b.jpg").await.expect("signs");
    assert_eq!(stub::get(&get).await, 200);
    assert_eq!(stub::get(&get.replace("/strict/allowed", "/strict/other")).await, 403, "another key");
    assert_eq!(stub::get(&get.replace("a%2520b.jpg", "b.html")).await, 403, "another name");
    let forged = stranger(server).presign_get("allowed", 60, "attachment").await.expect("signs");
    assert_eq!(stub::get(&forged).await, 403, "another secret");
}

/// Somebody with another secret.
fn stranger(server: &Server) -> S3Store {
    let clients = Clients::new(environment(&server.endpoint, "another secret"));
    S3Store::new(Arc::new(clients), "strict", "")
}

#[tokio::test(flavor = "multi_thread")]
async fn links_on_ministack() {
    strict_links(&server::ministack()).await;
}

/// The one of our services that verifies the signature of every request.
#[tokio::test(flavor = "multi_thread")]
async fn signatures_on_seaweedfs() {
    let server = server::seaweedfs();
    strict_links(&server).await;
    let refused = stranger(&server).create("x", Body::from(b"x".to_vec())).await.expect_err("a wrong secret");
    assert_eq!(refused.kind, Kind::Fatal);
    let refused = stranger(&server).read("allowed").await.expect_err("a wrong secret");
    assert_eq!(refused.kind, Kind::Fatal);
}
