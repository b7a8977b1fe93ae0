//! The catalog: lists, pages and text.

use super::catalog::{entry, keys_of};
use super::{Check, ensure};
use crate::{Catalog, CatalogQuery};
use asset::catalog::CatalogEntry;
use asset::ids::AssetId;
use asset::readiness::State;

/// Only entries of one check: its name is the first word of their keys.
fn about(check: &str) -> CatalogQuery {
    CatalogQuery { text: Some(check.to_owned()), ..CatalogQuery::default() }
}

async fn ensure_keys(catalog: &dyn Catalog, query: &CatalogQuery, expected: &[&str]) -> Check {
    let mut keys = keys_of(catalog, query).await?;
    keys.sort_unstable();
    ensure!(keys == expected, "{query:?} lists {keys:?}, expected {expected:?}");
    Ok(())
}

pub(super) async fn conditions(catalog: &dyn Catalog) -> Check {
    let cases = [
        ("conditions/ready.png", State::Ready, "image/png", "new"),
        ("conditions/ready.jpg", State::Ready, "image/jpeg", "old"),
        ("conditions/gaps.png", State::ReadyWithGaps, "image/png", "old"),
        ("conditions/movie.mp4", State::Processing, "video/mp4", "older"),
        ("conditions/gone.png", State::Deleted, "image/png", "old"),
        ("conditions/odd", State::Failed, "unknown", "new"),
        ("conditions/fake.png", State::Failed, "imagery/png", "new"),
    ];
    for (at_ms, (key, state, kind, profile)) in (1..).zip(cases) {
        let entry = entry(key, 1, state, at_ms);
        catalog.upsert(&CatalogEntry { kind: kind.to_owned(), profile: profile.to_owned(), ..entry }).await?;
    }
    let all = about("conditions");
    let text = |text: &str| Some(text.to_owned());
    let [fake, gaps, gone, movie, odd, jpg, png] = [
        "conditions/fake.png",
        "conditions/gaps.png",
        "conditions/gone.png",
        "conditions/movie.mp4",
        "conditions/odd",
        "conditions/ready.jpg",
        "conditions/ready.png",
    ];
    ensure_keys(catalog, &all, &[fake, gaps, movie, odd, jpg, png]).await?;
    let with_states = |states: &[State]| CatalogQuery { states: states.to_vec(), ..all.clone() };
    ensure_keys(catalog, &with_states(&[State::Ready]), &[jpg, png]).await?;
    ensure_keys(catalog, &with_states(&[State::Deleted]), &[gone]).await?;
    ensure_keys(catalog, &with_states(&[State::Deleted, State::Ready, State::Ready]), &[gone, jpg, png]).await?;
    ensure_keys(catalog, &with_states(&[State::InReview]), &[]).await?;
    let with_kind = |kind: &str| CatalogQuery { kind: text(kind), ..all.clone() };
    ensure_keys(catalog, &with_kind("image"), &[gaps, jpg, png]).await?;
    ensure_keys(catalog, &with_kind("image/png"), &[gaps, png]).await?;
    ensure_keys(catalog, &with_kind("video"), &[movie]).await?;
    ensure_keys(catalog, &with_kind("unknown"), &[odd]).await?;
    ensure_keys(catalog, &with_kind("image/"), &[]).await?;
    let with_profile = |profile: &str| CatalogQuery { other_profile_than: text(profile), ..all.clone() };
    ensure_keys(catalog, &with_profile("new"), &[gaps, movie, jpg]).await?;
    ensure_keys(catalog, &with_profile("none"), &[fake, gaps, movie, odd, jpg, png]).await?;
    let every = CatalogQuery {
        states: vec![State::Ready, State::ReadyWithGaps],
        kind: text("image/png"),
        text: text("condi gaps"),
        other_profile_than: text("new"),
        ..CatalogQuery::default()
    };
    ensure_keys(catalog, &every, &[gaps]).await?;
    ensure_keys(catalog, &CatalogQuery { other_profile_than: text("old"), ..every }, &[]).await
}

