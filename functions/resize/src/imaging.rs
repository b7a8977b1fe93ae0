//! The CPU side of `resize`, behind a trait so that tests and the simulator need no pictures.

use asset::image::{ImageProbe, Inspection, Limits, RenderSpec};
use asset::refusal::{Refusal, RefusalCode};
use async_trait::async_trait;
use bytes::Bytes;
use media::Rendition;

/// What can be done with the bytes of a picture. The same bytes and parameters always give the same answer.
#[async_trait]
pub trait Imaging: Send + Sync {
    async fn inspect(&self, bytes: Bytes, limits: Limits) -> Result<(ImageProbe, Inspection), Refusal>;

    /// Makes one set of renditions per spec, in their order.
    async fn render(
        &self,
        bytes: Bytes,
        specs: Vec<RenderSpec>,
        limits: Limits,
    ) -> Result<Vec<Vec<Rendition>>, Refusal>;
}

/// `media` on the blocking pool. A panic while decoding is a property of the input.
pub struct MediaImaging;

#[async_trait]
impl Imaging for MediaImaging {
    async fn inspect(&self, bytes: Bytes, limits: Limits) -> Result<(ImageProbe, Inspection), Refusal> {
        let work = move || Ok((media::probe(&bytes, &limits)?, media::inspect(&bytes, &limits)?));
        runtime::cpu(work).await.unwrap_or_else(|panicked| Err(refuse(&panicked)))
    }

    async fn render(
        &self,
        bytes: Bytes,
        specs: Vec<RenderSpec>,
        limits: Limits,
    ) -> Result<Vec<Vec<Rendition>>, Refusal> {
        let work = move || media::render_all(&bytes, &specs, &limits);
        runtime::cpu(work).await.unwrap_or_else(|panicked| Err(refuse(&panicked)))
    }
}

fn refuse(panicked: &runtime::Panicked) -> Refusal {
    Refusal::new(
        RefusalCode::Corrupt,
        format!("the decoder failed: {panicked}"),
        "export the picture again and upload it",
    )
}
