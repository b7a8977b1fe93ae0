//! The host: pumps, watch, sweep and servers of one data folder, started and drained together.

use crate::inbox;
use crate::local_models::{LocalServer, serve_models};
use crate::node::{BUCKET, HostLock, Node, secret};
use crate::pump::{PumpPlan, pump};
use crate::s3;
use anyhow::{Context, Result};
use async_trait::async_trait;
use console::{Access, Console, Health, QueueHealth};
use ports::{PortError, Queue};
use settle::{Settle, SweepScope};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// A host that runs.
pub struct Host {
    pub node: Arc<Node>,
    /// Stops taking in: servers and watch.
    intake: CancellationToken,
    /// Stops working: pumps and sweep.
    drain: CancellationToken,
    tasks: JoinSet<()>,
    /// Of this machine's own models, if there are any.
    models: Option<LocalServer>,
    _lock: HostLock,
}

/// Where a host can be reached.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// With the token: opens the console in a browser.
    pub console: String,
    pub s3: String,
}

/// What a worker may take beyond the CPU limit of its task, for reading and writing.
const VISIBILITY_MARGIN: Duration = Duration::from_secs(90);

impl Host {
    /// Starts the functions. What an earlier host had in hand when it died is taken up at once.
    pub async fn start(mut node: Node, lock: HostLock) -> Result<Self> {
        // The lock says that no other host works on this folder, so whatever is in flight or claimed belongs to a dead one.
        node.queues.release_in_flight().await?;
        node.claims.clear().await?;
        let models = serve_models(&mut node.settings).await;
        let node = Arc::new(node);
        let mut host = Host {
            node: node.clone(),
            intake: CancellationToken::new(),
            drain: CancellationToken::new(),
            tasks: JoinSet::new(),
            models,
            _lock: lock,
        };
        let work_limit = Duration::from_millis(node.settings.profile.limits.max_time_ms);
        let short = PumpPlan { batch: 10, concurrency: 8, visibility: VISIBILITY_MARGIN };
        let long = PumpPlan { batch: 1, concurrency: 1, visibility: work_limit + VISIBILITY_MARGIN };
        let slow = PumpPlan { batch: 1, concurrency: 1, visibility: RECORDING };
        let drain = || host.drain.clone();
        let (ingest, settle, resize) = (Arc::new(node.ingest()), Arc::new(node.settle()), Arc::new(node.resize()));
        let (caption, tag) = (Arc::new(node.caption()?), Arc::new(node.tag()?));
        let mut tasks = JoinSet::new();
        tasks.spawn(pump(ingest, node.ingest_queue.clone(), node.clock.clone(), short, drain()));
        tasks.spawn(pump(settle.clone(), node.settle_queue.clone(), node.clock.clone(), short, drain()));
        for _ in 0..node.settings.workers {
            tasks.spawn(pump(resize.clone(), node.resize_queue.clone(), node.clock.clone(), long, drain()));
        }
        // A model's answer is waited for, not computed: many at a time, and none of them holds up a picture.
        for _ in 0..CALLS_AT_A_TIME {
            tasks.spawn(pump(caption.clone(), node.caption_queue.clone(), node.clock.clone(), long, drain()));
            tasks.spawn(pump(tag.clone(), node.tag_queue.clone(), node.clock.clone(), long, drain()));
        }
        // ffmpeg takes a core at a time, so one recording waits for another.
        let tools = node.tools();
        let (preview, transcribe) = (Arc::new(node.preview(tools.clone())), Arc::new(node.transcribe(tools)?));
        tasks.spawn(pump(preview, node.preview_queue.clone(), node.clock.clone(), slow, drain()));
        for _ in 0..PARTS_AT_A_TIME {
            let queue = node.transcribe_queue.clone();
            tasks.spawn(pump(transcribe.clone(), queue, node.clock.clone(), slow, drain()));
        }
        tasks.spawn(sweep_now_and_then(node.clone(), settle, drain()));
        host.tasks = tasks;
        Ok(host)
    }

