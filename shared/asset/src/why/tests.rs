use super::*;
use crate::fact::{Arrival, Fact, Output, Verdict, Version};
use crate::ids::{AssetId, Sha256};
use crate::image::{FocalPoint, ImageProbe, Inspection, OutputFormat, SourceFormat};
use crate::profile::Profile;
use crate::refusal::{Refusal, RefusalCode};
use crate::sequencer::Sequencer;
use crate::settle::{Patience, settle};
use crate::task::Task;
use expect_test::{Expect, expect};

const T0: u64 = 1_795_408_580_000;

/// An asset that lives through facts; the tasks of the last fold are kept.
struct Story {
    manifest: Manifest,
    sent: Vec<Task>,
    now_ms: u64,
}

impl Story {
    fn new() -> Self {
        Story { manifest: Manifest::new(AssetId::of_key("hero.jpg")), sent: Vec::new(), now_ms: T0 }
    }

    fn tell(&mut self, after_ms: u64, facts: Vec<Fact>) -> &mut Self {
        self.now_ms += after_ms;
        let profile = Profile::parse(
            "test",
            "[[collection]]\nname='c'\nkeys=['**']\nwebp={quality=80,effort=4}\n\
             [[collection.view]]\nname='whole'\nwidths=[320]\n[[collection.view]]\nname='square'\ncrop='1:1'\nwidths=[320]\n",
        )
        .expect("the profile is valid");
        let next = settle(&self.manifest, facts, &profile, Patience::default(), self.now_ms);
        self.manifest = next.manifest;
        self.sent = next.send;
        self
    }

    fn put(&self, bytes: &[u8]) -> Fact {
        let version =
            Version { sha256: Sha256::of(bytes), bytes: 2_412_345, media_type: Some("image/jpeg".into()), etag: None };
        self.arrival(Change::Put(version))
    }

    fn arrival(&self, change: Change) -> Fact {
        let sequencer = Sequencer::from_unix_nanos(self.now_ms * 1_000_000);
        let asset = self.manifest.asset.clone();
        Fact::Arrival(Arrival { asset, key: "hero.jpg".into(), sequencer, at_ms: self.now_ms, change })
    }

    fn answer(&self, title: &str, outcome: Outcome, reused_from: Option<AssetId>) -> Fact {
        let task = self.sent.iter().find(|task| task.job.title() == title).expect("the task was sent");
        Fact::Result(TaskResult { reused_from, ..TaskResult::new(task, outcome, self.now_ms + 400, 82) })
    }

    fn verdict(&self, decision: Decision) -> Fact {
        let id = Verdict::new_id(self.now_ms, 7);
        let by = "eve\u{202E}".to_owned();
        Fact::Verdict(Verdict { asset: self.manifest.asset.clone(), id, by, at_ms: self.now_ms, decision })
    }

    fn check(&self, expected: Expect) {
        let lines: Vec<String> = why(&self.manifest, self.now_ms).iter().map(ToString::to_string).collect();
        expected.assert_eq(&(lines.join("\n") + "\n"));
    }
}

fn inspected() -> Outcome {
    Outcome::Inspected {
        probe: ImageProbe { format: SourceFormat::Jpeg, width: 4000, height: 3000, frames: 1 },
        inspection: Inspection {
            focus: FocalPoint { x: 500, y: 333 },
            focus_from: FocusSource::Faces,
            faces: 2,
            thumbhash: "1QcSHQRnh493V4dIh4eXh1h4kJUI".into(),
            dominant_color: "#aabbcc".into(),
            transparent: false,
            copyright: None,
            credit: None,
            notes: Vec::new(),
        },
    }
}

fn rendered() -> Outcome {
    let output = |width| Output {
        view: "whole".into(),
        key: "assets/x".into(),
        format: OutputFormat::Webp,
        width,
        height: 240,
        frames: 1,
        bytes: 40_000,
        sha256: Sha256::of(b"out"),
    };
    Outcome::Rendered { outputs: vec![output(320), output(640)] }
}

