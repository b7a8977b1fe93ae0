//! The other ports: inbox, claims, catalog, clock, and pictures that are a pure function of their source.

use super::world::{Sim, World};
use asset::canonical::canonical_json;
use asset::catalog::CatalogEntry;
use asset::ids::{AssetId, Sha256};
use asset::image::{FocalPoint, FocusSource, ImageProbe, Inspection, Limits, RenderSpec, SourceFormat};
use asset::readiness::State;
use asset::refusal::{Refusal, RefusalCode};
use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use ports::near;
use ports::{
    Blob, BlobMeta, Catalog, CatalogPage, CatalogQuery, ClaimOutcome, Claims, Clock, ETag, Kind, PortError, ReadBlob,
};
use resize::{Imaging, Rendition};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::time::Duration;

/// What lies in the inbox.
#[derive(Default)]
pub struct InboxState(pub BTreeMap<String, InboxObject>);

#[derive(Clone)]
pub struct InboxObject {
    pub bytes: Bytes,
    pub etag: String,
    pub modified_ms: u64,
}

pub struct SimInbox(pub Sim);

impl SimInbox {
    async fn object(&self, operation: &'static str, key: &str) -> Result<InboxObject, PortError> {
        let get = |world: &mut World| {
            world.inbox.0.get(key).cloned().ok_or_else(|| PortError::new(Kind::NotFound, operation, key))
        };
        self.0.call(operation, key, false, get).await
    }
}

#[async_trait]
impl ReadBlob for SimInbox {
    async fn head(&self, key: &str) -> Result<BlobMeta, PortError> {
        let object = self.object("look at", key).await?;
        let (bytes, etag) = (object.bytes.len() as u64, ETag(object.etag));
        Ok(BlobMeta { key: key.to_owned(), bytes, etag, modified_ms: object.modified_ms })
    }

    async fn read(&self, key: &str) -> Result<Blob, PortError> {
        let object = self.object("read", key).await?;
        Ok(Blob { bytes: object.bytes, etag: ETag(object.etag) })
    }

    async fn read_range(&self, key: &str, range: Range<u64>) -> Result<Bytes, PortError> {
        let bytes = self.object("read", key).await?.bytes;
        let end = range.end.min(bytes.len() as u64);
        Ok(bytes.slice(range.start.min(end) as usize..end as usize))
    }

    async fn stream(&self, key: &str) -> Result<BoxStream<'static, Result<Bytes, PortError>>, PortError> {
        let bytes = self.object("read", key).await?.bytes;
        Ok(stream::once(async move { Ok(bytes) }).boxed())
    }
}

pub struct SimClaims(pub Sim);

#[async_trait]
impl Claims for SimClaims {
    async fn claim(&self, name: &str, owner: &str, now_ms: u64, until_ms: u64) -> Result<ClaimOutcome, PortError> {
        let claim = |world: &mut World| {
            if let Some((holder, held_ms)) = world.claims.get(name)
                && holder != owner
                && *held_ms > now_ms
            {
                return Ok(ClaimOutcome::HeldUntil(*held_ms));
            }
            world.claims.insert(name.to_owned(), (owner.to_owned(), until_ms));
            Ok(ClaimOutcome::Taken)
        };
        self.0.call("claim", name, true, claim).await
    }

    async fn release(&self, name: &str, owner: &str) -> Result<(), PortError> {
        let release = |world: &mut World| {
            if world.claims.get(name).is_some_and(|(holder, _)| holder == owner) {
                world.claims.remove(name);
            }
            Ok(())
        };
        self.0.call("release", name, true, release).await
    }
}

/// Entries, and what the sweep asks for: the unfinished, and each profile's.
#[derive(Default)]
pub struct CatalogState {
    entries: BTreeMap<AssetId, CatalogEntry>,
    by_state: BTreeMap<State, BTreeSet<AssetId>>,
    by_profile: BTreeMap<String, BTreeSet<AssetId>>,
}

impl CatalogState {
    fn upsert(&mut self, entry: &CatalogEntry) -> bool {
        let id = &entry.asset;
        if let Some(old) = self.entries.get(id) {
            if old.revision > entry.revision {
                return false;
            }
            self.by_state.entry(old.state).or_default().remove(id);
            if let Some(ids) = self.by_profile.get_mut(&old.profile) {
                ids.remove(id);
            }
        }
        self.by_state.entry(entry.state).or_default().insert(id.clone());
        self.by_profile.entry(entry.profile.clone()).or_default().insert(id.clone());
        self.entries.insert(id.clone(), entry.clone());
        true
    }

