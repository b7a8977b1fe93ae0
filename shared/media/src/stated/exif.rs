//! EXIF: the texts of the first directory and of the Exif directory (CIPA DC-008, Exif 3.0), and Windows' own.

use super::text::{decode, decode_utf16, line};
use super::{MAX_DESCRIPTION, MAX_NAME, MAX_TITLE, Stated, creators, date, keywords};
use crate::ifd::Ifd;

const IMAGE_DESCRIPTION: u16 = 0x010E;
const ARTIST: u16 = 0x013B;
const COPYRIGHT: u16 = 0x8298;
const EXIF_DIRECTORY: u16 = 0x8769;
// In the Exif directory.
const DATE_TIME_ORIGINAL: u16 = 0x9003;
const OFFSET_TIME_ORIGINAL: u16 = 0x9011;
const IMAGE_TITLE: u16 = 0xA436;
const PHOTOGRAPHER: u16 = 0xA437;
// Windows: in the first directory, in UTF-16.
const XP_TITLE: u16 = 0x9C9B;
const XP_COMMENT: u16 = 0x9C9C;
const XP_AUTHOR: u16 = 0x9C9D;
const XP_KEYWORDS: u16 = 0x9C9E;
const XP_SUBJECT: u16 = 0x9C9F;

/// What cameras and phones write where a description should be; compared without case.
const FROM_CAMERAS: [&str; 18] = [
    "cof",
    "dav",
    "default",
    "digital camera",
    "digital image",
    "edf",
    "exif_jpeg_picture",
    "hdr",
    "kodak digital still camera",
    "konica minolta digital camera",
    "mde",
    "minolta digital camera",
    "olympus digital camera",
    "oznor",
    "rhdr",
    "samsung camera pictures",
    "sdr",
    "sony dsc",
];
/// And a path on the card.
const CARD: &str = "dcim";

pub(super) fn read(exif: &[u8]) -> Stated {
    let Some(first) = Ifd::first(exif) else { return Stated::default() };
    let more = first.child(EXIF_DIRECTORY);
    // Several strings of one value have a zero between them; line makes it a space.
    let text = |ifd: Option<Ifd<'_>>, tag| ifd?.get(tag).map(|entry| decode(entry.data));
    let windows = |tag| first.get(tag).map(|entry| decode_utf16(entry.data));
    let one = |text: Option<String>, max| line(text.as_deref()?, max);
    let description = one(text(Some(first), IMAGE_DESCRIPTION), MAX_DESCRIPTION).filter(|text| !is_from_camera(text));
    let names = text(Some(first), ARTIST).or_else(|| text(more, PHOTOGRAPHER)).or_else(|| windows(XP_AUTHOR));
    let when = text(more, DATE_TIME_ORIGINAL).map(|when| {
        let zone = text(more, OFFSET_TIME_ORIGINAL).unwrap_or_default();
        format!("{}{}", when.trim_matches(['\0', ' ']), zone.trim_matches(['\0', ' ']))
    });
    Stated {
        title: one(text(more, IMAGE_TITLE), MAX_TITLE).or_else(|| one(windows(XP_TITLE), MAX_TITLE)),
        description: description
            .or_else(|| one(windows(XP_COMMENT), MAX_DESCRIPTION))
            .or_else(|| one(windows(XP_SUBJECT), MAX_DESCRIPTION)),
        keywords: keywords(windows(XP_KEYWORDS).unwrap_or_default().split(';')),
        creators: creators(names.unwrap_or_default().split(';')),
        copyright: one(text(Some(first), COPYRIGHT), MAX_NAME),
        date: when.and_then(|when| date::iso(&when)),
        ..Stated::default()
    }
}

fn is_from_camera(text: &str) -> bool {
    let text = text.to_lowercase();
    let is_path = text.strip_prefix(CARD).is_some_and(|rest| rest.starts_with(['\\', '/']));
    is_path || FROM_CAMERAS.contains(&text.as_str())
}
