//! Forward DCT and quantization: Arai, Agui and Nakajima's way, whose factors are folded into the quantization steps (as
//! libjpeg's float transform has it).

use crate::lanes::{Lanes, transpose};

/// What a transformed coefficient is multiplied by, by columns.
pub(super) struct Factors([Lanes<8>; 8]);

impl Factors {
    /// `steps` by columns.
    pub(super) fn new(steps: &[u8; 64]) -> Self {
        use std::f64::consts::{FRAC_1_SQRT_2, PI};
        let scale = |index: usize| if index == 0 { 1.0 } else { (index as f64 * PI / 16.0).cos() / FRAC_1_SQRT_2 };
        Factors(std::array::from_fn(|column| {
            Lanes(std::array::from_fn(|row| {
                (1.0 / (f64::from(steps[column * 8 + row]) * scale(column) * scale(row) * 8.0)) as f32
            }))
        }))
    }
}

/// Returns the quantized coefficients of the block at the start of `samples`, by columns.
#[inline(always)]
pub(super) fn transform(samples: &[u8], stride: usize, factors: &Factors) -> [i16; 64] {
    let rows = std::array::from_fn(|row| {
        let line = &samples[row * stride..row * stride + 8];
        Lanes(std::array::from_fn(|column| f32::from(line[column]) - 128.0))
    });
    let columns = forward(transpose(forward(rows)));
    let mut block = [0; 64];
    for (out, (column, factors)) in block.as_chunks_mut::<8>().0.iter_mut().zip(columns.iter().zip(&factors.0)) {
        *out = (*column * *factors).round().map(|value| value as i16);
    }
    block
}

#[inline(always)]
fn forward([a, b, c, d, e, f, g, h]: [Lanes<8>; 8]) -> [Lanes<8>; 8] {
    use std::f32::consts::FRAC_1_SQRT_2;
    let (sum0, sum1, sum2, sum3) = (a + h, b + g, c + f, d + e);
    let (odd0, odd1, odd2, odd3) = (a - h, b - g, c - f, d - e);
    // Even part.
    let (outer, inner) = (sum0 + sum3, sum1 + sum2);
    let (high, low) = (sum0 - sum3, sum1 - sum2);
    let turned = (low + high) * FRAC_1_SQRT_2;
    // Odd part.
    let (first, middle, last) = (odd3 + odd2, odd2 + odd1, odd1 + odd0);
    let z5 = (first - last) * 0.382_683_43;
    let z2 = first * 0.541_196_1 + z5;
    let z4 = last * 1.306_563 + z5;
    let z3 = middle * FRAC_1_SQRT_2;
    let (z11, z13) = (odd0 + z3, odd0 - z3);
    [outer + inner, z11 + z4, high + turned, z13 - z2, outer - inner, z13 + z2, high - turned, z11 - z4]
}
