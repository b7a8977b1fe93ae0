//! GIF blocks (GIF89a specification, §§ 15–27).

use asset::image::SourceFormat;
use asset::refusal::Refusal;

use super::{Header, le16};
use crate::refuse;

pub(crate) fn read(bytes: &[u8]) -> Result<Header<'_>, Refusal> {
    let cut = || refuse::truncated(SourceFormat::Gif, bytes.len());
    let width = le16(bytes, 6).ok_or_else(cut)?;
    let height = le16(bytes, 8).ok_or_else(cut)?;
    let packed = *bytes.get(10).ok_or_else(cut)?;
    let mut header = Header::new(SourceFormat::Gif, width.into(), height.into());
    header.frames = 0;
    // The canvas, the frame, the composed copy.
    header.pixel_bytes = 12;
    // Without an application extension an animation plays once.
    header.loops = 1;
    header.complete = false;
    let mut at = 13 + color_table(packed);
    loop {
        match bytes.get(at) {
            Some(0x2C) => {
                let Some(&packed) = bytes.get(at + 9) else { break };
                header.frames = header.frames.saturating_add(1);
                // Image descriptor, its colour table, and the byte of the minimum code size.
                match skip_blocks(bytes, at + 10 + color_table(packed) + 1) {
                    Some(next) => at = next,
                    None => break,
                }
            }
            Some(0x21) => {
                if bytes.get(at + 1) == Some(&0xFF) && bytes.get(at + 3..at + 14) == Some(b"NETSCAPE2.0") {
                    header.loops = netscape_loops(bytes, at + 14);
                }
                match skip_blocks(bytes, at + 2) {
                    Some(next) => at = next,
                    None => break,
                }
            }
            Some(0x3B) => {
                header.complete = true;
                break;
            }
            // Stray zeros between blocks are common and harmless.
            Some(0x00) => at += 1,
            Some(_) if header.frames > 0 => {
                // Rubbish after the last frame: every viewer shows what came before.
                header.complete = true;
                break;
            }
            Some(_) => return Err(refuse::corrupt(SourceFormat::Gif, "an unknown block before the first frame")),
            None => break,
        }
    }
    if header.frames == 0 {
        return Err(if header.complete { refuse::corrupt(SourceFormat::Gif, "no frame at all") } else { cut() });
    }
    Ok(header)
}

fn color_table(packed: u8) -> usize {
    if packed & 0x80 == 0 { 0 } else { 3 << ((packed & 7) + 1) }
}

/// Returns the position after a chain of sub-blocks, or `None` if the file ends first.
fn skip_blocks(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let length = usize::from(*bytes.get(at)?);
        at += 1 + length;
        if length == 0 {
            return Some(at);
        }
    }
}

/// The extension counts repetitions after the first play, and 0 means for ever; we count plays.
fn netscape_loops(bytes: &[u8], at: usize) -> u16 {
    match (bytes.get(at), bytes.get(at + 1), le16(bytes, at + 2)) {
        (Some(3), Some(1), Some(0)) | (_, _, None) => 0,
        (Some(3), Some(1), Some(times)) => times.saturating_add(1),
        _ => 0,
    }
}
