//! What the picture tests share: fixtures, specs, and a reader of outputs that is not the code under test.
#![allow(dead_code, reason = "each test file uses a part")]

use asset::image::{AspectRatio, ColorPolicy, Encoding, FocalPoint, Framing, OutputFormat, RenderSpec};
use image::RgbaImage;

pub fn fixture(name: &str) -> Vec<u8> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("`{}`: {error}", path.display()))
}

/// Every fixture, by name, in order.
pub fn fixtures() -> Vec<(String, Vec<u8>)> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let entries = std::fs::read_dir(folder).expect("the fixtures");
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| !name.ends_with(".py") && name.contains('.'))
        .collect();
    names.sort();
    names.into_iter().map(|name| (name.clone(), fixture(&name))).collect()
}

pub fn whole(format: OutputFormat, widths: &[u32]) -> RenderSpec {
    let quality = if format == OutputFormat::Avif { 70 } else { 95 };
    RenderSpec {
        framing: Framing::Whole,
        widths: widths.to_vec(),
        encodings: vec![Encoding { format, quality, effort: 4 }],
        color: ColorPolicy::Srgb,
    }
}

pub fn crop(format: OutputFormat, widths: &[u32], ratio: (u16, u16), focus: (u16, u16)) -> RenderSpec {
    let ratio = AspectRatio { width: ratio.0, height: ratio.1 };
    let focus = FocalPoint { x: focus.0, y: focus.1 };
    RenderSpec { framing: Framing::Crop { ratio, focus }, ..whole(format, widths) }
}

/// Decodes an output of ours: WebP by `image-webp`, JPEG by `jpeg-decoder`.
#[expect(clippy::disallowed_methods, reason = "a test reads back what it made")]
pub fn pixels(bytes: &[u8]) -> RgbaImage {
    if bytes.starts_with(b"RIFF") {
        return image::load_from_memory_with_format(bytes, image::ImageFormat::WebP).expect("a WebP").to_rgba8();
    }
    let mut decoder = jpeg_decoder::Decoder::new(bytes);
    let data = decoder.decode().expect("a JPEG");
    let info = decoder.info().expect("a header");
    let rgba: Vec<u8> = match info.pixel_format {
        jpeg_decoder::PixelFormat::L8 => data.iter().flat_map(|&v| [v, v, v, 255]).collect(),
        _ => data.chunks_exact(3).flat_map(|p| [p[0], p[1], p[2], 255]).collect(),
    };
    RgbaImage::from_raw(info.width.into(), info.height.into(), rgba).expect("its size")
}

pub fn close(found: [u8; 4], wanted: [u8; 4], by: u8) -> bool {
    found.iter().zip(wanted).all(|(a, b)| a.abs_diff(b) <= by)
}

/// Encodes an RGBA picture as PNG.
pub fn png(picture: &RgbaImage) -> Vec<u8> {
    let mut out = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut out, image::ImageFormat::Png).expect("a PNG");
    out.into_inner()
}
