//! Pictures: probe, inspect and render under limits. Pure functions of bytes: no I/O, no async, no AWS.
//!
//! The way of a picture: `sniff` (what is it) → `container` (what does its header say) → `limits` (may it) → `plan` (which
//! sizes) → `decode` → `color` → `orient` → `resize` → `encode`. The same input gives the same bytes on every machine of one
//! architecture, however many threads there are.
//!
//! What it does not do, and says so by a typed refusal: AVIF and BigTIFF as sources. An animated source
//! moves in WebP; its JPEG is the first frame, and an AVIF of it is not made.

mod animate;
mod color;
mod container;
mod crop;
mod decode;
mod encode;
mod ifd;
mod inspect;
mod lanes;
mod limits;
mod metadata;
mod orient;
mod picture;
mod plan;
mod planar;
mod raster;
mod refuse;
mod render;
mod resize;
mod small;
mod sniff;
mod stated;
mod zigzag;

use asset::image::{ImageProbe, Limits, OutputFormat, RenderSpec, SourceFormat};
use asset::refusal::Refusal;

pub use crop::crop_window;
pub use inspect::inspect;
pub use stated::{Stated, one_line, stated};

use crate::container::Header;
use crate::limits::Deadline;
use crate::metadata::Credit;

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

/// Reads the header: format, upright size and frame count. The format comes from the content, never from a name.
///
/// # Errors
/// `empty`, `unsupported`, `corrupt`, `truncated` (the header itself is cut; a cut further down shows when rendering),
/// `too_large`, `too_many_frames`.
pub fn probe(bytes: &[u8], limits: &Limits) -> Result<ImageProbe, Refusal> {
    let header = header(bytes, limits)?;
    let (width, height) = header.upright_size();
    Ok(ImageProbe { format: header.format, width, height, frames: header.frames })
}

/// Decodes once and makes every wanted size and format: by encoding as the spec has them, then by width ascending.
///
/// Widths beyond the framed source's become that width, once; a width whose height a format cannot hold becomes the largest
/// that it can. An animated source is animated in WebP, still (its first frame) in JPEG, and absent in AVIF.
///
/// # Errors
/// All codes but `gave_up`.
pub fn render(bytes: &[u8], spec: &RenderSpec, limits: &Limits) -> Result<Vec<Rendition>, Refusal> {
    let deadline = Deadline::start(limits);
    let header = header(bytes, limits)?;
    deadline.check("read the header")?;
    render::render(bytes, &header, spec, limits, &deadline)
}

/// Does what `render` does for each of several specs, such as the crops of one picture, but decodes a still picture once for
/// all of them. A set's bytes may differ from those of `render`, because they may come from a larger decode.
///
/// # Errors
/// All codes but `gave_up`.
pub fn render_all(bytes: &[u8], specs: &[RenderSpec], limits: &Limits) -> Result<Vec<Vec<Rendition>>, Refusal> {
    let deadline = Deadline::start(limits);
    let header = header(bytes, limits)?;
    deadline.check("read the header")?;
    render::render_all(bytes, &header, specs, limits, &deadline)
}

/// Decodes the picture (or its first frame) upright, in sRGB, its longest edge scaled down to `at_most` pixels.
///
/// # Errors
/// All codes but `gave_up`.
pub fn decode_oriented(bytes: &[u8], limits: &Limits, at_most: u32) -> Result<SrgbImage, Refusal> {
    let deadline = Deadline::start(limits);
    let header = header(bytes, limits)?;
    small::decode_oriented(bytes, &header, limits, &deadline, at_most)
}

/// Returns the copyright notice and the credit line found in EXIF, XMP or IPTC: one line each, at most 500 characters,
/// without control characters, otherwise as a stranger wrote it.
pub fn credit(bytes: &[u8]) -> (Option<String>, Option<String>) {
    if bytes.is_empty() {
        return (None, None);
    }
    let found = decode::guarded(SourceFormat::Jpeg, || Ok(Credit::read(&container::read(bytes)?))).unwrap_or_default();
    (found.copyright, found.artist)
}

/// Returns what an editor should know of how the picture is drawn.
fn notes(bytes: &[u8], limits: &Limits) -> Vec<String> {
    let is_svg = sniff::sniff(bytes) == Some(SourceFormat::Svg);
    let has_text =
        is_svg && container::svg::markup(bytes, limits).is_ok_and(|text| container::svg::has_live_text(&text));
    let note = "its live text is drawn in DejaVu, the only fonts there are; convert it to paths to keep another font";
    if has_text { vec![note.to_owned()] } else { Vec::new() }
}

fn header<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Header<'a>, Refusal> {
    limits::gate_bytes(bytes, limits)?;
    let format = sniff::sniff(bytes).unwrap_or(SourceFormat::Jpeg);
    let header = decode::guarded(format, || {
        if format == SourceFormat::Svg {
            // The profile's limit, before the reader's own generous one.
            container::svg::markup(bytes, limits)?;
        }
        container::read(bytes)
    })?;
    limits::gate_header(&header, limits)?;
    Ok(header)
}
