//! Which of many texts matter to a picture: those that lie nearest to what it shows or, where the model maps words only, to what its file
//! says of itself.

use crate::{Look, Vision, task_work};
use asset::ids::Sha256;
use asset::task::Task;
use futures::lock::Mutex;
use futures::{StreamExt, TryStreamExt, stream};
use models::{EmbedInput, EmbedRequest, Embedder, Purpose};
use ports::near::{cosine, direction};
use runtime::Context;
use std::collections::HashMap;
use std::fmt::Display;

/// What these calls are counted as.
const CAPABILITY: &str = "relevance";

/// Texts that are mapped at the same time.
const N_PARALLEL: usize = 8;

/// Texts and pictures, mapped by one model.
pub struct Relevance {
    model: String,
    /// Of texts, by their digests, as little-endian `f32`s. They are asked for once in the life of a process, also by tasks that run side by
    /// side: whoever comes second waits.
    points: Mutex<HashMap<Sha256, Vec<u8>>>,
}

impl Relevance {
    /// Names a model or a route that makes embeddings.
    pub fn new(model: impl Into<String>) -> Self {
        Relevance { model: model.into(), points: Mutex::default() }
    }

    pub fn model(&self) -> &str {
        &self.model
    }

    /// Scores texts, each with its id: the higher, the nearer. Nothing, where the picture says nothing that the model can map.
    ///
    /// # Errors
    /// Why the model could not be asked, in words.
    pub async fn scores(
        &self,
        vision: &Vision,
        task: &Task,
        look: &Look,
        texts: &[(&str, String)],
        context: &Context,
    ) -> Result<Vec<(String, f32)>, String> {
        let embedder = vision.models.embedder(&self.model).map_err(words)?;
        let asking = Asking { vision, task, context, embedder: embedder.as_ref() };
        let Some(request) = question(embedder.as_ref(), look) else { return Ok(Vec::new()) };
        let question =
            direction(&asking.point(request, "picture").await?).ok_or("the picture's point has no direction")?;

        let mut points = self.points.lock().await;
        let digests: Vec<Sha256> = texts.iter().map(|(_, text)| Sha256::of(text.as_bytes())).collect();
        let mut missing = Vec::new();
        for ((id, text), digest) in texts.iter().zip(&digests) {
            if !points.contains_key(digest) {
                missing.push(asking.text(id, text, digest));
            }
        }
        let found: Vec<(Sha256, Vec<u8>)> = stream::iter(missing).buffered(N_PARALLEL).try_collect().await?;
        points.extend(found);
        let score = |((id, _), digest): (&(&str, String), &Sha256)| {
            Some(((*id).to_owned(), cosine(&question, points.get(digest)?)?))
        };
        Ok(texts.iter().zip(&digests).filter_map(score).collect())
    }
}

/// Returns what to ask about the picture: itself if the model maps pictures, else the words of its file.
fn question(embedder: &dyn Embedder, look: &Look) -> Option<EmbedRequest> {
    let of_picture = request_for(EmbedInput::Image(look.picture.clone()), Purpose::Query);
    if embedder.check(&of_picture).is_ok() {
        return Some(of_picture);
    }
    let file = look.file.as_ref()?;
    let texts = ["title", "description", "name"].map(|name| file[name].as_str());
    let keywords = file["keywords"].as_array().into_iter().flatten().map(|word| word.as_str());
    let words: Vec<&str> = texts.into_iter().chain(keywords).flatten().collect();
    (!words.is_empty()).then(|| request_for(EmbedInput::Text(words.join(". ")), Purpose::Query))
}

fn request_for(input: EmbedInput, purpose: Purpose) -> EmbedRequest {
    EmbedRequest { input, purpose, dimensions: None }
}

fn words(error: impl Display) -> String {
    error.to_string()
}

struct Asking<'a> {
    vision: &'a Vision,
    task: &'a Task,
    context: &'a Context,
    embedder: &'a dyn Embedder,
}

impl Asking<'_> {
    /// Maps one text. What has no direction is near to nothing, and gets no score.
    async fn text(&self, id: &str, text: &str, digest: &Sha256) -> Result<(Sha256, Vec<u8>), String> {
        let values = self.point(request_for(EmbedInput::Text(text.to_owned()), Purpose::Index), id).await?;
        let values = direction(&values).unwrap_or_default();
        Ok((digest.clone(), values.iter().flat_map(|value| value.to_le_bytes()).collect()))
    }

    /// `what` tells the calls of one delivery apart, so that each is counted.
    async fn point(&self, request: EmbedRequest, what: &str) -> Result<Vec<f32>, String> {
        let mut work = task_work(self.task, CAPABILITY, self.context);
        work.id = format!("{}/{what}", work.id);
        let deadline_ms = self.vision.deadline(self.context);
        let found = self.vision.till.embed(&work, self.embedder, &request, deadline_ms).await;
        found.map(|embedding| embedding.vector).map_err(words)
    }
}
