//! Guards: ApplyGuardrail against the double, and moderations of an OpenAI-compatible server; live and replayed.

use crate::world::{Servers, Step, deadline};
use bytes::Bytes;
use models::double::{Double, Script};
use models::replay::{Cassette, Recorder, Replayer};
use models::{
    Action, Assessment, Class, Effect, Finding, Guard, GuardPart, GuardRequest, Image, ImageFormat, MicroUsd,
    ModelResult, Policy, Source, Strength,
};
use serde_json::json;
use std::sync::Arc;

const BOOK: &str = r#"
[[model]]
id = "brand"
provider = "bedrock"
model = "gr123"
version = "3"
kind = "guard"
inputs = ["text", "image"]
image = { long_edge = 2048, bytes = 100000, count = 2 }
max_in = 5000
price = { per_text_unit = 150, per_image = 750, source = "test", date = "2026-01-01", verified = false }
[[model]]
id = "moderation"
provider = "openai"
url = "{URL}"
key_variable = "TEST_KEY"
model = "omni-moderation"
kind = "guard"
inputs = ["text", "image"]
image = { long_edge = 2048, bytes = 100000, count = 1 }
free = true
"#;

const RULES: &str = r#"{"blocked_words": ["forbidden"], "guardrail": {
    "topics": [{"name": "money", "words": ["invest"]}],
    "filters": [{"category": "HATE", "words": ["despise"], "confidence": "MEDIUM"}],
    "personal_data": [{"kind": "EMAIL", "pattern": "[a-z]+@[a-z.]+[a-z]", "mask": true},
        {"kind": "PASSWORD", "pattern": "pw:[a-z]+"}],
    "grounding_threshold": 0.5}}"#;

async fn assess(guard: &dyn Guard, request: &GuardRequest) -> ModelResult<Assessment> {
    guard.assess(request, deadline(20_000)).await
}

fn text(words: &str) -> GuardRequest {
    GuardRequest::of_text(Source::Output, words)
}

fn picture(format: ImageFormat) -> GuardPart {
    GuardPart::Image(Image { format, width: 2, height: 2, bytes: Bytes::from_static(b"picture") })
}

#[tokio::test]
async fn every_policy_of_a_guardrail_is_a_finding_of_its_type() {
    let double = Double::start(Script::parse(RULES).expect("a script")).await.expect("starts");
    let servers = Servers { double, ..Servers::start(&[]).await };
    let guard = servers.models(BOOK).guard("brand").expect("connects");
    let fine = assess(&*guard, &text("a red kite")).await.expect("an answer");
    assert_eq!((fine.action, fine.findings.len(), fine.replacements.len()), (Action::None, 0, 0));
    // Content, topics and personal data count the text once each; words cost nothing.
    assert_eq!((fine.receipt.consumption.text_units, fine.receipt.cost), (3, Some(MicroUsd(450))));
    assert!(guard.forecast(&text("a red kite")) >= fine.receipt.cost);

    let blocked = |policy| vec![Finding { policy, effect: Effect::Blocked }];
    let content = Policy::Content { category: "HATE".into(), strength: Strength::Medium, score_thousandths: None };
    let cases = [
        ("you should invest", blocked(Policy::Topic { name: "money".into() })),
        ("I despise it", blocked(content)),
        ("a Forbidden word", blocked(Policy::Word { text: "forbidden".into(), list: None })),
        ("pw:hello", blocked(Policy::PersonalData { kind: "PASSWORD".into(), text: "pw:hello".into() })),
    ];
    for (words, expected) in cases {
        let found = assess(&*guard, &text(words)).await.expect("an answer");
        assert_eq!((found.action, &found.findings), (Action::Intervened, &expected), "{words}");
    }
    let masked = assess(&*guard, &text("write to ann@example.org please")).await.expect("an answer");
    assert_eq!(
        (masked.action, &masked.replacements[..]),
        (Action::Intervened, &["write to {EMAIL} please".to_owned()][..])
    );
    assert_eq!(masked.findings[0].effect, Effect::Masked);

    let grounded = |words: &str| GuardRequest {
        source: Source::Output,
        parts: vec![
            GuardPart::GroundingSource("The kite is made of spruce and silk.".into()),
            GuardPart::Query("What is it made of?".into()),
            GuardPart::Text(words.into()),
        ],
    };
    let grounding =
        |score| Policy::Grounding { kind: "GROUNDING".into(), score_thousandths: score, threshold_thousandths: 500 };
    let follows = assess(&*guard, &grounded("kite of spruce and silk")).await.expect("an answer");
    assert_eq!(follows.findings, [Finding { policy: grounding(1000), effect: Effect::Reported }]);
    let invented = assess(&*guard, &grounded("kite from plastic with engine")).await.expect("an answer");
    assert_eq!((invented.action, &invented.findings), (Action::Intervened, &blocked(grounding(200))));

    let seen = GuardRequest { source: Source::Input, parts: vec![picture(ImageFormat::Png)] };
    let seen = assess(&*guard, &seen).await.expect("an answer");
    assert_eq!((seen.receipt.consumption.images, seen.receipt.cost), (1, Some(MicroUsd(750))));
    let log = servers.double.log();
    assert_eq!(log.last().expect("a call")["body"]["source"], "INPUT");
}

