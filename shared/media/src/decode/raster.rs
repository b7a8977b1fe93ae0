//! PNG, GIF, WebP, TIFF and BMP as still pictures.

use std::io::Cursor;

use asset::image::SourceFormat;
use asset::refusal::Refusal;
use image::codecs::{bmp::BmpDecoder, gif::GifDecoder, png::PngDecoder, tiff::TiffDecoder, webp::WebPDecoder};
use image::{AnimationDecoder, ImageDecoder};

use super::{Job, image_limits, refusal, samples};
use crate::color::Samples;
use crate::refuse;

pub(super) fn decode(job: &Job) -> Result<Samples, Refusal> {
    let source = Cursor::new(job.bytes);
    let fail = |error| refusal(job, error);
    match job.header.format {
        SourceFormat::Png => read(job, PngDecoder::with_limits(source, image_limits(job.limits)).map_err(fail)?),
        SourceFormat::Tiff => read(job, TiffDecoder::new(source).map_err(fail)?),
        SourceFormat::Bmp => read(job, BmpDecoder::new(source).map_err(fail)?),
        // A first frame may cover a part of its canvas only, and the canvas of an animation has its background: compose.
        SourceFormat::Webp if job.header.frames > 1 => first(job, WebPDecoder::new(source).map_err(fail)?),
        SourceFormat::Webp => read(job, WebPDecoder::new(source).map_err(fail)?),
        _ => {
            let mut decoder = GifDecoder::new(source).map_err(fail)?;
            decoder.set_limits(image_limits(job.limits)).map_err(fail)?;
            first(job, decoder)
        }
    }
}

fn read(job: &Job, mut decoder: impl ImageDecoder) -> Result<Samples, Refusal> {
    let fail = |error| refusal(job, error);
    let (width, height) = decoder.dimensions();
    // What the limits were checked against is what the decoder will allocate.
    if (width, height) != (job.header.width, job.header.height) {
        return Err(refuse::corrupt(job.header.format, "two headers that contradict each other"));
    }
    decoder.set_limits(image_limits(job.limits)).map_err(fail)?;
    let color = decoder.color_type();
    let total = decoder.total_bytes();
    crate::limits::gate_memory(total, job.limits)?;
    let length = usize::try_from(total).map_err(|_| refuse::corrupt(job.header.format, "an impossible size"))?;
    let mut data = vec![0; length];
    decoder.read_image(&mut data).map_err(fail)?;
    samples(width, height, color, data)
        .ok_or_else(|| refuse::unsupported(format!("samples of kind {color:?}"), "save it with 8 or 16 bits a channel"))
}

fn first<'a>(job: &Job, decoder: impl AnimationDecoder<'a>) -> Result<Samples, Refusal> {
    let frame = decoder.into_frames().next();
    let frame = frame.ok_or_else(|| refuse::corrupt(job.header.format, "no frame at all"))?;
    let buffer = frame.map_err(|error| refusal(job, error))?.into_buffer();
    let (width, height) = buffer.dimensions();
    samples(width, height, image::ColorType::Rgba8, buffer.into_raw())
        .ok_or_else(|| refuse::corrupt(job.header.format, "an impossible frame"))
}
