//! What only plain files can do wrong.

use embedded::{Durability, FileStore};
use ports::{Body, CopyBlob, CreateBlob, DeleteBlob, Kind, ListBlobs, ReadBlob, SwapBlob};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;

fn open(folder: &Path) -> Arc<FileStore> {
    FileStore::open(&folder.join("store"), &folder.join("scratch"), Durability::Process).expect("opens")
}

fn body(text: &str) -> Body {
    Body::from(text.as_bytes().to_vec())
}

#[tokio::test]
async fn no_symbolic_link_is_followed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let outside = folder.path().join("outside");
    std::fs::create_dir(&outside).expect("made");
    std::fs::write(outside.join("secret"), "secret").expect("written");
    let store = open(folder.path());
    let root = folder.path().join("store");
    symlink(&outside, root.join("folder")).expect("linked");
    symlink(outside.join("secret"), root.join("file")).expect("linked");
    symlink(outside.join("new"), root.join("dangling")).expect("linked");

    for key in ["folder/secret", "file", "dangling"] {
        let kinds = [
            store.head(key).await.map(drop).unwrap_err().kind,
            store.read(key).await.map(drop).unwrap_err().kind,
            store.stream(key).await.map(drop).unwrap_err().kind,
            store.copy(key, "copy").await.unwrap_err().kind,
        ];
        assert_eq!(kinds, [Kind::NotFound; 4], "{key}");
        assert_eq!(store.create(key, body("x")).await.unwrap_err().kind, Kind::Fatal, "{key}");
        assert_eq!(store.swap(key, "x".into(), None).await.unwrap_err().kind, Kind::Fatal, "{key}");
        store.delete(key).await.expect("there is no such object");
    }
    assert_eq!(store.overwrite("folder/secret", body("x")).await.unwrap_err().kind, Kind::Fatal);
    assert_eq!(store.list("", None, 10).await.expect("lists").blobs, []);
    assert_eq!(store.list("folder/", None, 10).await.expect("lists").blobs, []);
    assert_eq!(std::fs::read_to_string(outside.join("secret")).expect("still there"), "secret");
    assert_eq!(std::fs::read_dir(&outside).expect("is there").count(), 1);
}

#[tokio::test]
async fn what_is_no_plain_file_is_no_object() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = open(folder.path());
    store.create("a/b", body("x")).await.expect("creates");
    assert_eq!(store.create("a", body("x")).await.unwrap_err().kind, Kind::Fatal, "a folder is in the way");
    assert_eq!(store.overwrite("a", body("x")).await.unwrap_err().kind, Kind::Fatal, "a folder is in the way");
    assert_eq!(store.create("a/b/c", body("x")).await.unwrap_err().kind, Kind::Fatal, "a file is in the way");
    // A pipe would hold the reader until somebody writes to it.
    let made = std::process::Command::new("mkfifo").arg(folder.path().join("store/pipe")).status().expect("runs");
    assert!(made.success());
    assert_eq!(store.read("pipe").await.unwrap_err().kind, Kind::NotFound);
    assert_eq!(store.list("", None, 10).await.expect("lists").blobs.len(), 1);
    let long = store.create(&format!("{}/x", "n".repeat(256)), body("x")).await.unwrap_err();
    assert_eq!(long.kind, Kind::Fatal);
    let cause = std::error::Error::source(&long).expect("has a cause").to_string();
    assert!(cause.contains("255 bytes"), "{cause}");
}

#[tokio::test]
async fn leftovers_of_dead_processes_are_removed_and_only_those() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let scratch = folder.path().join("scratch");
    let dead = scratch.join("drafts-00000000deadbeef");
    std::fs::create_dir_all(&dead).expect("made");
    std::fs::write(dead.join("alive"), "").expect("written");
    std::fs::write(dead.join("7"), "half an object").expect("written");
    let first = open(folder.path());
    assert!(!dead.exists());
    let second = open(folder.path());
    // The second one must not have taken the first one for dead.
    first.create("a", body("1")).await.expect("creates");
    second.create("b", body("2")).await.expect("creates");
    drop(first);
    second.create("c", body("3")).await.expect("creates");
    assert_eq!(second.list("", None, 10).await.expect("lists").blobs.len(), 3);
}

#[tokio::test]
async fn deletes_leave_no_empty_folders_and_keep_others() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = open(folder.path());
    store.create("a/b/c/d", body("x")).await.expect("creates");
    store.create("a/e", body("x")).await.expect("creates");
    store.delete("a/b/c/d").await.expect("deletes");
    assert!(!folder.path().join("store/a/b").exists());
    assert!(folder.path().join("store/a/e").exists());
    store.delete("a/e").await.expect("deletes");
    assert_eq!(std::fs::read_dir(folder.path().join("store")).expect("is there").count(), 0);
}

#[tokio::test]
async fn later_contents_have_later_change_times() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = open(folder.path());
    let mut before = 0;
    let mut etags = std::collections::BTreeSet::new();
    for _ in 0..200 {
        let etag = store.overwrite("key", body("same bytes")).await.expect("writes");
        assert!(etags.insert(etag.0), "an etag came back");
        let changed = store.change_time_ns("key").expect("is there");
        assert!(changed > before, "{changed} after {before}");
        before = changed;
    }
    assert_eq!(store.change_time_ns("none").unwrap_err().kind, Kind::NotFound);
    assert_eq!(store.path_of("a/b").expect("safe"), folder.path().canonicalize().expect("is there").join("store/a/b"));
    assert_eq!(store.path_of("../x").unwrap_err().kind, Kind::Fatal);
}

#[tokio::test]
async fn a_scratch_folder_inside_is_no_part_of_the_store() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store =
        FileStore::open(folder.path(), &folder.path().join(".greenroom/tmp"), Durability::Power).expect("opens");
    store.create("a", body("x")).await.expect("creates");
    let keys: Vec<String> =
        store.list("", None, 10).await.expect("lists").blobs.into_iter().map(|blob| blob.key).collect();
    assert_eq!(keys, ["a"]);
    assert_eq!(store.list(".greenroom/tmp/", None, 10).await.expect("lists").blobs, []);
    assert_eq!(store.read(".greenroom/tmp/open.lock").await.unwrap_err().kind, Kind::Fatal);
    assert_eq!(store.create(".greenroom/tmp/x", body("x")).await.unwrap_err().kind, Kind::Fatal);
}

#[tokio::test]
async fn files_of_other_people_are_objects_too() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = open(folder.path());
    std::fs::create_dir_all(folder.path().join("store/drop")).expect("made");
    std::fs::write(folder.path().join("store/drop/photo 1.jpg"), "jpeg").expect("written");
    let page = store.list("", None, 10).await.expect("lists");
    assert_eq!(page.blobs[0].key, "drop/photo 1.jpg");
    let blob = store.read("drop/photo 1.jpg").await.expect("reads");
    assert_eq!(blob.bytes, "jpeg");
    assert_eq!(blob.etag, page.blobs[0].etag);
    store.swap("drop/photo 1.jpg", "new".into(), Some(&blob.etag)).await.expect("swaps");
}
