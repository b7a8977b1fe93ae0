//! The stores that a registry has to work on: the memory twin, and files.

use embedded::{Durability, FileStore};
use ports::memory::MemoryStore;
use ports::{CreateBlob, ListBlobs, ReadBlob, SwapBlob};
use prompts::registry::Registry;
use std::sync::Arc;
use tempfile::TempDir;

/// A registry on an empty store.
pub struct World {
    pub name: &'static str,
    pub registry: Registry,
    _folder: Option<TempDir>,
}

fn on<S: ReadBlob + CreateBlob + SwapBlob + ListBlobs + 'static>(store: Arc<S>) -> Registry {
    Registry { read: store.clone(), create: store.clone(), swap: store.clone(), list: store }
}

pub fn memory() -> World {
    World { name: "memory", registry: on(Arc::new(MemoryStore::default())), _folder: None }
}

fn files() -> World {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let (store, scratch) = (folder.path().join("store"), folder.path().join("scratch"));
    let store = FileStore::open(&store, &scratch, Durability::Process).expect("opens");
    World { name: "files", registry: on(store), _folder: Some(folder) }
}

/// Runs a case on each of them.
pub async fn on_each(case: impl AsyncFn(&World)) {
    for world in [memory(), files()] {
        case(&world).await;
    }
}

impl World {
    /// Returns every key below `prompts/`.
    pub async fn keys(&self) -> Vec<String> {
        let blobs = ports::blob::list_all(&*self.registry.list, "prompts/").await.expect("lists");
        blobs.into_iter().map(|blob| blob.key).collect()
    }

    /// Changes what is stored, as only somebody who is not us does.
    pub async fn damage(&self, key: &str, change: impl Fn(String) -> String) {
        let blob = self.registry.read.read(key).await.expect("it is there");
        let text = String::from_utf8(blob.bytes.to_vec()).expect("UTF-8");
        let changed = change(text.clone());
        assert_ne!(text, changed, "{}", self.name);
        self.registry.swap.swap(key, changed.into_bytes().into(), Some(&blob.etag)).await.expect("writes");
    }
}
