//! The waveform of a recording, as players draw it.

use serde::{Deserialize, Serialize};

/// Points at most: wider than any screen draws them.
pub(crate) const MAX_POINTS: usize = 1800;

/// A waveform in audiowaveform's format, version 2 (<https://github.com/bbc/audiowaveform/blob/master/doc/DataFormat.md>), which
/// peaks.js and wavesurfer.js read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peaks {
    pub version: u8,
    pub channels: u8,
    /// Samples a second that the points were made from.
    pub sample_rate: u32,
    /// Samples that each point stands for.
    pub samples_per_pixel: u32,
    pub bits: u8,
    /// Number of points.
    pub length: u32,
    /// The lowest and the highest value of each point, in turn.
    pub data: Vec<i8>,
}

impl Peaks {
    /// Returns the JSON file.
    pub fn to_json(&self) -> String {
        // Numbers and names of our own: it cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Collects points; twice as coarse whenever there are too many, so that the length need not be known.
#[derive(Debug)]
pub(crate) struct Collector {
    sample_rate: u32,
    per_point: u32,
    points: Vec<(i8, i8)>,
    /// Samples in the point that is being made, and their extremes.
    n: u32,
    low: i16,
    high: i16,
}

impl Collector {
    /// `expected` is how many samples there will be, as far as is known.
    pub(crate) fn new(sample_rate: u32, expected: u64) -> Collector {
        let per_point = u32::try_from(expected.div_ceil(MAX_POINTS as u64)).unwrap_or(u32::MAX >> 1).max(1);
        Collector { sample_rate, per_point, points: Vec::new(), n: 0, low: 0, high: 0 }
    }

    pub(crate) fn push(&mut self, sample: i16) {
        if self.n == 0 && self.points.len() >= MAX_POINTS {
            self.halve();
        }
        (self.low, self.high) = match self.n {
            0 => (sample, sample),
            _ => (self.low.min(sample), self.high.max(sample)),
        };
        self.n += 1;
        if self.n >= self.per_point {
            self.close();
        }
    }

    fn close(&mut self) {
        self.points.push(((self.low >> 8) as i8, (self.high >> 8) as i8));
        self.n = 0;
    }

    /// Joins every two points; there is an even number of them.
    fn halve(&mut self) {
        let pairs = self.points.chunks_exact(2);
        self.points = pairs.map(|pair| (pair[0].0.min(pair[1].0), pair[0].1.max(pair[1].1))).collect();
        self.per_point = self.per_point.saturating_mul(2);
    }

    pub(crate) fn finish(mut self) -> Peaks {
        if self.n > 0 {
            self.close();
        }
        Peaks {
            version: 2,
            channels: 1,
            sample_rate: self.sample_rate,
            samples_per_pixel: self.per_point,
            bits: 8,
            length: self.points.len() as u32,
            data: self.points.iter().flat_map(|(low, high)| [*low, *high]).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_never_too_many_points() {
        for (expected, n) in [(100, 100), (0, 1_000_000), (1_000_000, 1_000_000), (1_000_000, 1_100_000)] {
            let mut collector = Collector::new(16_000, expected);
            (0..n).for_each(|at| collector.push(if at % 1000 == 7 { 32_000 } else { -300 }));
            let peaks = collector.finish();
            assert!(peaks.data.len() <= 2 * MAX_POINTS, "{} points", peaks.length);
            assert!(u64::from(peaks.length) * u64::from(peaks.samples_per_pixel) + 1 >= n, "{peaks:?}");
            assert!(peaks.data.contains(&125) && peaks.data.contains(&-2));
        }
    }

    #[test]
    fn the_file_is_what_players_read() {
        let mut collector = Collector::new(16_000, 2);
        collector.push(-32_768);
        collector.push(256);
        let json = r#"{"version":2,"channels":1,"sample_rate":16000,"samples_per_pixel":1,"bits":8,"length":2,"data":[-128,-128,1,1]}"#;
        assert_eq!(collector.finish().to_json(), json);
    }
}
