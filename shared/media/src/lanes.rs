//! Several numbers side by side: arithmetic on arrays, which compilers turn into vector instructions of any machine without
//! `unsafe`. Only sums, differences and products in a fixed order, so results are the same on every machine.

use std::ops::{Add, Mul, Sub};

/// Adding it to a float of modest size leaves the nearest integer in the lowest bits of the sum: rounding which vectorises.
const ROUNDER: f32 = 12_582_912.0;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Lanes<const N: usize>(pub(crate) [f32; N]);

impl<const N: usize> Lanes<N> {
    /// Rounds to the nearest integers. Values must lie between -2²² and 2²².
    #[inline(always)]
    pub(crate) fn round(self) -> [i32; N] {
        self.0.map(|value| ((value + ROUNDER).to_bits() as i32).wrapping_sub(ROUNDER.to_bits() as i32))
    }

    /// Rounds to bytes; what lies outside becomes the nearest byte.
    #[inline(always)]
    pub(crate) fn to_bytes(self) -> [u8; N] {
        Lanes(self.0.map(|value| value.clamp(0.0, 255.0))).round().map(|value| value as u8)
    }
}

impl<const N: usize> Add for Lanes<N> {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Lanes(std::array::from_fn(|lane| self.0[lane] + other.0[lane]))
    }
}

impl<const N: usize> Sub for Lanes<N> {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Lanes(std::array::from_fn(|lane| self.0[lane] - other.0[lane]))
    }
}

impl<const N: usize> Mul for Lanes<N> {
    type Output = Self;

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Lanes(std::array::from_fn(|lane| self.0[lane] * other.0[lane]))
    }
}

impl<const N: usize> Mul<f32> for Lanes<N> {
    type Output = Self;

    #[inline(always)]
    fn mul(self, factor: f32) -> Self {
        Lanes(self.0.map(|value| value * factor))
    }
}

/// Makes columns of rows.
#[inline(always)]
pub(crate) fn transpose<const N: usize>(rows: [Lanes<N>; N]) -> [Lanes<N>; N] {
    std::array::from_fn(|column| Lanes(std::array::from_fn(|row| rows[row].0[column])))
}
