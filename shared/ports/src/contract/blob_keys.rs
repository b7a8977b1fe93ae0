//! Objects: keys and lists.

use super::blob_content::body;
use super::blobs::BlobStore;
use super::{Check, Seen, ensure, ensure_kind};
use crate::blob::list_all;
use crate::{Kind, ListBlobs};
use bytes::Bytes;

async fn keys_below(store: &dyn BlobStore, prefix: &str) -> Result<Vec<String>, Seen> {
    let store: &dyn ListBlobs = store;
    Ok(list_all(store, prefix).await?.into_iter().map(|blob| blob.key).collect())
}

async fn create_all(store: &dyn BlobStore, at: &str, names: &[&str]) -> Result<Vec<String>, Seen> {
    let mut keys: Vec<String> = names.iter().map(|name| format!("{at}{name}")).collect();
    for key in &keys {
        store.create(key, body(key)).await?;
    }
    keys.sort_unstable();
    Ok(keys)
}

/// Names whose order by folders differs from their order by bytes, and letters whose order differs in UTF-16.
const TRICKY: [&str; 17] = [
    "a-b",
    "a/b",
    "a.b",
    "a0",
    "A",
    "Z/z",
    "a/b-c/d",
    "a/b.c",
    "a/b0",
    "a b",
    "é",
    "z",
    "zz/é/ü",
    "日本/語",
    "\u{ffee}",
    "🦀",
    "🦀!",
];

pub(super) async fn order(store: &dyn BlobStore, at: &str) -> Check {
    let expected = create_all(store, at, &TRICKY).await?;
    let listed = keys_below(store, at).await?;
    ensure!(listed == expected, "listed {listed:?}, expected {expected:?}");
    Ok(())
}

pub(super) async fn pages(store: &dyn BlobStore, at: &str) -> Check {
    let expected = create_all(store, at, &TRICKY).await?;
    for limit in [1, 2, 3, expected.len() - 1, expected.len(), 1000] {
        let mut listed = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let page = store.list(at, after.as_deref(), limit).await?;
            ensure!(page.blobs.len() <= limit, "a page of {limit} has {} objects", page.blobs.len());
            let is_full = page.blobs.len() == limit || page.next.is_none();
            ensure!(is_full, "a page of {limit} has {} objects and is not the last", page.blobs.len());
            listed.extend(page.blobs.into_iter().map(|blob| blob.key));
            after = page.next;
            if after.is_none() {
                break;
            }
            ensure!(listed.len() <= expected.len(), "pages of {limit} never end");
        }
        ensure!(listed == expected, "pages of {limit} list {listed:?}, expected {expected:?}");
    }
    for (index, key) in expected.iter().enumerate() {
        let page = store.list(at, Some(key), 1000).await?;
        let listed: Vec<&String> = page.blobs.iter().map(|blob| &blob.key).collect();
        ensure!(listed.iter().copied().eq(&expected[index + 1..]), "after `{key}` come {listed:?}");
    }
    // What `after` names need not be there.
    let page = store.list(at, Some(&format!("{at}a/")), 1).await?;
    let first = page.blobs.first().map(|blob| blob.key.clone());
    ensure!(first == Some(format!("{at}a/b")), "after `a/` comes {first:?}");
    let page = store.list(at, Some("\u{10ffff}"), 10).await?;
    ensure!(page.blobs.is_empty(), "after the last possible key come {:?}", page.blobs);
    Ok(())
}

pub(super) async fn consistent(store: &dyn BlobStore, at: &str) -> Check {
    for index in 0..20 {
        let key = format!("{at}{}/{index}", index % 3);
        let etag = store.create(&key, body("1")).await?;
        let listed = store.list(&key, None, 1000).await?.blobs;
        ensure!(
            listed.iter().any(|blob| blob.key == key && blob.etag == etag),
            "`{key}` was created and is not listed"
        );
        let head = store.head(&key).await?;
        // Lists of some services give times in seconds.
        let fits =
            listed.iter().any(|blob| blob.bytes == head.bytes && blob.modified_ms.abs_diff(head.modified_ms) < 1000);
        ensure!(fits, "the list says {listed:?}, head says {head:?}");
        let etag = store.swap(&key, Bytes::from_static(b"22"), Some(&etag)).await?;
        let listed = store.list(at, None, 1000).await?.blobs;
        let fits = listed.iter().any(|blob| blob.key == key && blob.etag == etag && blob.bytes == 2);
        ensure!(fits, "`{key}` was swapped and the list is of before");
        if index % 2 == 0 {
            store.delete(&key).await?;
            let listed = keys_below(store, at).await?;
            ensure!(!listed.contains(&key), "`{key}` was deleted and is listed");
        }
    }
    let listed = keys_below(store, at).await?;
    ensure!(listed.len() == 10, "10 objects should be left, listed are {listed:?}");
    Ok(())
}

