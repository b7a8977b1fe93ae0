//! One data folder, opened: every adapter, and the functions wired to them.
//!
//! ```text
//! DATA/inbox/          what people and programs upload; plain files
//! DATA/store/          originals, facts, renditions, manifests: the truth
//! DATA/db/             queues, claims and catalog (SQLite): projections and messages; the ledger: what was paid
//! DATA/s3/             metadata of inbox objects, unfinished multipart uploads
//! DATA/scratch/        unpublished writes and locks
//! DATA/credentials     access key of the S3 endpoint
//! DATA/console-token   the console's token
//! ```

use crate::deployment::{Deployment, Home, NamedQueue};
use crate::inbox::Notifier;
use crate::settings::Settings;
use anyhow::{Context, Result};
use asset::refusal::Refusal;
use asset::settle::Patience;
use caption::Caption;
use embedded::{FileStore, Queues, SqliteCatalog, SqliteClaims, SqliteLedger, SqliteQueue, SystemClock};
use ingest::Ingest;
use models::{HttpClient, Models, QueryMapper, Till};
use ports::{Clock, MapQuery};
use preview::{FfmpegScreen, Preview};
use prompts::registry::Registry;
use prompts::{Shelf, library};
use resize::{MediaImaging, Resize};
use settle::Settle;
use std::fs::{self, File, TryLockError};
use std::path::Path;
use std::sync::Arc;
use tag::Tag;
use transcribe::{FfmpegSound, Transcribe};
use video::{Recordings, Tools};
use vision::{MediaPreview, Relevance, Vision};

/// The name of the one inbox bucket.
pub const BUCKET: &str = "inbox";

/// Deliveries after which a message goes to the dead letters. Generous: on one machine a restart can cost one.
const MAX_RECEIVES: u32 = 10;

/// An opened data folder.
pub struct Node {
    pub settings: Settings,
    pub inbox: Arc<FileStore>,
    pub store: Arc<FileStore>,
    pub catalog: Arc<SqliteCatalog>,
    pub claims: Arc<SqliteClaims>,
    pub ledger: Arc<SqliteLedger>,
    pub queues: Queues,
    pub ingest_queue: Arc<SqliteQueue>,
    pub resize_queue: Arc<SqliteQueue>,
    pub caption_queue: Arc<SqliteQueue>,
    pub tag_queue: Arc<SqliteQueue>,
    pub preview_queue: Arc<SqliteQueue>,
    pub transcribe_queue: Arc<SqliteQueue>,
    pub settle_queue: Arc<SqliteQueue>,
    pub notifier: Arc<Notifier>,
    /// Which prompts are in force: where the labels in the store point, else our own.
    pub prompts: Arc<Shelf>,
    pub clock: Arc<dyn Clock>,
}

/// Held by the one process that runs the functions of a data folder.
pub struct HostLock {
    _file: File,
}

impl Node {
    /// Opens the data folder, creating what is missing.
    pub fn open(settings: Settings) -> Result<Self> {
        let data = settings.data.clone();
        for folder in ["store", "db", "s3", "scratch"] {
            fs::create_dir_all(data.join(folder)).with_context(|| format!("failed to create `{}`", data.display()))?;
        }
        fs::create_dir_all(&settings.inbox)
            .with_context(|| format!("failed to create inbox `{}`", settings.inbox.display()))?;
        // The inbox may lie on another file system, and a file is published by renaming: its scratch folder lies beside it.
        let inbox_scratch = match settings.inbox.starts_with(&data) {
            true => data.join("scratch/inbox"),
            false => settings.inbox.with_extension("greenroom-scratch"),
        };
        let inbox = FileStore::open(&settings.inbox, &inbox_scratch, settings.durability)?;
        let store = FileStore::open(&data.join("store"), &data.join("scratch/store"), settings.durability)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let queues = Queues::open(&data.join("db/queues.db"))?;
        let ingest_queue = queues.queue("ingest", MAX_RECEIVES);
        let notifier = Arc::new(Notifier::new(BUCKET, inbox.clone(), ingest_queue.clone(), clock.clone()));
        let shelf = Shelf::from(library()).with_store(store.clone(), clock.clone());
        Ok(Node {
            inbox,
            store,
            catalog: Arc::new(SqliteCatalog::open(&data.join("db/catalog.db"))?),
            claims: Arc::new(SqliteClaims::open(&data.join("db/claims.db"))?),
            ledger: Arc::new(SqliteLedger::open(&data.join("db/ledger.db"))?),
            ingest_queue,
            resize_queue: queues.queue("resize", MAX_RECEIVES),
            caption_queue: queues.queue("caption", MAX_RECEIVES),
            tag_queue: queues.queue("tag", MAX_RECEIVES),
            preview_queue: queues.queue("preview", MAX_RECEIVES),
            transcribe_queue: queues.queue("transcribe", MAX_RECEIVES),
            settle_queue: queues.queue("settle", MAX_RECEIVES),
            queues,
            notifier,
            prompts: Arc::new(shelf),
            clock,
            settings,
        })
    }

