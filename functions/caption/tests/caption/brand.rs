//! The brand guide on its way: from the profile to the model, and back to the checks.

use crate::{World, world};
use asset::field::{Field, Material, Written};
use asset::profile::Profile;
use asset::task::Job;
use models::double::{Reply, Rule};
use runtime::Failure;
use serde_json::json;
use std::sync::Arc;
use text::brand::{Guide, material, rules_for, with_guide};
use vision::Relevance;

const GUIDE: &str = "# Brand\n\n### names.1 must: Our name\n\nWrite the product's name as one word.\n\n- spell: Green Room -> Greenroom\n\n\
    ### tone.1 should\n\nPlain words.\n";

/// Asks for a text under a brand guide, of a model that says `alt` and cites `evidence`.
async fn under_the_guide(alt: &str, evidence: &[&str]) -> (Written, String) {
    let (_, written, asked) = under(GUIDE, None, vec![says(alt, evidence)]).await;
    (written, asked)
}

fn says(alt: &str, evidence: &[&str]) -> Rule {
    let json = json!({"alt": alt, "decorative": false, "evidence": evidence});
    Rule { reply: Reply { json: Some(json), ..Reply::default() }, ..Rule::default() }
}

/// Asks for a text under a guide; `embedding` chooses among its rules.
async fn under(guide: &str, embedding: Option<&str>, rules: Vec<Rule>) -> (World, Written, String) {
    let mut world = world(rules).await;
    let models = embedding.map(|name| format!("[models]\nembedding = \"{name}\"\n")).unwrap_or_default();
    let profile = "[brand]\nfile = \"brand.md\"\n[[collection]]\nname = \"press\"\nkeys = [\"**\"]\njpeg = { quality = 80 }\n\
         [[collection.view]]\nname = \"whole\"\nwidths = [320]\n[[collection.text]]\nfield = \"alt_text\"\nlocale = \"en\"\n";
    let profile = models + profile;
    let profile = Profile::parse_with("profile.toml", &profile, |_| Ok(guide.to_owned())).expect("a profile");
    let (profile, guide) = with_guide(profile).expect("a guide");
    let mut task = world.task("map.jpg").await;
    task.collection = "press".into();
    let Job::Write(spec) = &mut task.job else { panic!("a text") };
    spec.brand = profile.collections[0].texts[0].brand.clone();
    assert!(spec.brand.is_some());
    // Whoever has another guide waits, and asks nobody.
    assert!(matches!(world.handle(&task, "d0").await, Err(Failure::Retry { .. })));
    let caption = Arc::get_mut(&mut world.caption).expect("nobody else has it");
    (caption.guide, caption.relevance) = (guide, embedding.map(Relevance::new));
    world.handle(&task, "d1").await.expect("handles");
    let calls = world.calls();
    let asked = calls.iter().find(|call| call["operation"] == "Converse").expect("it was asked")["body"].to_string();
    let written = world.written(&task).await;
    (world, written, asked)
}

/// One rule that must be kept, and more others than a model is given; only the last one is about maps.
fn long_guide() -> String {
    let rule = |n: usize| format!("### style.{n} should\n\nSay nothing about the number {n}.\n\n");
    let rules: String = (1..=40).map(rule).collect();
    format!("{GUIDE}\n{rules}### maps.1 should\n\nName the projection.\n")
}

/// What the mapper says: everything lies in one direction, but the picture and the rule about maps in another.
fn maps(n_calls: &[u64]) -> Vec<Rule> {
    let point = |at: usize| {
        let values: Vec<f32> = (0..1024).map(|i| f32::from(u8::from(i == at))).collect();
        Some(json!({"embedding": values, "inputTextTokenCount": 5, "message": null}))
    };
    let of = |body: Option<&str>, at: usize| Rule {
        operation: Some("InvokeModel".into()),
        body: body.map(str::to_owned),
        reply: Reply { json: point(at), ..Reply::default() },
        ..Rule::default()
    };
    let away = Reply { error: Some("AccessDeniedException".into()), ..Reply::default() };
    let away = Rule { operation: Some("InvokeModel".into()), calls: n_calls.to_vec(), reply: away, ..Rule::default() };
    let mut rules =
        vec![of(Some("inputImage"), 1), of(Some("projection"), 1), of(None, 0), says("A world map.", &["maps.1"])];
    if !n_calls.is_empty() {
        rules.insert(0, away);
    }
    rules
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_long_guide_the_rules_about_the_picture_are_given() {
    let (world, written, asked) = under(&long_guide(), Some("mapper"), maps(&[])).await;
    let at = |rule: &str| asked.find(&format!("{rule}\\\""));
    assert!(at("names.1") < at("maps.1") && at("maps.1") < at("style.1") && at("names.1").is_some(), "{asked:.9000}");
    assert_eq!((at("style.21").is_some(), at("style.22")), (true, None), "24 rules in all");
    assert_eq!(written.evidence, ["maps.1"]);
    assert!(!written.provenance.warnings.iter().any(|warning| warning.contains("guide")), "{written:?}");
    let n_mapped = world.calls().iter().filter(|call| call["operation"] == "InvokeModel").count();
    assert_eq!(n_mapped, 1 + 43, "the picture, and every rule");
    // Another picture under the same guide: the rules are known.
    let mut task = world.task("other.jpg").await;
    let Job::Write(spec) = &mut task.job else { panic!("a text") };
    (spec.brand, spec.max_characters) = (Some(material_of(&long_guide())), 90);
    task.collection = "press".into();
    world.handle(&task, "d2").await.expect("handles");
    let n_now = world.calls().iter().filter(|call| call["operation"] == "InvokeModel").count();
    assert_eq!(n_now, n_mapped + 1);
}

fn material_of(guide: &str) -> Material {
    let guide = Guide::parse("brand.md", guide).expect("a guide");
    material("brand.md", &rules_for(&guide, Field::AltText, "press", "en"), Some("mapper"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_does_not_wait_for_who_chooses_rules() {
    let all: Vec<u64> = (1..=100).collect();
    let (_, written, asked) = under(&long_guide(), Some("mapper"), maps(&all)).await;
    assert!(asked.contains("style.1\\\"") && !asked.contains("maps.1\\\""), "the guide's order");
    let warnings = &written.provenance.warnings;
    let is_said = |warning: &String| warning.contains("in the guide's order") && warning.contains("mapper");
    assert!(warnings.iter().any(is_said), "{warnings:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_brand_guide_is_given_cited_and_checked() {
    let (written, asked) = under_the_guide("A map in Greenroom.", &["names.1"]).await;
    assert!(
        asked.contains("DATA brand_rules [{") && asked.contains("names.1") && asked.contains("tone.1"),
        "{asked:.6000}"
    );
    assert_eq!((written.findings.len(), &written.evidence[..]), (0, &["names.1".to_owned()][..]), "{written:?}");
    let (broken, _) = under_the_guide("A map in Green Room.", &["names.1"]).await;
    assert_eq!(broken.findings[0].check, "brand_spelling");
    assert!(broken.needs_a_person());
    let (made_up, _) = under_the_guide("A map in Greenroom.", &["names.1", "names.9"]).await;
    assert_eq!(
        (made_up.findings[0].check.as_str(), &made_up.evidence[..]),
        ("brand_citation", &["names.1".to_owned()][..])
    );
    assert!(made_up.needs_a_person());
}
