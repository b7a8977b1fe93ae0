//! JPEG out. Transparency is flattened on white.
//!
//! Baseline files are written by our own encoder: it takes planes as they are, at quarter colour resolution, and keeps symbols
//! instead of a second and a third copy of the picture while it counts them for the Huffman tables.

mod fdct;
mod file;
mod huffman;
#[cfg(test)]
mod tests;
mod tokens;

use asset::image::Encoding;
use asset::refusal::Refusal;
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use super::planes::{Planes, planes};
use super::{Extras, failed, full_color};
use crate::picture::Picture;
use fdct::{Factors, transform};
use huffman::Table;
use tokens::Tokens;

/// Effort: up to 7 one scan, from 8 on the file is progressive.
pub(super) fn encode(picture: &Picture, encoding: Encoding, extras: &Extras) -> Result<Vec<u8>, Refusal> {
    if encoding.effort >= 8 {
        return progressive(picture, encoding, extras);
    }
    let flattened = picture.on_white();
    let planes = planes(flattened.as_ref().unwrap_or(picture), full_color(encoding));
    let steps = file::steps(encoding.quality);
    let tokens = tokens(&planes, &steps);
    let tables = tokens.counts.each_ref().map(Table::new);
    let mut out = file::head(&planes, &steps, &tables, extras)?;
    tokens.write(&tables, &mut out);
    out.extend([0xFF, 0xD9]);
    Ok(out)
}

/// A plane, padded to whole MCUs a strip at a time.
struct Part<'a> {
    samples: &'a [u8],
    width: usize,
    /// Blocks along an MCU's edge.
    blocks: usize,
    strip: Vec<u8>,
    stride: usize,
    factors: Factors,
    previous: i16,
    kind: usize,
}

impl Part<'_> {
    /// Copies the strip's rows, repeating the last column and row where the plane has no more.
    fn load(&mut self, row: usize) {
        let height = self.samples.len() / self.width;
        for (line, strip) in self.strip.chunks_exact_mut(self.stride).enumerate() {
            let y = (row * self.blocks * 8 + line).min(height - 1);
            let from = &self.samples[y * self.width..(y + 1) * self.width];
            strip[..self.width].copy_from_slice(from);
            strip[self.width..].fill(from[self.width - 1]);
        }
    }

    fn encode(&mut self, mcu: usize, tokens: &mut Tokens) {
        for y in 0..self.blocks {
            for x in 0..self.blocks {
                let at = y * 8 * self.stride + (mcu * self.blocks + x) * 8;
                let block = transform(&self.strip[at..], self.stride, &self.factors);
                tokens.block(&block, self.previous, self.kind);
                self.previous = block[0];
            }
        }
    }
}

fn tokens(planes: &Planes, steps: &[[u8; 64]; 2]) -> Tokens {
    let (width, height) = (planes.width as usize, planes.height as usize);
    let most = if planes.quarter { 2 } else { 1 };
    let (columns, rows) = (width.div_ceil(8 * most), height.div_ceil(8 * most));
    let part = |samples, width, blocks: usize, kind: usize| {
        let stride = columns * blocks * 8;
        let strip = vec![0; stride * blocks * 8];
        Part { samples, width, blocks, strip, stride, factors: Factors::new(&steps[kind]), previous: 0, kind }
    };
    let mut parts = vec![part(&*planes.luma, width, most, 0)];
    if let Some([blue, red]) = &planes.chroma {
        parts.extend([part(&**blue, width.div_ceil(most), 1, 1), part(&**red, width.div_ceil(most), 1, 1)]);
    }
    // Two symbols a block, as a start.
    let mut tokens = Tokens::with_capacity(columns * rows * (most * most + 2) * 2);
    for row in 0..rows {
        parts.iter_mut().for_each(|part| part.load(row));
        for mcu in 0..columns {
            parts.iter_mut().for_each(|part| part.encode(mcu, &mut tokens));
        }
    }
    tokens
}

/// By `jpeg-encoder`.
fn progressive(picture: &Picture, encoding: Encoding, extras: &Extras) -> Result<Vec<u8>, Refusal> {
    let fail = |error| failed("jpeg", error);
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, encoding.quality.clamp(1, 100));
    let sampling = if full_color(encoding) { SamplingFactor::F_1_1 } else { SamplingFactor::F_2_2 };
    encoder.set_sampling_factor(sampling);
    encoder.set_optimized_huffman_tables(true);
    encoder.set_progressive(true);
    if let Some(exif) = &extras.exif {
        encoder.add_exif_metadata(exif).map_err(fail)?;
    }
    if let Some(icc) = &extras.icc {
        encoder.add_icc_profile(icc).map_err(fail)?;
    }
    let (width, height) = picture.size();
    // Every size was fitted to 65,535 before.
    encoder.encode(&picture.to_rgb(), width as u16, height as u16, ColorType::Rgb).map_err(fail)?;
    Ok(out)
}