    /// Becomes the host of this data folder; `None` if another process is.
    pub fn lock(&self) -> Result<Option<HostLock>> {
        lock(&self.settings.data)
    }

    /// Returns what commands need that work on a stack, too.
    pub fn deployment(&self) -> Deployment {
        let named = |(name, queue): (&'static str, &Arc<SqliteQueue>)| NamedQueue {
            name,
            queue: queue.clone(),
            is_dead_only: false,
        };
        Deployment {
            home: Home::Folder(self.settings.data.clone()),
            store: self.store.clone(),
            facts: self.store.clone(),
            prompts: Registry {
                read: self.store.clone(),
                create: self.store.clone(),
                swap: self.store.clone(),
                list: self.store.clone(),
            },
            catalog: self.catalog.clone(),
            ledger: self.ledger.clone(),
            settle: self.settle_queue.clone(),
            queues: self.queues_by_name().map(named).into(),
            clock: self.clock.clone(),
        }
    }

    pub fn ingest(&self) -> Ingest {
        Ingest {
            bucket: BUCKET.to_owned(),
            inbox: self.inbox.clone(),
            store: self.store.clone(),
            facts: self.store.clone(),
            settle: self.settle_queue.clone(),
            clock: self.clock.clone(),
        }
    }

    pub fn resize(&self) -> Resize {
        Resize {
            store: self.store.clone(),
            create: self.store.clone(),
            copy: self.store.clone(),
            claims: self.claims.clone(),
            settle: self.settle_queue.clone(),
            imaging: Arc::new(MediaImaging),
            clock: self.clock.clone(),
        }
    }

    /// Connects the models of the price book. Nothing is asked yet.
    pub fn models(&self) -> Result<Models> {
        let http = Arc::new(HttpClient::new().context("failed to prepare connections to models")?);
        let models = Models::new(self.settings.book.clone(), self.clock.clone());
        let models = models.with_openai(http, |name| std::env::var(name).ok());
        #[cfg(feature = "aws")]
        let models = match models::Environment::of_process() {
            Ok(environment) => models.with_bedrock(models::Bedrock::new(&environment)),
            // Said by the task that asks for a model of Bedrock's, and by nobody else.
            Err(_) => models,
        };
        Ok(models)
    }

    /// Returns who maps what people search for; nobody where the profile names no model for it.
    pub fn meaning(&self) -> Result<Option<Arc<dyn MapQuery>>> {
        let Some(name) = &self.settings.profile.models.embedding else { return Ok(None) };
        let models = self.models()?;
        let till = Arc::new(Till::new(self.ledger.clone(), models.book().caps().clone(), self.clock.clone()));
        Ok(Some(Arc::new(QueryMapper::new(models.embedder(name), till, self.clock.clone()))))
    }

    /// Connects what asks models about pictures.
    pub fn vision(&self) -> Result<Vision> {
        let models = self.models()?;
        Ok(Vision {
            store: self.store.clone(),
            preview: Arc::new(MediaPreview),
            till: Arc::new(Till::new(self.ledger.clone(), models.book().caps().clone(), self.clock.clone())),
            models: Arc::new(models),
            prompts: self.prompts.clone(),
            clock: self.clock.clone(),
        })
    }

