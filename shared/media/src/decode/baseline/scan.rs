//! The entropy-coded part: read on one thread, while another makes samples of what was read.

use std::sync::mpsc::{channel, sync_channel};

use super::bits::Bits;
use super::header::Frame;
use super::idct::Edge;
use crate::zigzag::TRANSPOSED;

/// Rows of MCUs on their way between the threads.
const IN_FLIGHT: usize = 4;

/// Smaller pictures are not worth a thread, in MCUs.
const WORTH_A_THREAD: usize = 256;

/// The blocks of one row of MCUs, in the order of the file.
pub(super) struct Blocks {
    edge: usize,
    coefficients: Vec<i16>,
    flat: Vec<bool>,
}

impl Blocks {
    fn new(count: usize, edge: Edge) -> Self {
        let edge = edge.samples();
        Blocks { edge, coefficients: vec![0; count * edge * edge], flat: vec![false; count] }
    }

    /// Keeps what the transform will look at.
    #[inline(always)]
    fn set(&mut self, index: usize, block: &[i16; 64], flat: bool) {
        let edge = self.edge;
        self.flat[index] = flat;
        let kept = &mut self.coefficients[index * edge * edge..(index + 1) * edge * edge];
        if flat {
            kept[0] = block[0];
        } else if let (Some(kept), 4) = (kept.first_chunk_mut::<16>(), edge) {
            // Spelled out for the most frequent size, so that it takes four moves.
            for (kept, column) in kept.as_chunks_mut::<4>().0.iter_mut().zip(block.as_chunks::<8>().0) {
                *kept = [column[0], column[1], column[2], column[3]];
            }
        } else {
            for (kept, column) in kept.chunks_exact_mut(edge).zip(block.chunks_exact(8)) {
                kept.copy_from_slice(&column[..edge]);
            }
        }
    }

    /// Returns each block, and whether it has no coefficient but the first.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&[i16], bool)> {
        self.coefficients.chunks_exact(self.edge * self.edge).zip(self.flat.iter().copied())
    }
}

/// Reads the whole scan and gives `each` its rows of MCUs, from the top. `None` if the data are not exactly one scan.
pub(super) fn read(frame: &Frame, edge: Edge, mut each: impl FnMut(&Blocks) + Send) -> Option<()> {
    let (columns, rows) = frame.mcus();
    let count = columns * frame.components.iter().map(|component| component.columns * component.rows).sum::<usize>();
    let mut reader = Reader::new(frame);
    if columns * rows < WORTH_A_THREAD {
        let mut blocks = Blocks::new(count, edge);
        for _ in 0..rows {
            reader.row(columns, &mut blocks)?;
            each(&blocks);
        }
        return reader.ends().then_some(());
    }
    std::thread::scope(|scope| {
        let (full, work) = sync_channel::<Blocks>(IN_FLIGHT);
        let (used, empty) = channel::<Blocks>();
        for _ in 0..IN_FLIGHT.min(rows) {
            used.send(Blocks::new(count, edge)).ok()?;
        }
        scope.spawn(move || {
            for blocks in work {
                each(&blocks);
                // At the end nobody takes them back.
                let _ = used.send(blocks);
            }
        });
        for _ in 0..rows {
            let mut blocks = empty.recv().ok()?;
            reader.row(columns, &mut blocks)?;
            full.send(blocks).ok()?;
        }
        reader.ends().then_some(())
    })
}

struct Reader<'a> {
    frame: &'a Frame<'a>,
    bits: Bits<'a>,
    /// The last first coefficient of each component.
    predictions: [i16; 3],
    /// MCUs until the next restart marker.
    left: usize,
    restarts: u8,
}

impl<'a> Reader<'a> {
    fn new(frame: &'a Frame) -> Self {
        Reader { frame, bits: Bits::new(frame.data), predictions: [0; 3], left: frame.interval, restarts: 0 }
    }

    fn row(&mut self, columns: usize, blocks: &mut Blocks) -> Option<()> {
        let frame = self.frame;
        let mut index = 0;
        for _ in 0..columns {
            self.restart()?;
            for (component, prediction) in frame.components.iter().zip(&mut self.predictions) {
                let dc = frame.dc[component.dc].as_ref()?;
                let ac = frame.ac[component.ac].as_ref()?;
                for _ in 0..component.columns * component.rows {
                    let mut block = [0; 64];
                    *prediction = prediction.wrapping_add(self.bits.difference(dc)?);
                    block[0] = *prediction;
                    let flat = !self.bits.coefficients(ac, &TRANSPOSED, &mut block)?;
                    blocks.set(index, &block, flat);
                    index += 1;
                }
            }
        }
        Some(())
    }

    fn restart(&mut self) -> Option<()> {
        if self.frame.interval > 0 {
            if self.left == 0 {
                self.bits.restart(self.restarts)?;
                self.restarts = (self.restarts + 1) % 8;
                self.predictions = [0; 3];
                self.left = self.frame.interval;
            }
            self.left -= 1;
        }
        Some(())
    }

    fn ends(&mut self) -> bool {
        self.bits.ends()
    }
}
