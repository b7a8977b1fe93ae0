//! A small upright sRGB picture for `inspect`.

use asset::image::{ColorPolicy, Limits};
use asset::refusal::Refusal;

use crate::SrgbImage;
use crate::container::Header;
use crate::decode::{self, Job};
use crate::limits::Deadline;
use crate::orient;
use crate::resize::{Window, resize};

pub(crate) fn decode_oriented(
    bytes: &[u8],
    header: &Header,
    limits: &Limits,
    deadline: &Deadline,
    at_most: u32,
) -> Result<SrgbImage, Refusal> {
    let scale = (f64::from(at_most.max(1)) / f64::from(header.width.max(header.height))).min(1.0);
    let job = Job { bytes, header, limits, deadline, scale };
    let raster = decode::still(&job, ColorPolicy::Srgb)?.0.into_raster()?;
    let size = |edge: u32| ((f64::from(edge) * scale).round() as u32).max(1);
    let small = resize(&raster, Window::of(raster.width, raster.height), size(header.width), size(header.height))?;
    let upright = orient::apply(small, header.orientation);
    let rgba = upright.to_rgba().into_owned();
    Ok(SrgbImage { width: upright.width, height: upright.height, rgba })
}
