//! FLAC, by `claxon`.

use super::{Mixer, refused};
use crate::serve::error::ApiResult;
use claxon::FlacReader;
use std::io::Cursor;

pub(super) fn read(bytes: &[u8]) -> ApiResult<Vec<f32>> {
    let broken = |error: claxon::Error| refused(format!("the FLAC file is broken: {error}"));
    let mut reader = FlacReader::new(Cursor::new(bytes)).map_err(broken)?;
    let info = reader.streaminfo();
    if !(4..=32).contains(&info.bits_per_sample) {
        return Err(refused(format!("the FLAC file has {} bits", info.bits_per_sample)));
    }
    let mut mixer = Mixer::new(info.sample_rate, info.channels as usize)?;
    let full = (1u64 << (info.bits_per_sample - 1)) as f32;
    let (mut blocks, mut buffer) = (reader.blocks(), Vec::new());
    while let Some(block) = blocks.read_next_or_eof(buffer).map_err(broken)? {
        if block.channels() != info.channels {
            return Err(refused("the FLAC file changes its channels"));
        }
        for at in 0..block.duration() {
            mixer.push((0..block.channels()).map(|channel| block.sample(channel, at) as f32 / full))?;
        }
        buffer = block.into_buffer();
    }
    mixer.finish()
}
