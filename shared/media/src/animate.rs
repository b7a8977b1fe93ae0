//! Animated sources to animated WebP: one frame at a time through every size.

use asset::image::ColorPolicy;
use asset::refusal::Refusal;

use crate::Rendition;
use crate::decode::{self, Job};
use crate::encode::Extras;
use crate::encode::webp::Animation;
use crate::metadata::Credit;
use crate::orient;
use crate::plan::RenderPlan;
use crate::render::scaled_window;
use crate::resize::resize;

/// `plan` holds WebP outputs only.
pub(crate) fn render(
    job: &Job,
    plan: &RenderPlan,
    policy: ColorPolicy,
    credit: &Credit,
) -> Result<Vec<Rendition>, Refusal> {
    let mut animations: Vec<Animation> =
        plan.outputs.iter().map(|output| Animation::new(output.width, output.height, output.encoding)).collect();
    let mut icc = None;
    decode::frames(job, policy, |raster, delay_ms, colors| {
        icc = colors.profile();
        let raster = orient::apply(raster, job.header.orientation);
        let window = scaled_window(plan.window, job.header.upright_size(), (raster.width, raster.height));
        // Every second size on the other thread: neighbours in size cost nearly the same.
        let (even, odd): (Vec<_>, Vec<_>) = animations.iter_mut().enumerate().partition(|(index, _)| index % 2 == 0);
        let add = |sizes: Vec<(usize, &mut Animation)>| {
            sizes.into_iter().try_for_each(|(_, animation)| {
                job.deadline.check("encode a frame")?;
                decode::guarded(job.header.format, || {
                    let frame = resize(&raster, window, animation.width, animation.height)?;
                    animation.add(frame, delay_ms)
                })
            })
        };
        std::thread::scope(|scope| {
            let other = scope.spawn(|| add(odd));
            let result = add(even);
            // `add` catches panics itself, so there is none to join.
            result.and(other.join().unwrap_or(Ok(())))
        })
    })?;
    let extras = Extras { exif: credit.to_exif(), icc };
    let finished = plan.outputs.iter().zip(animations).map(|(output, animation)| {
        let (width, height, frames) = (animation.width, animation.height, animation.frames());
        let bytes = animation.finish(job.header.loops, &extras);
        Rendition { format: output.encoding.format, width, height, frames, bytes }
    });
    Ok(finished.collect())
}
