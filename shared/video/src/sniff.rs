//! What kind of recording the bytes are, by content and never by name.

use crate::value::Container;

/// How many of a file's first bytes `sniff` wants to see.
pub const HEAD_BYTES: u64 = 64 << 10;

/// Brands of pictures in the same boxes: AVIF (ISO/IEC 23000-22), HEIF (ISO/IEC 23008-12), Canon's raw files, JPEG XL and 2000.
const PICTURE_BRANDS: [&[u8; 4]; 13] = [
    b"avif", b"avis", b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"crx ", b"jxl ", b"jp2 ",
];

/// Returns the container whose signature the bytes begin with, or `None`.
pub fn sniff(head: &[u8]) -> Option<Container> {
    let starts = |magic: &[u8]| head.starts_with(magic);
    if head.get(4..8) == Some(b"ftyp") {
        return branded(head);
    }
    if starts(b"\x1A\x45\xDF\xA3") {
        let has = |name: &[u8]| head[..head.len().min(128)].windows(name.len()).any(|window| window == name);
        return match () {
            () if has(b"webm") => Some(Container::Webm),
            () if has(b"matroska") => Some(Container::Matroska),
            () => None,
        };
    }
    if (starts(b"RIFF") || starts(b"RF64")) && head.get(8..12) == Some(b"WAVE") {
        return Some(Container::Wav);
    }
    if starts(b"OggS") {
        return Some(Container::Ogg);
    }
    let after = after_id3(head);
    let Some(rest) = head.get(after..) else {
        // A tag, such as one with a large cover, that is longer than what is looked at. Nothing but MP3 customarily has one.
        return Some(Container::Mp3);
    };
    if rest.starts_with(b"fLaC") {
        return Some(Container::Flac);
    }
    if has_frames(rest, adts_length) {
        return Some(Container::Aac);
    }
    if has_frames(rest, mp3_length) {
        return Some(Container::Mp3);
    }
    // QuickTime before 2001 had no `ftyp`.
    let kind = head.get(4..8).unwrap_or_default();
    let size = be32(head, 0).unwrap_or(0);
    let is_box = [&b"moov"[..], b"mdat", b"wide", b"pnot"].contains(&kind) && (size >= 8 || size == 1 || size == 0);
    is_box.then_some(Container::Mov)
}

/// ISO/IEC 14496-12 §4.3: the major brand says what the file is, the compatible ones what else reads it.
fn branded(head: &[u8]) -> Option<Container> {
    let end = (be32(head, 0)? as usize).min(head.len()).min(512);
    let major = head.get(8..12)?;
    let compatible = head.get(16..end).unwrap_or_default();
    let is_picture = |brand: &[u8]| PICTURE_BRANDS.iter().any(|known| &known[..] == brand);
    if is_picture(major) || compatible.chunks_exact(4).any(|brand| brand == b"avif" || brand == b"avis") {
        return None;
    }
    match major {
        b"qt  " => Some(Container::Mov),
        b"M4A " | b"M4B " | b"M4P " => Some(Container::M4a),
        _ => Some(Container::Mp4),
    }
}

/// Returns the length of an ID3v2 tag (id3.org, ID3v2.4 §3.1), 0 if there is none.
pub(crate) fn after_id3(head: &[u8]) -> usize {
    let Some(&[b'I', b'D', b'3', major, minor, flags, a, b, c, d]) = head.first_chunk::<10>() else { return 0 };
    if major == 0xFF || minor == 0xFF || [a, b, c, d].iter().any(|byte| byte & 0x80 != 0) {
        return 0;
    }
    let size = [a, b, c, d].iter().fold(0, |sum, byte| sum << 7 | usize::from(*byte));
    size + if flags & 0x10 != 0 { 20 } else { 10 }
}

/// A sync word of eleven bits is a weak signature: three frames have to follow one another, or as many as there are bytes for.
fn has_frames(bytes: &[u8], length: fn(&[u8]) -> Option<usize>) -> bool {
    let mut at = 0;
    for n_frames in 0..3 {
        match bytes.get(at..) {
            Some(rest) if rest.len() >= 7 => match length(rest) {
                Some(length) => at += length,
                None => return false,
            },
            _ => return n_frames >= 2,
        }
    }
    true
}

/// ISO/IEC 11172-3 §2.4.2.3 (and 13818-3 for the lower rates): the length of an MPEG audio frame of layer 3 or 2.
fn mp3_length(frame: &[u8]) -> Option<usize> {
    const V1_L3: [u32; 15] = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
    const V1_L2: [u32; 15] = [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384];
    const V2: [u32; 15] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
    let &[0xFF, second, third, ..] = frame else { return None };
    let (version, layer) = (second >> 3 & 3, second >> 1 & 3);
    if second & 0xE0 != 0xE0 || version == 1 || !(layer == 1 || layer == 2) {
        return None;
    }
    let index = usize::from(third >> 4);
    let table = match (version, layer) {
        (3, 1) => V1_L3,
        (3, _) => V1_L2,
        _ => V2,
    };
    let kilobits = table.get(index).copied().filter(|rate| *rate > 0)?;
    let halvings = match version {
        3 => 0,
        2 => 1,
        _ => 2,
    };
    let rate = *[44_100_u32, 48_000, 32_000].get(usize::from(third >> 2 & 3))? >> halvings;
    let samples = if version != 3 && layer == 1 { 576 } else { 1152 };
    let padding = u32::from(third >> 1 & 1);
    Some((samples / 8 * kilobits * 1000 / rate + padding) as usize)
}

/// ISO/IEC 13818-7 §6.2: the length of an ADTS frame.
fn adts_length(frame: &[u8]) -> Option<usize> {
    let &[0xFF, second, third, fourth, fifth, sixth, _, ..] = frame else { return None };
    // Layer 0, and one of the 13 sampling rates.
    if second & 0xF6 != 0xF0 || third >> 2 & 15 > 12 {
        return None;
    }
    let length = usize::from(fourth & 3) << 11 | usize::from(fifth) << 3 | usize::from(sixth >> 5);
    (length > 7).then_some(length)
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes)
}

/// Says what a file is that is no recording, as well as its first bytes tell.
pub(crate) fn describe(head: &[u8]) -> &'static str {
    let starts = |magic: &[u8]| head.starts_with(magic);
    match () {
        () if starts(b"PK\x03\x04") || starts(b"PK\x05\x06") => "a zip archive",
        () if starts(b"%PDF") => "a PDF",
        () if starts(b"#EXTM3U") => "a playlist",
        () if starts(b"ffconcat") => "a list of files",
        () if starts(b"\xFF\xD8\xFF") || starts(b"\x89PNG") || starts(b"GIF8") => "a picture",
        () if head.get(4..8) == Some(b"ftyp") => "a picture",
        () if starts(b"RIFF") && head.get(8..12) == Some(b"AVI ") => "an AVI file",
        () if starts(b"FLV") => "a Flash video",
        () if starts(b"\x30\x26\xB2\x75") => "a Windows Media file",
        () if starts(b"\x47") && head.get(188) == Some(&0x47) => "an MPEG transport stream",
        () if starts(b"\x00\x00\x01\xBA") => "an MPEG program stream",
        () if !head.is_empty()
            && head.iter().take(512).all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace()) =>
        {
            "text"
        }
        () => "bytes of an unknown kind",
    }
}
