//! What to make of a picture: the values that cross from the profile, through a task, into `media`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A still or animated picture format that Greenroom reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SourceFormat {
    Jpeg,
    Png,
    Gif,
    Webp,
    Tiff,
    Bmp,
    Avif,
    Svg,
}

impl SourceFormat {
    /// Returns the registered media type (IANA).
    pub fn media_type(self) -> &'static str {
        match self {
            SourceFormat::Jpeg => "image/jpeg",
            SourceFormat::Png => "image/png",
            SourceFormat::Gif => "image/gif",
            SourceFormat::Webp => "image/webp",
            SourceFormat::Tiff => "image/tiff",
            SourceFormat::Bmp => "image/bmp",
            SourceFormat::Avif => "image/avif",
            SourceFormat::Svg => "image/svg+xml",
        }
    }
}

/// A format that Greenroom writes. The order is the order of `<source>` elements: the smallest files first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OutputFormat {
    Avif,
    Webp,
    Jpeg,
}

impl OutputFormat {
    /// Returns the registered media type (IANA).
    pub fn media_type(self) -> &'static str {
        match self {
            OutputFormat::Avif => "image/avif",
            OutputFormat::Webp => "image/webp",
            OutputFormat::Jpeg => "image/jpeg",
        }
    }

    /// Returns the name in the profile and on the wire.
    pub fn name(self) -> &'static str {
        match self {
            OutputFormat::Avif => "avif",
            OutputFormat::Webp => "webp",
            OutputFormat::Jpeg => "jpeg",
        }
    }

    /// Returns the file name extension, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            OutputFormat::Avif => "avif",
            OutputFormat::Webp => "webp",
            OutputFormat::Jpeg => "jpg",
        }
    }
}

/// One output encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Encoding {
    pub format: OutputFormat,
    /// 1 (smallest) to 100 (best), on the format's own customary scale.
    pub quality: u8,
    /// 0 (fastest) to 10 (smallest file): how hard the encoder searches.
    pub effort: u8,
}

/// What becomes of the source's colour space.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ColorPolicy {
    /// Every output is sRGB: safe everywhere.
    #[default]
    Srgb,
    /// A wide-gamut RGB source (Display P3, Adobe RGB) keeps its gamut, with its profile embedded; CMYK and grey become sRGB.
    KeepWide,
}

/// A point in the oriented picture, in thousandths of its width and height. Integers keep task ids exact on every machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct FocalPoint {
    /// 0 (left edge) to 1000 (right edge).
    pub x: u16,
    /// 0 (top edge) to 1000 (bottom edge).
    pub y: u16,
}

impl FocalPoint {
    pub const CENTER: FocalPoint = FocalPoint { x: 500, y: 500 };
}

/// An aspect ratio, width to height, for example 16:9.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct AspectRatio {
    pub width: u16,
    pub height: u16,
}

/// Which part of the picture an output shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Framing {
    /// All of it.
    Whole,
    /// The largest window of this ratio that holds the focal point as near its middle as the edges allow.
    Crop { ratio: AspectRatio, focus: FocalPoint },
}

/// Everything that decides the bytes of a set of renditions, beside the source and the code itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct RenderSpec {
    pub framing: Framing,
    /// Wanted widths in pixels, ascending. Widths above the framed source's are replaced by that width: never upscaled.
    pub widths: Vec<u32>,
    pub encodings: Vec<Encoding>,
    #[serde(default)]
    pub color: ColorPolicy,
}

/// What the header of a picture says, under limits, without decoding it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ImageProbe {
    pub format: SourceFormat,
    /// Pixels, as displayed: after EXIF orientation.
    pub width: u32,
    pub height: u32,
    /// 1 for a still picture.
    pub frames: u32,
}

/// What one look at the pixels tells: where to crop, and what to show while loading.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Inspection {
    /// Where a crop should look.
    pub focus: FocalPoint,
    /// What the focal point was found by.
    pub focus_from: FocusSource,
    /// Number of faces found.
    pub faces: u32,
    /// Base64 of a ThumbHash (<https://evanw.github.io/thumbhash/>).
    pub thumbhash: String,
    /// `#rrggbb`, sRGB.
    pub dominant_color: String,
    /// Whether any pixel is not opaque.
    pub transparent: bool,
    /// Copyright notice and credit line found in EXIF, IPTC or XMP, as text from a stranger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copyright: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credit: Option<String>,
    /// What an editor should know of how the picture is drawn, in whole sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// What a machine-found focal point rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FocusSource {
    Faces,
    Saliency,
    Center,
}

/// What decoding may cost. Checked before anything is allocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Bytes of an image file.
    pub max_bytes: u64,
    /// Bytes of an SVG file, after gunzip.
    pub max_svg_bytes: u64,
    /// Width times height of one frame.
    pub max_pixels: u64,
    pub max_frames: u32,
    /// Width times height, summed over frames.
    pub max_total_pixels: u64,
    /// Bytes of working memory a decoder may ask for.
    pub max_memory_bytes: u64,
    /// Milliseconds for one task's CPU work.
    pub max_time_ms: u64,
    /// Bytes of a file of video or audio.
    pub max_recording_bytes: u64,
    /// Milliseconds that a recording may last.
    pub max_duration_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            max_bytes: 100 << 20,
            max_svg_bytes: 5 << 20,
            max_pixels: 100_000_000,
            max_frames: 300,
            max_total_pixels: 200_000_000,
            max_memory_bytes: 1 << 30,
            max_time_ms: 120_000,
            max_recording_bytes: 20 << 30,
            max_duration_ms: 6 * 3_600_000,
        }
    }
}
