//! One track of the index (ISO/IEC 14496-12 §8.3 to §8.6).

use super::boxes::{Boxes, Malformed, be16, be32, be64, find, find_path};
use super::runs::{Run, Runs};
use super::tables::Tables;

/// What a track holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Video,
    Audio,
    Other,
}

/// A track, with copies of the boxes that a small file needs as they are.
#[derive(Debug)]
pub(crate) struct Track {
    pub(crate) id: u32,
    pub(crate) kind: Kind,
    /// Units of time a second.
    pub(crate) timescale: u32,
    /// Packed, as in `mdhd`.
    pub(crate) language: u16,
    /// From `tkhd`: nine numbers of 32 bits.
    pub(crate) matrix: [u8; 36],
    /// From `tkhd`: width and height, 16.16.
    pub(crate) size: [u8; 8],
    /// `stsd`, content without the header.
    pub(crate) descriptions: Vec<u8>,
    /// Units at the start of the media that are not shown (`elst`).
    pub(crate) skipped: u64,
    /// Milliseconds before the media begins (`elst`).
    pub(crate) delay_ms: u64,
    /// The tracks that hold this one's chapters (`tref`/`chap`).
    pub(crate) chapters: Vec<u32>,
    /// `name` says: bytes are in another file.
    pub(crate) is_elsewhere: bool,
    pub(crate) tables: Tables,
}

impl Track {
    /// Reads the content of `trak`. `movie_timescale` is that of edits.
    pub(crate) fn read(trak: &[u8], movie_timescale: u32) -> Result<Track, Malformed> {
        let tkhd = find(trak, b"tkhd")?.ok_or(Malformed("a track has no `tkhd`"))?;
        let mdia = find(trak, b"mdia")?.ok_or(Malformed("a track has no `mdia`"))?;
        let mdhd = find(mdia, b"mdhd")?.ok_or(Malformed("a track has no `mdhd`"))?;
        let hdlr = find(mdia, b"hdlr")?.ok_or(Malformed("a track has no `hdlr`"))?;
        let minf = find(mdia, b"minf")?.ok_or(Malformed("a track has no `minf`"))?;
        let stbl = find(minf, b"stbl")?.ok_or(Malformed("a track has no `stbl`"))?;
        let stsd = find(stbl, b"stsd")?.ok_or(Malformed("a track has no `stsd`"))?;
        let kind = match hdlr.get(8..12) {
            Some(b"vide") => Kind::Video,
            Some(b"soun") => Kind::Audio,
            _ => Kind::Other,
        };
        let (id_at, matrix_at) = if tkhd.first() == Some(&1) { (20, 52) } else { (12, 40) };
        let short = Malformed("`tkhd` is too short");
        let (timescale, language) = media_header(mdhd).ok_or(Malformed("`mdhd` is too short"))?;
        if timescale == 0 {
            return Err(Malformed("a track's seconds have no units"));
        }
        let (skipped, delay_ms) = edits(find_path(trak, &[b"edts", b"elst"])?, movie_timescale);
        let chap = find_path(trak, &[b"tref", b"chap"])?.unwrap_or_default();
        Ok(Track {
            id: be32(tkhd, id_at).ok_or(short)?,
            kind,
            timescale,
            language,
            matrix: tkhd.get(matrix_at..matrix_at + 36).and_then(|m| m.try_into().ok()).ok_or(short)?,
            size: tkhd.get(matrix_at + 36..matrix_at + 44).and_then(|m| m.try_into().ok()).ok_or(short)?,
            descriptions: stsd.to_vec(),
            skipped,
            delay_ms,
            chapters: chap.chunks_exact(4).filter_map(|id| be32(id, 0)).take(4).collect(),
            is_elsewhere: is_elsewhere(find_path(minf, &[b"dinf", b"dref"])?)?,
            tables: Tables::read(stbl)?,
        })
    }

