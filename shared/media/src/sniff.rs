//! What kind of picture the bytes are, by content and never by name.

use asset::image::SourceFormat;

/// Returns the format whose signature the bytes begin with, or `None`.
pub(crate) fn sniff(bytes: &[u8]) -> Option<SourceFormat> {
    let starts = |magic: &[u8]| bytes.starts_with(magic);
    if starts(b"\xFF\xD8\xFF") {
        return Some(SourceFormat::Jpeg);
    }
    if starts(b"\x89PNG\r\n\x1A\n") {
        return Some(SourceFormat::Png);
    }
    if starts(b"GIF87a") || starts(b"GIF89a") {
        return Some(SourceFormat::Gif);
    }
    if starts(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        return Some(SourceFormat::Webp);
    }
    if starts(b"II\x2A\0") || starts(b"MM\0\x2A") || starts(b"II\x2B\0") || starts(b"MM\0\x2B") {
        return Some(SourceFormat::Tiff);
    }
    if starts(b"BM") && is_bmp(bytes) {
        return Some(SourceFormat::Bmp);
    }
    if bytes.get(4..8) == Some(b"ftyp") && is_avif(bytes) {
        return Some(SourceFormat::Avif);
    }
    if is_svg(bytes) {
        return Some(SourceFormat::Svg);
    }
    None
}

/// Two letters are a weak signature: the size of the header that follows must be one of the known ones.
fn is_bmp(bytes: &[u8]) -> bool {
    let size = bytes.get(14..18).and_then(|b| b.try_into().ok()).map(u32::from_le_bytes);
    matches!(size, Some(12 | 16 | 40 | 52 | 56 | 64 | 108 | 124))
}

/// ISO/IEC 23000-22 §7: `avif` or `avis` among the brands of `ftyp`.
fn is_avif(bytes: &[u8]) -> bool {
    let end = bytes.get(..4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_be_bytes) as usize;
    let end = end.min(bytes.len()).min(256);
    let brands = bytes.get(8..end).unwrap_or_default();
    brands.chunks_exact(4).any(|brand| brand == b"avif" || brand == b"avis")
}

/// Markup whose first element is `svg`, or gzip of something (the inflated bytes are looked at again).
fn is_svg(bytes: &[u8]) -> bool {
    if bytes.starts_with(&[0x1F, 0x8B, 0x08]) {
        let start = crate::container::svg::inflate_start(bytes);
        return is_svg_text(&start);
    }
    is_svg_text(&bytes[..bytes.len().min(4096)])
}

fn is_svg_text(start: &[u8]) -> bool {
    let start = start.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(start);
    let mut text = String::from_utf8_lossy(start).into_owned();
    loop {
        let rest = text.trim_start();
        let end = if rest.starts_with("<?") {
            rest.find("?>").map(|at| at + 2)
        } else if rest.starts_with("<!--") {
            rest.find("-->").map(|at| at + 3)
        } else if rest.starts_with("<!DOCTYPE") {
            // An internal subset ends in `]>`; the parser refuses the whole document later, with a reason.
            return rest.starts_with("<!DOCTYPE svg");
        } else {
            let name = rest.strip_prefix('<').unwrap_or_default();
            let name: &str = name.split(|c: char| c.is_whitespace() || c == '>' || c == '/').next().unwrap_or_default();
            return name == "svg" || name.ends_with(":svg");
        };
        match end {
            Some(at) => text = rest[at..].to_owned(),
            None => return false,
        }
    }
}
