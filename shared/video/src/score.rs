//! How well a picture would stand for the film: bright, with contrast, sharp, and all of one surface it must not be.

/// What is looked at: a small grey picture.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grey<'a> {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) pixels: &'a [u8],
}

/// What is measured of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Look {
    /// 0 to 255, black bars left out.
    pub(crate) mean: f64,
    /// Standard deviation.
    pub(crate) contrast: f64,
    /// Square root of the variance of the Laplacian: how much detail there is.
    pub(crate) detail: f64,
}

/// A brightness up to which a pixel counts as black: coded black with some noise on it.
const BLACK: u8 = 24;

impl Grey<'_> {
    /// Measures the picture within its black bars.
    pub(crate) fn look(&self) -> Look {
        let (left, right) = self.lit(self.width, |x, y| (x, y), self.height);
        let (top, bottom) = self.lit(self.height, |y, x| (x, y), self.width);
        let (mut n, mut sum, mut squares) = (0_u64, 0_u64, 0_u64);
        for y in top..bottom {
            for x in left..right {
                let value = u64::from(self.at(x, y));
                (n, sum, squares) = (n + 1, sum + value, squares + value * value);
            }
        }
        if n == 0 {
            return Look { mean: 0.0, contrast: 0.0, detail: 0.0 };
        }
        let mean = sum as f64 / n as f64;
        let contrast = (squares as f64 / n as f64 - mean * mean).max(0.0).sqrt();
        Look { mean, contrast, detail: self.laplacian(left..right, top..bottom) }
    }

    fn at(&self, x: usize, y: usize) -> u8 {
        self.pixels.get(y * self.width + x).copied().unwrap_or(0)
    }

    /// Returns the first and the one after the last line that is not all black.
    fn lit(&self, n_lines: usize, place: impl Fn(usize, usize) -> (usize, usize), length: usize) -> (usize, usize) {
        let is_lit = |line: &usize| {
            let is_bright = |along: &usize| {
                let (x, y) = place(*line, *along);
                self.at(x, y) > BLACK
            };
            (0..length).any(|along| is_bright(&along))
        };
        let first = (0..n_lines).find(is_lit);
        let last = (0..n_lines).rev().find(is_lit);
        first.zip(last).map_or((0, 0), |(first, last)| (first, last + 1))
    }

    fn laplacian(&self, across: std::ops::Range<usize>, down: std::ops::Range<usize>) -> f64 {
        let (mut n, mut sum, mut squares) = (0_i64, 0_i64, 0_i64);
        for y in down.start + 1..down.end.saturating_sub(1) {
            for x in across.start + 1..across.end.saturating_sub(1) {
                let around = [(x - 1, y), (x + 1, y), (x, y - 1), (x, y + 1)];
                let around: i64 = around.iter().map(|(x, y)| i64::from(self.at(*x, *y))).sum();
                let value = 4 * i64::from(self.at(x, y)) - around;
                (n, sum, squares) = (n + 1, sum + value, squares + value * value);
            }
        }
        if n == 0 {
            return 0.0;
        }
        let mean = sum as f64 / n as f64;
        (squares as f64 / n as f64 - mean * mean).max(0.0).sqrt()
    }
}

impl Look {
    /// Whether nobody would choose it: black, white, or of one surface.
    pub(crate) fn is_blank(&self) -> bool {
        self.mean < 28.0 || self.mean > 240.0 || self.contrast < 8.0
    }

    /// Returns 0 (nothing to see) to 1. Each part saturates: beyond a point, more contrast or detail is not better.
    fn score(&self) -> f64 {
        let light = 1.0 - ((self.mean - 120.0).abs() / 120.0).min(1.0);
        let contrast = (self.contrast / 60.0).min(1.0);
        // Noise has more detail than anything; what a picture has lies below.
        let detail = (self.detail / 40.0).min(1.0);
        (0.3 * light + 0.35 * contrast + 0.35 * detail) * if self.is_blank() { 0.1 } else { 1.0 }
    }
}

/// Returns the place of the best of them, in the order of time, and whether even that is blank. Of two that are nearly as good, the
/// earlier; one that is much less lively than most (a fade, a title on a plain ground) falls behind by itself.
pub(crate) fn best(looks: &[Look]) -> Option<(usize, bool)> {
    let n = looks.len().max(1) as f64;
    // A tenth between the first and the last: the start of a film says what it is about.
    let worth = |place: usize, look: &Look| look.score() - 0.1 * place as f64 / n;
    let mut found: Option<(usize, f64)> = None;
    for (place, look) in looks.iter().enumerate() {
        let worth = worth(place, look);
        if found.is_none_or(|(_, best)| worth > best) {
            found = Some((place, worth));
        }
    }
    found.map(|(place, _)| (place, looks[place].is_blank()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(pixel: impl Fn(usize, usize) -> u8) -> Look {
        let pixels: Vec<u8> = (0..90).flat_map(|y| (0..160).map(move |x| (x, y))).map(|(x, y)| pixel(x, y)).collect();
        Grey { width: 160, height: 90, pixels: &pixels }.look()
    }

    fn scene(x: usize, y: usize) -> u8 {
        (60 + (x * 7 % 90) + (y * 5 % 60)) as u8
    }

    #[test]
    fn black_white_and_plain_are_blank() {
        assert!(look(|_, _| 0).is_blank());
        assert!(look(|x, _| (x % 12) as u8).is_blank());
        assert!(look(|_, _| 250).is_blank());
        assert!(look(|_, _| 120).is_blank());
        assert!(!look(scene).is_blank());
    }

    #[test]
    fn black_bars_are_not_held_against_a_picture() {
        let barred = look(|x, y| if (12..78).contains(&y) { scene(x, y) } else { 2 });
        assert!((barred.mean - look(scene).mean).abs() < 5.0, "{barred:?}");
    }

    #[test]
    fn a_lively_picture_wins_over_a_fade_and_over_the_same_one_later() {
        let faded = look(|x, y| scene(x, y) / 4);
        let [good, blank] = [look(scene), look(|_, _| 0)];
        assert_eq!(best(&[blank, faded, good, good]), Some((2, false)));
        assert_eq!(best(&[blank, blank]), Some((0, true)));
        assert_eq!(best(&[]), None);
    }
}
