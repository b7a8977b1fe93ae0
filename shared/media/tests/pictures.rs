//! What comes out: the right way up, in the right colours, at the right size, without secrets.

mod common;

use asset::image::{ColorPolicy, Limits, OutputFormat, SourceFormat};
use common::{close, crop, fixture, fixtures, pixels, png, whole};
use image::{Rgba, RgbaImage};
use media::{decode_oriented, probe, render};

const RED: [u8; 4] = [255, 0, 0, 255];
const GREEN: [u8; 4] = [0, 255, 0, 255];
const BLUE: [u8; 4] = [0, 0, 255, 255];
const WHITE: [u8; 4] = [255; 4];

fn corners(picture: &RgbaImage) -> [[u8; 4]; 4] {
    let (w, h) = picture.dimensions();
    [(w / 4, h / 4), (3 * w / 4, h / 4), (w / 4, 3 * h / 4), (3 * w / 4, 3 * h / 4)]
        .map(|(x, y)| picture.get_pixel(x, y).0)
}

#[track_caller]
fn check_corners(name: &str, picture: &RgbaImage, by: u8) {
    for (found, wanted) in corners(picture).into_iter().zip([RED, GREEN, BLUE, WHITE]) {
        assert!(close(found, wanted, by), "`{name}`: {found:?} instead of {wanted:?}");
    }
}

#[test]
fn all_eight_orientations_stand_upright() {
    for orientation in 1..=8 {
        let name = format!("orientation-{orientation}.jpg");
        let bytes = fixture(&name);
        let found = probe(&bytes, &Limits::default()).expect("a header");
        assert_eq!((found.width, found.height, found.frames), (48, 32, 1), "`{name}`");
        for format in [OutputFormat::Jpeg, OutputFormat::Webp] {
            let made = render(&bytes, &whole(format, &[48]), &Limits::default()).expect("a rendition");
            check_corners(&name, &pixels(&made[0].bytes), 24);
        }
        let small = decode_oriented(&bytes, &Limits::default(), 24).expect("a small picture");
        assert_eq!((small.width, small.height), (24, 16));
        check_corners(&name, &RgbaImage::from_raw(24, 16, small.rgba).expect("its size"), 24);
    }
}

#[test]
fn every_source_format_keeps_its_colours() {
    let names = [
        ("interlaced.png", SourceFormat::Png, 2),
        ("palette.png", SourceFormat::Png, 2),
        ("deflate.tif", SourceFormat::Tiff, 2),
        ("cmyk.tif", SourceFormat::Tiff, 8),
        ("plain.bmp", SourceFormat::Bmp, 2),
        ("still.webp", SourceFormat::Webp, 24),
        ("moving.gif", SourceFormat::Gif, 2),
        ("progressive.jpg", SourceFormat::Jpeg, 24),
        ("cmyk-adobe.jpg", SourceFormat::Jpeg, 24),
    ];
    for (name, format, by) in names {
        let bytes = fixture(name);
        assert_eq!(probe(&bytes, &Limits::default()).expect("a header").format, format);
        let small = decode_oriented(&bytes, &Limits::default(), 48).expect(name);
        check_corners(name, &RgbaImage::from_raw(small.width, small.height, small.rgba).expect("its size"), by);
    }
}

#[test]
fn sixteen_bits_become_the_nearest_eight() {
    let small = decode_oriented(&fixture("sixteen.png"), &Limits::default(), 32).expect("a small picture");
    for x in 0..32u32 {
        let wanted = (x * 2047 * 255).div_ceil(65_535);
        assert!(u32::from(small.rgba[x as usize * 4]).abs_diff(wanted) <= 1);
    }
}

/// Published matrices (CSS Color 4 §18), in floating point: Display P3 to linear XYZ to sRGB.
fn p3_to_srgb(pixel: [u8; 3]) -> [u8; 3] {
    let linear = pixel.map(|v| {
        let v = f64::from(v) / 255.0;
        if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
    });
    let m = [
        [1.224_940_176_3, -0.224_940_176_3, 0.0],
        [-0.042_056_955_0, 1.042_056_955_0, 0.0],
        [-0.019_637_554_6, -0.078_636_045_6, 1.098_273_600_2],
    ];
    m.map(|row| {
        let v: f64 = row.iter().zip(linear).map(|(a, b)| a * b).sum();
        let v = v.clamp(0.0, 1.0);
        let v = if v <= 0.003_130_8 { v * 12.92 } else { 1.055 * v.powf(1.0 / 2.4) - 0.055 };
        (v * 255.0).round() as u8
    })
}

fn p3_jpeg(color: [u8; 3]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut out, 100);
    let icc = moxcms::ColorProfile::new_display_p3().encode().expect("a profile");
    encoder.add_icc_profile(&icc).expect("a segment");
    encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::F_1_1);
    encoder.encode(&color.repeat(32 * 32), 32, 32, jpeg_encoder::ColorType::Rgb).expect("a JPEG");
    out
}