#[test]
fn nothing_has_arrived() {
    Story::new().tell(0, vec![]).check(expect![[r#"
        =                       processing: nothing has arrived yet
    "#]]);
}

#[test]
fn a_file_that_waits() {
    let mut story = Story::new();
    story.tell(0, vec![story.put(b"one")]);
    story.tell(20 * 60_000, vec![]);
    story.tell(5_000, vec![]);
    story.check(expect![[r#"
        =                       processing: 1 of 1 steps to come
        > 2026-11-23 04:36:20Z  arrived: 2.4 MB of image/jpeg, sha256 7692c3ad3540
        ~ 2026-11-23 04:36:20Z  inspect: to come for 20 min, sent twice, the last time 5.0 s ago
    "#]]);
}

#[test]
fn refusals_reuse_and_people() {
    let mut story = Story::new();
    story.tell(0, vec![story.put(b"one")]);
    story.tell(500, vec![story.answer("inspect", inspected(), None)]);
    let refusal =
        Refusal::new(RefusalCode::TooLarge, "120000000 pixels, the limit is 50000000", "upload a smaller file");
    let other = AssetId::of_key("other.jpg");
    let facts = vec![
        story.answer("render whole", rendered(), Some(other)),
        story.answer("render square", Outcome::Refused(refusal), None),
    ];
    story.tell(500, facts);
    story.check(expect![[r#"
        =                       ready with gaps: 1 step was refused
        > 2026-11-23 04:36:20Z  arrived: 2.4 MB of image/jpeg, sha256 7692c3ad3540, settled after 1.0 s
        + 2026-11-23 04:36:20Z  inspect: done in 82 ms, 4000 × 3000 pixels, 2 faces
        + 2026-11-23 04:36:20Z  render whole: done by copying from other-jpg-97e8da2f900341c3, which has the same bytes, 2 files, 80 kB
        ! 2026-11-23 04:36:20Z  render square: refused (too_large): 120000000 pixels, the limit is 50000000. the way out: upload a smaller file
        -                       focal point: 50% from the left, 33.3% from the top, found by faces
    "#]]);

    let square = story.manifest.readiness.steps[2].task.clone();
    story.tell(60_000, vec![story.verdict(Decision::Retry { task: square })]);
    let focus = FocalPoint { x: 125, y: 900 };
    story.tell(1_000, vec![story.verdict(Decision::MoveFocus { focus, source: Sha256::of(b"one") })]);
    story.tell(1_000, vec![story.put(b"two")]);
    story.tell(1_000, vec![story.answer("inspect", inspected(), None)]);
    let facts = vec![story.answer("render whole", rendered(), None), story.answer("render square", rendered(), None)];
    story.tell(1_000, facts);
    story.check(expect![[r#"
        =                       in review: the focal point was placed on an earlier version: confirm, move or release it
        > 2026-11-23 04:36:20Z  arrived: 2.4 MB of image/jpeg, sha256 7692c3ad3540, settled after 1.0 s
        > 2026-11-23 04:37:22Z  replaced: 2.4 MB of image/jpeg, sha256 3fc4ccfe7458, settled after 3.0 s
        + 2026-11-23 04:37:23Z  inspect: done in 82 ms, 4000 × 3000 pixels, 2 faces
        + 2026-11-23 04:37:24Z  render whole: done in 82 ms, 2 files, 80 kB
        + 2026-11-23 04:37:24Z  render square: done in 82 ms, 2 files, 80 kB
        @ 2026-11-23 04:37:21Z  focal point: 12.5% from the left, 90% from the top, placed by eve⟨U+202E⟩
        !                       the focal point was placed on an earlier version: confirm, move or release it
        @ 2026-11-23 04:36:21Z  eve⟨U+202E⟩ asked to try task d51556fa188b57bc again
    "#]]);

    story.tell(1_000, vec![story.arrival(Change::Delete)]);
    story.check(expect![[r#"
        =                       deleted: deleted from the inbox
        > 2026-11-23 04:36:20Z  arrived: 2.4 MB of image/jpeg, sha256 7692c3ad3540, settled after 1.0 s
        > 2026-11-23 04:37:22Z  replaced: 2.4 MB of image/jpeg, sha256 3fc4ccfe7458, settled after 3.0 s
        > 2026-11-23 04:37:25Z  deleted from the inbox
        @ 2026-11-23 04:36:21Z  eve⟨U+202E⟩ asked to try task d51556fa188b57bc again
    "#]]);
}
