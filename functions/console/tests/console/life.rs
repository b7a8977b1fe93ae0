//! An asset with texts, as it goes from fact to fact; and its page, as a browser without script uses it.

use crate::world::{World, ask, text};
use asset::fact::{Arrival, Change, Decision, Fact, Outcome, Output, TaskResult, Verdict, Version};
use asset::field::{Field, Finding, PromptRef, Provenance, SentPicture, WriteSpec, Written};
use asset::ids::{AssetId, Sha256};
use asset::image::{FocalPoint, FocusSource, ImageProbe, Inspection, OutputFormat, SourceFormat};
use asset::keys;
use asset::manifest::Manifest;
use asset::money::{MicroUsd, Usage};
use asset::profile::Profile;
use asset::sequencer::Sequencer;
use asset::settle::{Patience, settle};
use asset::task::{Job, Task};
use axum::body::Body;
use axum::http::{Method, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use ports::{Queue, ReadBlob, SwapBlob};
use std::sync::Arc;

const KEY: &str = "photos/pier.jpg";

const PROFILE: &str = r#"
[models]
vision = "seer"

[[collection]]
name = "default"
keys = ["**"]
jpeg = { quality = 80 }

[[collection.view]]
name = "whole"
widths = [640]
"#;

/// One text of the profile.
pub const ALT: &str = "[[collection.text]]\nfield = \"alt_text\"\nlocale = \"en\"\n";
pub const DESCRIPTION: &str =
    "[[collection.text]]\nfield = \"description\"\nlocale = \"ar\"\nreview = \"always\"\nmax_characters = 300\n";

pub struct Life {
    pub world: World,
    profile: Arc<Profile>,
    manifest: Manifest,
    /// What the model writes from now on.
    pub writes: fn(&WriteSpec) -> Outcome,
    n_arrivals: u64,
}

/// The fields of a form, as a browser sends them.
pub type Fields = Vec<(String, String)>;

impl Life {
    /// An asset that arrived under a profile with these texts, with everything done.
    pub async fn new(texts: &str, writes: fn(&WriteSpec) -> Outcome) -> Self {
        Life::of(&format!("{PROFILE}{texts}"), writes).await
    }

    /// The same where no model is configured.
    pub async fn without_a_model(texts: &str) -> Self {
        Life::of(&format!("{PROFILE}{texts}").replace("vision = \"seer\"", ""), |_| unreachable!("nobody asks")).await
    }

    async fn of(profile: &str, writes: fn(&WriteSpec) -> Outcome) -> Self {
        let prompt = |field: Field| PromptRef {
            id: field.as_str().into(),
            version: "3".into(),
            hash: Sha256::of(field.as_str().as_bytes()),
        };
        let profile = Profile::parse("profile.toml", profile).expect("the profile is valid");
        let profile = Arc::new(profile.with_prompts(Field::ALL.map(|field| (field, prompt(field)))));
        let manifest = Manifest::new(AssetId::of_key(KEY));
        let world = World::of(profile.clone(), manifest.clone(), None).await;
        let mut life = Life { world, profile, manifest, writes, n_arrivals: 0 };
        life.arrive(b"first").await;
        life
    }

    /// Returns the digest of the bytes that arrived with this name.
    pub fn version(bytes: &[u8]) -> Sha256 {
        Sha256::of(bytes)
    }

    pub async fn arrive(&mut self, bytes: &[u8]) {
        self.n_arrivals += 1;
        let version = Version {
            sha256: Life::version(bytes),
            bytes: bytes.len() as u64,
            media_type: Some("image/jpeg".into()),
            etag: None,
        };
        let arrival = Arrival {
            asset: self.manifest.asset.clone(),
            key: KEY.into(),
            sequencer: Sequencer::from_unix_nanos(self.n_arrivals),
            at_ms: self.n_arrivals,
            change: Change::Put(version),
        };
        self.settle(vec![Fact::Arrival(arrival)]).await;
    }

    /// Folds facts and what the tasks that follow come to.
    pub async fn settle(&mut self, mut facts: Vec<Fact>) {
        while !facts.is_empty() {
            let next = settle(&self.manifest, facts, &self.profile, Patience::default(), 10);
            facts = next.send.iter().map(|task| self.answer(task)).collect();
            self.manifest = next.manifest;
        }
        let (key, store) = (keys::manifest(&self.manifest.asset), &self.world.store);
        let before = store.read(&key).await.expect("the world holds a manifest");
        let body = serde_json::to_vec(&self.manifest).expect("a manifest is JSON");
        store.swap(&key, body.into(), Some(&before.etag)).await.expect("nobody else writes");
    }

    fn answer(&self, task: &Task) -> Fact {
        let outcome = match &task.job {
            Job::Inspect => inspected(),
            Job::Render { .. } => Outcome::Rendered { outputs: vec![output(task)] },
            Job::Write(spec) => (self.writes)(spec),
            _ => unreachable!("no profile here asks for it"),
        };
        Fact::Result(TaskResult::new(task, outcome, 2, 1))
    }

    /// Asks for the profile's texts with another limit: the model writes again.
    pub async fn change_profile(&mut self, texts: &str) {
        let prompts = self.profile.prompts.clone();
        let profile = Profile::parse("profile.toml", &format!("{PROFILE}{texts}")).expect("the profile is valid");
        self.profile = Arc::new(profile.with_prompts(prompts));
        let fact = self.manifest.arrivals.values().last().cloned().expect("something arrived");
        self.settle(vec![Fact::Arrival(fact)]).await;
    }

    pub fn page_address(&self) -> String {
        format!("/assets/{}", self.world.asset)
    }

    pub async fn page(&self) -> String {
        let (status, page) = self.world.get(&self.page_address()).await;
        assert_eq!(status, StatusCode::OK);
        page
    }

    /// Returns the card of a text.
    pub async fn card(&self, field: Field, locale: &str) -> String {
        let page = self.page().await;
        let start = page.find(&format!("<li id=\"text-{}-{locale}\"", field.as_str())).expect("the page has the card");
        let rest = &page[start..];
        // Findings are list items too; a card ends with its details.
        rest[..rest.find("</dl></details></li>").expect("the card ends")].to_owned()
    }

    /// Returns a form of a card with what is in it, or nothing if the card offers no such decision.
    pub async fn form(&self, field: Field, locale: &str, decision: &str) -> Option<Fields> {
        let card = self.card(field, locale).await;
        let mut forms = card.split("<form ").skip(1).map(|rest| rest.split("</form>").next().unwrap_or_default());
        forms.find(|form| form.contains(&format!("name=\"decision\" value=\"{decision}\""))).map(fields)
    }

    /// Sends a form as a browser without script does: by the cookie, with the value in the form.
    pub async fn submit(&self, form: &[(String, String)]) -> (StatusCode, String, Option<String>) {
        let (cookie, _) = self.world.browser().await;
        self.submit_as(form, &self.page_address(), &cookie).await
    }

    pub async fn submit_as(
        &self,
        form: &[(String, String)],
        address: &str,
        cookie: &str,
    ) -> (StatusCode, String, Option<String>) {
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let pairs: Vec<String> = form.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        let request = ask(Method::POST, &format!("{address}/verdicts"))
            .header("cookie", cookie)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(pairs.join("&")))
            .expect("valid");
        let response = self.world.send(request).await;
        let location = response.headers().get("location").map(|value| value.to_str().expect("ASCII").to_owned());
        (response.status(), text(response).await, location)
    }

    /// Returns the verdicts in the store, in their order.
    pub async fn verdicts(&self) -> Vec<Verdict> {
        let mut verdicts = Vec::new();
        for key in self.world.store.keys().into_iter().filter(|key| key.contains("/verdicts/")) {
            let blob = self.world.store.read(&key).await.expect("it is stored");
            verdicts.push(serde_json::from_slice(&blob.bytes).expect("a verdict"));
        }
        assert_eq!(self.world.settle.depth().await.expect("memory counts").visible, verdicts.len() as u64);
        verdicts
    }

    /// Sends a form that has to be taken, folds the verdict, and returns the decision that was recorded.
    pub async fn decide(&mut self, form: &[(String, String)]) -> Decision {
        let before = self.verdicts().await;
        let (status, body, _) = self.submit(form).await;
        assert_eq!(status, StatusCode::SEE_OTHER, "{body}");
        let mut new: Vec<Verdict> =
            self.verdicts().await.into_iter().filter(|verdict| !before.contains(verdict)).collect();
        let verdict = new.pop().expect("a verdict is recorded");
        assert!(new.is_empty(), "more than one verdict is recorded");
        self.take(verdict.decision.clone()).await;
        verdict.decision
    }

    /// Folds a decision, given after all others: the console's clock stands still in these tests.
    pub async fn take(&mut self, decision: Decision) {
        let at_ms = 100 + self.manifest.verdicts.len() as u64;
        let id = Verdict::new_id(at_ms, 0);
        let asset = self.manifest.asset.clone();
        self.settle(vec![Fact::Verdict(Verdict { asset, id, by: "ada".into(), at_ms, decision })]).await;
    }
}

