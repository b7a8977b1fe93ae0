//! Search by words and by meaning, on the memory twin and a mapper that knows a few words.

use asset::catalog::CatalogEntry;
use asset::embedding::Vector;
use asset::ids::AssetId;
use asset::readiness::State;
use async_trait::async_trait;
use ports::memory::MemoryCatalog;
use ports::search::{Found, Meaning, Why, search};
use ports::{Catalog, CatalogQuery, Kind, MapQuery, PortError, QueryPoint};
use std::sync::Mutex;
use std::time::Duration;

fn run<T>(future: impl Future<Output = T>) -> T {
    futures::executor::block_on(future)
}

/// Maps words of water to the east, and of mountains to the north.
#[derive(Default)]
struct Mapper {
    asked: Mutex<Vec<String>>,
    is_away: bool,
}

fn point(text: &str) -> Vec<f32> {
    let of = |words: &[&str]| if words.iter().any(|word| text.contains(word)) { 1.0 } else { 0.0 };
    vec![of(&["sea", "pier", "harbour"]), of(&["mountain", "summit", "alp"])]
}

#[async_trait]
impl MapQuery for Mapper {
    async fn map_query(&self, text: &str) -> Result<QueryPoint, PortError> {
        self.asked.lock().expect("no panic").push(text.to_owned());
        if self.is_away {
            let error = PortError::new(Kind::Retry(Duration::from_secs(1)), "map query", "compass");
            return Err(error.because("model `compass`: it sleeps"));
        }
        Ok(QueryPoint { model: "compass".into(), values: point(text) })
    }
}

/// Each has its text, and its vector if `is_mapped`.
fn catalog(assets: &[(&str, &str, bool)]) -> MemoryCatalog {
    let catalog = MemoryCatalog::default();
    for (at_ms, (key, text, is_mapped)) in (1..).zip(assets) {
        let entry = CatalogEntry {
            asset: AssetId::of_key(key),
            key: (*key).to_owned(),
            revision: 1,
            state: if key.starts_with("gone") { State::Deleted } else { State::Ready },
            reason: None,
            version: None,
            kind: if key.ends_with("svg") { "image/svg+xml" } else { "image/png" }.into(),
            bytes: 1,
            width: 1,
            height: 1,
            n_outputs: 1,
            output_bytes: 1,
            n_done: 1,
            n_steps: 1,
            thumbnail: None,
            thumbhash: None,
            created_ms: at_ms,
            updated_ms: at_ms,
            profile: "p".into(),
            texts: vec![(*text).to_owned()],
            vector: is_mapped.then(|| Vector::new("compass", &point(text))),
        };
        run(catalog.upsert(&entry)).expect("writes");
    }
    catalog
}

const ASSETS: [(&str, &str, bool); 6] = [
    ("1.png", "A pier", true),
    ("2.png", "A summit", true),
    ("3.png", "A harbour under a mountain", true),
    ("4.png", "The sea, seen from a harbour", true),
    ("5.svg", "harbour", false),
    ("gone.png", "A harbour", true),
];

fn find(text: &str) -> CatalogQuery {
    CatalogQuery { text: Some(text.to_owned()), ..CatalogQuery::default() }
}

fn hits(found: &Found) -> Vec<(&str, Why)> {
    found.hits.iter().map(|hit| (hit.entry.key.as_str(), hit.why)).collect()
}

#[test]
fn what_both_find_comes_first_and_each_says_why() {
    let (catalog, mapper) = (catalog(&ASSETS), Mapper::default());
    let found = run(search(&catalog, Some(&mapper), &find("harbour"))).expect("searches");
    // By words: 5, 4, 3. By meaning: 1 and 4 alike, then 3; 2 has nothing to do with it, and nobody finds what is gone.
    let mut kinds = hits(&found);
    assert_eq!(kinds[0], ("4.png", Why::Both), "second and first or second");
    kinds.sort_by_key(|(key, _)| *key);
    let expected = [("1.png", Why::Meaning), ("3.png", Why::Both), ("4.png", Why::Both), ("5.svg", Why::Words)];
    assert_eq!(kinds, expected);
    assert_eq!(found.meaning, Meaning::Used { model: "compass".into() });
    let of = |key: &str| found.hits.iter().find(|hit| hit.entry.key == key).expect("a hit");
    // Third by words and third by meaning.
    assert!((of("3.png").score - 2.0 / 63.0).abs() < 1e-12, "{:?}", of("3.png"));
    assert!((of("5.svg").score - 1.0 / 61.0).abs() < 1e-12 && of("5.svg").similarity.is_none());
    assert!((of("3.png").similarity.expect("a cosine") - std::f32::consts::FRAC_1_SQRT_2).abs() < 1e-5);
}

#[test]
fn meaning_finds_what_words_do_not() {
    let (catalog, mapper) = (catalog(&ASSETS), Mapper::default());
    let found = run(search(&catalog, Some(&mapper), &find("alpine view"))).expect("searches");
    assert_eq!(hits(&found), [("2.png", Why::Meaning), ("3.png", Why::Meaning)]);
}

#[test]
fn states_and_kinds_hold_for_both() {
    let (catalog, mapper) = (catalog(&ASSETS), Mapper::default());
    let query = CatalogQuery { kind: Some("image/png".into()), ..find("harbour") };
    let found = run(search(&catalog, Some(&mapper), &query)).expect("searches");
    assert!(found.hits.len() == 3 && found.hits.iter().all(|hit| hit.entry.kind == "image/png"), "{found:?}");
    let query = CatalogQuery { states: vec![State::Deleted], ..find("harbour") };
    let found = run(search(&catalog, Some(&mapper), &query)).expect("searches");
    assert_eq!(hits(&found), [("gone.png", Why::Words)]);
}

#[test]
fn nobody_is_asked_without_need() {
    let (catalog, mapper) = (catalog(&ASSETS), Mapper::default());
    let off = run(search(&catalog, None, &find("harbour"))).expect("searches");
    assert_eq!(hits(&off), [("5.svg", Why::Words), ("4.png", Why::Words), ("3.png", Why::Words)]);
    assert_eq!(off.meaning, Meaning::Off);
    let first = run(search(&catalog, None, &CatalogQuery { limit: 2, ..find("harbour") })).expect("searches");
    let second = CatalogQuery { after: first.next, limit: 2, ..find("harbour") };
    for query in [CatalogQuery::default(), find("  "), second] {
        let found = run(search(&catalog, Some(&mapper), &query)).expect("searches");
        assert_eq!(found.meaning, Meaning::NotAsked, "{query:?}");
        assert!(!found.hits.is_empty());
    }
    assert_eq!(mapper.asked.lock().expect("no panic").as_slice(), &[] as &[String]);
    let long = run(search(&catalog, Some(&mapper), &find(&"sea ".repeat(1_000)))).expect("searches");
    assert!(matches!(long.meaning, Meaning::Used { .. }));
    assert_eq!(mapper.asked.lock().expect("no panic")[0].chars().count(), 500);
}

#[test]
fn a_model_that_is_away_costs_no_words() {
    let (catalog, mapper) = (catalog(&ASSETS), Mapper { is_away: true, ..Mapper::default() });
    let found = run(search(&catalog, Some(&mapper), &find("harbour"))).expect("searches");
    assert_eq!(found.hits.len(), 3);
    assert_eq!(found.meaning, Meaning::Failed { why: "model `compass`: it sleeps".into() });
}
