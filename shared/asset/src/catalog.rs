//! The row that lists and search are made of: a projection of a manifest, and nothing that is not in it.

use crate::embedding::{Vector, clipped, texts_in_force};
use crate::fact::Outcome;
use crate::ids::AssetId;
use crate::image::OutputFormat;
use crate::manifest::Manifest;
use crate::readiness::{State, Step, StepStatus};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// One asset in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogEntry {
    pub asset: AssetId,
    pub key: String,
    /// The manifest's revision: an older entry never replaces a newer one.
    pub revision: u64,
    pub state: State,
    pub reason: Option<String>,
    /// SHA-256 of the present bytes; absent when deleted.
    pub version: Option<String>,
    /// Media type by content, for example `image/png`; `unknown` if Greenroom does not know the kind.
    pub kind: String,
    pub bytes: u64,
    /// Pixels as displayed; 0 if unknown.
    pub width: u32,
    pub height: u32,
    pub n_outputs: u64,
    /// Bytes of all outputs.
    pub output_bytes: u64,
    /// Steps that are settled, of all.
    pub n_done: u32,
    pub n_steps: u32,
    /// Store key of a small rendition to show in lists.
    pub thumbnail: Option<String>,
    /// Base64 ThumbHash, to show before the thumbnail.
    pub thumbhash: Option<String>,
    /// Milliseconds since 1970: first arrival and latest arrival.
    pub created_ms: u64,
    pub updated_ms: u64,
    /// Digest of the profile that the state was derived under.
    pub profile: String,
    /// The texts in force, shortened: entries are found by their words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub texts: Vec<String>,
    /// What it means, as a point. Written with the entry and never read back with it: it is many times as large, and only
    /// `Catalog::nearest` needs it.
    #[serde(skip)]
    pub vector: Option<Vector>,
}

/// Characters of an entry's texts, all together: a list is made of entries, and an entry is one item of a database.
const MAX_TEXT_CHARACTERS: usize = 4_000;

impl CatalogEntry {
    /// Projects a manifest.
    pub fn of(manifest: &Manifest) -> Self {
        let readiness = &manifest.readiness;
        let version = manifest.version();
        let is_settled = |step: &&Step| step.status != StepStatus::Pending;
        // Of the first view, the whole picture if the profile has that: large enough for a tile, and no AVIF, which old browsers
        // cannot show. A transparent picture's JPEG has a white ground, so there WebP comes first.
        let is_transparent = readiness.inspection.as_ref().is_some_and(|inspection| inspection.transparent);
        let first_view = readiness.outputs().next().map(|output| &output.view);
        let thumbnail = readiness
            .outputs()
            .filter(|output| Some(&output.view) == first_view && output.format != OutputFormat::Avif)
            .min_by_key(|output| {
                let lost_alpha = is_transparent && output.format == OutputFormat::Jpeg;
                (output.width < 300, output.width.abs_diff(480), lost_alpha, output.bytes)
            })
            .map(|output| output.key.clone());
        let video = readiness.recording.as_ref().and_then(|recording| recording.video.as_ref());
        let size = video.map(|video| (video.width, video.height));
        let (width, height) =
            size.or(readiness.probe.as_ref().map(|probe| (probe.width, probe.height))).unwrap_or_default();
        let outputs = readiness.outputs().map(|output| output.bytes);
        CatalogEntry {
            asset: manifest.asset.clone(),
            key: manifest.key.clone(),
            revision: manifest.revision,
            state: readiness.state,
            reason: readiness.reason.clone(),
            version: readiness.version.as_ref().map(|version| version.to_string()),
            kind: version.and_then(|version| version.media_type.clone()).unwrap_or_else(|| "unknown".to_owned()),
            bytes: version.map_or(0, |version| version.bytes),
            width,
            height,
            n_outputs: (readiness.outputs().count() + readiness.files().count()) as u64,
            output_bytes: outputs.chain(readiness.files().map(|file| file.bytes)).sum(),
            n_done: readiness.steps.iter().filter(is_settled).count() as u32,
            n_steps: readiness.steps.len() as u32,
            thumbnail,
            thumbhash: readiness.inspection.as_ref().map(|inspection| inspection.thumbhash.clone()),
            created_ms: manifest.arrivals.values().next().map_or(0, |arrival| arrival.at_ms),
            updated_ms: manifest.latest().map_or(0, |arrival| arrival.at_ms),
            profile: readiness.profile.clone(),
            texts: texts(manifest),
            vector: vector(manifest),
        }
    }

    /// Returns it as catalogs read it back.
    #[must_use]
    pub fn without_vector(&self) -> Self {
        CatalogEntry { vector: None, ..self.clone() }
    }

    /// Returns everything that people find it by, as one text.
    pub fn searchable(&self) -> String {
        let parts: Vec<&str> =
            std::iter::once(self.key.as_str()).chain(self.texts.iter().map(String::as_str)).collect();
        parts.join("\n")
    }
}

fn texts(manifest: &Manifest) -> Vec<String> {
    let mut room = MAX_TEXT_CHARACTERS;
    let mut texts = Vec::new();
    let said = manifest.readiness.captions.iter().map(|captions| Cow::Borrowed(captions.excerpt.as_str()));
    for text in texts_in_force(&manifest.readiness.fields).into_iter().chain(said) {
        let text = clipped(&text, room);
        room -= text.chars().count();
        if !text.is_empty() {
            texts.push(text.to_owned());
        }
    }
    texts
}

/// Returns what the present texts were mapped to; nothing while that is still to come.
fn vector(manifest: &Manifest) -> Option<Vector> {
    let is_done = |step: &&Step| matches!(step.status, StepStatus::Done { .. });
    manifest.readiness.steps.iter().rev().filter(is_done).find_map(|step| {
        let results = manifest.results.values().filter(|result| result.task == step.task);
        results
            .filter_map(|result| match &result.outcome {
                Outcome::Embedded(embedded) => embedded.point(),
                _ => None,
            })
            .next()
    })
}
