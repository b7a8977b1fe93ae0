//! Questions of people as points: [`MapQuery`] by an embedder, paid through the till.

use crate::{ConnectError, EmbedInput, EmbedRequest, Embedder, ModelResult, Purpose, Till, Work};
use async_trait::async_trait;
use ports::{Clock, Kind, MapQuery, PortError, QueryPoint};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

const OPERATION: &str = "map query";

/// Somebody looks at an empty page for as long as this takes.
const PATIENCE: Duration = Duration::from_secs(4);

/// How long an embedder that failed is left alone: pages that look again by themselves would wait for it each time.
const PAUSE: Duration = Duration::from_secs(30);

/// Questions whose points are kept: the same question comes again with the next page, with another filter, and by a reload.
const N_KEPT: usize = 256;

/// Maps questions by an embedder. The same question is paid once, as long as it is kept.
pub struct QueryMapper {
    embedder: Result<Arc<dyn Embedder>, ConnectError>,
    till: Arc<Till>,
    clock: Arc<dyn Clock>,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// The latest last.
    points: VecDeque<(String, QueryPoint)>,
    /// Until when nobody is asked, and why.
    pause: Option<(u64, String)>,
}

impl QueryMapper {
    /// Takes what [`Models::embedder`](crate::Models::embedder) says: a name that leads to no model is said to everybody who searches.
    pub fn new(embedder: Result<Arc<dyn Embedder>, ConnectError>, till: Arc<Till>, clock: Arc<dyn Clock>) -> Self {
        QueryMapper { embedder, till, clock, kept: Mutex::default() }
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(&self, embedder: &dyn Embedder, text: &str) -> ModelResult<QueryPoint> {
        let now_ms = self.clock.now_ms();
        let work = Work {
            id: format!("search/{now_ms}-{:016x}", self.clock.random()),
            asset: String::new(),
            collection: String::new(),
            capability: "search".to_owned(),
            batch: None,
        };
        let input = EmbedInput::Text(text.to_owned());
        let request = EmbedRequest { input, purpose: Purpose::Query, dimensions: None };
        let deadline_ms = now_ms + PATIENCE.as_millis() as u64;
        let embedding = self.till.embed(&work, embedder, &request, deadline_ms).await?;
        Ok(QueryPoint { model: embedding.model_answered, values: embedding.vector })
    }
}

#[async_trait]
impl MapQuery for QueryMapper {
    async fn map_query(&self, text: &str) -> Result<QueryPoint, PortError> {
        // What differs in white space only means the same.
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let embedder = match &self.embedder {
            Ok(embedder) => embedder,
            Err(error) => return Err(PortError::new(Kind::Fatal, OPERATION, "embedding").because(error.clone())),
        };
        let later = |why: String| PortError::new(Kind::Retry(PAUSE), OPERATION, embedder.id()).because(why);
        {
            let kept = self.kept();
            if let Some((_, point)) = kept.points.iter().find(|(other, _)| *other == text) {
                return Ok(point.clone());
            }
            if let Some((until_ms, why)) = &kept.pause
                && self.clock.now_ms() < *until_ms
            {
                return Err(later(why.clone()));
            }
        }
        match self.ask(embedder.as_ref(), &text).await {
            Ok(point) => {
                let mut kept = self.kept();
                kept.pause = None;
                kept.points.push_back((text, point.clone()));
                if kept.points.len() > N_KEPT {
                    kept.points.pop_front();
                }
                Ok(point)
            }
            Err(error) => {
                tracing::warn!(model = embedder.id(), %error, "a search goes without meaning");
                let why = error.to_string();
                self.kept().pause = Some((self.clock.now_ms() + PAUSE.as_millis() as u64, why.clone()));
                Err(later(why))
            }
        }
    }
}
