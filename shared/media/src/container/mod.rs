//! What the file formats say around their pixels: size, frames, orientation, profile, metadata, and whether the file is
//! whole. These walkers allocate nothing that grows with the picture, and never decode.

pub(crate) mod bmp;
pub(crate) mod gif;
pub(crate) mod jpeg;
pub(crate) mod png;
pub(crate) mod svg;
pub(crate) mod tiff;
pub(crate) mod webp;

use std::borrow::Cow;

use asset::image::SourceFormat;
use asset::refusal::Refusal;

use crate::orient::Orientation;
use crate::refuse;
use crate::sniff::sniff;

/// A file's header. Metadata are slices of the file where the format keeps them plain.
#[derive(Clone, Debug)]
pub(crate) struct Header<'a> {
    pub(crate) format: SourceFormat,
    /// Pixels as stored, before orientation.
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// 1 for a still picture.
    pub(crate) frames: u32,
    /// How often an animation plays; 0 means for ever.
    pub(crate) loops: u16,
    pub(crate) orientation: Orientation,
    /// From the TIFF header on.
    pub(crate) exif: Option<&'a [u8]>,
    pub(crate) xmp: Option<Cow<'a, [u8]>>,
    /// IPTC-IIM records.
    pub(crate) iptc: Option<&'a [u8]>,
    pub(crate) icc: Option<Vec<u8>>,
    /// Whether the file reaches the end that its format promises.
    pub(crate) complete: bool,
    /// Bytes of memory a pixel takes while decoding at full size.
    pub(crate) pixel_bytes: u64,
    /// A JPEG with an Adobe marker stores CMYK inverted.
    pub(crate) adobe: bool,
    pub(crate) channels: u8,
}

impl<'a> Header<'a> {
    pub(crate) fn new(format: SourceFormat, width: u32, height: u32) -> Self {
        Header {
            format,
            width,
            height,
            frames: 1,
            loops: 0,
            orientation: Orientation::UPRIGHT,
            exif: None,
            xmp: None,
            iptc: None,
            icc: None,
            complete: true,
            pixel_bytes: 8,
            adobe: false,
            channels: 3,
        }
    }

    /// Takes the EXIF block and the orientation it holds.
    pub(crate) fn set_exif(&mut self, exif: &'a [u8]) {
        // WebP and PNG writers often keep the prefix that only JPEG needs.
        let exif = exif.strip_prefix(b"Exif\0\0").unwrap_or(exif);
        if let Some(orientation) = crate::metadata::exif_orientation(exif) {
            self.orientation = orientation;
        }
        self.exif = Some(exif);
    }

    pub(crate) fn upright_size(&self) -> (u32, u32) {
        self.orientation.upright_size(self.width, self.height)
    }
}

/// Reads the header of any known format.
///
/// # Errors
/// `unsupported` for unknown bytes, `truncated` when the header itself is cut, `corrupt` when it breaks its format's rules.
pub(crate) fn read(bytes: &[u8]) -> Result<Header<'_>, Refusal> {
    let format = sniff(bytes).ok_or_else(|| {
        refuse::unsupported(
            "the bytes are of no picture format known here",
            "upload JPEG, PNG, GIF, WebP, TIFF, BMP or SVG",
        )
    })?;
    let header = match format {
        SourceFormat::Jpeg => jpeg::read(bytes),
        SourceFormat::Png => png::read(bytes),
        SourceFormat::Gif => gif::read(bytes),
        SourceFormat::Webp => webp::read(bytes),
        SourceFormat::Tiff => tiff::read(bytes),
        SourceFormat::Bmp => bmp::read(bytes),
        SourceFormat::Svg => svg::read(bytes),
        SourceFormat::Avif => Err(refuse::unsupported(
            "an `image/avif`, which has no decoder here that is both memory-safe and freely licensed",
            "upload the JPEG, PNG, WebP or TIFF it was made from",
        )),
    }?;
    if header.width == 0 || header.height == 0 {
        return Err(refuse::corrupt(format, "a picture without width or height"));
    }
    Ok(header)
}

pub(crate) fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

pub(crate) fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

pub(crate) fn le16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

pub(crate) fn le32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// Three bytes, little end first: WebP sizes and durations.
pub(crate) fn le24(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from(le16(bytes, at)?) | u32::from(*bytes.get(at + 2)?) << 16)
}
