//! Drawings from strangers: drawn exactly, or refused with a reason.

mod common;

use asset::image::{Limits, OutputFormat};
use asset::refusal::RefusalCode;
use common::{close, pixels, whole};

fn svg(body: &str) -> Vec<u8> {
    format!(r#"<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="80" height="40">{body}</svg>"#)
        .into_bytes()
}

#[track_caller]
fn refused(bytes: &[u8], part: &str) {
    let refusal = media::render(bytes, &whole(OutputFormat::Webp, &[80]), &Limits::default()).expect_err("a refusal");
    assert_eq!(refusal.code, RefusalCode::Unsupported, "{refusal}");
    assert!(refusal.found.contains(part), "{refusal}");
}

fn drawn(bytes: &[u8]) -> image::RgbaImage {
    let made = media::render(bytes, &whole(OutputFormat::Webp, &[80]), &Limits::default()).expect("a rendition");
    pixels(&made[0].bytes)
}

#[test]
fn shapes_are_drawn_at_the_size_they_name() {
    let bytes = svg(r##"<rect width="40" height="40" fill="#f00"/>"##);
    let found = media::probe(&bytes, &Limits::default()).expect("a header");
    assert_eq!((found.width, found.height), (80, 40));
    let picture = drawn(&bytes);
    assert!(close(picture.get_pixel(10, 20).0, [255, 0, 0, 255], 12));
    assert_eq!(picture.get_pixel(70, 20).0[3], 0);
}

#[test]
fn svgz_is_inflated_under_the_limit() {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&svg(&" ".repeat(2 << 20))).expect("memory");
    let bytes = encoder.finish().expect("memory");
    assert!(bytes.len() < 10_000);
    media::probe(&bytes, &Limits::default()).expect("a header");
    let limits = Limits { max_svg_bytes: 1 << 20, ..Limits::default() };
    let refusal = media::probe(&bytes, &limits).expect_err("a refusal");
    assert_eq!(refusal.code, RefusalCode::TooLarge, "{refusal}");
}

#[test]
fn nothing_outside_is_read() {
    let picture = drawn(&svg(r#"<image href="/etc/hostname" width="80" height="40"/>
        <image xlink:href="http://127.0.0.1/x.png" width="80" height="40"/><script>alert(1)</script>"#));
    assert!(picture.pixels().all(|pixel| pixel.0[3] == 0));
}

#[test]
fn live_text_is_drawn_with_our_fonts_and_said_so() {
    let text = svg(r#"<text x="4" y="30" font-size="24" font-family="Helvetica">Hi</text>"#);
    let picture = drawn(&text);
    let dark = picture.pixels().filter(|pixel| pixel.0[3] > 200).count();
    assert!((60..600).contains(&dark), "{dark} pixels of two letters");
    let notes = media::inspect(&text, &Limits::default()).expect("looks").notes;
    assert!(notes.len() == 1 && notes[0].contains("DejaVu"), "{notes:?}");
    assert!(
        media::inspect(&svg("<text> </text><rect width='9' height='9'/>"), &Limits::default())
            .expect("looks")
            .notes
            .is_empty()
    );
}

#[test]
fn a_document_type_that_only_names_svg_is_taken() {
    // As Illustrator and Inkscape write it.
    let named = br#"<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
        <svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><rect width="8" height="8" fill="red"/></svg>"#;
    let [red, green, blue, alpha] = drawn(named).get_pixel(4, 4).0;
    assert!(red > 250 && green < 5 && blue < 5 && alpha == 255, "{red} {green} {blue} {alpha}");
}

#[test]
fn what_explodes_is_refused() {
    refused(b"<!DOCTYPE svg [<!ENTITY a \"aaaa\">]><svg xmlns='http://www.w3.org/2000/svg'>&a;</svg>", "document type");
    refused(&svg(&"<g>".repeat(300).chars().chain("</g>".repeat(300).chars()).collect::<String>()), "nested deeper");
    refused(&svg(&"<g/>".repeat(120_000)), "more than 100000 nodes");
    let bomb: String = (0..20)
        .map(|i| {
            let uses = format!(r##"<use xlink:href="#a{}"/>"##, i + 1).repeat(10);
            format!(r#"<g id="a{i}">{uses}</g>"#)
        })
        .collect();
    refused(&svg(&format!("{bomb}<rect id='a20' width='1' height='1'/>")), "expands to more");
    refused(
        &svg(r##"<pattern id="p" width="1" height="1"><rect width="9" height="9" fill="url(#q)"/></pattern>
            <pattern id="q" width="1" height="1"><rect width="9" height="9"/></pattern><rect width="80" height="40" fill="url(#p)"/>"##),
        "pattern inside a pattern",
    );
    refused(
        &svg(
            r##"<filter id="f" x="0" y="0" width="100000" height="100000" filterUnits="userSpaceOnUse"><feFlood/></filter>
            <rect width="80" height="40" filter="url(#f)"/>"##,
        ),
        "filters are too heavy",
    );
    refused(
        &svg(r##"<filter id="f"><feMorphology operator="dilate" radius="5000"/></filter>
            <rect width="80" height="40" filter="url(#f)"/>"##),
        "filters are too heavy",
    );
}

#[test]
fn a_loop_of_references_ends() {
    let bytes = svg(
        r##"<g id="a"><use xlink:href="#b"/></g><g id="b"><use xlink:href="#a"/></g><rect width="80" height="40"/>"##,
    );
    // Drawn or refused, but soon.
    let _ = media::render(&bytes, &whole(OutputFormat::Webp, &[80]), &Limits::default());
}
