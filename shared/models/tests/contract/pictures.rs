//! Pictures: two families of Bedrock against the double, and an OpenAI-compatible server; live, replayed and paid.

use crate::world::{Servers, Step, deadline};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use models::book::Caps;
use models::double::{Double, Script};
use models::replay::{Cassette, Recorder, Replayer};
use models::{
    Class, Image, ImageFormat, ImageModel, ImageRequest, MicroUsd, ModelResult, Pictures, Reference, Size, Till, Work,
};
use ports::memory::MemoryLedger;
use ports::{Ledger, LedgerQuery};
use serde_json::{Value, json};
use std::sync::Arc;

const BOOK: &str = r#"
[[model]]
id = "stability"
provider = "bedrock"
model = "stability.sd3-5-large-v1:0"
kind = "image"
inputs = ["text", "image"]
image = { long_edge = 2048, bytes = 1000000, count = 1 }
price = { per_image = 40000, source = "test", date = "2026-01-01", verified = false }
[[model]]
id = "canvas"
provider = "bedrock"
model = "amazon.nova-canvas-v1:0"
kind = "image"
inputs = ["text", "image"]
image = { long_edge = 2048, bytes = 1000000, count = 1 }
max_pictures = 3
price = { per_image = 60000, source = "test", date = "2026-01-01", verified = false }
[[model]]
id = "open"
provider = "openai"
url = "{URL}"
key_variable = "TEST_KEY"
model = "flux"
kind = "image"
inputs = ["text", "image"]
image = { long_edge = 2048, bytes = 1000000, count = 1 }
sizes = ["512x512"]
max_pictures = 2
free = true
[[route]]
name = "any"
models = ["open", "stability"]
"#;

fn order(count: u32, side: u32, seed: Option<u32>) -> ImageRequest {
    let size = Size { width: side, height: side };
    ImageRequest { prompt: "a red kite".into(), size, seed, count, reference: None }
}

async fn draw(model: &dyn ImageModel, request: &ImageRequest) -> ModelResult<Pictures> {
    model.draw(request, deadline(20_000)).await
}

/// Returns a picture as a reference.
fn reference(pictures: &Pictures) -> Option<Reference> {
    let made = &pictures.pictures[0];
    let image = Image { format: made.format, width: made.width, height: made.height, bytes: made.bytes.clone() };
    Some(Reference { image, likeness_thousandths: 700 })
}

/// Reads the pixels with a decoder that is not ours.
fn decoded(bytes: &Bytes) -> (u32, u32) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(&bytes[..])).read_info().expect("a header");
    let mut pixels = vec![0; reader.output_buffer_size().expect("it fits")];
    let info = reader.next_frame(&mut pixels).expect("a picture");
    (info.width, info.height)
}

#[tokio::test]
async fn both_families_of_bedrock_draw_what_is_asked_for() {
    let servers = Servers::start(&[]).await;
    let models = servers.models(BOOK);
    for (id, count, cost) in [("stability", 1, 40_000), ("canvas", 2, 120_000)] {
        let model = models.image(id).expect("connects");
        assert_eq!(model.forecast(&order(count, 1024, None)), Some(MicroUsd(cost)));
        let first = draw(&*model, &order(count, 1024, Some(7))).await.expect("pictures");
        assert_eq!((first.pictures.len(), first.receipt.cost), (count as usize, Some(MicroUsd(cost))));
        assert!(first.receipt.warnings.is_empty(), "{:?}", first.receipt.warnings);
        assert_eq!((first.receipt.model_asked.as_str(), first.receipt.consumption.images), (id, count.into()));
        assert!(first.receipt.request_id.as_ref().is_some_and(|id| id.starts_with("double-")));
        for picture in &first.pictures {
            assert_eq!((picture.format, picture.width, picture.height), (ImageFormat::Png, 1024, 1024));
            assert_eq!(decoded(&picture.bytes), (1024, 1024));
        }
        let again = draw(&*model, &order(count, 1024, Some(7))).await.expect("pictures");
        assert_eq!(again.pictures, first.pictures, "the seed decides");
        let other = draw(&*model, &order(count, 1024, Some(8))).await.expect("pictures");
        assert_ne!(other.pictures[0].bytes, first.pictures[0].bytes);
        let n_calls = servers.double.log().len();
        let mut like = order(1, 1024, None);
        like.reference = reference(&first);
        draw(&*model, &like).await.expect("a variation");
        let body = &servers.double.log()[n_calls]["body"];
        let [mode, likeness] = match id {
            "stability" => [&body["mode"], &body["strength"]],
            _ => [&body["taskType"], &body["imageVariationParams"]["similarityStrength"]],
        };
        let expected = if id == "stability" { json!(["image-to-image", 0.3]) } else { json!(["IMAGE_VARIATION", 0.7]) };
        assert_eq!(json!([mode, likeness]), expected, "{body}");
    }
}

