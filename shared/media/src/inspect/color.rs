//! The dominant colour: the largest group of similar colours, found by k-means in Oklab.
//!
//! Oklab (Björn Ottosson, <https://bottosson.github.io/posts/oklab/>) because equal distances there look equally different.
//! Roots are found by Newton's method: `powf` and `cbrt` differ between C libraries in the last bit, `+ - * /` do not.

use super::shrink::shrink;
use crate::SrgbImage;

const GROUPS: usize = 6;
const ROUNDS: usize = 8;
/// Pixels below this alpha have no colour of their own.
const VISIBLE: u8 = 128;

/// Colours that share their upper five bits, with the sum of what they really are.
struct Bin {
    count: u32,
    sum: [u32; 3],
    lab: [f32; 3],
}

/// Returns `#rrggbb`; white where nothing is visible, because that is what lies behind a transparent picture on most pages.
pub(super) fn dominant(picture: &SrgbImage) -> String {
    let bins = histogram(&shrink(picture, 128));
    if bins.is_empty() {
        return "#ffffff".to_owned();
    }
    let members = group(&bins);
    let mut groups = [(0u32, [0u32; 3]); GROUPS];
    for (bin, &member) in bins.iter().zip(&members) {
        groups[member].0 += bin.count;
        for (total, part) in groups[member].1.iter_mut().zip(bin.sum) {
            *total += part;
        }
    }
    // The first of equals wins, so the order of the bins decides, which is the order of the colours.
    let mut largest = groups[0];
    for candidate in &groups[1..] {
        if candidate.0 > largest.0 {
            largest = *candidate;
        }
    }
    let [r, g, b] = largest.1.map(|sum| (sum + largest.0 / 2) / largest.0.max(1));
    format!("#{r:02x}{g:02x}{b:02x}")
}

fn histogram(picture: &SrgbImage) -> Vec<Bin> {
    let mut counts = vec![(0u32, [0u32; 3]); 1 << 15];
    for [r, g, b, a] in picture.rgba.as_chunks::<4>().0 {
        if *a >= VISIBLE {
            let (count, sum) = &mut counts[usize::from(r >> 3) << 10 | usize::from(g >> 3) << 5 | usize::from(b >> 3)];
            *count += 1;
            for (total, value) in sum.iter_mut().zip([r, g, b]) {
                *total += u32::from(*value);
            }
        }
    }
    let linear = linear_table();
    let used = counts.into_iter().filter(|(count, _)| *count > 0);
    used.map(|(count, sum)| Bin { count, sum, lab: oklab(sum.map(|sum| linear[(sum / count) as usize])) }).collect()
}

/// Returns for each bin the number of its group.
fn group(bins: &[Bin]) -> Vec<usize> {
    let mut centers = start(bins);
    let mut members = vec![0; bins.len()];
    for _ in 0..ROUNDS {
        for (bin, member) in bins.iter().zip(&mut members) {
            *member = nearest(&centers, bin.lab).0;
        }
        for (index, center) in centers.iter_mut().enumerate() {
            let mut sum = [0f32; 3];
            let mut weight = 0f32;
            for (bin, _) in bins.iter().zip(&members).filter(|(_, member)| **member == index) {
                weight += bin.count as f32;
                for (total, part) in sum.iter_mut().zip(bin.lab) {
                    *total += part * bin.count as f32;
                }
            }
            if weight > 0.0 {
                *center = sum.map(|total| total / weight);
            }
        }
    }
    members
}

/// Starts from the commonest colour, then each time the one that is common and far from all before.
fn start(bins: &[Bin]) -> Vec<[f32; 3]> {
    let mut centers: Vec<[f32; 3]> = Vec::with_capacity(GROUPS);
    while centers.len() < GROUPS.min(bins.len()) {
        let mut best = (-1f32, [0f32; 3]);
        for bin in bins {
            let far = if centers.is_empty() { 1.0 } else { nearest(&centers, bin.lab).1 };
            let score = far * bin.count as f32;
            if score > best.0 {
                best = (score, bin.lab);
            }
        }
        centers.push(best.1);
    }
    centers
}

/// Returns the number of the nearest centre and the squared distance to it.
fn nearest(centers: &[[f32; 3]], lab: [f32; 3]) -> (usize, f32) {
    let mut best = (0, f32::MAX);
    for (index, center) in centers.iter().enumerate() {
        let distance = (0..3).map(|i| (center[i] - lab[i]) * (center[i] - lab[i])).sum::<f32>();
        if distance < best.1 {
            best = (index, distance);
        }
    }
    best
}

fn oklab([r, g, b]: [f32; 3]) -> [f32; 3] {
    let l = root::<3>(0.412_221_47 * r + 0.536_332_5 * g + 0.051_445_995 * b);
    let m = root::<3>(0.211_903_5 * r + 0.680_699_5 * g + 0.107_396_96 * b);
    let s = root::<3>(0.088_302_46 * r + 0.281_718_85 * g + 0.629_978_7 * b);
    [
        0.210_454_26 * l + 0.793_617_8 * m - 0.004_072_047 * s,
        1.977_998_5 * l - 2.428_592_2 * m + 0.450_593_7 * s,
        0.025_904_037 * l + 0.782_771_77 * m - 0.808_675_77 * s,
    ]
}

/// Returns linear light, 0 to 1, for each sRGB byte: `((v + 0.055) / 1.055) ^ 2.4`, where `x ^ 2.4` is `x² · ⁵√x²`.
fn linear_table() -> [f32; 256] {
    std::array::from_fn(|byte| {
        let v = byte as f32 / 255.0;
        let x = (v + 0.055) / 1.055;
        if v <= 0.04045 { v / 12.92 } else { x * x * root::<5>(x * x) }
    })
}

/// Returns the `N`-th root of a value between 0 and 1, by Newton's method from above.
fn root<const N: u32>(value: f32) -> f32 {
    if value <= 0.0 {
        return 0.0;
    }
    let mut x = 1f32;
    for _ in 0..40 {
        let power = (1..N).fold(1f32, |power, _| power * x);
        x -= (x - value / power) / N as f32;
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_and_oklab_match_published_values() {
        assert!((root::<3>(0.125) - 0.5).abs() < 1e-6);
        assert!((root::<5>(1e-4) - 0.158_489_32).abs() < 1e-6);
        let [l, a, b] = oklab([1.0, 1.0, 1.0]);
        assert!((l - 1.0).abs() < 1e-4 && a.abs() < 1e-4 && b.abs() < 1e-4, "{l} {a} {b}");
        // Pure red, from Ottosson's page.
        let [l, a, b] = oklab([1.0, 0.0, 0.0]);
        assert!((l - 0.628).abs() < 1e-3 && (a - 0.225).abs() < 1e-3 && (b - 0.126).abs() < 1e-3, "{l} {a} {b}");
    }
}
