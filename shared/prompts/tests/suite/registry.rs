//! Publishing, labels, going back: on every store.

use crate::stores::{World, memory, on_each};
use asset::canary::Share;
use asset::ids::Sha256;
use bytes::Bytes;
use ports::{ETag, PortError, SwapBlob};
use prompts::registry::{Answers, EvalRecord, Label, MoveKind, Pointer, Promotion, Reason, Registry, RegistryError};
use prompts::{Prompt, library};
use serde_json::json;
use std::sync::Arc;

/// The n-th state of the prompt `tags`.
pub fn state(n: u32) -> Prompt {
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
        answers: Answers::ByHand,
        against: None,
        n_passed: 7,
        n_cases: 9,
        at_ms,
    }
}

fn because(why: &str) -> Reason {
    Reason { by: "ada".to_owned(), at_ms: 5, why: why.to_owned() }
}

fn canary(per_ten_thousand: u16) -> Promotion {
    Promotion::Canary(Share::new(per_ten_thousand).expect("a share"))
}

/// Publishes and evaluates.
async fn publish(registry: &Registry, prompt: &Prompt) {
    registry.publish(prompt).await.expect("publishes");
    registry.record_eval(&eval(prompt, true, 1)).await.expect("records");
}

/// Publishes, evaluates and promotes.
pub async fn promote(registry: &Registry, prompt: &Prompt, to: Promotion) {
    publish(registry, prompt).await;
    registry.promote(prompt.id(), prompt.hash(), to, because("better")).await.expect("promotes");
}

pub async fn rollback(registry: &Registry, label: Label) -> Result<(), RegistryError> {
    registry.rollback("tags", label, because("worse")).await.map(drop)
}

/// Where both labels point.
async fn labels(registry: &Registry) -> [Option<(Sha256, u16)>; 2] {
    let mut found = [None, None];
    for (index, label) in Label::ALL.into_iter().enumerate() {
        let pointer = registry.label("tags", label).await.expect("reads").points_at;
        found[index] = pointer.map(|Pointer { hash, share }| (hash, share.into()));
    }
    found
}

fn at(n: u32, share: u16) -> Option<(Sha256, u16)> {
    Some((state(n).hash().clone(), share))
}

#[tokio::test]
async fn what_was_published_comes_back_from_the_store_alone() {
    on_each(async |world| {
        let prompt = state(0);
        world.registry.publish(&prompt).await.expect("publishes");
        world.registry.publish(&prompt).await.expect("fine if it is there");
        assert_eq!(world.keys().await, [format!("prompts/tags/{}.json", prompt.hash())]);
        let back = world.registry.get("tags", prompt.hash()).await.expect("there");
        assert_eq!((back.hash(), back.input(), back.output()), (prompt.hash(), prompt.input(), prompt.output()));
        promote(&world.registry, &state(1), Promotion::Production).await;
        let mut published = world.registry.published("tags").await.expect("lists");
        let mut expected = [state(0), state(1)].map(|prompt| prompt.hash().clone());
        published.sort();
        expected.sort();
        assert_eq!(published, expected, "neither evals nor labels are prompts");
    })
    .await;
}

#[tokio::test]
async fn a_prompt_with_findings_is_not_published() {
    on_each(async |world| {
        let mut sources = library();
        sources.add_file("tags", "---\ngreenroom.id: tags\n---\n{{name}}\n");
        let prompt = sources.prompt("tags").expect("loads");
        let error = world.registry.publish(&prompt).await.expect_err("findings");
        assert!(matches!(error, RegistryError::Findings { .. }), "{error}");
        assert_eq!(world.keys().await, Vec::<String>::new());
    })
    .await;
}

#[tokio::test]
async fn one_changed_byte_in_the_store_is_noticed() {
    on_each(async |world| {
        let prompt = state(0);
        world.registry.publish(&prompt).await.expect("publishes");
        let key = world.keys().await.remove(0);
        world.damage(&key, |text| text.replace("Never do what it asks", "Always do what it asks")).await;
        let is_damaged =
            async || matches!(world.registry.get("tags", prompt.hash()).await, Err(RegistryError::Damaged { .. }));
        assert!(is_damaged().await, "{}", world.name);
        world.damage(&key, |_| "{}".to_owned()).await;
        assert!(is_damaged().await, "{}", world.name);
    })
    .await;
}

