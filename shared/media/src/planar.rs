//! Planes of samples, one for each component: how a JPEG's pixels travel from decoder to encoder, without a detour through
//! interleaved pixels at full colour resolution.

use crate::orient::{self, Orientation};
use crate::raster::{Layout, Raster, ycc_to_rgb};

/// Samples, rows from the top, without padding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plane {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) data: Vec<u8>,
}

impl Plane {
    pub(crate) fn new(width: u32, height: u32) -> Self {
        Plane { width, height, data: vec![0; width as usize * height as usize] }
    }
}

/// How many luma samples a chroma sample stands for, along each axis: 1 or 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sampling {
    pub(crate) x: u32,
    pub(crate) y: u32,
}

impl Sampling {
    pub(crate) const FULL: Sampling = Sampling { x: 1, y: 1 };
    pub(crate) const QUARTER: Sampling = Sampling { x: 2, y: 2 };

    /// Returns the size of a chroma plane.
    pub(crate) fn size(self, width: u32, height: u32) -> (u32, u32) {
        (width.div_ceil(self.x), height.div_ceil(self.y))
    }
}

/// Full-range BT.601 YCbCr, as JFIF has it, or grey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Planar {
    pub(crate) luma: Plane,
    /// Blue and red difference; `None` for grey.
    pub(crate) chroma: Option<[Plane; 2]>,
    pub(crate) sampling: Sampling,
}

impl Planar {
    pub(crate) fn upright(self, orientation: Orientation) -> Self {
        let turn = |plane: Plane| {
            let Plane { width, height, data } = plane;
            let Raster { width, height, data, .. } =
                orient::apply(Raster { width, height, layout: Layout::Gray, data }, orientation);
            Plane { width, height, data }
        };
        let Sampling { x, y } = self.sampling;
        let sampling = if orientation.turns() { Sampling { x: y, y: x } } else { self.sampling };
        Planar { luma: turn(self.luma), chroma: self.chroma.map(|planes| planes.map(turn)), sampling }
    }

    /// Takes interleaved YCbCr or grey apart.
    pub(crate) fn from_raster(raster: &Raster) -> Option<Self> {
        let plane = |data| Plane { width: raster.width, height: raster.height, data };
        let channel = |index: usize| plane(raster.data.as_chunks::<3>().0.iter().map(|pixel| pixel[index]).collect());
        let (luma, chroma) = match raster.layout {
            Layout::Gray => (plane(raster.data.clone()), None),
            Layout::Ycc => (channel(0), Some([channel(1), channel(2)])),
            Layout::Rgb | Layout::Rgba => return None,
        };
        Some(Planar { luma, chroma, sampling: Sampling::FULL })
    }

    /// Returns three bytes a pixel; colour of fewer samples is repeated.
    pub(crate) fn to_rgb(&self) -> Vec<u8> {
        let Some([blue, red]) = &self.chroma else {
            return self.luma.data.iter().flat_map(|&v| [v; 3]).collect();
        };
        let mut out = vec![0; self.luma.data.len() * 3];
        let width = self.luma.width as usize;
        let lines = out.chunks_exact_mut(width * 3).zip(self.luma.data.chunks_exact(width));
        for (y, (line, luma)) in lines.enumerate() {
            let start = y / self.sampling.y as usize * blue.width as usize;
            let (blue, red) = (&blue.data[start..], &red.data[start..]);
            let pixels = line.as_chunks_mut::<3>().0;
            let step = self.sampling.x as usize;
            for ((pixels, luma), (&cb, &cr)) in pixels.chunks_mut(step).zip(luma.chunks(step)).zip(blue.iter().zip(red))
            {
                pixels.iter_mut().zip(luma).for_each(|(pixel, &y)| *pixel = ycc_to_rgb([y, cb, cr]));
            }
        }
        out
    }
}

/// Brings three planes of one size together, pixel by pixel.
pub(crate) fn interleave(luma: &Plane, [blue, red]: &[Plane; 2]) -> Raster {
    let mut data = vec![0; luma.data.len() * 3];
    let chroma = blue.data.iter().zip(&red.data);
    for (pixel, (y, (cb, cr))) in data.as_chunks_mut::<3>().0.iter_mut().zip(luma.data.iter().zip(chroma)) {
        *pixel = [*y, *cb, *cr];
    }
    Raster { width: luma.width, height: luma.height, layout: Layout::Ycc, data }
}
