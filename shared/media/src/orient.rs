//! EXIF orientation (Exif 3.0 §4.6.5.1, tag 0x0112).

use crate::raster::Raster;

/// The eight ways a picture may lie, by EXIF number. Anything else means upright.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Orientation(u8);

impl Orientation {
    pub(crate) const UPRIGHT: Orientation = Orientation(1);

    pub(crate) fn from_exif(value: u32) -> Self {
        if (1..=8).contains(&value) { Orientation(value as u8) } else { Orientation::UPRIGHT }
    }

    /// Whether width and height change places.
    pub(crate) fn turns(self) -> bool {
        self.0 >= 5
    }

    pub(crate) fn upright_size(self, width: u32, height: u32) -> (u32, u32) {
        if self.turns() { (height, width) } else { (width, height) }
    }
}

/// Turns and mirrors the pixels so that the picture stands upright.
pub(crate) fn apply(raster: Raster, orientation: Orientation) -> Raster {
    if orientation == Orientation::UPRIGHT {
        return raster;
    }
    match raster.layout.channels() {
        1 => turn::<1>(&raster, orientation),
        3 => turn::<3>(&raster, orientation),
        _ => turn::<4>(&raster, orientation),
    }
}

fn turn<const N: usize>(raster: &Raster, Orientation(number): Orientation) -> Raster {
    let (w, h) = (raster.width as usize, raster.height as usize);
    let from = raster.data.as_chunks::<N>().0;
    let mut data = vec![0; raster.data.len()];
    let to = data.as_chunks_mut::<N>().0;
    let (out_w, out_h) = if number >= 5 { (h, w) } else { (w, h) };
    // For each output row and column, where the pixel stands in the source.
    let (flip_x, flip_y) = match number {
        2 => (true, false),
        3 => (true, true),
        4 => (false, true),
        5 => (false, false),
        6 => (false, true),
        7 => (true, true),
        8 => (true, false),
        _ => (false, false),
    };
    if number < 5 {
        for (y, row) in to.chunks_exact_mut(out_w).enumerate() {
            let sy = if flip_y { h - 1 - y } else { y };
            let source = &from[sy * w..(sy + 1) * w];
            if flip_x {
                row.iter_mut().zip(source.iter().rev()).for_each(|(to, from)| *to = *from);
            } else {
                row.copy_from_slice(source);
            }
        }
    } else {
        // In tiles: a column walk over a wide picture misses the cache at every step.
        const TILE: usize = 32;
        for top in (0..out_h).step_by(TILE) {
            for left in (0..out_w).step_by(TILE) {
                for y in top..(top + TILE).min(out_h) {
                    let sx = if flip_x { w - 1 - y } else { y };
                    for x in left..(left + TILE).min(out_w) {
                        let sy = if flip_y { h - 1 - x } else { x };
                        to[y * out_w + x] = from[sy * w + sx];
                    }
                }
            }
        }
    }
    Raster { width: out_w as u32, height: out_h as u32, layout: raster.layout, data }
}
