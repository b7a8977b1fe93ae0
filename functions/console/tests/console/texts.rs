//! Texts: where each stands, and an editor's word on it, by forms alone.

use crate::life::{ALT, DESCRIPTION, Life, says, value, with, written};
use crate::world::{ask, bearer, text};
use asset::fact::{Decision, Outcome};
use asset::field::Field::{AltText, Description};
use asset::field::{Field, Finding, Severity, WriteSpec};
use asset::ids::Sha256;
use asset::refusal::{Refusal, RefusalCode};
use axum::body::Body;
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

const PIER: &str = "A wooden pier at dusk";
const ARABIC: &str = "رصيف خشبي عند الغسق";

fn pier(spec: &WriteSpec) -> Outcome {
    says(spec, if spec.field == AltText { PIER } else { ARABIC })
}

fn doubted(spec: &WriteSpec) -> Outcome {
    let finding = |check: &str, severity, words: &str| Finding { check: check.into(), severity, words: words.into() };
    let findings = vec![
        finding("file_name", Severity::Fail, "it is the file's name"),
        finding("too_long", Severity::Warn, "it has 160 characters"),
        finding("style", Severity::Note, "it begins with a noun"),
    ];
    Outcome::Written(Box::new(written(spec, PIER, findings)))
}

fn decorative(spec: &WriteSpec) -> Outcome {
    says(spec, "")
}

fn edit(text: &str, seen: &str, source: &[u8]) -> Decision {
    Decision::EditText {
        field: AltText,
        locale: "en".into(),
        text: text.into(),
        source: Life::version(source),
        seen: Some(digest(seen)),
    }
}

fn digest(text: &str) -> Sha256 {
    Sha256::parse(text).expect("a digest")
}

/// Returns which decisions a card offers.
async fn offers(life: &Life, field: Field, locale: &str) -> Vec<&'static str> {
    let mut offered = Vec::new();
    for decision in ["approve_text", "reject_text", "edit_text", "release_text"] {
        if life.form(field, locale, decision).await.is_some() {
            offered.push(decision);
        }
    }
    offered
}

fn holds(card: &str, parts: &[&str]) {
    for part in parts {
        assert!(card.contains(part), "no `{part}` in {card}");
    }
}

#[tokio::test]
async fn what_a_model_wrote_is_shown_and_decided() {
    let mut life = Life::new(ALT, pier).await;
    let card = life.card(AltText, "en").await;
    holds(
        &card,
        &["By a model</span>", "In force, written by a model", PIER, "lang=\"en\" dir=\"auto\"", "seer-2", "$0.001234"],
    );
    holds(&card, &["<dt>prompt</dt>", "data-max=\"150\"", "<details class=\"from\""]);
    assert_eq!(card.matches(&format!(">{PIER}</p>")).count(), 1, "the words are shown once");
    assert_eq!(offers(&life, AltText, "en").await, ["approve_text", "reject_text", "edit_text"]);

    let form = life.form(AltText, "en", "approve_text").await.expect("it can be approved");
    let value = digest(value(&form, "value"));
    assert_eq!(
        life.decide(&form).await,
        Decision::ApproveText { field: AltText, locale: "en".into(), value: value.clone() }
    );
    holds(&life.card(AltText, "en").await, &["Approved</span>", "approved by <bdi>ada</bdi>"]);
    assert_eq!(offers(&life, AltText, "en").await, ["reject_text", "edit_text"]);
    // The form of the page before: there is nothing left to do.
    let (status, page, _) = life.submit(&form).await;
    assert_eq!(status, StatusCode::CONFLICT);
    holds(&page, &["approved already", &format!("href=\"{}\"", life.page_address())]);

    let form = life.form(AltText, "en", "reject_text").await.expect("it can be rejected");
    assert_eq!(life.decide(&form).await, Decision::RejectText { field: AltText, locale: "en".into(), value });
    let card = life.card(AltText, "en").await;
    holds(&card, &["Rejected</span>", "Nothing is in force", "rejected by <bdi>ada</bdi>", PIER, " open>"]);
    assert_eq!(offers(&life, AltText, "en").await, ["approve_text", "edit_text"]);
    assert_eq!(life.verdicts().await.len(), 2);
}

