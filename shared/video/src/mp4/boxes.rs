//! Boxes: a size, a name of four letters, and what is in them (ISO/IEC 14496-12 §4.2).

/// What breaks the rules of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Malformed(pub(crate) &'static str);

/// The start of a box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) kind: [u8; 4],
    /// Bytes of the header itself: 8 or 16.
    pub(crate) length: u64,
    /// Bytes of the box with its header; `None` means to the end of the file.
    pub(crate) size: Option<u64>,
}

impl Header {
    /// Reads from at least 16 bytes, or 8 at the end of a file.
    pub(crate) fn read(bytes: &[u8]) -> Result<Header, Malformed> {
        let cut = Malformed("a box ends within its header");
        let small = be32(bytes, 0).ok_or(cut)?;
        let kind = bytes.get(4..8).and_then(|kind| kind.try_into().ok()).ok_or(cut)?;
        let (length, size) = match small {
            0 => (8, None),
            1 => (16, Some(be64(bytes, 8).ok_or(cut)?)),
            _ => (8, Some(u64::from(small))),
        };
        if size.is_some_and(|size| size < length) {
            return Err(Malformed("a box is smaller than its header"));
        }
        Ok(Header { kind, length, size })
    }
}

/// The boxes in a box, one after another.
pub(crate) struct Boxes<'a> {
    rest: &'a [u8],
}

impl<'a> Boxes<'a> {
    pub(crate) fn new(content: &'a [u8]) -> Self {
        Boxes { rest: content }
    }
}

impl<'a> Iterator for Boxes<'a> {
    /// Name, and content without the header.
    type Item = Result<([u8; 4], &'a [u8]), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        // QuickTime ends some lists with four zero bytes.
        if self.rest.len() < 8 {
            return None;
        }
        let rest = std::mem::take(&mut self.rest);
        let found = Header::read(rest).and_then(|header| {
            let size = header.size.unwrap_or(rest.len() as u64);
            let size = usize::try_from(size).ok().filter(|size| *size <= rest.len());
            let size = size.ok_or(Malformed("a box is larger than the one around it"))?;
            self.rest = &rest[size..];
            Ok((header.kind, &rest[header.length as usize..size]))
        });
        Some(found)
    }
}

/// Returns the content of the first box of that name.
pub(crate) fn find<'a>(content: &'a [u8], kind: &[u8; 4]) -> Result<Option<&'a [u8]>, Malformed> {
    for found in Boxes::new(content) {
        let (name, inner) = found?;
        if name == *kind {
            return Ok(Some(inner));
        }
    }
    Ok(None)
}

/// Follows a path of names.
pub(crate) fn find_path<'a>(content: &'a [u8], path: &[&[u8; 4]]) -> Result<Option<&'a [u8]>, Malformed> {
    let mut at = Some(content);
    for kind in path {
        at = match at {
            Some(content) => find(content, kind)?,
            None => None,
        };
    }
    Ok(at)
}

pub(crate) fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at.checked_add(2)?)?.try_into().ok().map(u16::from_be_bytes)
}

pub(crate) fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at.checked_add(4)?)?.try_into().ok().map(u32::from_be_bytes)
}

pub(crate) fn be64(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..at.checked_add(8)?)?.try_into().ok().map(u64::from_be_bytes)
}
