//! The corpus of hostile texts, by way of the function: in the file's name, in EXIF, and in what a model answers.

#[path = "../../../../tests/injection/mod.rs"]
mod corpus;

use crate::{PICTURE, World, says, world};
use asset::fact::Outcome;
use asset::image::{ColorPolicy, Encoding, Framing, Limits, OutputFormat, RenderSpec};
use asset::refusal::RefusalCode;
use asset::task::Job;
use corpus::{Poison, corpus};
use models::double::{Reply, Rule};
use serde_json::{Value, json};

/// A small picture, so that each of some hundred tasks is cheap.
fn small() -> Vec<u8> {
    let encodings = vec![Encoding { format: OutputFormat::Jpeg, quality: 80, effort: 4 }];
    let spec = RenderSpec { framing: Framing::Whole, widths: vec![32], encodings, color: ColorPolicy::Srgb };
    let renditions = media::render(PICTURE, &spec, &Limits::default()).expect("renders");
    renditions.into_iter().next().expect("a rendition").bytes
}

/// Has a picture described that says `poison` in its name and in its EXIF; returns what was asked of the model.
async fn ask(world: &World, picture: &[u8], poison: Option<&Poison>) -> Value {
    let bytes = poison.map_or_else(|| picture.to_vec(), |poison| poison.in_exif(picture));
    let mut task = world.task_of("map.jpg", &bytes).await;
    let Job::Write(spec) = &mut task.job else { panic!("a text") };
    spec.file_name = Some(poison.map_or_else(|| "map.jpg".to_owned(), Poison::file_name));
    world.handle(&task, "d1").await.expect("handles");
    let written = world.written(&task).await;
    assert_eq!((written.text.as_str(), written.evidence.len()), ("A map of the world.", 0));
    let call = world.calls().pop().expect("a call");
    call["body"].clone()
}

/// The part of a question that is text: the other is the picture.
fn words(body: &Value) -> &str {
    let content = body["messages"][0]["content"].as_array().expect("content");
    let texts: Vec<&str> = content.iter().filter_map(|part| part["text"].as_str()).collect();
    let [text] = texts[..] else { panic!("{} texts", texts.len()) };
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn names_and_metadata_stay_one_line_of_data() {
    let world = world(vec![says("A map of the world.")]).await;
    let picture = small();
    let plain = ask(&world, &picture, None).await;
    let mut n_told = 0;
    for poison in corpus() {
        let asked = ask(&world, &picture, Some(&poison)).await;
        let id = &poison.id;
        for part in ["system", "outputConfig", "toolConfig", "inferenceConfig"] {
            assert_eq!(asked[part], plain[part], "`{id}`: {part}");
        }
        assert_eq!(asked["messages"].as_array().map(Vec::len), Some(1), "`{id}`");
        let lines: Vec<&str> = words(&asked).lines().filter(|line| line.starts_with("DATA file ")).collect();
        let [line] = lines[..] else { panic!("`{id}`: {} lines of data", lines.len()) };
        let data: Value = serde_json::from_str(&line["DATA file ".len()..]).expect("one JSON value");
        n_told += usize::from(data["description"].is_string());
        // But for that line, nothing differs from what is asked about a picture that says nothing.
        let rest = |body: &Value| -> Vec<String> {
            words(body).lines().filter(|line| !line.starts_with("DATA file ")).map(str::to_owned).collect()
        };
        assert_eq!(rest(&asked), rest(&plain), "`{id}`");
    }
    assert!(n_told > 60, "most of them are told as a description: {n_told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_obeyed_goes_to_a_person_at_most() {
    for poison in corpus().iter().step_by(7) {
        // What the stranger wants: other fields, a rule that nobody gave, words of theirs.
        let answer = json!({"alt": poison.text, "decorative": false, "evidence": ["OWNED.1"]});
        let world =
            world(vec![Rule { reply: Reply { json: Some(answer), ..Reply::default() }, ..Rule::default() }]).await;
        let task = world.task_of("map.jpg", &small()).await;
        world.handle(&task, "d1").await.expect("handles");
        match world.result(&task).await.expect("a result") {
            Outcome::Written(written) => {
                assert!(written.needs_a_person() && written.evidence.is_empty(), "`{}`: {written:?}", poison.id);
            }
            // Longer than an answer may be.
            Outcome::Refused(refusal) => assert_eq!(refusal.code, RefusalCode::BadAnswer, "`{}`", poison.id),
            other => panic!("`{}`: {other:?}", poison.id),
        }
    }
}
