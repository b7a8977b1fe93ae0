//! A small file made of chosen samples: its own index first, then the samples one after another, so that it can be read from a pipe.
//! Descriptions, matrix and language are those of the original: whatever the codec is, and however it is turned.

use super::runs::Run;
use super::track::{Kind, Track};

/// Some samples of one track, in the order in which they are to lie.
pub(crate) struct Selection<'a> {
    pub(crate) track: &'a Track,
    pub(crate) runs: Vec<Run>,
}

/// Returns everything before the samples: `ftyp`, `moov` and the header of `mdat`. The runs' ranges follow, track by track.
///
/// `max_chunk` bounds the samples of one chunk in bytes: a reader without a table of sizes takes a chunk at a time.
pub(crate) fn small_file(brand: &[u8], selections: &[Selection<'_>], max_chunk: u64) -> Vec<u8> {
    // Offsets are as wide wherever they point, so the length of the index is known before they are.
    let at = brand.len() as u64 + moov(selections, 0, max_chunk).len() as u64 + 16;
    let mut out = brand.to_vec();
    out.extend(moov(selections, at, max_chunk));
    let samples = selections.iter().flat_map(|selection| &selection.runs).map(bytes_of);
    let total = samples.fold(16_u64, u64::saturating_add);
    out.extend(1_u32.to_be_bytes());
    out.extend(b"mdat");
    out.extend(total.to_be_bytes());
    out
}

fn bytes_of(run: &Run) -> u64 {
    u64::from(run.count) * u64::from(run.size)
}

fn moov(selections: &[Selection<'_>], data_at: u64, max_chunk: u64) -> Vec<u8> {
    let mut content = mvhd(selections.len() as u32 + 1);
    let mut at = data_at;
    for (index, selection) in selections.iter().enumerate() {
        content.extend(trak(selection, index as u32 + 1, at, max_chunk));
        at = selection.runs.iter().map(bytes_of).fold(at, u64::saturating_add);
    }
    named(b"moov", &[content])
}

fn mvhd(next_track: u32) -> Vec<u8> {
    let unity = [0x10000_u32, 0, 0, 0, 0x10000, 0, 0, 0, 0x4000_0000];
    let mut content = words(&[0, 0, 0, 1000, 0, 0x10000, 0x0100_0000, 0, 0]);
    content.extend(words(&unity));
    content.extend(words(&[0; 6]));
    content.extend(words(&[next_track]));
    named(b"mvhd", &[content])
}

fn trak(selection: &Selection<'_>, id: u32, data_at: u64, max_chunk: u64) -> Vec<u8> {
    let track = selection.track;
    let total: u64 =
        selection.runs.iter().map(|run| u64::from(run.count) * u64::from(run.duration)).fold(0, u64::saturating_add);
    let volume = if track.kind == Kind::Audio { 0x0100_0000 } else { 0 };
    // Enabled, in the movie.
    let tkhd = [words(&[3, 0, 0, id, 0, 0, 0, 0, 0, volume]), track.matrix.to_vec(), track.size.to_vec()];
    let mut mdhd = words(&[0x0100_0000, 0, 0, 0, 0, track.timescale]);
    mdhd.extend(total.to_be_bytes());
    mdhd.extend(track.language.to_be_bytes());
    mdhd.extend([0, 0]);
    let (handler, media) = match track.kind {
        Kind::Audio => (b"soun", named(b"smhd", &[words(&[0, 0])])),
        _ => (b"vide", named(b"vmhd", &[words(&[1, 0, 0])])),
    };
    let hdlr = [words(&[0, 0]), handler.to_vec(), words(&[0, 0, 0]), vec![0]];
    let url = named(b"url ", &[words(&[1])]);
    let dinf = named(b"dinf", &[named(b"dref", &[words(&[0, 1]), url])]);
    let minf = named(b"minf", &[media, dinf, stbl(selection, data_at, max_chunk)]);
    let mdia = named(b"mdia", &[named(b"mdhd", &[mdhd]), named(b"hdlr", &hdlr), minf]);
    named(b"trak", &[named(b"tkhd", &tkhd), mdia])
}

fn stbl(selection: &Selection<'_>, data_at: u64, max_chunk: u64) -> Vec<u8> {
    let runs = &selection.runs;
    let mut content = named(b"stsd", std::slice::from_ref(&selection.track.descriptions));
    let durations = grouped(runs.iter().map(|run| (run.count, run.duration)));
    content.extend(table(b"stts", 0, durations.len(), durations.iter().flat_map(|(count, value)| [*count, *value])));
    if runs.iter().any(|run| run.composition != 0) {
        let rows = grouped(runs.iter().map(|run| (run.count, run.composition)));
        // Version 1: offsets have a sign.
        content.extend(table(b"ctts", 1, rows.len(), rows.iter().flat_map(|(count, value)| [*count, *value as u32])));
    }
    if selection.track.kind == Kind::Video && runs.iter().any(|run| !run.is_sync) {
        let mut number: u32 = 1;
        let mut sync = Vec::new();
        for run in runs {
            if run.is_sync {
                sync.extend(number..number.saturating_add(run.count));
            }
            number = number.saturating_add(run.count);
        }
        content.extend(table(b"stss", 0, sync.len(), sync));
    }
    content.extend(stsz(runs));
    let chunks = chunks(runs, max_chunk);
    let rows = chunks.iter().zip(1_u32..).flat_map(|(chunk, number)| [number, chunk.count, chunk.description]);
    content.extend(table(b"stsc", 0, chunks.len(), rows));
    let mut offsets = words(&[0, chunks.len() as u32]);
    let mut at = data_at;
    for chunk in &chunks {
        offsets.extend(at.to_be_bytes());
        at = at.saturating_add(chunk.bytes);
    }
    content.extend(named(b"co64", &[offsets]));
    named(b"stbl", &[content])
}

fn stsz(runs: &[Run]) -> Vec<u8> {
    let total = runs.iter().fold(0_u32, |sum, run| sum.saturating_add(run.count));
    let first = runs.first().map_or(0, |run| run.size);
    if first > 0 && runs.iter().all(|run| run.size == first) {
        return named(b"stsz", &[words(&[0, first, total])]);
    }
    let sizes = runs.iter().flat_map(|run| std::iter::repeat_n(run.size, run.count as usize));
    let mut content = words(&[0, 0, total]);
    content.extend(sizes.flat_map(u32::to_be_bytes));
    named(b"stsz", &[content])
}

struct Chunk {
    count: u32,
    bytes: u64,
    description: u32,
}

/// Gathers runs into chunks: of one description, and no longer than the limit where the runs allow it.
fn chunks(runs: &[Run], max_chunk: u64) -> Vec<Chunk> {
    let mut chunks: Vec<Chunk> = Vec::new();
    for run in runs {
        let bytes = bytes_of(run);
        match chunks.last_mut() {
            Some(last) if last.description == run.description && last.bytes.saturating_add(bytes) <= max_chunk => {
                last.count += run.count;
                last.bytes += bytes;
            }
            _ => chunks.push(Chunk { count: run.count, bytes, description: run.description }),
        }
    }
    chunks
}

/// Counts equal values that follow one another.
fn grouped<T: PartialEq>(values: impl Iterator<Item = (u32, T)>) -> Vec<(u32, T)> {
    let mut rows: Vec<(u32, T)> = Vec::new();
    for (count, value) in values {
        match rows.last_mut() {
            Some((sum, last)) if *last == value && sum.checked_add(count).is_some() => *sum += count,
            _ => rows.push((count, value)),
        }
    }
    rows
}

fn table(name: &[u8; 4], version: u32, n_rows: usize, cells: impl IntoIterator<Item = u32>) -> Vec<u8> {
    let mut content = words(&[version << 24, n_rows as u32]);
    content.extend(cells.into_iter().flat_map(u32::to_be_bytes));
    named(name, &[content])
}

fn words(values: &[u32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_be_bytes()).collect()
}

fn named(kind: &[u8; 4], parts: &[Vec<u8>]) -> Vec<u8> {
    let length: usize = parts.iter().map(Vec::len).sum();
    let mut out = Vec::with_capacity(length + 8);
    // Our own indexes are far below 4 GiB: they are made from one that is below `max_index_bytes`.
    out.extend((length as u32 + 8).to_be_bytes());
    out.extend(kind);
    parts.iter().for_each(|part| out.extend(part));
    out
}
