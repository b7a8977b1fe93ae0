//! What another engine makes of the same files (sharp 0.35.5: `golden/make.mjs`). Not by bytes: by shape, by mean colour, and by
//! how far pixels lie apart on average, which a turned or shifted picture cannot pass.

use std::path::{Path, PathBuf};

use asset::image::{AspectRatio, ColorPolicy, Encoding, FocalPoint, Framing, Limits, OutputFormat, RenderSpec};
use image::RgbImage;

/// Largest difference of a channel's mean, of 255.
const COLOR: f64 = 2.0;
/// Largest mean difference of single pixels, of 255. A crop that is off by one source pixel in ten stands above it.
const PIXELS: f64 = 4.0;

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/local/samples")
}

fn goldens() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn golden(name: &str) -> RgbImage {
    let path = goldens().join(format!("{name}.png"));
    image::open(&path).unwrap_or_else(|error| panic!("failed to open `{}`: {error}", path.display())).to_rgb8()
}

/// Renders 200 pixels wide, at a quality that leaves the comparison to what came before the encoder.
fn rendered(path: &Path, framing: Framing) -> RgbImage {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("failed to read `{}`: {error}", path.display()));
    let encoding = Encoding { format: OutputFormat::Jpeg, quality: 100, effort: 1 };
    let spec = RenderSpec { framing, widths: vec![200], encodings: vec![encoding], color: ColorPolicy::Srgb };
    let made = media::render(&bytes, &spec, &Limits::default());
    let made = made.unwrap_or_else(|refusal| panic!("refused `{}`: {refusal}", path.display()));
    let mut decoder = jpeg_decoder::Decoder::new(made[0].bytes.as_slice());
    let pixels = decoder.decode().expect("our JPEG can be decoded");
    let info = decoder.info().expect("our JPEG has a header");
    let rgb = match info.pixel_format {
        jpeg_decoder::PixelFormat::L8 => pixels.iter().flat_map(|&v| [v; 3]).collect(),
        _ => pixels,
    };
    RgbImage::from_raw(info.width.into(), info.height.into(), rgb).expect("three bytes a pixel")
}

/// Returns the difference of each channel's mean, and the mean difference of pixels.
fn differences(ours: &RgbImage, theirs: &RgbImage) -> ([f64; 3], f64) {
    let count = f64::from(ours.width() * ours.height());
    let (mut means, mut pixels) = ([0.0; 3], 0.0);
    for (a, b) in ours.pixels().zip(theirs.pixels()) {
        for channel in 0..3 {
            let difference = f64::from(a[channel]) - f64::from(b[channel]);
            means[channel] += difference / count;
            pixels += difference.abs() / count / 3.0;
        }
    }
    (means, pixels)
}

fn check(name: &str, ours: &RgbImage, color: f64, pixels: f64) {
    let theirs = golden(name);
    assert_eq!(ours.dimensions(), theirs.dimensions(), "`{name}` has another shape");
    let (means, apart) = differences(ours, &theirs);
    assert!(means.iter().all(|mean| mean.abs() <= color), "`{name}` has other colours: {means:.2?}");
    assert!(apart <= pixels, "`{name}` lies {apart:.2} apart");
}

fn check_sample(name: &str) {
    check(name, &rendered(&samples().join(name), Framing::Whole), COLOR, PIXELS);
}

#[test]
fn display_p3_becomes_srgb() {
    check_sample("Café Zürich – Espresso.jpg");
}

#[test]
fn exif_orientation_is_applied() {
    check_sample("IMG_4127.JPG");
}

#[test]
fn photographs_look_the_same() {
    check_sample("Portrait Eileen Collins.jpg");
    check_sample("World map 5400x2700.jpg");
}

#[test]
fn progressive_jpeg() {
    check_sample("Team banner (2 people).jpg");
}

#[test]
fn tiff() {
    check_sample("chelsea scan.tif");
}

#[test]
fn sixteen_bits() {
    check_sample("galaxy 16-bit master.png");
}

#[test]
fn first_frames() {
    check_sample("globe.gif");
    check_sample("globe spinning.webp");
}

#[test]
fn svg_and_alpha_on_white() {
    check_sample("greenroom-logo.svg");
    check_sample("greenroom-logo-transparent.png");
}

