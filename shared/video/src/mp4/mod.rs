//! The index of an MP4 or QuickTime file, read by ranges, and small files made of chosen samples (ISO/IEC 14496-12).
//!
//! Everything in the index is a stranger's claim. Tables are bounded by their boxes and the index by a limit, so what is allocated
//! is no larger than what was read; all arithmetic on claims is checked, or saturates where only an order matters.

mod boxes;
mod chapters;
mod index;
mod layout;
mod runs;
mod tables;
mod track;
mod write;

pub(crate) use chapters::chapters;
pub(crate) use index::Index;
pub(crate) use layout::Layout;
pub(crate) use runs::Run;
pub(crate) use track::Track;
pub(crate) use write::{Selection, small_file};

/// For fuzzing and property tests: reads an index as `moov`, walks it, and writes it again.
#[doc(hidden)]
pub fn exercise(moov: &[u8], file_bytes: u64) -> Result<u64, String> {
    let index = Index::read(Vec::new(), moov, file_bytes).map_err(|error| error.to_string())?;
    let mut n_runs = 0;
    for track in &index.tracks {
        let runs: Vec<Run> = track.runs().take(100_000).collect();
        n_runs += runs.len() as u64;
        small_file(&index.brand, &[Selection { track, runs }], 1 << 16);
    }
    Ok(n_runs)
}