pub(super) async fn pages(catalog: &dyn Catalog) -> Check {
    let mut expected = Vec::new();
    for index in 0..25_u64 {
        let state = [State::Ready, State::Processing, State::Failed][index as usize % 3];
        // Only four different times: most entries have equals.
        let entry = entry(&format!("pages/{index}.png"), 1, state, 10_000 + index % 4);
        catalog.upsert(&entry).await?;
        expected.push(entry);
    }
    expected.sort_by(|a, b| b.updated_ms.cmp(&a.updated_ms).then_with(|| a.asset.cmp(&b.asset)));
    let expected: Vec<&str> = expected.iter().map(|entry| entry.key.as_str()).collect();
    for limit in [1, 2, 7, 24, 25, 26, 1000, 0] {
        let query = CatalogQuery { limit, ..about("pages") };
        let page = catalog.list(&query).await?;
        let size = if limit == 0 { 25 } else { limit.min(25) };
        ensure!(page.entries.len() == size, "the first page of {limit} has {} entries", page.entries.len());
        ensure!(
            page.next.is_some() == (limit != 0 && limit < 25),
            "the first page of {limit} has next {:?}",
            page.next
        );
        let keys = keys_of(catalog, &query).await?;
        ensure!(keys == expected, "pages of {limit} list {keys:?}, expected {expected:?}");
    }
    let page = catalog.list(&CatalogQuery { limit: 25, ..about("pages") }).await?;
    for listed in page.entries {
        let read = catalog.get(&listed.asset).await?;
        ensure!(read.as_ref() == Some(&listed), "the list says {listed:?}, get says {read:?}");
    }
    Ok(())
}

pub(super) async fn stable_pages(catalog: &dyn Catalog) -> Check {
    for index in 0..10 {
        catalog.upsert(&entry(&format!("stable/{index}.png"), 1, State::Ready, 20_000)).await?;
    }
    let query = CatalogQuery { limit: 5, ..about("stable") };
    let first = catalog.list(&query).await?;
    // What arrives now stands before the first page; what leaves from the first page must not shift the second. Two arrive and one
    // leaves, so that pages by offset cannot be right by chance.
    for newer in ["stable/newer.png", "stable/newest.png"] {
        catalog.upsert(&entry(newer, 1, State::Ready, 20_001)).await?;
    }
    catalog.upsert(&CatalogEntry { state: State::Deleted, revision: 2, ..first.entries[0].clone() }).await?;
    let second = catalog.list(&CatalogQuery { after: first.next.clone(), ..query }).await?;
    let mut keys: Vec<&str> = first.entries.iter().chain(&second.entries).map(|entry| entry.key.as_str()).collect();
    keys.sort_unstable();
    let expected: Vec<String> = (0..10).map(|index| format!("stable/{index}.png")).collect();
    ensure!(keys == expected, "two pages list {keys:?}");
    ensure!(second.next.is_none(), "after the last entry comes {:?}", second.next);
    Ok(())
}

pub(super) async fn words(catalog: &dyn Catalog) -> Check {
    let [cafe, team, raw] =
        ["words/Café Zürich – Espresso.JPG", "words/team_2024-q3.final.png", "words/IMG_4127/Straßenbahn.tif"];
    for key in [cafe, team, raw] {
        catalog.upsert(&entry(key, 1, State::Ready, 30_000)).await?;
    }
    let cases: [(&str, &[&str]); 26] = [
        ("", &[cafe, raw, team]),
        ("café", &[cafe]),
        ("cafe", &[cafe]),
        ("CAFÉ", &[cafe]),
        ("cafe\u{301}", &[cafe]),
        ("zur", &[cafe]),
        ("Zürich Café", &[cafe]),
        ("zurich–espresso", &[cafe]),
        ("espresso.jpg", &[cafe]),
        ("espresso jpg zur", &[cafe]),
        ("resso", &[]),
        ("fe", &[]),
        ("caféx", &[]),
        ("team", &[team]),
        ("2024", &[team]),
        ("202", &[team]),
        ("024", &[]),
        ("q3 final", &[team]),
        ("final q3", &[team]),
        ("team_2024", &[team]),
        ("img_4127", &[raw]),
        ("IMG 41", &[raw]),
        ("straßen", &[raw]),
        ("team café", &[]),
        ("  team\t\n", &[team]),
        ("t", &[raw, team]),
    ];
    for (text, expected) in cases {
        let query = CatalogQuery { text: Some(format!("words {text}")), ..CatalogQuery::default() };
        ensure_keys(catalog, &query, expected).await?;
    }
    // A changed entry is found as before, once.
    catalog.upsert(&entry(cafe, 2, State::Failed, 30_001)).await?;
    ensure_keys(catalog, &CatalogQuery { text: Some("words cafe".into()), ..CatalogQuery::default() }, &[cafe]).await
}