#[test]
fn palette_and_gray() {
    for name in ["palette.png", "gray.jpg"] {
        check(name, &rendered(&goldens().join("fixtures").join(name), Framing::Whole), COLOR, PIXELS);
    }
}

#[test]
fn cmyk_without_a_profile() {
    // Which inks were meant is anybody's guess: sharp guesses a press profile, we convert by the plain formula, nine steps of
    // red apart. What this holds is that the inks are not inverted.
    let name = "Waschbaer_druck_CMYK.jpg";
    check(name, &rendered(&samples().join(name), Framing::Whole), 12.0, 14.0);
}

#[test]
fn crops_show_the_same_window() {
    let focus = FocalPoint { x: 300, y: 700 };
    let framing = Framing::Crop { ratio: AspectRatio { width: 1, height: 1 }, focus };
    for name in ["Café Zürich – Espresso.jpg", "IMG_4127.JPG", "World map 5400x2700.jpg"] {
        check(&format!("crop {name}"), &rendered(&samples().join(name), framing), COLOR, PIXELS);
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test reads back what it made")]
fn alpha_survives_in_webp() {
    let bytes = std::fs::read(samples().join("greenroom-logo-transparent.png")).expect("the sample is there");
    let encoding = Encoding { format: OutputFormat::Webp, quality: 95, effort: 4 };
    let spec =
        RenderSpec { framing: Framing::Whole, widths: vec![200], encodings: vec![encoding], color: ColorPolicy::Srgb };
    let made = media::render(&bytes, &spec, &Limits::default()).expect("it renders");
    let ours = image::load_from_memory(&made[0].bytes).expect("it decodes").to_rgba8();
    let alpha = RgbImage::from_fn(ours.width(), ours.height(), |x, y| image::Rgb([ours.get_pixel(x, y)[3]; 3]));
    check("alpha", &alpha, 1.0, 2.0);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test reads back what it made")]
fn webp_has_the_colours_of_its_jpeg() {
    // The planes of a JPEG go to libwebp without RGB in between: their range must be the one that WebP means.
    let name = "IMG_4127.JPG";
    let bytes = std::fs::read(samples().join(name)).expect("the sample is there");
    let encoding = Encoding { format: OutputFormat::Webp, quality: 95, effort: 4 };
    let spec =
        RenderSpec { framing: Framing::Whole, widths: vec![200], encodings: vec![encoding], color: ColorPolicy::Srgb };
    let made = media::render(&bytes, &spec, &Limits::default()).expect("it renders");
    check(name, &image::load_from_memory(&made[0].bytes).expect("it decodes").to_rgb8(), COLOR, PIXELS);
}

#[test]
fn sets_from_one_decode_show_what_single_sets_show() {
    let path = samples().join("IMG_4127.JPG");
    let bytes = std::fs::read(&path).expect("the sample is there");
    let encoding = Encoding { format: OutputFormat::Jpeg, quality: 100, effort: 1 };
    let spec = |framing, width| RenderSpec {
        framing,
        widths: vec![width],
        encodings: vec![encoding],
        color: ColorPolicy::Srgb,
    };
    let square = AspectRatio { width: 1, height: 1 };
    let crop = Framing::Crop { ratio: square, focus: FocalPoint { x: 300, y: 700 } };
    // The wide one asks for the whole size, so the others come from a larger decode than they would have alone.
    let specs = [spec(Framing::Whole, 200), spec(crop, 200), spec(Framing::Whole, 640)];
    let sets = media::render_all(&bytes, &specs, &Limits::default()).expect("it renders");
    let sizes: Vec<Vec<(u32, u32)>> =
        sets.iter().map(|set| set.iter().map(|made| (made.width, made.height)).collect()).collect();
    assert_eq!(sizes, [vec![(200, 133)], vec![(200, 200)], vec![(640, 427)]]);
    for (set, name) in sets.iter().zip(["IMG_4127.JPG", "crop IMG_4127.JPG"]) {
        let shown = jpeg_decoder::Decoder::new(set[0].bytes.as_slice()).decode().expect("it decodes");
        let shown = RgbImage::from_raw(set[0].width, set[0].height, shown).expect("three bytes a pixel");
        check(name, &shown, COLOR, PIXELS);
    }
}