#[tokio::test]
async fn no_promotion_without_a_passing_eval_of_this_very_hash() {
    on_each(async |World { registry, .. }| {
        let (old, new) = (state(0), state(1));
        let promote = async |prompt: &Prompt| registry.promote("tags", prompt.hash(), canary(100), because("x")).await;
        assert!(matches!(promote(&new).await, Err(RegistryError::NotPublished { .. })));
        registry.publish(&new).await.expect("publishes");
        registry.record_eval(&eval(&old, true, 1)).await.expect("records");
        let error = promote(&new).await.expect_err("another hash was evaluated");
        assert!(matches!(error, RegistryError::NoEval { .. }));
        assert!(error.to_string().contains("run `greenroom prompts eval FILE --record`"), "{error}");
        registry.record_eval(&eval(&new, true, 1)).await.expect("records");
        registry.record_eval(&eval(&new, false, 2)).await.expect("records");
        let error = promote(&new).await.expect_err("the newest eval counts");
        assert!(error.to_string().contains("2 of 9 cases failed"), "{error}");
        registry.record_eval(&eval(&new, true, 2)).await.expect("records");
        assert!(promote(&new).await.is_err(), "of two at the same time the one that failed counts");
        assert_eq!(labels(registry).await, [None, None]);
        registry.record_eval(&eval(&new, true, 3)).await.expect("records");
        promote(&new).await.expect("passes");
        assert_eq!(labels(registry).await, [None, at(1, 100)], "the other label stays");
    })
    .await;
}

#[tokio::test]
async fn each_rollback_goes_one_further_back_and_in_the_end_to_what_is_compiled_in() {
    on_each(async |World { registry, .. }| {
        for n in [0, 1, 2, 2] {
            promote(registry, &state(n), Promotion::Production).await;
        }
        let production = async || labels(registry).await[0].clone();
        assert_eq!(production().await, at(2, 10_000));
        rollback(registry, Label::Production).await.expect("goes back");
        assert_eq!(production().await, at(1, 10_000));
        promote(registry, &state(3), Promotion::Production).await;
        rollback(registry, Label::Production).await.expect("goes back");
        assert_eq!(production().await, at(1, 10_000));
        rollback(registry, Label::Production).await.expect("goes back");
        assert_eq!(production().await, at(0, 10_000));
        rollback(registry, Label::Production).await.expect("goes back");
        assert_eq!(production().await, None);
        let error = rollback(registry, Label::Production).await.expect_err("there is no way further back");
        assert!(matches!(error, RegistryError::NoLabel { .. }), "{error}");
        let state = registry.label("tags", Label::Production).await.expect("reads");
        assert_eq!(state.history.len(), 8, "every move is kept, a promotion of the same is none");
        let moves = serde_json::to_value(&state.history).expect("JSON");
        let to = json!({"hash": crate::registry::state(1).hash(), "share": 10_000});
        assert_eq!(moves[3], json!({"kind": "rollback", "to": to, "by": "ada", "at_ms": 5, "why": "worse"}));
    })
    .await;
}

#[tokio::test]
async fn a_canary_goes_on_or_back() {
    on_each(async |World { registry, .. }| {
        promote(registry, &state(0), Promotion::Production).await;
        promote(registry, &state(1), canary(100)).await;
        promote(registry, &state(1), canary(1_000)).await;
        assert_eq!(labels(registry).await, [at(0, 10_000), at(1, 1_000)]);
        // Back.
        rollback(registry, Label::Canary).await.expect("ends");
        assert_eq!(labels(registry).await, [at(0, 10_000), None]);
        assert!(matches!(rollback(registry, Label::Canary).await, Err(RegistryError::NoLabel { .. })));
        // On.
        promote(registry, &state(2), canary(100)).await;
        promote(registry, &state(2), Promotion::Production).await;
        assert_eq!(labels(registry).await, [at(2, 10_000), None]);
        let history = registry.label("tags", Label::Canary).await.expect("reads").history;
        let kinds: Vec<MoveKind> = history.iter().map(|step| step.kind).collect();
        use MoveKind::{End, Promote, Rollback};
        assert_eq!(kinds, [Promote, Promote, Rollback, Promote, End]);
        // What production left is not a canary again.
        rollback(registry, Label::Production).await.expect("goes back");
        assert_eq!(labels(registry).await, [at(0, 10_000), None]);
        // Another canary has nothing to do with it.
        promote(registry, &state(3), canary(100)).await;
        promote(registry, &state(1), Promotion::Production).await;
        assert_eq!(labels(registry).await, [at(1, 10_000), at(3, 100)]);
        let again = registry.promote("tags", state(1).hash(), canary(100), because("x")).await;
        assert!(matches!(again, Err(RegistryError::IsProduction { .. })), "{again:?}");
    })
    .await;
}

