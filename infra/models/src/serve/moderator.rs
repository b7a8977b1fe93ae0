//! Moderation by Yahoo's open_nsfw: one number between safe and sexual. It knows nothing else: neither violence nor hate.

use super::network::Network;
use super::picture::{Form, Picture};
use crate::folder::Folder;
use crate::manifest::Model;
use anyhow::{Result, ensure};
use fast_image_resize::FilterType;
use serde_json::{Value, json};

/// Pixels: the whole picture is made a square of the first, and the middle of the second is looked at, as in the training.
const RESIZED: u32 = 256;
const INPUT: u32 = 224;

const FORM: Form = Form { is_bgr: true, is_interleaved: true, mean: [104.0, 117.0, 123.0], deviation: 1.0 };

/// Its authors: below 0.2 a picture is very likely safe, above 0.8 very likely not.
const LOW: f32 = 0.2;
const MEDIUM: f32 = 0.5;
const HIGH: f32 = 0.8;

pub(super) struct Moderator(Network);

impl Moderator {
    pub fn load(folder: &Folder, model: &Model) -> Result<Self> {
        Ok(Moderator(Network::load(folder.read(model, "model.onnx")?)?))
    }

    /// Returns how likely the picture is sexual, 0…1.
    pub fn score(&self, picture: &Picture) -> Result<f32> {
        let square = picture.to_size(RESIZED, RESIZED, FilterType::Bilinear)?;
        let looked_at = square.middle(INPUT, INPUT, f64::from(INPUT) / f64::from(RESIZED))?;
        let scores = self.0.run::<4, 2>(looked_at.to_numbers(&FORM))?;
        ensure!(scores.shape == [1, 2], "the model answers {:?}", scores.shape);
        Ok(scores.data[1])
    }

    /// Answers the schema `moderation`.
    pub fn answer(&self, picture: &Picture) -> Result<Value> {
        let found: Vec<Value> = confidence(self.score(picture)?)
            .map(|confidence| json!({"confidence": confidence, "id": "sexual"}))
            .into_iter()
            .collect();
        Ok(json!({ "categories": found }))
    }
}

fn confidence(score: f32) -> Option<&'static str> {
    match score {
        _ if score >= HIGH => Some("high"),
        _ if score >= MEDIUM => Some("medium"),
        _ if score >= LOW => Some("low"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_safe_picture_has_no_category() {
        let found = [0.0, 0.199, 0.2, 0.5, 0.8, 1.0].map(confidence);
        assert_eq!(found, [None, None, Some("low"), Some("medium"), Some("high"), Some("high")]);
    }
}
