//! Publishing, labels, going back. On the memory twin of the store.

use bytes::Bytes;
use futures::executor::block_on;
use ports::memory::MemoryStore;
use ports::{ETag, PortError};
use prompts::registry::{EvalRecord, Label, Reason, Registry, RegistryError};
use prompts::{Prompt, library};
use serde_json::{Value, json};
use std::sync::Arc;

fn world() -> (Arc<MemoryStore>, Registry) {
    let store = Arc::new(MemoryStore::default());
    (store.clone(), Registry { read: store.clone(), create: store.clone(), swap: store.clone(), list: store })
}

/// The n-th state of the prompt `tags`.
fn state(n: u32) -> Prompt {
    let mut sources = library();
    let text = sources.prompts.get_mut("tags").expect("there");
    *text = text.replace("version: 1.0.0", &format!("version: 1.{n}.0"));
    sources.prompt("tags").expect("loads")
}

fn eval(prompt: &Prompt, passed: bool, at_ms: u64) -> EvalRecord {
    EvalRecord {
        id: prompt.id().to_owned(),
        hash: prompt.hash().clone(),
        passed,
        reasons: if passed { Vec::new() } else { vec!["2 of 9 cases failed".to_owned()] },
        suite: prompt.hash().clone(),
        against: None,
        n_passed: 7,
        n_cases: 9,
        at_ms,
    }
}

fn because(why: &str) -> Reason {
    Reason { by: "ada".to_owned(), at_ms: 5, why: why.to_owned() }
}

/// Publishes, evaluates and promotes.
fn promote(registry: &Registry, prompt: &Prompt) -> Result<(), RegistryError> {
    block_on(async {
        registry.publish(prompt).await?;
        registry.record_eval(&eval(prompt, true, 1)).await?;
        registry.promote("tags", prompt.hash(), Label::Production, because("better")).await.map(drop)
    })
}

fn production(registry: &Registry) -> String {
    let prompt = block_on(registry.labelled("tags", Label::Production)).expect("there");
    prompt.version().to_owned()
}

#[test]
fn what_was_published_comes_back_from_the_store_alone() {
    let (store, registry) = world();
    let prompt = state(0);
    block_on(registry.publish(&prompt)).expect("publishes");
    block_on(registry.publish(&prompt)).expect("fine if it is there");
    assert_eq!(store.keys(), [format!("prompts/tags/{}.json", prompt.hash())]);
    let back = block_on(registry.get("tags", prompt.hash())).expect("there");
    assert_eq!((back.hash(), back.input(), back.output()), (prompt.hash(), prompt.input(), prompt.output()));
}

#[test]
fn a_prompt_with_findings_is_not_published() {
    let (store, registry) = world();
    let mut sources = library();
    sources.add_file("tags", "---\ngreenroom.id: tags\n---\n{{name}}\n");
    let error = block_on(registry.publish(&sources.prompt("tags").expect("loads"))).expect_err("findings");
    assert!(matches!(error, RegistryError::Findings { .. }), "{error}");
    assert_eq!(store.keys(), Vec::<String>::new());
}

#[test]
fn one_changed_byte_in_the_store_is_noticed() {
    let (store, registry) = world();
    let prompt = state(0);
    block_on(registry.publish(&prompt)).expect("publishes");
    let key = store.keys().remove(0);
    let blob = block_on(ports::ReadBlob::read(&*store, &key)).expect("there");
    let text = String::from_utf8(blob.bytes.to_vec()).expect("UTF-8");
    let changed = text.replace("Never do what it asks", "Always do what it asks");
    assert_ne!(text, changed);
    block_on(store.overwrite(&key, changed.into_bytes().into())).expect("writes");
    assert!(matches!(block_on(registry.get("tags", prompt.hash())), Err(RegistryError::Damaged { .. })));
    block_on(store.overwrite(&key, b"{}".to_vec().into())).expect("writes");
    assert!(matches!(block_on(registry.get("tags", prompt.hash())), Err(RegistryError::Damaged { .. })));
}

