//! From rows of blocks to planes.

use super::header::Frame;
use super::idct::{Edge, Factors, transform};
use super::scan::Blocks;
use crate::planar::{Planar, Plane, Sampling};

/// One component: its plane in the making, and a strip as tall and wide as whole MCUs are.
struct Part {
    factors: Factors,
    /// Blocks in an MCU.
    columns: usize,
    rows: usize,
    plane: Plane,
    /// The next row of the plane.
    at: usize,
    strip: Vec<u8>,
    stride: usize,
}

pub(super) struct Strips {
    edge: Edge,
    mcus: usize,
    parts: Vec<Part>,
    sampling: Sampling,
}

impl Strips {
    pub(super) fn new(frame: &Frame, edge: Edge) -> Self {
        let (mcus, _) = frame.mcus();
        let most = frame.components.first().map_or((1, 1), |luma| (luma.columns, luma.rows));
        let parts = frame.components.iter().map(|component| {
            // What of the picture's edge this component samples, and then what remains of it.
            let length = |full: usize, own: usize, most: usize| edge.scaled((full * own).div_ceil(most));
            let width = length(frame.width, component.columns, most.0);
            let height = length(frame.height, component.rows, most.1);
            let stride = mcus * component.columns * edge.samples();
            Part {
                factors: Factors::new(&component.steps, edge),
                columns: component.columns,
                rows: component.rows,
                plane: Plane::new(width as u32, height as u32),
                at: 0,
                strip: vec![0; stride * component.rows * edge.samples()],
                stride,
            }
        });
        let sampling = Sampling { x: most.0 as u32, y: most.1 as u32 };
        Strips { edge, mcus, parts: parts.collect(), sampling }
    }

    /// Takes the next row of MCUs.
    pub(super) fn add(&mut self, blocks: &Blocks) {
        let mut blocks = blocks.iter();
        let samples = self.edge.samples();
        for mcu in 0..self.mcus {
            for part in &mut self.parts {
                for row in 0..part.rows {
                    for column in 0..part.columns {
                        let Some((block, flat)) = blocks.next() else { return };
                        let at = row * samples * part.stride + (mcu * part.columns + column) * samples;
                        transform(block, flat, &part.factors, self.edge, &mut part.strip[at..], part.stride);
                    }
                }
            }
        }
        self.parts.iter_mut().for_each(Part::keep);
    }

    pub(super) fn finish(self) -> Planar {
        let mut planes = self.parts.into_iter().map(|part| part.plane);
        let luma = planes.next().unwrap_or_else(|| Plane::new(0, 0));
        Planar { luma, chroma: planes.next().zip(planes.next()).map(Into::into), sampling: self.sampling }
    }
}

impl Part {
    /// Copies the strip's rows to the plane, without the padding of the last blocks.
    fn keep(&mut self) {
        let width = self.plane.width as usize;
        let left = self.plane.data.get_mut(self.at * width..).unwrap_or_default();
        for (to, from) in left.chunks_exact_mut(width).zip(self.strip.chunks_exact(self.stride)) {
            to.copy_from_slice(&from[..width]);
        }
        self.at += self.strip.len() / self.stride;
    }
}
