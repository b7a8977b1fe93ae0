//! WebP's container (RFC 9649 §2.5): the extended header, animation frames, profile and EXIF around what libwebp encodes.

use super::Extras;

const HAS_ANIMATION: u8 = 0x02;
const HAS_EXIF: u8 = 0x08;
const HAS_ALPHA: u8 = 0x10;
const HAS_ICC: u8 = 0x20;

/// Returns the chunks of a file from libwebp, without its RIFF and VP8X headers: `ALPH`, `VP8 ` or `VP8L`.
pub(super) fn picture_chunks(file: &[u8]) -> &[u8] {
    let body = file.get(12..).unwrap_or_default();
    if body.starts_with(b"VP8X") { body.get(18..).unwrap_or_default() } else { body }
}

/// Whether the picture's chunks hold transparency. A lossless stream says so in its fifth byte (RFC 9649 §3.4).
pub(super) fn has_alpha(chunks: &[u8]) -> bool {
    chunks.starts_with(b"ALPH") || chunks.starts_with(b"VP8L") && chunks.get(12).is_some_and(|byte| byte & 0x10 != 0)
}

/// Puts a file together. `frames` are the chunks of one still picture, or those of `ANIM` and `ANMF`.
pub(super) fn file(width: u32, height: u32, animated: bool, alpha: bool, frames: &[u8], extras: &Extras) -> Vec<u8> {
    let mut flags = 0;
    if animated {
        flags |= HAS_ANIMATION;
    }
    if alpha {
        flags |= HAS_ALPHA;
    }
    if extras.exif.is_some() {
        flags |= HAS_EXIF;
    }
    if extras.icc.is_some() {
        flags |= HAS_ICC;
    }
    let mut head = vec![flags, 0, 0, 0];
    head.extend(u24(width - 1));
    head.extend(u24(height - 1));
    let mut body = b"WEBP".to_vec();
    chunk(&mut body, b"VP8X", &head);
    if let Some(icc) = &extras.icc {
        chunk(&mut body, b"ICCP", icc);
    }
    body.extend(frames);
    if let Some(exif) = &extras.exif {
        chunk(&mut body, b"EXIF", exif);
    }
    let mut out = b"RIFF".to_vec();
    out.extend((body.len() as u32).to_le_bytes());
    out.extend(body);
    out
}

pub(super) fn chunk(out: &mut Vec<u8>, name: &[u8; 4], body: &[u8]) {
    out.extend(name);
    out.extend((body.len() as u32).to_le_bytes());
    out.extend(body);
    if body.len() % 2 == 1 {
        out.push(0);
    }
}

pub(super) fn u24(value: u32) -> [u8; 3] {
    let [a, b, c, _] = value.to_le_bytes();
    [a, b, c]
}
