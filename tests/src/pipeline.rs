//! The pipeline under test.

use crate::faults::{Faulty, Meter};
use asset::event::parse_inbox_events;
use asset::ids::AssetId;
use asset::image::{ImageProbe, Inspection, Limits, RenderSpec};
use asset::keys;
use asset::manifest::Manifest;
use asset::profile::Profile;
use asset::refusal::Refusal;
use asset::settle::Patience;
use async_trait::async_trait;
use bytes::Bytes;
use futures::future::BoxFuture;
use ingest::Ingest;
use ports::blob::list_all;
use ports::memory::{ManualClock, MemoryCatalog, MemoryClaims, MemoryQueue, MemoryStore};
use ports::{
    Body, Catalog, Claims, Clock, CopyBlob, CreateBlob, DeleteBlob, Envelope, ListBlobs, Queue, ReadBlob, SwapBlob,
};
use resize::{Imaging, Rendition, Resize};
use runtime::{Function, Outcome, Shift, dispatch};
use serde_json::json;
use settle::Settle;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A small profile: one whole view, one crop.
pub const PROFILE: &str = r#"
[[collection]]
name = "all"
keys = ["**"]
jpeg = { quality = 80 }
webp = { quality = 78 }
[[collection.view]]
name = "whole"
widths = [8, 16]
[[collection.view]]
name = "square"
crop = "1:1"
widths = [8]
"#;

/// Real pictures, and a count of how often anything was computed.
#[derive(Default)]
pub struct CountingImaging {
    pub n_calls: AtomicU64,
}

#[async_trait]
impl Imaging for CountingImaging {
    async fn inspect(&self, bytes: Bytes, limits: Limits) -> Result<(ImageProbe, Inspection), Refusal> {
        self.n_calls.fetch_add(1, Ordering::SeqCst);
        Ok((media::probe(&bytes, &limits)?, media::inspect(&bytes, &limits)?))
    }

    async fn render(
        &self,
        bytes: Bytes,
        specs: Vec<RenderSpec>,
        limits: Limits,
    ) -> Result<Vec<Vec<Rendition>>, Refusal> {
        self.n_calls.fetch_add(1, Ordering::SeqCst);
        media::render_all(&bytes, &specs, &limits)
    }
}

/// A bucket.
pub trait Store: ReadBlob + CreateBlob + SwapBlob + CopyBlob + DeleteBlob + ListBlobs {}

impl<S: ReadBlob + CreateBlob + SwapBlob + CopyBlob + DeleteBlob + ListBlobs> Store for S {}

/// What a pipeline stands on.
pub struct Services {
    /// The functions' clock.
    pub clock: Arc<ManualClock>,
    pub inbox: Arc<dyn Store>,
    pub store: Arc<dyn Store>,
    pub catalog: Arc<dyn Catalog>,
    pub claims: Arc<dyn Claims>,
    pub ingest_queue: Arc<dyn Queue>,
    pub resize_queue: Arc<dyn Queue>,
    pub settle_queue: Arc<dyn Queue>,
    /// How many times faster the functions' clock runs than that of the queues: nobody wants to wait as long as they may.
    pub haste: u32,
    /// Lets time pass, for functions and queues, when there is nothing to do.
    pub wait: Box<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>,
}

impl Services {
    /// Memory twins, all on one clock.
    pub fn memory() -> Self {
        let clock = Arc::new(ManualClock::advancing(1_700_000_000_000));
        let queue = || Arc::new(MemoryQueue::new(clock.clone(), 10));
        let queues = [queue(), queue(), queue()];
        let [ingest_queue, resize_queue, settle_queue] = queues.clone();
        let its = clock.clone();
        let wait = move || {
            if let Some(next_ms) = queues.iter().filter_map(|queue| queue.next_visible_ms()).min() {
                its.advance(Duration::from_millis(next_ms.saturating_sub(its.now_ms()) + 1));
            }
            Box::pin(std::future::ready(())) as BoxFuture<'static, ()>
        };
        Services {
            inbox: Arc::new(MemoryStore::new(clock.clone())),
            store: Arc::new(MemoryStore::new(clock.clone())),
            catalog: Arc::new(MemoryCatalog::default()),
            claims: Arc::new(MemoryClaims::default()),
            ingest_queue,
            resize_queue,
            settle_queue,
            haste: 1,
            wait: Box::new(wait),
            clock,
        }
    }
}

