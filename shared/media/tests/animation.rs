//! What moves stays moving.

mod common;

use asset::image::{Encoding, Limits, OutputFormat};
use common::{fixture, pixels, whole};
use image::AnimationDecoder;
use image::codecs::webp::WebPDecoder;

fn delays(bytes: &[u8]) -> Vec<u32> {
    let decoder = WebPDecoder::new(std::io::Cursor::new(bytes)).expect("a WebP");
    let frames = decoder.into_frames().collect_frames().expect("frames");
    frames.iter().map(|frame| frame.delay().numer_denom_ms().0 / frame.delay().numer_denom_ms().1).collect()
}

/// Bytes 4 and 5 of `ANIM` (RFC 9649 §2.7.1.1).
fn loops(bytes: &[u8]) -> u16 {
    let at = bytes.windows(4).position(|name| name == b"ANIM").expect("an animation");
    u16::from_le_bytes([bytes[at + 12], bytes[at + 13]])
}

#[test]
fn frames_timing_and_loops_survive() {
    // Pillow counts repetitions in GIF and plays in WebP.
    for (name, plays) in [("moving.gif", 4), ("moving.webp", 3)] {
        let bytes = fixture(name);
        assert_eq!(media::probe(&bytes, &Limits::default()).expect("a header").frames, 4);
        let made = media::render(&bytes, &whole(OutputFormat::Webp, &[24, 48]), &Limits::default()).expect(name);
        assert_eq!(made.len(), 2);
        for rendition in made {
            assert_eq!(rendition.frames, 4);
            assert_eq!(delays(&rendition.bytes), [100, 200, 300, 400], "`{name}`");
            assert_eq!(loops(&rendition.bytes), plays, "`{name}`");
        }
    }
}

#[test]
fn every_frame_shows_what_the_source_shows() {
    let source = image::codecs::gif::GifDecoder::new(std::io::Cursor::new(fixture("moving.gif"))).expect("a GIF");
    let wanted = source.into_frames().collect_frames().expect("frames");
    let made =
        media::render(&fixture("moving.gif"), &whole(OutputFormat::Webp, &[48]), &Limits::default()).expect("one");
    let found = WebPDecoder::new(std::io::Cursor::new(&made[0].bytes)).expect("a WebP");
    let found = found.into_frames().collect_frames().expect("frames");
    for (index, (found, wanted)) in found.iter().zip(&wanted).enumerate() {
        // In the middle of each quarter, away from seams and from the corners that turning leaves empty.
        for (x, y) in [(17, 9), (31, 9), (17, 23), (31, 23)] {
            let (found, wanted) = (found.buffer().get_pixel(x, y).0, wanted.buffer().get_pixel(x, y).0);
            assert!(common::close(found, wanted, 30), "frame {index} at {x},{y}: {found:?} instead of {wanted:?}");
        }
    }
}

#[test]
fn jpeg_shows_the_first_frame_and_avif_none() {
    let mut spec = whole(OutputFormat::Jpeg, &[48]);
    spec.encodings.push(Encoding { format: OutputFormat::Avif, quality: 50, effort: 4 });
    let made = media::render(&fixture("moving.gif"), &spec, &Limits::default()).expect("renditions");
    assert_eq!(made.len(), 1);
    assert_eq!((made[0].format, made[0].frames), (OutputFormat::Jpeg, 1));
    assert!(common::close(pixels(&made[0].bytes).get_pixel(6, 6).0, [255, 0, 0, 255], 24));
}

#[test]
fn metadata_and_alpha_get_along_with_frames() {
    let mut transparent = image::RgbaImage::new(20, 20);
    transparent.put_pixel(5, 5, image::Rgba([10, 200, 30, 255]));
    let mut bytes = Vec::new();
    {
        let mut encoder = image::codecs::gif::GifEncoder::new(&mut bytes);
        for _ in 0..3 {
            encoder.encode_frame(image::Frame::new(transparent.clone())).expect("a frame");
        }
    }
    let made = media::render(&bytes, &whole(OutputFormat::Webp, &[20]), &Limits::default()).expect("a rendition");
    // A delay of zero is what browsers make of it.
    assert_eq!(delays(&made[0].bytes), [100, 100, 100]);
    assert_eq!(pixels(&made[0].bytes).get_pixel(15, 15).0[3], 0);
}
