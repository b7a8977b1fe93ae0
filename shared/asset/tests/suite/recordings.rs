//! Video and audio: what is asked for, in which order, and what a person's captions mean.

use crate::make::{self, put, result, verdict};
use asset::catalog::CatalogEntry;
use asset::fact::{Arrival, Change, Decision, Fact, Outcome, Output, Version};
use asset::field::{FieldStatus, Finding, Severity};
use asset::ids::Sha256;
use asset::image::OutputFormat;
use asset::manifest::Manifest;
use asset::money::{MicroUsd, Usage};
use asset::profile::Profile;
use asset::readiness::State;
use asset::recording::{
    AudioStream, Captioned, Container, File, Heard, HeardBy, Passage, Recording, TimeSpan, VideoStream,
};
use asset::settle::{Patience, settle};
use asset::task::{Job, Task};
use asset::why::why;
use expect_test::{Expect, expect};

const WANTED: &str = r#"
[collection.recordings]
poster = [640]
storyboard = true
waveform = true
clip = true
captions = { profile = "netflix" }
"#;

fn profile(more: &str) -> Profile {
    let text = format!("[models]\nspeech = \"ear\"\n{}{more}", make::SMALL);
    Profile::parse("film.toml", &text).expect("the profile is valid")
}

fn arrival(n: u64, name: &str) -> Fact {
    let Fact::Arrival(Arrival { asset, key, sequencer, at_ms, change }) = put(n, name) else { unreachable!() };
    let Change::Put(version) = change else { unreachable!() };
    let change = Change::Put(Version { media_type: Some("video/mp4".into()), ..version });
    Fact::Arrival(Arrival { asset, key, sequencer, at_ms, change })
}

fn file(task: &Task, name: &str) -> File {
    let key = asset::keys::made_by(&task.asset, &task.generation, &task.id(), name);
    let media_type = if name.ends_with(".vtt") { "text/vtt" } else { "application/json" };
    File { name: name.into(), bytes: 100, sha256: Sha256::of(key.as_bytes()), media_type: media_type.into(), key }
}

fn video() -> Recording {
    Recording {
        container: Container::Mp4,
        media_type: "video/mp4".into(),
        duration_ms: 600_000,
        video: Some(VideoStream {
            width: 1920,
            height: 1080,
            codec: "h264".into(),
            fps: None,
            rotation: 0,
            hdr: false,
            transfer: None,
            matrix: None,
            bit_depth: 8,
        }),
        audio: Some(AudioStream { codec: "aac".into(), channels: 2, sample_rate: 48_000, language: None }),
        n_streams: 2,
        bit_rate: 5_000_000,
        chapters: Vec::new(),
        notes: Vec::new(),
    }
}

/// A success of a task about a recording: ten minutes in two parts with a silent one between them.
pub fn heard(task: &Task) -> Outcome {
    match &task.job {
        Job::Probe => Outcome::Probed(Box::new(video())),
        Job::Poster { view } => {
            let folder = asset::keys::renditions_of(task);
            let output = Output::new(&folder, &view.name, OutputFormat::Webp, [640, 360], 1, b"poster");
            Outcome::Rendered { outputs: vec![output] }
        }
        Job::Storyboard => Outcome::Made { files: vec![file(task, "sheet-1.jpg"), file(task, "storyboard.vtt")] },
        Job::Waveform => Outcome::Made { files: vec![file(task, "waveform.json")] },
        Job::Clip => Outcome::Made { files: vec![file(task, "clip.mp4")] },
        Job::Cut(_) => {
            let passage = |start_ms, end_ms, is_silent| Passage { span: TimeSpan { start_ms, end_ms }, is_silent };
            let passages =
                vec![passage(0, 250_000, false), passage(250_000, 300_000, true), passage(300_000, 600_000, false)];
            Outcome::Cut { passages }
        }
        Job::Hear(_) => spoken(task, 500, Some("pt-BR")),
        Job::Caption(spec) => captioned(task, &spec.language, Vec::new()),
        job => unreachable!("{job:?} is about no recording"),
    }
}

