//! `transcribe`: parts are heard and shifted to where they are, captions are made of all of them, and nothing is paid twice.

use asset::fact::{Outcome, TaskResult};
use asset::ids::{AssetId, Sha256};
use asset::image::Limits;
use asset::keys;
use asset::money::MicroUsd;
use asset::recording::{CaptionSpec, Captioned, CutSpec, HearSpec, Heard, PartRef, Passage, TimeSpan};
use asset::refusal::{Refusal, RefusalCode};
use asset::sequencer::Sequencer;
use asset::task::{Attempt, Job, Task};
use async_trait::async_trait;
use bytes::Bytes;
use models::book::Consumption;
use models::{
    Class, ConnectError, Embedder, ModelError, ModelResult, Receipt, TextModel, Till, TranscribeRequest, Transcriber,
    Transcript, Word,
};
use ports::memory::{ManualClock, MemoryClaims, MemoryLedger, MemoryQueue, MemoryStore};
use ports::{Ledger, LedgerQuery, Queue, ReadBlob};
use runtime::{Context, Failure, Function};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;
use transcribe::{Sound, Transcribe, Words};
use vision::ChooseModel;

/// 2026-11-24, in the morning in UTC.
const NOW_MS: u64 = 1_795_500_000_000;

/// Says what it is given, a word every half second.
#[derive(Default)]
struct Ear {
    is_away: AtomicBool,
    n_calls: AtomicU32,
}

#[async_trait]
impl Transcriber for Ear {
    fn id(&self) -> &str {
        "ear"
    }

    fn check(&self, _: &TranscribeRequest) -> ModelResult<()> {
        Ok(())
    }

    fn forecast(&self, _: &TranscribeRequest) -> Option<MicroUsd> {
        Some(MicroUsd(900))
    }

    async fn transcribe(&self, request: &TranscribeRequest, _: u64) -> ModelResult<Transcript> {
        self.n_calls.fetch_add(1, Ordering::SeqCst);
        if self.is_away.load(Ordering::SeqCst) {
            let class = Class::Retry { after: Duration::from_secs(7) };
            return Err(ModelError::of(class, "ear", "connect", "nobody listens"));
        }
        assert_eq!(request.audio.media_type, "audio/flac");
        let text = String::from_utf8(request.audio.bytes.to_vec()).expect("the sound of this test is text");
        let word = |(index, word): (usize, &str)| Word {
            text: word.to_owned(),
            start_ms: index as u64 * 500,
            end_ms: index as u64 * 500 + 450,
            confidence_thousandths: Some(900),
            speaker: None,
        };
        Ok(Transcript {
            words: text.split_whitespace().enumerate().map(word).collect(),
            text,
            language: Some("en".into()),
            duration_ms: request.audio.duration_ms,
            receipt: Receipt {
                consumption: Consumption { audio_ms: request.audio.duration_ms, ..Consumption::default() },
                cost: Some(MicroUsd(600)),
                model_asked: "ear".into(),
                model_answered: "ear-2".into(),
                request_id: None,
                latency_ms: 10,
                n_calls: 1,
                warnings: Vec::new(),
                passed_over: Vec::new(),
            },
        })
    }
}

struct Shop(Arc<Ear>);

impl ChooseModel for Shop {
    fn text(&self, name: &str) -> Result<Arc<dyn TextModel>, ConnectError> {
        Err(ConnectError::Unknown(name.to_owned()))
    }

    fn embedder(&self, name: &str) -> Result<Arc<dyn Embedder>, ConnectError> {
        Err(ConnectError::Unknown(name.to_owned()))
    }

    fn transcriber(&self, name: &str) -> Result<Arc<dyn Transcriber>, ConnectError> {
        if name == "ear" { Ok(self.0.clone()) } else { Err(ConnectError::Unknown(name.to_owned())) }
    }
}

/// Sound whose parts are what is said in them.
struct Said;

#[async_trait]
impl Sound for Said {
    async fn cut(&self, task: &Task, _: CutSpec) -> Result<Result<Option<Vec<Passage>>, Refusal>, Failure> {
        let passage = Passage { span: TimeSpan { start_ms: 0, end_ms: 60_000 }, is_silent: false };
        Ok(Ok((task.source == Sha256::of(b"film")).then(|| vec![passage])))
    }