pub(super) async fn prefixes(store: &dyn BlobStore, at: &str) -> Check {
    create_all(store, at, &["photo/1", "photo/10", "photo/2", "photos/1", "pho", "photo-1"]).await?;
    let cases: [(&str, &[&str]); 8] = [
        ("photo", &["photo-1", "photo/1", "photo/10", "photo/2", "photos/1"]),
        ("photo/", &["photo/1", "photo/10", "photo/2"]),
        ("photo/1", &["photo/1", "photo/10"]),
        ("pho", &["pho", "photo-1", "photo/1", "photo/10", "photo/2", "photos/1"]),
        ("photo/10/", &[]),
        ("none/", &[]),
        ("pho/", &[]),
        (".", &[]),
    ];
    for (prefix, names) in cases {
        let expected: Vec<String> = names.iter().map(|name| format!("{at}{name}")).collect();
        let listed = keys_below(store, &format!("{at}{prefix}")).await?;
        ensure!(listed == expected, "below `{prefix}` are {listed:?}, expected {expected:?}");
    }
    Ok(())
}

pub(super) async fn strange(store: &dyn BlobStore, at: &str) -> Check {
    let mut names: Vec<String> = [
        "a b.jpg",
        "a+b",
        "a%2Bb",
        "%2e%2e",
        "a&b=c?d#e",
        "'quotes\"",
        "<tag>",
        "*",
        "~",
        ".hidden",
        "...",
        "-rf",
        "trailing.",
        "trailing ",
        " leading",
        "e\u{301}",
        "é",
        "🦀/🦀",
        "a:b",
        "con",
        "$HOME",
        "`id`",
        "{}",
        "[x]",
        "a;b|c",
        "a\u{202e}b",
    ]
    .map(str::to_owned)
    .to_vec();
    // As long as a key may be: 1,024 bytes in segments that a file name can hold.
    let mut longest = String::new();
    while at.len() + longest.len() + 201 < 1024 {
        longest.push_str(&"x".repeat(200));
        longest.push('/');
    }
    longest.push_str(&"y".repeat(1024 - at.len() - longest.len()));
    names.push(longest);
    for name in &names {
        let key = format!("{at}{name}");
        store.create(&key, body(name)).await?;
        ensure_kind(store.create(&key, body("x")).await, Kind::Exists, format_args!("second create of `{key}`"))?;
    }
    for name in &names {
        let key = format!("{at}{name}");
        let bytes = store.read(&key).await?.bytes;
        ensure!(bytes == *name, "`{key}` holds {bytes:?}");
    }
    let mut expected: Vec<String> = names.iter().map(|name| format!("{at}{name}")).collect();
    expected.sort_unstable();
    let listed = keys_below(store, at).await?;
    ensure!(listed == expected, "listed {listed:?}, expected {expected:?}");
    for key in &expected {
        store.delete(key).await?;
    }
    ensure!(keys_below(store, at).await?.is_empty(), "some strange keys cannot be deleted");
    Ok(())
}

pub(super) async fn unsafe_keys(store: &dyn BlobStore, at: &str) -> Check {
    let safe = format!("{at}safe");
    let etag = store.create(&safe, body("safe")).await?;
    let mut keys = vec![String::new(), "/".into(), "/etc/hostname".into(), ".".into(), "..".into(), "../x".into()];
    for name in ["../x", "..", ".", "./x", "a/../b", "a/./b", "a//b", "a/", "/a", "a/..", "nul\0", "back\\slash"] {
        keys.push(format!("{at}{name}"));
    }
    keys.push(format!("{at}{}", "/x".repeat(512).trim_start_matches('/')));
    for key in &keys {
        let refused = |verb: &str| format!("{verb} of {key:.80?}");
        ensure_kind(store.head(key).await, Kind::Fatal, refused("head"))?;
        ensure_kind(store.read(key).await, Kind::Fatal, refused("read"))?;
        ensure_kind(store.read_range(key, 0..1).await, Kind::Fatal, refused("read range"))?;
        ensure_kind(store.stream(key).await, Kind::Fatal, refused("stream"))?;
        ensure_kind(store.create(key, body("x")).await, Kind::Fatal, refused("create"))?;
        ensure_kind(store.swap(key, Bytes::from_static(b"x"), None).await, Kind::Fatal, refused("first swap"))?;
        ensure_kind(store.swap(key, Bytes::from_static(b"x"), Some(&etag)).await, Kind::Fatal, refused("swap"))?;
        ensure_kind(store.copy(key, &format!("{at}copy")).await, Kind::Fatal, refused("copy from"))?;
        ensure_kind(store.copy(&safe, key).await, Kind::Fatal, refused("copy to"))?;
        ensure_kind(store.delete(key).await, Kind::Fatal, refused("delete"))?;
    }
    for prefix in ["/", "../", "a/../", "a//", "./", "a\0", "a\\b", &"x".repeat(1025)] {
        ensure_kind(store.list(prefix, None, 10).await, Kind::Fatal, format_args!("list of {prefix:.80?}"))?;
    }
    let listed = keys_below(store, at).await?;
    ensure!(listed == [safe], "after the refusals there are {listed:?}");
    Ok(())
}
