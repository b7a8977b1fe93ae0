//! Interleaved pixels to planes: full-range BT.601, colour at full or at quarter resolution.

use crate::raster::{Layout, Raster};

pub(super) struct Planes {
    pub(super) luma: Vec<u8>,
    /// Blue and red difference; `None` for grey.
    pub(super) chroma: Option<(Vec<u8>, Vec<u8>)>,
    pub(super) alpha: Option<Vec<u8>>,
}

/// Splits a picture into planes. With `full`, chroma has a sample for every pixel; else one for each two by two.
pub(super) fn split(raster: &Raster, full: bool) -> Planes {
    let alpha = (raster.layout == Layout::Rgba).then(|| raster.data.as_chunks::<4>().0.iter().map(|p| p[3]).collect());
    let (luma, u, v) = match raster.layout {
        Layout::Gray => return Planes { luma: raster.data.clone(), chroma: None, alpha },
        Layout::Ycc => unzip(raster.data.as_chunks::<3>().0.iter().copied()),
        Layout::Rgb => unzip(raster.data.as_chunks::<3>().0.iter().map(|&p| rgb_to_ycc(p))),
        Layout::Rgba => unzip(raster.data.as_chunks::<4>().0.iter().map(|&[r, g, b, _]| rgb_to_ycc([r, g, b]))),
    };
    let chroma = if full {
        (u, v)
    } else {
        let (width, height) = (raster.width as usize, raster.height as usize);
        (halve(&u, width, height), halve(&v, width, height))
    };
    Planes { luma, chroma: Some(chroma), alpha }
}

fn unzip(pixels: impl ExactSizeIterator<Item = [u8; 3]>) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
    let length = pixels.len();
    let (mut a, mut b, mut c) = (vec![0; length], vec![0; length], vec![0; length]);
    for (([x, y, z], a), (b, c)) in pixels.zip(&mut a).zip(b.iter_mut().zip(&mut c)) {
        (*a, *b, *c) = (x, y, z);
    }
    (a, b, c)
}

/// Averages two by two samples; the last row and column count twice where the size is odd.
fn halve(plane: &[u8], width: usize, height: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(width.div_ceil(2) * height.div_ceil(2));
    for y in (0..height).step_by(2) {
        let top = &plane[y * width..(y + 1) * width];
        let below = (y + 1).min(height - 1);
        let bottom = &plane[below * width..(below + 1) * width];
        let average = |a: &[u8], b: &[u8]| {
            let (a1, b1) = (a.last().copied().unwrap_or(0), b.last().copied().unwrap_or(0));
            ((u16::from(a[0]) + u16::from(a1) + u16::from(b[0]) + u16::from(b1) + 2) / 4) as u8
        };
        out.extend(top.chunks(2).zip(bottom.chunks(2)).map(|(a, b)| average(a, b)));
    }
    out
}

/// JFIF 1.02, in 16-bit fixed point.
fn rgb_to_ycc([r, g, b]: [u8; 3]) -> [u8; 3] {
    let (r, g, b) = (i32::from(r), i32::from(g), i32::from(b));
    let half = 1 << 15;
    let middle = (128 << 16) + half - 1;
    [
        ((19_595 * r + 38_470 * g + 7_471 * b + half) >> 16) as u8,
        ((-11_059 * r - 21_709 * g + 32_768 * b + middle) >> 16) as u8,
        ((32_768 * r - 27_439 * g - 5_329 * b + middle) >> 16) as u8,
    ]
}
