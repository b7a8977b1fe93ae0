//! Where the eye goes when there is no face: integers only, so the same on every machine.
//!
//! Three published ideas in a small form of our own: an object's colour differs from the picture's edges (boundary prior, Wei
//! et al., ECCV 2012) measured on a blurred copy (frequency-tuned saliency, Achanta et al., CVPR 2009), and what has detail
//! or the colour of skin deserves to be in a crop (Jonas Wagner's smartcrop.js).

use asset::image::FocalPoint;

use super::shrink::shrink;
use super::thousandths;
use crate::SrgbImage;

/// Longest edge in pixels of the map.
const MAP: u32 = 96;
/// A map whose best window is not this far above its average has no subject: 9/8.
const CLEAR: (u64, u64) = (9, 8);

/// Light and two opponent colours, as integers.
type Opponent = [i32; 3];

/// Returns where the subject is, or `None` where nothing stands out.
pub(super) fn focus(picture: &SrgbImage) -> Option<FocalPoint> {
    let small = shrink(picture, MAP);
    let (width, height) = (small.width as usize, small.height as usize);
    let map = map(&small);
    let sums = integral(&map, width, height);
    let total = sums[width + 1..].last().copied()?;
    let window = (width.min(height) / 2).max(1);
    let (x, y, best) = densest(&sums, width, height, window);
    // Compares the window's mean with the picture's without dividing.
    let area = (window * window) as u64;
    if best == 0 || best * (width * height) as u64 * CLEAR.1 < total * area * CLEAR.0 {
        return None;
    }
    let (mut at_x, mut at_y, mut weight) = (0u64, 0u64, 0u64);
    for row in y..y + window {
        for column in x..x + window {
            let value = u64::from(map[row * width + column]);
            at_x += value * (2 * column as u64 + 1);
            at_y += value * (2 * row as u64 + 1);
            weight += value;
        }
    }
    Some(FocalPoint {
        x: thousandths(at_x, 2 * weight * width as u64),
        y: thousandths(at_y, 2 * weight * height as u64),
    })
}

/// Returns for each pixel how much it stands out.
fn map(picture: &SrgbImage) -> Vec<u32> {
    let (width, height) = (picture.width as usize, picture.height as usize);
    let pixels = picture.rgba.as_chunks::<4>().0;
    let sharp: Vec<Opponent> = pixels.iter().map(opponent).collect();
    let smooth = blur(&blur(&sharp, width, height), width, height);
    let edges = borders(&smooth, width, height);
    let mut map = Vec::with_capacity(pixels.len());
    for (index, pixel) in pixels.iter().enumerate() {
        let differs = edges.iter().map(|edge| distance(&smooth[index], edge)).min().unwrap_or(0);
        let detail = distance(&sharp[index], &smooth[index]).min(64);
        // Strong colour as such counts for nothing: it sent crops from an animal to the leaves beside it.
        let score = differs + detail + if skin(pixel) { 24 } else { 0 };
        // Squared, so that a small strong subject beats a large weak background; what is transparent is not there.
        map.push((score * score) as u32 * u32::from(pixel[3]) / 255);
    }
    map
}

fn opponent(&[r, g, b, _]: &[u8; 4]) -> Opponent {
    let (r, g, b) = (i32::from(r), i32::from(g), i32::from(b));
    [(r + 2 * g + b) / 4, r - g, (r + g) / 2 - b]
}

fn distance(one: &Opponent, other: &Opponent) -> i32 {
    (0..3).map(|i| (one[i] - other[i]).abs()).sum::<i32>() / 2
}

/// Returns whether a pixel has a human skin's ratio of red to green to blue, at any brightness that is neither night nor glare.
fn skin(&[r, g, b, _]: &[u8; 4]) -> bool {
    let (r, g, b) = (i32::from(r), i32::from(g), i32::from(b));
    r > 60 && r < 250 && g * 100 > r * 55 && g * 100 < r * 86 && b * 100 > r * 35 && b <= g
}

/// Averages 3 by 3 neighbours.
fn blur(values: &[Opponent], width: usize, height: usize) -> Vec<Opponent> {
    let mut out = Vec::with_capacity(values.len());
    for y in 0..height {
        for x in 0..width {
            let (mut sum, mut count) = ([0; 3], 0);
            for row in y.saturating_sub(1)..(y + 2).min(height) {
                for value in &values[row * width + x.saturating_sub(1)..row * width + (x + 2).min(width)] {
                    count += 1;
                    for (sum, part) in sum.iter_mut().zip(value) {
                        *sum += part;
                    }
                }
            }
            out.push(sum.map(|sum| sum / count));
        }
    }
    out
}

/// Returns the mean colours of the top, left and right edges. The bottom is left out: subjects stand on it.
fn borders(values: &[Opponent], width: usize, height: usize) -> [Opponent; 3] {
    let deep_x = (width / 12).max(1);
    let deep_y = (height / 12).max(1);
    let mean = |columns: std::ops::Range<usize>, rows: std::ops::Range<usize>| {
        let count = (columns.len() * rows.len()) as i32;
        let mut sum = [0; 3];
        for row in rows {
            for value in &values[row * width..][columns.clone()] {
                for (sum, part) in sum.iter_mut().zip(value) {
                    *sum += part;
                }
            }
        }
        sum.map(|sum| sum / count)
    };
    [mean(0..width, 0..deep_y), mean(0..deep_x, 0..height), mean(width - deep_x..width, 0..height)]
}

/// Returns sums over all rectangles from the origin, with a row and a column of zeros before.
fn integral(map: &[u32], width: usize, height: usize) -> Vec<u64> {
    let stride = width + 1;
    let mut sums = vec![0u64; stride * (height + 1)];
    for y in 0..height {
        let mut row = 0;
        for x in 0..width {
            row += u64::from(map[y * width + x]);
            sums[(y + 1) * stride + x + 1] = sums[y * stride + x + 1] + row;
        }
    }
    sums
}

/// Returns `(x, y, sum)` of the square window which holds most, where one at the far edge has to hold half as much again as one
/// in the middle: people frame what matters.
fn densest(sums: &[u64], width: usize, height: usize, window: usize) -> (usize, usize, u64) {
    let stride = width + 1;
    // Twice the largest distance of a window's middle from the picture's, over both axes.
    let farthest = (width + height - 2 * window).max(1) as u64;
    let mut best = (0, 0, 0, 0);
    for y in 0..=height - window {
        for x in 0..=width - window {
            let sum = sums[(y + window) * stride + x + window] + sums[y * stride + x]
                - sums[y * stride + x + window]
                - sums[(y + window) * stride + x];
            let off = ((2 * x + window).abs_diff(width) + (2 * y + window).abs_diff(height)) as u64;
            let worth = sum * (3 * farthest - off.min(farthest));
            if worth > best.3 {
                best = (x, y, sum, worth);
            }
        }
    }
    (best.0, best.1, best.2)
}
