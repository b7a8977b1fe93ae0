//! Every way to say no, each with its own word.

mod common;

use asset::image::{Limits, OutputFormat};
use asset::refusal::{Refusal, RefusalCode};
use common::{fixture, whole};

fn refuse(bytes: &[u8], limits: &Limits) -> Refusal {
    media::render(bytes, &whole(OutputFormat::Jpeg, &[16]), limits).expect_err("a refusal")
}

#[track_caller]
fn check(bytes: &[u8], code: RefusalCode) {
    let refusal = refuse(bytes, &Limits::default());
    assert_eq!(refusal.code, code, "{refusal}");
}

#[test]
fn nothing_at_all() {
    check(b"", RefusalCode::Empty);
    assert_eq!(media::probe(b"", &Limits::default()).expect_err("a refusal").code, RefusalCode::Empty);
}

#[test]
fn unknown_kinds() {
    check(b"just some text", RefusalCode::Unsupported);
    check(b"%PDF-1.7 ...", RefusalCode::Unsupported);
    check(b"\0\0\0\x1Cftypavif\0\0\0\0avifmif1miaf", RefusalCode::Unsupported);
    check(b"<html><body>no</body></html>", RefusalCode::Unsupported);
}

#[test]
fn cut_files_are_truncated_not_corrupt() {
    for name in [
        "orientation-6.jpg",
        "progressive.jpg",
        "cmyk-adobe.jpg",
        "interlaced.png",
        "sixteen.png",
        "moving.gif",
        "moving.webp",
        "still.webp",
        "plain.bmp",
    ] {
        let bytes = fixture(name);
        for keep in [50, 75, 90] {
            let refusal = refuse(&bytes[..bytes.len() * keep / 100], &Limits::default());
            assert_eq!(refusal.code, RefusalCode::Truncated, "`{name}` cut to {keep} %: {refusal}");
        }
    }
    for name in ["deflate.tif", "cmyk.tif"] {
        let bytes = fixture(name);
        check(&bytes[..bytes.len() / 2], RefusalCode::Truncated);
    }
    check(b"<svg xmlns='http://www.w3.org/2000/svg' width='10' height='10'><rect", RefusalCode::Truncated);
}

#[test]
fn broken_files_are_corrupt() {
    let mut png = fixture("interlaced.png");
    let middle = png.len() / 2;
    png[middle..middle + 8].fill(0xAA);
    check(&png, RefusalCode::Corrupt);
    // A frame header that claims no height.
    let mut jpeg = fixture("gray.jpg");
    let at = jpeg.windows(2).position(|marker| marker == [0xFF, 0xC0]).expect("a frame header");
    jpeg[at + 5..at + 7].fill(0);
    check(&jpeg, RefusalCode::Corrupt);
    check(b"<svg xmlns='http://www.w3.org/2000/svg' width='10' height='10'><rect></g></svg>", RefusalCode::Corrupt);
}

#[test]
fn each_limit_is_named() {
    let check = |name: &str, limits: Limits, code: RefusalCode, field: &str| {
        let refusal = refuse(&fixture(name), &limits);
        assert_eq!(refusal.code, code, "{refusal}");
        assert!(refusal.way_out.contains(&format!("`limits.{field}`")), "{refusal}");
    };
    let all = Limits::default();
    check("plain.bmp", Limits { max_bytes: 100, ..all }, RefusalCode::TooLarge, "max_bytes");
    check("plain.bmp", Limits { max_pixels: 100, ..all }, RefusalCode::TooLarge, "max_pixels");
    check("progressive.jpg", Limits { max_memory_bytes: 100, ..all }, RefusalCode::TooLarge, "max_memory_bytes");
    check("interlaced.png", Limits { max_memory_bytes: 100, ..all }, RefusalCode::TooLarge, "max_memory_bytes");
    check("moving.gif", Limits { max_frames: 3, ..all }, RefusalCode::TooManyFrames, "max_frames");
    check("moving.webp", Limits { max_total_pixels: 5000, ..all }, RefusalCode::TooManyFrames, "max_total_pixels");
    check("gray.jpg", Limits { max_time_ms: 0, ..all }, RefusalCode::TimedOut, "max_time_ms");
    let refusal = refuse(&fixture("plain.bmp"), &Limits { max_pixels: 100, ..all });
    assert_eq!(refusal.found, "1536 pixels, the limit is 100");
}

#[test]
fn a_claimed_size_allocates_nothing() {
    // 60000 by 60000 pixels in a file of 86 bytes.
    let mut png = fixture("sixteen.png");
    png[16..24].copy_from_slice(&[0, 0, 0xEA, 0x60, 0, 0, 0xEA, 0x60]);
    check(&png, RefusalCode::TooLarge);
    assert_eq!(media::probe(&png, &Limits::default()).expect_err("a refusal").code, RefusalCode::TooLarge);
}
