//! The tables of a track: which bytes are its samples, and when they are shown (ISO/IEC 14496-12 §8.6 and §8.7).

use super::boxes::{Malformed, be16, be32, be64, find};

/// Sample tables, as small as in the file.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    /// Time to sample: number of samples, and the duration of each.
    pub(crate) durations: Vec<(u32, u32)>,
    /// Composition offsets: number of samples, and how much later each is shown than decoded.
    pub(crate) compositions: Vec<(u32, i32)>,
    pub(crate) sizes: Sizes,
    /// First chunk (from 1), samples in each chunk from there on, which description they have.
    pub(crate) samples_in_chunks: Vec<(u32, u32, u32)>,
    /// Offsets in the file.
    pub(crate) chunks: Vec<u64>,
    /// Numbers (from 1) of samples that need no other, ascending; `None` if that is all of them.
    pub(crate) sync: Option<Vec<u32>>,
}

/// Bytes of samples.
#[derive(Debug)]
pub(crate) enum Sizes {
    /// All of a size: PCM has millions of them.
    Same {
        size: u32,
        count: u32,
    },
    Each(Vec<u32>),
}

impl Default for Sizes {
    fn default() -> Self {
        Sizes::Each(Vec::new())
    }
}

impl Sizes {
    pub(crate) fn count(&self) -> u32 {
        match self {
            Sizes::Same { count, .. } => *count,
            Sizes::Each(sizes) => sizes.len() as u32,
        }
    }
}

impl Tables {
    /// Reads the content of `stbl`.
    pub(crate) fn read(stbl: &[u8]) -> Result<Tables, Malformed> {
        let table = |name, row| find(stbl, name).and_then(|content| content.map(|c| rows(c, 8, row)).transpose());
        let pair = |row: &[u8]| (at(row, 0), at(row, 4));
        let durations = table(b"stts", 8)?.ok_or(Malformed("a track has no `stts`"))?.map(pair).collect();
        // Version 0 says unsigned; files with negative offsets under version 0 exist, files with offsets beyond 2^31 do not.
        let compositions = table(b"ctts", 8)?.map(|rows| rows.map(|row| (at(row, 0), at(row, 4) as i32)).collect());
        let samples_in_chunks: Vec<(u32, u32, u32)> = table(b"stsc", 12)?
            .ok_or(Malformed("a track has no `stsc`"))?
            .map(|row| (at(row, 0), at(row, 4), at(row, 8)))
            .collect();
        if !samples_in_chunks.is_sorted_by(|a, b| a.0 < b.0) || samples_in_chunks.first().is_some_and(|row| row.0 != 1)
        {
            return Err(Malformed("the chunks of a track are out of order"));
        }
        let chunks = match table(b"stco", 4)? {
            Some(rows) => rows.map(|row| u64::from(at(row, 0))).collect(),
            None => {
                let rows = table(b"co64", 8)?.ok_or(Malformed("a track has no chunk offsets"))?;
                rows.map(|row| be64(row, 0).unwrap_or(0)).collect()
            }
        };
        let sync = table(b"stss", 4)?.map(|rows| rows.map(|row| at(row, 0)).collect::<Vec<u32>>());
        if sync.as_ref().is_some_and(|sync| !sync.is_sorted()) {
            return Err(Malformed("the sync samples of a track are out of order"));
        }
        Ok(Tables {
            durations,
            compositions: compositions.unwrap_or_default(),
            sizes: sizes(stbl)?,
            samples_in_chunks,
            chunks,
            sync,
        })
    }
}

/// §8.7.3.
fn sizes(stbl: &[u8]) -> Result<Sizes, Malformed> {
    if let Some(stsz) = find(stbl, b"stsz")? {
        let cut = Malformed("`stsz` is too short");
        let (size, count) = (be32(stsz, 4).ok_or(cut)?, be32(stsz, 8).ok_or(cut)?);
        return match size {
            0 => Ok(Sizes::Each(rows(stsz, 12, 4)?.map(|row| at(row, 0)).collect())),
            size => Ok(Sizes::Same { size, count }),
        };
    }
    let stz2 = find(stbl, b"stz2")?.ok_or(Malformed("a track has no sample sizes"))?;
    let bits = be32(stz2, 4).ok_or(Malformed("`stz2` is too short"))? & 0xFF;
    let count = be32(stz2, 8).ok_or(Malformed("`stz2` is too short"))? as usize;
    let data = &stz2[12..];
    let each = match bits {
        4 => data.iter().flat_map(|byte| [u32::from(byte >> 4), u32::from(byte & 15)]).take(count).collect(),
        8 => data.iter().map(|byte| u32::from(*byte)).take(count).collect(),
        16 => data.chunks_exact(2).map(|two| u32::from(be16(two, 0).unwrap_or(0))).take(count).collect(),
        _ => return Err(Malformed("`stz2` has sizes of a width that there is not")),
    };
    let each: Vec<u32> = each;
    if each.len() < count { Err(Malformed("`stz2` has fewer rows than it claims")) } else { Ok(Sizes::Each(each)) }
}

/// The rows of a table: their number is the last word before `start`, and all of them must be there.
fn rows(content: &[u8], start: usize, row: usize) -> Result<std::slice::ChunksExact<'_, u8>, Malformed> {
    let claimed = be32(content, start - 4).ok_or(Malformed("a table is shorter than its header"))?;
    let length = u64::from(claimed) * row as u64;
    let available = &content[start..];
    match usize::try_from(length).ok().filter(|length| *length <= available.len()) {
        Some(length) => Ok(available[..length].chunks_exact(row)),
        None => Err(Malformed("a table has fewer rows than it claims")),
    }
}

fn at(row: &[u8], offset: usize) -> u32 {
    be32(row, offset).unwrap_or(0)
}
