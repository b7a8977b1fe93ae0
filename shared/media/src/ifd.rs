//! The first directory of a TIFF structure (a TIFF file, or an EXIF block) and those below it. Lazy and without copies, because a
//! directory of a few kilobytes can name the same megabytes thousands of times, which readers that load every value fall for.

use crate::container::{be16, be32, le16, le32};

/// TIFF 6.0 §2: entries of twelve bytes, each with a tag, a type, a count, and a value or its offset.
#[derive(Clone, Copy)]
pub(crate) struct Ifd<'a> {
    bytes: &'a [u8],
    little: bool,
    entries: &'a [u8],
}

/// One entry's values.
#[derive(Clone, Copy)]
pub(crate) struct Entry<'a> {
    pub(crate) data: &'a [u8],
    size: usize,
    little: bool,
}

impl<'a> Ifd<'a> {
    pub(crate) fn first(bytes: &'a [u8]) -> Option<Self> {
        let little = match bytes.get(..4)? {
            b"II\x2A\0" => true,
            b"MM\0\x2A" => false,
            _ => return None,
        };
        Self::at(bytes, little, u32_at(bytes, 4, little)? as usize)
    }

    /// Returns the directory that an entry points to: the Exif directory of the first one.
    pub(crate) fn child(self, tag: u16) -> Option<Self> {
        Self::at(self.bytes, self.little, self.uint(tag)? as usize)
    }

    fn at(bytes: &'a [u8], little: bool, at: usize) -> Option<Self> {
        let count = usize::from(u16_at(bytes, at, little)?);
        let rest = bytes.get(at.checked_add(2)?..)?;
        // A directory cut short still has the entries before the cut.
        let entries = &rest[..rest.len().min(count * 12)];
        Some(Ifd { bytes, little, entries })
    }

    /// Returns the values of `tag`; `None` if it is absent or its data lie outside the file.
    pub(crate) fn get(&self, tag: u16) -> Option<Entry<'a>> {
        let entry = self.entries.as_chunks::<12>().0.iter().find(|e| u16_at(*e, 0, self.little) == Some(tag))?;
        let size: usize = match u16_at(entry, 2, self.little)? {
            // 129 is UTF-8, since Exif 3.0.
            1 | 2 | 6 | 7 | 129 => 1,
            3 | 8 => 2,
            4 | 9 | 11 | 13 => 4,
            5 | 10 | 12 => 8,
            _ => return None,
        };
        let length = size.checked_mul(u32_at(entry, 4, self.little)? as usize)?;
        let data = if length <= 4 {
            &entry[8..8 + length]
        } else {
            let at = u32_at(entry, 8, self.little)? as usize;
            self.bytes.get(at..at.checked_add(length)?)?
        };
        Some(Entry { data, size, little: self.little })
    }

    pub(crate) fn uint(&self, tag: u16) -> Option<u32> {
        self.get(tag)?.uints().next()
    }
}

impl<'a> Entry<'a> {
    /// Returns the values of the integer types; nothing for the others.
    pub(crate) fn uints(self) -> impl Iterator<Item = u32> + 'a {
        let Entry { data, size, little } = self;
        data.chunks_exact(size).map_while(move |value| match size {
            1 => Some(value[0].into()),
            2 => u16_at(value, 0, little).map(u32::from),
            4 => u32_at(value, 0, little),
            _ => None,
        })
    }
}

fn u16_at(bytes: &[u8], at: usize, little: bool) -> Option<u16> {
    if little { le16(bytes, at) } else { be16(bytes, at) }
}

fn u32_at(bytes: &[u8], at: usize, little: bool) -> Option<u32> {
    if little { le32(bytes, at) } else { be32(bytes, at) }
}