fn spoken(task: &Task, n_words: u32, language: Option<&str>) -> Outcome {
    let by = HeardBy {
        model_asked: "ear".into(),
        model_answered: "ear-1".into(),
        passed_over: Vec::new(),
        sent: Sha256::of(b"sound"),
        sent_bytes: 9_000,
        usage: Usage::default(),
        cost: MicroUsd(600),
        latency_ms: 5_000,
        n_calls: 1,
        request_id: None,
    };
    let language = language.map(str::to_owned);
    Outcome::Heard(Box::new(Heard { file: file(task, "words.json"), n_words, language, findings: Vec::new(), by }))
}

fn captioned(task: &Task, language: &str, findings: Vec<Finding>) -> Outcome {
    let files = vec![file(task, "transcript.json"), file(task, &format!("captions.{language}.vtt"))];
    let excerpt = "Hello, everybody.".into();
    Outcome::Captioned(Box::new(Captioned { language: language.into(), files, n_cues: 90, excerpt, findings }))
}

struct Life {
    manifest: Manifest,
    profile: Profile,
    sent: Vec<Task>,
    facts: Vec<Fact>,
}

impl Life {
    fn new(more: &str) -> Self {
        let mut life = Life {
            manifest: Manifest::new(make::asset()),
            profile: profile(more),
            sent: Vec::new(),
            facts: Vec::new(),
        };
        life.settle(vec![arrival(1, "film")]);
        life
    }

    fn settle(&mut self, facts: Vec<Fact>) {
        self.facts.extend(facts.clone());
        let settlement = settle(&self.manifest, facts, &self.profile, Patience::default(), 10_000);
        (self.manifest, self.sent) = (settlement.manifest, settlement.send);
    }

    fn sent(&self) -> Vec<String> {
        self.sent.iter().map(|task| task.job.title()).collect()
    }

    fn answer(&mut self) {
        self.settle(self.sent.iter().map(make::done).collect());
    }

    /// Answers until nothing is asked any more.
    fn end(&mut self) {
        for _ in 0..8 {
            self.answer();
        }
        assert_eq!(self.sent(), Vec::<String>::new());
    }

    /// Answers tasks of one kind so, the others as usual.
    fn answer_with(&mut self, outcome: impl Fn(&Task) -> Option<Outcome>) {
        let facts =
            self.sent.iter().map(|task| outcome(task).map_or_else(|| make::done(task), |made| result(task, made)));
        self.settle(facts.collect());
    }

    fn state(&self) -> State {
        self.manifest.readiness.state
    }

    fn status(&self) -> Option<FieldStatus> {
        self.manifest.readiness.captions.first().map(|captions| captions.status)
    }

    fn tells(&self, expected: &Expect) {
        let lines: Vec<String> = why(&self.manifest, 10_000).iter().map(|line| line.text.clone()).collect();
        expected.assert_eq(&lines.join("\n"));
    }
}

fn given(at_ms: u64, source: &str) -> Fact {
    let file = File {
        name: "captions.pt-BR.vtt".into(),
        key: "assets/a/given/b.vtt".into(),
        media_type: "text/vtt".into(),
        bytes: 9,
        sha256: Sha256::of(b"given"),
    };
    let (locale, excerpt) = ("pt-BR".to_owned(), "Olá a todos.".to_owned());
    verdict(at_ms, Decision::GiveCaptions { locale, files: vec![file], excerpt, source: Sha256::of(source.as_bytes()) })
}

