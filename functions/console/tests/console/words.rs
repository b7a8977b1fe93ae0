//! A person's word: recorded as a fact, bound to what they saw, and `settle` is told.

use crate::world::{PICTURE, World, ask, bearer, text};
use asset::fact::{Decision, Verdict};
use asset::ids::Sha256;
use asset::image::FocalPoint;
use axum::body::Body;
use axum::http::{Method, StatusCode};
use ports::{Queue, ReadBlob};

async fn say(world: &World, form: &str) -> (StatusCode, String) {
    let request = ask(Method::POST, &format!("/assets/{}/verdicts", world.asset))
        .header("authorization", bearer())
        .header("accept", "application/json")
        .header("content-type", "application/x-www-form-urlencoded");
    let response = world.send(request.body(Body::from(form.to_owned())).expect("valid")).await;
    (response.status(), text(response).await)
}

#[tokio::test]
async fn a_moved_focal_point_is_a_fact() {
    let world = World::new().await;
    let source = Sha256::of(PICTURE);
    let (status, body) = say(&world, &format!("decision=move_focus&x=12.5&y=100&source={source}")).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    let verdict: Verdict = serde_json::from_str(&body).expect("a verdict");
    assert_eq!(verdict.decision, Decision::MoveFocus { focus: FocalPoint { x: 125, y: 1000 }, source });
    let stored = world.store.read(&asset::keys::verdict(&verdict)).await.expect("it is stored");
    assert_eq!(serde_json::from_slice::<Verdict>(&stored.bytes).expect("a verdict"), verdict);
    assert_eq!(world.settle.depth().await.expect("memory counts").visible, 1);
}

#[tokio::test]
async fn nonsense_is_no_fact() {
    let world = World::new().await;
    let (source, other) = (Sha256::of(PICTURE), Sha256::of(b"never seen"));
    for form in [
        String::new(),
        "decision=move_focus".into(),
        format!("decision=move_focus&x=101&y=0&source={source}"),
        format!("decision=move_focus&x=NaN&y=0&source={source}"),
        format!("decision=move_focus&x=-1&y=0&source={source}"),
        format!("decision=move_focus&x=1&y=1&source={other}"),
        "decision=move_focus&x=1&y=1&source=../../x".into(),
        "decision=retry".into(),
        format!("decision=retry&task={other}"),
        format!("decision=retry&task={}", world.manifest.readiness.steps[0].task),
    ] {
        let (status, body) = say(&world, &form).await;
        assert!(status.is_client_error(), "{form}: {status} {body}");
    }
    assert_eq!(world.settle.depth().await.expect("memory counts").visible, 0);
    assert!(!world.store.keys().iter().any(|key| key.contains("/verdicts/")));
}

#[tokio::test]
async fn a_refused_step_can_be_tried_again() {
    let world = World::new().await;
    let (step, _) = world.manifest.readiness.gaps().next().expect("a refusal");
    let (status, body) = say(&world, &format!("decision=retry&task={}", step.task)).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    assert_eq!(world.settle.depth().await.expect("memory counts").visible, 1);
}

#[tokio::test]
async fn uploads_are_refused_in_words() {
    let world = World::new().await;
    for (body, expected) in [
        (r#"{"name":"../x","size":1}"#, "cannot be a key"),
        (r#"{"name":"a//b","size":1}"#, "cannot be a key"),
        (r#"{"name":"","size":1}"#, "cannot be a key"),
        (r#"{"name":"a.jpg","size":0}"#, "the file is empty"),
        (r#"{"name":"a.jpg","size":104857601}"#, "the file has 104 MB, the profile allows 104 MB (limits.max_bytes)"),
        ("nothing", "send {"),
    ] {
        let request = ask(Method::POST, "/api/uploads").header("authorization", bearer());
        let response = world.send(request.body(Body::from(body)).expect("valid")).await;
        assert!(response.status().is_client_error());
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        let answer = text(response).await;
        assert!(answer.contains(expected), "{body}: {answer}");
    }
}
