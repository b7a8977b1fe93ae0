//! JPEG segments (ITU-T T.81 Annex B).

use asset::image::SourceFormat;
use asset::refusal::Refusal;

use super::{Header, be16};
use crate::refuse;

/// More scans than any encoder writes: each costs a pass over the whole picture.
const MAX_SCANS: u32 = 200;
/// ICC.1 Annex B.4 allows 255 chunks; real profiles stay far below this many bytes.
const MAX_ICC_BYTES: usize = 4 << 20;

pub(crate) fn read(bytes: &[u8]) -> Result<Header<'_>, Refusal> {
    let corrupt = |why: &str| refuse::corrupt(SourceFormat::Jpeg, why);
    let mut header: Option<Header<'_>> = None;
    let mut meta = Meta::default();
    let mut scans = 0;
    let mut complete = false;
    let mut at = 2;
    while let Some(marker_at) = next_marker(bytes, at) {
        let marker = bytes[marker_at];
        at = marker_at + 1;
        match marker {
            0xD9 => {
                complete = true;
                break;
            }
            // Markers without a body.
            0x01 | 0xD0..=0xD8 => continue,
            _ => {}
        }
        let Some(length) = be16(bytes, at) else { break };
        let length = usize::from(length);
        if length < 2 {
            return Err(corrupt("a segment shorter than its own length"));
        }
        let Some(body) = bytes.get(at + 2..at + length) else { break };
        match marker {
            0xC0..=0xCF if !matches!(marker, 0xC4 | 0xC8 | 0xCC) && header.is_none() => {
                header = Some(frame_header(marker, body)?);
            }
            0xE0..=0xEF => meta.take(marker, body),
            0xDA => {
                scans += 1;
                if scans > MAX_SCANS {
                    return Err(corrupt("more scans than any encoder writes"));
                }
            }
            _ => {}
        }
        at += length;
    }
    let Some(mut header) = header else {
        return Err(if complete {
            corrupt("no frame header")
        } else {
            refuse::truncated(SourceFormat::Jpeg, bytes.len())
        });
    };
    header.complete = complete;
    header.xmp = meta.xmp.map(Into::into);
    header.iptc = meta.iptc;
    header.adobe = meta.adobe;
    header.icc = meta.icc();
    if let Some(exif) = meta.exif {
        header.set_exif(exif);
    }
    Ok(header)
}

/// Returns the position of the next marker's second byte; entropy-coded data in between are skipped.
fn next_marker(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += memchr::memchr(0xFF, bytes.get(at..)?)? + 1;
        match bytes.get(at)? {
            // A stuffed byte, or a fill byte (B.1.1.2) which may itself begin a marker.
            0x00 | 0xFF => {}
            0xD0..=0xD7 => at += 1,
            _ => return Some(at),
        }
    }
}

fn frame_header<'a>(marker: u8, body: &[u8]) -> Result<Header<'a>, Refusal> {
    let (Some(height), Some(width), Some(&channels)) = (be16(body, 1), be16(body, 3), body.get(5)) else {
        return Err(refuse::corrupt(SourceFormat::Jpeg, "a frame header that is too short"));
    };
    if marker >= 0xC9 {
        return Err(refuse::unsupported(
            "a JPEG with arithmetic coding",
            "export it with Huffman coding, the usual kind",
        ));
    }
    let mut header = Header::new(SourceFormat::Jpeg, width.into(), height.into());
    header.channels = channels;
    // Planes, and their interleaved copy; a progressive one also keeps all coefficients in 16 bits.
    let progressive = if marker == 0xC2 { 2 } else { 0 };
    header.pixel_bytes = u64::from(channels) * (2 + progressive);
    Ok(header)
}

#[derive(Default)]
struct Meta<'a> {
    exif: Option<&'a [u8]>,
    xmp: Option<&'a [u8]>,
    iptc: Option<&'a [u8]>,
    /// Sequence number, chunk.
    icc: Vec<(u8, &'a [u8])>,
    adobe: bool,
}

impl<'a> Meta<'a> {
    fn take(&mut self, marker: u8, body: &'a [u8]) {
        if let (0xE1, Some(exif)) = (marker, body.strip_prefix(b"Exif\0\0")) {
            self.exif.get_or_insert(exif);
        } else if let (0xE1, Some(xmp)) = (marker, body.strip_prefix(b"http://ns.adobe.com/xap/1.0/\0")) {
            self.xmp.get_or_insert(xmp);
        } else if let (0xE2, Some(rest)) = (marker, body.strip_prefix(b"ICC_PROFILE\0")) {
            if let [number, _count, chunk @ ..] = rest {
                self.icc.push((*number, chunk));
            }
        } else if let (0xED, Some(resources)) = (marker, body.strip_prefix(b"Photoshop 3.0\0")) {
            self.iptc = self.iptc.or_else(|| iptc_resource(resources));
        } else if marker == 0xEE && body.starts_with(b"Adobe") {
            self.adobe = true;
        }
    }

    fn icc(&mut self) -> Option<Vec<u8>> {
        self.icc.sort_by_key(|(number, _)| *number);
        let length: usize = self.icc.iter().map(|(_, chunk)| chunk.len()).sum();
        if length == 0 || length > MAX_ICC_BYTES {
            return None;
        }
        Some(self.icc.iter().flat_map(|(_, chunk)| chunk.iter().copied()).collect())
    }
}

/// Finds resource 0x0404 (IPTC-IIM) among Photoshop image resources.
fn iptc_resource(mut resources: &[u8]) -> Option<&[u8]> {
    while let Some(rest) = resources.strip_prefix(b"8BIM") {
        let id = be16(rest, 0)?;
        // A Pascal string, padded to even length with its length byte.
        let name = (usize::from(*rest.get(2)?) + 2) & !1;
        let length = super::be32(rest, 2 + name)? as usize;
        let body = rest.get(6 + name..)?;
        if id == 0x0404 {
            return body.get(..length);
        }
        resources = body.get(length.checked_add(length & 1)?..)?;
    }
    None
}
