//! One decode, many sizes, many formats.

use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use asset::image::{ColorPolicy, Limits, OutputFormat, RenderSpec};
use asset::refusal::Refusal;

use crate::Rendition;
use crate::container::Header;
use crate::decode::{self, Job};
use crate::encode::{self, Extras};
use crate::limits::Deadline;
use crate::metadata::Credit;
use crate::picture::Picture;
use crate::plan::{Output, RenderPlan};
use crate::planar::Sampling;
use crate::resize::Window;

/// Encoding goes on this many threads, this one included. On a larger machine several pictures are worked on at a time.
const THREADS: usize = 2;

pub(crate) fn render(
    bytes: &[u8],
    header: &Header,
    spec: &RenderSpec,
    limits: &Limits,
    deadline: &Deadline,
) -> Result<Vec<Rendition>, Refusal> {
    let mut plan = RenderPlan::new(header.upright_size(), spec);
    let credit = Credit::read(header);
    let mut made = Vec::new();
    if header.frames > 1 {
        // There is no animated AVIF here, and a still one beside a moving WebP would win in `<picture>`: better none.
        plan.outputs.retain(|output| output.encoding.format != OutputFormat::Avif);
        let animated = plan.outputs.extract_if(.., |output| output.encoding.format == OutputFormat::Webp).collect();
        let animated = RenderPlan { window: plan.window, outputs: animated };
        if !animated.outputs.is_empty() {
            let job = Job { bytes, header, limits, deadline, scale: 1.0 };
            made = crate::animate::render(&job, &animated, spec.color, &credit)?;
        }
    }
    if !plan.outputs.is_empty() {
        let job = Job { bytes, header, limits, deadline, scale: plan.scale() };
        made.extend(stills(&job, std::slice::from_ref(&plan), spec.color, &credit)?.into_iter().flatten());
    }
    // Back into the order of the spec: by encoding, then by width.
    let rank = |format| spec.encodings.iter().position(|encoding| encoding.format == format);
    made.sort_by_key(|rendition| (rank(rendition.format), rendition.width));
    Ok(made)
}

/// Makes several sets of one still picture from one decode, at the scale which the most demanding of them needs.
pub(crate) fn render_all(
    bytes: &[u8],
    header: &Header,
    specs: &[RenderSpec],
    limits: &Limits,
    deadline: &Deadline,
) -> Result<Vec<Vec<Rendition>>, Refusal> {
    let alike = specs.windows(2).all(|pair| pair[0].color == pair[1].color);
    let (Some(first), true, 1) = (specs.first(), alike, header.frames) else {
        return specs.iter().map(|spec| render(bytes, header, spec, limits, deadline)).collect();
    };
    let plans: Vec<RenderPlan> = specs.iter().map(|spec| RenderPlan::new(header.upright_size(), spec)).collect();
    let scale = plans.iter().map(RenderPlan::scale).fold(0.0, f64::max);
    let job = Job { bytes, header, limits, deadline, scale };
    // Outputs of a plan are already in the order of the spec.
    stills(&job, &plans, first.color, &Credit::read(header))
}

/// Returns the renditions plan by plan.
fn stills(
    job: &Job,
    plans: &[RenderPlan],
    policy: ColorPolicy,
    credit: &Credit,
) -> Result<Vec<Vec<Rendition>>, Refusal> {
    let (picture, colors) = decode::still(job, policy)?;
    let base = Arc::new(picture.upright(job.header.orientation));
    let extras = Extras { exif: credit.to_exif(), icc: colors.profile() };
    let (jobs, queue) = channel::<((usize, usize), Output, Arc<Picture>)>();
    let queue = Mutex::new(queue);
    let done = Mutex::new(Vec::new());
    let work = || {
        loop {
            // The guard is gone before the work begins.
            let next = queue.lock().ok().and_then(|queue| queue.recv().ok());
            let Some((index, output, raster)) = next else { break };
            let result = encode_one(job, &output, &raster, &extras);
            if let Ok(mut done) = done.lock() {
                done.push((index, result));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..THREADS {
            scope.spawn(work);
        }
        let result = plans.iter().enumerate().try_for_each(|(set, plan)| {
            let window = scaled_window(plan.window, job.header.upright_size(), base.size());
            make_levels(job, plan, base.clone(), window, |index, output, raster| {
                // The other end lives as long as this scope.
                let _ = jobs.send(((set, index), output, raster));
            })
        });
        drop(base);
        drop(jobs);
        work();
        result
    })?;
    let mut done = done.into_inner().unwrap_or_default();
    // By index, so that the same fault is reported whichever thread met it first.
    done.sort_by_key(|(index, _)| *index);
    let mut sets: Vec<Vec<Rendition>> = plans.iter().map(|_| Vec::new()).collect();
    for ((set, _), result) in done {
        sets[set].push(result?);
    }
    Ok(sets)
}

/// Makes every size, largest first, and hands it out at once: the other thread already encodes it.
fn make_levels(
    job: &Job,
    plan: &RenderPlan,
    base: Arc<Picture>,
    window: Window,
    mut each: impl FnMut(usize, Output, Arc<Picture>),
) -> Result<(), Refusal> {
    let mut made: Vec<Arc<Picture>> = Vec::new();
    let full = plan.outputs.iter().any(|output| encode::full_color(output.encoding));
    let sampling = if full { Sampling::FULL } else { Sampling::QUARTER };
    for (width, height) in plan.levels() {
        job.deadline.check("resize")?;
        // From the smallest size that is at least twice as large: a Lanczos kernel then still sees more than enough.
        let source = made.iter().rev().find(|level| level.size().0 >= width.saturating_mul(2));
        let level = match source {
            Some(level) => {
                let (across, down) = level.size();
                level.resize(Window::of(across, down), width, height, sampling)?
            }
            None => base.resize(window, width, height, sampling)?,
        };
        let level = Arc::new(level);
        made.push(level.clone());
        for (index, output) in plan.outputs.iter().enumerate() {
            if (output.width, output.height) == (width, height) {
                each(index, *output, level.clone());
            }
        }
    }
    Ok(())
}

fn encode_one(job: &Job, output: &Output, picture: &Picture, extras: &Extras) -> Result<Rendition, Refusal> {
    job.deadline.check("encode")?;
    let bytes = decode::guarded(job.header.format, || encode::still(picture, output.encoding, extras))?;
    let (width, height) = picture.size();
    Ok(Rendition { format: output.encoding.format, width, height, frames: 1, bytes })
}

/// Moves a window from the full-size picture to one that was decoded smaller.
pub(crate) fn scaled_window(window: (u32, u32, u32, u32), full: (u32, u32), (width, height): (u32, u32)) -> Window {
    let (kx, ky) = (f64::from(width) / f64::from(full.0), f64::from(height) / f64::from(full.1));
    let (x, y) = (f64::from(window.0) * kx, f64::from(window.1) * ky);
    // Rounding must not push the window over the edge.
    let across = (f64::from(window.2) * kx).min(f64::from(width) - x);
    let down = (f64::from(window.3) * ky).min(f64::from(height) - y);
    Window { x, y, width: across, height: down }
}
