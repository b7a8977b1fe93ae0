//! Pictures: probe, inspect and render under limits. Pure functions of bytes: no I/O, no async, no AWS.

mod inspect;

pub use inspect::inspect;

use asset::image::{ImageProbe, Limits, OutputFormat, RenderSpec};
use asset::refusal::{Refusal, RefusalCode};

/// One encoded picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendition {
    pub format: OutputFormat,
    /// Pixels.
    pub width: u32,
    pub height: u32,
    /// 1 for a still picture.
    pub frames: u32,
    pub bytes: Vec<u8>,
}

/// A small upright picture in sRGB, as `inspect` looks at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SrgbImage {
    /// Pixels.
    pub width: u32,
    pub height: u32,
    /// Four bytes a pixel, rows from the top: red, green, blue, straight (not premultiplied) alpha.
    pub rgba: Vec<u8>,
}

/// Reads the header: format, upright size and frame count.
pub fn probe(bytes: &[u8], limits: &Limits) -> Result<ImageProbe, Refusal> {
    let _ = (bytes, limits);
    Err(pending())
}

/// Decodes once and encodes every wanted size and format.
pub fn render(bytes: &[u8], spec: &RenderSpec, limits: &Limits) -> Result<Vec<Rendition>, Refusal> {
    let _ = (bytes, spec, limits);
    Err(pending())
}

/// Decodes the first frame upright, in sRGB, with its longest edge scaled down to `at_most` pixels.
pub fn decode_oriented(bytes: &[u8], limits: &Limits, at_most: u32) -> Result<SrgbImage, Refusal> {
    let _ = (bytes, limits, at_most);
    Err(pending())
}

/// Returns the copyright notice and the credit line found in EXIF, IPTC or XMP.
pub fn credit(bytes: &[u8]) -> (Option<String>, Option<String>) {
    let _ = bytes;
    (None, None)
}

fn pending() -> Refusal {
    Refusal::new(RefusalCode::Unsupported, "the decoder is not in place yet", "wait for the next slice")
}
