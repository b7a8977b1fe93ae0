//! What an output tells about its maker: copyright and credit, and nothing else.

mod common;

use asset::image::{Limits, OutputFormat};
use common::{fixture, whole};

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn copyright_stays_and_position_goes() {
    let source = fixture("gps-credit.jpg");
    assert!(holds(&source, b"SecretCam"), "the fixture has something to lose");
    for format in [OutputFormat::Jpeg, OutputFormat::Webp, OutputFormat::Avif] {
        let made = media::render(&source, &whole(format, &[48]), &Limits::default()).expect("a rendition");
        let bytes = &made[0].bytes;
        assert!(holds(bytes, b"(c) 2026 Example") && holds(bytes, b"Ada Maker"), "{format:?} lost its credit");
        assert!(!holds(bytes, b"SecretCam"), "{format:?} tells the camera");
        // The tags of the GPS directory and of the orientation, little-endian.
        assert!(!holds(bytes, &[0x25, 0x88, 4, 0]) && !holds(bytes, &[0x12, 0x01, 3, 0]), "{format:?} kept a tag");
    }
}

#[test]
fn credit_is_read_from_exif_and_tiff() {
    let wanted = (Some("(c) 2026 Example".to_owned()), Some("Ada Maker".to_owned()));
    assert_eq!(media::credit(&fixture("gps-credit.jpg")), wanted);
    assert_eq!(media::credit(&fixture("tagged.tif")), wanted);
    assert_eq!(media::credit(&fixture("gray.jpg")), (None, None));
    assert_eq!(media::credit(b"no picture"), (None, None));
}

/// A JPEG with one more segment behind its first two bytes.
fn with_segment(marker: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![0xFF, 0xD8, 0xFF, marker];
    out.extend((body.len() as u16 + 2).to_be_bytes());
    out.extend(body);
    out.extend(&fixture("gray.jpg")[2..]);
    out
}

#[test]
fn credit_is_read_from_xmp() {
    let packet = br#"<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
        <rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"
        photoshop:Credit="Agency"><dc:rights><rdf:Alt><rdf:li xml:lang="x-default">Rights here</rdf:li></rdf:Alt></dc:rights>
        </rdf:Description></rdf:RDF></x:xmpmeta>"#;
    let bytes = with_segment(0xE1, &[b"http://ns.adobe.com/xap/1.0/\0", packet.as_slice()].concat());
    assert_eq!(media::credit(&bytes), (Some("Rights here".into()), Some("Agency".into())));
}

#[test]
fn credit_is_read_from_iptc() {
    let record = |data_set: u8, text: &str| [&[0x1C, 2, data_set, 0, text.len() as u8], text.as_bytes()].concat();
    let records = [record(80, "By Line"), record(116, "Notice")].concat();
    let mut body = b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0".to_vec();
    body.push(records.len() as u8);
    body.extend(records);
    assert_eq!(media::credit(&with_segment(0xED, &body)), (Some("Notice".into()), Some("By Line".into())));
}

#[test]
fn a_strangers_text_is_bounded_and_on_one_line() {
    let text = "evil\n\u{1b}[31m".repeat(200);
    let mut body = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x98\x82\x02\0".to_vec();
    body.extend((text.len() as u32).to_le_bytes());
    body.extend(26u32.to_le_bytes());
    body.extend([0; 4]);
    body.extend(text.as_bytes());
    let (copyright, _) = media::credit(&with_segment(0xE1, &body));
    let copyright = copyright.expect("a notice");
    assert!(copyright.chars().count() <= 500 && !copyright.chars().any(char::is_control));
}
