//! Making pictures smaller: Lanczos3, alpha premultiplied while it happens, and never larger.

use asset::image::SourceFormat;
use asset::refusal::Refusal;
use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use crate::planar::{Planar, Plane, Sampling};
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
    /// Returns all of a picture of this size.
    pub(crate) fn of(width: u32, height: u32) -> Self {
        Window { x: 0.0, y: 0.0, width: width.into(), height: height.into() }
    }
}

/// Resamples `window` of the raster to `width` × `height`.
pub(crate) fn resize(raster: &Raster, window: Window, width: u32, height: u32) -> Result<Raster, Refusal> {
    if window == Window::of(raster.width, raster.height) && (raster.width, raster.height) == (width, height) {
        return Ok(raster.clone());
    }
    let pixel = match raster.layout {
        Layout::Gray => PixelType::U8,
        Layout::Rgb | Layout::Ycc => PixelType::U8x3,
        Layout::Rgba => PixelType::U8x4,
    };
    let data = resample(&raster.data, (raster.width, raster.height), pixel, window, (width, height))?;
    Ok(Raster { width, height, layout: raster.layout, data })
}

/// Resamples `window`, in luma samples, to planes of `width` × `height` luma samples with the given sampling.
pub(crate) fn planes(
    planar: &Planar,
    window: Window,
    width: u32,
    height: u32,
    sampling: Sampling,
) -> Result<Planar, Refusal> {
    let chroma = match &planar.chroma {
        Some([blue, red]) => {
            let window = chroma_window(planar, window, (width, height), sampling, blue);
            let (width, height) = sampling.size(width, height);
            Some([plane(blue, window, width, height)?, plane(red, window, width, height)?])
        }
        None => None,
    };
    Ok(Planar { luma: plane(&planar.luma, window, width, height)?, chroma, sampling })
}

/// Moves a window from luma to chroma samples. At an odd edge the last chroma sample reaches over the picture, in the source as
/// in the result, so the window grows by what the result's does, as far as there is something.
fn chroma_window(
    planar: &Planar,
    window: Window,
    (width, height): (u32, u32),
    sampling: Sampling,
    chroma: &Plane,
) -> Window {
    let along = |start: f64, length: f64, from: u32, to: u32, target: u32, end: u32| {
        let start = start / f64::from(from);
        let covered = f64::from(target.div_ceil(to) * to) / f64::from(target);
        (start, (length * covered / f64::from(from)).min(f64::from(end) - start))
    };
    let Sampling { x: from_x, y: from_y } = planar.sampling;
    let (x, across) = along(window.x, window.width, from_x, sampling.x, width, chroma.width);
    let (y, down) = along(window.y, window.height, from_y, sampling.y, height, chroma.height);
    Window { x, y, width: across, height: down }
}

fn plane(plane: &Plane, window: Window, width: u32, height: u32) -> Result<Plane, Refusal> {
    let data = resample(&plane.data, (plane.width, plane.height), PixelType::U8, window, (width, height))?;
    Ok(Plane { width, height, data })
}

fn resample(
    data: &[u8],
    (from_width, from_height): (u32, u32),
    pixel: PixelType,
    window: Window,
    (width, height): (u32, u32),
) -> Result<Vec<u8>, Refusal> {
    // None of these can fail for a picture whose length fits its size; if one does, the picture is at fault.
    let broken = |error: &dyn std::fmt::Display| refuse::corrupt(SourceFormat::Png, format!("resizing: {error}"));
    let source = ImageRef::new(from_width, from_height, data, pixel).map_err(|error| broken(&error))?;
    let mut target = Image::new(width, height, pixel);
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3))
        .use_alpha(pixel == PixelType::U8x4)
        .crop(window.x, window.y, window.width, window.height);
    Resizer::new().resize(&source, &mut target, &options).map_err(|error| broken(&error))?;
    Ok(target.into_vec())
}
