//! From one rate to another: a sinc under a Kaiser window, with a table of it for each place between two samples.

use std::f64::consts::PI;

/// Zeros of the sinc on each side.
const ZEROS: f64 = 24.0;

/// Where the band ends, by the lower of both rates' halves: the rest is for the slope.
const BAND: f64 = 0.94;

/// Kaiser's: echoes of the band are below -80 dB.
const BETA: f64 = 8.0;

/// Places between two samples. Rates whose ratio needs more get the nearest, which is as good as ten bits.
const MAX_PHASES: usize = 1024;

/// Takes samples piece by piece, so that a recording at a high rate is never in memory as a whole.
pub(super) struct Resampler {
    up: usize,
    down: usize,
    /// Samples on each side that a new one is made of.
    half: usize,
    phases: Vec<Vec<f32>>,
    /// Samples that are still needed, with `half` zeros before the first.
    buffer: Vec<f32>,
    /// Samples that have been taken out of the buffer, and those that came.
    n_gone: usize,
    n_in: usize,
    n_out: usize,
}

impl Resampler {
    pub fn new(from: usize, to: usize) -> Self {
        let divisor = common_divisor(from, to);
        let (up, down) = (to / divisor, from / divisor);
        let band = BAND * (to as f64 / from as f64).min(1.0);
        let half = (ZEROS / band).ceil() as usize;
        let n_phases = if up == down { 0 } else { up.min(MAX_PHASES) };
        let phases = (0..n_phases).map(|phase| taps(phase as f64 / n_phases as f64, half, band)).collect();
        Resampler { up, down, half, phases, buffer: vec![0.0; half], n_gone: 0, n_in: 0, n_out: 0 }
    }

    /// Takes samples, and adds what can be made of them.
    pub fn push(&mut self, samples: &[f32], to: &mut Vec<f32>) {
        if self.phases.is_empty() {
            to.extend_from_slice(samples);
            return;
        }
        self.n_in += samples.len();
        self.buffer.extend_from_slice(samples);
        self.make(to);
    }

    /// Adds what is left.
    pub fn finish(mut self, to: &mut Vec<f32>) {
        if !self.phases.is_empty() {
            self.buffer.resize(self.buffer.len() + self.half + 1, 0.0);
            self.make(to);
        }
    }

    fn make(&mut self, to: &mut Vec<f32>) {
        // What lies beyond the last sample is nobody's.
        let n_wanted = (self.n_in * self.up).div_ceil(self.down);
        while self.n_out < n_wanted {
            let at = self.n_out * self.down;
            let (mut sample, part) = (at / self.up, at % self.up);
            let mut phase = (part * self.phases.len() + self.up / 2) / self.up;
            if phase == self.phases.len() {
                (phase, sample) = (0, sample + 1);
            }
            // The buffer begins `half` before its first sample.
            let from = sample - self.n_gone.min(sample);
            let Some(around) = self.buffer.get(from..from + 2 * self.half + 1) else { break };
            to.push(around.iter().zip(&self.phases[phase]).map(|(a, b)| a * b).sum());
            self.n_out += 1;
        }
        let next = (self.n_out * self.down / self.up).saturating_sub(self.n_gone).min(self.buffer.len());
        self.buffer.drain(..next);
        self.n_gone += next;
    }
}

/// Returns the weights of the samples around a place, which lies a part of a sample behind the middle one.
fn taps(part: f64, half: usize, band: f64) -> Vec<f32> {
    let weight = |tap: usize| {
        let x = tap as f64 - half as f64 - part;
        let sinc = if x == 0.0 { 1.0 } else { (PI * x * band).sin() / (PI * x * band) };
        let inside = (1.0 - (x / (half as f64 + 1.0)).powi(2)).max(0.0);
        band * sinc * bessel(BETA * inside.sqrt()) / bessel(BETA)
    };
    let weights: Vec<f64> = (0..=2 * half).map(weight).collect();
    // A constant stays what it is.
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|weight| (weight / sum) as f32).collect()
}

/// The modified Bessel function of the first kind, of order 0.
fn bessel(x: f64) -> f64 {
    let mut term = 1.0;
    (1..40).fold(1.0, |sum, k| {
        term *= (x / 2.0 / f64::from(k)).powi(2);
        sum + term
    })
}

fn common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hertz: f64, rate: usize, n: usize) -> Vec<f32> {
        (0..n).map(|at| (2.0 * PI * hertz * at as f64 / rate as f64).sin() as f32).collect()
    }

    fn resampled(samples: &[f32], from: usize, to: usize) -> Vec<f32> {
        let (mut resampler, mut out) = (Resampler::new(from, to), Vec::new());
        samples.chunks(777).for_each(|piece| resampler.push(piece, &mut out));
        resampler.finish(&mut out);
        out
    }

    #[test]
    fn tones_stay_what_they_are() {
        for from in [8_000, 11_025, 16_000, 22_050, 44_100, 44_101, 48_000, 96_000, 384_000] {
            let found = resampled(&tone(440.0, from, from), from, 16_000);
            let wanted = tone(440.0, 16_000, 16_000);
            assert_eq!(found.len(), 16_000, "{from}");
            let inside = 400..15_600;
            let worst = inside.map(|at| (found[at] - wanted[at]).abs()).fold(0.0, f32::max);
            assert!(worst < 2e-3, "{from}: {worst}");
        }
    }

    #[test]
    fn what_is_too_high_is_gone() {
        let found = resampled(&tone(9_500.0, 48_000, 48_000), 48_000, 16_000);
        let loudest = found[400..15_600].iter().copied().map(f32::abs).fold(0.0, f32::max);
        assert!(loudest < 1e-3, "{loudest}");
    }

    #[test]
    fn few_samples_are_no_trouble() {
        for n in 0..4 {
            assert_eq!(resampled(&vec![0.5; n], 8_000, 16_000).len(), 2 * n);
            assert_eq!(resampled(&vec![0.5; n], 48_000, 16_000).len(), n.div_ceil(3));
        }
    }
}
