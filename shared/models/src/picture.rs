//! Pictures that models make.

use crate::{Image, ImageFormat, Receipt};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// One order for pictures.
#[derive(Clone, Debug, Serialize)]
pub struct ImageRequest {
    pub prompt: String,
    pub size: Size,
    /// The same seed, prompt and model make the same picture, where the provider has seeds at all.
    pub seed: Option<u32>,
    /// How many pictures of the same prompt.
    pub count: u32,
    /// A picture that the new one starts from.
    pub reference: Option<Reference>,
}

/// A picture to start from, and how much of it stays.
#[derive(Clone, Debug, Serialize)]
pub struct Reference {
    pub image: Image,
    /// Thousandths: with 0 the reference hardly matters, with 1000 it comes back nearly as it was.
    pub likeness_thousandths: u16,
}

/// Width and height in pixels, written `1024x768`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    pub width: u32,
    pub height: u32,
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0:.80}` is no size: write width and height in pixels, like `1024x768`")]
pub struct NoSize(String);

impl FromStr for Size {
    type Err = NoSize;

    fn from_str(text: &str) -> Result<Self, NoSize> {
        let pixels = |text: &str| text.parse::<u32>().ok().filter(|pixels| *pixels > 0);
        let sides = text.split_once('x').and_then(|(width, height)| Some((pixels(width)?, pixels(height)?)));
        let (width, height) = sides.ok_or_else(|| NoSize(text.to_owned()))?;
        Ok(Size { width, height })
    }
}

impl Serialize for Size {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// What was made: as many pictures as were ordered, or fewer with a warning.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pictures {
    pub pictures: Vec<Picture>,
    pub receipt: Receipt,
}

/// A picture as the model gave it, with what its own header says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Picture {
    pub format: ImageFormat,
    pub width: u32,
    pub height: u32,
    /// With which the model would make it again; absent where it does not say.
    pub seed: Option<u64>,
    #[serde(with = "as_base64")]
    pub bytes: Bytes,
}

impl Picture {
    /// Reads the head of a PNG (W3C PNG 3, section 11.2.1) or a JPEG (ITU-T T.81, B.2.2); nothing of any other file.
    pub(crate) fn read(bytes: Vec<u8>, seed: Option<u64>) -> Option<Self> {
        let (format, width, height) = png(&bytes).or_else(|| jpeg(&bytes))?;
        (width > 0 && height > 0).then(|| Picture { format, width, height, seed, bytes: bytes.into() })
    }

    /// Returns the picture of an answer, which is base64 in all protocols.
    pub(crate) fn decode(base64: &str, seed: Option<u64>) -> Option<Self> {
        STANDARD.decode(base64).ok().and_then(|bytes| Picture::read(bytes, seed))
    }
}

fn png(bytes: &[u8]) -> Option<(ImageFormat, u32, u32)> {
    let header = bytes.strip_prefix(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")?;
    let number = |at: usize| Some(u32::from_be_bytes(header.get(at..at + 4)?.try_into().ok()?));
    Some((ImageFormat::Png, number(0)?, number(4)?))
}

fn jpeg(bytes: &[u8]) -> Option<(ImageFormat, u32, u32)> {
    let mut rest = bytes.strip_prefix(b"\xff\xd8")?;
    loop {
        let (marker, length) = match rest {
            // Bytes of 255 may fill the space before a marker.
            [0xff, 0xff, ..] => {
                rest = &rest[1..];
                continue;
            }
            [0xff, marker, high, low, ..] => (*marker, usize::from(u16::from_be_bytes([*high, *low]))),
            _ => return None,
        };
        let is_frame = matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc);
        if is_frame {
            let side = |at: usize| Some(u32::from(u16::from_be_bytes(rest.get(at..at + 2)?.try_into().ok()?)));
            return Some((ImageFormat::Jpeg, side(7)?, side(5)?));
        }
        rest = rest.get(2 + length..)?;
    }
}

mod as_base64 {
    use super::{Bytes, Deserialize, Deserializer, Engine, STANDARD, Serializer};
    use serde::de::Error;

    pub fn serialize<S: Serializer>(bytes: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map(Bytes::from).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x04\0\0\0\x02\x40\x08\x02\0\0\0";
    const JPEG: &[u8] = b"\xff\xd8\xff\xe0\0\x04ab\xff\xff\xc4\0\x02\xff\xc2\0\x11\x08\x01\x02\x03\x04\x03";

    #[test]
    fn a_picture_says_its_own_size() {
        let read = |bytes: &[u8]| Picture::read(bytes.to_vec(), Some(7)).map(|p| (p.format, p.width, p.height));
        assert_eq!(read(PNG), Some((ImageFormat::Png, 1024, 576)));
        assert_eq!(read(JPEG), Some((ImageFormat::Jpeg, 0x304, 0x102)));
        assert_eq!(read(b"GIF89a"), None);
        assert_eq!(read(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\0\0\0\0\x01"), None, "it has no width");
    }

    #[test]
    fn a_picture_is_the_same_after_a_recording() {
        let picture = Picture::read(PNG.to_vec(), None).expect("a picture");
        let json = serde_json::to_string(&picture).expect("writes");
        assert_eq!(serde_json::from_str::<Picture>(&json).expect("reads"), picture);
        assert!(serde_json::from_str::<Picture>(&json.replace("iVBOR", "iV*OR")).is_err());
    }

    #[test]
    fn sizes_are_written_with_an_x() {
        let size: Size = "1024x768".parse().expect("a size");
        assert_eq!((size, size.to_string().as_str()), (Size { width: 1024, height: 768 }, "1024x768"));
        for wrong in ["1024", "x", "0x5", "5x-1", "axb", "1x2x3"] {
            assert!(wrong.parse::<Size>().is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..64), cut in 0usize..30) {
            let _ = Picture::read(bytes.clone(), None);
            for head in [PNG, JPEG] {
                let _ = Picture::read([&head[..cut.min(head.len())], &bytes[..]].concat(), None);
            }
        }
    }
}
