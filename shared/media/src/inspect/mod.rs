//! One look at a small copy of the picture: where a crop should look, and what to show while loading.
//!
//! Results become part of task ids and of people's diffs, so they must be the same on every machine: integers wherever that
//! is cheap, floats only through operations that IEEE 754 fixes, and coarse rounding at the end.

mod color;
mod faces;
mod placeholder;
mod saliency;
mod shrink;

use asset::image::{FocalPoint, FocusSource, Inspection, Limits};
use asset::refusal::Refusal;

use crate::SrgbImage;

/// Longest edge in pixels of the copy that is looked at. The face detector finds faces from 40 pixels, so from an eighteenth of
/// this; and an eighth of a 24-megapixel JPEG, which is the cheapest to decode, is just larger.
const LOOK_AT: u32 = 720;

/// Focal points are rounded to this many thousandths, so that a last-bit difference in a decoder does not make a new crop.
const GRAIN: u32 = 10;

/// Decodes a small upright copy and says what it shows.
pub fn inspect(bytes: &[u8], limits: &Limits) -> Result<Inspection, Refusal> {
    let picture = crate::decode_oriented(bytes, limits, LOOK_AT)?;
    let (copyright, credit) = crate::credit(bytes);
    Ok(Inspection { copyright, credit, notes: crate::notes(bytes, limits), ..look(&picture) })
}

/// Says what decoded pixels show.
fn look(picture: &SrgbImage) -> Inspection {
    let faces = faces::find(picture);
    let (focus, focus_from) = match faces::focus(picture, &faces) {
        Some(focus) => (focus, FocusSource::Faces),
        None => match saliency::focus(picture) {
            Some(focus) => (focus, FocusSource::Saliency),
            None => (FocalPoint::CENTER, FocusSource::Center),
        },
    };
    Inspection {
        focus,
        focus_from,
        faces: faces.len() as u32,
        thumbhash: placeholder::thumbhash(picture),
        dominant_color: color::dominant(picture),
        transparent: picture.rgba.as_chunks::<4>().0.iter().any(|pixel| pixel[3] != 255),
        copyright: None,
        credit: None,
        notes: Vec::new(),
    }
}

/// Returns `value / size` in thousandths, rounded to the grain.
fn thousandths(value: u64, size: u64) -> u16 {
    let grain = u64::from(GRAIN);
    let steps = (value * 1000 + size * grain / 2) / (size * grain).max(1);
    (steps * grain).min(1000) as u16
}

#[cfg(test)]
mod tests;
