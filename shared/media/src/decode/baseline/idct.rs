//! Inverse DCT to 8, 4, 2 or 1 samples an edge: the smaller ones leave out the frequencies that nobody will see.
//!
//! Eight points are Arai, Agui and Nakajima's way, whose factors are folded into the quantization steps (as libjpeg's float
//! transform has it); four points follow from the definition.

use crate::lanes::{Lanes, transpose};

/// How large a block becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edge {
    Eight,
    Four,
    Two,
    One,
}

impl Edge {
    pub(super) fn samples(self) -> usize {
        match self {
            Edge::Eight => 8,
            Edge::Four => 4,
            Edge::Two => 2,
            Edge::One => 1,
        }
    }

    /// Returns how many samples remain of `length`.
    pub(super) fn scaled(self, length: usize) -> usize {
        (length * self.samples()).div_ceil(8)
    }
}

/// What a coefficient is multiplied by before the transform.
pub(super) struct Factors([[f32; 8]; 8]);

impl Factors {
    /// `steps` by columns.
    pub(super) fn new(steps: &[u16; 64], edge: Edge) -> Self {
        use std::f64::consts::{FRAC_1_SQRT_2, PI};
        let scale = |index: usize| match (edge, index) {
            (Edge::Eight, 1..) => (index as f64 * PI / 16.0).cos() / FRAC_1_SQRT_2,
            _ => 1.0,
        };
        Factors(std::array::from_fn(|column| {
            std::array::from_fn(|row| (f64::from(steps[column * 8 + row]) * scale(column) * scale(row) / 8.0) as f32)
        }))
    }
}

/// Transforms the lowest frequencies of a block, given by columns, to rows of samples `stride` apart. A `flat` block has no
/// coefficient but the first.
pub(super) fn transform(block: &[i16], flat: bool, factors: &Factors, edge: Edge, out: &mut [u8], stride: usize) {
    let first = |block: &[i16]| f32::from(block[0]) * factors.0[0][0] + 128.0;
    match edge {
        _ if flat || edge == Edge::One => {
            let [value] = Lanes([first(block)]).to_bytes();
            let samples = edge.samples();
            out.chunks_mut(stride).take(samples).for_each(|row| row[..samples].fill(value));
        }
        Edge::Eight => store(eight(transpose(eight(columns(block, factors)))), out, stride),
        Edge::Four => store(four(transpose(four(columns(block, factors)))), out, stride),
        Edge::Two | Edge::One => {
            let [Lanes([middle, down]), Lanes([across, both])] = columns(block, factors);
            let rows = [
                [middle + across + down + both, middle - across + down - both],
                [middle + across - down - both, middle - across - down + both],
            ];
            store(rows.map(Lanes), out, stride);
        }
    }
}

#[inline(always)]
fn store<const N: usize>(rows: [Lanes<N>; N], out: &mut [u8], stride: usize) {
    for (row, line) in rows.iter().zip(out.chunks_mut(stride)) {
        line[..N].copy_from_slice(&row.to_bytes());
    }
}

/// Scales N × N coefficients, a column of them in each element, and adds the middle grey.
#[inline(always)]
fn columns<const N: usize>(block: &[i16], factors: &Factors) -> [Lanes<N>; N] {
    let listed = &block.as_chunks::<N>().0[..N];
    let mut columns: [Lanes<N>; N] = std::array::from_fn(|column| {
        Lanes(std::array::from_fn(|row| f32::from(listed[column][row]) * factors.0[column][row]))
    });
    columns[0].0[0] += 128.0;
    columns
}

/// √2 times the cosines of π/8 and 3π/8.
const NEAR: f32 = 1.306_562_9;
const FAR: f32 = 0.541_196_1;

#[inline(always)]
fn four([a, b, c, d]: [Lanes<4>; 4]) -> [Lanes<4>; 4] {
    let (sum, difference) = (a + c, a - c);
    let (outer, inner) = (b * NEAR + d * FAR, b * FAR - d * NEAR);
    [sum + outer, difference + inner, difference - inner, sum - outer]
}

#[inline(always)]
fn eight([a, b, c, d, e, f, g, h]: [Lanes<8>; 8]) -> [Lanes<8>; 8] {
    // Even part.
    let (sum, difference) = (a + e, a - e);
    let pair = c + g;
    let turned = (c - g) * std::f32::consts::SQRT_2 - pair;
    let (even0, even3, even1, even2) = (sum + pair, sum - pair, difference + turned, difference - turned);
    // Odd part.
    let (z13, z10, z11, z12) = (f + d, f - d, b + h, b - h);
    let odd7 = z11 + z13;
    let z5 = (z10 + z12) * 1.847_759;
    let odd6 = z5 - z10 * 2.613_126 - odd7;
    let odd5 = (z11 - z13) * std::f32::consts::SQRT_2 - odd6;
    let odd4 = z5 - z12 * 1.082_392_2 - odd5;
    [even0 + odd7, even1 + odd6, even2 + odd5, even3 + odd4, even3 - odd4, even2 - odd5, even1 - odd6, even0 - odd7]
}
