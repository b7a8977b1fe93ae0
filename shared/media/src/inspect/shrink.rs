//! Box reduction in integers: the same on every machine.

use crate::SrgbImage;

/// Returns a copy whose longest edge is at most `at_most` pixels. Colours are averaged weighted by their alpha, so what is
/// transparent lends no colour. A picture which is small enough comes back as it is.
pub(super) fn shrink(picture: &SrgbImage, at_most: u32) -> SrgbImage {
    let longest = picture.width.max(picture.height);
    if longest <= at_most {
        return picture.clone();
    }
    let scaled = |size: u32| (u64::from(size) * u64::from(at_most) / u64::from(longest)).max(1) as u32;
    let (width, height) = (scaled(picture.width), scaled(picture.height));
    let mut rgba = Vec::with_capacity(width as usize * height as usize * 4);
    for y in 0..height {
        for x in 0..width {
            rgba.extend(average(picture, span(x, width, picture.width), span(y, height, picture.height)));
        }
    }
    SrgbImage { width, height, rgba }
}

/// Returns the source range that target index `at` of `parts` stands for.
fn span(at: u32, parts: u32, size: u32) -> std::ops::Range<usize> {
    let edge = |at: u32| (u64::from(at) * u64::from(size) / u64::from(parts)) as usize;
    edge(at)..edge(at + 1).max(edge(at) + 1)
}

fn average(picture: &SrgbImage, columns: std::ops::Range<usize>, rows: std::ops::Range<usize>) -> [u8; 4] {
    let pixels = picture.rgba.as_chunks::<4>().0;
    let count = (columns.len() * rows.len()) as u64;
    let (mut sum, mut alpha) = ([0u64; 3], 0u64);
    for y in rows {
        for pixel in &pixels[y * picture.width as usize..][columns.clone()] {
            let a = u64::from(pixel[3]);
            alpha += a;
            for (sum, &value) in sum.iter_mut().zip(pixel) {
                *sum += u64::from(value) * a;
            }
        }
    }
    let color = |sum: u64| ((sum + alpha / 2) / alpha.max(1)) as u8;
    // Rounded down, so that one transparent pixel among many stays visible as "not opaque".
    [color(sum[0]), color(sum[1]), color(sum[2]), (alpha / count) as u8]
}
