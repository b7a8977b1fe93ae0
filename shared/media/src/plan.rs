//! Which sizes to make: decided from the header, before a pixel is decoded.

use asset::image::{Encoding, Framing, OutputFormat, RenderSpec};

use crate::crop::crop_window;

/// One output to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Output {
    pub(crate) encoding: Encoding,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RenderPlan {
    /// `(x, y, width, height)` in the upright picture at full size.
    pub(crate) window: (u32, u32, u32, u32),
    /// By encoding as the spec has them, then by width ascending.
    pub(crate) outputs: Vec<Output>,
}

impl RenderPlan {
    /// `size` is the upright picture's.
    pub(crate) fn new(size: (u32, u32), spec: &RenderSpec) -> Self {
        let window = match spec.framing {
            Framing::Whole => (0, 0, size.0, size.1),
            Framing::Crop { ratio, focus } => crop_window(size.0, size.1, ratio, focus),
        };
        let mut outputs = Vec::new();
        for &encoding in &spec.encodings {
            let mut sizes: Vec<(u32, u32)> = spec
                .widths
                .iter()
                .filter(|&&width| width > 0)
                .map(|&width| fit((window.2, window.3), width, longest_edge(encoding.format)))
                .collect();
            sizes.sort_unstable();
            sizes.dedup();
            outputs.extend(sizes.into_iter().map(|(width, height)| Output { encoding, width, height }));
        }
        RenderPlan { window, outputs }
    }

    /// The scale, in (0, 1], at which a decoder still covers the largest output.
    pub(crate) fn scale(&self) -> f64 {
        let widest = self.outputs.iter().map(|output| output.width).max().unwrap_or(1);
        (f64::from(widest) / f64::from(self.window.2.max(1))).min(1.0)
    }

    /// The distinct sizes, largest first.
    pub(crate) fn levels(&self) -> Vec<(u32, u32)> {
        let mut levels: Vec<(u32, u32)> = self.outputs.iter().map(|output| (output.width, output.height)).collect();
        levels.sort_unstable_by(|a, b| b.cmp(a));
        levels.dedup();
        levels
    }
}

/// Returns the size with the window's shape and the wanted width; smaller if the window or the format ends before.
fn fit((window_w, window_h): (u32, u32), width: u32, edge: u32) -> (u32, u32) {
    let height_of = |width: u32| {
        let scaled = (u64::from(window_h) * u64::from(width) + u64::from(window_w) / 2) / u64::from(window_w.max(1));
        scaled.max(1)
    };
    let mut width = width.min(window_w).min(edge).max(1);
    if height_of(width) > u64::from(edge) {
        width = (u64::from(window_w) * u64::from(edge) / u64::from(window_h.max(1))).max(1) as u32;
    }
    (width, height_of(width).min(edge.into()) as u32)
}

/// The longest edge a format can hold, in pixels.
fn longest_edge(format: OutputFormat) -> u32 {
    match format {
        OutputFormat::Webp => 16_383,
        OutputFormat::Avif => 16_384,
        OutputFormat::Jpeg => 65_535,
    }
}