#[tokio::test]
async fn a_persons_words_stand_before_the_models() {
    let mut life = Life::new(ALT, pier).await;
    let form = life.form(AltText, "en", "edit_text").await.expect("it can be edited");
    assert_eq!(value(&form, "text"), PIER, "the model's words are a start");
    let seen = value(&form, "seen").to_owned();
    let (_, _, location) = life.submit(&with(&form, "text", "  Sunset over the\r\npier \n")).await;
    assert_eq!(location, Some(format!("{}#text-alt_text-en", life.page_address())));
    let verdict = life.verdicts().await.pop().expect("it is recorded");
    assert_eq!(verdict.decision, edit("Sunset over the\npier", &seen, b"first"));
    assert_eq!(verdict.by, "console");
    life.take(verdict.decision).await;

    let card = life.card(AltText, "en").await;
    holds(
        &card,
        &[
            "By a person</span>",
            "written by <bdi>ada</bdi>",
            ">Sunset over the\npier</p>",
            "The model's words, not in force",
        ],
    );
    holds(&card, &[&format!(">{PIER}</p>")]);
    assert_eq!(offers(&life, AltText, "en").await, ["approve_text", "edit_text", "release_text"]);
    let form = life.form(AltText, "en", "edit_text").await.expect("it can be edited");
    assert_eq!(value(&form, "text"), "Sunset over the\r\npier", "the words in force are a start");
    // Nobody can throw a person's words away by rejecting the model's.
    let rejection = with(&with(&form, "decision", "reject_text"), "value", &seen);
    assert_eq!(life.submit(&rejection).await.0, StatusCode::CONFLICT);

    let form = life.form(AltText, "en", "release_text").await.expect("it can be given back");
    assert_eq!(life.decide(&form).await, Decision::ReleaseText { field: AltText, locale: "en".into() });
    holds(&life.card(AltText, "en").await, &["By a model</span>", "In force, written by a model"]);
    assert_eq!(life.submit(&form).await.0, StatusCode::CONFLICT, "there is nothing to give back");
    assert_eq!(life.verdicts().await.len(), 2);
}

#[tokio::test]
async fn what_the_checks_found_waits_for_a_person() {
    let life = Life::new(ALT, doubted).await;
    let card = life.card(AltText, "en").await;
    holds(&card, &["In review</span>", "Nothing is in force", "The model's words, waiting for you", PIER]);
    holds(
        &card,
        &[
            "<strong>Not fit to publish</strong> <code>file_name</code>",
            "<strong>Warning</strong> <code>too_long</code>",
        ],
    );
    holds(&card, &["<strong>Note</strong> <code>style</code>", "it is the file's name"]);
    holds(
        &life.page().await,
        &["Review of alt text in en", "href=\"#text-alt_text-en\"", "alt=\"the whole picture photos/pier.jpg\""],
    );
    assert_eq!(offers(&life, AltText, "en").await, ["approve_text", "reject_text", "edit_text"]);
}

