//! AVIF out.

use asset::image::Encoding;
use asset::refusal::Refusal;

use super::Extras;
use crate::raster::Raster;
use crate::refuse;

pub(super) fn encode(_raster: &Raster, _encoding: Encoding, _extras: &Extras) -> Result<Vec<u8>, Refusal> {
    Err(refuse::unsupported("an AVIF encoding", "ask for WebP or JPEG"))
}