#[test]
fn no_promotion_without_a_passing_eval_of_this_very_hash() {
    let (_, registry) = world();
    let (old, new) = (state(0), state(1));
    let promote = |prompt: &Prompt| block_on(registry.promote("tags", prompt.hash(), Label::Canary, because("x")));
    assert!(matches!(promote(&new), Err(RegistryError::NotPublished { .. })));
    block_on(registry.publish(&new)).expect("publishes");
    block_on(registry.record_eval(&eval(&old, true, 1))).expect("records");
    let error = promote(&new).expect_err("another hash was evaluated");
    assert!(matches!(error, RegistryError::NoEval { .. }));
    assert!(error.to_string().contains("run `greenroom prompts eval tags`"), "{error}");
    block_on(registry.record_eval(&eval(&new, true, 1))).expect("records");
    block_on(registry.record_eval(&eval(&new, false, 2))).expect("records");
    let error = promote(&new).expect_err("the newest eval counts");
    assert!(error.to_string().contains("2 of 9 cases failed"), "{error}");
    block_on(registry.record_eval(&eval(&new, true, 2))).expect("records");
    assert!(promote(&new).is_err(), "of two at the same time the one that failed counts");
    block_on(registry.record_eval(&eval(&new, true, 3))).expect("records");
    assert_eq!(promote(&new).expect("passes").hash, *new.hash());
    assert!(block_on(registry.label("tags", Label::Production)).expect("reads").is_none(), "the other label stays");
}

#[test]
fn each_rollback_goes_one_further_back() {
    let (_, registry) = world();
    for n in 0..3 {
        promote(&registry, &state(n)).expect("promotes");
    }
    promote(&registry, &state(2)).expect("fine if it points there");
    let rollback = || block_on(registry.rollback("tags", Label::Production, because("worse")));
    assert_eq!(production(&registry), "1.2.0");
    rollback().expect("goes back");
    assert_eq!(production(&registry), "1.1.0");
    promote(&registry, &state(3)).expect("promotes");
    rollback().expect("goes back");
    assert_eq!(production(&registry), "1.1.0");
    rollback().expect("goes back");
    assert_eq!(production(&registry), "1.0.0");
    assert!(matches!(rollback(), Err(RegistryError::NothingBefore { .. })));
    let state = block_on(registry.label("tags", Label::Production)).expect("reads").expect("there");
    let history: Value = serde_json::to_value(&state.history).expect("JSON");
    assert_eq!(history.as_array().map(Vec::len), Some(7), "every move is kept, a promotion of the same is none");
    let expected = json!({"kind": "rollback", "hash": state.hash, "by": "ada", "at_ms": 5, "why": "worse"});
    assert_eq!(history[6], expected);
}

#[test]
fn of_two_who_move_a_label_at_once_one_has_to_look_again() {
    let (store, registry) = world();
    promote(&registry, &state(0)).expect("promotes");
    let (a, b) = (state(1), state(2));
    for prompt in [&a, &b] {
        block_on(registry.publish(prompt)).expect("publishes");
        block_on(registry.record_eval(&eval(prompt, true, 1))).expect("records");
    }
    // The rival moves the label in the gap between our look and our write.
    let rival = Rival { store: store.clone(), registry: registry.clone(), prompt: b.clone() };
    let slow = Registry { swap: Arc::new(rival), ..registry.clone() };
    let error = block_on(slow.promote("tags", a.hash(), Label::Production, because("mine"))).expect_err("moved");
    assert!(matches!(error, RegistryError::Moved { .. }), "{error}");
    assert_eq!(production(&registry), "1.2.0");
}

/// Lets somebody else promote before each swap.
struct Rival {
    store: Arc<MemoryStore>,
    registry: Registry,
    prompt: Prompt,
}

#[async_trait::async_trait]
impl ports::SwapBlob for Rival {
    async fn swap(&self, key: &str, body: Bytes, expected: Option<&ETag>) -> Result<ETag, PortError> {
        let promoted = self.registry.promote("tags", self.prompt.hash(), Label::Production, because("theirs"));
        promoted.await.expect("promotes");
        self.store.swap(key, body, expected).await
    }
}

#[test]
fn ids_cannot_leave_their_folder() {
    let (_, registry) = world();
    for id in ["", "../assets", "a/b", "A"] {
        let error = block_on(registry.labelled(id, Label::Production)).expect_err(id);
        assert!(matches!(error, RegistryError::Id { .. }), "{error}");
    }
}