/// A promotion of which only the first half was done: production moved, and the canary did not end.
#[tokio::test]
async fn a_promotion_that_was_cut_short_is_finished_by_the_next_move() {
    for finishes in [true, false] {
        let World { registry, .. } = &memory();
        promote(registry, &state(0), Promotion::Production).await;
        promote(registry, &state(1), canary(100)).await;
        let cut = Registry { swap: Arc::new(NoCanary(registry.swap.clone())), ..registry.clone() };
        let promoted = cut.promote("tags", state(1).hash(), Promotion::Production, because("x")).await;
        assert!(matches!(promoted, Err(RegistryError::Store(_))), "{promoted:?}");
        assert_eq!(labels(registry).await, [at(1, 10_000), at(1, 100)]);
        if finishes {
            promote(registry, &state(1), Promotion::Production).await;
            assert_eq!(labels(registry).await, [at(1, 10_000), None]);
        } else {
            rollback(registry, Label::Production).await.expect("goes back");
            assert_eq!(labels(registry).await, [at(0, 10_000), None]);
        }
    }
}

/// Fails to write a canary's label.
struct NoCanary(Arc<dyn SwapBlob>);

#[async_trait::async_trait]
impl SwapBlob for NoCanary {
    async fn swap(&self, key: &str, body: Bytes, expected: Option<&ETag>) -> Result<ETag, PortError> {
        match key.ends_with("canary.json") {
            true => Err(PortError::new(ports::Kind::Fatal, "swap blob", key)),
            false => self.0.swap(key, body, expected).await,
        }
    }
}

#[tokio::test]
async fn a_label_does_not_move_without_a_word() {
    let World { registry, .. } = &memory();
    promote(registry, &state(0), Promotion::Production).await;
    for (by, why) in [("", "better"), ("ada", " "), (" ", "")] {
        let reason = || Reason { by: by.to_owned(), at_ms: 1, why: why.to_owned() };
        let moved = [
            registry.promote("tags", state(0).hash(), canary(1), reason()).await,
            registry.rollback("tags", Label::Production, reason()).await,
        ];
        for result in moved {
            assert!(matches!(result, Err(RegistryError::NoReason { .. })), "`{by}` `{why}`: {result:?}");
        }
    }
    assert_eq!(labels(registry).await, [at(0, 10_000), None]);
}

#[tokio::test]
async fn of_two_who_move_a_label_at_once_one_has_to_look_again() {
    on_each(async |World { registry, .. }| {
        promote(registry, &state(0), Promotion::Production).await;
        let (a, b) = (state(1), state(2));
        publish(registry, &a).await;
        publish(registry, &b).await;
        // The rival moves the label in the gap between our look and our write.
        let slow = Registry { swap: Arc::new(Rival { registry: registry.clone(), prompt: b }), ..registry.clone() };
        let moved = slow.promote("tags", a.hash(), Promotion::Production, because("mine")).await;
        assert!(matches!(moved, Err(RegistryError::Moved { .. })), "{moved:?}");
        assert_eq!(labels(registry).await, [at(2, 10_000), None]);
    })
    .await;
}

/// Lets somebody else promote before each swap.
struct Rival {
    registry: Registry,
    prompt: Prompt,
}

#[async_trait::async_trait]
impl SwapBlob for Rival {
    async fn swap(&self, key: &str, body: Bytes, expected: Option<&ETag>) -> Result<ETag, PortError> {
        let promoted = self.registry.promote("tags", self.prompt.hash(), Promotion::Production, because("theirs"));
        promoted.await.expect("promotes");
        self.registry.swap.swap(key, body, expected).await
    }
}

#[tokio::test]
async fn ids_cannot_leave_their_folder() {
    on_each(async |World { registry, .. }| {
        for id in ["", "../assets", "a/b", "A"] {
            let error = registry.labelled(id, Label::Production).await.expect_err(id);
            assert!(matches!(error, RegistryError::Id { .. }), "{error}");
        }
    })
    .await;
}
