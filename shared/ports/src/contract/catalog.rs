//! The catalog: the list of promises, and writing.

use super::{Check, Report, Seen, catalog_nearest as nearest, catalog_search as search, ensure};
use crate::{Catalog, CatalogQuery};
use asset::catalog::CatalogEntry;
use asset::ids::AssetId;
use asset::readiness::State;
use futures::future::join_all;

/// Checks a catalog. It must be empty: the suite counts everything in it.
pub async fn catalog(catalog: &dyn Catalog) -> Report {
    let mut report = Report::default();
    report.check("what was written reads back", reads_back(catalog)).await;
    report.check("a lower revision never replaces a higher one", revisions(catalog)).await;
    report.check("concurrent writes end at the highest revision", races(catalog)).await;
    report.check("counts follow every write", counts(catalog)).await;
    report.check("conditions hold all at once", search::conditions(catalog)).await;
    report.check("lists are latest first and page without gaps", search::pages(catalog)).await;
    report.check("pages stay stable while entries arrive", search::stable_pages(catalog)).await;
    report.check("text matches beginnings of words", search::words(catalog)).await;
    report.check("text is never query syntax", search::hostile_text(catalog)).await;
    report.check("words of texts are found as those of keys are", search::texts(catalog)).await;
    report.check("the nearest are those of the smallest angle", nearest::angles(catalog)).await;
    report.check("of many the nearest few are found", nearest::few_of_many(catalog)).await;
    report.check("other spaces and deleted assets are not near", nearest::spaces(catalog)).await;
    report.check("a vector comes and goes with its entry", nearest::changes(catalog)).await;
    report
}

/// An entry of the suite; `at_ms` is when it arrived.
pub(super) fn entry(key: &str, revision: u64, state: State, at_ms: u64) -> CatalogEntry {
    CatalogEntry {
        asset: AssetId::of_key(key),
        key: key.to_owned(),
        revision,
        state,
        reason: Some("because".to_owned()),
        version: Some("ab".repeat(32)),
        kind: "image/png".to_owned(),
        bytes: 12_345,
        width: 640,
        height: 480,
        n_outputs: 3,
        output_bytes: 4_567,
        n_done: 2,
        n_steps: 3,
        thumbnail: None,
        thumbhash: Some("1QcSHQRnh493V4dIh4eXh1h4kJUI".to_owned()),
        created_ms: at_ms / 2,
        updated_ms: at_ms,
        profile: "profile-1".to_owned(),
        texts: Vec::new(),
        vector: None,
    }
}

/// Lists all pages of a query and returns the keys.
pub(super) async fn keys_of(catalog: &dyn Catalog, query: &CatalogQuery) -> Result<Vec<String>, Seen> {
    let mut query = query.clone();
    let mut keys = Vec::new();
    loop {
        let page = catalog.list(&query).await?;
        keys.extend(page.entries.into_iter().map(|entry| entry.key));
        match page.next {
            Some(next) => query.after = Some(next),
            None => return Ok(keys),
        }
        ensure!(keys.len() < 10_000, "the pages never end");
    }
}

async fn reads_back(catalog: &dyn Catalog) -> Check {
    let written = entry("reads-back/ünï 🦀.png", 1, State::Ready, 1_000);
    ensure!(catalog.get(&written.asset).await?.is_none(), "an unknown asset has an entry");
    ensure!(catalog.upsert(&written).await?, "a first entry was not written");
    let read = catalog.get(&written.asset).await?;
    ensure!(read.as_ref() == Some(&written), "written was {written:?}, read {read:?}");
    Ok(())
}

async fn revisions(catalog: &dyn Catalog) -> Check {
    let second = entry("revisions.png", 2, State::Ready, 2_000);
    let first = entry("revisions.png", 1, State::Processing, 1_000);
    ensure!(catalog.upsert(&second).await?, "a first entry was not written");
    ensure!(!catalog.upsert(&first).await?, "a lower revision says it was written");
    let read = catalog.get(&second.asset).await?;
    ensure!(read.as_ref() == Some(&second), "a lower revision replaced the entry: {read:?}");
    let same = CatalogEntry { n_outputs: 9, ..second };
    ensure!(catalog.upsert(&same).await?, "the same revision was not written");
    let third = entry("revisions.png", 3, State::Failed, 3_000);
    ensure!(catalog.upsert(&third).await?, "a higher revision was not written");
    let read = catalog.get(&third.asset).await?;
    ensure!(read.as_ref() == Some(&third), "a higher revision did not replace the entry: {read:?}");
    Ok(())
}

async fn races(catalog: &dyn Catalog) -> Check {
    // Neither ascending nor descending.
    let revisions: Vec<u64> = (0..32).map(|index| index * 13 % 32 + 1).collect();
    let entries: Vec<_> = revisions.iter().map(|n| entry("races.png", *n, State::ALL[*n as usize % 6], *n)).collect();
    for written in join_all(entries.iter().map(|entry| catalog.upsert(entry))).await {
        written?;
    }
    let read = catalog.get(&AssetId::of_key("races.png")).await?;
    ensure!(read.as_ref().is_some_and(|entry| entry.revision == 32), "the last entry is {read:?}");
    Ok(())
}

async fn counts(catalog: &dyn Catalog) -> Check {
    let before = catalog.counts().await?;
    let states: Vec<State> = before.iter().map(|(state, _)| *state).collect();
    ensure!(states == State::ALL, "the counts are of {states:?}");
    let n_of = |counts: &[(State, u64)], state: State| {
        counts.iter().find(|(counted, _)| *counted == state).map_or(0, |(_, n)| *n)
    };
    for (revision, state) in (1..).zip(State::ALL.into_iter().chain([State::Ready, State::Ready])) {
        let key = "counts.png";
        catalog.upsert(&entry(key, revision, state, 1_000)).await?;
        // What is refused counts nothing.
        catalog.upsert(&entry(key, 0, State::Failed, 1_000)).await?;
        let now = catalog.counts().await?;
        for other in State::ALL {
            let expected = n_of(&before, other) + u64::from(other == state);
            let n = n_of(&now, other);
            ensure!(n == expected, "as {} there are {n} {}, expected {expected}", state.as_str(), other.as_str());
        }
    }
    for state in State::ALL {
        let query = CatalogQuery { states: vec![state], ..CatalogQuery::default() };
        let n_listed = keys_of(catalog, &query).await?.len() as u64;
        let n = n_of(&catalog.counts().await?, state);
        ensure!(n == n_listed, "{n} are {}, the list has {n_listed}", state.as_str());
    }
    Ok(())
}