    async fn part(&self, task: &Task, span: TimeSpan) -> Result<Result<Bytes, Refusal>, Failure> {
        let text = match (task.source == Sha256::of(b"film"), span.start_ms) {
            (true, 0) => "Down, down, down. Would the fall never come to an end?".to_owned(),
            (true, _) => "I wonder how many miles I have fallen by this time.".to_owned(),
            (false, _) => "Secret merger news.".to_owned(),
        };
        Ok(Ok(text.into()))
    }
}

struct World {
    transcribe: Transcribe,
    ear: Arc<Ear>,
    store: Arc<MemoryStore>,
    own: Arc<MemoryQueue>,
    ledger: Arc<MemoryLedger>,
}

fn world() -> World {
    let clock = Arc::new(ManualClock::new(NOW_MS));
    let store = Arc::new(MemoryStore::new(clock.clone()));
    let queue = || Arc::new(MemoryQueue::new(clock.clone(), 5));
    let (own, ledger, ear) = (queue(), Arc::new(MemoryLedger::default()), Arc::new(Ear::default()));
    let transcribe = Transcribe {
        store: store.clone(),
        create: store.clone(),
        copy: store.clone(),
        claims: Arc::new(MemoryClaims::default()),
        settle: queue(),
        own: own.clone(),
        sound: Arc::new(Said),
        models: Arc::new(Shop(ear.clone())),
        till: Arc::new(Till::new(ledger.clone(), Default::default(), clock.clone())),
        clock,
    };
    World { transcribe, ear, store, own, ledger }
}

fn task(key: &str, source: &[u8], job: Job) -> Task {
    let limits = Limits::default();
    Task {
        asset: AssetId::of_key(key),
        generation: Sequencer::ZERO,
        source: Sha256::of(source),
        attempt: Attempt::new(0, &limits),
        job,
        collection: "films".into(),
        limits,
    }
}

fn part(start_ms: u64, end_ms: u64) -> Job {
    let span = TimeSpan { start_ms, end_ms };
    Job::Hear(HearSpec { span, model: "ear".into(), language: Some("en-GB".into()), vocabulary: Vec::new() })
}

impl World {
    async fn handle(&self, task: &Task, delivery: &str) -> Option<Outcome> {
        let context =
            Context { delivery: delivery.into(), attempt: 1, deadline_ms: NOW_MS + 900_000, metrics: Arc::default() };
        self.transcribe.handle(task.clone(), &context).await.expect("handles");
        let key = keys::result_of(&task.asset, &task.generation, &task.id(), &task.attempt);
        let blob = self.store.read(&key).await.ok()?;
        Some(serde_json::from_slice::<TaskResult>(&blob.bytes).expect("a result").outcome)
    }

    async fn hear(&self, task: &Task) -> Heard {
        let Some(Outcome::Heard(heard)) = self.handle(task, "d1").await else { panic!("it is heard") };
        *heard
    }

    /// Hears a recording in two parts and makes its captions.
    async fn captions(&self, key: &str, source: &[u8]) -> Captioned {
        let mut parts = Vec::new();
        for (start_ms, end_ms) in [(0, 60_000), (60_000, 120_000)] {
            let task = task(key, source, part(start_ms, end_ms));
            let heard = self.hear(&task).await;
            parts.push(PartRef { task: task.id(), sha256: heard.file.sha256 });
        }
        let spec = CaptionSpec { parts, language: "en-GB".into(), profile: "netflix".into() };
        let Some(Outcome::Captioned(captioned)) = self.handle(&task(key, source, Job::Caption(spec)), "d1").await
        else {
            panic!("there are captions")
        };
        *captioned
    }

    async fn read(&self, key: &str) -> String {
        String::from_utf8(self.store.read(key).await.expect("it is there").bytes.to_vec()).expect("UTF-8")
    }
}

