//! A picture between decoder and encoder: interleaved pixels, or planes.

use std::borrow::Cow;

use asset::refusal::Refusal;

use crate::orient::{self, Orientation};
use crate::planar::{Planar, Sampling, interleave};
use crate::raster::{Layout, Raster};
use crate::resize::{self, Window};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Picture {
    Pixels(Raster),
    Planes(Planar),
}

impl Picture {
    pub(crate) fn size(&self) -> (u32, u32) {
        match self {
            Picture::Pixels(raster) => (raster.width, raster.height),
            Picture::Planes(planar) => (planar.luma.width, planar.luma.height),
        }
    }

    /// Makes planes of what already is YCbCr or grey.
    pub(crate) fn new(raster: Raster) -> Self {
        match Planar::from_raster(&raster) {
            Some(planar) => Picture::Planes(planar),
            None => Picture::Pixels(raster),
        }
    }

    pub(crate) fn upright(self, orientation: Orientation) -> Self {
        match self {
            Picture::Pixels(raster) => Picture::Pixels(orient::apply(raster, orientation)),
            Picture::Planes(planar) => Picture::Planes(planar.upright(orientation)),
        }
    }

    /// Resamples a window; `sampling` is that of the result's planes.
    pub(crate) fn resize(&self, window: Window, width: u32, height: u32, sampling: Sampling) -> Result<Self, Refusal> {
        Ok(match self {
            Picture::Pixels(raster) => Picture::Pixels(resize::resize(raster, window, width, height)?),
            Picture::Planes(planar) => Picture::Planes(resize::planes(planar, window, width, height, sampling)?),
        })
    }

    /// Returns interleaved pixels of any layout.
    pub(crate) fn into_raster(self) -> Result<Raster, Refusal> {
        let planar = match self {
            Picture::Pixels(raster) => return Ok(raster),
            Picture::Planes(planar) => planar,
        };
        let Planar { luma, chroma, sampling } = match planar.sampling {
            Sampling::FULL => planar,
            _ => {
                let (width, height) = (planar.luma.width, planar.luma.height);
                resize::planes(&planar, Window::of(width, height), width, height, Sampling::FULL)?
            }
        };
        debug_assert_eq!(sampling, Sampling::FULL, "both ways lead there");
        Ok(match chroma {
            Some(chroma) => interleave(&luma, &chroma),
            None => Raster { width: luma.width, height: luma.height, layout: Layout::Gray, data: luma.data },
        })
    }

    /// Returns three bytes a pixel; alpha is flattened on white, colour of fewer samples is repeated.
    pub(crate) fn to_rgb(&self) -> Cow<'_, [u8]> {
        match self {
            Picture::Pixels(raster) => raster.to_rgb(),
            Picture::Planes(planar) => planar.to_rgb().into(),
        }
    }

    /// Returns the picture without its alpha, if it has one.
    pub(crate) fn on_white(&self) -> Option<Self> {
        match self {
            Picture::Pixels(raster) if raster.layout == Layout::Rgba => {
                let data = raster.to_rgb().into_owned();
                Some(Picture::Pixels(Raster { layout: Layout::Rgb, data, ..*raster }))
            }
            _ => None,
        }
    }
}
