//! Catalogs and claims that lie.

use crate::{assert_caught, run};
use asset::catalog::CatalogEntry;
use asset::embedding::Vector;
use asset::ids::AssetId;
use asset::readiness::State;
use async_trait::async_trait;
use ports::memory::{ManualClock, MemoryCatalog, MemoryClaims};
use ports::near;
use ports::{Catalog, CatalogPage, CatalogQuery, ClaimOutcome, Claims, PortError, contract};
use std::collections::BTreeMap;
use std::sync::Mutex;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lie {
    RevisionIsIgnored,
    DeletedIsListed,
    TextIsSubstring,
    TextIsIgnored,
    PagesByOffset,
    KindIsPrefix,
    CountsEveryWrite,
    TextsAreIgnored,
    NearnessByLength,
    NearnessOfEveryModel,
    NearnessOfDeleted,
    NearestIsLast,
    VectorStays,
}

struct LyingCatalog {
    lie: Lie,
    inner: MemoryCatalog,
    /// What was written last, whatever its revision.
    last: Mutex<BTreeMap<AssetId, CatalogEntry>>,
    /// Every vector that an asset ever had, the latest.
    vectors: Mutex<BTreeMap<AssetId, Vector>>,
    n_writes: Mutex<BTreeMap<State, u64>>,
}

/// Every entry that the conditions other than the text allow.
async fn all(inner: &MemoryCatalog, query: &CatalogQuery) -> Result<Vec<CatalogEntry>, PortError> {
    let everything = CatalogQuery { limit: 1000, after: None, ..query.clone() };
    Ok(inner.list(&everything).await?.entries)
}

#[async_trait]
impl Catalog for LyingCatalog {
    async fn upsert(&self, entry: &CatalogEntry) -> Result<bool, PortError> {
        self.last.lock().expect("no panic").insert(entry.asset.clone(), entry.clone());
        *self.n_writes.lock().expect("no panic").entry(entry.state).or_default() += 1;
        if let Some(vector) = &entry.vector {
            self.vectors.lock().expect("no panic").insert(entry.asset.clone(), vector.clone());
        }
        let mut entry = entry.clone();
        if self.lie == Lie::TextsAreIgnored {
            entry.texts.clear();
        }
        let is_written = self.inner.upsert(&entry).await?;
        Ok(is_written || self.lie == Lie::RevisionIsIgnored)
    }

    async fn get(&self, asset: &AssetId) -> Result<Option<CatalogEntry>, PortError> {
        if self.lie == Lie::RevisionIsIgnored {
            return Ok(self.last.lock().expect("no panic").get(asset).cloned());
        }
        self.inner.get(asset).await
    }

    async fn list(&self, query: &CatalogQuery) -> Result<CatalogPage, PortError> {
        let mut query = query.clone();
        match self.lie {
            Lie::DeletedIsListed if query.states.is_empty() => query.states = State::ALL.to_vec(),
            Lie::TextIsIgnored => query.text = None,
            Lie::TextIsSubstring => {
                let text = query.text.take().unwrap_or_default().to_lowercase();
                let mut entries = all(&self.inner, &query).await?;
                entries.retain(|entry| text.split(' ').all(|word| entry.key.to_lowercase().contains(word)));
                return Ok(CatalogPage { entries, next: None });
            }
            Lie::KindIsPrefix => {
                let kind = query.kind.take().unwrap_or_default();
                let mut entries = all(&self.inner, &query).await?;
                entries.retain(|entry| entry.kind.starts_with(&kind));
                return Ok(CatalogPage { entries, next: None });
            }
            Lie::PagesByOffset => {
                let offset: usize = query.after.as_deref().and_then(|after| after.parse().ok()).unwrap_or(0);
                let limit = if query.limit == 0 { 100 } else { query.limit };
                let entries = all(&self.inner, &query).await?;
                let next = (offset + limit < entries.len()).then(|| (offset + limit).to_string());
                let entries = entries.into_iter().skip(offset).take(limit).collect();
                return Ok(CatalogPage { entries, next });
            }
            _ => {}
        }
        self.inner.list(&query).await
    }

    async fn nearest(&self, model: &str, query: &[f32], limit: usize) -> Result<Vec<(CatalogEntry, f32)>, PortError> {
        let entries: Vec<CatalogEntry> = self.last.lock().expect("no panic").values().cloned().collect();
        let with_model = |entry: &CatalogEntry| {
            let vector = entry.vector.as_ref().map(|vector| Vector::new(model, &vector.values()));
            CatalogEntry { vector, ..entry.clone() }
        };
        let altered: Vec<CatalogEntry> = match self.lie {
            Lie::NearnessOfEveryModel => entries.iter().map(with_model).collect(),
            Lie::NearnessOfDeleted => {
                entries.into_iter().map(|entry| CatalogEntry { state: State::Ready, ..entry }).collect()
            }
            Lie::VectorStays => {
                let vectors = self.vectors.lock().expect("no panic");
                let vector = |entry: &CatalogEntry| vectors.get(&entry.asset).cloned();
                entries.into_iter().map(|entry| CatalogEntry { vector: vector(&entry), ..entry }).collect()
            }
            Lie::NearnessByLength => {
                let of = |entry: &CatalogEntry| {
                    let vector = entry.vector.as_ref().filter(|vector| vector.model == model)?;
                    let values = vector.values();
                    let product = values.iter().zip(query).map(|(a, b)| a * b).sum::<f32>();
                    (values.len() == query.len()).then(|| (entry.without_vector(), product))
                };
                let mut found: Vec<_> = entries.iter().filter_map(of).collect();
                found.sort_by(|a, b| b.1.total_cmp(&a.1));
                found.truncate(limit.max(1));
                return Ok(found);
            }
            Lie::NearestIsLast => {
                let mut found = self.inner.nearest(model, query, limit).await?;
                found.reverse();
                return Ok(found);
            }
            _ => return self.inner.nearest(model, query, limit).await,
        };
        Ok(near::among(altered.iter(), model, query, limit))
    }

