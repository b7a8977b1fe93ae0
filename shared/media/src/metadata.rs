//! Copyright and credit: read from EXIF, XMP and IPTC, and written back as a minimal EXIF block. Nothing else of a source's
//! metadata ever reaches an output: no position, no serial number, no orientation (the pixels already stand upright).

use crate::container::Header;
use crate::ifd::Ifd;
use crate::orient::Orientation;

const ARTIST: u16 = 0x013B;
const COPYRIGHT: u16 = 0x8298;
/// Characters of a credit line that are kept.
const MAX_CHARS: usize = 500;
/// Bytes of an XMP packet that are looked at.
const MAX_XMP: usize = 1 << 20;

/// Who owns the picture and who is to be named, as text from a stranger: bounded, without control characters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Credit {
    pub(crate) copyright: Option<String>,
    pub(crate) artist: Option<String>,
}

impl Credit {
    /// Reads EXIF first, then XMP, then IPTC: the order in which programs keep them up to date.
    pub(crate) fn read(header: &Header) -> Self {
        let ifd = header.exif.and_then(Ifd::first);
        let exif = |tag| ifd.and_then(|ifd| ifd.get(tag)).and_then(|entry| clean(entry.data));
        let xmp = header.xmp.as_deref().and_then(xmp_text);
        let xmp = |names: &[&str]| xmp.as_deref().and_then(|text| xmp_value(text, names));
        // IIM 4.2 §6: 2:116 copyright notice, 2:110 credit, 2:80 by-line.
        let iptc = |record| header.iptc.and_then(|records| iptc_value(records, record));
        Credit {
            copyright: exif(COPYRIGHT).or_else(|| xmp(&["dc:rights"])).or_else(|| iptc(116)),
            artist: exif(ARTIST)
                .or_else(|| xmp(&["photoshop:Credit", "dc:creator"]))
                .or_else(|| iptc(110))
                .or_else(|| iptc(80)),
        }
    }

    /// Returns a little-endian TIFF structure with at most two entries (Exif 3.0 §4.6.5.4), or `None` if there is nothing
    /// to say. Text is written as UTF-8, which Exif 3.0 allows and everyone already does.
    pub(crate) fn to_exif(&self) -> Option<Vec<u8>> {
        let fields: Vec<(u16, &str)> = [(ARTIST, &self.artist), (COPYRIGHT, &self.copyright)]
            .into_iter()
            .filter_map(|(tag, text)| Some((tag, text.as_deref()?)))
            .collect();
        if fields.is_empty() {
            return None;
        }
        let mut out = b"II\x2A\0\x08\0\0\0".to_vec();
        out.extend((fields.len() as u16).to_le_bytes());
        let mut texts = Vec::new();
        let texts_at = 8 + 2 + fields.len() * 12 + 4;
        for (tag, text) in fields {
            let mut value = text.as_bytes().to_vec();
            value.push(0);
            let length = value.len() as u32;
            out.extend(tag.to_le_bytes());
            out.extend(2u16.to_le_bytes());
            out.extend(length.to_le_bytes());
            if value.len() <= 4 {
                value.resize(4, 0);
                out.extend(value);
            } else {
                out.extend(((texts_at + texts.len()) as u32).to_le_bytes());
                texts.extend(value);
                // Values begin on even offsets (TIFF 6.0 §2).
                texts.resize(texts.len().next_multiple_of(2), 0);
            }
        }
        out.extend(0u32.to_le_bytes());
        out.extend(texts);
        Some(out)
    }
}

/// Returns the orientation an EXIF block holds, if it holds one.
pub(crate) fn exif_orientation(exif: &[u8]) -> Option<Orientation> {
    Ifd::first(exif)?.uint(0x0112).map(Orientation::from_exif)
}

/// Makes one bounded line of text: UTF-8, else Latin-1; control characters become spaces.
fn clean(bytes: &[u8]) -> Option<String> {
    let bytes = &bytes[..bytes.len().min(MAX_CHARS * 4)];
    // Exif's copyright is two strings, photographer and editor, with a zero between.
    let bytes: Vec<u8> = bytes.iter().map(|&b| if b == 0 { b' ' } else { b }).collect();
    let text = match std::str::from_utf8(&bytes) {
        Ok(text) => text.to_owned(),
        Err(error) if error.error_len().is_none() => {
            String::from_utf8_lossy(&bytes[..error.valid_up_to()]).into_owned()
        }
        Err(_) => bytes.iter().map(|&b| char::from(b)).collect(),
    };
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_CHARS).collect();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn xmp_text(packet: &[u8]) -> Option<String> {
    (packet.len() <= MAX_XMP).then(|| String::from_utf8_lossy(packet).trim_matches('\0').to_owned())
}

/// Finds the first of `names` (with the prefixes that XMP registers) as an element or as an attribute.
fn xmp_value(text: &str, names: &[&str]) -> Option<String> {
    use resvg::usvg::roxmltree::{Document, ParsingOptions};
    let options = ParsingOptions { nodes_limit: 20_000, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).ok()?;
    names.iter().find_map(|name| {
        let (prefix, local) = name.split_once(':')?;
        let space = match prefix {
            "dc" => "http://purl.org/dc/elements/1.1/",
            _ => "http://ns.adobe.com/photoshop/1.0/",
        };
        document.descendants().find_map(|node| {
            if node.has_tag_name((space, local)) {
                let texts = node.descendants().filter(|n| n.is_text()).filter_map(|n| n.text());
                let parts: Vec<&str> = texts.map(str::trim).filter(|t| !t.is_empty()).take(10).collect();
                return clean(parts.join(", ").as_bytes());
            }
            node.attribute((space, local)).and_then(|value| clean(value.as_bytes()))
        })
    })
}

/// IIM 4.2 §1.5: `1C`, record, data set, two bytes of length.
fn iptc_value(mut records: &[u8], wanted: u8) -> Option<String> {
    while let [0x1C, record, data_set, high, low, rest @ ..] = records {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let value = rest.get(..length)?;
        if (*record, *data_set) == (2, wanted) {
            return clean(value);
        }
        records = &rest[length..];
    }
    None
}
