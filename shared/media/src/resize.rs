//! Making pictures smaller: Lanczos3, alpha premultiplied while it happens, and never larger.

use asset::image::SourceFormat;
use asset::refusal::Refusal;
use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use crate::raster::{Layout, Raster};
use crate::refuse;

/// A rectangle in pixels of some raster; fractions arise where a raster was decoded smaller than its file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Window {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

impl Window {
    pub(crate) fn whole(raster: &Raster) -> Self {
        Window { x: 0.0, y: 0.0, width: raster.width.into(), height: raster.height.into() }
    }
}

/// Resamples `window` of the raster to `width` × `height`.
pub(crate) fn resize(raster: &Raster, window: Window, width: u32, height: u32) -> Result<Raster, Refusal> {
    if window == Window::whole(raster) && (raster.width, raster.height) == (width, height) {
        return Ok(raster.clone());
    }
    let pixel = match raster.layout {
        Layout::Gray => PixelType::U8,
        Layout::Rgb | Layout::Ycc => PixelType::U8x3,
        Layout::Rgba => PixelType::U8x4,
    };
    // None of these can fail for a raster whose length fits its size; if one does, the picture is at fault.
    let broken = |error: &dyn std::fmt::Display| refuse::corrupt(SourceFormat::Png, format!("resizing: {error}"));
    let source = ImageRef::new(raster.width, raster.height, &raster.data, pixel).map_err(|error| broken(&error))?;
    let mut target = Image::new(width, height, pixel);
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3))
        .use_alpha(raster.layout == Layout::Rgba)
        .crop(window.x, window.y, window.width, window.height);
    Resizer::new().resize(&source, &mut target, &options).map_err(|error| broken(&error))?;
    Ok(Raster { width, height, layout: raster.layout, data: target.into_vec() })
}