    /// In the order of ids, which is enough for a sweep.
    fn list(&self, query: &CatalogQuery) -> CatalogPage {
        let mut page = CatalogPage::default();
        let sets: Vec<&BTreeSet<AssetId>> = match &query.other_profile_than {
            Some(digest) => self.by_profile.iter().filter(|(other, _)| *other != digest).map(|(_, ids)| ids).collect(),
            None => query.states.iter().filter_map(|state| self.by_state.get(state)).collect(),
        };
        let after = query.after.as_deref().unwrap_or_default();
        for id in sets.into_iter().flatten().filter(|id| id.as_str() > after) {
            let entry = &self.entries[id];
            if query.states.contains(&entry.state) {
                page.entries.push(entry.clone());
            }
        }
        page.entries.sort_by(|a, b| a.asset.cmp(&b.asset));
        if page.entries.len() > query.limit {
            page.entries.truncate(query.limit);
            page.next = page.entries.last().map(|entry| entry.asset.to_string());
        }
        page
    }
}

pub struct SimCatalog(pub Sim);

#[async_trait]
impl Catalog for SimCatalog {
    async fn upsert(&self, entry: &CatalogEntry) -> Result<bool, PortError> {
        self.0.call("upsert", entry.asset.as_str(), true, |world| Ok(world.catalog.upsert(entry))).await
    }

    async fn get(&self, asset: &AssetId) -> Result<Option<CatalogEntry>, PortError> {
        self.0.call("get", asset.as_str(), false, |world| Ok(world.catalog.entries.get(asset).cloned())).await
    }

    async fn list(&self, query: &CatalogQuery) -> Result<CatalogPage, PortError> {
        self.0.call("list", "catalog", false, |world| Ok(world.catalog.list(query))).await
    }

    async fn nearest(&self, model: &str, query: &[f32], limit: usize) -> Result<Vec<(CatalogEntry, f32)>, PortError> {
        let nearest = |world: &mut World| Ok(near::among(world.catalog.entries.values(), model, query, limit));
        self.0.call("find nearest", model, false, nearest).await
    }

    async fn counts(&self) -> Result<Vec<(State, u64)>, PortError> {
        let counts = |world: &mut World| {
            let count = |state| (state, world.catalog.by_state.get(&state).map_or(0, |ids| ids.len() as u64));
            Ok(State::ALL.into_iter().map(count).collect())
        };
        self.0.call("count", "catalog", false, counts).await
    }
}

pub struct SimClock(pub Sim);

#[async_trait]
impl Clock for SimClock {
    fn now_ms(&self) -> u64 {
        self.0.world().now_ms()
    }

    async fn sleep(&self, duration: Duration) {
        self.0.wait(duration.as_micros() as u64).await;
    }

    fn random(&self) -> u64 {
        self.0.world().rng.next()
    }
}

/// Pictures whose pixels are their source's hash.
pub struct FakeImaging(pub Sim);

pub fn fake_inspect(bytes: &[u8]) -> Result<(ImageProbe, Inspection), Refusal> {
    if bytes.starts_with(b"corrupt") {
        return Err(Refusal::new(RefusalCode::Corrupt, "the header is torn", "upload the file again"));
    }
    let digest = Sha256::of(bytes);
    let digit = |at: usize| u16::from(digest.as_str().as_bytes()[at]);
    let inspection = Inspection {
        focus: FocalPoint { x: digit(0) * 5, y: digit(1) * 5 },
        focus_from: FocusSource::Saliency,
        faces: 0,
        thumbhash: "AQIDBA==".into(),
        dominant_color: "#203040".into(),
        transparent: false,
        copyright: None,
        credit: None,
        notes: Vec::new(),
    };
    Ok((ImageProbe { format: SourceFormat::Png, width: 1000, height: 800, frames: 1 }, inspection))
}

pub fn fake_render(bytes: &[u8], spec: &RenderSpec) -> Vec<Rendition> {
    let seed = Sha256::of(format!("{}{}", Sha256::of(bytes), canonical_json(spec)).as_bytes());
    let one = |width: u32, format| Rendition {
        format,
        width,
        height: width * 4 / 5,
        frames: 1,
        bytes: format!("{seed} {width} {format:?}").into_bytes(),
    };
    let all = spec.encodings.iter().flat_map(|encoding| spec.widths.iter().map(|width| one(*width, encoding.format)));
    all.collect()
}

impl FakeImaging {
    async fn take_time(&self) {
        let us = {
            let mut world = self.0.world();
            world.counts.computed += 1;
            world.rng.range(50_000, 3_000_000)
        };
        self.0.wait(us).await;
    }
}

#[async_trait]
impl Imaging for FakeImaging {
    async fn inspect(&self, bytes: Bytes, _: Limits) -> Result<(ImageProbe, Inspection), Refusal> {
        self.take_time().await;
        fake_inspect(&bytes)
    }

    async fn render(&self, bytes: Bytes, specs: Vec<RenderSpec>, _: Limits) -> Result<Vec<Vec<Rendition>>, Refusal> {
        self.take_time().await;
        Ok(specs.iter().map(|spec| fake_render(&bytes, spec)).collect())
    }
}