/// Real functions on some services, with a meter on every port.
pub struct Pipeline {
    pub clock: Arc<ManualClock>,
    pub meter: Arc<Meter>,
    pub inbox: Arc<dyn Store>,
    pub store: Arc<dyn Store>,
    pub catalog: Arc<dyn Catalog>,
    pub imaging: Arc<CountingImaging>,
    pub ingest_queue: Arc<dyn Queue>,
    pub resize_queue: Arc<dyn Queue>,
    pub settle_queue: Arc<dyn Queue>,
    ingest: Ingest,
    resize: Resize,
    settle: Settle,
    sequence: AtomicU64,
    haste: u32,
    wait: Box<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>,
}

impl Default for Pipeline {
    fn default() -> Self {
        Pipeline::on(Services::memory())
    }
}

impl Pipeline {
    /// On memory twins.
    pub fn new(profile: Profile) -> Self {
        Pipeline::with(profile, Services::memory())
    }

    /// With the small profile.
    pub fn on(services: Services) -> Self {
        Pipeline::with(Profile::parse("test", PROFILE).expect("the test profile is valid"), services)
    }

    fn with(profile: Profile, services: Services) -> Self {
        let Services { clock, inbox, store, catalog, claims, ingest_queue, resize_queue, settle_queue, haste, wait } =
            services;
        let meter = Arc::new(Meter::default());
        let imaging = Arc::new(CountingImaging::default());
        let ports = || Arc::new(Faulty { inner: store.clone(), meter: meter.clone() });
        let sender = |queue: &Arc<dyn Queue>| Arc::new(Faulty { inner: queue.clone(), meter: meter.clone() });
        let faulty_catalog = Arc::new(Faulty { inner: catalog.clone(), meter: meter.clone() });
        Pipeline {
            ingest: Ingest {
                bucket: "inbox".into(),
                inbox: Arc::new(Faulty { inner: inbox.clone(), meter: meter.clone() }),
                store: ports(),
                facts: ports(),
                settle: sender(&settle_queue),
                clock: clock.clone(),
            },
            resize: Resize {
                store: ports(),
                create: ports(),
                copy: ports(),
                claims: Arc::new(Faulty { inner: claims, meter: meter.clone() }),
                settle: sender(&settle_queue),
                imaging: imaging.clone(),
                clock: clock.clone(),
            },
            settle: Settle {
                store: ports(),
                list: ports(),
                create: ports(),
                swap: ports(),
                delete: ports(),
                catalog: faulty_catalog,
                resize: sender(&resize_queue),
                caption: None,
                tag: None,
                preview: None,
                transcribe: None,
                settle: sender(&settle_queue),
                profile: Arc::new(profile),
                prompts: None,
                patience: Patience::default(),
                clock: clock.clone(),
            },
            clock,
            meter,
            inbox,
            store,
            catalog,
            imaging,
            ingest_queue,
            resize_queue,
            settle_queue,
            sequence: AtomicU64::new(1),
            haste,
            wait,
        }
    }

    /// Goes on with another profile on the same store.
    pub fn set_profile(&mut self, profile: &str) {
        self.settle.profile = Arc::new(Profile::parse("test", profile).expect("the test profile is valid"));
    }

    /// Writes an inbox object and returns its notification, not yet sent.
    pub async fn put(&self, key: &str, bytes: &[u8]) -> String {
        // The twin is create-only: an overwrite is a delete and a create.
        ports::DeleteBlob::delete(self.inbox.as_ref(), key).await.expect("the inbox deletes");
        let etag = self.inbox.create(key, Body::from(bytes.to_vec())).await.expect("it is created");
        self.event(key, "ObjectCreated:Put", json!({ "size": bytes.len(), "eTag": etag.0 }))
    }

    /// Deletes an inbox object and returns its notification, not yet sent.
    pub async fn remove(&self, key: &str) -> String {
        ports::DeleteBlob::delete(self.inbox.as_ref(), key).await.expect("the inbox deletes");
        self.event(key, "ObjectRemoved:Delete", json!({}))
    }

    fn event(&self, key: &str, name: &str, mut object: serde_json::Value) -> String {
        let sequence = self.sequence.fetch_add(1, Ordering::SeqCst);
        object["key"] = key.replace('%', "%25").replace('+', "%2B").replace(' ', "+").into();
        object["sequencer"] = format!("{:016X}", sequence << 8).into();
        let record = json!({ "eventName": name, "eventTime": "2026-11-23T10:00:00.000Z",
                             "s3": { "bucket": { "name": "inbox" }, "object": object } });
        let body = json!({ "Records": [record] }).to_string();
        parse_inbox_events(&body).expect("the test's own event is valid");
        body
    }

