//! The search box: what it finds, how it says so, and what it asks of whom.

use crate::world::World;
use asset::catalog::CatalogEntry;
use asset::embedding::Vector;
use asset::ids::AssetId;
use asset::manifest::Manifest;
use asset::profile::Profile;
use asset::readiness::State;
use async_trait::async_trait;
use axum::http::StatusCode;
use ports::{Catalog, Kind, MapQuery, PortError, QueryPoint};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Everything means the same to it.
#[derive(Default)]
struct Mapper {
    n_asked: AtomicU32,
    why_not: Mutex<Option<String>>,
}

#[async_trait]
impl MapQuery for Mapper {
    async fn map_query(&self, _: &str) -> Result<QueryPoint, PortError> {
        self.n_asked.fetch_add(1, Ordering::SeqCst);
        match self.why_not.lock().expect("no panic").clone() {
            Some(why) => Err(PortError::new(Kind::Retry(Duration::ZERO), "map query", "compass").because(why)),
            None => Ok(QueryPoint { model: "compass".into(), values: vec![1.0, 0.0] }),
        }
    }
}

async fn world(mapper: Option<Arc<Mapper>>, profile: Profile) -> World {
    let mapper = mapper.map(|mapper| -> Arc<dyn MapQuery> { mapper });
    let world = World::asking(Arc::new(profile), Manifest::new(AssetId::of_key("")), None, mapper).await;
    for (at_ms, (key, text)) in (1..).zip([("a.png", "A pier at night"), ("b.png", "The quay"), ("c.png", "A summit")])
    {
        let template = CatalogEntry::of(&Manifest::new(AssetId::of_key(key)));
        let vector = (key != "c.png").then(|| Vector::new("compass", &[1.0, at_ms as f32 - 1.0]));
        let (texts, key) = (vec![text.to_owned()], key.to_owned());
        let entry = CatalogEntry { key, texts, vector, state: State::Ready, updated_ms: at_ms, ..template };
        world.catalog.upsert(&entry).await.expect("memory upserts");
    }
    world
}

async fn found(world: &World, path: &str) -> Value {
    let (status, body) = world.get(path).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    serde_json::from_str(&body).expect("JSON")
}

fn hits(answer: &Value) -> Vec<(&str, &str)> {
    let assets = answer["assets"].as_array().expect("a list");
    assets.iter().map(|hit| (hit["key"].as_str().expect("a key"), hit["why"].as_str().unwrap_or("-"))).collect()
}

#[tokio::test]
async fn a_search_is_by_words_and_by_meaning_and_says_which() {
    let mapper = Arc::new(Mapper::default());
    let world = world(Some(mapper.clone()), Profile::default()).await;
    let answer = found(&world, "/api/assets?q=pier").await;
    assert_eq!(hits(&answer), [("a.png", "both"), ("b.png", "meaning")]);
    assert_eq!((&answer["meaning"], &answer["model"]), (&json!("used"), &json!("compass")));
    assert!(answer["assets"][0]["similarity"].as_f64().is_some_and(|cosine| cosine > 0.99), "{answer}");
    let (_, page) = world.get("/?q=pier").await;
    assert!(page.contains("Found by words, and by meaning with compass."), "{page}");
    assert_eq!(page.matches("by meaning</span>").count(), 1, "what words found shows why by itself");
    assert!(!page.contains("data-poll"), "nobody reads every vector again and again");
    assert_eq!(mapper.n_asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_list_asks_nobody() {
    let mapper = Arc::new(Mapper::default());
    let world = world(Some(mapper.clone()), Profile::default()).await;
    for path in ["/api/assets", "/api/assets?q=", "/api/assets?q=%20&state=ready"] {
        let answer = found(&world, path).await;
        assert_eq!((answer.get("meaning"), answer["assets"][0].get("why")), (None, None), "{answer}");
    }
    let (_, page) = world.get("/").await;
    assert!(page.contains("data-poll=\"/api/assets\"") && !page.contains("id=\"meaning\""), "{page}");
    assert_eq!(mapper.n_asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn without_a_model_words_are_found_and_the_line_that_changes_it_is_said() {
    let world = world(None, Profile::default()).await;
    let answer = found(&world, "/api/assets?q=quay").await;
    assert_eq!((hits(&answer), &answer["meaning"]), (vec![("b.png", "words")], &json!("off")));
    let (_, page) = world.get("/?q=quay").await;
    assert!(page.contains("names no model for meaning (`embedding` in `[models]`)") && page.contains("data-poll"));
}

#[tokio::test]
async fn a_model_that_is_away_is_named_and_words_are_found() {
    let mapper = Arc::new(Mapper::default());
    *mapper.why_not.lock().expect("no panic") = Some("model `compass`: <b>it sleeps</b>".into());
    let world = world(Some(mapper), Profile::default()).await;
    let answer = found(&world, "/api/assets?q=quay").await;
    assert_eq!((hits(&answer), &answer["meaning"]), (vec![("b.png", "words")], &json!("failed")));
    let (_, page) = world.get("/?q=quay").await;
    assert!(page.contains("Found by words only, for now: model `compass`: &lt;b&gt;it sleeps&lt;/b&gt;."), "{page}");
}
