//! AVIF out: 8-bit 4:2:0 (4:4:4 from quality 90 on) BT.601 full range, as JFIF has it, so that a JPEG's planes pass through.
//! A wide gamut travels as Display P3 by code points (ITU-T H.273), which every AVIF reader knows, rather than as a profile.

use asset::image::{Encoding, SourceFormat};
use asset::refusal::Refusal;
use avif_serialize::Aviffy;
use avif_serialize::constants::{ColorPrimaries, MatrixCoefficients, TransferCharacteristics};
use moxcms::{ColorProfile, Layout as IccLayout, TransformOptions};

use super::planes::{Planes, planes};
use super::{Extras, failed, full_color};
use crate::picture::Picture;
use crate::raster::{Layout, Raster};
use crate::refuse;

/// libaom's speed for effort 0 to 10. Nine, its fastest for stills, made files as small as eight and seven did, at equal PSNR,
/// in less than a half and a quarter of their time.
const SPEEDS: [u8; 11] = [9, 9, 9, 9, 9, 8, 7, 6, 5, 4, 3];

const BT709: u8 = 1;
const DISPLAY_P3: u8 = 12;
const SRGB_CURVE: u8 = 13;
const BT601: u8 = 6;

pub(super) fn encode(picture: &Picture, encoding: Encoding, extras: &Extras) -> Result<Vec<u8>, Refusal> {
    let wide = extras.icc.as_deref().map(|icc| to_display_p3(picture, icc)).transpose()?;
    let quality = encoding.quality.clamp(1, 100);
    let settings = aom::Settings {
        quantizer: quantizer(quality),
        speed: SPEEDS[usize::from(encoding.effort.min(10))],
        primaries: if wide.is_some() { DISPLAY_P3 } else { BT709 },
        transfer: SRGB_CURVE,
        matrix: BT601,
    };
    let planes = planes(wide.as_ref().unwrap_or(picture), full_color(encoding));
    let (width, height) = (planes.width, planes.height);
    let color = frame(&planes, settings)?;
    let alpha = planes.alpha.as_deref().map(|alpha| {
        // An alpha plane has no colour to describe (2 is "unspecified"), and its edges deserve more bits.
        let settings = aom::Settings {
            quantizer: quantizer(quality.saturating_add(15).min(100)),
            primaries: 2,
            transfer: 2,
            matrix: 2,
            ..settings
        };
        let planes = aom::Planes { width, height, luma: alpha, chroma: aom::Chroma::None };
        aom::encode_still(planes, settings).map_err(|error| failed("avif", error))
    });
    let alpha = alpha.transpose()?;
    let (gray, full) = (planes.chroma.is_none(), !planes.quarter);
    let mut file = Aviffy::new();
    file.set_width(width).set_height(height).set_bit_depth(8);
    file.set_full_color_range(true)
        .set_transfer_characteristics(TransferCharacteristics::Srgb)
        .set_matrix_coefficients(MatrixCoefficients::Bt601)
        .set_color_primaries(if wide.is_some() { ColorPrimaries::DisplayP3 } else { ColorPrimaries::Bt709 })
        .set_monochrome(gray)
        .set_seq_profile(u8::from(full && !gray))
        .set_chroma_subsampling((!full || gray, !full || gray));
    if let Some(exif) = &extras.exif {
        file.set_exif(exif.clone());
    }
    Ok(file.to_vec(&color, alpha.as_deref(), width, height, 8))
}

fn frame(planes: &Planes, settings: aom::Settings) -> Result<Vec<u8>, Refusal> {
    let chroma = match &planes.chroma {
        None => aom::Chroma::None,
        Some([u, v]) if planes.quarter => aom::Chroma::Quarter(u, v),
        Some([u, v]) => aom::Chroma::Full(u, v),
    };
    let input = aom::Planes { width: planes.width, height: planes.height, luma: &planes.luma, chroma };
    aom::encode_still(input, settings).map_err(|error| failed("avif", error))
}

/// Quality 100 is quantizer 0 and quality 0 is 63, in a straight line, as libheif and so sharp have it. Sharp's AVIF is
/// 4:4:4 and slower by default: quality 60 here looks like its 50, in fewer bytes.
fn quantizer(quality: u8) -> u8 {
    ((100 - u32::from(quality)) * 63).div_ceil(100) as u8
}

fn to_display_p3(picture: &Picture, icc: &[u8]) -> Result<Picture, Refusal> {
    let corrupt = |error: moxcms::CmsError| refuse::corrupt(SourceFormat::Avif, format!("its colour profile: {error}"));
    let from = ColorProfile::new_from_slice(icc).map_err(corrupt)?;
    let to = ColorProfile::new_display_p3();
    let (pixels, kind, layout) = match picture {
        Picture::Pixels(raster) if raster.layout == Layout::Rgba => {
            (raster.data.as_slice().into(), IccLayout::Rgba, Layout::Rgba)
        }
        _ => (picture.to_rgb(), IccLayout::Rgb, Layout::Rgb),
    };
    let transform = from.create_transform_8bit(kind, &to, kind, TransformOptions::default()).map_err(corrupt)?;
    let mut data = vec![0; pixels.len()];
    transform.transform(&pixels, &mut data).map_err(corrupt)?;
    let (width, height) = picture.size();
    Ok(Picture::Pixels(Raster { width, height, layout, data }))
}
