//! WebP out, by libwebp. Its decoder is never called, and its muxer is not needed: a few chunks are written by `riff`.

use asset::image::Encoding;
use asset::refusal::Refusal;
use webpx::{Encoder, Unstoppable, YuvPlanesRef};

use super::planes::planes;
use super::{Extras, failed, riff};
use crate::picture::Picture;
use crate::planar::Sampling;
use crate::raster::{Layout, Raster};

/// A frame's duration has 24 bits, in milliseconds.
const MAX_DURATION: u32 = 0xFF_FFFF;

/// libwebp's `method`, 0 to 6, for effort 0 to 10.
const METHODS: [u8; 11] = [0, 1, 1, 2, 4, 4, 4, 5, 5, 6, 6];

pub(super) fn encode(picture: &Picture, encoding: Encoding, extras: &Extras) -> Result<Vec<u8>, Refusal> {
    let file = encode_plain(picture, encoding)?;
    if extras.exif.is_none() && extras.icc.is_none() {
        return Ok(file);
    }
    let chunks = riff::picture_chunks(&file);
    let (width, height) = picture.size();
    Ok(riff::file(width, height, false, riff::has_alpha(chunks), chunks, extras))
}

fn encode_plain(picture: &Picture, encoding: Encoding) -> Result<Vec<u8>, Refusal> {
    let (width, height) = picture.size();
    let encode = |encoder: Encoder| {
        let quality = f32::from(encoding.quality.clamp(1, 100));
        let method = METHODS[usize::from(encoding.effort.min(10))];
        encoder.quality(quality).method(method).encode(Unstoppable).map_err(|error| failed("webp", error))
    };
    match picture {
        Picture::Pixels(raster) if raster.layout == Layout::Rgba => {
            encode(Encoder::new_rgba(&raster.data, width, height))
        }
        Picture::Pixels(raster) => encode(Encoder::new_rgb(&raster.to_rgb(), width, height)),
        Picture::Planes(_) => {
            let planes = planes(picture, false);
            let luma: Vec<u8> = planes.luma.iter().map(|&value| studio(value, 16, 219)).collect();
            let (across, down) = Sampling::QUARTER.size(width, height);
            let [u, v] = match &planes.chroma {
                Some(chroma) => {
                    chroma.each_ref().map(|plane| plane.iter().map(|&value| studio(value, 16, 224)).collect())
                }
                None => [vec![128; (across * down) as usize], vec![128; (across * down) as usize]],
            };
            let (y_stride, u_stride) = (width as usize, across as usize);
            encode(Encoder::new_yuv(YuvPlanesRef {
                y: &luma,
                y_stride,
                u: &u,
                u_stride,
                v: &v,
                v_stride: u_stride,
                a: None,
                a_stride: 0,
                width,
                height,
            }))
        }
    }
}

/// From JFIF's full range to that of VP8 (RFC 6386 §9.2, ITU-R BT.601).
fn studio(value: u8, black: u32, range: u32) -> u8 {
    ((u32::from(value) * range + 127) / 255 + black) as u8
}

/// An animated WebP in the making. Each frame holds only the rectangle that changed, and replaces what was there.
pub(crate) struct Animation {
    pub(crate) width: u32,
    pub(crate) height: u32,
    encoding: Encoding,
    previous: Option<Raster>,
    chunks: Vec<u8>,
    frames: u32,
    alpha: bool,
}

impl Animation {
    pub(crate) fn new(width: u32, height: u32, encoding: Encoding) -> Self {
        Animation { width, height, encoding, previous: None, chunks: Vec::new(), frames: 0, alpha: false }
    }

    pub(crate) fn frames(&self) -> u32 {
        self.frames
    }

    /// Adds a whole frame, shown for `duration_ms`.
    pub(crate) fn add(&mut self, frame: Raster, duration_ms: u32) -> Result<(), Refusal> {
        let (x, y, width, height) = match &self.previous {
            Some(previous) => changed(previous, &frame),
            None => (0, 0, frame.width, frame.height),
        };
        let part = cut(&frame, x, y, width, height).without_idle_alpha();
        let file = encode_plain(&Picture::Pixels(part), self.encoding)?;
        let picture = riff::picture_chunks(&file);
        self.alpha |= riff::has_alpha(picture);
        let mut body = Vec::with_capacity(picture.len() + 16);
        body.extend(riff::u24(x / 2));
        body.extend(riff::u24(y / 2));
        body.extend(riff::u24(width - 1));
        body.extend(riff::u24(height - 1));
        body.extend(riff::u24(duration_ms.min(MAX_DURATION)));
        // Replace instead of blend; leave it there for the next frame (§2.7.1.1).
        body.push(0b10);
        body.extend(picture);
        riff::chunk(&mut self.chunks, b"ANMF", &body);
        self.frames += 1;
        self.previous = Some(frame);
        Ok(())
    }

    /// `loops` counts plays; 0 is for ever.
    pub(crate) fn finish(self, loops: u16, extras: &Extras) -> Vec<u8> {
        let mut frames = Vec::with_capacity(self.chunks.len() + 14);
        let mut head = vec![0; 4];
        head.extend(loops.to_le_bytes());
        riff::chunk(&mut frames, b"ANIM", &head);
        frames.extend(&self.chunks);
        riff::file(self.width, self.height, true, self.alpha, &frames, extras)
    }
}

/// Returns the smallest rectangle, with even corner, that holds every difference; two pixels' worth if there is none.
fn changed(before: &Raster, after: &Raster) -> (u32, u32, u32, u32) {
    let channels = after.layout.channels();
    let row = after.width as usize * channels;
    let (mut top, mut bottom, mut left, mut right) = (u32::MAX, 0, u32::MAX, 0);
    for (y, (old, new)) in before.data.chunks_exact(row).zip(after.data.chunks_exact(row)).enumerate() {
        if old == new {
            continue;
        }
        let differs = |(a, b): (&[u8], &[u8])| a != b;
        let mut pixels = old.chunks_exact(channels).zip(new.chunks_exact(channels));
        let first = pixels.position(differs).unwrap_or(0) as u32;
        let from_end = old.chunks_exact(channels).zip(new.chunks_exact(channels)).rev().position(differs).unwrap_or(0);
        top = top.min(y as u32);
        bottom = y as u32 + 1;
        left = left.min(first);
        right = right.max(after.width - from_end as u32);
    }
    if top == u32::MAX {
        return (0, 0, 1, 1);
    }
    let (left, top) = (left & !1, top & !1);
    (left, top, right - left, bottom - top)
}

fn cut(raster: &Raster, x: u32, y: u32, width: u32, height: u32) -> Raster {
    let channels = raster.layout.channels();
    let row = raster.width as usize * channels;
    let (start, length) = (x as usize * channels, width as usize * channels);
    let rows = raster.data.chunks_exact(row).skip(y as usize).take(height as usize);
    let data = rows.flat_map(|row| &row[start..start + length]).copied().collect();
    Raster { width, height, layout: raster.layout, data }
}
