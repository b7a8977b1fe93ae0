//! Canaries: whom they meet, whom they leave alone, and what a change of prompts would do before it is made.

use crate::make::{self, described, prompt, verdict};
use asset::canary::{PromptChoice, Share};
use asset::fact::{Arrival, Change, Decision, Fact, Verdict};
use asset::field::{Field, PromptRef};
use asset::ids::AssetId;
use asset::impact::{Fate, Touched, impact};
use asset::manifest::Manifest;
use asset::profile::Profile;
use asset::settle::{Patience, settle};
use asset::task::{Job, Task};
use proptest::prelude::*;
use serde_json::json;

const PROMPT: &str = "alt_text";

fn of(version: &str) -> PromptRef {
    prompt(version).1
}

fn share(per_ten_thousand: u16) -> Share {
    Share::new(per_ten_thousand).expect("a share")
}

/// One version for all.
fn plain(version: &str) -> Profile {
    described("findings").with_prompts([prompt(version)])
}

/// Version 2 for a share, version 1 for the rest.
fn tried_on(per_ten_thousand: u16) -> Profile {
    let choice = PromptChoice::from(of("1.0.0")).with_canary(of("2.0.0"), share(per_ten_thousand));
    described("findings").with_prompts([(Field::AltText, choice)])
}

fn goes_on(manifest: &mut Manifest, facts: Vec<Fact>, profile: &Profile) -> Vec<Task> {
    let settlement = settle(manifest, facts, profile, Patience::default(), 10_000);
    *manifest = settlement.manifest;
    settlement.send
}

/// Does whatever is asked for, and returns what that was.
fn finish(manifest: &mut Manifest, facts: Vec<Fact>, profile: &Profile) -> Vec<Task> {
    let (mut asked, mut facts) = (Vec::new(), facts);
    loop {
        let tasks = goes_on(manifest, facts, profile);
        if tasks.is_empty() {
            return asked;
        }
        facts = tasks.iter().map(make::done).collect();
        asked.extend(tasks);
    }
}

/// An asset that has everything.
fn made(key: &str, profile: &Profile) -> Manifest {
    let asset = AssetId::of_key(key);
    let change = Change::Put(make::version(key));
    let arrival = Arrival { asset: asset.clone(), key: key.into(), sequencer: make::seq(1), at_ms: 1_000, change };
    let mut manifest = Manifest::new(asset);
    finish(&mut manifest, vec![Fact::Arrival(arrival)], profile);
    manifest
}

fn says(manifest: &Manifest, at_ms: u64, decision: Decision) -> Fact {
    let Fact::Verdict(word) = verdict(at_ms, decision) else { unreachable!("a verdict is one") };
    Fact::Verdict(Verdict { asset: manifest.asset.clone(), ..word })
}

fn edit(manifest: &Manifest) -> Fact {
    let source = manifest.version().expect("a version").sha256.clone();
    let decision =
        Decision::EditText { field: Field::AltText, locale: "en".into(), text: "Mine.".into(), source, seen: None };
    says(manifest, 1, decision)
}

fn is_written_by(task: &Task, version: &str) -> bool {
    matches!(&task.job, Job::Write(spec) if spec.prompt == of(version))
}

proptest! {
    #[test]
    fn a_larger_share_holds_everybody_of_a_smaller_one(key in ".{1,40}", a in 1u16..=10_000, b in 1u16..=10_000) {
        let (small, large, asset) = (share(a.min(b)), share(a.max(b)), AssetId::of_key(&key));
        prop_assert!(!small.holds(&asset, PROMPT) || large.holds(&asset, PROMPT));
        prop_assert!(Share::ALL.holds(&asset, PROMPT));
    }

    /// Five standard deviations: once in a million runs by chance, and the keys are given by the seed.
    #[test]
    fn a_share_is_about_as_large_as_it_says(seed in any::<u32>(), per_ten_thousand in 1u16..=10_000) {
        const N: u32 = 4_000;
        let share = share(per_ten_thousand);
        let keys = (0..N).map(|n| AssetId::of_key(&format!("{seed}/picture {n}.jpg")));
        let found = keys.filter(|asset| share.holds(asset, PROMPT)).count() as f64;
        let part = f64::from(per_ten_thousand) / 10_000.0;
        let (mean, deviation) = (f64::from(N) * part, (f64::from(N) * part * (1.0 - part)).sqrt());
        prop_assert!((found - mean).abs() <= 5.0 * deviation + 1.0, "{found} of {N}, {mean} expected");
    }

    /// Starting a canary, raising it and ending it ask for exactly the canary's texts, and for nothing twice.
    #[test]
    fn nobody_outside_a_canary_is_made_anew(key in "[a-z]{1,12}", a in 1u16..=10_000, b in 1u16..=10_000) {
        let (low, high) = (a.min(b), a.max(b));
        let mut manifest = made(&key, &plain("1.0.0"));
        let before = manifest.readiness.clone();
        let mut is_in = false;
        for per_ten_thousand in [low, high] {
            let asked = finish(&mut manifest, Vec::new(), &tried_on(per_ten_thousand));
            let joins = !is_in && share(per_ten_thousand).holds(&manifest.asset, PROMPT);
            is_in |= joins;
            prop_assert_eq!(asked.len(), usize::from(joins));
            prop_assert!(asked.iter().all(|task| is_written_by(task, "2.0.0")));
        }
        // Back: what version 1 wrote is there.
        prop_assert_eq!(finish(&mut manifest, Vec::new(), &plain("1.0.0")), []);
        prop_assert_eq!(&manifest.readiness, &before);
        // On: whoever was in the canary has its words.
        prop_assert_eq!(finish(&mut manifest, Vec::new(), &plain("2.0.0")).len(), usize::from(!is_in));
    }

    #[test]
    fn percent_reads_back(per_ten_thousand in 1u16..=10_000) {
        let share = share(per_ten_thousand);
        prop_assert_eq!(Share::parse_percent(share.to_string().trim_end_matches(" %")), Some(share));
    }
}

