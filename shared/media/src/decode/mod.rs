//! From bytes to pixels, under limits. Every decoder that sees untrusted bytes is safe Rust, and a panic in one is an
//! answer about the input, not an accident.

mod animation;
mod baseline;
mod jpeg;
mod raster;
mod svg;

use std::panic::{AssertUnwindSafe, catch_unwind};

use asset::image::{ColorPolicy, Limits, SourceFormat};
use asset::refusal::Refusal;

pub(crate) use animation::frames;

use crate::color::{self, Plan, Samples};
use crate::container::Header;
use crate::limits::{Deadline, gate_memory};
use crate::picture::Picture;
use crate::planar::Planar;
use crate::refuse;

/// What a decoder needs to know.
pub(crate) struct Job<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) header: &'a Header<'a>,
    pub(crate) limits: &'a Limits,
    pub(crate) deadline: &'a Deadline,
    /// The smallest scale, in (0, 1], which still covers what is wanted. A decoder may return any size between it and 1.
    pub(crate) scale: f64,
}

/// What a decoder gives.
enum Decoded {
    Samples(Samples),
    /// Nothing is left to do for these.
    Planes(Planar),
}

/// Decodes a still picture, or the first frame of an animation, as stored (not yet upright).
pub(crate) fn still(job: &Job, policy: ColorPolicy) -> Result<(Picture, Plan), Refusal> {
    check_whole(job)?;
    let plan = Plan::new(job.header, policy);
    job.deadline.check("decode")?;
    let decoded = guarded(job.header.format, || match job.header.format {
        SourceFormat::Jpeg => jpeg::decode(job, &plan),
        SourceFormat::Svg => svg::decode(job).map(Decoded::Samples),
        _ => raster::decode(job).map(Decoded::Samples),
    })?;
    job.deadline.check("convert colours")?;
    let samples = match decoded {
        Decoded::Planes(planar) => return Ok((Picture::Planes(planar), plan)),
        Decoded::Samples(samples) => samples,
    };
    let raster = guarded(job.header.format, || Ok(color::finish(samples, &plan)))?;
    Ok((Picture::new(raster.without_idle_alpha()), plan))
}

fn check_whole(job: &Job) -> Result<(), Refusal> {
    if !job.header.complete {
        return Err(refuse::truncated(job.header.format, job.bytes.len()));
    }
    if !matches!(job.header.format, SourceFormat::Jpeg | SourceFormat::Svg) {
        let pixels = u64::from(job.header.width) * u64::from(job.header.height);
        gate_memory(pixels.saturating_mul(job.header.pixel_bytes), job.limits)?;
    }
    Ok(())
}

/// Runs a decoder; its panic becomes `corrupt`.
pub(crate) fn guarded<T>(format: SourceFormat, work: impl FnOnce() -> Result<T, Refusal>) -> Result<T, Refusal> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(refuse::corrupt(format, "the decoder panicked")))
}

/// Sorts the errors of the `image` crate by what a person can do about them.
fn refusal(job: &Job, error: image::ImageError) -> Refusal {
    use image::ImageError;
    match error {
        ImageError::Limits(_) => {
            let pixels = u64::from(job.header.width) * u64::from(job.header.height);
            let wanted = pixels.saturating_mul(job.header.pixel_bytes).max(job.limits.max_memory_bytes + 1);
            refuse::too_large("bytes of memory", wanted, "max_memory_bytes", job.limits.max_memory_bytes)
        }
        ImageError::Unsupported(error) => refuse::unsupported(
            format!("a `{}` of an unusual kind: {error}", job.header.format.media_type()),
            "save it as PNG or JPEG",
        ),
        ImageError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            refuse::truncated(job.header.format, job.bytes.len())
        }
        error => refuse::corrupt(job.header.format, error),
    }
}

fn image_limits(limits: &Limits) -> image::Limits {
    let mut out = image::Limits::no_limits();
    out.max_alloc = Some(limits.max_memory_bytes);
    out
}

/// The samples of an eight- or sixteen-bit picture.
fn samples(width: u32, height: u32, color: image::ColorType, data: Vec<u8>) -> Option<Samples> {
    use crate::color::{Data, Kind};
    use image::ColorType;
    let kind = match color {
        ColorType::L8 | ColorType::L16 => Kind::Gray,
        ColorType::La8 | ColorType::La16 => Kind::GrayAlpha,
        ColorType::Rgb8 | ColorType::Rgb16 => Kind::Rgb,
        ColorType::Rgba8 | ColorType::Rgba16 => Kind::Rgba,
        _ => return None,
    };
    let data = match color {
        ColorType::L16 | ColorType::La16 | ColorType::Rgb16 | ColorType::Rgba16 => {
            Data::Sixteen(data.as_chunks::<2>().0.iter().map(|&v| u16::from_ne_bytes(v)).collect())
        }
        _ => Data::Eight(data),
    };
    Some(Samples { width, height, kind, data })
}
