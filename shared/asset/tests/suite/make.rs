//! Facts to test with. What a fact holds is a function of its name, as it is for real ones.

use asset::embedding::{EmbedSpec, Embedded, to_base64};
use asset::fact::{Arrival, Change, Decision, Fact, Outcome, Output, TaskResult, Verdict, Version};
use asset::field::{Field, Finding, PromptRef, Provenance, SentPicture, WriteSpec, Written};
use asset::ids::{AssetId, Sha256, TaskId};
use asset::image::{FocalPoint, FocusSource, ImageProbe, Inspection, OutputFormat, SourceFormat};
use asset::keys::FactKey;
use asset::money::{MicroUsd, Usage};
use asset::profile::Profile;
use asset::refusal::{Refusal, RefusalCode};
use asset::sequencer::Sequencer;
use asset::task::{Attempt, Job, Task, ViewSpec};

pub const KEY: &str = "photos/hero.jpg";

/// Two views, two formats: enough to tell crops from whole pictures.
pub const SMALL: &str = r#"
[[collection]]
name = "default"
keys = ["**"]
webp = { quality = 78 }
jpeg = { quality = 80 }

[[collection.view]]
name = "whole"
widths = [320, 640]

[[collection.view]]
name = "square"
crop = "1:1"
widths = [320]
"#;

/// The same with an alternative text, by a model called `seer`.
pub fn described(review: &str) -> Profile {
    let text = format!(
        "[models]\nvision = \"seer\"\n{SMALL}\n[[collection.text]]\nfield = \"alt_text\"\nlocale = \"en\"\nreview = \"{review}\"\n"
    );
    Profile::parse("described.toml", &text).expect("the profile is valid").with_prompts([prompt("1.0.0")])
}

/// The same, mapped by a model called `compass`.
pub fn mapped(review: &str) -> Profile {
    let mut profile = described(review);
    profile.models.embedding = Some("compass".into());
    profile
}

/// A version of the prompt for alternative texts.
pub fn prompt(version: &str) -> (Field, PromptRef) {
    let hash = Sha256::of(version.as_bytes());
    (Field::AltText, PromptRef { id: "alt_text".into(), version: version.into(), hash })
}

pub fn small() -> Profile {
    Profile::parse("small.toml", SMALL).expect("the profile is valid")
}

pub fn asset() -> AssetId {
    AssetId::of_key(KEY)
}

pub fn seq(n: u64) -> Sequencer {
    Sequencer::from_unix_nanos(n * 1_000_000_000)
}

/// The bytes of version `name`; those of `""` are no bytes at all.
pub fn version(name: &str) -> Version {
    Version {
        sha256: Sha256::of(name.as_bytes()),
        bytes: name.len() as u64,
        media_type: Some("image/jpeg".into()),
        etag: Some(name.into()),
    }
}

pub fn put(n: u64, name: &str) -> Fact {
    arrival(n, Change::Put(version(name)))
}

pub fn delete(n: u64) -> Fact {
    arrival(n, Change::Delete)
}

fn arrival(n: u64, change: Change) -> Fact {
    Fact::Arrival(Arrival { asset: asset(), key: KEY.into(), sequencer: seq(n), at_ms: n * 1000, change })
}

/// A success of this task.
pub fn done(task: &Task) -> Fact {
    let outcome = match &task.job {
        Job::Inspect => inspected(FocalPoint { x: 300, y: 400 }),
        Job::Render { views } => {
            let of = |view: &ViewSpec| {
                let formats = view.spec.encodings.iter().map(|encoding| encoding.format);
                let sizes = formats.flat_map(|format| view.spec.widths.iter().map(move |width| (*width, format)));
                sizes.map(|(width, format)| output(task, &view.name, width, format)).collect::<Vec<_>>()
            };
            Outcome::Rendered { outputs: views.iter().flat_map(of).collect() }
        }
        Job::Write(spec) => written(spec, "A hero.", Vec::new()),
        Job::Embed(spec) => embedded(spec),
        _ => crate::recordings::heard(task),
    };
    result(task, outcome)
}

