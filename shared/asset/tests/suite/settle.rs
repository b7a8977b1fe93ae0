//! A whole life of an asset, step by step.

use crate::make;
use asset::fact::Fact;
use asset::manifest::Manifest;
use asset::profile::Profile;
use asset::readiness::StepStatus;
use asset::settle::{Patience, Settlement, settle};
use asset::task::Task;
use expect_test::{Expect, expect};

struct Life {
    manifest: Manifest,
    profile: Profile,
    now_ms: u64,
    sent: Vec<Task>,
    gave_up: Vec<Fact>,
}

impl Life {
    fn new() -> Self {
        let manifest = Manifest::new(make::asset());
        Life { manifest, profile: make::small(), now_ms: 0, sent: Vec::new(), gave_up: Vec::new() }
    }

    fn settle(&mut self, facts: Vec<Fact>, expected: Expect) {
        let settlement = settle(&self.manifest, facts, &self.profile, Patience::default(), self.now_ms);
        expected.assert_eq(&describe(&settlement));
        assert_eq!(settlement.changed, settlement.manifest.revision > self.manifest.revision);
        self.gave_up = settlement.give_up.into_iter().map(Fact::Result).collect();
        self.manifest = settlement.manifest;
        self.sent = settlement.send;
    }

    /// Answers everything that was sent last.
    fn answered(&self) -> Vec<Fact> {
        self.sent.iter().map(make::done).collect()
    }

    fn ready(&mut self) {
        for _ in 0..3 {
            let facts = self.answered();
            let settlement = settle(&self.manifest, facts, &self.profile, Patience::default(), self.now_ms);
            self.manifest = settlement.manifest;
            self.sent = settlement.send;
        }
    }
}

fn describe(settlement: &Settlement) -> String {
    let readiness = &settlement.manifest.readiness;
    let mut lines = vec![match &readiness.reason {
        Some(reason) => format!("{}: {reason}", readiness.state.as_str()),
        None => readiness.state.as_str().to_owned(),
    }];
    for step in &readiness.steps {
        lines.push(match &step.status {
            StepStatus::Pending => format!("  {}: pending", step.title),
            StepStatus::Done { outputs, .. } => format!("  {}: {} outputs", step.title, outputs.len()),
            StepStatus::Nothing { nothing } => format!("  {}: {}", step.title, nothing.code.as_str()),
            StepStatus::Refused { refusal } => format!("  {}: {}", step.title, refusal.code),
        });
    }
    let of = |task: &Task| {
        let source = &task.source.as_str()[..8];
        let (title, attempt) = (task.job.title(), task.attempt.as_str());
        format!("send {title} of {source} (generation {}, attempt {attempt})", task.generation)
    };
    lines.extend(settlement.send.iter().map(of));
    lines.extend(settlement.give_up.iter().map(|result| format!("give up {}", result.capability)));
    if !settlement.changed {
        lines.push("nothing new".into());
    }
    lines.join("\n")
}

