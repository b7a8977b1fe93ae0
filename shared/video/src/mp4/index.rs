//! The whole index: `moov` (ISO/IEC 14496-12 §8.2).

use super::boxes::{Boxes, Malformed, be32, be64, find, find_path};
use super::track::{Kind, Track};

/// Tracks that are looked at. Cameras write two to six.
const MAX_TRACKS: usize = 64;

/// What `moov` says.
#[derive(Debug)]
pub(crate) struct Index {
    /// `ftyp`, with its header; empty if there is none.
    pub(crate) brand: Vec<u8>,
    pub(crate) tracks: Vec<Track>,
    pub(crate) n_tracks: u32,
    /// As `mvhd` claims.
    pub(crate) duration_ms: Option<u64>,
    /// Samples are described piece by piece, in `moof` (§8.8).
    pub(crate) is_fragmented: bool,
    /// Content of `udta/chpl`, Nero's list of chapters.
    pub(crate) chpl: Option<Vec<u8>>,
    /// The end of the last sample beyond the end of the file, if there is one.
    pub(crate) beyond: Option<u64>,
}

impl Index {
    /// Reads the content of `moov`.
    pub(crate) fn read(brand: Vec<u8>, moov: &[u8], file_bytes: u64) -> Result<Index, Malformed> {
        if find(moov, b"cmov")?.is_some() {
            return Err(Malformed("its index is compressed, as QuickTime did before 2001"));
        }
        let mvhd = find(moov, b"mvhd")?.ok_or(Malformed("its index has no `mvhd`"))?;
        let short = Malformed("`mvhd` is too short");
        let (timescale, duration) = match mvhd.first() {
            Some(1) => (be32(mvhd, 20).ok_or(short)?, be64(mvhd, 24).filter(|units| *units != u64::MAX)),
            _ => (be32(mvhd, 12).ok_or(short)?, be32(mvhd, 16).filter(|units| *units != u32::MAX).map(u64::from)),
        };
        let to_ms = |units: u64| u64::try_from(u128::from(units) * 1000 / u128::from(timescale.max(1))).ok();
        let is_fragmented = find(moov, b"mvex")?.is_some();
        let (mut tracks, mut n_tracks) = (Vec::new(), 0);
        for found in Boxes::new(moov) {
            let (kind, content) = found?;
            if kind != *b"trak" {
                continue;
            }
            n_tracks += 1;
            match Track::read(content, timescale) {
                Ok(track) if tracks.len() < MAX_TRACKS => tracks.push(track),
                Ok(_) => {}
                // A broken track of subtitles or metadata is none of our business.
                Err(error) if is_wanted(content) => return Err(error),
                Err(_) => {}
            }
        }
        let beyond = if is_fragmented { None } else { beyond(&tracks, file_bytes) };
        let chpl = find_path(moov, &[b"udta", b"chpl"]).ok().flatten().map(<[u8]>::to_vec);
        let duration_ms = duration.filter(|units| *units > 0 && timescale > 0).and_then(to_ms);
        Ok(Index { brand, tracks, n_tracks, duration_ms, is_fragmented, chpl, beyond })
    }

    /// Returns the pictures: the first such track with samples, unless it is a single picture beside sound (a cover).
    pub(crate) fn video(&self) -> Option<&Track> {
        self.tracks
            .iter()
            .find(|track| track.kind == Kind::Video && !track.is_elsewhere && track.tables.sizes.count() > 0)
    }

    /// Returns the sound: the first such track with samples.
    pub(crate) fn audio(&self) -> Option<&Track> {
        self.tracks
            .iter()
            .find(|track| track.kind == Kind::Audio && !track.is_elsewhere && track.tables.sizes.count() > 0)
    }

    /// Returns how long it lasts, in milliseconds: the longest of its pictures and sound, which outlast the header's claim in files
    /// that were cut carelessly.
    pub(crate) fn duration_ms(&self) -> u64 {
        let tracks = self.video().into_iter().chain(self.audio());
        let longest = tracks.map(Track::end_ms).max().unwrap_or(0);
        // An edit list may show less than there is.
        match self.duration_ms {
            Some(claimed) if claimed < longest => claimed,
            _ => longest,
        }
    }
}

fn is_wanted(trak: &[u8]) -> bool {
    let hdlr = find_path(trak, &[b"mdia", b"hdlr"]).ok().flatten().unwrap_or_default();
    matches!(hdlr.get(8..12), Some(b"vide" | b"soun") | None)
}

/// Returns the end of the sample that ends last, if the file does not reach so far.
fn beyond(tracks: &[Track], file_bytes: u64) -> Option<u64> {
    let wanted = tracks.iter().filter(|track| track.kind != Kind::Other && !track.is_elsewhere);
    let mut last = None;
    for track in wanted {
        for run in track.runs() {
            let end = run.range().end;
            if end <= file_bytes || run.size == 0 {
                continue;
            }
            last = last.max(Some(end));
            // One run may claim four thousand million samples; how far beyond the end it reaches needs no more than a few.
            if end - file_bytes > 1 << 40 {
                return last;
            }
        }
    }
    last
}