    /// Starts what takes files in: console, S3 endpoint and folder watch.
    pub async fn open(&mut self) -> Result<Addresses> {
        let node = &self.node;
        let console = listen(node.settings.console, "console").await?;
        let endpoint = listen(node.settings.s3, "s3").await?;
        let console_origin = format!("http://{}", console.local_addr()?);
        let s3_url = format!("http://{}", endpoint.local_addr()?);
        let credentials = s3::credentials(&node.settings.data.join("credentials"))?;
        let config = s3::S3Config {
            access_key: credentials.access_key.clone(),
            secret_key: credentials.secret_key.clone(),
            region: s3::REGION.to_owned(),
            console_origin: Some(console_origin.clone()),
            max_object_bytes: node.settings.max_upload_bytes,
        };
        let presigner = s3::Presigner::new(&s3_url, BUCKET, s3::REGION, &credentials);
        let token = secret(&node.settings.data.join("console-token"))?;
        let router = console::router(Console {
            store: node.store.clone(),
            facts: node.store.clone(),
            catalog: node.catalog.clone(),
            meaning: node.meaning()?,
            settle: node.settle_queue.clone(),
            uploads: Arc::new(presigner),
            upload_origin: Some(s3_url.clone()),
            downloads: None,
            health: Arc::new(QueueReport { node: node.clone() }),
            profile: Arc::new(node.settings.profile.clone()),
            clock: node.clock.clone(),
            access: Access::new(&token, &[]),
        });
        let intake = self.intake.clone();
        self.tasks.spawn(async move {
            let served = axum::serve(console, router).with_graceful_shutdown(intake.cancelled_owned()).await;
            log_end("console", served.map_err(Into::into));
        });
        let (inbox, sidecar, notifier) = (node.inbox.clone(), node.settings.data.join("s3"), node.notifier.clone());
        let intake = self.intake.clone();
        self.tasks.spawn(async move {
            let served = s3::serve(endpoint, config, inbox, sidecar, notifier, intake).await;
            log_end("s3", served.map_err(Into::into));
        });
        let (inbox, notifier, intake) = (node.inbox.clone(), node.notifier.clone(), self.intake.clone());
        self.tasks.spawn(async move {
            log_end("watch", inbox::watch(inbox, notifier, intake).await.map_err(Into::into));
        });
        Ok(Addresses { console: format!("{console_origin}/?token={token}"), s3: s3_url })
    }

    /// Drains: takes nothing more in, finishes what is in hand, stops. A second call of Ctrl-C ends at once.
    pub async fn stop(mut self) {
        self.intake.cancel();
        self.drain.cancel();
        let all_done = async { while self.tasks.join_next().await.is_some() {} };
        tokio::select! {
            () = all_done => {}
            _ = tokio::signal::ctrl_c() => tracing::warn!("stopped without draining; unfinished work is taken up at the next start"),
        }
        // Last: what was in hand may have needed it.
        if let Some(models) = self.models.take() {
            models.stop().await;
        }
    }
}

/// Calls of hosted models under way at the same time.
const CALLS_AT_A_TIME: usize = 8;

/// Parts of recordings that are heard at the same time.
const PARTS_AT_A_TIME: usize = 2;

/// The longest that one task of a recording takes: ffmpeg's own limit, or a model's that hears seven minutes of sound.
const RECORDING: Duration = Duration::from_secs(900);

async fn listen(address: SocketAddr, flag: &str) -> Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!("failed to listen on {address}: is another greenroom running? choose another address with `--{flag} ADDRESS`")
    })
}

fn log_end(part: &str, ended: Result<()>) {
    if let Err(error) = ended {
        tracing::error!(part, "stopped: {error:#}");
    }
}

/// The catalog is a projection, and what it missed only a look at the store itself can find.
const ALL_EVERY: Duration = Duration::from_secs(24 * 60 * 60);

/// Looks that wait for `settle`, above which a sweep for what is unfinished can wait too.
const BACKLOG: u64 = 1000;

/// Compares the inbox with what is known, and what is known with the profile: at the start, then every `sweep_every`.
async fn sweep_now_and_then(node: Arc<Node>, settle: Arc<Settle>, drain: CancellationToken) {
    let mut all_at = Instant::now() + ALL_EVERY;
    loop {
        let scope = if Instant::now() < all_at { SweepScope::Due } else { SweepScope::All };
        if scope == SweepScope::All {
            all_at = Instant::now() + ALL_EVERY;
        }
        let swept = async {
            inbox::reconcile(&node.inbox, node.store.as_ref(), node.catalog.as_ref(), &node.notifier).await?;
            // Whoever waits in the queue will be looked at: a sweep would only make the queue longer by everybody who is not ready yet.
            let n_waiting = node.settle_queue.depth().await?.visible;
            if scope == SweepScope::Due && n_waiting > BACKLOG { Ok(0) } else { settle.sweep(scope).await }
        };
        let swept: Result<u64, PortError> = swept.await;
        if let Err(error) = swept {
            log_end("sweep", Err(error.into()));
        }
        tokio::select! {
            () = tokio::time::sleep(node.settings.sweep_every) => {}
            () = drain.cancelled() => return,
        }
    }
}

/// What the console shows of the queues.
struct QueueReport {
    node: Arc<Node>,
}

#[async_trait]
impl Health for QueueReport {
    async fn queues(&self) -> Result<Vec<QueueHealth>, PortError> {
        let mut report = Vec::new();
        for (name, queue) in self.node.queues_by_name() {
            let depth = queue.depth().await?;
            let dead = queue.dead_letters(20).await?;
            report.push(QueueHealth { name: name.to_owned(), depth, dead });
        }
        Ok(report)
    }
}