    pub async fn send(&self, body: &str) {
        self.ingest_queue.send(vec![Envelope::now(body.to_owned())]).await.expect("the queue takes it");
    }

    /// Uploads and announces.
    pub async fn upload(&self, key: &str, bytes: &[u8]) {
        let event = self.put(key, bytes).await;
        self.send(&event).await;
    }

    /// Delivers until nothing is left to deliver. Time passes only when there is nothing to do.
    ///
    /// # Panics
    /// If that does not end.
    pub async fn run(&self) {
        for _ in 0..10_000 {
            let n_delivered = self.deliver(&self.ingest, &self.ingest_queue).await
                + self.deliver(&self.resize, &self.resize_queue).await
                + self.deliver(&self.settle, &self.settle_queue).await;
            if n_delivered > 0 {
                continue;
            }
            let mut n_left = 0;
            for queue in [&self.ingest_queue, &self.resize_queue, &self.settle_queue] {
                let depth = queue.depth().await.expect("the queue counts");
                n_left += depth.visible + depth.in_flight + depth.delayed;
            }
            if n_left == 0 {
                return;
            }
            (self.wait)().await;
        }
        panic!("the pipeline does not come to rest");
    }

    /// Delivers to `ingest` and `settle` until `resize` has something to do.
    pub async fn run_until_resize_has_work(&self) {
        for _ in 0..100 {
            if self.resize_queue.depth().await.expect("the queue counts").visible > 0 {
                return;
            }
            self.deliver(&self.ingest, &self.ingest_queue).await;
            self.deliver(&self.settle, &self.settle_queue).await;
        }
        panic!("no work for resize");
    }

    async fn deliver<F: Function>(&self, function: &F, queue: &Arc<dyn Queue>) -> usize {
        let visibility = Duration::from_secs(300) / self.haste;
        let batch = queue.receive(10, visibility).await.expect("the queue delivers");
        let (clock, deadline_ms) = (self.clock.as_ref(), self.clock.now_ms() + 300_000);
        let shift = Shift { clock, deadline_ms, concurrency: 1, metrics: Arc::default() };
        for (message, outcome) in batch.iter().zip(dispatch(function, &batch, &shift).await) {
            // A crashed worker returns nothing: its message comes back when the visibility ends.
            let returned = match outcome {
                Outcome::Done | Outcome::Rejected(_) => queue.acknowledge(&message.receipt).await,
                Outcome::Failed(failure) if failure.reason.contains("planted crash") => Ok(()),
                Outcome::Failed(failure) => {
                    queue.give_back(&message.receipt, failure.after / self.haste, &failure.reason).await
                }
            };
            returned.expect("the receipt is good");
        }
        batch.len()
    }

    /// Sweeps what is due and runs.
    pub async fn sweep(&self) {
        self.settle.sweep(settle::SweepScope::Due).await.expect("the sweep succeeds");
        self.run().await;
    }

    /// Returns the keys of everything in the store.
    pub async fn keys(&self) -> Vec<String> {
        let store: &dyn ListBlobs = self.store.as_ref();
        list_all(store, "").await.expect("the store lists").into_iter().map(|blob| blob.key).collect()
    }

    /// Reads a manifest.
    ///
    /// # Panics
    /// If there is none.
    pub async fn manifest(&self, key: &str) -> Manifest {
        let blob = self.store.read(&keys::manifest(&AssetId::of_key(key))).await.expect("the manifest is there");
        serde_json::from_slice(&blob.bytes).expect("the manifest parses")
    }

    /// Records a person's decision and announces it.
    pub async fn decide(&self, key: &str, decision: asset::fact::Decision) {
        let (asset, at_ms) = (AssetId::of_key(key), self.clock.now_ms());
        let id = asset::fact::Verdict::new_id(at_ms, self.clock.random() as u32);
        let verdict = asset::fact::Verdict { asset: asset.clone(), id, by: "editor".into(), at_ms, decision };
        let body = serde_json::to_vec(&verdict).expect("a verdict is JSON");
        self.store.create(&keys::verdict(&verdict), body.into()).await.expect("it is created");
        let look = asset::task::Settled { asset }.body();
        self.settle_queue.send(vec![Envelope::now(look)]).await.expect("the queue takes it");
    }
}