#[tokio::test]
async fn words_for_another_version_ask_to_be_confirmed() {
    let mut life = Life::new(ALT, pier).await;
    let form = with(&life.form(AltText, "en", "edit_text").await.expect("a form"), "text", "Mine\nand \"yours\"");
    life.decide(&form).await;
    life.arrive(b"second").await;
    let card = life.card(AltText, "en").await;
    holds(
        &card,
        &[
            "By a person, for an earlier version",
            "for an earlier version",
            "It still fits",
            "Mine\nand &quot;yours&quot;",
        ],
    );
    holds(&life.page().await, &["Does it still fit?"]);
    assert_eq!(offers(&life, AltText, "en").await, ["approve_text", "edit_text", "release_text"]);

    // As a focal point: what was typed beside the earlier version is kept, and says for which one it was.
    let late = life.decide(&with(&form, "text", "typed before")).await;
    assert_eq!(late, edit("typed before", value(&form, "seen"), b"first"));
    holds(&life.card(AltText, "en").await, &["By a person, for an earlier version", "typed before"]);
    // The first form with an edit is the confirmation.
    let form = life.form(AltText, "en", "edit_text").await.expect("a form");
    assert_eq!(life.decide(&form).await, edit("typed before", value(&form, "seen"), b"second"));
    holds(&life.card(AltText, "en").await, &["By a person</span>", "typed before"]);
    assert!(!life.page().await.contains("Does it still fit?"));
}

#[tokio::test]
async fn a_word_on_words_that_are_gone_is_refused() {
    let mut life = Life::new(ALT, pier).await;
    let approve = life.form(AltText, "en", "approve_text").await.expect("a form");
    let reject = life.form(AltText, "en", "reject_text").await.expect("a form");
    life.writes = |spec| says(spec, "Something else");
    life.change_profile(&format!("{ALT}max_characters = 90\n")).await;
    for form in [&approve, &reject] {
        let (status, page, _) = life.submit(form).await;
        assert_eq!(status, StatusCode::CONFLICT);
        holds(
            &page,
            &["the model has written other words since you saw these", "Back to the asset", &life.page_address()],
        );
    }
    life.writes = |_| Outcome::Refused(Refusal::new(RefusalCode::Blocked, "no", "none"));
    life.change_profile(&format!("{ALT}max_characters = 80\n")).await;
    let (status, page, _) = life.submit(&approve).await;
    assert_eq!((status, page.contains("the words that you saw are not there any more")), (StatusCode::CONFLICT, true));
    assert!(life.verdicts().await.is_empty(), "nothing is recorded");
    // Words that a person typed beside the model's earlier ones are theirs all the same.
    let form = life.form(AltText, "en", "edit_text").await.expect("a form");
    let form = with(&with(&form, "seen", value(&approve, "value")), "text", "Mine");
    assert_eq!(life.decide(&form).await, edit("Mine", value(&approve, "value"), b"first"));
}

#[tokio::test]
async fn a_decorative_picture_has_an_empty_text() {
    let mut life = Life::new(ALT, decorative).await;
    holds(&life.card(AltText, "en").await, &["Empty: the picture is decorative."]);
    let page = life.page().await;
    holds(&page, &["alt=\"the whole picture photos/pier.jpg\""]);
    let form = with(&life.form(AltText, "en", "edit_text").await.expect("a form"), "text", "A pier");
    // The words in force are empty, so the box is ticked; a person who writes takes the tick out.
    assert_eq!(value(&form, "decorative"), "on");
    let seen = value(&form, "seen").to_owned();
    let unticked: Vec<_> = form.iter().filter(|(name, _)| name != "decorative").cloned().collect();
    assert_eq!(life.decide(&unticked).await, edit("A pier", &seen, b"first"));
    holds(&life.page().await, &["alt=\"A pier\" lang=\"en\""]);
    let form = with(&life.form(AltText, "en", "edit_text").await.expect("a form"), "decorative", "on");
    assert_eq!(life.decide(&form).await, edit("", &seen, b"first"));
    holds(&life.card(AltText, "en").await, &["By a person</span>", "Empty: the picture is decorative."]);
}

