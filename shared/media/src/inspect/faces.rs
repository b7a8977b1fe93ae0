//! Faces, by SeetaFace's frontal detector in pure Rust (crate `rustface`).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

use asset::image::FocalPoint;
use rustface::{ImageData, Model};

use super::thousandths;
use crate::SrgbImage;

/// 1.2 MB, BSD-2-Clause: see `seetaface/README.md`.
static MODEL_BYTES: &[u8] = include_bytes!("seetaface/seeta_fd_frontal_v1.0.bin");

/// The detector's own smallest window, in pixels.
const SMALLEST: u32 = 40;
/// Detections below this score are more often leaves and wheels than people; portraits score 10 and more.
const SCORE: f64 = 6.0;

/// A face's box, in pixels of the picture that was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Face {
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) size: u32,
}

/// Returns the faces, largest first. A panic inside the detector means no faces: a crop is not worth a failed asset.
pub(super) fn find(picture: &SrgbImage) -> Vec<Face> {
    if picture.width.min(picture.height) < SMALLEST {
        return Vec::new();
    }
    let mut faces = catch_unwind(AssertUnwindSafe(|| detect(picture))).unwrap_or_default();
    faces.sort_by_key(|face| (std::cmp::Reverse(face.size), face.x, face.y));
    faces
}

fn detect(picture: &SrgbImage) -> Vec<Face> {
    static MODEL: OnceLock<Option<Model>> = OnceLock::new();
    let Some(model) = MODEL.get_or_init(|| rustface::read_model(MODEL_BYTES).ok()) else { return Vec::new() };
    let mut detector = rustface::create_detector_with_model(model.clone());
    detector.set_min_face_size(SMALLEST);
    detector.set_score_thresh(SCORE);
    let gray = gray(picture);
    let found = detector.detect(&ImageData::new(&gray, picture.width, picture.height));
    found.iter().filter_map(|face| clip(face.bbox(), picture)).collect()
}

/// Keeps the part of a box that lies in the picture: the detector may look a little beyond the edges.
fn clip(found: &rustface::Rectangle, picture: &SrgbImage) -> Option<Face> {
    let x = u32::try_from(found.x().max(0)).ok()?;
    let y = u32::try_from(found.y().max(0)).ok()?;
    let size = found.width().min(picture.width.checked_sub(x)?).min(picture.height.checked_sub(y)?);
    (size >= SMALLEST / 2).then_some(Face { x, y, size })
}

/// Returns luma, transparent pixels on white.
fn gray(picture: &SrgbImage) -> Vec<u8> {
    let luma = |&[r, g, b, a]: &[u8; 4]| {
        let luma = (u32::from(r) * 77 + u32::from(g) * 150 + u32::from(b) * 29) >> 8;
        let a = u32::from(a);
        ((luma * a + 255 * (255 - a)) / 255) as u8
    };
    picture.rgba.as_chunks::<4>().0.iter().map(luma).collect()
}

/// Returns the middle of the box around everyone who matters: faces at least a third as large as the largest. Those further
/// back are passers-by.
pub(super) fn focus(picture: &SrgbImage, faces: &[Face]) -> Option<FocalPoint> {
    let largest = faces.first()?;
    let mut people = faces.iter().filter(|face| face.size * 3 >= largest.size);
    let first = *people.next()?;
    let mut bounds = (first.x, first.y, first.x + first.size, first.y + first.size);
    for face in people {
        bounds = (
            bounds.0.min(face.x),
            bounds.1.min(face.y),
            bounds.2.max(face.x + face.size),
            bounds.3.max(face.y + face.size),
        );
    }
    let middle = |low: u32, high: u32, size: u32| thousandths(u64::from(low + high), 2 * u64::from(size));
    Some(FocalPoint { x: middle(bounds.0, bounds.2, picture.width), y: middle(bounds.1, bounds.3, picture.height) })
}