#[tokio::test]
async fn parts_are_shifted_and_joined() {
    let world = world();
    let captioned = world.captions("a.mp4", b"film").await;
    let names: Vec<&str> = captioned.files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["transcript.json", "captions.en-GB.vtt", "captions.en-GB.srt", "captions.en-GB.ttml"]);
    let transcript: Words = serde_json::from_str(&world.read(&captioned.files[0].key).await).expect("words");
    assert_eq!((transcript.language.as_deref(), transcript.words.len()), (Some("en-GB"), 22));
    assert_eq!((transcript.words[11].text.as_str(), transcript.words[11].start_ms), ("I", 60_000));
    let vtt = world.read(&captioned.files[1].key).await;
    assert!(vtt.starts_with("WEBVTT\n") && vtt.contains("00:01:00.000 --> "), "{vtt}");
    assert!(captioned.excerpt.starts_with("Down, down, down."), "{}", captioned.excerpt);
    let day = || "2026-11-24".to_owned();
    let query = LedgerQuery { from_day: day(), to_day: day(), ..LedgerQuery::default() };
    let entries = world.ledger.entries(&query).await.expect("lists").entries;
    let paid: Vec<_> = entries.iter().map(|entry| (entry.reservation.capability.as_str(), entry.counted())).collect();
    assert_eq!(paid, [("hear", MicroUsd(600)), ("hear", MicroUsd(600))]);
}

#[tokio::test]
async fn the_same_bytes_under_another_key_are_copied() {
    let world = world();
    let first = world.captions("a.mp4", b"film").await;
    let calls = world.ear.n_calls.load(Ordering::SeqCst);
    let second = world.captions("b.mp4", b"film").await;
    assert_eq!(world.ear.n_calls.load(Ordering::SeqCst), calls, "nobody is asked again");
    for (one, other) in first.files.iter().zip(&second.files) {
        assert_ne!(one.key, other.key, "each has its own copy");
        assert_eq!(world.read(&one.key).await, world.read(&other.key).await);
    }
}

/// A transcription service elsewhere kept one asset's words for the next one.
#[tokio::test]
async fn what_was_heard_before_leaves_no_trace() {
    let warm = world();
    warm.captions("secret.mp4", b"board meeting").await;
    let after = warm.captions("a.mp4", b"film").await;
    let fresh = world();
    let alone = fresh.captions("a.mp4", b"film").await;
    assert_eq!(after, alone);
    for (one, other) in after.files.iter().zip(&alone.files) {
        assert_eq!(warm.read(&one.key).await, fresh.read(&other.key).await, "byte for byte");
    }
}

#[tokio::test]
async fn a_task_waits_for_an_ear_that_is_away() {
    let world = world();
    let task = task("a.mp4", b"film", part(0, 60_000));
    world.ear.is_away.store(true, Ordering::SeqCst);
    assert_eq!(world.handle(&task, "d1").await, None);
    assert_eq!(world.own.depth().await.expect("a depth").delayed, 1, "it sleeps in its own queue");
    world.ear.is_away.store(false, Ordering::SeqCst);
    assert!(matches!(world.handle(&task, "d2").await, Some(Outcome::Heard(_))));
}

#[tokio::test]
async fn ten_deliveries_are_one_call() {
    let world = Arc::new(world());
    let task = task("a.mp4", b"film", part(0, 60_000));
    let all = (0..10).map(|index| {
        let (world, task) = (world.clone(), task.clone());
        tokio::spawn(async move {
            let context = Context {
                delivery: format!("d{index}"),
                attempt: 1,
                deadline_ms: NOW_MS + 900_000,
                metrics: Arc::default(),
            };
            // Those that come while another works on it come back later.
            let _ = world.transcribe.handle(task, &context).await;
        })
    });
    for one in all.collect::<Vec<_>>() {
        one.await.expect("no panic");
    }
    assert_eq!(world.ear.n_calls.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn refusals_say_the_way_out() {
    let world = world();
    let Job::Hear(spec) = part(0, 60_000) else { unreachable!() };
    let nobody = task("a.mp4", b"film", Job::Hear(HearSpec { model: "nobody".into(), ..spec }));
    let Some(Outcome::Refused(refusal)) = world.handle(&nobody, "d1").await else { panic!("it is refused") };
    assert_eq!(refusal.code, RefusalCode::Blocked);
    assert!(refusal.way_out.contains("`speech`"), "{refusal}");

    // Somebody changed what was heard: no captions are made of it.
    let part = PartRef { task: nobody.id(), sha256: Sha256::of(b"other words") };
    let spec = CaptionSpec { parts: vec![part], language: "en".into(), profile: "netflix".into() };
    let context = Context { delivery: "d".into(), attempt: 1, deadline_ms: NOW_MS + 9_000, metrics: Arc::default() };
    let made = world.transcribe.handle(task("a.mp4", b"film", Job::Caption(spec)), &context).await;
    assert!(matches!(made, Err(Failure::Retry { .. })), "it is not there");
}