#[tokio::test]
async fn what_nobody_can_write_says_why_and_a_person_writes_it() {
    let mut life = Life::without_a_model(ALT).await;
    let card = life.card(AltText, "en").await;
    holds(
        &card,
        &["Missing</span>", "No model is configured for alt text.", "Way out: </strong>add `[models]`", "open>"],
    );
    let page = life.page().await;
    holds(
        &page,
        &["refused: write alt text in en", "<strong>write alt text in en</strong> was refused <code>blocked</code>"],
    );
    assert_eq!(offers(&life, AltText, "en").await, ["edit_text"]);
    let form = with(&life.form(AltText, "en", "edit_text").await.expect("a form"), "text", "Mine");
    let source = Life::version(b"first");
    let expected = Decision::EditText { field: AltText, locale: "en".into(), text: "Mine".into(), source, seen: None };
    assert_eq!(life.decide(&form).await, expected);
    holds(&life.card(AltText, "en").await, &["By a person</span>"]);
}

#[tokio::test]
async fn text_that_reads_from_the_right_is_marked() {
    let life = Life::new(&format!("{ALT}{DESCRIPTION}"), pier).await;
    let card = life.card(Description, "ar").await;
    holds(
        &card,
        &["In review</span>", &format!("lang=\"ar\" dir=\"auto\">{ARABIC}</p>"), "data-max=\"300\"", " required"],
    );
    assert!(!card.contains("name=\"decorative\""), "only an alt text can be empty");
    holds(&life.page().await, &[&format!("alt=\"{PIER}\" lang=\"en\"")]);
    let form = life.form(Description, "ar", "edit_text").await.expect("a form");
    let (status, _, _) = life.submit(&with(&form, "decorative", "on")).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn what_people_write_is_bounded() {
    let life = Life::new(ALT, pier).await;
    let form = life.form(AltText, "en", "edit_text").await.expect("a form");
    let long = "🌊".repeat(10_001);
    for (name, text, expected) in [
        ("text", long.as_str(), "the text has 10001 characters and may have 10000"),
        ("text", "a\u{1b}[2J", "a control character (U+001B)"),
        ("text", "a\tb", "a control character (U+0009)"),
        ("text", "a\0", "a control character (U+0000)"),
        ("text", " \r\n ", "tick that the picture is decorative"),
        ("source", "", "does not name the version"),
        ("source", Life::version(b"never").as_str(), "never had the version"),
        ("seen", "../../x", "does not name the words"),
        ("locale", "fr", "asks for no such text"),
        ("locale", "../en", "asks for no such text"),
        ("field", "title", "names no text"),
        ("decision", "boil_text", "names no decision"),
        ("decision", "approve_text", "does not name the words that you saw"),
        ("decision", "release_text", "no person's words are in force"),
    ] {
        let (status, page, _) = life.submit(&with(&form, name, text)).await;
        assert!(status.is_client_error(), "{name}: {status}");
        holds(&page, &[expected]);
        assert_eq!(page.matches("<script").count(), 1);
    }
    // What was typed is not lost, and is as harmless there as on the page.
    let (_, page, _) = life.submit(&with(&form, "text", "</textarea><script>\t\u{202E}")).await;
    holds(&page, &["readonly>\n&lt;/textarea&gt;&lt;script&gt;\t\u{202E}</textarea>"]);
    assert!(life.verdicts().await.is_empty(), "nothing is recorded");
    let (status, _, _) = life.submit(&with(&form, "text", &"🌊".repeat(10_000))).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn forms_of_other_sites_decide_nothing() {
    let life = Life::new(ALT, pier).await;
    let (cookie, _) = life.world.browser().await;
    for address in [life.page_address(), format!("/api{}", life.page_address())] {
        for decision in ["approve_text", "reject_text", "edit_text"] {
            let form = life.form(AltText, "en", decision).await.expect("a form");
            for csrf in ["", "wrong"] {
                let (status, page, _) = life.submit_as(&with(&form, "csrf", csrf), &address, &cookie).await;
                assert_eq!(status, StatusCode::FORBIDDEN, "{decision}: {page}");
            }
            let (status, _, _) = life.submit_as(&form, &address, "greenroom_session=00").await;
            assert_eq!(status, StatusCode::UNAUTHORIZED);
        }
    }
    assert!(life.verdicts().await.is_empty(), "nothing is recorded");
}

const HOSTILE: &str = "\n\"><script>alert(1)</script>' </textarea><img src=x onerror=alert(2)>\u{202E}&amp;";

#[tokio::test]
async fn hostile_words_stay_words() {
    let findings = |spec: &WriteSpec| {
        let finding = Finding { check: "<b>".into(), severity: Severity::Warn, words: HOSTILE.into() };
        let mut written = written(spec, HOSTILE, vec![finding]);
        written.provenance.model_answered = HOSTILE.into();
        Outcome::Written(Box::new(written))
    };
    let mut life = Life::new(ALT, findings).await;
    let approve = life.form(AltText, "en", "approve_text").await.expect("a form");
    life.decide(&approve).await;
    let page = life.page().await;
    assert_eq!(page.matches("<script").count(), 1);
    for markup in ["<img src=x", "<b>", "</textarea><img", "style=\""] {
        assert!(!page.contains(markup), "the page holds `{markup}`");
    }
    let card = life.card(AltText, "en").await;
    holds(&card, &["onerror=alert(2)&gt;⟨U+202E⟩&amp;amp;</p>"]);
    let edit = life.form(AltText, "en", "edit_text").await.expect("a form");
    assert_eq!(value(&edit, "text").replace("\r\n", "\n"), HOSTILE, "what is edited is the exact text");
    // Outside of the one field that is for editing, nothing reorders what people read.
    assert_eq!(page.matches('\u{202E}').count(), 1);
    holds(&page, &["&amp;#x202E;", "alt=\" &quot;&gt;&lt;script&gt;"]);
}

#[tokio::test]
async fn tools_decide_by_json() {
    let life = Life::new(&format!("{ALT}{DESCRIPTION}"), pier).await;
    let address = format!("/api/assets/{}", life.world.asset);
    let (_, body) = life.world.get(&address).await;
    let asset: Value = serde_json::from_str(&body).expect("JSON");
    let fields = &asset["fields"];
    assert_eq!(fields[0]["field"], "alt_text");
    assert_eq!((&fields[0]["status"], &fields[0]["text"]), (&json!("machine"), &json!(PIER)));
    assert_eq!((&fields[1]["status"], &fields[1]["text"]), (&json!("in_review"), &Value::Null));
    assert_eq!(fields[1]["written"], ARABIC);
    assert_eq!(asset["readiness"]["fields"][1]["written"]["provenance"]["model_answered"], "seer-2");

    let say = async |body: Value| {
        let request = ask(Method::POST, &format!("{address}/verdicts"))
            .header("authorization", bearer())
            .header("content-type", "application/json; charset=utf-8");
        let response = life.world.send(request.body(Body::from(body.to_string())).expect("valid")).await;
        let status = response.status();
        (status, serde_json::from_str::<Value>(&text(response).await).expect("JSON"))
    };
    let (value, source) = (&fields[1]["value"], &fields[0]["source"]);
    let about = json!({"decision": "approve_text", "field": "description", "locale": "ar", "value": value});
    let (status, verdict) = say(about).await;
    assert_eq!(
        (status, &verdict["decision"]),
        (
            StatusCode::CREATED,
            &json!(
                {"decision": "approve_text", "field": "description", "locale": "ar", "value": value}
            )
        )
    );
    let seen = &fields[0]["value"];
    let mut empty = json!({"decision": "edit_text", "field": "alt_text", "locale": "en", "decorative": true});
    (empty["source"], empty["seen"]) = (source.clone(), seen.clone());
    assert_eq!(say(empty).await.1["decision"]["text"], "");
    let (status, problem) =
        say(json!({"decision": "reject_text", "field": "alt_text", "locale": "en", "value": value})).await;
    assert_eq!((status, &problem["status"]), (StatusCode::CONFLICT, &json!(409)));
    assert_eq!(say(json!({"field": "alt_text"})).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(say(json!("approve")).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(life.verdicts().await.len(), 2);
}
