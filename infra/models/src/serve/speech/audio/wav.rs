//! WAV: chunks, of which two matter.

use super::{Mixer, refused};
use crate::serve::error::ApiResult;

const PCM: u16 = 1;
const FLOAT: u16 = 3;
/// The kind stands farther behind.
const EXTENSIBLE: u16 = 0xfffe;

#[derive(Clone, Copy)]
struct Format {
    kind: u16,
    n_channels: usize,
    rate: u32,
    bits: u16,
}

/// Reads what follows `WAVE`. A recording that is cut off is read as far as it goes.
pub(super) fn read(mut chunks: &[u8]) -> ApiResult<Vec<f32>> {
    let mut format = None;
    while let Some((head, rest)) = chunks.split_first_chunk::<8>() {
        let [a, b, c, d, size @ ..] = *head;
        // Writers that do not know the size in advance write any: what is there counts.
        let size = (u32::from_le_bytes(size) as usize).min(rest.len());
        match [a, b, c, d] {
            [b'f', b'm', b't', b' '] => format = Some(parse(&rest[..size])?),
            [b'd', b'a', b't', b'a'] => {
                let format = format.ok_or_else(|| refused("the WAV file does not say what its samples are"))?;
                // Of a file that is written while it goes on, the size is still 0.
                return samples(format, if size == 0 { rest } else { &rest[..size] });
            }
            _ => {}
        }
        // Chunks begin at even places.
        chunks = rest.get(size + size % 2..).unwrap_or_default();
    }
    Err(refused("the WAV file has no samples"))
}

fn parse(chunk: &[u8]) -> ApiResult<Format> {
    let short = |at: usize| chunk.get(at..at + 2).map(|bytes| u16::from_le_bytes([bytes[0], bytes[1]]));
    let read = || {
        let kind = short(0)?;
        let rate = u32::from(short(4)?) | u32::from(short(6)?) << 16;
        let kind = if kind == EXTENSIBLE { short(24)? } else { kind };
        Some(Format { kind, n_channels: usize::from(short(2)?), rate, bits: short(14)? })
    };
    read().ok_or_else(|| refused("the WAV file's format is cut off"))
}

fn samples(format: Format, data: &[u8]) -> ApiResult<Vec<f32>> {
    let Format { kind, n_channels, rate, bits } = format;
    let mut mixer = Mixer::new(rate, n_channels)?;
    let sample: fn(&[u8]) -> f32 = match (kind, bits) {
        (PCM, 8) => |bytes| (f32::from(bytes[0]) - 128.0) / 128.0,
        (PCM, 16) => |bytes| f32::from(i16::from_le_bytes([bytes[0], bytes[1]])) / 32_768.0,
        (PCM, 24) => |bytes| i32::from_le_bytes([0, bytes[0], bytes[1], bytes[2]]) as f32 / 2_147_483_648.0,
        (PCM, 32) => |bytes| i32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as f32 / 2_147_483_648.0,
        (FLOAT, 32) => |bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]),
        (FLOAT, 64) => |bytes| bytes.first_chunk().map_or(0.0, |bytes| f64::from_le_bytes(*bytes) as f32),
        _ => {
            let message = format!("the WAV file has samples of kind {kind} with {bits} bits: PCM and floats are read");
            return Err(refused(message));
        }
    };
    let width = usize::from(bits / 8);
    for frame in data.chunks_exact(width * n_channels) {
        mixer.push(frame.chunks_exact(width).map(sample))?;
    }
    mixer.finish()
}
