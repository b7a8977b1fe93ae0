//! The evals of our own prompts, in `shared/prompts/evals`: every prompt has one, every one passes, and a worse prompt does not.

use crate::stores::memory;
use prompts::eval::{AnswerFile, EvalResult, Suite, recording_key, replay};
use prompts::registry::{Answers, Promotion, Reason, RegistryError};
use prompts::{Data, Prompt, library};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("evals").join(name)
}

fn read(name: &str) -> String {
    let path = file(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("`{}`: {error}", path.display()))
}

fn load(name: &str) -> (Suite, AnswerFile) {
    let suite = Suite::parse(&read(&format!("{name}.yaml"))).unwrap_or_else(|error| panic!("`{name}`: {error}"));
    let answers = AnswerFile::parse(&read(&format!("{name}.answers.yaml")));
    (suite, answers.unwrap_or_else(|error| panic!("`{name}.answers`: {error}")))
}

fn own(name: &str) -> Prompt {
    library().prompt(name).expect("loads")
}

#[test]
fn every_prompt_of_ours_has_an_eval_and_passes_it() {
    let names: BTreeSet<String> = library().prompts.into_keys().collect();
    let expected: BTreeSet<String> =
        names.iter().flat_map(|name| [format!("{name}.yaml"), format!("{name}.answers.yaml")]).collect();
    let entries = std::fs::read_dir(file("")).expect("the folder").map(|entry| entry.expect("an entry").file_name());
    let found: BTreeSet<String> = entries.map(|name| name.to_string_lossy().into_owned()).collect();
    assert_eq!(found, expected);
    for name in &names {
        let (suite, answers) = load(name);
        let result = replay(&suite, &own(name), None, &answers.recordings);
        assert!(result.passed(), "the eval of `{name}`: {:?} {:#?}", result.reasons, failures(&result));
        assert!(result.cases.len() >= 4, "`{name}`");
    }
}

fn failures(result: &EvalResult) -> Vec<(&str, &[String])> {
    let failed = result.cases.iter().filter(|case| !case.failures.is_empty());
    failed.map(|case| (case.name.as_str(), case.failures.as_slice())).collect()
}

/// There is no model here, so nothing of ours may look as if one had answered.
#[test]
fn answers_that_a_person_wrote_say_so() {
    for name in library().prompts.keys() {
        let text = read(&format!("{name}.answers.yaml"));
        assert!(
            text.contains("\nsource: written by hand\n")
                && text.starts_with("# Expectations that a person wrote by hand")
        );
        let (_, answers) = load(name);
        assert_eq!(answers.source, Answers::ByHand);
        assert!(answers.recordings.values().all(|recording| recording.model == "nobody"), "`{name}`");
    }
    let error = AnswerFile::parse("recordings: {}").expect_err("nobody says where they came from");
    assert!(error.contains("source"), "{error}");
    assert!(AnswerFile::parse("source: trust me\nrecordings: {}").is_err());
}

/// No answer is left over from an earlier prompt: it would never be looked at again.
#[test]
fn every_answer_belongs_to_a_case() {
    for name in library().prompts.keys() {
        let (suite, answers) = load(name);
        let render = |vars| own(name).render(&Data { input: vars, ..Data::default() }).expect("renders");
        let keys: BTreeSet<_> =
            suite.cases.into_iter().map(|case| recording_key(&own(name), &render(case.vars))).collect();
        let answered: BTreeSet<_> = answers.recordings.into_keys().collect();
        assert_eq!(answered, keys, "`{name}`");
    }
}

/// A prompt that was made worse on purpose, with what a model would say to it, does not get its label.
#[tokio::test]
async fn a_worse_prompt_is_refused() {
    let rules = [
        (
            "alt_text",
            r#"Do not begin with "image of", "photo of" or the like in any language. "#,
            "\"alt\": \"",
            "\"alt\": \"Photo of ",
        ),
        (
            "description",
            "No headings, lists or other markup, no file names. ",
            "\"description\": \"",
            "\"description\": \"# Chart\\n\\n- ",
        ),
        ("tags", "Prefer the narrower of two terms that both apply. ", "animal.bird.kite", "animal.bird"),
    ];
    for (name, rule, good, bad) in rules {
        let mut sources = library();
        let text = sources.prompts.get_mut(name).expect("there");
        assert!(text.contains(rule), "`{name}`");
        *text = text.replace(rule, "").replace("version: 1.0.0", "version: 1.1.0");
        let worse = sources.prompt(name).expect("loads");

        let (suite, AnswerFile { mut recordings, source }) = load(name);
        for case in &suite.cases {
            let data = || Data { input: case.vars.clone(), ..Data::default() };
            let key = |prompt: &Prompt| recording_key(prompt, &prompt.render(&data()).expect("renders"));
            let mut recording = recordings[&key(&own(name))].clone();
            recording.answer = recording.answer.replace(good, bad);
            recordings.insert(key(&worse), recording);
        }
        let result = replay(&suite, &worse, Some(&own(name)), &recordings);
        assert!(!failures(&result).is_empty(), "`{name}`");
        let registry = memory().registry;
        registry.publish(&worse).await.expect("publishes");
        registry.record_eval(&result.record(source, 1)).await.expect("records");
        let reason = Reason { by: "ada".to_owned(), at_ms: 2, why: "shorter".to_owned() };
        let promoted = registry.promote(name, worse.hash(), Promotion::Production, reason).await;
        let Err(RegistryError::EvalFailed { reasons, .. }) = promoted else { panic!("`{name}`: {promoted:?}") };
        assert!(reasons[0].contains("cases failed: "), "{reasons:?}");
    }
}
