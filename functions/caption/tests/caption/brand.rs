//! The brand guide on its way: from the profile to the model, and back to the checks.

use crate::world;
use asset::field::Written;
use asset::profile::Profile;
use asset::task::Job;
use models::double::{Reply, Rule};
use runtime::Failure;
use serde_json::json;
use std::sync::Arc;
use text::brand::with_guide;

const GUIDE: &str = "# Brand\n\n### names.1 must: Our name\n\nWrite the product's name as one word.\n\n- spell: Green Room -> Greenroom\n\n\
    ### tone.1 should\n\nPlain words.\n";

/// Asks for a text under a brand guide, of a model that says `alt` and cites `evidence`.
async fn under_the_guide(alt: &str, evidence: &[&str]) -> (Written, String) {
    let json = json!({"alt": alt, "decorative": false, "evidence": evidence});
    let mut world =
        world(vec![Rule { reply: Reply { json: Some(json), ..Reply::default() }, ..Rule::default() }]).await;
    let profile = "[brand]\nfile = \"brand.md\"\n[[collection]]\nname = \"press\"\nkeys = [\"**\"]\njpeg = { quality = 80 }\n\
         [[collection.view]]\nname = \"whole\"\nwidths = [320]\n[[collection.text]]\nfield = \"alt_text\"\nlocale = \"en\"\n";
    let profile = Profile::parse_with("profile.toml", profile, |_| Ok(GUIDE.to_owned())).expect("a profile");
    let (profile, guide) = with_guide(profile).expect("a guide");
    let mut task = world.task("map.jpg").await;
    task.collection = "press".into();
    let Job::Write(spec) = &mut task.job else { panic!("a text") };
    spec.brand = profile.collections[0].texts[0].brand.clone();
    assert!(spec.brand.is_some());
    // Whoever has another guide waits, and asks nobody.
    assert!(matches!(world.handle(&task, "d0").await, Err(Failure::Retry { .. })));
    Arc::get_mut(&mut world.caption).expect("nobody else has it").guide = guide;
    world.handle(&task, "d1").await.expect("handles");
    let asked = world.calls()[0]["body"].to_string();
    (world.written(&task).await, asked)
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