/// What a model called `compass` maps a text to: its digest's first bytes.
pub fn embedded(spec: &EmbedSpec) -> Outcome {
    let digest = Sha256::of(spec.text.as_bytes());
    let values: Vec<f32> = digest.as_str().bytes().take(3).map(f32::from).collect();
    Outcome::Embedded(Box::new(Embedded {
        model_asked: spec.model.clone(),
        model_answered: format!("{}-1", spec.model),
        dimensions: 3,
        vector: to_base64(&values),
        text: digest,
        usage: Usage { input: 5, ..Usage::default() },
        cost: MicroUsd(1),
        latency_ms: 9,
        n_calls: 1,
        request_id: None,
        passed_over: Vec::new(),
    }))
}

/// What a model wrote.
pub fn written(spec: &WriteSpec, text: &str, findings: Vec<Finding>) -> Outcome {
    let digest = Sha256::of(b"anything");
    Outcome::Written(Box::new(Written {
        field: spec.field,
        locale: spec.locale.clone(),
        text: text.into(),
        is_decorative: text.is_empty(),
        confidence: Vec::new(),
        suggestions: Vec::new(),
        evidence: Vec::new(),
        findings,
        provenance: Provenance {
            prompt: spec.prompt.clone(),
            rendered: digest.clone(),
            request: digest.clone(),
            model_asked: spec.model.clone(),
            model_answered: "seer-2".into(),
            passed_over: Vec::new(),
            max_tokens: 400,
            temperature_thousandths: Some(200),
            sent: SentPicture { sha256: digest, bytes: 9_000, width: 1024, height: 768 },
            usage: Usage { input: 1_000, output: 20, ..Usage::default() },
            cost: MicroUsd(1_100),
            latency_ms: 800,
            n_calls: 1,
            request_id: Some("r-1".into()),
            warnings: Vec::new(),
        },
    }))
}

/// A refusal of this task.
pub fn refused(task: &Task) -> Fact {
    result(task, Outcome::Refused(Refusal::new(RefusalCode::Corrupt, "the header is torn", "upload the file again")))
}

pub fn result(task: &Task, outcome: Outcome) -> Fact {
    Fact::Result(TaskResult::new(task, outcome, 5_000, 20))
}

pub fn inspected(focus: FocalPoint) -> Outcome {
    Outcome::Inspected {
        probe: ImageProbe { format: SourceFormat::Jpeg, width: 4000, height: 3000, frames: 1 },
        inspection: Inspection {
            focus,
            focus_from: FocusSource::Faces,
            faces: 1,
            thumbhash: "AQIDBA==".into(),
            dominant_color: "#203040".into(),
            transparent: false,
            copyright: None,
            credit: None,
            notes: Vec::new(),
        },
    }
}

fn output(task: &Task, view: &str, width: u32, format: OutputFormat) -> Output {
    let key = format!("{}{view}-{width}.{}", asset::keys::renditions_of(task), format.extension());
    let sha256 = Sha256::of(key.as_bytes());
    Output {
        view: view.to_owned(),
        key,
        format,
        width,
        height: width * 3 / 4,
        frames: 1,
        bytes: u64::from(width) * 10,
        sha256,
    }
}

pub fn move_focus(at_ms: u64, x: u16, y: u16, on: &str) -> Fact {
    let focus = FocalPoint { x, y };
    verdict(at_ms, Decision::MoveFocus { focus, source: Sha256::of(on.as_bytes()) })
}

pub fn release_focus(at_ms: u64) -> Fact {
    verdict(at_ms, Decision::ReleaseFocus)
}

pub fn retry(at_ms: u64, task: TaskId) -> Fact {
    verdict(at_ms, Decision::Retry { task })
}

pub fn verdict(at_ms: u64, decision: Decision) -> Fact {
    Fact::Verdict(Verdict { asset: asset(), id: Verdict::new_id(at_ms, 0), by: "ada".into(), at_ms, decision })
}

/// A task as `settle` would send it.
pub fn task(generation: &Sequencer, source: &str, retries: usize, job: Job, profile: &Profile) -> Task {
    Task {
        asset: asset(),
        generation: generation.clone(),
        source: Sha256::of(source.as_bytes()),
        attempt: Attempt::new(retries, &profile.limits),
        job,
        collection: String::new(),
        limits: profile.limits,
    }
}

/// The name under which the store holds a fact, by way of its object key.
pub fn fact_key(fact: &Fact) -> FactKey {
    let key = match fact {
        Fact::Arrival(arrival) => asset::keys::arrival(arrival),
        Fact::Result(result) => asset::keys::result(result),
        Fact::Verdict(verdict) => asset::keys::verdict(verdict),
    };
    asset::keys::parse_fact(&asset(), &key).expect("the key of a fact reads back")
}
