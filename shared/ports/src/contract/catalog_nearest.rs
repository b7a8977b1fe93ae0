//! The catalog: nearness of vectors.

use super::catalog::entry;
use super::{Check, ensure};
use crate::Catalog;
use asset::catalog::CatalogEntry;
use asset::embedding::Vector;
use asset::ids::AssetId;
use asset::readiness::State;

async fn put(catalog: &dyn Catalog, key: &str, revision: u64, model: &str, values: &[f32]) -> Check {
    let vector = Some(Vector::new(model, values));
    let entry = CatalogEntry { vector, ..entry(key, revision, State::Ready, 60_000) };
    ensure!(catalog.upsert(&entry).await?, "`{key}` was not written");
    Ok(())
}

async fn ensure_nearest(
    catalog: &dyn Catalog,
    (model, query, limit): (&str, &[f32], usize),
    expected: &[(&str, f32)],
) -> Check {
    let found = catalog.nearest(model, query, limit).await?;
    let keys: Vec<(&str, f32)> = found.iter().map(|(entry, score)| (entry.key.as_str(), *score)).collect();
    let is_same = |((key, score), (other, expected)): (&(&str, f32), &(&str, f32))| {
        key == other && (score - expected).abs() < 1e-4
    };
    let is_as_expected = keys.len() == expected.len() && keys.iter().zip(expected).all(is_same);
    ensure!(is_as_expected, "nearest to {query:?} of `{model}` are {keys:?}, expected {expected:?}");
    Ok(())
}

pub(super) async fn angles(catalog: &dyn Catalog) -> Check {
    let [same, close, across, away] = ["angles/same.png", "angles/close.png", "angles/across.png", "angles/away.png"];
    // The longest is not the nearest, nor is the one whose end lies closest.
    put(catalog, same, 1, "angles", &[0.001, 0.0, 0.0]).await?;
    put(catalog, close, 1, "angles", &[300.0, 400.0, 0.0]).await?;
    put(catalog, across, 1, "angles", &[0.0, 0.0, 5.0]).await?;
    put(catalog, away, 1, "angles", &[-1.0, 0.0, 0.0]).await?;
    let all = [(same, 1.0), (close, 0.6), (across, 0.0), (away, -1.0)];
    for length in [1.0, 1e-6, 1e6] {
        ensure_nearest(catalog, ("angles", &[length, 0.0, 0.0], 0), &all).await?;
    }
    ensure_nearest(catalog, ("angles", &[1.0, 0.0, 0.0], 2), &all[..2]).await?;
    for nothing in [&[][..], &[0.0, 0.0, 0.0], &[f32::NAN, 1.0, 1.0]] {
        ensure_nearest(catalog, ("angles", nothing, 0), &[]).await?;
    }
    let found = catalog.nearest("angles", &[1.0, 0.0, 0.0], 1).await?;
    let read = catalog.get(&AssetId::of_key(same)).await?;
    ensure!(read.as_ref() == found.first().map(|(entry, _)| entry), "get says {read:?}, nearest says {found:?}");
    ensure!(read.is_some_and(|entry| entry.vector.is_none()), "an entry was read back with its vector");
    Ok(())
}

/// More than a page of any database holds, of a length at which a service's pages are counted in bytes.
pub(super) async fn few_of_many(catalog: &dyn Catalog) -> Check {
    const N: usize = 120;
    let angle_of = |n: usize| n as f32 / N as f32 * std::f32::consts::PI;
    for index in 0..N {
        // Neither ascending nor descending.
        let n = index * 37 % N;
        let mut values = vec![0.0; 1024];
        (values[0], values[1023]) = (angle_of(n).cos(), angle_of(n).sin());
        put(catalog, &format!("many/{n}.png"), 1, "many", &values).await?;
    }
    let mut query = vec![0.0; 1024];
    query[0] = 1.0;
    let keys: Vec<String> = (0..N).map(|n| format!("many/{n}.png")).collect();
    let all: Vec<(&str, f32)> = (0..N).map(|n| (keys[n].as_str(), angle_of(n).cos())).collect();
    ensure_nearest(catalog, ("many", &query, 7), &all[..7]).await?;
    ensure_nearest(catalog, ("many", &query, 0), &all[..100]).await?;
    ensure_nearest(catalog, ("many", &query, 1000), &all).await
}

