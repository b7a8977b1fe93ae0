//! What functions obey: labels before what is compiled in, exactly the prompt that a task names, and a label that is ten seconds old.

use crate::registry::{promote, rollback};
use crate::stores::{World, memory, on_each};
use asset::canary::{PromptChoice, Share};
use asset::field::{Field, PromptRef};
use asset::ids::Sha256;
use asset::profile::Profile;
use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use ports::memory::ManualClock;
use ports::{Blob, BlobMeta, Kind, PortError, ReadBlob};
use prompts::registry::{Label, Promotion, Registry};
use prompts::{Prompt, Shelf, library};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

fn own() -> Prompt {
    library().prompt("alt_text").expect("loads")
}

/// The n-th state of the prompt for alternative texts.
fn state(n: u32) -> Prompt {
    let mut sources = library();
    let text = sources.prompts.get_mut("alt_text").expect("there");
    *text = text.replace("version: 1.0.0", &format!("version: 1.{n}.0"));
    sources.prompt("alt_text").expect("loads")
}

fn shelf(registry: &Registry) -> (Shelf, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new(1_000_000));
    (Shelf::from(library()).with_store(registry.read.clone(), clock.clone()), clock)
}

async fn alt_text(shelf: &Shelf) -> PromptChoice {
    shelf.in_force().await.expect("reads")[&Field::AltText].clone()
}

#[tokio::test]
async fn labels_come_before_what_is_compiled_in() {
    on_each(async |World { registry, .. }| {
        // A new shelf each time: nothing is remembered.
        let now = async || alt_text(&shelf(registry).0).await;
        assert_eq!(now().await, own().reference().into());
        promote(registry, &state(1), Promotion::Production).await;
        assert_eq!(now().await, state(1).reference().into());
        let share = Share::new(250).expect("a share");
        promote(registry, &state(2), Promotion::Canary(share)).await;
        assert_eq!(now().await, PromptChoice::from(state(1).reference()).with_canary(state(2).reference(), share));
        let others = shelf(registry).0.in_force().await.expect("reads");
        let description = library().prompt("description").expect("loads").reference();
        assert_eq!(others[&Field::Description], description.into(), "the other prompt has no label");
    })
    .await;
}

#[tokio::test]
async fn a_canary_of_what_is_compiled_in_needs_no_label_of_production() {
    let World { registry, .. } = &memory();
    promote(registry, &own(), Promotion::Canary(Share::ALL)).await;
    assert_eq!(alt_text(&shelf(registry).0).await.canary, None, "it is the same prompt");
    promote(registry, &state(1), Promotion::Canary(Share::ALL)).await;
    let choice = alt_text(&shelf(registry).0).await;
    assert_eq!(
        (choice.production, choice.canary.map(|canary| canary.prompt)),
        (own().reference(), Some(state(1).reference()))
    );
}

#[tokio::test]
async fn a_moved_label_is_obeyed_after_ten_seconds() {
    let World { registry, .. } = &memory();
    let (shelf, clock) = shelf(registry);
    assert_eq!(alt_text(&shelf).await, own().reference().into());
    promote(registry, &state(1), Promotion::Production).await;
    clock.advance(Duration::from_millis(9_999));
    assert_eq!(alt_text(&shelf).await, own().reference().into());
    clock.advance(Duration::from_millis(1));
    assert_eq!(alt_text(&shelf).await, state(1).reference().into());
    // A clock that was set back does not freeze what is known.
    promote(registry, &state(2), Promotion::Production).await;
    clock.set(0);
    assert_eq!(alt_text(&shelf).await, state(2).reference().into());
}

#[tokio::test]
async fn a_task_gets_exactly_the_prompt_that_it_names() {
    on_each(async |World { registry, .. }| {
        let (shelf, _) = shelf(registry);
        let found = async |reference: &PromptRef| {
            let found = shelf.prompt(reference).await.expect("reads");
            found.map(|prompt| prompt.hash().clone())
        };
        assert_eq!(found(&own().reference()).await.as_ref(), Some(own().hash()), "without any registry");
        assert_eq!(found(&state(1).reference()).await, None);
        promote(registry, &state(1), Promotion::Production).await;
        promote(registry, &state(2), Promotion::Production).await;
        rollback_alt_text(registry).await;
        // Also what no label points at any more: its tasks may be on their way.
        for prompt in [own(), state(1), state(2)] {
            assert_eq!(found(&prompt.reference()).await.as_ref(), Some(prompt.hash()));
        }
        let stranger = PromptRef { hash: Sha256::of(b"another"), ..own().reference() };
        assert_eq!(found(&stranger).await, None);
        let unknown = PromptRef { id: "poem".to_owned(), ..own().reference() };
        assert_eq!(found(&unknown).await, None);
    })
    .await;
}

