//! What to show while loading.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::shrink::shrink;
use crate::SrgbImage;

/// ThumbHash takes at most 100 pixels a side; less loses nothing that its few coefficients could hold.
const LONGEST: u32 = 64;

/// Returns the base64 of the picture's ThumbHash, 20 to 36 characters.
pub(super) fn thumbhash(picture: &SrgbImage) -> String {
    let small = shrink(picture, LONGEST);
    STANDARD.encode(thumbhash::rgba_to_thumb_hash(small.width as usize, small.height as usize, &small.rgba))
}