/// Returns names and values of a form's fields: those of a box only if it is ticked.
fn fields(form: &str) -> Fields {
    let mut fields = Fields::new();
    for tag in form.split('<').filter(|tag| tag.starts_with("input") || tag.starts_with("textarea")) {
        let (attributes, content) = tag.split_once('>').expect("a tag ends");
        let Some(name) = attribute(attributes, "name") else { continue };
        let value = match attribute(attributes, "type").as_deref() {
            Some("checkbox") if !attributes.contains("checked") => continue,
            Some("checkbox") => "on".to_owned(),
            Some(_) => attribute(attributes, "value").unwrap_or_default(),
            // The parser drops the first line feed; the browser sends CR LF for each other.
            None => unescape(content.strip_prefix('\n').unwrap_or(content)).replace('\n', "\r\n"),
        };
        fields.push((name, value));
    }
    fields
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    tag.split_once(&format!(" {name}=\"")).and_then(|(_, rest)| rest.split('"').next()).map(unescape)
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

/// Returns the form with another value in one of its fields, which is added if it is not there.
pub fn with(form: &Fields, name: &str, value: &str) -> Fields {
    let mut form: Fields = form.iter().filter(|(other, _)| other != name).cloned().collect();
    form.push((name.to_owned(), value.to_owned()));
    form
}

pub fn value<'a>(form: &'a Fields, name: &str) -> &'a str {
    form.iter().find(|(other, _)| other == name).map_or("", |(_, value)| value)
}

