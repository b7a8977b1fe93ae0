//! Samples in the order of decoding, by runs: neighbours in the file that are alike are one.

use super::tables::{Sizes, Tables};
use std::ops::Range;

/// Samples that lie side by side and are alike; one, unless all samples of the track have the same size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    /// Number of the first sample, from 0.
    pub(crate) first: u32,
    pub(crate) count: u32,
    /// Offset in the file.
    pub(crate) offset: u64,
    /// Bytes of each sample.
    pub(crate) size: u32,
    /// When the first is decoded, in units of the track.
    pub(crate) decoded: u64,
    /// Units that each lasts.
    pub(crate) duration: u32,
    /// Units from decoding to showing.
    pub(crate) composition: i32,
    /// Which description, from 1.
    pub(crate) description: u32,
    /// Whether it needs no other sample.
    pub(crate) is_sync: bool,
}

impl Run {
    /// Returns the bytes in the file.
    pub(crate) fn range(&self) -> Range<u64> {
        self.offset..self.offset.saturating_add(u64::from(self.count) * u64::from(self.size))
    }

    /// Returns when the last sample ends, in units of the track.
    pub(crate) fn end(&self) -> u64 {
        self.decoded.saturating_add(u64::from(self.count) * u64::from(self.duration))
    }

    /// Returns `count` samples of it, without the first `skip`; `None` if that is nothing.
    pub(crate) fn slice(&self, skip: u32, count: u32) -> Option<Run> {
        let count = self.count.checked_sub(skip)?.min(count);
        (count > 0).then(|| Run {
            first: self.first + skip,
            count,
            offset: self.offset.saturating_add(u64::from(skip) * u64::from(self.size)),
            decoded: self.decoded.saturating_add(u64::from(skip) * u64::from(self.duration)),
            ..*self
        })
    }
}

/// The walk over all tables of a track at once. It ends where the first of them does, and takes no longer than they are.
pub(crate) struct Runs<'a> {
    tables: &'a Tables,
    sample: u32,
    decoded: u64,
    /// Chunk (from 0), row of `stsc`, samples left in the chunk, offset of the next one.
    chunk: usize,
    row: usize,
    left: u32,
    offset: u64,
    durations: Cursor,
    compositions: Cursor,
    sync: usize,
}

/// A place in a table of (count, value).
#[derive(Default)]
struct Cursor {
    row: usize,
    used: u32,
}

impl Cursor {
    /// Returns how many samples have the present value, and the value. The last value holds for all that follow.
    fn look<T: Copy + Default>(&mut self, rows: &[(u32, T)]) -> (u32, T) {
        while rows.get(self.row).is_some_and(|(count, _)| *count <= self.used) {
            self.row += 1;
            self.used = 0;
        }
        match rows.get(self.row) {
            Some((count, value)) => (count - self.used, *value),
            None => (u32::MAX, rows.last().map(|(_, value)| *value).unwrap_or_default()),
        }
    }

    fn take(&mut self, n: u32) {
        self.used = self.used.saturating_add(n);
    }
}

impl<'a> Runs<'a> {
    pub(crate) fn new(tables: &'a Tables) -> Self {
        let (durations, compositions) = (Cursor::default(), Cursor::default());
        Runs { tables, sample: 0, decoded: 0, chunk: 0, row: 0, left: 0, offset: 0, durations, compositions, sync: 0 }
    }

    /// Enters the next chunk that has samples.
    fn enter(&mut self) -> Option<()> {
        let rows = &self.tables.samples_in_chunks;
        while self.left == 0 {
            let offset = *self.tables.chunks.get(self.chunk)?;
            self.chunk += 1;
            while rows.get(self.row + 1).is_some_and(|next| next.0 as usize <= self.chunk) {
                self.row += 1;
            }
            self.left = rows.get(self.row)?.1;
            self.offset = offset;
        }
        Some(())
    }

    fn is_sync(&mut self, number: u32) -> bool {
        let Some(sync) = &self.tables.sync else { return true };
        while sync.get(self.sync).is_some_and(|known| *known < number) {
            self.sync += 1;
        }
        sync.get(self.sync) == Some(&number)
    }
}

impl Iterator for Runs<'_> {
    type Item = Run;

    fn next(&mut self) -> Option<Run> {
        let remaining = self.tables.sizes.count().checked_sub(self.sample).filter(|left| *left > 0)?;
        self.enter()?;
        let (n_durations, duration) = self.durations.look(&self.tables.durations);
        let (n_compositions, composition) = self.compositions.look(&self.tables.compositions);
        let (size, count) = match &self.tables.sizes {
            Sizes::Same { size, .. } if self.tables.sync.is_none() => {
                (*size, remaining.min(self.left).min(n_durations).min(n_compositions))
            }
            Sizes::Same { size, .. } => (*size, 1),
            Sizes::Each(sizes) => (*sizes.get(self.sample as usize)?, 1),
        };
        let run = Run {
            first: self.sample,
            count,
            offset: self.offset,
            size,
            decoded: self.decoded,
            duration,
            composition,
            description: self.tables.samples_in_chunks.get(self.row)?.2,
            is_sync: self.is_sync(self.sample.saturating_add(1)),
        };
        self.durations.take(count);
        self.compositions.take(count);
        self.sample += count;
        self.left -= count;
        self.decoded = run.end();
        self.offset = run.range().end;
        Some(run)
    }
}
