//! PNG chunks (W3C PNG, third edition, §5). An animated PNG counts as its default still picture.

use std::io::Read;

use asset::image::SourceFormat;
use asset::refusal::Refusal;

use super::{Header, be32};
use crate::refuse;

/// Bytes of a profile or an XMP packet after inflation: a zlib bomb ends here.
const MAX_INFLATED: u64 = 4 << 20;
/// Bytes of a text after inflation, and how many texts.
const MAX_TEXT_BYTES: u64 = 64 << 10;
const MAX_TEXTS: usize = 64;

pub(crate) fn read(bytes: &[u8]) -> Result<Header<'_>, Refusal> {
    let cut = || refuse::truncated(SourceFormat::Png, bytes.len());
    let ihdr = bytes.get(8..33).ok_or_else(cut)?;
    if &ihdr[4..8] != b"IHDR" {
        return Err(refuse::corrupt(SourceFormat::Png, "the first chunk is not `IHDR`"));
    }
    let width = be32(ihdr, 8).ok_or_else(cut)?;
    let height = be32(ihdr, 12).ok_or_else(cut)?;
    let mut header = Header::new(SourceFormat::Png, width, height);
    let (depth, color) = (ihdr[16], ihdr[17]);
    header.channels = if color & 2 == 0 { 1 } else { 3 };
    // The decoder's rows in their own depth, expanded, and our eight-bit copy.
    header.pixel_bytes = if depth == 16 { 12 } else { 8 };
    header.complete = false;
    let mut at = 8;
    while let (Some(length), Some(name)) = (be32(bytes, at), bytes.get(at + 4..at + 8)) {
        let start = at + 8;
        let end = start.saturating_add(length as usize);
        if name == b"IEND" {
            header.complete = true;
            break;
        }
        let Some(body) = bytes.get(start..end) else { break };
        match name {
            b"eXIf" => header.set_exif(body),
            b"iCCP" => header.icc = profile(body),
            b"iTXt" => {
                if let Some(xmp) = international_text(body) {
                    header.xmp = Some(xmp.into());
                }
            }
            _ => {}
        }
        at = end.saturating_add(4);
    }
    Ok(header)
}

/// §11.3.2.3: name, zero, compression method, zlib stream.
fn profile(body: &[u8]) -> Option<Vec<u8>> {
    let name = body.iter().position(|&b| b == 0)?;
    inflate(body.get(name + 2..)?, MAX_INFLATED)
}

/// §11.3.3.4, only with the keyword that XMP has registered.
fn international_text(body: &[u8]) -> Option<Vec<u8>> {
    international(body.strip_prefix(b"XML:com.adobe.xmp\0")?, MAX_INFLATED)
}

/// What stands behind the keyword: flags, language, translated keyword, text.
fn international(rest: &[u8], max: u64) -> Option<Vec<u8>> {
    let (&compressed, rest) = (rest.first()?, rest.get(2..)?);
    let language = rest.iter().position(|&b| b == 0)?;
    let rest = rest.get(language + 1..)?;
    let translated = rest.iter().position(|&b| b == 0)?;
    let text = rest.get(translated + 1..)?;
    if compressed == 0 { Some(text.to_vec()) } else { inflate(text, max) }
}

/// Returns keywords and bytes of the chunks `tEXt`, `zTXt` and `iTXt` (§11.3.3), as many as a person would write.
pub(crate) fn texts(bytes: &[u8]) -> Vec<(&[u8], Vec<u8>)> {
    let mut texts = Vec::new();
    let mut at = 8;
    while let (Some(length), Some(name)) = (be32(bytes, at), bytes.get(at + 4..at + 8)) {
        let end = (at + 8).saturating_add(length as usize);
        let Some(body) = bytes.get(at + 8..end) else { break };
        if texts.len() == MAX_TEXTS {
            break;
        }
        texts.extend(text(name, body));
        at = end.saturating_add(4);
    }
    texts
}

fn text<'a>(name: &[u8], body: &'a [u8]) -> Option<(&'a [u8], Vec<u8>)> {
    if !matches!(name, b"tEXt" | b"zTXt" | b"iTXt") {
        return None;
    }
    // §11.3.3.2: a keyword has 1 to 79 bytes.
    let end = body.iter().take(80).position(|&b| b == 0)?;
    let (keyword, rest) = (&body[..end], &body[end + 1..]);
    let value = match name {
        b"tEXt" => Some(rest.to_vec()),
        b"zTXt" => inflate(rest.get(1..)?, MAX_TEXT_BYTES),
        _ => international(rest, MAX_TEXT_BYTES),
    };
    Some((keyword, value?))
}

fn inflate(stream: &[u8], max: u64) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    flate2::read::ZlibDecoder::new(stream).take(max + 1).read_to_end(&mut out).ok()?;
    (out.len() as u64 <= max).then_some(out)
}
