//! A ThumbHash as a picture in the page itself: something of the right colours is there before any other request is made.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Longest side of the placeholder in pixels. A ThumbHash holds seven waves at most, and browsers smooth what they enlarge.
const MAX_SIDE: usize = 10;

/// Returns a `data:` address of a small PNG, `None` if `thumbhash` is no base64 of a ThumbHash.
///
/// Uncompressed: for so few pixels a compressor would gain little more than its own headers.
pub fn data_url(thumbhash: &str) -> Option<String> {
    let hash = STANDARD.decode(thumbhash).ok().filter(|hash| (5..=25).contains(&hash.len()))?;
    let ratio = thumbhash::thumb_hash_to_approximate_aspect_ratio(&hash).ok()?;
    // The decoder allocates by this ratio.
    if !(0.1..=10.0).contains(&ratio) {
        return None;
    }
    let (width, height, rgba) = thumbhash::thumb_hash_to_rgba(&hash).ok()?;
    let step = width.max(height).div_ceil(MAX_SIDE).max(1);
    let (small_width, small_height) = ((width / step).max(1), (height / step).max(1));
    let mut rows = Vec::with_capacity(small_height * (1 + small_width * 4));
    for y in 0..small_height {
        rows.push(0); // no filter
        for x in 0..small_width {
            let (x, y) = ((x * step + step / 2).min(width - 1), (y * step + step / 2).min(height - 1));
            let at = (y * width + x) * 4;
            rows.extend_from_slice(rgba.get(at..at + 4)?);
        }
    }
    Some(format!("data:image/png;base64,{}", STANDARD.encode(png(small_width as u32, small_height as u32, &rows)?)))
}

/// Writes 8-bit RGBA rows, each after its filter byte, as a PNG (W3C PNG, second edition) with one stored deflate block.
fn png(width: u32, height: u32, rows: &[u8]) -> Option<Vec<u8>> {
    let length = u16::try_from(rows.len()).ok()?;
    let mut header = Vec::with_capacity(13);
    header.extend_from_slice(&width.to_be_bytes());
    header.extend_from_slice(&height.to_be_bytes());
    header.extend_from_slice(&[8, 6, 0, 0, 0]);
    let mut data = vec![0x78, 0x01, 0x01];
    data.extend_from_slice(&length.to_le_bytes());
    data.extend_from_slice(&(!length).to_le_bytes());
    data.extend_from_slice(rows);
    data.extend_from_slice(&adler32(rows).to_be_bytes());
    let mut out = vec![0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a];
    for (kind, body) in [(b"IHDR", header.as_slice()), (b"IDAT", &data), (b"IEND", &[])] {
        out.extend_from_slice(&(body.len() as u32).to_be_bytes());
        let start = out.len();
        out.extend_from_slice(kind);
        out.extend_from_slice(body);
        let crc = crc32(&out[start..]);
        out.extend_from_slice(&crc.to_be_bytes());
    }
    Some(out)
}

fn adler32(bytes: &[u8]) -> u32 {
    let (a, b) = bytes.iter().fold((1u32, 0u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    b << 16 | a
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_the_published_ones() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(adler32(b"Wikipedia"), 0x11E6_0398);
    }

    #[test]
    fn a_placeholder_is_small() {
        let url = data_url("1QcSHQRnh493V4dIh4eXh1h4kJUI").expect("a ThumbHash");
        assert!(url.len() < 700, "{}", url.len());
    }

    #[test]
    fn what_is_no_thumbhash_is_none() {
        for text in ["", "AAAA", "not base64!", "AAAAAAAA", "/////////////////////w=="] {
            let _ = data_url(text);
        }
        assert_eq!(data_url("not base64!"), None);
    }
}
