//! Texts: what a model wrote and what a person made of it, in every order.

use crate::make::{self, described, prompt, put, verdict};
use asset::fact::{Decision, Fact, Outcome};
use asset::field::{Field, FieldState, FieldStatus, Finding, Severity, Written};
use asset::ids::Sha256;
use asset::manifest::Manifest;
use asset::profile::Profile;
use asset::readiness::{State, StepStatus};
use asset::refusal::RefusalCode;
use asset::settle::{Patience, settle};
use asset::task::{Job, Task};
use asset::why::{provenance, why};

struct Life {
    manifest: Manifest,
    profile: Profile,
    sent: Vec<Task>,
}

impl Life {
    /// A picture that has everything but its text; the task of that was sent.
    fn new(profile: Profile) -> Self {
        let mut life = Life { manifest: Manifest::new(make::asset()), profile, sent: Vec::new() };
        life.arrive(1, "one");
        life
    }

    fn arrive(&mut self, n: u64, bytes: &str) {
        self.settle(vec![put(n, bytes)]);
        self.answer();
        let pictures: Vec<Fact> = self.sent.iter().filter(|task| !is_text(task)).map(make::done).collect();
        let texts: Vec<Task> = self.sent.iter().filter(|task| is_text(task)).cloned().collect();
        self.settle(pictures);
        self.sent = texts;
    }

    fn settle(&mut self, facts: Vec<Fact>) {
        let settlement = settle(&self.manifest, facts, &self.profile, Patience::default(), 10_000);
        (self.manifest, self.sent) = (settlement.manifest, settlement.send);
    }

    fn answer(&mut self) {
        self.settle(self.sent.iter().map(make::done).collect());
    }

    /// The model writes.
    fn write(&mut self, text: &str, severities: &[Severity]) {
        let finding = |severity: &Severity| Finding { check: "c".into(), severity: *severity, words: "w".into() };
        let [task] = &self.sent[..] else { panic!("one text was asked for: {:?}", self.sent) };
        let Job::Write(spec) = &task.job else { panic!("no text was asked for") };
        let outcome = make::written(spec, text, severities.iter().map(finding).collect());
        self.settle(vec![make::result(task, outcome)]);
    }

    fn say(&mut self, at_ms: u64, decision: Decision) {
        self.settle(vec![verdict(at_ms, decision)]);
    }

    fn text(&self) -> &FieldState {
        &self.manifest.readiness.fields[0]
    }

    fn stands(&self) -> (State, FieldStatus, Option<&str>) {
        (self.manifest.readiness.state, self.text().status, self.text().text.as_deref())
    }

    fn digest(&self) -> Sha256 {
        self.text().written.as_ref().map(Written::digest).expect("the model wrote")
    }
}

fn is_text(task: &Task) -> bool {
    matches!(task.job, Job::Write(_))
}

fn approve(value: Sha256) -> Decision {
    Decision::ApproveText { field: Field::AltText, locale: "en".into(), value }
}

fn reject(value: Sha256) -> Decision {
    Decision::RejectText { field: Field::AltText, locale: "en".into(), value }
}

fn edit(text: &str, on: &str) -> Decision {
    let source = Sha256::of(on.as_bytes());
    Decision::EditText { field: Field::AltText, locale: "en".into(), text: text.into(), source, seen: None }
}

fn release() -> Decision {
    Decision::ReleaseText { field: Field::AltText, locale: "en".into() }
}

#[test]
fn a_picture_is_ready_when_its_text_is() {
    let mut life = Life::new(described("findings"));
    assert_eq!(life.stands(), (State::Processing, FieldStatus::Missing, None));
    life.write("A hero.", &[Severity::Note]);
    assert_eq!(life.stands(), (State::Ready, FieldStatus::Machine, Some("A hero.")));
}

#[test]
fn what_a_check_found_waits_for_a_person() {
    let mut life = Life::new(described("findings"));
    life.write("A heroo.", &[Severity::Warn]);
    assert_eq!(life.stands(), (State::InReview, FieldStatus::InReview, None));
    life.say(1, approve(life.digest()));
    assert_eq!(life.stands(), (State::Ready, FieldStatus::Approved, Some("A heroo.")));
    life.say(2, reject(life.digest()));
    assert_eq!(life.stands(), (State::ReadyWithGaps, FieldStatus::Rejected, None));
    let first = why(&life.manifest, 20_000).remove(0).text;
    assert!(first.starts_with("ready with gaps: alt text in en: ada rejected"), "{first}");
    life.say(3, edit("A hero.", "one"));
    assert_eq!(life.stands(), (State::Ready, FieldStatus::Human, Some("A hero.")));
    assert_eq!(life.text().by.as_deref(), Some("ada"));
    life.say(4, release());
    assert_eq!(life.stands(), (State::InReview, FieldStatus::InReview, None));
}

#[test]
fn a_profile_can_ask_for_a_person_always() {
    let mut life = Life::new(described("always"));
    life.write("A hero.", &[]);
    assert_eq!(life.stands(), (State::InReview, FieldStatus::InReview, None));
}

#[test]
fn a_word_on_other_words_counts_for_nothing() {
    let mut life = Life::new(described("findings"));
    life.write("A heroo.", &[Severity::Fail]);
    let of_another = Sha256::of(b"other words");
    life.say(1, approve(of_another));
    assert_eq!(life.stands(), (State::InReview, FieldStatus::InReview, None));
    let first = life.digest();
    life.say(2, approve(first));
    life.arrive(2, "two");
    life.write("A heroine.", &[Severity::Fail]);
    assert_eq!(
        life.stands(),
        (State::InReview, FieldStatus::InReview, None),
        "the approval was of the first picture's words"
    );
}