    /// Walks the samples in the order of decoding.
    pub(crate) fn runs(&self) -> Runs<'_> {
        Runs::new(&self.tables)
    }

    /// Returns when something that is decoded at `units` is shown, in milliseconds of the recording.
    pub(crate) fn to_ms(&self, units: i64) -> i64 {
        let units = i128::from(units) - i128::from(self.skipped);
        let ms = units * 1000 / i128::from(self.timescale) + i128::from(self.delay_ms);
        i64::try_from(ms).unwrap_or(i64::MAX)
    }

    /// Returns the units of a duration in milliseconds.
    pub(crate) fn to_units(&self, ms: u64) -> u64 {
        u64::try_from(u128::from(ms) * u128::from(self.timescale) / 1000).unwrap_or(u64::MAX)
    }

    /// Returns when this run's first sample is shown, in milliseconds of the recording; 0 if it is before the start.
    pub(crate) fn shown_ms(&self, run: &Run) -> u64 {
        let units = i64::try_from(run.decoded).unwrap_or(i64::MAX).saturating_add(run.composition.into());
        self.to_ms(units).max(0) as u64
    }

    /// Returns when the last sample ends, in milliseconds of the recording.
    pub(crate) fn end_ms(&self) -> u64 {
        let total: u64 = self
            .tables
            .durations
            .iter()
            .fold(0, |sum, (count, duration)| sum.saturating_add(u64::from(*count) * u64::from(*duration)));
        self.to_ms(i64::try_from(total).unwrap_or(i64::MAX)).max(0) as u64
    }

    /// Returns whether the samples are encrypted (ISO/IEC 23001-7), from the names of their descriptions.
    pub(crate) fn is_encrypted(&self) -> bool {
        let entries = Boxes::new(self.descriptions.get(8..).unwrap_or_default());
        entries.flatten().any(|(name, _)| [*b"encv", *b"enca", *b"drms", *b"drmi"].contains(&name))
    }

    /// Returns the language, three letters, if one is said (§8.4.2.3).
    pub(crate) fn language(&self) -> Option<String> {
        let letters = [10, 5, 0].map(|shift| (self.language >> shift & 31) as u8 + 0x60);
        let code = String::from_utf8(letters.to_vec()).ok()?;
        let is_code = code.bytes().all(|letter| letter.is_ascii_lowercase());
        (self.language >= 0x400 && is_code && code != "und").then_some(code)
    }
}

/// Units a second, and the language.
fn media_header(mdhd: &[u8]) -> Option<(u32, u16)> {
    match mdhd.first()? {
        1 => Some((be32(mdhd, 20)?, be16(mdhd, 32)?)),
        _ => Some((be32(mdhd, 12)?, be16(mdhd, 20)?)),
    }
}

/// Reads what files have in practice: time before the media, and where in the media it starts (§8.6.6). Films cut by an edit list
/// are read whole.
fn edits(elst: Option<&[u8]>, movie_timescale: u32) -> (u64, u64) {
    let Some(elst) = elst else { return (0, 0) };
    let is_long = elst.first() == Some(&1);
    let mut before: u64 = 0;
    for row in elst.get(8..).unwrap_or_default().chunks_exact(if is_long { 20 } else { 12 }).take(16) {
        let (duration, start) = match is_long {
            true => (be64(row, 0).unwrap_or(0), be64(row, 8).unwrap_or(0) as i64),
            false => (be32(row, 0).unwrap_or(0).into(), i64::from(be32(row, 4).unwrap_or(0) as i32)),
        };
        if start < 0 {
            before = before.saturating_add(duration);
            continue;
        }
        let delay_ms = u128::from(before) * 1000 / u128::from(movie_timescale.max(1));
        return (start as u64, u64::try_from(delay_ms).unwrap_or(u64::MAX).min(86_400_000));
    }
    (0, 0)
}

/// §8.7.2: an entry without the flag "self-contained" names another file, which is nobody's business.
fn is_elsewhere(dref: Option<&[u8]>) -> Result<bool, Malformed> {
    let Some(dref) = dref else { return Ok(false) };
    for entry in Boxes::new(dref.get(8..).unwrap_or_default()) {
        let (_, content) = entry?;
        if content.get(3).is_some_and(|flags| flags & 1 == 0) {
            return Ok(true);
        }
    }
    Ok(false)
}