/// Returns what a model writes: `text`, with what the checks found in it.
pub fn written(spec: &WriteSpec, text: &str, findings: Vec<Finding>) -> Written {
    Written {
        field: spec.field,
        locale: spec.locale.clone(),
        text: text.to_owned(),
        is_decorative: text.is_empty(),
        confidence: Vec::new(),
        suggestions: Vec::new(),
        evidence: Vec::new(),
        findings,
        provenance: Provenance {
            prompt: spec.prompt.clone(),
            rendered: Sha256::of(b"rendered"),
            request: Sha256::of(b"request"),
            model_asked: spec.model.clone(),
            model_answered: "seer-2".into(),
            passed_over: Vec::new(),
            max_tokens: 400,
            temperature_thousandths: Some(200),
            sent: SentPicture { sha256: Sha256::of(b"small"), bytes: 9_000, width: 768, height: 576 },
            usage: Usage { input: 900, output: 40, ..Usage::default() },
            cost: MicroUsd(1_234),
            latency_ms: 1_500,
            n_calls: 1,
            request_id: None,
            warnings: Vec::new(),
        },
    }
}

pub fn says(spec: &WriteSpec, text: &str) -> Outcome {
    Outcome::Written(Box::new(written(spec, text, Vec::new())))
}

fn inspected() -> Outcome {
    Outcome::Inspected {
        probe: ImageProbe { format: SourceFormat::Jpeg, width: 4000, height: 3000, frames: 1 },
        inspection: Inspection {
            focus: FocalPoint::CENTER,
            focus_from: FocusSource::Center,
            faces: 0,
            thumbhash: "1QcSHQRnh493V4dIh4eXh1h4kJUI".into(),
            dominant_color: "#123456".into(),
            transparent: false,
            copyright: None,
            credit: None,
            notes: Vec::new(),
        },
    }
}

fn output(task: &Task) -> Output {
    let key = format!("{}whole-640.jpg", keys::renditions_of(task));
    let sha256 = Sha256::of(key.as_bytes());
    Output {
        view: "whole".into(),
        key,
        format: OutputFormat::Jpeg,
        width: 640,
        height: 480,
        frames: 1,
        bytes: 40_000,
        sha256,
    }
}
