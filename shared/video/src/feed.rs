//! What goes into a child's standard input: bytes of our own, and ranges of the source, read as they are needed.

use crate::source::Source;
use std::io::{self, BufWriter, Write};
use std::ops::Range;

/// Bytes of one read, and of all reads that are asked for at a time.
const BLOCK_BYTES: u64 = 1 << 20;
const BATCH_BYTES: u64 = 4 << 20;
const BATCH_READS: usize = 32;

/// One stretch of input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Bytes(Vec<u8>),
    Range(Range<u64>),
}

/// All of a child's input, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Feed {
    parts: Vec<Part>,
    /// Ranges at most so far apart are read as one.
    max_gap: u64,
}

/// One read, and what of it is wanted.
struct Read {
    range: Range<u64>,
    wanted: Vec<Range<u64>>,
}

impl Feed {
    pub(crate) fn new(max_gap: u64) -> Feed {
        Feed { parts: Vec::new(), max_gap }
    }

    /// The first bytes of a source, as they are.
    pub(crate) fn start(n_bytes: u64) -> Feed {
        let mut feed = Feed::new(0);
        feed.range(0..n_bytes);
        feed
    }

    pub(crate) fn bytes(&mut self, bytes: Vec<u8>) {
        self.parts.push(Part::Bytes(bytes));
    }

    pub(crate) fn range(&mut self, range: Range<u64>) {
        if range.is_empty() {
            return;
        }
        match self.parts.last_mut() {
            Some(Part::Range(last)) if last.end == range.start => last.end = range.end,
            _ => self.parts.push(Part::Range(range)),
        }
    }

    /// Writes everything; stops without an error as soon as the other side has enough.
    pub(crate) fn write_to(self, source: &mut dyn Source, out: impl Write) -> io::Result<()> {
        // Samples of sound are a few hundred bytes: they go through the pipe by its fill.
        let mut out = BufWriter::with_capacity(64 << 10, out);
        let max_gap = self.max_gap;
        let mut parts = self.parts.into_iter().peekable();
        loop {
            let mut ranges = Vec::new();
            while let Some(Part::Range(range)) = parts.next_if(|part| matches!(part, Part::Range(_))) {
                ranges.push(range);
            }
            if !ranges.is_empty() && !copy(source, ranges, max_gap, &mut out)? {
                return Ok(());
            }
            match parts.next() {
                Some(Part::Bytes(bytes)) if !write(&mut out, &bytes)? => return Ok(()),
                Some(_) => {}
                None => return heard(out.flush()).map(drop),
            }
        }
    }
}

fn copy(source: &mut dyn Source, ranges: Vec<Range<u64>>, max_gap: u64, out: &mut impl Write) -> io::Result<bool> {
    let mut reads = Reads { ranges: ranges.into_iter(), cut: None, max_gap }.peekable();
    while reads.peek().is_some() {
        let mut batch: Vec<Read> = Vec::new();
        let mut n_bytes = 0;
        while let Some(read) = reads.next_if(|read| {
            let length = read.range.end - read.range.start;
            batch.is_empty() || (batch.len() < BATCH_READS && n_bytes + length <= BATCH_BYTES)
        }) {
            n_bytes += read.range.end - read.range.start;
            batch.push(read);
        }
        let ranges: Vec<Range<u64>> = batch.iter().map(|read| read.range.clone()).collect();
        let blocks = source.read_many(&ranges)?;
        for (index, read) in batch.iter().enumerate() {
            let block = blocks.get(index).map_or(&[][..], Vec::as_slice);
            for wanted in &read.wanted {
                let from = (wanted.start - read.range.start) as usize;
                let to = (wanted.end - read.range.start) as usize;
                let bytes = block.get(from..to).ok_or(io::ErrorKind::UnexpectedEof)?;
                if !write(out, bytes)? {
                    return Ok(false);
                }
            }
        }
    }
    Ok(true)
}

/// Joins neighbours and cuts what is long.
struct Reads {
    ranges: std::vec::IntoIter<Range<u64>>,
    /// What is left of a range that was cut.
    cut: Option<Range<u64>>,
    max_gap: u64,
}

impl Iterator for Reads {
    type Item = Read;

    fn next(&mut self) -> Option<Read> {
        let take = |this: &mut Self| this.cut.take().or_else(|| this.ranges.next());
        let first = take(self)?;
        let mut read = Read { range: first.start..first.start, wanted: Vec::new() };
        let mut next = Some(first);
        while let Some(range) = next {
            let is_near = range.start >= read.range.end && range.start - read.range.end <= self.max_gap;
            let is_first = read.wanted.is_empty();
            let limit = read.range.start.saturating_add(BLOCK_BYTES);
            if !is_first && (!is_near || range.start >= limit) {
                self.cut = Some(range);
                break;
            }
            let end = range.end.min(limit);
            read.wanted.push(range.start..end);
            read.range.end = end;
            if end < range.end {
                self.cut = Some(end..range.end);
                break;
            }
            next = take(self);
        }
        Some(read)
    }
}

/// Returns whether the other side still listens.
fn write(out: &mut impl Write, bytes: &[u8]) -> io::Result<bool> {
    heard(out.write_all(bytes))
}

fn heard(written: io::Result<()>) -> io::Result<bool> {
    match written {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::CountingSource;

    fn fed(ranges: &[Range<u64>], max_gap: u64) -> (Vec<u8>, u64) {
        let source: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
        let mut expected = Vec::new();
        let mut feed = Feed::new(max_gap);
        for range in ranges {
            expected.extend_from_slice(&source[range.start as usize..range.end as usize]);
            feed.range(range.clone());
        }
        let mut counting = CountingSource::new(source);
        let mut out = Vec::new();
        feed.write_to(&mut counting, &mut out).expect("reads");
        assert!(out == expected, "other bytes than asked for");
        (out, counting.n_reads)
    }

    #[test]
    fn neighbours_are_read_as_one() {
        assert_eq!(fed(&[0..10, 20..30, 40..50], 10).1, 1);
        assert_eq!(fed(&[0..10, 20..30, 41..50], 10).1, 2);
        assert_eq!(fed(&[40..50, 0..10], 100).1, 2);
    }

    #[test]
    fn what_is_long_is_read_in_blocks() {
        assert_eq!(fed(std::slice::from_ref(&(5..2_999_999)), 0).1, 3);
        assert_eq!(fed(&[0..2_000_000, 2_000_010..2_500_000, 1..2], 64).1, 4);
    }
}