#[test]
fn a_persons_words_survive_and_nobody_is_paid_to_replace_them() {
    let mut life = Life::new(described("findings"));
    life.write("A hero.", &[]);
    life.say(1, edit("Our hero.", "one"));
    // Another prompt would have been asked for another text.
    life.profile = described("findings").with_prompts([prompt("2.0.0")]);
    life.settle(Vec::new());
    assert_eq!(life.sent, []);
    assert_eq!(life.stands(), (State::Ready, FieldStatus::Human, Some("Our hero.")));
    // Another picture: the words stay, somebody has to look, and the model makes a proposal.
    life.arrive(2, "two");
    assert_eq!(life.stands(), (State::Processing, FieldStatus::Stale, Some("Our hero.")));
    life.write("A heroine.", &[]);
    assert_eq!(life.stands(), (State::InReview, FieldStatus::Stale, Some("Our hero.")));
    life.say(2, approve(life.digest()));
    assert_eq!(life.stands(), (State::Ready, FieldStatus::Approved, Some("A heroine.")));
}

#[test]
fn without_a_model_the_text_is_blocked_and_the_way_out_is_said() {
    let mut profile = described("findings");
    profile.models.vision = None;
    let life = Life::new(profile);
    assert_eq!(life.sent, [], "nobody is asked");
    assert_eq!(life.stands(), (State::ReadyWithGaps, FieldStatus::Missing, None));
    let step = life.manifest.readiness.steps.last().expect("a step");
    let StepStatus::Refused { refusal } = &step.status else { panic!("{step:?}") };
    assert_eq!(refusal.code, RefusalCode::Blocked);
    assert_eq!(refusal.found, "no model is configured for alt text");
    assert!(refusal.way_out.contains("vision = "), "{refusal}");
    let mut life = life;
    life.say(1, edit("Our hero.", "one"));
    assert_eq!(life.stands(), (State::Ready, FieldStatus::Human, Some("Our hero.")));
}

#[test]
fn a_persons_words_fill_the_gap_that_a_model_left() {
    let mut life = Life::new(described("findings"));
    life.settle(vec![make::refused(&life.sent[0].clone())]);
    assert_eq!(life.stands(), (State::ReadyWithGaps, FieldStatus::Missing, None));
    life.say(1, edit("Our hero.", "one"));
    assert_eq!(life.stands(), (State::Ready, FieldStatus::Human, Some("Our hero.")));
}

#[test]
fn the_task_changes_with_everything_that_decides_the_words() {
    let id = |profile: &Profile| Life::new(profile.clone()).sent[0].id();
    let first = id(&described("findings"));
    assert_eq!(first, id(&described("always")), "who looks at it does not change the words");
    let mut other = described("findings");
    other.models.vision = Some("oracle".into());
    assert_ne!(first, id(&other));
    assert_ne!(first, id(&described("findings").with_prompts([prompt("2.0.0")])));
    let mut longer = described("findings");
    longer.collections[0].texts[0].max_characters = 151;
    assert_ne!(first, id(&longer));
}

#[test]
fn any_order_of_the_same_facts_gives_the_same_texts() {
    let mut life = Life::new(described("findings"));
    let task = life.sent[0].clone();
    life.write("A heroo.", &[Severity::Warn]);
    let Job::Write(spec) = &task.job else { panic!("no text was asked for") };
    let finding = Finding { check: "c".into(), severity: Severity::Warn, words: "w".into() };
    let outcome: Outcome = make::written(spec, "A heroo.", vec![finding]);
    let facts = [
        make::result(&task, outcome),
        verdict(1, edit("Mine.", "one")),
        verdict(2, approve(life.digest())),
        verdict(3, reject(life.digest())),
    ];
    let base = Life::new(described("findings"));
    let mut seen = Vec::new();
    // Every order of four.
    for a in 0..4 {
        for b in (0..4).filter(|b| *b != a) {
            for c in (0..4).filter(|c| *c != a && *c != b) {
                let mut life =
                    Life { manifest: base.manifest.clone(), profile: base.profile.clone(), sent: Vec::new() };
                for index in [a, b, c, 6 - a - b - c] {
                    life.settle(vec![facts[index].clone(), facts[index].clone()]);
                }
                seen.push((life.manifest.readiness.clone(), life.manifest.verdicts.clone()));
            }
        }
    }
    assert_eq!(seen.len(), 24);
    assert!(seen.iter().all(|one| *one == seen[0]));
    assert_eq!(seen[0].0.fields[0].status, FieldStatus::Rejected);
}

#[test]
fn why_says_whose_words_they_are_and_where_they_came_from() {
    let mut life = Life::new(described("findings"));
    life.write("A heroo\u{202e}.", &[Severity::Warn]);
    let lines: Vec<String> = why(&life.manifest, 20_000).iter().map(|line| line.text.clone()).collect();
    let has = |part: &str| assert!(lines.iter().any(|line| line.contains(part)), "{part}: {lines:#?}");
    has("write alt text in en: done in 20 ms, 9 characters by seer-2 for $0.001100");
    has("alt text in en: a model's words wait for a person: \"A heroo⟨U+202E⟩.\"");
    has("alt text in en: c: w");
    life.say(1, edit("A hero.", "one"));
    let rows = provenance(&life.manifest, Field::AltText, None);
    let value = |name: &str| rows.iter().find(|row| row.0 == name).map(|row| row.1.as_str());
    assert_eq!(value("text"), Some("\"A hero.\""));
    assert_eq!(value("cost"), Some("$0.001100"));
    assert_eq!(value("model answered"), Some("seer-2"));
    assert!(value("verdict").expect("a verdict").contains("ada wrote \"A hero.\""), "{rows:?}");
    assert_eq!(provenance(&life.manifest, Field::Description, None), []);
}