#[test]
fn display_p3_becomes_srgb() {
    for color in [[200, 100, 50], [30, 180, 90], [128, 128, 128], [90, 60, 210], [250, 240, 230]] {
        let small = decode_oriented(&p3_jpeg(color), &Limits::default(), 32).expect("a small picture");
        let [r, g, b] = p3_to_srgb(color);
        let found = [small.rgba[0], small.rgba[1], small.rgba[2], 255];
        assert!(close(found, [r, g, b, 255], 2), "{color:?}: {found:?} instead of {:?}", [r, g, b]);
    }
}

#[test]
fn a_wide_gamut_is_kept_with_its_profile_on_request() {
    let bytes = p3_jpeg([200, 100, 50]);
    for format in [OutputFormat::Jpeg, OutputFormat::Webp] {
        let mut spec = whole(format, &[32]);
        let plain = render(&bytes, &spec, &Limits::default()).expect("a rendition");
        spec.color = ColorPolicy::KeepWide;
        let kept = render(&bytes, &spec, &Limits::default()).expect("a rendition");
        let marker: &[u8] = if format == OutputFormat::Jpeg { b"ICC_PROFILE" } else { b"ICCP" };
        let holds = |bytes: &[u8]| bytes.windows(marker.len()).any(|part| part == marker);
        assert!(holds(&kept[0].bytes) && !holds(&plain[0].bytes));
        assert!(close(pixels(&kept[0].bytes).get_pixel(16, 16).0, [200, 100, 50, 255], 4));
    }
}

/// A red disc whose transparent surroundings are green: a resampler that forgets to premultiply makes a green seam.
#[test]
fn transparent_colour_does_not_bleed() {
    let picture = RgbaImage::from_fn(400, 400, |x, y| {
        let (dx, dy) = (x as i32 - 200, y as i32 - 200);
        if dx * dx + dy * dy < 150 * 150 { Rgba([255, 0, 0, 255]) } else { Rgba([0, 255, 0, 0]) }
    });
    let small = decode_oriented(&png(&picture), &Limits::default(), 50).expect("a small picture");
    for pixel in small.rgba.chunks_exact(4).filter(|pixel| pixel[3] > 16) {
        assert!(pixel[1] < 24, "a fringe: {pixel:?}");
    }
    let made = render(&png(&picture), &whole(OutputFormat::Jpeg, &[100]), &Limits::default()).expect("a rendition");
    let flat = pixels(&made[0].bytes);
    assert!(close(flat.get_pixel(2, 2).0, WHITE, 4), "JPEG is flattened on white");
    let made = render(&png(&picture), &whole(OutputFormat::Webp, &[100]), &Limits::default()).expect("a rendition");
    assert_eq!(pixels(&made[0].bytes).get_pixel(2, 2).0[3], 0, "WebP stays transparent");
}

#[test]
fn nothing_is_ever_made_larger() {
    let bytes = fixture("progressive.jpg");
    let made = render(&bytes, &whole(OutputFormat::Jpeg, &[16, 48, 320, 640]), &Limits::default()).expect("renditions");
    let sizes: Vec<_> = made.iter().map(|rendition| (rendition.width, rendition.height)).collect();
    assert_eq!(sizes, [(16, 11), (48, 32)]);
    let made = render(&bytes, &crop(OutputFormat::Webp, &[320], (1, 1), (0, 0)), &Limits::default()).expect("a crop");
    assert_eq!((made[0].width, made[0].height), (32, 32));
    // The crop at the left edge shows no green.
    assert!(close(pixels(&made[0].bytes).get_pixel(8, 8).0, RED, 30));
}

#[test]
fn outputs_come_by_encoding_then_by_width() {
    let mut spec = whole(OutputFormat::Webp, &[40, 20]);
    spec.encodings.push(asset::image::Encoding { format: OutputFormat::Jpeg, quality: 80, effort: 4 });
    spec.encodings.push(asset::image::Encoding { format: OutputFormat::Avif, quality: 50, effort: 4 });
    let made = render(&fixture("deflate.tif"), &spec, &Limits::default()).expect("renditions");
    let order: Vec<_> = made.iter().map(|rendition| (rendition.format, rendition.width)).collect();
    let [webp, jpeg, avif] = [OutputFormat::Webp, OutputFormat::Jpeg, OutputFormat::Avif];
    assert_eq!(order, [(webp, 20), (webp, 40), (jpeg, 20), (jpeg, 40), (avif, 20), (avif, 40)]);
    assert!(made.iter().all(|rendition| rendition.frames == 1));
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    for (name, bytes) in fixtures() {
        let mut spec = whole(OutputFormat::Jpeg, &[12, 24, 48]);
        spec.encodings.push(asset::image::Encoding { format: OutputFormat::Webp, quality: 80, effort: 4 });
        spec.encodings.push(asset::image::Encoding { format: OutputFormat::Avif, quality: 50, effort: 4 });
        let first = render(&bytes, &spec, &Limits::default()).expect(&name);
        assert_eq!(first, render(&bytes, &spec, &Limits::default()).expect(&name), "`{name}`");
    }
}
