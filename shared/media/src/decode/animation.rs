//! Animated GIF and WebP, one composed frame at a time: never all of them in memory.

use std::io::Cursor;

use asset::image::{ColorPolicy, SourceFormat};
use asset::refusal::Refusal;
use image::codecs::{gif::GifDecoder, webp::WebPDecoder};
use image::{AnimationDecoder, Frames, ImageDecoder};

use super::{Job, check_whole, guarded, image_limits, refusal, samples};
use crate::color::{self, Plan};
use crate::raster::Raster;
use crate::refuse;

/// Calls `each` with every composed frame, as stored, and the milliseconds it is shown.
pub(crate) fn frames(
    job: &Job,
    policy: ColorPolicy,
    mut each: impl FnMut(Raster, u32, &Plan) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    check_whole(job)?;
    let plan = Plan::new(job.header, policy);
    let mut frames = guarded(job.header.format, || open(job))?;
    let mut index = 0;
    while index < job.header.frames {
        job.deadline.check("decode a frame")?;
        let Some(frame) = guarded(job.header.format, || Ok(frames.next()))? else { break };
        let frame = frame.map_err(|error| refusal(job, error))?;
        let delay_ms = shown_ms(frame.delay().numer_denom_ms());
        let buffer = frame.into_buffer();
        let (width, height) = buffer.dimensions();
        if (width, height) != (job.header.width, job.header.height) {
            return Err(refuse::corrupt(job.header.format, "two headers that contradict each other"));
        }
        let samples = samples(width, height, image::ColorType::Rgba8, buffer.into_raw())
            .ok_or_else(|| refuse::corrupt(job.header.format, "an impossible frame"))?;
        let raster = guarded(job.header.format, || Ok(color::finish(samples, &plan)))?;
        each(raster, delay_ms, &plan)?;
        index += 1;
    }
    if index == 0 {
        return Err(refuse::corrupt(job.header.format, "no frame at all"));
    }
    Ok(())
}

fn open<'a>(job: &Job<'a>) -> Result<Frames<'a>, Refusal> {
    let source = Cursor::new(job.bytes);
    let fail = |error| refusal(job, error);
    if job.header.format == SourceFormat::Gif {
        let mut decoder = GifDecoder::new(source).map_err(fail)?;
        decoder.set_limits(image_limits(job.limits)).map_err(fail)?;
        Ok(decoder.into_frames())
    } else {
        let mut decoder = WebPDecoder::new(source).map_err(fail)?;
        decoder.set_limits(image_limits(job.limits)).map_err(fail)?;
        Ok(decoder.into_frames())
    }
}

/// Every browser shows a frame of 10 ms or less for 100 ms, and has since the nineties; outputs must look as the source did.
fn shown_ms((numerator, denominator): (u32, u32)) -> u32 {
    let ms = numerator / denominator.max(1);
    if ms <= 10 { 100 } else { ms }
}
