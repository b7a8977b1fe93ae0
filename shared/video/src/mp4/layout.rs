//! Where the index of a file is: at its start, or at its end (ISO/IEC 14496-12 §8.2.1).

use super::boxes::Header;
use crate::error::Error;
use crate::refuse;
use crate::source::Source;
use crate::value::{Container, VideoLimits};

/// Boxes that are looked at on the way to the index. Files have a handful.
const MAX_BOXES: u32 = 4096;
/// What is read at once: a header, and often the whole of a small box.
const LOOK_BYTES: u64 = 4096;

/// The two boxes that matter, with their headers.
pub(crate) struct Layout {
    /// Empty if there is none.
    pub(crate) ftyp: Vec<u8>,
    /// Content of `moov`, without its header.
    pub(crate) moov: Vec<u8>,
}

impl Layout {
    /// Finds the index; `head` is what was read already.
    pub(crate) fn find(
        source: &mut dyn Source,
        head: &[u8],
        container: Container,
        limits: &VideoLimits,
    ) -> Result<Layout, Error> {
        let length = source.bytes();
        let mut ftyp = Vec::new();
        let mut at: u64 = 0;
        for _ in 0..MAX_BOXES {
            if length - at < 8 {
                // Nothing left, or a few bytes of padding.
                return Err(refuse::no_index(container, length).into());
            }
            let look = read(source, head, at, (at + LOOK_BYTES).min(length))?;
            let header = Header::read(&look).map_err(|error| refuse::corrupt(container, error))?;
            if !header.kind.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ' || *byte == 0xA9) {
                return Err(refuse::corrupt(container, format!("no box at byte {at}")).into());
            }
            let end = match header.size {
                Some(size) => at.saturating_add(size),
                None => length,
            };
            if end > length {
                return Err(refuse::truncated(container, length, end - length).into());
            }
            let size = end - at;
            match &header.kind {
                b"moov" if size > limits.max_index_bytes => {
                    let allowed = limits.max_index_bytes;
                    return Err(refuse::too_large("bytes of index", size, "max_index_bytes", allowed).into());
                }
                b"moov" => {
                    let moov = read(source, head, at + header.length, end)?;
                    return Ok(Layout { ftyp, moov });
                }
                b"ftyp" if size <= LOOK_BYTES => ftyp = look[..size as usize].to_vec(),
                _ => {}
            }
            at = end;
        }
        Err(refuse::corrupt(container, format!("{MAX_BOXES} boxes, and none is an index")).into())
    }
}

fn read(source: &mut dyn Source, head: &[u8], from: u64, to: u64) -> Result<Vec<u8>, Error> {
    let known = usize::try_from(from).ok().zip(usize::try_from(to).ok()).and_then(|(from, to)| head.get(from..to));
    match known {
        Some(bytes) => Ok(bytes.to_vec()),
        None => source.read_at(from..to).map_err(Error::io("read the recording")),
    }
}
