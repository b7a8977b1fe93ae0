//! A console on memory twins with one asset in it.

use asset::catalog::CatalogEntry;
use asset::fact::{Arrival, Change, Fact, Outcome, Output, TaskResult, Version};
use asset::ids::{AssetId, Sha256};
use asset::image::{FocalPoint, FocusSource, ImageProbe, Inspection, OutputFormat, SourceFormat};
use asset::keys;
use asset::manifest::Manifest;
use asset::profile::Profile;
use asset::refusal::{Refusal, RefusalCode};
use asset::sequencer::Sequencer;
use asset::settle::{Patience, settle};
use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, Response, StatusCode};
use console::{Access, Console, Health, QueueHealth, router};
use http_body_util::BodyExt;
use ports::memory::{ManualClock, MemoryCatalog, MemoryQueue, MemoryStore};
use ports::{Catalog, CreateBlob, DeadLetter, Depth, MapQuery, PortError, PresignBlob, PresignRead, PresignedPut};
use std::sync::Arc;
use tower::ServiceExt;

pub const TOKEN: &str = "correct-horse-battery-staple";
pub const HOSTILE: &str = "x\"><script>alert(1)</script>'&\u{202E}gpj.<img src=x onerror=alert(2)>.jpg";
pub const PICTURE: &[u8] = b"\xff\xd8 a picture";

pub struct World {
    pub router: Router,
    pub store: Arc<MemoryStore>,
    pub settle: Arc<MemoryQueue>,
    pub catalog: Arc<MemoryCatalog>,
    pub asset: AssetId,
    pub manifest: Manifest,
}

struct Presign;

#[async_trait]
impl PresignBlob for Presign {
    async fn presign_put(&self, key: &str, seconds: u32) -> Result<PresignedPut, PortError> {
        Ok(PresignedPut { url: format!("https://inbox.example/{key}?for={seconds}"), headers: Vec::new() })
    }
}

#[async_trait]
impl PresignRead for Presign {
    async fn presign_get(&self, key: &str, seconds: u32, disposition: &str) -> Result<String, PortError> {
        Ok(format!("https://store.example/{key}?for={seconds}&as={}", disposition.len()))
    }
}

struct Sick;

#[async_trait]
impl Health for Sick {
    async fn queues(&self) -> Result<Vec<QueueHealth>, PortError> {
        let letter = DeadLetter {
            id: "1".into(),
            body: String::new(),
            attempts: 4,
            last_error: Some("<b>disk full</b>".into()),
            died_ms: 0,
        };
        let depth = Depth { dead: 1, ..Depth::default() };
        Ok(vec![QueueHealth { name: "resize".into(), depth, dead: vec![letter] }])
    }
}

impl World {
    pub async fn new() -> Self {
        World::with_downloads(None).await
    }

    /// With originals that are downloaded from elsewhere.
    pub async fn with_links() -> Self {
        World::with_downloads(Some(Arc::new(Presign))).await
    }

    async fn with_downloads(downloads: Option<Arc<dyn PresignRead>>) -> Self {
        let profile = Arc::new(Profile::default());
        let manifest = hostile_manifest(&profile);
        World::of(profile, manifest, downloads).await
    }

    /// With one asset under a profile.
    pub async fn of(profile: Arc<Profile>, manifest: Manifest, downloads: Option<Arc<dyn PresignRead>>) -> Self {
        World::asking(profile, manifest, downloads, None).await
    }

    /// The same, where somebody knows what questions mean.
    pub async fn asking(
        profile: Arc<Profile>,
        manifest: Manifest,
        downloads: Option<Arc<dyn PresignRead>>,
        meaning: Option<Arc<dyn MapQuery>>,
    ) -> Self {
        let clock = Arc::new(ManualClock::new(1_795_408_580_000));
        let store = Arc::new(MemoryStore::new(clock.clone()));
        let catalog = Arc::new(MemoryCatalog::default());
        let queue = Arc::new(MemoryQueue::new(clock.clone(), 4));
        let asset = manifest.asset.clone();
        let body = serde_json::to_vec(&manifest).expect("a manifest is JSON");
        store.create(&keys::manifest(&asset), body.into()).await.expect("memory creates");
        store
            .create(&keys::original(&asset, &Sha256::of(PICTURE)), PICTURE.to_vec().into())
            .await
            .expect("memory creates");
        for output in manifest.readiness.outputs() {
            store.create(&output.key, b"<svg onload=alert(3)>".to_vec().into()).await.expect("memory creates");
        }
        catalog.upsert(&CatalogEntry::of(&manifest)).await.expect("memory upserts");
        let router = router(Console {
            store: store.clone(),
            facts: store.clone(),
            catalog: catalog.clone(),
            meaning,
            settle: queue.clone(),
            uploads: Arc::new(Presign),
            upload_origin: Some("https://inbox.example".into()),
            downloads,
            health: Arc::new(Sick),
            profile,
            clock,
            access: Access::new(TOKEN, &["console.example".to_owned()]),
        });
        World { router, store, settle: queue, catalog, asset, manifest }
    }