pub(super) async fn spaces(catalog: &dyn Catalog) -> Check {
    let [here, other, longer, gone, zero] =
        ["spaces/here.png", "spaces/other.png", "spaces/longer.png", "spaces/gone.png", "spaces/zero.png"];
    put(catalog, here, 1, "spaces", &[1.0, 1.0]).await?;
    put(catalog, other, 1, "spaces-2", &[1.0, 0.0]).await?;
    put(catalog, longer, 1, "spaces", &[1.0, 0.0, 0.0]).await?;
    put(catalog, zero, 1, "spaces", &[0.0, 0.0]).await?;
    put(catalog, gone, 1, "spaces", &[1.0, 0.0]).await?;
    let query = [1.0, 0.0];
    let half = std::f32::consts::FRAC_1_SQRT_2;
    ensure_nearest(catalog, ("spaces", &query, 0), &[(gone, 1.0), (here, half)]).await?;
    // A tombstone, whether it still has its vector or not.
    for revision in [2, 3] {
        let vector = (revision == 2).then(|| Vector::new("spaces", &query));
        let tombstone = CatalogEntry { vector, ..entry(gone, revision, State::Deleted, 60_001) };
        ensure!(catalog.upsert(&tombstone).await?, "a tombstone was not written");
        ensure_nearest(catalog, ("spaces", &query, 0), &[(here, half)]).await?;
    }
    ensure_nearest(catalog, ("spaces-2", &query, 0), &[(other, 1.0)]).await?;
    ensure_nearest(catalog, ("spaces", &[1.0, 0.0, 0.0], 0), &[(longer, 1.0)]).await?;
    ensure_nearest(catalog, ("spaces-3", &query, 0), &[]).await
}

pub(super) async fn changes(catalog: &dyn Catalog) -> Check {
    let key = "changes.png";
    let (east, north) = ([1.0, 0.0], [0.0, 1.0]);
    put(catalog, key, 5, "changes", &east).await?;
    ensure_nearest(catalog, ("changes", &east, 0), &[(key, 1.0)]).await?;
    // What is late changes nothing.
    let late = CatalogEntry { vector: Some(Vector::new("changes", &north)), ..entry(key, 4, State::Ready, 60_000) };
    ensure!(!catalog.upsert(&late).await?, "a lower revision says it was written");
    ensure_nearest(catalog, ("changes", &east, 0), &[(key, 1.0)]).await?;
    // The same revision with another vector: what a rebuilt catalog may write.
    put(catalog, key, 5, "changes", &north).await?;
    ensure_nearest(catalog, ("changes", &east, 0), &[(key, 0.0)]).await?;
    put(catalog, key, 6, "changes-2", &east).await?;
    ensure_nearest(catalog, ("changes", &east, 0), &[]).await?;
    ensure_nearest(catalog, ("changes-2", &east, 0), &[(key, 1.0)]).await?;
    // Nothing else of the entry is new.
    let same = CatalogEntry { vector: Some(Vector::new("changes-2", &north)), ..entry(key, 6, State::Ready, 60_000) };
    ensure!(catalog.upsert(&same).await?, "the same revision was not written");
    ensure_nearest(catalog, ("changes-2", &east, 0), &[(key, 0.0)]).await?;
    ensure!(catalog.upsert(&entry(key, 7, State::Ready, 60_000)).await?, "an entry without a vector was not written");
    ensure_nearest(catalog, ("changes-2", &east, 0), &[]).await?;
    // And again, of an asset that is ready to be found.
    put(catalog, key, 8, "changes", &east).await?;
    ensure_nearest(catalog, ("changes", &east, 0), &[(key, 1.0)]).await
}