#[tokio::test]
async fn what_the_provider_filters_is_for_a_person_and_nobody_knows_what_it_cost() {
    let script = Script::parse(r#"{"blocked_words": ["kite"]}"#).expect("a script");
    let double = Double::start(script).await.expect("starts");
    let servers = Servers { double, ..Servers::start(&[]).await };
    let models = servers.models(BOOK);
    for (id, code, cost) in [("stability", "filtered", None), ("canvas", "ValidationException", Some(MicroUsd(0)))] {
        let error = draw(&*models.image(id).expect("connects"), &order(1, 1024, None)).await.expect_err("filtered");
        assert!(matches!(&error.class, Class::Blocked { .. }), "{error}");
        assert_eq!((error.code.as_str(), error.cost, error.n_calls), (code, cost, 1), "{error}");
    }
}

#[tokio::test]
async fn what_the_model_cannot_draw_is_never_sent() {
    let servers = Servers::start(&[]).await;
    let models = servers.models(BOOK);
    let large = Image { format: ImageFormat::Png, width: 4000, height: 2, bytes: Bytes::from_static(b"x") };
    let from_large = Some(Reference { image: large, likeness_thousandths: 0 });
    let cases = [
        ("stability", order(2, 1024, None), "too_many_pictures"),
        ("stability", ImageRequest { size: Size { width: 3000, height: 100 }, ..order(1, 1, None) }, "no_such_size"),
        ("canvas", ImageRequest { prompt: " ".into(), ..order(1, 1024, None) }, "malformed_request"),
        ("canvas", order(0, 1024, None), "malformed_request"),
        ("canvas", ImageRequest { reference: from_large, ..order(1, 1024, None) }, "picture_too_large"),
        ("open", order(1, 1024, None), "no_such_size"),
    ];
    for (id, request, code) in cases {
        let error = draw(&*models.image(id).expect("connects"), &request).await.expect_err(code);
        assert_eq!(error.code, code, "{error}");
    }
    assert_eq!((servers.double.log().len(), servers.wire.bodies().len()), (0, 0));
    let wrong = models.image("nobody").err().expect("unknown").to_string();
    assert!(wrong.contains("no model or route `nobody`"), "{wrong}");
}

async fn png_of_double() -> (Pictures, Value) {
    let servers = Servers::start(&[]).await;
    let canvas = servers.models(BOOK).image("canvas").expect("connects");
    let pictures = draw(&*canvas, &order(1, 512, None)).await.expect("a picture");
    let data = json!({"b64_json": STANDARD.encode(&pictures.pictures[0].bytes)});
    (pictures, data)
}

#[tokio::test]
async fn an_openai_compatible_server_draws_and_the_recording_does_too() {
    let (made, data) = png_of_double().await;
    let full = json!({"created": 1, "data": [data, data], "usage": {"input_tokens": 9, "output_tokens": 70}});
    let slow = Step::Error { status: 429, message: "slow down", retry_after: Some(0) };
    let steps = [slow, Step::Body(full), Step::Body(json!({"data": [data]})), Step::Body(json!({"data": []}))];
    let servers = Servers::start(&steps).await;
    let cassette = Arc::new(Cassette::default());
    let open = servers.models(BOOK).image("open").expect("connects");
    let recorder: Arc<dyn ImageModel> = Arc::new(Recorder::new(open, cassette.clone()));
    let both = draw(&*recorder, &order(2, 512, Some(1))).await.expect("two pictures");
    assert_eq!((both.pictures.len(), both.receipt.n_calls, both.receipt.cost), (2, 2, Some(MicroUsd(0))));
    assert_eq!(both.pictures[0].bytes, made.pictures[0].bytes);
    assert_eq!(both.receipt.consumption.tokens.output, 70);
    assert!(both.receipt.warnings[0].contains("no seeds"), "{:?}", both.receipt.warnings);
    let sent = &servers.wire.bodies()[1];
    let expected = json!({"model": "flux", "prompt": "a red kite", "n": 2, "size": "512x512",
        "response_format": "b64_json", "path": "/v1/images/generations"});
    assert_eq!(*sent, expected);
    let mut like = order(2, 512, None);
    like.reference = reference(&made);
    let fewer = draw(&*recorder, &like).await.expect("one picture");
    assert!(fewer.receipt.warnings.contains(&"2 pictures were asked for, 1 came".to_owned()), "{fewer:?}");
    assert_eq!(servers.wire.bodies()[2]["path"], "/v1/images/edits");
    let none = draw(&*recorder, &order(1, 512, None)).await.expect_err("no picture");
    assert!(matches!(none.class, Class::BadOutput { .. }) && none.code == "no_picture", "{none}");
    let replayer = Replayer::new("open", cassette);
    assert_eq!(draw(&replayer, &order(2, 512, Some(1))).await.expect("a recording"), both);
    assert_eq!(draw(&replayer, &like).await.expect("a recording"), fewer);
    assert_eq!(draw(&replayer, &order(1, 512, None)).await.expect_err("a recording").code, "no_picture");
}

#[tokio::test]
async fn a_route_goes_on_to_the_next_model_and_the_till_counts_pictures() {
    let down = || Step::Error { status: 503, message: "down", retry_after: None };
    let servers = Servers {
        double: Double::start(Script::default()).await.expect("starts"),
        ..Servers::start(&[down(), down(), down()]).await
    };
    let ledger = Arc::new(MemoryLedger::default());
    let till = Till::new(ledger.clone(), Caps::default(), Arc::new(embedded::SystemClock));
    let text = str::to_owned;
    let work = Work { id: text("1"), asset: text("a"), collection: text("c"), capability: text("draw"), batch: None };
    let route = servers.models(BOOK).image("any").expect("connects");
    let request = order(1, 512, None);
    let made = till.draw(&work, &*route, &request, deadline(20_000)).await.expect("the second draws");
    assert_eq!((made.receipt.model_asked.as_str(), made.receipt.passed_over[0].model.as_str()), ("stability", "open"));
    assert!(made.receipt.warnings[0].contains("512x512 was asked for, 1024x1024 came"), "{:?}", made.receipt.warnings);
    let query = LedgerQuery { from_day: "2020-01-01".into(), to_day: "2999-01-01".into(), ..LedgerQuery::default() };
    let entries = ledger.entries(&query).await.expect("lists").entries;
    let actual = entries[0].actual.as_ref().expect("settled");
    assert_eq!(
        (entries[0].reservation.forecast, actual.cost, actual.ok),
        (MicroUsd(40_000), Some(MicroUsd(40_000)), true)
    );
}
