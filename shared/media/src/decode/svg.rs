//! SVG, drawn by resvg with the fonts that are compiled in, without files, without network. The prescan in `container::svg` refuses what is known
//! to explode; what remains is drawn on a thread of its own, which is abandoned when its time is over: resvg cannot be
//! interrupted. Such a thread ends with its own drawing, at the latest with the process.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, LazyLock};

use asset::image::SourceFormat;
use asset::refusal::Refusal;
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::filter::Kind as FilterKind;
use resvg::usvg::fontdb::{Database, Source};
use resvg::usvg::{Group, ImageHrefResolver, ImageKind, Node, Options, Tree};

use super::Job;
use crate::color::{Data, Kind, Samples};
use crate::container;
use crate::limits::gate_memory;
use crate::refuse;

/// Enough for 256 levels of elements, each a few frames deep.
const STACK_BYTES: usize = 64 << 20;
const MAX_FILTER_PRIMITIVES: usize = 100;
/// Pixels that one embedded picture may have.
const MAX_EMBEDDED_PIXELS: u64 = 25_000_000;

const FONT_FAMILY: &str = "DejaVu Sans";

/// DejaVu, for every font that a drawing may name: the same on every machine, whatever is installed there.
static FONTS: LazyLock<Arc<Database>> = LazyLock::new(|| {
    let mut fonts = Database::new();
    for font in [
        include_bytes!("../../fonts/DejaVuSans.ttf").as_slice(),
        include_bytes!("../../fonts/DejaVuSans-Bold.ttf"),
        include_bytes!("../../fonts/DejaVuSerif.ttf"),
        include_bytes!("../../fonts/DejaVuSansMono.ttf"),
    ] {
        fonts.load_font_source(Source::Binary(Arc::new(font)));
    }
    fonts.set_sans_serif_family(FONT_FAMILY);
    fonts.set_cursive_family(FONT_FAMILY);
    fonts.set_fantasy_family(FONT_FAMILY);
    fonts.set_monospace_family("DejaVu Sans Mono");
    // resvg takes this one for families that it does not know. Most drawings mean a face without serifs.
    fonts.set_serif_family(FONT_FAMILY);
    Arc::new(fonts)
});

pub(super) fn decode(job: &Job) -> Result<Samples, Refusal> {
    let text = container::svg::markup(job.bytes, job.limits)?.into_owned();
    let edge = |v: u32| (f64::from(v) * job.scale).ceil().max(1.0) as u32;
    let (width, height) = (edge(job.header.width), edge(job.header.height));
    let pixels = u64::from(width) * u64::from(height);
    gate_memory(pixels.saturating_mul(job.header.pixel_bytes), job.limits)?;
    let max_pixels = job.limits.max_pixels;
    let (sender, receiver) = channel();
    let worker = std::thread::Builder::new().name("svg".into()).stack_size(STACK_BYTES);
    let spawned = worker.spawn(move || {
        // Nobody may be listening any more.
        let _ = sender.send(draw(&text, width, height, max_pixels));
    });
    if spawned.is_err() {
        return Err(refuse::corrupt(SourceFormat::Svg, "no thread to draw it on"));
    }
    match receiver.recv_timeout(job.deadline.remaining()) {
        Ok(result) => result,
        Err(RecvTimeoutError::Disconnected) => Err(refuse::corrupt(SourceFormat::Svg, "the decoder panicked")),
        Err(RecvTimeoutError::Timeout) => {
            let allowed = job.limits.max_time_ms;
            Err(refuse::timed_out("the drawing was done", allowed, allowed))
        }
    }
}

fn draw(text: &str, width: u32, height: u32, max_pixels: u64) -> Result<Samples, Refusal> {
    let corrupt = |why: &dyn std::fmt::Display| refuse::corrupt(SourceFormat::Svg, why);
    let options = Options {
        image_href_resolver: ImageHrefResolver {
            resolve_data: Box::new(|_, data, _| embedded(data)),
            resolve_string: Box::new(|_, _| None),
        },
        font_family: FONT_FAMILY.to_owned(),
        fontdb: FONTS.clone(),
        ..Options::default()
    };
    let tree = Tree::from_str(text, &options).map_err(|error| corrupt(&error))?;
    let (sx, sy) = (width as f32 / tree.size().width(), height as f32 / tree.size().height());
    if !(sx.is_finite() && sy.is_finite()) {
        return Err(corrupt(&"an impossible size"));
    }
    check_filters(tree.root(), sx.max(sy), max_pixels, &mut 0)?;
    let mut canvas = Pixmap::new(width, height).ok_or_else(|| corrupt(&"an impossible size"))?;
    resvg::render(&tree, Transform::from_scale(sx, sy), &mut canvas.as_mut());
    let mut data = Vec::with_capacity(canvas.data().len());
    for pixel in canvas.pixels() {
        let color = pixel.demultiply();
        data.extend([color.red(), color.green(), color.blue(), color.alpha()]);
    }
    Ok(Samples { width, height, kind: Kind::Rgba, data: Data::Eight(data) })
}

/// Admits raster pictures in `data:` links, by content and under a limit. An SVG inside an SVG would escape the prescan.
fn embedded(data: Arc<Vec<u8>>) -> Option<ImageKind> {
    let header = container::read(&data).ok()?;
    if u64::from(header.width) * u64::from(header.height) > MAX_EMBEDDED_PIXELS {
        return None;
    }
    match header.format {
        SourceFormat::Jpeg => Some(ImageKind::JPEG(data)),
        SourceFormat::Png => Some(ImageKind::PNG(data)),
        SourceFormat::Gif => Some(ImageKind::GIF(data)),
        SourceFormat::Webp => Some(ImageKind::WEBP(data)),
        _ => None,
    }
}

/// Refuses filters whose regions or kernels would ask for absurd memory or time: resvg allocates what they say.
fn check_filters(group: &Group, scale: f32, max_pixels: u64, primitives: &mut usize) -> Result<(), Refusal> {
    let heavy = || {
        refuse::unsupported("an SVG whose filters are too heavy to draw", "flatten the effect or upload a PNG of it")
    };
    for filter in group.filters() {
        let transform = group.abs_transform();
        let (kx, ky) = transform.get_scale();
        let area = f64::from(filter.rect().width() * kx * scale) * f64::from(filter.rect().height() * ky * scale);
        // `NaN` fails the comparison as well.
        if area.is_nan() || area > max_pixels as f64 {
            return Err(heavy());
        }
        *primitives += filter.primitives().len();
        for primitive in filter.primitives() {
            let fits = match primitive.kind() {
                FilterKind::Morphology(m) => m.radius_x().get().max(m.radius_y().get()) * scale * kx.max(ky) <= 64.0,
                FilterKind::Turbulence(t) => t.num_octaves() <= 10,
                FilterKind::ConvolveMatrix(m) => m.matrix().data().len() <= 400,
                _ => true,
            };
            if !fits {
                return Err(heavy());
            }
        }
    }
    if *primitives > MAX_FILTER_PRIMITIVES {
        return Err(heavy());
    }
    for node in group.children() {
        if let Node::Group(inner) = node {
            check_filters(inner, scale, max_pixels, primitives)?;
        }
        let mut result = Ok(());
        node.subroots(|inner| {
            if result.is_ok() {
                result = check_filters(inner, scale, max_pixels, primitives);
            }
        });
        result?;
    }
    Ok(())
}
