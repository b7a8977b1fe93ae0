//! What files state of themselves: as exiftool and Pillow wrote it, cleaned, and nothing about devices and positions.

mod common;

use common::fixture;
use media::{Stated, stated};
use proptest::prelude::*;

fn words(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn list(entries: &[&str]) -> Vec<String> {
    entries.iter().map(|entry| (*entry).to_owned()).collect()
}

fn read(name: &str) -> Stated {
    stated(&fixture(&format!("stated/{name}")))
}

/// What every kind of metadata in the fixtures has.
fn boats() -> Stated {
    Stated {
        title: words("Boats at dusk"),
        description: words("Two fishing boats lie on the beach of Étretat."),
        keywords: list(&["boats", "Normandy"]),
        creators: list(&["Ada Maker", "Ben Helper"]),
        copyright: words("© 2026 Example"),
        date: words("2026-11-23T10:20:30+01:00"),
        ..Stated::default()
    }
}

fn boats_of_an_agency() -> Stated {
    Stated { credit: words("Example Agency"), city: words("Étretat"), country: words("France"), ..boats() }
}

#[test]
fn xmp_of_exiftool_is_read() {
    let expected = Stated {
        keywords: list(&["boats", "Normandy", "海"]),
        alt_text: words("Two wooden boats on pebbles, the sea behind them."),
        long_description: words("In front, two boats. Behind them, the sea and a white cliff."),
        ..boats_of_an_agency()
    };
    for extension in ["jpg", "png", "webp", "tif"] {
        assert_eq!(read(&format!("exiftool-xmp.{extension}")), expected, "{extension}");
    }
}

#[test]
fn iptc_of_exiftool_is_read_in_both_of_its_character_sets() {
    for name in ["exiftool-iptc.jpg", "exiftool-iptc.tif", "exiftool-iptc-latin.jpg"] {
        assert_eq!(read(name), boats_of_an_agency(), "{name}");
    }
}

#[test]
fn exif_of_exiftool_is_read() {
    for extension in ["jpg", "png", "webp", "tif"] {
        assert_eq!(read(&format!("exiftool-exif.{extension}")), boats(), "{extension}");
    }
}

#[test]
fn what_a_camera_writes_is_no_description() {
    assert_eq!(read("exiftool-camera.jpg"), Stated::default());
}

#[test]
fn xmp_comes_before_iptc_and_iptc_before_exif() {
    let expected = Stated {
        title: words("Title of XMP"),
        description: words("Caption of IPTC"),
        creators: list(&["Artist of EXIF"]),
        keywords: list(&["Windows"]),
        ..Stated::default()
    };
    assert_eq!(read("exiftool-all.jpg"), expected);
}

#[test]
fn files_of_pillow_are_read() {
    let expected = Stated {
        description: words("Two fishing boats lie on the beach."),
        creators: list(&["Ada Maker"]),
        copyright: words("(c) 2026 Example"),
        date: words("2026-11-23T10:20:30"),
        ..Stated::default()
    };
    for extension in ["jpg", "png", "webp"] {
        assert_eq!(read(&format!("pillow-exif.{extension}")), expected, "{extension}");
    }
    // Pillow writes no Exif directory into a TIFF, as exiftool says too.
    assert_eq!(read("pillow-exif.tif"), Stated { date: None, ..expected });
    let texts = Stated { keywords: Vec::new(), creators: list(&["Ada Maker"]), ..boats() };
    assert_eq!(read("pillow-texts.png"), texts);
    assert_eq!(read("pillow-xmp.webp"), Stated { title: words("Boats at dusk"), ..Stated::default() });
}

#[test]
fn a_drawing_has_a_title_and_a_description() {
    let svg = r#"<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><title>A <tspan>plan</tspan></title>
        <desc>Of the
        house</desc><g><title>Inner</title></g></svg>"#;
    let expected = Stated { title: words("A plan"), description: words("Of the house"), ..Stated::default() };
    assert_eq!(stated(svg.as_bytes()), expected);
    assert_eq!(
        stated(br#"<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><g><title>x</title></g></svg>"#),
        Stated::default()
    );
}

/// Everything that a file states, in one string.
fn everything(stated: &Stated) -> String {
    format!("{stated:?}")
}

#[test]
fn positions_and_serial_numbers_are_never_stated() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/stated");
    let (mut n, mut n_secret) = (0, 0);
    for entry in std::fs::read_dir(folder).expect("the fixtures") {
        let name = entry.expect("an entry").file_name().into_string().expect("a name");
        if name.ends_with(".py") {
            continue;
        }
        let bytes = fixture(&format!("stated/{name}"));
        n += 1;
        n_secret += usize::from(bytes.windows(6).any(|window| window.eq_ignore_ascii_case(b"secret")));
        let stated = everything(&stated(&bytes));
        for secret in ["48.8", "48,5", "2.29", "SECRET", "Secret", "2030"] {
            assert!(!stated.contains(secret), "`{name}` tells {secret}: {stated}");
        }
    }
    assert!(n >= 19 && n_secret >= 10, "{n_secret} of {n} have something to hide");
}

#[test]
fn bytes_that_are_no_picture_state_nothing() {
    for bytes in
        [&b""[..], b"x", b"\xFF\xD8\xFF", b"RIFF\xFF\xFF\xFF\xFFWEBP", b"II*\0\xFF\xFF\xFF\xFF", b"<svg", b"GIF89a"]
    {
        assert_eq!(stated(bytes), Stated::default());
    }
}

/// A JPEG with one more segment behind its first two bytes.
fn with_segment(marker: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![0xFF, 0xD8, 0xFF, marker];
    out.extend((u16::try_from(body.len()).expect("a segment") + 2).to_be_bytes());
    out.extend(body);
    out.extend(&fixture("gray.jpg")[2..]);
    out
}

fn with_xmp(properties: &str) -> Vec<u8> {
    let packet = format!(
        r#"<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
        xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/">
        <rdf:Description {properties}</rdf:Description></rdf:RDF></x:xmpmeta>"#
    );
    with_segment(0xE1, &[b"http://ns.adobe.com/xap/1.0/\0", packet.as_bytes()].concat())
}

#[test]
fn properties_may_be_attributes_and_lists_may_be_wrong() {
    let found = stated(&with_xmp(r#"photoshop:City=" Zug&#10;" photoshop:Headline="H"><dc:subject>one</dc:subject>"#));
    assert_eq!((found.city, found.title, found.keywords), (words("Zug"), words("H"), list(&["one"])));
    // What lies inside of something else is not the picture's own.
    let inner = "><photoshop:History><rdf:Description><dc:title>Old</dc:title></rdf:Description></photoshop:History>";
    assert_eq!(stated(&with_xmp(inner)), Stated::default());
}

#[test]
fn entities_do_not_expand_and_depth_does_no_harm() {
    let bomb = "<!DOCTYPE x [<!ENTITY a 'aaaaaaaa'>]><x>&a;</x>";
    assert_eq!(
        stated(&with_segment(0xE1, &[b"http://ns.adobe.com/xap/1.0/\0", bomb.as_bytes()].concat())),
        Stated::default()
    );
    let deep = format!("><dc:title>{}x", "<a>".repeat(15_000));
    assert_eq!(stated(&with_xmp(&deep)), Stated::default());
    let closed = format!("><dc:title>{}x{}</dc:title>", "<a>".repeat(7_000), "</a>".repeat(7_000));
    assert_eq!(stated(&with_xmp(&closed)).title, words("x"));
}

#[test]
fn long_lists_and_texts_are_cut() {
    let many: String = (0..3000).map(|n| format!("<rdf:li>k{n}</rdf:li>")).collect();
    let found = stated(&with_xmp(&format!("><dc:subject><rdf:Bag>{many}</rdf:Bag></dc:subject>")));
    assert_eq!((found.keywords.len(), found.keywords[99].as_str()), (100, "k99"));
    let found = stated(&with_xmp(&format!("><dc:description>{}</dc:description>", "ü".repeat(9000))));
    assert_eq!(found.description.map(|text| text.chars().count()), Some(2000));
}

#[test]
fn a_record_of_iptc_may_be_long_or_lie_about_it() {
    let iptc = |records: &[u8]| {
        let mut body = b"Photoshop 3.0\x008BIM\x04\x04\0\0".to_vec();
        body.extend((records.len() as u32).to_be_bytes());
        body.extend(records);
        stated(&with_segment(0xED, &body))
    };
    let long = [&[0x1C, 2, 120, 0x80, 4, 0, 0, 0, 3][..], b"yes", &[0x1C, 2, 90, 0, 3], b"Zug"].concat();
    let found = iptc(&long);
    assert_eq!((found.description, found.city), (words("yes"), words("Zug")));
    for lie in [
        &[0x1C, 2, 120, 0xFF, 0xFF][..],
        &[0x1C, 2, 120, 0x80, 4, 0xFF, 0xFF, 0xFF, 0xFF],
        &[0x1C, 2, 120, 0, 9, 1],
        &[0x1C, 2, 5],
    ] {
        assert_eq!(iptc(lie), Stated::default());
    }
}

#[test]
fn texts_of_a_png_are_inflated_under_a_limit() {
    use std::io::Write;
    let zlib = |bytes: &[u8]| {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).expect("memory");
        encoder.finish().expect("memory")
    };
    let chunk = |name: &[u8], body: &[u8]| [&(body.len() as u32).to_be_bytes()[..], name, body, &[0; 4]].concat();
    let png = fixture("palette.png");
    let with = |chunks: &[u8]| stated(&[&png[..33], chunks, &png[33..]].concat());
    assert_eq!(with(&chunk(b"zTXt", &[b"Title\0\0", zlib(b"small").as_slice()].concat())).title, words("small"));
    let bomb = chunk(b"zTXt", &[b"Title\0\0", zlib(&vec![b'a'; 64 << 20]).as_slice()].concat());
    let start = std::time::Instant::now();
    assert_eq!(with(&bomb.repeat(200)), Stated::default());
    assert!(start.elapsed() < std::time::Duration::from_secs(10), "{:?}", start.elapsed());
    assert_eq!(with(&chunk(b"tEXt", b"no zero")), Stated::default());
}

/// Names with the bytes of all fixtures of this file.
fn sources() -> Vec<Vec<u8>> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/stated");
    let mut names: Vec<_> =
        std::fs::read_dir(folder).expect("the fixtures").filter_map(|entry| Some(entry.ok()?.path())).collect();
    names.sort();
    names.retain(|path| path.extension().is_none_or(|extension| extension != "py"));
    names.iter().map(|path| std::fs::read(path).expect("a fixture")).collect()
}

static SOURCES: std::sync::LazyLock<Vec<Vec<u8>>> = std::sync::LazyLock::new(sources);

fn is_clean(stated: &Stated) -> bool {
    let one = [
        &stated.title,
        &stated.description,
        &stated.alt_text,
        &stated.long_description,
        &stated.copyright,
        &stated.credit,
    ];
    let one = one.into_iter().chain([&stated.city, &stated.country, &stated.date]).flatten();
    let is_plain = |text: &String| {
        let is_bad = |c: char| {
            c.is_control()
                || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200b}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
                || c >= '\u{e0000}'
        };
        !text.is_empty() && text.trim() == text && !text.contains(is_bad) && text.chars().count() <= 4000
    };
    let is_bounded = stated.keywords.len() <= 100 && stated.creators.len() <= 10;
    is_bounded && one.chain(&stated.keywords).chain(&stated.creators).all(is_plain)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn changed_bytes_are_read_or_not_but_clean(
        source in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), prop_oneof![any::<u8>(), Just(0), Just(0xFF), Just(0x1C)]), 1..40),
        cut in prop::option::weighted(0.2, any::<prop::sample::Index>()),
    ) {
        let mut bytes = source.get(&SOURCES).clone();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let found = stated(&bytes);
        prop_assert!(is_clean(&found), "{:?}", found);
    }

    #[test]
    fn any_text_of_any_kind_comes_out_clean(
        text in ".*|[\u{0}-\u{ff}\u{200b}-\u{2069}\u{e0000}-\u{e01ef}]{0,80}",
        bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let escaped = text.replace('&', "&amp;").replace('<', "&lt;");
        let properties = format!("><dc:title>{escaped}</dc:title><dc:creator>{escaped}</dc:creator>");
        prop_assert!(is_clean(&stated(&with_xmp(&properties))));
        for body in [text.as_bytes(), &bytes] {
            let mut record = vec![0x1C, 2, 120];
            record.extend((u16::try_from(body.len()).expect("short")).to_be_bytes());
            record.extend(body);
            let mut segment = b"Photoshop 3.0\x008BIM\x04\x04\0\0".to_vec();
            segment.extend((record.len() as u32).to_be_bytes());
            segment.extend(&record);
            prop_assert!(is_clean(&stated(&with_segment(0xED, &segment))));
            let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x02\0\x0e\x01\x02\0".to_vec();
            exif.extend((body.len() as u32).to_le_bytes());
            exif.extend(38u32.to_le_bytes());
            exif.extend([0x9B, 0x9C, 1, 0]);
            exif.extend((body.len() as u32).to_le_bytes());
            exif.extend(38u32.to_le_bytes());
            exif.extend([0; 4]);
            exif.extend(body);
            prop_assert!(is_clean(&stated(&with_segment(0xE1, &exif))));
        }
    }
}
