//! Texts by strangers who want to be obeyed, and the places where strangers can put them. Included by the tests of several crates
//! (`#[path]`), because whoever shows a model somebody else's words has to stay deaf to them. `make.py` writes the texts.
#![allow(dead_code, reason = "each test uses a part")]

use serde_json::{Value, json};

/// One text.
pub struct Poison {
    pub id: String,
    /// BCP 47.
    pub language: String,
    pub trick: String,
    pub text: String,
}

/// Returns every text. The word OWNED is in most of them, so that an answer which obeyed can be told.
pub fn corpus() -> Vec<Poison> {
    let value: Value = serde_json::from_str(include_str!("corpus.json")).expect("the corpus is valid JSON");
    let field = |entry: &Value, name: &str| entry[name].as_str().expect("a field of the corpus is text").to_owned();
    let poison = |entry: &Value| Poison {
        id: field(entry, "id"),
        language: field(entry, "language"),
        trick: field(entry, "trick"),
        text: field(entry, "text"),
    };
    value.as_array().expect("the corpus is a list").iter().map(poison).collect()
}

/// Bytes of a file's name, which most file systems and S3's keys hold.
const MAX_NAME: usize = 200;
/// Bytes of a text in a segment of a JPEG.
const MAX_SEGMENT: usize = 20_000;

impl Poison {
    /// Returns the text as a file's name: without what no file system takes, and as long as one may be.
    pub fn file_name(&self) -> String {
        let legal = self.text.replace(['/', '\0'], "_");
        format!("{}.jpg", cut(legal.trim_start_matches('.'), MAX_NAME))
    }

    /// Returns what a content management system would say of the picture's surroundings.
    pub fn page_context(&self) -> Value {
        let text = &self.text;
        json!({"page_title": text, "heading": text, "text_before": text, "text_after": text, "caption": text, "link": text})
    }

    /// Returns a JPEG with the text as EXIF's description, artist and copyright.
    pub fn in_exif(&self, jpeg: &[u8]) -> Vec<u8> {
        let text = [cut(&self.text, MAX_SEGMENT).as_bytes(), b"\0\0\0\0"].concat();
        let tags: [u16; 3] = [0x010E, 0x013B, 0x8298];
        let mut body = b"Exif\0\0II*\0\x08\0\0\0\x03\0".to_vec();
        let (length, at) = (u32::try_from(text.len()).expect("short"), 8 + 2 + 12 * 3 + 4_u32);
        for tag in tags {
            body.extend([tag.to_le_bytes(), 2_u16.to_le_bytes()].concat());
            body.extend([length.to_le_bytes(), at.to_le_bytes()].concat());
        }
        body.extend([0; 4]);
        body.extend(text);
        with_segment(jpeg, 0xE1, &body)
    }

    /// Returns a JPEG with the text as XMP's title, description, keyword, creator and alternative text. Characters that XML cannot
    /// hold are missing.
    pub fn in_xmp(&self, jpeg: &[u8]) -> Vec<u8> {
        let text = xml(cut(&self.text, MAX_SEGMENT / 2));
        let list = |kind: &str| format!("<rdf:{kind}><rdf:li xml:lang=\"x-default\">{text}</rdf:li></rdf:{kind}>");
        let (alt, bag, seq) = (list("Alt"), list("Bag"), list("Seq"));
        let packet = format!(
            r#"http://ns.adobe.com/xap/1.0/{}<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
            xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/"
            xmlns:i="http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/"><dc:title>{alt}</dc:title><dc:description>{alt}</dc:description>
            <dc:subject>{bag}</dc:subject><dc:creator>{seq}</dc:creator><i:AltTextAccessibility>{alt}</i:AltTextAccessibility>
            </rdf:Description></rdf:RDF></x:xmpmeta>"#,
            '\0'
        );
        with_segment(jpeg, 0xE1, packet.as_bytes())
    }

    /// Returns a JPEG with the text as IPTC's caption and keyword.
    pub fn in_iptc(&self, jpeg: &[u8]) -> Vec<u8> {
        let text = cut(&self.text, MAX_SEGMENT).as_bytes();
        let length = u16::try_from(text.len()).expect("short").to_be_bytes();
        let records: Vec<u8> =
            [120, 25].iter().flat_map(|data_set| [&[0x1C, 2, *data_set], &length[..], text].concat()).collect();
        let mut body = b"Photoshop 3.0\x008BIM\x04\x04\0\0".to_vec();
        body.extend(u32::try_from(records.len()).expect("short").to_be_bytes());
        body.extend(records);
        with_segment(jpeg, 0xED, &body)
    }

    /// Returns a drawing of the text, which is its title too: a picture that speaks to whoever reads it.
    pub fn drawn(&self) -> String {
        let characters: Vec<char> = self.text.chars().filter(|c| !c.is_control()).take(60 * 20).collect();
        let line = |(n, line): (usize, &[char])| {
            format!("<text x=\"10\" y=\"{}\">{}</text>", 30 + 24 * n, xml(&line.iter().collect::<String>()))
        };
        let lines: String = characters.chunks(60).enumerate().map(line).collect();
        let title = xml(cut(&self.text, 1000));
        format!(
            r##"<svg xmlns="http://www.w3.org/2000/svg" width="800" height="520"><title>{title}</title>
            <rect width="800" height="520" fill="#fff"/><g font-size="20" fill="#000" xml:space="preserve">{lines}</g></svg>"##
        )
    }
}

/// Puts a segment behind the first two bytes of a JPEG.
fn with_segment(jpeg: &[u8], marker: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len() + 2).expect("a segment holds it").to_be_bytes();
    [&jpeg[..2], &[0xFF, marker], &length, body, &jpeg[2..]].concat()
}

/// Returns the beginning of a text, of at most so many bytes.
fn cut(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

/// Escapes a text for XML 1.0, without what that cannot hold at all.
fn xml(text: &str) -> String {
    let is_legal = |c: &char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
    let escaped = |c: char| match c {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        c => c.to_string(),
    };
    text.chars().filter(is_legal).map(escaped).collect()
}
