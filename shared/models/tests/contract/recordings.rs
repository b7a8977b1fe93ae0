//! Transcripts of an OpenAI-compatible server, live and replayed; its form is read by a parser that is not ours.

use crate::world::{Servers, Step, deadline};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use models::replay::{Cassette, Recorder, Replayer};
use models::{Audio, Class, MicroUsd, ModelResult, TranscribeRequest, Transcriber, Transcript, Word};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

const BOOK: &str = r#"
[[model]]
id = "whisper"
provider = "openai"
url = "{URL}"
key_variable = "TEST_KEY"
model = "whisper-large-v3"
kind = "transcription"
inputs = ["audio"]
audio = { seconds = 60, bytes = 1000 }
price = { per_minute = 6000, source = "test", date = "2026-01-01", verified = false }
"#;

/// Reads a form with Werkzeug, which is how many of these servers read theirs.
const READ_FORM: &str = r#"
import base64, io, json, sys
from werkzeug.formparser import parse_form_data
sent = json.load(sys.stdin)
body = base64.b64decode(sent["base64"])
environ = {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": sent["content_type"],
    "REQUEST_METHOD": "POST"}
_, form, files = parse_form_data(environ)
file = files["file"]
print(json.dumps({"form": form.to_dict(), "name": file.filename, "type": file.content_type,
    "bytes": base64.b64encode(file.read()).decode()}))
"#;

fn recording(bytes: &'static [u8]) -> TranscribeRequest {
    let audio = Audio { media_type: "audio/mpeg".into(), duration_ms: 8_470, bytes: Bytes::from_static(bytes) };
    TranscribeRequest {
        audio, language: Some("en-GB".into()), vocabulary: vec!["Greenroom".into(), "Ångström".into()]
    }
}

async fn transcribe(model: &dyn Transcriber, request: &TranscribeRequest) -> ModelResult<Transcript> {
    model.transcribe(request, deadline(20_000)).await
}

fn word(text: &str, start_ms: u64, end_ms: u64, confidence: Option<u16>) -> Word {
    Word { text: text.into(), start_ms, end_ms, confidence_thousandths: confidence, speaker: None }
}

#[tokio::test]
async fn words_have_times_and_the_recording_is_the_same() {
    let verbose = json!({"task": "transcribe", "language": "english", "duration": 8.470000267, "text": " Hello there. ",
        "words": [{"word": "there", "start": 0.5, "end": 0.4}, {"word": " Hello", "start": 0.0, "end": 0.46}]});
    let segments = json!({"language": "de", "duration": "2.5", "text": "Hallo.", "segments": [
        {"id": 0, "words": [{"word": " Hallo.", "start": 0.02, "end": 0.9, "probability": 0.973}]}]});
    let servers = Servers::start(&[Step::Body(verbose), Step::Body(segments)]).await;
    let cassette = Arc::new(Cassette::default());
    let model = servers.models(BOOK).transcriber("whisper").expect("connects");
    let model: Arc<dyn Transcriber> = Arc::new(Recorder::new(model, cassette.clone()));
    let request = recording(b"ID3\r\n--x\0\xff");
    assert_eq!(model.forecast(&request), Some(MicroUsd(900)));
    let heard = transcribe(&*model, &request).await.expect("a transcript");
    assert_eq!(
        (heard.text.as_str(), heard.language.as_deref(), heard.duration_ms),
        ("Hello there.", Some("en-GB"), 8_470)
    );
    assert_eq!(heard.words, [word("Hello", 0, 460, None), word("there", 500, 500, None)]);
    // Nine started seconds of 100 micro-dollars.
    assert_eq!((heard.receipt.cost, heard.receipt.consumption.audio_ms), (Some(MicroUsd(900)), 8_470));
    let second =
        transcribe(&*model, &TranscribeRequest { language: None, ..request.clone() }).await.expect("a transcript");
    assert_eq!(
        (second.language.as_deref(), &second.words[..]),
        (Some("de"), &[word("Hallo.", 20, 900, Some(973))][..])
    );
    let replayer = Replayer::new("whisper", cassette);
    assert_eq!(transcribe(&replayer, &request).await.expect("a recording"), heard);

    let sent = servers.wire.bodies()[0].clone();
    assert_eq!(sent["path"], "/v1/audio/transcriptions");
    let form = tokio::task::spawn_blocking(move || read_form(&sent)).await.expect("joins");
    let expected = json!({"model": "whisper-large-v3", "response_format": "verbose_json", "language": "en",
        "timestamp_granularities[]": "word", "prompt": "Ångström, Greenroom"});
    assert_eq!(form["form"], expected);
    assert_eq!((&form["name"], &form["type"]), (&json!("recording.mp3"), &json!("audio/mpeg")));
    assert_eq!(form["bytes"], STANDARD.encode(b"ID3\r\n--x\0\xff"));
}

fn read_form(sent: &Value) -> Value {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/venv/bin/python");
    assert!(python.is_file(), "Werkzeug is missing: run `cargo xtask setup`");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("sent.json");
    std::fs::write(&path, sent.to_string()).expect("writes");
    let input = std::fs::File::open(&path).expect("opens");
    let output = Command::new(python).args(["-c", READ_FORM]).stdin(input).output().expect("python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[tokio::test]
async fn a_transcript_without_times_is_no_answer_and_silence_is_one() {
    let steps = [
        Step::Body(json!({"text": "Hello."})),
        Step::Body(json!({"text": "", "duration": 8.5, "words": []})),
        Step::Body(json!({"text": "x", "words": [{"word": "x", "start": -1.0, "end": 2.0}]})),
        Step::Error { status: 400, message: "no such container", retry_after: None },
    ];
    let servers = Servers::start(&steps).await;
    let model = servers.models(BOOK).transcriber("whisper").expect("connects");
    let error = transcribe(&*model, &recording(b"x")).await.expect_err("no times");
    assert!(matches!(&error.class, Class::BadOutput { raw, .. } if raw == "Hello."), "{error}");
    assert_eq!((error.code.as_str(), error.cost), ("no_times", Some(MicroUsd(900))));
    let silence = transcribe(&*model, &recording(b"x")).await.expect("nothing is said");
    assert_eq!((silence.words.len(), silence.text.as_str(), silence.language), (0, "", None));
    let broken = transcribe(&*model, &recording(b"x")).await.expect_err("no time");
    assert_eq!((broken.class.clone(), broken.code.as_str()), (Class::Unavailable, "protocol"));
    let refused = transcribe(&*model, &recording(b"x")).await.expect_err("refused");
    assert_eq!(refused.class, Class::Permanent);
    let n_calls = servers.wire.bodies().len();
    let long = Audio { duration_ms: 61_000, ..recording(b"x").audio };
    let odd = Audio { media_type: "audio/x\r\nevil: 1".into(), ..recording(b"x").audio };
    let empty = Audio { bytes: Bytes::new(), ..recording(b"x").audio };
    for (audio, code) in [(long, "recording_too_large"), (odd, "malformed_request"), (empty, "malformed_request")] {
        let request = TranscribeRequest { audio, ..recording(b"x") };
        assert_eq!(transcribe(&*model, &request).await.expect_err(code).code, code);
    }
    assert_eq!(servers.wire.bodies().len(), n_calls, "nothing was sent");
}
