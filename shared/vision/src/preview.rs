//! What a model is shown of a picture: a small JPEG. The original never leaves.

use asset::image::{ColorPolicy, Encoding, Framing, Limits, OutputFormat, RenderSpec};
use asset::refusal::{Refusal, RefusalCode};
use async_trait::async_trait;
use bytes::Bytes;
use models::{Image, ImageFormat};

/// Longest edge in pixels where the model's own limit is not smaller: detail beyond it costs tokens and changes few words.
const LONG_EDGE: u32 = 1024;

const QUALITY: u8 = 85;

/// Makes the copy that is shown; a trait, so that tests and the simulator need no pictures.
#[async_trait]
pub trait Preview: Send + Sync {
    /// Returns the picture, upright and in sRGB, its longest edge at most `long_edge` pixels.
    async fn preview(&self, bytes: Bytes, limits: Limits, long_edge: Option<u32>) -> Result<Image, Refusal>;
}

/// `media` on the blocking pool. A panic while decoding is a property of the input.
pub struct MediaPreview;

#[async_trait]
impl Preview for MediaPreview {
    async fn preview(&self, bytes: Bytes, limits: Limits, long_edge: Option<u32>) -> Result<Image, Refusal> {
        let long_edge = long_edge.map_or(LONG_EDGE, |edge| edge.min(LONG_EDGE));
        let work = move || shrink(&bytes, &limits, long_edge);
        runtime::cpu(work).await.unwrap_or_else(|panicked| {
            let found = format!("the decoder failed: {panicked}");
            Err(Refusal::new(RefusalCode::Corrupt, found, "export the picture again and upload it"))
        })
    }
}

fn shrink(bytes: &[u8], limits: &Limits, long_edge: u32) -> Result<Image, Refusal> {
    let probe = media::probe(bytes, limits)?;
    let (width, height) = (u64::from(probe.width.max(1)), u64::from(probe.height.max(1)));
    // A width is what can be asked for; that of a tall picture follows from the height that it may have.
    let fitting = u64::from(long_edge) * width / width.max(height);
    let spec = RenderSpec {
        framing: Framing::Whole,
        widths: vec![u32::try_from(fitting.max(1)).unwrap_or(long_edge)],
        encodings: vec![Encoding { format: OutputFormat::Jpeg, quality: QUALITY, effort: 4 }],
        color: ColorPolicy::Srgb,
    };
    let nothing = || Refusal::new(RefusalCode::Corrupt, "nothing can be shown of it", "upload another picture");
    let rendition = media::render(bytes, &spec, limits)?.into_iter().next().ok_or_else(nothing)?;
    let (width, height) = (rendition.width, rendition.height);
    Ok(Image { format: ImageFormat::Jpeg, width, height, bytes: rendition.bytes.into() })
}