    pub fn caption(&self) -> Result<Caption> {
        Ok(Caption {
            store: self.store.clone(),
            create: self.store.clone(),
            claims: self.claims.clone(),
            settle: self.settle_queue.clone(),
            own: self.caption_queue.clone(),
            vision: self.vision()?,
            guide: text::brand::with_guide(self.settings.profile.clone())?.1,
            relevance: self.settings.profile.models.embedding.clone().map(Relevance::new),
            clock: self.clock.clone(),
        })
    }

    pub fn tag(&self) -> Result<Tag> {
        Ok(Tag {
            store: self.store.clone(),
            create: self.store.clone(),
            claims: self.claims.clone(),
            settle: self.settle_queue.clone(),
            own: self.tag_queue.clone(),
            vision: self.vision()?,
            vocabularies: self.settings.profile.vocabularies.clone(),
            clock: self.clock.clone(),
        })
    }

    /// Finds ffmpeg. That it is not there is every recording's refusal, and nobody's failure to start.
    pub fn tools(&self) -> Arc<Result<Tools, Refusal>> {
        Arc::new(Tools::find(self.settings.ffmpeg.clone(), self.settings.ffprobe.clone()))
    }

    pub fn preview(&self, tools: Arc<Result<Tools, Refusal>>) -> Preview {
        Preview {
            store: self.store.clone(),
            create: self.store.clone(),
            copy: self.store.clone(),
            claims: self.claims.clone(),
            settle: self.settle_queue.clone(),
            screen: Arc::new(FfmpegScreen(Recordings { store: self.store.clone(), tools })),
            clock: self.clock.clone(),
        }
    }

    pub fn transcribe(&self, tools: Arc<Result<Tools, Refusal>>) -> Result<Transcribe> {
        let models = self.models()?;
        Ok(Transcribe {
            store: self.store.clone(),
            create: self.store.clone(),
            copy: self.store.clone(),
            claims: self.claims.clone(),
            settle: self.settle_queue.clone(),
            own: self.transcribe_queue.clone(),
            sound: Arc::new(FfmpegSound(Recordings { store: self.store.clone(), tools })),
            till: Arc::new(Till::new(self.ledger.clone(), models.book().caps().clone(), self.clock.clone())),
            models: Arc::new(models),
            clock: self.clock.clone(),
        })
    }

    pub fn settle(&self) -> Settle {
        Settle {
            store: self.store.clone(),
            list: self.store.clone(),
            create: self.store.clone(),
            swap: self.store.clone(),
            delete: self.store.clone(),
            catalog: self.catalog.clone(),
            resize: self.resize_queue.clone(),
            caption: Some(self.caption_queue.clone()),
            tag: Some(self.tag_queue.clone()),
            preview: Some(self.preview_queue.clone()),
            transcribe: Some(self.transcribe_queue.clone()),
            settle: self.settle_queue.clone(),
            profile: Arc::new(self.settings.profile.clone()),
            prompts: Some(self.prompts.clone()),
            patience: Patience::default(),
            clock: self.clock.clone(),
        }
    }

    /// The queues, in the order of the flow.
    pub fn queues_by_name(&self) -> [(&'static str, &Arc<SqliteQueue>); 7] {
        [
            ("ingest", &self.ingest_queue),
            ("resize", &self.resize_queue),
            ("caption", &self.caption_queue),
            ("tag", &self.tag_queue),
            ("preview", &self.preview_queue),
            ("transcribe", &self.transcribe_queue),
            ("settle", &self.settle_queue),
        ]
    }
}

/// Becomes the host of a data folder; `None` if another process is.
pub fn lock(data: &Path) -> Result<Option<HostLock>> {
    let path = data.join("host.lock");
    let file = File::create(&path).with_context(|| format!("failed to create `{}`", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(HostLock { _file: file })),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error).context(format!("failed to lock `{}`", path.display())),
    }
}

/// Returns the secret in a file that only the user can read, made at the first call.
pub fn secret(path: &Path) -> Result<String> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    match fs::read_to_string(path) {
        Ok(text) if text.trim().len() >= 32 => return Ok(text.trim().to_owned()),
        Ok(_) => anyhow::bail!("`{}` holds no secret: delete it, and a new one is made", path.display()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).context(format!("failed to read `{}`", path.display())),
    }
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("the system gave no random bytes: {error}"))?;
    let text = hex::encode(bytes);
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    Ok(text)
}
