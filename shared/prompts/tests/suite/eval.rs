//! Evals on recorded answers: what passes, what is refused, and why.

use futures::executor::block_on;
use ports::memory::MemoryStore;
use prompts::eval::{EvalResult, Recording, Recordings, Suite, recording_key, replay};
use prompts::registry::{Answers, Promotion, Reason, Registry, RegistryError};
use prompts::{Data, Prompt, library};
use serde_json::{Map, Value, json};
use std::sync::Arc;

const GOOD: &str = r#"{"alt": "A red kite glides above the dunes.", "decorative": false, "evidence": ["tone.2"]}"#;
const WORSE: &str =
    r#"{"alt": "Image of a red kite above the dunes, from kite.jpg", "decorative": false, "evidence": ["tone.2"]}"#;
const ORNAMENT: &str = r#"{"alt": "", "decorative": true, "evidence": []}"#;

fn suite() -> Suite {
    Suite::parse(include_str!("../evals/alt_text.yaml")).expect("parses")
}

fn production() -> Prompt {
    library().prompt("alt_text").expect("loads")
}

/// The prompt without the rule on how not to begin.
fn worse() -> Prompt {
    let mut sources = library();
    let text = sources.prompts.get_mut("alt_text").expect("there");
    let rule = r#"Do not begin with "image of", "photo of" or the like in any language. No file names, "#;
    assert!(text.contains(rule));
    *text = text.replace(rule, "No ").replace("version: 1.0.0", "version: 1.1.0");
    sources.prompt("alt_text").expect("loads")
}

/// Records `answer` for each case, by name.
fn record(recordings: &mut Recordings, prompt: &Prompt, answer: impl Fn(&str) -> &'static str) {
    for case in suite().cases {
        let rendered = prompt.render(&Data { input: case.vars, ..Data::default() }).expect("renders");
        let recording = Recording { model: "made-up".to_owned(), answer: answer(&case.name).to_owned() };
        recordings.insert(recording_key(prompt, &rendered), recording);
    }
}

fn good(case: &str) -> &'static str {
    if case == "ornament" { ORNAMENT } else { GOOD }
}

fn bad(case: &str) -> &'static str {
    if case == "ornament" { ORNAMENT } else { WORSE }
}

#[test]
fn good_answers_pass() {
    let mut recordings = Recordings::new();
    record(&mut recordings, &production(), good);
    let result = replay(&suite(), &production(), None, &recordings);
    assert!(result.passed(), "{result:?}");
    assert_eq!((result.pass_rate(), result.comparison), (1.0, None));
}

/// From the answers of a worse prompt to the promotion that does not happen.
#[test]
fn a_prompt_made_worse_on_purpose_is_refused() {
    let mut recordings = Recordings::new();
    record(&mut recordings, &production(), good);
    record(&mut recordings, &worse(), bad);
    let result = replay(&suite(), &worse(), Some(&production()), &recordings);
    let comparison = result.comparison.clone().expect("compared");
    assert!(comparison.mean < -0.1 && comparison.lower <= comparison.mean, "{comparison:?}");
    let store = Arc::new(MemoryStore::default());
    let registry = Registry { read: store.clone(), create: store.clone(), swap: store.clone(), list: store };
    let reason = || Reason { by: "ada".to_owned(), at_ms: 2, why: "shorter".to_owned() };
    let promoted = block_on(async {
        registry.publish(&worse()).await.expect("publishes");
        registry.record_eval(&result.record(Answers::ByHand, 1)).await.expect("records");
        registry.promote("alt_text", worse().hash(), Promotion::Production, reason()).await
    });
    let Err(RegistryError::EvalFailed { reasons, .. }) = promoted else { panic!("{promoted:?}") };
    assert_eq!(reasons[0], "3 of 4 cases failed: kite, kite in the dunes, kite with a poisoned name");
    assert!(
        reasons[1].starts_with("it may be worse than production: the lower bound of the difference is -0."),
        "{reasons:?}"
    );
}

/// The gate of the file alone would let it pass: three of four cases are good.
#[test]
fn one_case_that_got_worse_is_enough() {
    let mut recordings = Recordings::new();
    record(&mut recordings, &production(), good);
    record(&mut recordings, &worse(), |case| if case == "kite" { WORSE } else { good(case) });
    let alone = replay(&suite(), &worse(), None, &recordings);
    assert!(alone.passed(), "{alone:?}");
    let compared = replay(&suite(), &worse(), Some(&production()), &recordings);
    assert!(!compared.passed());
    assert_eq!(compared.reasons.len(), 1, "{:?}", compared.reasons);
    assert_eq!(compared, replay(&suite(), &worse(), Some(&production()), &recordings), "the seed is fixed");
}