#[tokio::test]
async fn a_guard_that_does_not_answer_lets_nothing_through() {
    let error = |status, message| Step::Error { status, message, retry_after: None };
    let servers = Servers::start(&[error(404, "no such guardrail"), error(400, "too long")]).await;
    let guard = servers.models(BOOK).guard("brand").expect("connects");
    assert_eq!(assess(&*guard, &text("x")).await.expect_err("missing").class, Class::Unavailable);
    assert_eq!(assess(&*guard, &text("x")).await.expect_err("bad").class, Class::Permanent);
    let n_calls = servers.double.log().len();
    let cases = [
        (GuardRequest { source: Source::Input, parts: vec![GuardPart::Query("x".into())] }, "malformed_request"),
        (GuardRequest { source: Source::Input, parts: vec![picture(ImageFormat::Webp)] }, "no_such_format"),
        (text(&"x".repeat(40_001)), "too_long"),
    ];
    for (request, code) in cases {
        assert_eq!(assess(&*guard, &request).await.expect_err(code).code, code);
    }
    assert_eq!(servers.double.log().len(), n_calls, "nothing was sent");
}

#[tokio::test]
async fn moderations_are_findings_too_and_are_replayed() {
    let flagged = json!({"id": "modr-1", "model": "omni-1", "results": [{"flagged": true,
        "categories": {"violence": true, "hate": true, "sexual": false, "illicit": null},
        "category_scores": {"violence": 0.93, "hate": 0.5004, "sexual": 0.01, "illicit": null}}]});
    let calm = json!({"results": [{"flagged": false, "categories": {"hate": false}}]});
    let servers = Servers::start(&[Step::Body(flagged), Step::Body(calm), Step::Body(json!({"results": []}))]).await;
    let cassette = Arc::new(Cassette::default());
    let guard = servers.models(BOOK).guard("moderation").expect("connects");
    let guard: Arc<dyn Guard> = Arc::new(Recorder::new(guard, cassette.clone()));
    let mixed =
        GuardRequest { source: Source::Input, parts: vec![GuardPart::Text("x".into()), picture(ImageFormat::Webp)] };
    let found = assess(&*guard, &mixed).await.expect("an answer");
    let content = |category: &str, strength, score| Finding {
        policy: Policy::Content { category: category.into(), strength, score_thousandths: Some(score) },
        effect: Effect::Blocked,
    };
    let expected = [content("hate", Strength::Medium, 500), content("violence", Strength::High, 930)];
    assert_eq!((found.action, &found.findings[..]), (Action::Intervened, &expected[..]));
    assert_eq!(
        (found.receipt.model_answered.as_str(), found.receipt.request_id.as_deref()),
        ("omni-1", Some("wire-1"))
    );
    let sent = &servers.wire.bodies()[0];
    assert_eq!(sent["input"][1]["image_url"]["url"], "data:image/webp;base64,cGljdHVyZQ==", "{sent}");
    let fine = assess(&*guard, &text("fine")).await.expect("an answer");
    assert_eq!((fine.action, fine.findings.len()), (Action::None, 0));
    assert_eq!(servers.wire.bodies()[1]["input"], "fine");
    let broken = assess(&*guard, &text("x")).await.expect_err("no result");
    assert_eq!((broken.code.as_str(), broken.class.clone()), ("protocol", Class::Unavailable));
    let grounded = GuardRequest {
        source: Source::Output,
        parts: vec![GuardPart::GroundingSource("a".into()), GuardPart::Text("b".into())],
    };
    assert_eq!(assess(&*guard, &grounded).await.expect_err("not there").code, "no_grounding");
    let replayer = Replayer::new("moderation", cassette);
    assert_eq!(assess(&replayer, &mixed).await.expect("a recording"), found);
    assert_eq!(assess(&replayer, &text("x")).await.expect_err("a recording").code, "protocol");
}
