//! The spectrogram that Whisper hears: powers of 80 bands in steps of 10 ms, as logarithms, computed as OpenAI's own code does.

use super::network::MELS;
use rustfft::num_complex::Complex32;
use rustfft::{Fft, FftPlanner};
use std::f64::consts::TAU;
use std::sync::Arc;

/// Samples a second.
pub(crate) const RATE: usize = 16_000;

/// Samples between two frames, and frames a second.
pub(super) const HOP: usize = 160;
pub(super) const FRAMES_PER_S: usize = RATE / HOP;

/// Samples that a frame looks at, and frequencies that come of them.
const WINDOW: usize = 400;
const N_FREQUENCIES: usize = WINDOW / 2 + 1;

/// What is less than the loudest by more than this (in powers of ten) counts as silence.
const RANGE: f32 = 8.0;

/// A recording's spectrogram.
pub(super) struct Mel {
    /// `MELS` numbers for each frame.
    frames: Vec<[f32; MELS]>,
    /// What silence is.
    floor: f32,
}

impl Mel {
    /// Computes the spectrogram of samples at `RATE`.
    pub fn of(samples: &[f32]) -> Self {
        let transform = Transform::new();
        // Two more than begin within the recording: they still hear its end.
        let n_frames = samples.len() / HOP + 2;
        let mut frames: Vec<[f32; MELS]> = (0..n_frames).map(|frame| transform.frame(samples, frame)).collect();
        let loudest = frames.iter().flatten().copied().fold(f32::NEG_INFINITY, f32::max);
        let normal = |value: f32| (value.max(loudest - RANGE) + 4.0) / 4.0;
        frames.iter_mut().flatten().for_each(|value| *value = normal(*value));
        Mel { frames, floor: normal(f32::NEG_INFINITY) }
    }

    /// Returns `size` frames from one on, as rows of bins; only `length` of them are heard, the others are silent.
    pub fn window(&self, from: usize, length: usize, size: usize) -> Vec<f32> {
        let mut rows = vec![self.floor; MELS * size];
        for (at, frame) in self.frames.iter().skip(from).take(length.min(size)).enumerate() {
            for (bin, value) in frame.iter().enumerate() {
                rows[bin * size + at] = *value;
            }
        }
        rows
    }
}

struct Transform {
    fft: Arc<dyn Fft<f32>>,
    window: Vec<f32>,
    filters: Vec<Filter>,
}

/// A band: a triangle over some frequencies.
struct Filter {
    first: usize,
    weights: Vec<f32>,
}

impl Transform {
    fn new() -> Self {
        // Hann's, as a period.
        let window = (0..WINDOW).map(|at| (0.5 - 0.5 * (TAU * at as f64 / WINDOW as f64).cos()) as f32).collect();
        Transform { fft: FftPlanner::new().plan_fft_forward(WINDOW), window, filters: filters() }
    }

    /// Returns the logarithms of a frame's powers.
    fn frame(&self, samples: &[f32], frame: usize) -> [f32; MELS] {
        let from = (frame * HOP) as isize - (WINDOW / 2) as isize;
        let sample = |at: usize| {
            // Before the beginning, the recording is mirrored; after its end there is silence.
            let index = (from + at as isize).unsigned_abs();
            samples.get(index).copied().unwrap_or(0.0)
        };
        let mut buffer: Vec<Complex32> =
            self.window.iter().enumerate().map(|(at, weight)| Complex32::new(sample(at) * weight, 0.0)).collect();
        self.fft.process(&mut buffer);
        let mut powers = [0.0; N_FREQUENCIES];
        powers.iter_mut().zip(&buffer).for_each(|(power, value)| *power = value.norm_sqr());
        let mut bands = [0.0; MELS];
        for (band, filter) in bands.iter_mut().zip(&self.filters) {
            let power: f32 = filter.weights.iter().zip(&powers[filter.first..]).map(|(a, b)| a * b).sum();
            *band = power.max(1e-10).log10();
        }
        bands
    }
}

/// The filters of librosa's `mel` with its defaults: Slaney's scale, each band with the same area.
fn filters() -> Vec<Filter> {
    let top = to_mel(RATE as f64 / 2.0);
    let edges: Vec<f64> = (0..MELS + 2).map(|at| from_mel(top * at as f64 / (MELS + 1) as f64)).collect();
    let filter = |band: usize| {
        let [low, middle, high] = [edges[band], edges[band + 1], edges[band + 2]];
        let weight = |frequency: usize| {
            let hertz = frequency as f64 * RATE as f64 / WINDOW as f64;
            let (up, down) = ((hertz - low) / (middle - low), (high - hertz) / (high - middle));
            (up.min(down).max(0.0) * 2.0 / (high - low)) as f32
        };
        let all: Vec<f32> = (0..N_FREQUENCIES).map(weight).collect();
        let first = all.iter().position(|weight| *weight > 0.0).unwrap_or(0);
        let end = all.iter().rposition(|weight| *weight > 0.0).map_or(first, |last| last + 1);
        Filter { first, weights: all[first..end].to_vec() }
    };
    (0..MELS).map(filter).collect()
}

/// Hertz where Slaney's scale goes from straight to logarithmic, and its steps on both sides.
const BEND: f64 = 1000.0;
const HERTZ_PER_MEL: f64 = 200.0 / 3.0;
const MELS_AT_BEND: f64 = BEND / HERTZ_PER_MEL;

/// By so much the logarithm grows with a mel: from 1000 to 6400 Hz in 27 of them.
fn log_step() -> f64 {
    6.4f64.ln() / 27.0
}

fn to_mel(hertz: f64) -> f64 {
    if hertz < BEND { hertz / HERTZ_PER_MEL } else { MELS_AT_BEND + (hertz / BEND).ln() / log_step() }
}

fn from_mel(mel: f64) -> f64 {
    if mel < MELS_AT_BEND { mel * HERTZ_PER_MEL } else { BEND * ((mel - MELS_AT_BEND) * log_step()).exp() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers of the NumPy implementation in faster-whisper 1.2.1, which is none of ours.
    #[test]
    fn spectra_are_those_of_others() {
        let sample = |at: usize| {
            let t = at as f64 / RATE as f64;
            (0.5 * (TAU * 440.0 * t).sin() + 0.1 * (TAU * 3000.0 * t * t).sin()) as f32
        };
        let samples: Vec<f32> = (0..RATE).map(sample).collect();
        let mel = Mel::of(&samples);
        for (bin, frame, wanted) in [
            (0, 0, 0.986_913),
            (10, 0, 1.336_267),
            (13, 50, -0.531_782),
            (60, 99, -0.531_782),
            (79, 99, -0.329_193),
            (5, 100, 0.898_852),
            (79, 101, -0.329_181),
        ] {
            let found = mel.frames[frame][bin];
            assert!((found - wanted).abs() < 1e-4, "{bin} {frame}: {found}, not {wanted}");
        }
        assert!((mel.floor + 0.531_782).abs() < 1e-5);
        assert_eq!(mel.frames.len(), 102);
        let first = &filters()[0];
        assert_eq!((first.first, first.weights.len()), (1, 1));
        assert!((first.weights[0] - 0.024_862_6).abs() < 1e-8);
    }

    #[test]
    fn what_is_not_heard_is_silent() {
        let mel = Mel::of(&vec![0.25; 1600]);
        let window = mel.window(5, 4, 6);
        assert_eq!(window.len(), 6 * MELS);
        assert!(window.chunks(6).all(|row| row[4] == mel.floor && row[5] == mel.floor));
        assert_eq!(window[0], mel.frames[5][0]);
    }
}