pub(super) async fn texts(catalog: &dyn Catalog) -> Check {
    let [pier, map, plain] = ["texts/DSC_1.jpg", "texts/map.png", "texts/plain.png"];
    let with = |key: &str, revision: u64, texts: &[&str]| {
        let texts = texts.iter().map(|text| (*text).to_owned()).collect();
        CatalogEntry { texts, ..entry(key, revision, State::Ready, 50_000 + revision) }
    };
    catalog.upsert(&with(pier, 1, &["A woman on the piér at Ålesund.", "Eine Frau auf der Landungsbrücke"])).await?;
    catalog.upsert(&with(map, 1, &["The pierced mountains; 1,400 m"])).await?;
    catalog.upsert(&with(plain, 1, &[])).await?;
    let find = |text: &str| CatalogQuery { text: Some(format!("texts {text}")), ..CatalogQuery::default() };
    let cases: [(&str, &[&str]); 12] = [
        ("pier", &[pier, map]),
        ("PIÉR", &[pier, map]),
        ("pierc", &[map]),
        ("alesund", &[pier]),
        ("landungsbrucke woman", &[pier]),
        // One word of the key, another of a text.
        ("dsc woman", &[pier]),
        ("map mount", &[map]),
        ("400", &[map]),
        ("woman mountains", &[]),
        ("oman", &[]),
        ("texts:woman", &[pier]),
        ("", &[pier, map, plain]),
    ];
    for (text, expected) in cases {
        ensure_keys(catalog, &find(text), expected).await?;
    }
    let read = catalog.get(&AssetId::of_key(pier)).await?;
    ensure!(read.is_some_and(|entry| entry.texts.len() == 2), "the texts were not read back");
    // Other words, then none: what is not in force any more is not found.
    catalog.upsert(&with(pier, 2, &["A quay."])).await?;
    ensure_keys(catalog, &find("quay"), &[pier]).await?;
    ensure_keys(catalog, &find("woman"), &[]).await?;
    catalog.upsert(&with(pier, 1, &["A woman."])).await?;
    ensure_keys(catalog, &find("woman"), &[]).await?;
    catalog.upsert(&with(pier, 3, &["A woman."])).await?;
    ensure_keys(catalog, &find("woman"), &[pier]).await?;
    catalog.upsert(&with(pier, 4, &[])).await?;
    ensure_keys(catalog, &find("woman"), &[]).await?;
    ensure_keys(catalog, &find("dsc"), &[pier]).await
}

pub(super) async fn hostile_text(catalog: &dyn Catalog) -> Check {
    let [near, or, plain] = ["hostile/near.png", "hostile/oranges and.png", "hostile/plain.png"];
    for key in [near, or, plain] {
        catalog.upsert(&entry(key, 1, State::Ready, 40_000)).await?;
    }
    let all: &[&str] = &[near, or, plain];
    let cases: [(&str, &[&str]); 22] = [
        ("\"", all),
        ("\"\"\"", all),
        ("*", all),
        ("'", all),
        ("^", all),
        ("() {} [] : ; + - ~ ! ? \\", all),
        ("\u{301}", all),
        ("\u{0}", all),
        ("NEAR(", &[near]),
        ("NEAR(hostile plain, 5)", &[]),
        ("OR", &[or]),
        ("near OR plain", &[]),
        ("near AND plain", &[]),
        ("AND", &[or]),
        ("plain NOT near", &[]),
        ("-near", &[near]),
        ("key:near", &[]),
        ("key", &[]),
        ("n*r", &[]),
        ("%", all),
        ("'; DROP TABLE entries; --", &[]),
        ("\"near\"*", &[near]),
    ];
    for (text, expected) in cases {
        let query = CatalogQuery { text: Some(format!("hostile {text}")), ..CatalogQuery::default() };
        ensure_keys(catalog, &query, expected).await?;
    }
    let long = "hostile ".repeat(2_000);
    let query = CatalogQuery { text: Some(long), ..CatalogQuery::default() };
    ensure_keys(catalog, &query, all).await
}
