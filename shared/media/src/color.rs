//! From whatever a file holds to eight-bit sRGB, or to its own wide gamut when the profile's policy says so.

use std::sync::Arc;

use asset::image::ColorPolicy;
use moxcms::{ColorProfile, DataColorSpace, Layout as IccLayout, TransformOptions};

use crate::container::Header;
use crate::raster::{Layout, Raster};

/// The largest difference, in 255ths, at which a profile counts as sRGB itself.
const SAME: u8 = 2;

/// Samples as a decoder hands them over; sixteen-bit ones in native order.
pub(crate) struct Samples {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) kind: Kind,
    pub(crate) data: Data,
}

pub(crate) enum Data {
    Eight(Vec<u8>),
    Sixteen(Vec<u16>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Gray,
    GrayAlpha,
    Rgb,
    Rgba,
    Ycc,
    /// Ink: 0 is paper.
    Cmyk,
}

/// What becomes of the colours, decided from the header alone.
pub(crate) enum Plan {
    /// They are sRGB, or nothing says what they are, which means sRGB on the web.
    AsIs,
    /// They stay, and outputs embed this profile.
    Keep(Arc<[u8]>),
    Convert(Box<ColorProfile>),
}

impl Plan {
    pub(crate) fn new(header: &Header, policy: ColorPolicy) -> Self {
        let Some(icc) = header.icc.as_deref() else { return Plan::AsIs };
        // A broken profile is ignored, as browsers do.
        let Ok(profile) = ColorProfile::new_from_slice(icc) else { return Plan::AsIs };
        match profile.color_space {
            DataColorSpace::Rgb if header.channels >= 3 => {
                if is_srgb(&profile) {
                    Plan::AsIs
                } else if policy == ColorPolicy::KeepWide && profile.is_matrix_shaper() {
                    Plan::Keep(icc.into())
                } else {
                    Plan::Convert(Box::new(profile))
                }
            }
            DataColorSpace::Gray if header.channels <= 2 => Plan::Convert(Box::new(profile)),
            DataColorSpace::Cmyk if header.channels == 4 => Plan::Convert(Box::new(profile)),
            _ => Plan::AsIs,
        }
    }

    pub(crate) fn profile(&self) -> Option<Arc<[u8]>> {
        match self {
            Plan::Keep(icc) => Some(icc.clone()),
            Plan::AsIs | Plan::Convert(_) => None,
        }
    }
}

/// Sends a grid of colours through the profile and sees whether they come out as they were.
fn is_srgb(profile: &ColorProfile) -> bool {
    let step = |i: u32| (i % 5 * 255 / 4) as u8;
    let grid: Vec<u8> = (0..125).flat_map(|i| [step(i), step(i / 5), step(i / 25)]).collect();
    let mut out = vec![0; grid.len()];
    let srgb = ColorProfile::new_srgb();
    let options = TransformOptions::default();
    let Ok(transform) = profile.create_transform_8bit(IccLayout::Rgb, &srgb, IccLayout::Rgb, options) else {
        return false;
    };
    transform.transform(&grid, &mut out).is_ok() && grid.iter().zip(&out).all(|(a, b)| a.abs_diff(*b) <= SAME)
}

/// Makes eight-bit pixels of the samples according to the plan.
pub(crate) fn finish(samples: Samples, plan: &Plan) -> Raster {
    let Samples { width, height, kind, data } = samples;
    if let Plan::Convert(profile) = plan
        && let Some((from, to, layout)) = icc_layouts(kind, profile)
        && let Some(data) = convert(profile, (from, to), &data, width as usize * height as usize * layout.channels())
    {
        return Raster { width, height, layout, data };
    }
    let data = match data {
        Data::Eight(data) => data,
        Data::Sixteen(data) => to_eight(&data),
    };
    let (layout, data) = match kind {
        Kind::Gray => (Layout::Gray, data),
        Kind::Rgb => (Layout::Rgb, data),
        Kind::Ycc => (Layout::Ycc, data),
        Kind::Rgba => (Layout::Rgba, data),
        Kind::GrayAlpha => {
            let pixels = data.as_chunks::<2>().0;
            (Layout::Rgba, pixels.iter().flat_map(|&[v, a]| [v, v, v, a]).collect())
        }
        Kind::Cmyk => (Layout::Rgb, data.as_chunks::<4>().0.iter().flat_map(|&ink| plain_cmyk(ink)).collect()),
    };
    Raster { width, height, layout, data }
}

/// Converts to eight-bit sRGB. `None` for a profile that cannot be used: its picture is then taken as if it had none.
fn convert(profile: &ColorProfile, (from, to): (IccLayout, IccLayout), data: &Data, length: usize) -> Option<Vec<u8>> {
    let srgb = ColorProfile::new_srgb();
    let options = TransformOptions::default();
    match data {
        Data::Eight(data) => {
            let mut out = vec![0u8; length];
            profile.create_transform_8bit(from, &srgb, to, options).ok()?.transform(data, &mut out).ok()?;
            Some(out)
        }
        Data::Sixteen(data) => {
            // Converted in sixteen bits, so that dark gradients are rounded once.
            let mut out = vec![0u16; length];
            profile.create_transform_16bit(from, &srgb, to, options).ok()?.transform(data, &mut out).ok()?;
            Some(to_eight(&out))
        }
    }
}

/// Returns the layouts of a conversion, or `None` if the profile is of another kind than the samples.
fn icc_layouts(kind: Kind, profile: &ColorProfile) -> Option<(IccLayout, IccLayout, Layout)> {
    Some(match (kind, profile.color_space) {
        (Kind::Gray, DataColorSpace::Gray) => (IccLayout::Gray, IccLayout::Rgb, Layout::Rgb),
        (Kind::GrayAlpha, DataColorSpace::Gray) => (IccLayout::GrayAlpha, IccLayout::Rgba, Layout::Rgba),
        (Kind::Rgb, DataColorSpace::Rgb) => (IccLayout::Rgb, IccLayout::Rgb, Layout::Rgb),
        (Kind::Rgba, DataColorSpace::Rgb) => (IccLayout::Rgba, IccLayout::Rgba, Layout::Rgba),
        // moxcms takes four inks in the layout of four channels.
        (Kind::Cmyk, DataColorSpace::Cmyk) => (IccLayout::Rgba, IccLayout::Rgb, Layout::Rgb),
        _ => return None,
    })
}

fn to_eight(data: &[u16]) -> Vec<u8> {
    data.iter().map(|&v| ((u32::from(v) * 255 + 32_767) / 65_535) as u8).collect()
}

/// Ink on paper without a profile: each ink takes its share of what the black one lets through.
fn plain_cmyk(ink: [u8; 4]) -> [u8; 3] {
    let paper = |v: u8| 255 - u32::from(v);
    let black = paper(ink[3]);
    [ink[0], ink[1], ink[2]].map(|v| ((paper(v) * black + 127) / 255) as u8)
}
