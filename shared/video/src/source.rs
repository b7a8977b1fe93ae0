//! Where the bytes of a recording come from: by range, from wherever.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

/// A file that can be read by ranges. Whoever implements it sets its own time limits: a read that never ends is not interrupted.
pub trait Source: Send {
    /// Returns the length of the file.
    fn bytes(&self) -> u64;

    /// Reads exactly this range, which lies within the file.
    ///
    /// # Errors
    /// Whatever keeps it from doing so; fewer bytes are `UnexpectedEof`.
    fn read_at(&mut self, range: Range<u64>) -> io::Result<Vec<u8>>;

    /// Reads several ranges, in order. A source with a way to go, such as an object store, reads them side by side; a call asks for
    /// a few megabytes at most.
    ///
    /// # Errors
    /// As `read_at`.
    fn read_many(&mut self, ranges: &[Range<u64>]) -> io::Result<Vec<Vec<u8>>> {
        ranges.iter().map(|range| self.read_at(range.clone())).collect()
    }
}

/// A file on a disk.
#[derive(Debug)]
pub struct FileSource {
    file: File,
    bytes: u64,
}

impl FileSource {
    /// Takes an open file.
    ///
    /// # Errors
    /// If its length cannot be told.
    pub fn new(file: File) -> io::Result<FileSource> {
        let bytes = file.metadata()?.len();
        Ok(FileSource { file, bytes })
    }
}

impl Source for FileSource {
    fn bytes(&self) -> u64 {
        self.bytes
    }

    fn read_at(&mut self, range: Range<u64>) -> io::Result<Vec<u8>> {
        let length = usize::try_from(range.end.saturating_sub(range.start)).map_err(io::Error::other)?;
        let mut bytes = vec![0; length];
        self.file.read_exact_at(&mut bytes, range.start)?;
        Ok(bytes)
    }
}

/// Bytes in memory.
impl Source for Vec<u8> {
    fn bytes(&self) -> u64 {
        self.len() as u64
    }

    fn read_at(&mut self, range: Range<u64>) -> io::Result<Vec<u8>> {
        let to_index = |at: u64| usize::try_from(at).map_err(io::Error::other);
        let found = self.get(to_index(range.start)?..to_index(range.end)?);
        found.map(<[u8]>::to_vec).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}

/// Counts what is read from another source: for tests and measurements.
#[derive(Debug)]
pub struct CountingSource<S> {
    pub inner: S,
    pub n_reads: u64,
    pub n_bytes: u64,
}

impl<S: Source> CountingSource<S> {
    pub fn new(inner: S) -> Self {
        CountingSource { inner, n_reads: 0, n_bytes: 0 }
    }
}

impl<S: Source> Source for CountingSource<S> {
    fn bytes(&self) -> u64 {
        self.inner.bytes()
    }

    fn read_at(&mut self, range: Range<u64>) -> io::Result<Vec<u8>> {
        self.n_reads += 1;
        self.n_bytes += range.end.saturating_sub(range.start);
        self.inner.read_at(range)
    }
}