#[test]
fn from_arrival_to_captions() {
    let mut life = Life::new(WANTED);
    assert_eq!(life.sent(), ["probe"]);
    life.answer();
    assert_eq!(life.sent(), ["poster", "storyboard", "clip", "waveform", "cut at silence"]);
    life.answer();
    // One part first: it tells the language of the others. The silent one is nobody's.
    assert_eq!(life.sent(), ["hear 0:00–4:10"]);
    life.answer();
    assert_eq!(life.sent(), ["hear 5:00–10:00"]);
    assert!(matches!(&life.sent[0].job, Job::Hear(spec) if spec.language.as_deref() == Some("pt-BR")));
    life.answer();
    assert_eq!(life.sent(), ["transcript and captions in pt-BR"]);
    life.answer();
    assert_eq!((life.state(), life.status()), (State::Ready, Some(FieldStatus::Machine)));
    life.tells(&expect![[r#"
        ready
        arrived: 4 bytes of video/mp4, sha256 d0607f7ad262, settled after 9.0 s
        probe: done in 20 ms: video/mp4, 1920 × 1080 pixels, 600.0 s
        poster: done in 20 ms, 1 file, 6 bytes
        storyboard: done in 20 ms, 2 files, 200 bytes
        clip: done in 20 ms, 1 file, 100 bytes
        waveform: done in 20 ms, 1 file, 100 bytes
        cut at silence: done in 20 ms: 3 parts, 1 of them silent
        hear 0:00–4:10: done in 20 ms: 500 words in pt-BR, by ear-1, for $0.000600
        hear 5:00–10:00: done in 20 ms: 500 words in pt-BR, by ear-1, for $0.000600
        transcript and captions in pt-BR: done in 20 ms, 2 files, 200 bytes
        captions in pt-BR: by a model"#]]);
    let entry = CatalogEntry::of(&life.manifest);
    assert_eq!((entry.width, entry.height, entry.texts), (1920, 1080, vec!["Hello, everybody.".to_owned()]));
}

#[test]
fn a_known_language_is_heard_in_all_parts_at_once() {
    let mut life = Life::new(&WANTED.replace("\"netflix\"", "\"netflix\", language = \"en-GB\""));
    life.answer();
    life.answer();
    assert_eq!(life.sent(), ["hear 0:00–4:10", "hear 5:00–10:00"]);
    life.end();
    assert_eq!(life.manifest.readiness.captions[0].locale, "en-GB");
}

#[test]
fn nothing_to_hear_is_no_fault() {
    let mut life = Life::new(WANTED);
    life.answer_with(|_| Some(Outcome::Probed(Box::new(Recording { audio: None, ..video() }))));
    assert_eq!(life.sent(), ["poster", "storyboard", "clip"]);
    life.end();
    assert_eq!(life.state(), State::Ready);
    life.tells(&expect![[r#"
        ready
        arrived: 4 bytes of video/mp4, sha256 d0607f7ad262, settled after 9.0 s
        probe: done in 20 ms: video/mp4, 1920 × 1080 pixels, 600.0 s, without sound
        poster: done in 20 ms, 1 file, 6 bytes
        storyboard: done in 20 ms, 2 files, 200 bytes
        clip: done in 20 ms, 1 file, 100 bytes
        transcript and captions: nothing to make (no_audio): the recording has no sound"#]]);

    let mut life = Life::new(WANTED);
    for _ in 0..5 {
        life.answer_with(|task| matches!(task.job, Job::Hear(_)).then(|| spoken(task, 0, None)));
    }
    assert_eq!((life.state(), life.status()), (State::Ready, None));
    assert!(why(&life.manifest, 0).iter().any(|line| line.text.contains("no_speech")), "{:?}", life.manifest.readiness);
}

#[test]
fn without_a_model_or_a_wish_the_way_out_is_said() {
    let mut life = Life::new(WANTED);
    life.profile.models.speech = None;
    life.end();
    assert_eq!(life.state(), State::ReadyWithGaps);
    assert!(life.manifest.readiness.reason.as_deref().is_some_and(|reason| reason.contains("speech = \"NAME\"")));

    let life = Life::new("");
    assert_eq!((life.state(), life.sent()), (State::Failed, Vec::new()));
    assert!(life.manifest.readiness.reason.as_deref().is_some_and(|reason| reason.contains("[collection.recordings]")));
}

#[test]
fn what_the_linter_forbids_waits_for_a_person() {
    let finding = |severity| Finding { check: "overlap".into(), severity, words: "two cues at once".into() };
    let mut life = Life::new(WANTED);
    for _ in 0..5 {
        life.answer_with(|task| match &task.job {
            Job::Caption(spec) => Some(captioned(task, &spec.language, vec![finding(Severity::Fail)])),
            _ => None,
        });
    }
    assert_eq!((life.state(), life.status()), (State::InReview, Some(FieldStatus::InReview)));
    let state = life.manifest.readiness.captions[0].clone();
    let seen = state.captioned.as_ref().and_then(Captioned::digest).expect("captions").clone();
    let of = |value: Sha256| Decision::ApproveCaptions { locale: "pt-BR".into(), value };
    life.settle(vec![verdict(20, of(Sha256::of(b"others")))]);
    assert_eq!(life.status(), Some(FieldStatus::InReview), "an approval is of exactly what was seen");
    life.settle(vec![verdict(21, of(seen))]);
    assert_eq!((life.state(), life.status()), (State::Ready, Some(FieldStatus::Approved)));
}

#[test]
fn what_a_model_made_up_waits_for_a_person() {
    let mut life = Life::new(WANTED);
    for _ in 0..5 {
        life.answer_with(|task| match (&task.job, spoken(task, 500, Some("en"))) {
            (Job::Hear(spec), Outcome::Heard(mut heard)) if spec.span.start_ms > 0 => {
                let words = "`thank you` 40 times from 1:02".to_owned();
                heard.findings = vec![Finding { check: "repetition".into(), severity: Severity::Fail, words }];
                Some(Outcome::Heard(heard))
            }
            _ => None,
        });
    }
    assert_eq!((life.state(), life.status()), (State::InReview, Some(FieldStatus::InReview)));
    let lines = why(&life.manifest, 0);
    let found = lines.iter().find(|line| line.text.contains("repetition")).expect("it is said");
    assert_eq!(found.text, "fail: repetition: in the part 5:00–10:00: `thank you` 40 times from 1:02");
}

#[test]
fn a_persons_captions_count_and_nobody_is_asked() {
    let mut life = Life::new(WANTED);
    let probe = life.sent.clone();
    life.settle(vec![given(20, "film")]);
    life.sent = probe;
    life.answer();
    assert_eq!(life.sent(), ["poster", "storyboard", "clip", "waveform"], "no model hears it");
    life.end();
    assert_eq!((life.state(), life.status()), (State::Ready, Some(FieldStatus::Human)));
    assert_eq!(life.manifest.readiness.file("captions.pt-BR.vtt").map(|file| file.bytes), Some(9));

    // Another cut of the film: they stay, and somebody has to look.
    life.settle(vec![arrival(2, "director's cut")]);
    life.end();
    assert_eq!((life.state(), life.status()), (State::InReview, Some(FieldStatus::Stale)));
    life.settle(vec![verdict(30, Decision::ReleaseCaptions { locale: "pt-BR".into() })]);
    life.end();
    assert_eq!((life.state(), life.status()), (State::Ready, Some(FieldStatus::Machine)));
}

#[test]
fn any_order_of_the_same_facts_gives_the_same_captions() {
    let mut life = Life::new(WANTED);
    life.end();
    life.settle(vec![given(20, "film")]);
    for rotation in 0..life.facts.len() {
        let mut facts = life.facts.clone();
        facts.rotate_left(rotation);
        let settled = settle(&Manifest::new(make::asset()), facts, &life.profile, Patience::default(), 10_000);
        assert_eq!(settled.manifest.readiness, life.manifest.readiness, "rotated by {rotation}");
    }
}