#[test]
fn from_arrival_to_ready() {
    let mut life = Life::new();
    life.settle(vec![], expect!["processing: nothing has arrived yet"]);
    life.settle(
        vec![make::put(1, "v1")],
        expect![[r#"
            processing: 1 of 1 steps to come
              inspect: pending
            send inspect of 3bfc2695 (generation 0, attempt 0-92251ac2)"#]],
    );
    life.settle(
        life.answered(),
        expect![[r#"
            processing: 2 of 3 steps to come
              inspect: 0 outputs
              render whole: pending
              render square: pending
            send render whole of 3bfc2695 (generation 0, attempt 0-92251ac2)
            send render square of 3bfc2695 (generation 0, attempt 0-92251ac2)"#]],
    );
    let renders = life.answered();
    life.settle(
        vec![renders[0].clone()],
        expect![[r#"
        processing: 1 of 3 steps to come
          inspect: 0 outputs
          render whole: 4 outputs
          render square: pending"#]],
    );
    life.settle(
        renders.clone(),
        expect![[r#"
        ready
          inspect: 0 outputs
          render whole: 4 outputs
          render square: 2 outputs"#]],
    );
    life.settle(
        renders,
        expect![[r#"
        ready
          inspect: 0 outputs
          render whole: 4 outputs
          render square: 2 outputs
        nothing new"#]],
    );
}

#[test]
fn refusals_are_gaps_and_a_retry_fills_them() {
    let mut life = Life::new();
    life.settle(
        vec![make::put(1, "v1")],
        expect![[r#"
            processing: 1 of 1 steps to come
              inspect: pending
            send inspect of 3bfc2695 (generation 0, attempt 0-92251ac2)"#]],
    );
    life.settle(
        life.answered(),
        expect![[r#"
            processing: 2 of 3 steps to come
              inspect: 0 outputs
              render whole: pending
              render square: pending
            send render whole of 3bfc2695 (generation 0, attempt 0-92251ac2)
            send render square of 3bfc2695 (generation 0, attempt 0-92251ac2)"#]],
    );
    let square = life.sent[1].clone();
    life.settle(
        vec![make::done(&life.sent[0]), make::refused(&square)],
        expect![[r#"
        ready_with_gaps: render square: corrupt: the header is torn; upload the file again
          inspect: 0 outputs
          render whole: 4 outputs
          render square: corrupt"#]],
    );
    life.settle(
        vec![make::retry(9, square.id())],
        expect![[r#"
            processing: 1 of 3 steps to come
              inspect: 0 outputs
              render whole: 4 outputs
              render square: pending
            send render square of 3bfc2695 (generation 0, attempt 1-92251ac2)"#]],
    );
    life.settle(
        life.answered(),
        expect![[r#"
        ready
          inspect: 0 outputs
          render whole: 4 outputs
          render square: 2 outputs"#]],
    );
}

#[test]
fn refused_bytes_fail_and_raised_limits_try_again() {
    let mut life = Life::new();
    life.settle(
        vec![make::put(1, "v1")],
        expect![[r#"
            processing: 1 of 1 steps to come
              inspect: pending
            send inspect of 3bfc2695 (generation 0, attempt 0-92251ac2)"#]],
    );
    life.settle(
        vec![make::refused(&life.sent[0])],
        expect![[r#"
        failed: inspect: corrupt: the header is torn; upload the file again
          inspect: corrupt"#]],
    );
    life.profile.limits.max_pixels += 1;
    life.settle(
        vec![],
        expect![[r#"
            processing: 1 of 1 steps to come
              inspect: pending
            send inspect of 3bfc2695 (generation 0, attempt 0-d4962112)"#]],
    );
    life.settle(
        life.answered(),
        expect![[r#"
            processing: 2 of 3 steps to come
              inspect: 0 outputs
              render whole: pending
              render square: pending
            send render whole of 3bfc2695 (generation 0, attempt 0-d4962112)
            send render square of 3bfc2695 (generation 0, attempt 0-d4962112)"#]],
    );
}

#[test]
fn no_bytes_are_refused_at_once() {
    Life::new().settle(
        vec![make::put(1, "")],
        expect![[r#"
        failed: inspect: empty: the file has no bytes; upload the file again
          inspect: empty"#]],
    );
}

#[test]
fn a_replaced_file_keeps_nothing_stale() {
    let mut life = Life::new();
    life.settle(
        vec![make::put(1, "v1")],
        expect![[r#"
            processing: 1 of 1 steps to come
              inspect: pending
            send inspect of 3bfc2695 (generation 0, attempt 0-92251ac2)"#]],
    );
    life.ready();
    life.settle(
        vec![make::put(2, "v2")],
        expect![[r#"
            processing: 1 of 1 steps to come
              inspect: pending
            send inspect of fb04dcb6 (generation 0, attempt 0-92251ac2)"#]],
    );
    // An answer about the old bytes, late and out of order, changes nothing that is listed.
    life.settle(
        vec![make::put(1, "v1")],
        expect![[r#"
        processing: 1 of 1 steps to come
          inspect: pending
        nothing new"#]],
    );
    life.ready();
    // The first bytes again: all of it is known.
    life.settle(
        vec![make::put(3, "v1")],
        expect![[r#"
        ready
          inspect: 0 outputs
          render whole: 4 outputs
          render square: 2 outputs"#]],
    );
}

#[test]
fn a_deleted_key_is_a_tombstone_and_a_new_upload_a_new_generation() {
    let mut life = Life::new();
    life.settle(
        vec![make::put(1, "v1")],
        expect![[r#"
            processing: 1 of 1 steps to come
              inspect: pending
            send inspect of 3bfc2695 (generation 0, attempt 0-92251ac2)"#]],
    );
    let inspect = life.sent[0].clone();
    life.ready();
    life.settle(vec![make::delete(2)], expect!["deleted: deleted from the inbox"]);
    assert!(life.manifest.results.is_empty() && life.manifest.requests.is_empty());
    // A zombie's answer of the life before.
    life.settle(
        vec![make::done(&inspect)],
        expect![[r#"
        deleted: deleted from the inbox
        nothing new"#]],
    );
    life.settle(
        vec![make::put(3, "v1")],
        expect![[r#"
            processing: 1 of 1 steps to come
              inspect: pending
            send inspect of 3bfc2695 (generation 0000000002, attempt 0-92251ac2)"#]],
    );
    life.settle(
        life.answered(),
        expect![[r#"
            processing: 2 of 3 steps to come
              inspect: 0 outputs
              render whole: pending
              render square: pending
            send render whole of 3bfc2695 (generation 0000000002, attempt 0-92251ac2)
            send render square of 3bfc2695 (generation 0000000002, attempt 0-92251ac2)"#]],
    );
}

#[test]
fn events_out_of_order_end_the_same() {
    let mut life = Life::new();
    life.settle(vec![make::delete(5)], expect!["deleted: deleted from the inbox"]);
    life.settle(vec![make::put(4, "v1")], expect!["deleted: deleted from the inbox"]);
    life.settle(
        vec![make::put(6, "v2")],
        expect![[r#"
            processing: 1 of 1 steps to come
              inspect: pending
            send inspect of fb04dcb6 (generation 0000000005, attempt 0-92251ac2)"#]],
    );
}

#[test]
fn what_is_not_answered_is_sent_again_and_then_given_up() {
    let mut life = Life::new();
    life.settle(
        vec![make::put(1, "v1")],
        expect![[r#"
            processing: 1 of 1 steps to come
              inspect: pending
            send inspect of 3bfc2695 (generation 0, attempt 0-92251ac2)"#]],
    );
    life.now_ms = 899_999;
    life.settle(
        vec![],
        expect![[r#"
        processing: 1 of 1 steps to come
          inspect: pending
        nothing new"#]],
    );
    for (now_ms, expected) in [
        (
            900_000,
            expect![[r#"
                processing: 1 of 1 steps to come
                  inspect: pending
                send inspect of 3bfc2695 (generation 0, attempt 0-92251ac2)"#]],
        ),
        (
            1_800_000,
            expect![[r#"
                processing: 1 of 1 steps to come
                  inspect: pending
                send inspect of 3bfc2695 (generation 0, attempt 0-92251ac2)"#]],
        ),
        (
            2_700_000,
            expect![[r#"
                processing: 1 of 1 steps to come
                  inspect: pending
                send inspect of 3bfc2695 (generation 0, attempt 0-92251ac2)"#]],
        ),
        (
            3_600_000,
            expect![[r#"
        processing: 1 of 1 steps to come
          inspect: pending
        give up inspect
        nothing new"#]],
        ),
    ] {
        life.now_ms = now_ms;
        life.settle(vec![], expected);
    }
    life.settle(life.gave_up.clone(), expect![[r#"
        failed: inspect: gave_up: 4 attempts ended without an answer; see the dead letters with `greenroom status`, then `greenroom retry ASSET`
          inspect: gave_up"#]]);
    let inspect = make::task(&asset::sequencer::Sequencer::ZERO, "v1", 0, asset::task::Job::Inspect, &life.profile);
    life.settle(
        vec![make::retry(9, inspect.id())],
        expect![[r#"
            processing: 1 of 1 steps to come
              inspect: pending
            send inspect of 3bfc2695 (generation 0, attempt 1-92251ac2)"#]],
    );
}

#[test]
fn a_moved_focal_point_makes_the_crops_again() {
    let mut life = Life::new();
    life.settle(
        vec![make::put(1, "v1")],
        expect![[r#"
            processing: 1 of 1 steps to come
              inspect: pending
            send inspect of 3bfc2695 (generation 0, attempt 0-92251ac2)"#]],
    );
    life.ready();
    life.settle(
        vec![make::move_focus(10, 900, 100, "v1")],
        expect![[r#"
            processing: 1 of 3 steps to come
              inspect: 0 outputs
              render whole: 4 outputs
              render square: pending
            send render square of 3bfc2695 (generation 0, attempt 0-92251ac2)"#]],
    );
    life.ready();
    // On other bytes the person's word stays, and asks to be looked at.
    life.settle(
        vec![make::put(2, "v2")],
        expect![[r#"
            processing: 1 of 1 steps to come
              inspect: pending
            send inspect of fb04dcb6 (generation 0, attempt 0-92251ac2)"#]],
    );
    life.settle(
        life.answered(),
        expect![[r#"
            processing: 2 of 3 steps to come
              inspect: 0 outputs
              render whole: pending
              render square: pending
            send render whole of fb04dcb6 (generation 0, attempt 0-92251ac2)
            send render square of fb04dcb6 (generation 0, attempt 0-92251ac2)"#]],
    );
    life.settle(
        life.answered(),
        expect![[r#"
        in_review: the focal point was placed on an earlier version: confirm, move or release it
          inspect: 0 outputs
          render whole: 4 outputs
          render square: 2 outputs"#]],
    );
    life.settle(
        vec![make::release_focus(11)],
        expect![[r#"
            processing: 1 of 3 steps to come
              inspect: 0 outputs
              render whole: 4 outputs
              render square: pending
            send render square of fb04dcb6 (generation 0, attempt 0-92251ac2)"#]],
    );
    life.settle(
        life.answered(),
        expect![[r#"
        ready
          inspect: 0 outputs
          render whole: 4 outputs
          render square: 2 outputs"#]],
    );
}

#[test]
fn a_changed_profile_makes_what_it_changed() {
    let mut life = Life::new();
    life.settle(
        vec![make::put(1, "v1")],
        expect![[r#"
            processing: 1 of 1 steps to come
              inspect: pending
            send inspect of 3bfc2695 (generation 0, attempt 0-92251ac2)"#]],
    );
    life.ready();
    let text = make::SMALL.replace("widths = [320]", "widths = [320, 480]");
    life.profile = Profile::parse("p.toml", &text).expect("the profile is valid");
    life.settle(
        vec![],
        expect![[r#"
            processing: 1 of 3 steps to come
              inspect: 0 outputs
              render whole: 4 outputs
              render square: pending
            send render square of 3bfc2695 (generation 0, attempt 0-92251ac2)"#]],
    );
    life.settle(
        life.answered(),
        expect![[r#"
        ready
          inspect: 0 outputs
          render whole: 4 outputs
          render square: 4 outputs"#]],
    );
}

#[test]
fn a_key_of_no_collection_is_looked_at_and_no_more() {
    let mut life = Life::new();
    life.profile =
        Profile::parse("p.toml", &make::SMALL.replace("\"**\"", "\"logos/**\"")).expect("the profile is valid");
    life.settle(
        vec![make::put(1, "v1")],
        expect![[r#"
            processing: 1 of 1 steps to come
              inspect: pending
            send inspect of 3bfc2695 (generation 0, attempt 0-92251ac2)"#]],
    );
    life.settle(
        life.answered(),
        expect![[r#"
        ready
          inspect: 0 outputs"#]],
    );
}