    pub fn rendition(&self) -> String {
        format!("/media/{}", self.manifest.readiness.outputs().next().expect("a rendition").key)
    }

    pub async fn send(&self, request: Request<Body>) -> Response<Body> {
        self.router.clone().oneshot(request).await.expect("a router never fails")
    }

    /// Sends with the right token as a tool would.
    pub async fn get(&self, path: &str) -> (StatusCode, String) {
        let response = self
            .send(ask(Method::GET, path).header("authorization", bearer()).body(Body::empty()).expect("valid"))
            .await;
        (response.status(), text(response).await)
    }

    /// Returns the cookie and the CSRF value of a browser that opened the console.
    pub async fn browser(&self) -> (String, String) {
        let request = ask(Method::GET, &format!("/?token={TOKEN}")).body(Body::empty()).expect("valid");
        let response = self.send(request).await;
        let cookie =
            response.headers()["set-cookie"].to_str().expect("ASCII").split(';').next().expect("a pair").to_owned();
        let request = ask(Method::GET, "/").header("cookie", &cookie).body(Body::empty()).expect("valid");
        let page = text(self.send(request).await).await;
        let csrf = page
            .split("name=\"csrf\" content=\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next())
            .expect("a CSRF value");
        (cookie, csrf.to_owned())
    }
}

pub fn ask(method: Method, path: &str) -> axum::http::request::Builder {
    Request::builder().method(method).uri(path).header("host", "localhost:7700")
}

pub fn bearer() -> String {
    format!("Bearer {TOKEN}")
}

pub async fn text(response: Response<Body>) -> String {
    let bytes = response.into_body().collect().await.expect("a whole body").to_bytes();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// An asset whose every free text is hostile: a whole view that was made, a square one that was refused.
fn hostile_manifest(profile: &Profile) -> Manifest {
    let asset = AssetId::of_key(HOSTILE);
    let version =
        Version { sha256: Sha256::of(PICTURE), bytes: 2_412_345, media_type: Some("image/jpeg".into()), etag: None };
    let arrival = Arrival {
        asset: asset.clone(),
        key: HOSTILE.into(),
        sequencer: Sequencer::from_unix_nanos(1),
        at_ms: 1_795_408_000_000,
        change: Change::Put(version),
    };
    let first = settle(&Manifest::new(asset), vec![Fact::Arrival(arrival)], profile, Patience::default(), 1);
    let inspected = Outcome::Inspected {
        probe: ImageProbe { format: SourceFormat::Jpeg, width: 4000, height: 3000, frames: 1 },
        inspection: Inspection {
            focus: FocalPoint::CENTER,
            focus_from: FocusSource::Saliency,
            faces: 0,
            thumbhash: "1QcSHQRnh493V4dIh4eXh1h4kJUI".into(),
            dominant_color: "#123456\"><script>".into(),
            transparent: false,
            copyright: Some(HOSTILE.into()),
            credit: Some("</dd><script>alert(4)</script>".into()),
            notes: vec!["<script>alert(9)</script>".into()],
        },
    };
    let answer = |next: &asset::settle::Settlement, index: usize, outcome| {
        let task = &next.send[index];
        Fact::Result(TaskResult::new(task, outcome, 2, 1))
    };
    let facts = vec![answer(&first, 0, inspected)];
    let second = settle(&first.manifest, facts, profile, Patience::default(), 2);
    let mut facts = Vec::new();
    for (index, task) in second.send.iter().enumerate() {
        let names = task.job.view_names();
        let Some(view) = names.first() else { continue };
        let outcome = if view != "whole" {
            Outcome::Refused(Refusal::new(
                RefusalCode::Corrupt,
                "<script>alert(5)</script>",
                "<img src=x onerror=alert(6)>",
            ))
        } else {
            let output = |format: OutputFormat| Output {
                view: view.clone(),
                key: format!("{}{view}-640.{}", keys::renditions_of(task), format.extension()),
                format,
                width: 640,
                height: 480,
                frames: 1,
                bytes: 40_000,
                sha256: Sha256::of(b"out"),
            };
            Outcome::Rendered {
                outputs: vec![output(OutputFormat::Avif), output(OutputFormat::Webp), output(OutputFormat::Jpeg)],
            }
        };
        facts.push(answer(&second, index, outcome));
    }
    settle(&second.manifest, facts, profile, Patience::default(), 3).manifest
}
