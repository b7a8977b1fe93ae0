//! `ingest`: an inbox change becomes a fact.
//!
//! A put: hash the bytes, keep them as the version's original, record the arrival. A delete: record it. Then tell `settle` to look.
//! It never reads a manifest, never overwrites and never decides what happens next.

mod original;

use asset::event::{InboxChange, InboxEvent, parse_inbox_events};
use asset::fact::{Arrival, Change, Version};
use asset::ids::AssetId;
use asset::keys;
use asset::task::Settled;
use async_trait::async_trait;
use ports::blob::{created_before, exists};
use ports::{Clock, CreateBlob, Envelope, Kind, PortError, ReadBlob, SendMessages};
use runtime::{Context, Failure, Function};
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

/// The function and what it needs.
pub struct Ingest {
    /// The bucket that it serves. Events of any other bucket are dropped, so outputs can never come back in as uploads.
    pub bucket: String,
    pub inbox: Arc<dyn ReadBlob>,
    pub store: Arc<dyn ReadBlob>,
    pub facts: Arc<dyn CreateBlob>,
    pub settle: Arc<dyn SendMessages>,
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl Function for Ingest {
    const NAME: &'static str = "ingest";

    /// One notification can carry several changes.
    type Task = Vec<InboxEvent>;

    fn parse(body: &str) -> Result<Self::Task, Box<dyn Error + Send + Sync>> {
        Ok(parse_inbox_events(body)?)
    }

    async fn handle(&self, events: Self::Task, _context: &Context) -> Result<(), Failure> {
        for event in events {
            if event.bucket == self.bucket {
                self.admit(event).await?;
            } else {
                tracing::error!(
                    bucket = event.bucket,
                    key = event.key,
                    "dropped an event of a bucket that is not the inbox"
                );
            }
        }
        Ok(())
    }
}

/// What reading the inbox object came to.
enum Seen {
    Version(Version),
    /// The object is not (any more) what the event was about; the event of what it is now is on its way.
    Superseded,
}

impl Ingest {
    async fn admit(&self, event: InboxEvent) -> Result<(), Failure> {
        let asset = AssetId::of_key(&event.key);
        let mut arrival = Arrival {
            asset: asset.clone(),
            key: event.key.clone(),
            sequencer: event.sequencer.clone(),
            at_ms: if event.at_ms == 0 { self.clock.now_ms() } else { event.at_ms },
            change: Change::Delete,
        };
        let fact = keys::arrival(&arrival);
        if !exists(self.store.as_ref(), &fact).await? {
            if event.change == InboxChange::Delete && self.was_an_old_version(&event).await? {
                tracing::info!(key = event.key, "an old version was deleted; the key is still there");
                return Ok(());
            }
            if let InboxChange::Put { etag, .. } = &event.change {
                match self.keep(&asset, &event.key, etag.as_deref()).await? {
                    Seen::Version(version) => arrival.change = Change::Put(version),
                    Seen::Superseded => {
                        tracing::info!(key = event.key, sequencer = %event.sequencer, "superseded before it was read");
                        return Ok(());
                    }
                }
            }
            let body = serde_json::to_vec(&arrival).map_err(Failure::reject)?;
            created_before(self.facts.create(&fact, body.into()).await)?;
            tracing::info!(asset.id = %asset, key = event.key, sequencer = %event.sequencer, "recorded `{fact}`");
        }
        self.settle.send(vec![Envelope::now(Settled { asset }.body())]).await?;
        Ok(())
    }

    /// Returns whether a deletion took an old version of a key that is still there: in a bucket with versions, that is no change of
    /// the asset.
    async fn was_an_old_version(&self, event: &InboxEvent) -> Result<bool, PortError> {
        Ok(event.version_id.is_some() && exists(self.inbox.as_ref(), &event.key).await?)
    }

    /// Keeps the inbox object's bytes as a version's original.
    async fn keep(&self, asset: &AssetId, key: &str, expected_etag: Option<&str>) -> Result<Seen, Failure> {
        let meta = match self.inbox.head(key).await {
            Ok(meta) => meta,
            Err(error) if error.kind == Kind::NotFound => return Ok(Seen::Superseded),
            Err(error) => return Err(error.into()),
        };
        if expected_etag.is_some_and(|expected| expected != meta.etag.0) {
            return Ok(Seen::Superseded);
        }
        let seen = original::survey(self.inbox.as_ref(), key, meta.bytes).await?;
        let body = original::body(self.inbox.as_ref(), key, &seen).await?;
        match self.facts.create(&keys::original(asset, &seen.sha256), body).await {
            Err(error) if error.kind != Kind::Exists => {
                // The object changed between the two readings, most likely: the next delivery finds it superseded.
                return Err(Failure::retry(Duration::from_millis(500), error));
            }
            _ => {}
        }
        // What was read is what `meta` is about only if nobody wrote in between.
        match self.inbox.head(key).await {
            Ok(after) if after.etag == meta.etag => {}
            Ok(_) => return Ok(Seen::Superseded),
            Err(error) if error.kind == Kind::NotFound => return Ok(Seen::Superseded),
            Err(error) => return Err(error.into()),
        }
        Ok(Seen::Version(Version {
            sha256: seen.sha256,
            bytes: seen.bytes,
            media_type: seen.media_type.map(str::to_owned),
            etag: Some(meta.etag.0),
        }))
    }
}
