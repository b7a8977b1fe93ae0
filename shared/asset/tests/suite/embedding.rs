//! The step that makes an asset findable by meaning: when it is asked for, of what, and what its failure costs.

use crate::make::{self, delete, described, mapped, put, verdict};
use asset::catalog::CatalogEntry;
use asset::embedding::EmbedSpec;
use asset::fact::{Decision, Fact, Outcome};
use asset::field::{Field, Finding, Severity};
use asset::ids::Sha256;
use asset::manifest::Manifest;
use asset::profile::Profile;
use asset::readiness::State;
use asset::settle::{Patience, settle};
use asset::task::{Job, Task};
use asset::why::why;

struct Life {
    manifest: Manifest,
    profile: Profile,
    sent: Vec<Task>,
}

impl Life {
    /// A picture that has everything but its text; the task of that was sent.
    fn new(profile: Profile) -> Self {
        let mut life = Life { manifest: Manifest::new(make::asset()), profile, sent: Vec::new() };
        life.settle(vec![put(1, "one")]);
        life.settle(life.sent.iter().map(make::done).collect());
        let pictures = life.sent.iter().filter(|task| matches!(task.job, Job::Render { .. })).map(make::done).collect();
        let texts = life.sent.iter().filter(|task| !matches!(task.job, Job::Render { .. })).cloned().collect();
        life.settle(pictures);
        life.sent.extend::<Vec<Task>>(texts);
        life
    }

    fn settle(&mut self, facts: Vec<Fact>) {
        let settlement = settle(&self.manifest, facts, &self.profile, Patience::default(), 10_000);
        (self.manifest, self.sent) = (settlement.manifest, settlement.send);
    }

    fn answer(&mut self) {
        self.settle(self.sent.iter().map(make::done).collect());
    }

    /// The text that is to be mapped, if exactly that was asked for.
    fn mapped(&self) -> Option<&str> {
        match &self.sent[..] {
            [Task { job: Job::Embed(EmbedSpec { text, .. }), .. }] => Some(text),
            _ => None,
        }
    }

    fn edit(&mut self, at_ms: u64, text: &str) {
        let source = Sha256::of(b"one");
        let (field, locale) = (Field::AltText, "en".to_owned());
        let decision = Decision::EditText { field, locale, text: text.into(), source, seen: None };
        self.settle(vec![verdict(at_ms, decision)]);
    }

    fn state(&self) -> State {
        self.manifest.readiness.state
    }

    fn entry(&self) -> CatalogEntry {
        CatalogEntry::of(&self.manifest)
    }
}

#[test]
fn it_is_asked_for_once_the_texts_are_there() {
    let mut life = Life::new(mapped("findings"));
    assert_eq!(life.sent.len(), 1, "the text, and nothing else yet: {:?}", life.sent);
    life.answer();
    assert_eq!(life.mapped(), Some("A hero.\nhero"));
    assert_eq!((life.state(), life.entry().vector), (State::Processing, None));
    let task = life.sent[0].clone();
    life.answer();
    assert_eq!((life.state(), life.sent.len()), (State::Ready, 0));
    let Outcome::Embedded(expected) =
        make::embedded(&EmbedSpec { model: "compass".into(), text: "A hero.\nhero".into() })
    else {
        unreachable!("it is mapped")
    };
    assert_eq!(life.entry().vector, expected.point());
    assert_eq!(life.entry().texts, ["A hero."]);
    let lines: Vec<String> = why(&life.manifest, 20_000).iter().map(|line| line.text.clone()).collect();
    assert!(lines.contains(&"embed: done in 20 ms, 3 numbers by compass-1 for $0.000001".to_owned()), "{lines:#?}");
    assert_eq!((task.job.capability(), task.job.patience()), ("embed", 24));
}

#[test]
fn without_a_model_nobody_is_asked() {
    let mut life = Life::new(described("findings"));
    life.answer();
    assert_eq!((life.state(), life.sent.len(), life.entry().vector), (State::Ready, 0, None));
}

#[test]
fn words_that_wait_for_a_person_are_neither_sent_nor_paid() {
    let mut life = Life::new(mapped("findings"));
    let Job::Write(spec) = &life.sent[0].job else { panic!("a text is asked for") };
    let finding = Finding { check: "c".into(), severity: Severity::Warn, words: "w".into() };
    let written = make::written(spec, "A heroo.", vec![finding]);
    life.settle(vec![make::result(&life.sent[0].clone(), written)]);
    assert_eq!((life.state(), life.sent.len()), (State::InReview, 0));
    assert_eq!(life.entry().texts, [] as [&str; 0]);
    life.edit(1, "Our hero.");
    assert_eq!(life.mapped(), Some("Our hero.\nhero"));
    life.answer();
    assert_eq!((life.state(), life.entry().texts), (State::Ready, vec!["Our hero.".to_owned()]));
}

#[test]
fn other_words_are_mapped_anew_and_the_same_are_not() {
    let mut life = Life::new(mapped("findings"));
    life.answer();
    life.answer();
    let first = life.entry().vector.expect("it is mapped");
    life.edit(1, "Our hero.");
    assert_eq!((life.mapped(), life.entry().vector), (Some("Our hero.\nhero"), None));
    life.answer();
    assert_ne!(life.entry().vector.as_ref(), Some(&first));
    life.settle(vec![verdict(2, Decision::ReleaseText { field: Field::AltText, locale: "en".into() })]);
    assert_eq!((life.sent.len(), life.entry().vector), (0, Some(first)), "what was mapped once is still known");
    // Another model maps into another space.
    life.profile.models.embedding = Some("needle".into());
    life.settle(Vec::new());
    assert_eq!((life.mapped(), life.entry().vector), (Some("A hero.\nhero"), None));
}

#[test]
fn a_refusal_is_a_gap_like_any_other() {
    let mut life = Life::new(mapped("findings"));
    life.answer();
    let task = life.sent[0].clone();
    life.settle(vec![make::refused(&task)]);
    assert_eq!((life.state(), life.entry().vector), (State::ReadyWithGaps, None));
    assert_eq!(life.entry().texts, ["A hero."], "words find it all the same");
    life.settle(vec![make::retry(3, task.id())]);
    assert_eq!(life.mapped(), Some("A hero.\nhero"));
    life.answer();
    assert_eq!(life.state(), State::Ready);
}

#[test]
fn what_is_gone_has_no_vector() {
    let mut life = Life::new(mapped("findings"));
    life.answer();
    life.answer();
    assert!(life.entry().vector.is_some());
    life.settle(vec![delete(9)]);
    let entry = life.entry();
    assert_eq!((entry.state, entry.vector, entry.texts.len()), (State::Deleted, None, 0));
}

#[test]
fn a_profile_names_the_model() {
    let text = format!("[models]\nembedding = \"compass\"\n{}", make::SMALL);
    let profile = Profile::parse("p.toml", &text).expect("the profile is valid");
    assert_eq!(profile.models.embedding.as_deref(), Some("compass"));
    let empty = Profile::parse("p.toml", &text.replace("compass", "")).expect_err("it is empty").to_string();
    assert!(empty.contains("models.embedding: it is empty"), "{empty}");
    let mut without = profile.clone();
    without.models.embedding = None;
    assert_ne!(profile.digest(), without.digest(), "a sweep sees the difference");
}

#[test]
fn without_texts_the_name_is_mapped() {
    let text = format!("[models]\nembedding = \"compass\"\n{}", make::SMALL);
    let life = Life::new(Profile::parse("p.toml", &text).expect("the profile is valid"));
    assert_eq!(life.mapped(), Some("hero"));
}
