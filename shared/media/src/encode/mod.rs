//! From pixels to files. Only our own pixels reach the encoders, two of which are written in C.

pub(crate) mod avif;
mod jpeg;
mod planes;
mod riff;
pub(crate) mod webp;

use std::sync::Arc;

use asset::image::{Encoding, OutputFormat, SourceFormat};
use asset::refusal::Refusal;

use crate::picture::Picture;
use crate::refuse;

/// What goes into a file beside its pixels.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extras {
    /// A TIFF structure with copyright and artist.
    pub(crate) exif: Option<Vec<u8>>,
    /// The profile of pixels that are not sRGB.
    pub(crate) icc: Option<Arc<[u8]>>,
}

/// From this quality on, JPEG and AVIF keep colour at its full resolution: red text on blue shows the difference.
const FULL_COLOR_FROM: u8 = 90;

pub(crate) fn full_color(encoding: Encoding) -> bool {
    encoding.format != OutputFormat::Webp && encoding.quality >= FULL_COLOR_FROM
}

/// Encodes one still picture.
pub(crate) fn still(picture: &Picture, encoding: Encoding, extras: &Extras) -> Result<Vec<u8>, Refusal> {
    match encoding.format {
        OutputFormat::Jpeg => jpeg::encode(picture, encoding, extras),
        OutputFormat::Webp => webp::encode(picture, encoding, extras),
        OutputFormat::Avif => avif::encode(picture, encoding, extras),
    }
}

/// An encoder that fails on sane pixels is a bug or out of memory; there is no better word for it among the codes.
fn failed(what: &str, error: impl std::fmt::Display) -> Refusal {
    refuse::corrupt(SourceFormat::Png, format!("`{what}` could not encode it: {error}"))
}