#[test]
fn percent_is_read_as_people_write_it() {
    let read = |text: &str| Share::parse_percent(text).map(u16::from);
    for (text, expected) in [("1", 100), ("0.5", 50), ("0.01", 1), ("12.25", 1225), ("100", 10_000), ("007", 700)] {
        assert_eq!(read(text), Some(expected), "{text}");
    }
    for text in ["", "0", "0.00", "100.01", "1.", ".5", "1.234", "-1", "+1", "1,5", "1e1", "1000", "٣"] {
        assert_eq!(read(text), None, "{text}");
    }
    assert_eq!([1, 50, 100, 1225].map(|n| share(n).to_string()), ["0.01 %", "0.5 %", "1 %", "12.25 %"]);
}

/// As another program computes it: the first eight bytes of the SHA-256 as a number, modulo 10,000.
#[test]
fn a_place_is_the_same_for_ever() {
    let asset = AssetId::parse("hero-jpg-38dd4c81922c438a").expect("an id");
    for (prompt, place) in [("alt_text", ALT_PLACE), ("description", DESCRIPTION_PLACE)] {
        assert!(share(place + 1).holds(&asset, prompt) && !share(place).holds(&asset, prompt), "{prompt}");
    }
}

const ALT_PLACE: u16 = 1088;
const DESCRIPTION_PLACE: u16 = 2877;

#[test]
fn without_a_canary_a_choice_is_spelled_as_its_prompt() {
    let json = |value: &PromptChoice| serde_json::to_value(value).expect("JSON");
    let choice = PromptChoice::from(of("1.0.0"));
    assert_eq!(json(&choice), serde_json::to_value(of("1.0.0")).expect("JSON"));
    assert_eq!(choice.clone().with_canary(of("1.0.0"), Share::ALL), choice, "production itself is no canary");
    let tried = choice.with_canary(of("2.0.0"), share(100));
    assert_eq!(json(&tried)["canary"], json!({"prompt": of("2.0.0"), "share": 100}));
    assert_ne!(plain("1.0.0").digest(), tried_on(100).digest());
    assert_ne!(tried_on(200).digest(), tried_on(100).digest());
}

fn fates(manifest: &Manifest, now: &Profile, then: &Profile) -> Vec<Fate> {
    impact(manifest, Field::AltText, now, then).into_iter().map(|touched| touched.fate).collect()
}

#[test]
fn what_a_change_would_do_is_what_it_does() {
    let (old, new) = (plain("1.0.0"), plain("2.0.0"));
    let mut manifest = made("hero.jpg", &old);
    assert_eq!(fates(&manifest, &old, &old), []);
    let [Touched { collection, locale, fate: Fate::Remade(task), written: Some(written) }] =
        &impact(&manifest, Field::AltText, &old, &new)[..]
    else {
        panic!("one text is made anew")
    };
    assert_eq!((collection.as_str(), locale.as_str(), written.text.as_str()), ("default", "en", "A hero."));
    let mut changed = manifest.clone();
    assert_eq!(goes_on(&mut changed, Vec::new(), &new), [(**task).clone()]);
    // There and back: both versions' words are there.
    finish(&mut changed, Vec::new(), &new);
    assert_eq!(fates(&changed, &new, &old), [Fate::Settled]);
    // A person's words.
    let fact = edit(&manifest);
    finish(&mut manifest, vec![fact], &old);
    assert_eq!(fates(&manifest, &old, &new), [Fate::Human]);
    assert_eq!(goes_on(&mut manifest, Vec::new(), &new), []);
    // Nobody knows yet what it is.
    assert_eq!(fates(&Manifest::new(AssetId::of_key("new.jpg")), &old, &new), []);
}

#[test]
fn a_canary_touches_its_share_of_a_hundred_assets() {
    let (now, then) = (plain("1.0.0"), tried_on(2_000));
    let assets: Vec<Manifest> = (0..100).map(|n| made(&format!("{n}.jpg"), &now)).collect();
    let touched = assets.iter().filter(|manifest| !fates(manifest, &now, &then).is_empty()).count();
    let inside = assets.iter().filter(|manifest| share(2_000).holds(&manifest.asset, PROMPT)).count();
    assert_eq!(touched, inside);
    assert!((8..=32).contains(&inside), "{inside}");
}