async fn rollback_alt_text(registry: &Registry) {
    let reason = prompts::registry::Reason { by: "ada".to_owned(), at_ms: 1, why: "worse".to_owned() };
    registry.rollback("alt_text", Label::Production, reason).await.expect("goes back");
    assert!(rollback(registry, Label::Production).await.is_err(), "of another prompt there is nothing to take back");
}

/// Counts reads, and fails when it is told to.
struct Watched {
    inner: Arc<dyn ReadBlob>,
    n_reads: AtomicU64,
    is_broken: AtomicBool,
}

#[async_trait]
impl ReadBlob for Watched {
    async fn head(&self, key: &str) -> Result<BlobMeta, PortError> {
        self.inner.head(key).await
    }

    async fn read(&self, key: &str) -> Result<Blob, PortError> {
        self.n_reads.fetch_add(1, Ordering::SeqCst);
        match self.is_broken.load(Ordering::SeqCst) {
            true => Err(PortError::new(Kind::Retry(Duration::ZERO), "read blob", key)),
            false => self.inner.read(key).await,
        }
    }

    async fn read_range(&self, key: &str, range: Range<u64>) -> Result<Bytes, PortError> {
        self.inner.read_range(key, range).await
    }

    async fn stream(&self, key: &str) -> Result<BoxStream<'static, Result<Bytes, PortError>>, PortError> {
        self.inner.stream(key).await
    }
}

#[tokio::test]
async fn labels_that_cannot_be_read_stay_as_they_were() {
    let World { registry, .. } = &memory();
    promote(registry, &state(1), Promotion::Production).await;
    let (n_reads, is_broken) = (AtomicU64::new(0), AtomicBool::new(true));
    let store = Arc::new(Watched { inner: registry.read.clone(), n_reads, is_broken });
    let clock = Arc::new(ManualClock::new(1_000_000));
    let shelf = Shelf::from(library()).with_store(store.clone(), clock.clone());
    assert!(shelf.in_force().await.is_err(), "nothing is known: what is compiled in would write everything anew");
    store.is_broken.store(false, Ordering::SeqCst);
    assert_eq!(alt_text(&shelf).await, state(1).reference().into());
    let n_reads = || store.n_reads.load(Ordering::SeqCst);
    let before = n_reads();
    assert_eq!(alt_text(&shelf).await, state(1).reference().into());
    assert_eq!(n_reads(), before, "nothing is read within ten seconds");
    store.is_broken.store(true, Ordering::SeqCst);
    clock.advance(Duration::from_secs(10));
    assert_eq!(alt_text(&shelf).await, state(1).reference().into());
    store.is_broken.store(false, Ordering::SeqCst);
    clock.advance(Duration::from_secs(10));
    let before = n_reads();
    assert_eq!(alt_text(&shelf).await, state(1).reference().into());
    assert_eq!(n_reads() - before, 2 * Field::ALL.len() as u64, "two labels each, and no prompt a second time");
}

#[tokio::test]
async fn a_profile_without_texts_reads_no_label() {
    let World { registry, .. } = &memory();
    let (n_reads, is_broken) = (AtomicU64::new(0), AtomicBool::new(true));
    let store = Arc::new(Watched { inner: registry.read.clone(), n_reads, is_broken });
    let shelf = Shelf::from(library()).with_store(store, Arc::new(ManualClock::new(1)));
    let plain = Arc::new(Profile::default());
    assert!(plain.collections.iter().all(|collection| collection.texts.is_empty()));
    assert!(Arc::ptr_eq(&shelf.complete(&plain).await.expect("nothing is read"), &plain));
    let text = "[models]\nvision = \"seer\"\n[[collection]]\nname = \"all\"\nkeys = [\"**\"]\njpeg = { quality = 80 }\n\
                [[collection.view]]\nname = \"whole\"\nwidths = [320]\n[[collection.text]]\nfield = \"alt_text\"\nlocale = \"en\"\n";
    let described = Arc::new(Profile::parse("p.toml", text).expect("valid"));
    assert!(shelf.complete(&described).await.is_err());
    let own_only = Shelf::from(library()).complete(&described).await.expect("nothing is read");
    assert_eq!(own_only.prompts[&Field::AltText], own().reference().into());
    assert!(Arc::ptr_eq(&Shelf::from(library()).complete(&own_only).await.expect("the same"), &own_only));
}
