//! WebP chunks (RFC 9649 §2).

use asset::image::SourceFormat;
use asset::refusal::Refusal;

use super::{Header, le16, le24, le32};
use crate::refuse;

pub(crate) fn read(bytes: &[u8]) -> Result<Header<'_>, Refusal> {
    let cut = || refuse::truncated(SourceFormat::Webp, bytes.len());
    let corrupt = |why: &str| refuse::corrupt(SourceFormat::Webp, why);
    let length = le32(bytes, 4).ok_or_else(cut)? as usize;
    let mut header: Option<Header<'_>> = None;
    let mut frames = 0;
    let mut loops = 0;
    let (mut exif, mut xmp, mut icc) = (None, None, None);
    let mut at = 12;
    while let (Some(name), Some(size)) = (bytes.get(at..at + 4), le32(bytes, at + 4)) {
        if at >= length.saturating_add(8) {
            break;
        }
        let start = at + 8;
        let end = start.saturating_add(size as usize);
        let body = &bytes[start.min(bytes.len())..end.min(bytes.len())];
        match name {
            b"VP8X" if header.is_none() => {
                let (width, height) = (le24(body, 4).ok_or_else(cut)? + 1, le24(body, 7).ok_or_else(cut)? + 1);
                header = Some(Header::new(SourceFormat::Webp, width, height));
            }
            b"VP8 " if header.is_none() => {
                let (width, height) = (le16(body, 6).ok_or_else(cut)?, le16(body, 8).ok_or_else(cut)?);
                header = Some(Header::new(SourceFormat::Webp, (width & 0x3FFF).into(), (height & 0x3FFF).into()));
            }
            b"VP8L" if header.is_none() => {
                let bits = le32(body, 1).ok_or_else(cut)?;
                header = Some(Header::new(SourceFormat::Webp, (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1));
            }
            b"ANIM" => loops = le16(body, 4).unwrap_or(0),
            b"ANMF" => frames += 1,
            b"EXIF" => exif = Some(body),
            b"XMP " => xmp = Some(body),
            b"ICCP" => icc = Some(body.to_vec()),
            _ => {}
        }
        at = end.saturating_add(size as usize & 1);
    }
    let complete = bytes.len() >= length.saturating_add(8);
    let Some(mut header) = header else {
        return Err(if complete { corrupt("no picture chunk") } else { cut() });
    };
    header.complete = complete;
    header.frames = frames.max(1);
    header.loops = loops;
    header.pixel_bytes = 12;
    header.xmp = xmp.map(Into::into);
    header.icc = icc;
    if let Some(exif) = exif {
        header.set_exif(exif);
    }
    Ok(header)
}
