//! Tags by EfficientNet-Lite0: probabilities of ImageNet's thousand classes, turned into terms of the caller's vocabulary.

mod question;
mod terms;
mod words;

use super::error::ApiResult;
use super::network::{Network, Numbers};
use super::picture::{Form, Picture};
use crate::folder::Folder;
use crate::manifest::Model;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(super) use question::Question;
use terms::Class;

/// Pixels: the shorter edge is made the first, and the middle of the second is looked at.
const RESIZED: f64 = 256.0;
const INPUT: u32 = 224;

const FORM: Form = Form { is_bgr: false, is_interleaved: false, mean: [127.0; 3], deviation: 128.0 };

const N_CLASSES: usize = 1000;
pub(super) const N_FEATURES: usize = 1280;

pub(super) struct Tagger {
    network: Network,
    classes: Vec<Class>,
}

impl Tagger {
    pub fn load(folder: &Folder, model: &Model) -> Result<Self> {
        let network = Network::load(folder.read(model, "model.onnx")?)?;
        Ok(Tagger { network, classes: read_classes(&folder.read(model, "classes.json")?)? })
    }

    fn look(&self, picture: &Picture) -> Result<Numbers<4>> {
        Ok(picture.middle(INPUT, INPUT, f64::from(INPUT) / RESIZED)?.to_numbers(&FORM))
    }

    /// Returns the probability of each class.
    pub fn probabilities(&self, picture: &Picture) -> Result<Vec<f32>> {
        let found = self.network.run_to::<4, 2>(self.look(picture)?, "probabilities")?;
        ensure!(found.shape == [1, N_CLASSES], "the model answers {:?}", found.shape);
        Ok(found.data)
    }

    /// Returns the numbers before the classes, of length 1: near each other for pictures that look alike.
    pub fn features(&self, picture: &Picture) -> Result<Vec<f32>> {
        let found = self.network.run_to::<4, 2>(self.look(picture)?, "features")?;
        ensure!(found.shape == [1, N_FEATURES], "the model answers {:?}", found.shape);
        let mut features = found.data;
        super::embedder::normalize(&mut features);
        Ok(features)
    }

    /// Answers the schema `tags`.
    pub fn answer(&self, picture: &Picture, texts: &[&str]) -> ApiResult<Value> {
        let question = Question::read(texts)?;
        let probabilities = self.probabilities(picture)?;
        let found = terms::tag(&self.classes, &probabilities, &question);
        let tags: Vec<Value> =
            found.tags.iter().map(|(id, confidence)| json!({"confidence": confidence, "id": id})).collect();
        Ok(json!({"suggestions": found.suggestions, "tags": tags}))
    }
}

/// Reads `{"0": "tench, Tinca tinca", …}`: the names of one class are synonyms.
fn read_classes(json: &[u8]) -> Result<Vec<Class>> {
    let names: BTreeMap<String, String> = serde_json::from_slice(json).context("the classes are no JSON")?;
    let class = |index: usize| {
        let names = names.get(&index.to_string()).with_context(|| format!("class {index} has no name"))?;
        Ok(Class::new(names))
    };
    (0..N_CLASSES).map(class).collect()
}
