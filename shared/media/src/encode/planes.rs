//! Interleaved pixels to planes: full-range BT.601, colour at full or at quarter resolution.

use std::borrow::Cow;

use crate::picture::Picture;
use crate::planar::{Planar, Sampling};
use crate::raster::{Layout, Raster};

/// What an encoder takes.
pub(super) struct Planes<'a> {
    /// Pixels.
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) luma: Cow<'a, [u8]>,
    /// Blue and red difference; `None` for grey.
    pub(super) chroma: Option<[Cow<'a, [u8]>; 2]>,
    /// Whether colour has a sample for each two by two pixels, and not for every one.
    pub(super) quarter: bool,
    pub(super) alpha: Option<Vec<u8>>,
}

/// Gives a picture as planes. With `full`, chroma keeps a sample for every pixel if it has one; else there is one for each two
/// by two.
pub(super) fn planes(picture: &Picture, full: bool) -> Planes<'_> {
    match picture {
        Picture::Pixels(raster) => split(raster, full),
        Picture::Planes(planar) => borrow(planar, full),
    }
}

fn borrow(planar: &Planar, full: bool) -> Planes<'_> {
    let (width, height) = (planar.luma.width, planar.luma.height);
    let halves = !full && planar.sampling == Sampling::FULL;
    let chroma = planar.chroma.as_ref().map(|planes| {
        planes.each_ref().map(|plane| match halves {
            true => halve(&plane.data, width as usize, height as usize).into(),
            false => plane.data.as_slice().into(),
        })
    });
    // Levels are made at full or at quarter resolution, nothing in between.
    let quarter = chroma.is_some() && (halves || planar.sampling == Sampling::QUARTER);
    Planes { width, height, luma: planar.luma.data.as_slice().into(), chroma, quarter, alpha: None }
}

/// Splits interleaved pixels.
fn split(raster: &Raster, full: bool) -> Planes<'_> {
    let (width, height) = (raster.width, raster.height);
    let alpha = (raster.layout == Layout::Rgba).then(|| raster.data.as_chunks::<4>().0.iter().map(|p| p[3]).collect());
    let (luma, u, v) = match raster.layout {
        Layout::Gray => {
            return Planes { width, height, luma: raster.data.as_slice().into(), chroma: None, quarter: false, alpha };
        }
        Layout::Ycc => unzip(raster.data.as_chunks::<3>().0.iter().copied()),
        Layout::Rgb => unzip(raster.data.as_chunks::<3>().0.iter().map(|&p| rgb_to_ycc(p))),
        Layout::Rgba => unzip(raster.data.as_chunks::<4>().0.iter().map(|&[r, g, b, _]| rgb_to_ycc([r, g, b]))),
    };
    let chroma =
        [u, v].map(|plane| Cow::Owned(if full { plane } else { halve(&plane, width as usize, height as usize) }));
    Planes { width, height, luma: luma.into(), chroma: Some(chroma), quarter: !full, alpha }
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
