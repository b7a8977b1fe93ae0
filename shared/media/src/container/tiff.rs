//! The first directory of a TIFF file (TIFF 6.0 §2). Further pages are ignored, as every peer does.

use asset::image::SourceFormat;
use asset::refusal::Refusal;

use super::Header;
use crate::ifd::Ifd;
use crate::orient::Orientation;
use crate::refuse;

const WIDTH: u16 = 256;
const HEIGHT: u16 = 257;
const DEPTH: u16 = 258;
const STRIP_OFFSETS: u16 = 273;
const ORIENTATION: u16 = 274;
const SAMPLES: u16 = 277;
const STRIP_BYTES: u16 = 279;
const TILE_OFFSETS: u16 = 324;
const TILE_BYTES: u16 = 325;
const XMP: u16 = 700;
const IPTC: u16 = 33723;
const ICC: u16 = 34675;

/// Bytes of a profile that is worth reading.
const MAX_ICC_BYTES: usize = 4 << 20;

pub(crate) fn read(bytes: &[u8]) -> Result<Header<'_>, Refusal> {
    if matches!(bytes.get(2..4), Some(b"\x2B\0" | b"\0\x2B")) {
        return Err(refuse::unsupported("a BigTIFF", "save it as a classic TIFF, or as PNG"));
    }
    // The directory often stands at the end: if it lies beyond, the file was cut.
    let ifd = Ifd::first(bytes).ok_or_else(|| refuse::truncated(SourceFormat::Tiff, bytes.len()))?;
    let (Some(width), Some(height)) = (ifd.uint(WIDTH), ifd.uint(HEIGHT)) else {
        return Err(refuse::corrupt(SourceFormat::Tiff, "no width or no height"));
    };
    let mut header = Header::new(SourceFormat::Tiff, width, height);
    header.channels = ifd.uint(SAMPLES).unwrap_or(1).min(255) as u8;
    let sample_bytes = u64::from(ifd.uint(DEPTH).unwrap_or(8).div_ceil(8));
    // The decoder's buffer, its interleaved copy, and our eight-bit one.
    header.pixel_bytes = u64::from(header.channels) * sample_bytes * 2 + 4;
    header.orientation = ifd.uint(ORIENTATION).map_or(Orientation::UPRIGHT, Orientation::from_exif);
    header.exif = Some(bytes);
    header.xmp = ifd.get(XMP).map(|entry| entry.data.into());
    header.iptc = ifd.get(IPTC).map(|entry| entry.data);
    header.icc = ifd.get(ICC).map(|entry| entry.data).filter(|icc| icc.len() <= MAX_ICC_BYTES).map(<[u8]>::to_vec);
    header.complete = [(STRIP_OFFSETS, STRIP_BYTES), (TILE_OFFSETS, TILE_BYTES)].iter().all(|&(offsets, counts)| {
        let (Some(offsets), Some(counts)) = (ifd.get(offsets), ifd.get(counts)) else { return true };
        let mut ends = offsets.uints().zip(counts.uints()).map(|(at, length)| u64::from(at) + u64::from(length));
        ends.all(|end| end <= bytes.len() as u64)
    });
    Ok(header)
}
