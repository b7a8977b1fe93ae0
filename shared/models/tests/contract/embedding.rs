//! Embeddings: Bedrock's three families against the double, and an OpenAI-compatible server; live and replayed.

use crate::server::{KEY, Wire};
use crate::world::{deadline, environment};
use bytes::Bytes;
use models::book::Book;
use models::double::{Double, Script};
use models::replay::{Cassette, Recorder, Replayer};
use models::{Bedrock, Class, EmbedInput, EmbedRequest, Embedder, HttpClient, Image, ImageFormat, Models, Purpose};
use std::sync::Arc;

fn text(words: &str, dimensions: Option<u32>) -> EmbedRequest {
    EmbedRequest { input: EmbedInput::Text(words.into()), purpose: Purpose::Index, dimensions }
}

fn picture() -> EmbedRequest {
    let image = Image { format: ImageFormat::Jpeg, width: 2, height: 2, bytes: Bytes::from_static(b"jpeg") };
    EmbedRequest { input: EmbedInput::Image(image), purpose: Purpose::Query, dimensions: Some(256) }
}

#[tokio::test]
async fn every_family_of_bedrock_maps_texts_and_pictures() {
    let double = Double::start(Script::default()).await.expect("starts");
    let models = Models::new(Book::default(), Arc::new(embedded::SystemClock))
        .with_bedrock(Bedrock::new(&environment(&double.url())));
    for (id, takes_pictures) in [
        ("titan-text-embeddings-v2", false),
        ("titan-multimodal-embeddings", true),
        ("nova-2-multimodal-embeddings", true),
    ] {
        let model = models.embedder(id).expect("connects");
        let cat = model.embed(&text("cat", None), deadline(10_000)).await.expect("a point");
        assert_eq!((cat.vector.len(), cat.model_asked.as_str()), (1024, id));
        let norm: f32 = cat.vector.iter().map(|value| value * value).sum();
        assert!((norm - 1.0).abs() < 1e-3, "{norm}");
        let again = model.embed(&text("cat", Some(256)), deadline(10_000)).await.expect("a point");
        assert_eq!(again.vector.len(), 256);
        let other = model.embed(&text("dog", Some(256)), deadline(10_000)).await.expect("a point");
        assert_ne!(other.vector, again.vector);
        let n_calls = double.log().len();
        let seen = model.embed(&picture(), deadline(10_000)).await;
        if takes_pictures {
            assert_eq!(seen.expect("a point").vector.len(), 256);
        } else {
            assert_eq!(seen.expect_err("no pictures").code, "no_pictures");
            assert_eq!(double.log().len(), n_calls, "nothing was sent");
        }
        let odd = model.embed(&text("cat", Some(7)), deadline(10_000)).await;
        assert_eq!(odd.expect_err("no such length").code, "no_such_dimensions");
    }
}

#[tokio::test]
async fn an_openai_compatible_server_maps_texts_and_the_recording_does_too() {
    let wire = Wire::start(Vec::new()).await;
    let book = format!(
        "[[model]]\nid = \"local\"\nprovider = \"openai\"\nurl = \"{}\"
key_variable = \"K\"\nmodel = \"minilm\"\nkind = \"embedding\"
inputs = [\"text\", \"image\"]\nimage = {{ long_edge = 9, bytes = 9, count = 1 }}\ndimensions = [256]\nfree = true\n",
        wire.url
    );
    let models = Models::new(Book::parse("t", &book).expect("a good book"), Arc::new(embedded::SystemClock))
        .with_openai(Arc::new(HttpClient::new().expect("certificates")), |_| Some(KEY.to_owned()));
    let cassette = Arc::new(Cassette::default());
    let recorder: Arc<dyn Embedder> =
        Arc::new(Recorder::new(models.embedder("local").expect("connects"), cassette.clone()));
    let cat = recorder.embed(&text("cat", Some(256)), deadline(10_000)).await.expect("a point");
    assert_eq!((cat.vector.len(), cat.usage.input, cat.cost.expect("free").0), (256, 3, 0));
    assert_eq!(wire.bodies()[0]["input"], "cat");
    let error = recorder.embed(&picture(), deadline(10_000)).await.expect_err("not in the protocol");
    assert_eq!((error.class, wire.bodies().len()), (Class::Unavailable, 1));
    let replayer = Replayer::new("local", cassette);
    assert_eq!(replayer.embed(&text("cat", Some(256)), 0).await.expect("a recording"), cat);
    let error = replayer.embed(&text("cow", Some(256)), 0).await.expect_err("not recorded");
    assert_eq!(error.code, "no_recording");
    assert!(error.message.contains("`/embed/input/text`: recorded \"cat\", asked \"cow\""), "{}", error.message);
}