#[test]
fn an_old_answer_does_not_speak_for_a_new_prompt() {
    let mut recordings = Recordings::new();
    record(&mut recordings, &production(), good);
    let result = replay(&suite(), &worse(), Some(&production()), &recordings);
    assert!(!result.passed());
    assert!(result.cases.iter().all(|case| !case.is_recorded));
    assert!(result.reasons.contains(&"the case `kite` has no recorded answer to this request".to_owned()));
    // Neither do answers to other parameters, or with another schema.
    for (from, to) in
        [("temperature: 0.2", "temperature: 0.9"), ("alt: string, the", "alt: string, some"), ("route:vision", "x")]
    {
        let mut sources = library();
        let text = sources.prompts.get_mut("alt_text").expect("there");
        assert!(text.contains(from), "{from}");
        *text = text.replace(from, to);
        let result = replay(&suite(), &sources.prompt("alt_text").expect("loads"), None, &recordings);
        assert!(result.cases.iter().all(|case| !case.is_recorded), "{to}");
    }
}

#[test]
fn an_eval_of_another_prompt_counts_for_nothing() {
    let mut recordings = Recordings::new();
    record(&mut recordings, &production(), good);
    let mut other = suite();
    other.prompt = "tags".to_owned();
    assert_eq!(replay(&other, &production(), None, &recordings).reasons, ["the eval is about the prompt `tags`"]);
}

/// Runs one assert on one answer; returns what does not hold.
fn check(assert: Value, answer: &'static str) -> Vec<String> {
    let vars: Map<String, Value> = suite().cases.remove(0).vars;
    let text = json!({"prompt": "alt_text", "cases": [{"name": "one", "vars": vars, "assert": [assert]}]});
    let suite = Suite::parse(&text.to_string()).expect("parses");
    let mut recordings = Recordings::new();
    record(&mut recordings, &production(), |_| answer);
    let EvalResult { mut cases, .. } = replay(&suite, &production(), None, &recordings);
    cases.remove(0).failures
}

#[test]
fn every_assert_holds_and_fails() {
    let alt = |kind: &str, value: Value| json!({"type": kind, "field": "alt", "value": value});
    let table = [
        (json!({"type": "is-json"}), "```json\n{}\n```"),
        (json!({"type": "schema"}), r#"{"alt": "x", "decorative": 1, "evidence": []}"#),
        (alt("max-length", json!(40)), r#"{"alt": "A red kite glides above the dunes, far away."}"#),
        (alt("min-length", json!(30)), r#"{"alt": "A kite."}"#),
        (alt("not-regex", json!("(?i)photo")), r#"{"alt": "A PHOTO"}"#),
        (alt("contains-any", json!(["Kite", "bird"])), r#"{"alt": "Sand."}"#),
        (alt("no-prefix", json!(["image of"])), r#"{"alt": " Image of sand."}"#),
        (alt("equals-golden", json!("A red kite glides above the dunes.")), r#"{"alt": "A red kite."}"#),
        (json!({"type": "cites-source"}), r#"{"evidence": ["tone.2", "tone.9"]}"#),
        (json!({"type": "cites-source", "at_least": 1}), r#"{"evidence": []}"#),
        (alt("max-length", json!(40)), r#"{"text": "no such field"}"#),
    ];
    for (assert, wrong) in table {
        assert_eq!(check(assert.clone(), GOOD), Vec::<String>::new(), "{assert}");
        assert_eq!(check(assert.clone(), wrong).len(), 1, "{assert} on {wrong}");
    }
}

#[test]
fn a_broken_eval_file_is_an_error() {
    let with = |assert: &str| format!("prompt: a\ncases: [{{name: x, vars: {{}}, assert: [{assert}]}}]\n");
    assert!(Suite::parse(&with("{type: is-json}")).is_ok());
    for wrong in ["{type: is-nice}", "{type: not-regex, value: '('}", "{type: max-length, values: 3, value: 1}", ""] {
        assert!(Suite::parse(&with(wrong)).is_err(), "{wrong}");
    }
    assert!(Suite::parse("prompt: a\ncases: []\n").is_err(), "nothing to fail");
    assert!(
        Suite::parse("prompt: a\ngate: {pass_rate: 95}\ncases: [{name: x, vars: {}, assert: [{type: schema}]}]\n")
            .is_err()
    );
}