    async fn counts(&self) -> Result<Vec<(State, u64)>, PortError> {
        if self.lie == Lie::CountsEveryWrite {
            let n_writes = self.n_writes.lock().expect("no panic");
            return Ok(State::ALL
                .into_iter()
                .map(|state| (state, n_writes.get(&state).copied().unwrap_or(0)))
                .collect());
        }
        self.inner.counts().await
    }
}

#[test]
fn every_lie_of_a_catalog_is_caught() {
    let cases: [(Lie, &[&str]); 13] = [
        (
            Lie::RevisionIsIgnored,
            &["a lower revision never replaces a higher one", "concurrent writes end at the highest revision"],
        ),
        (Lie::DeletedIsListed, &["conditions hold all at once"]),
        (Lie::TextIsSubstring, &["text matches beginnings of words"]),
        (Lie::TextIsIgnored, &["text matches beginnings of words", "text is never query syntax"]),
        (Lie::PagesByOffset, &["pages stay stable while entries arrive"]),
        (Lie::KindIsPrefix, &["conditions hold all at once"]),
        (Lie::CountsEveryWrite, &["counts follow every write"]),
        (Lie::TextsAreIgnored, &["words of texts are found as those of keys are"]),
        (Lie::NearnessByLength, &["the nearest are those of the smallest angle"]),
        (Lie::NearnessOfEveryModel, &["other spaces and deleted assets are not near"]),
        (Lie::NearnessOfDeleted, &["other spaces and deleted assets are not near"]),
        (Lie::NearestIsLast, &["of many the nearest few are found"]),
        (Lie::VectorStays, &["a vector comes and goes with its entry"]),
    ];
    for (lie, promises) in cases {
        let (inner, last, vectors, n_writes) = Default::default();
        let liar = LyingCatalog { lie, inner, last, vectors, n_writes };
        assert_caught(lie, &run(contract::catalog(&liar)), promises);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ClaimLie {
    NeverEnds,
    EverybodyMayHaveIt,
    AnybodyReleases,
    OwnerIsRefused,
}

struct LyingClaims {
    lie: ClaimLie,
    inner: MemoryClaims,
    owners: Mutex<BTreeMap<String, String>>,
}

#[async_trait]
impl Claims for LyingClaims {
    async fn claim(&self, name: &str, owner: &str, now_ms: u64, until_ms: u64) -> Result<ClaimOutcome, PortError> {
        let now_ms = if self.lie == ClaimLie::NeverEnds { 0 } else { now_ms };
        let asked_as = if self.lie == ClaimLie::OwnerIsRefused { &format!("{owner} at {now_ms}") } else { owner };
        let outcome = self.inner.claim(name, asked_as, now_ms, until_ms).await?;
        if self.lie == ClaimLie::EverybodyMayHaveIt {
            return Ok(ClaimOutcome::Taken);
        }
        if outcome == ClaimOutcome::Taken {
            self.owners.lock().expect("no panic").insert(name.to_owned(), asked_as.to_owned());
        }
        Ok(outcome)
    }

    async fn release(&self, name: &str, owner: &str) -> Result<(), PortError> {
        let holder = self.owners.lock().expect("no panic").get(name).cloned().unwrap_or_default();
        let owner = if self.lie == ClaimLie::AnybodyReleases { &holder } else { owner };
        self.inner.release(name, owner).await
    }
}

#[test]
fn every_lie_of_claims_is_caught() {
    let cases: [(ClaimLie, &[&str]); 4] = [
        (ClaimLie::NeverEnds, &["a claim keeps others out until it ends"]),
        (
            ClaimLie::EverybodyMayHaveIt,
            &["of concurrent takers exactly one succeeds", "a claim keeps others out until it ends"],
        ),
        (ClaimLie::AnybodyReleases, &["only the owner releases"]),
        (ClaimLie::OwnerIsRefused, &["an owner may claim again"]),
    ];
    for (lie, promises) in cases {
        let liar = LyingClaims { lie, inner: MemoryClaims::default(), owners: Mutex::default() };
        let clock = ManualClock::new(1_700_000_000_000);
        assert_caught(lie, &run(contract::claims(&liar, &clock)), promises);
    }
}
