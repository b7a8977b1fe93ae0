//! JPEG out, by `jpeg-encoder`. Transparency is flattened on white.

use asset::image::Encoding;
use asset::refusal::Refusal;
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use super::{Extras, failed};
use crate::raster::{Layout, Raster};

/// From this quality on, colour keeps its full resolution: red text on blue shows the difference.
const FULL_COLOR_FROM: u8 = 90;

/// Effort: 0 uses standard Huffman tables, 1 to 7 optimised ones, from 8 on the file is progressive.
pub(super) fn encode(raster: &Raster, encoding: Encoding, extras: &Extras) -> Result<Vec<u8>, Refusal> {
    let fail = |error| failed("jpeg", error);
    let mut out = Vec::with_capacity(raster.data.len() / 12 + 1024);
    let quality = encoding.quality.clamp(1, 100);
    let mut encoder = Encoder::new(&mut out, quality);
    encoder.set_sampling_factor(if quality < FULL_COLOR_FROM { SamplingFactor::F_2_2 } else { SamplingFactor::F_1_1 });
    encoder.set_optimized_huffman_tables(encoding.effort > 0);
    encoder.set_progressive(encoding.effort >= 8);
    if let Some(exif) = &extras.exif {
        encoder.add_exif_metadata(exif).map_err(fail)?;
    }
    if let Some(icc) = &extras.icc {
        encoder.add_icc_profile(icc).map_err(fail)?;
    }
    let (data, color) = match raster.layout {
        Layout::Gray => (raster.data.as_slice().into(), ColorType::Luma),
        Layout::Ycc => (raster.data.as_slice().into(), ColorType::Ycbcr),
        Layout::Rgb | Layout::Rgba => (raster.to_rgb(), ColorType::Rgb),
    };
    // Every size was fitted to 65,535 before.
    encoder.encode(&data, raster.width as u16, raster.height as u16, color).map_err(fail)?;
    Ok(out)
}
