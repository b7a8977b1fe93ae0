//! Where a crop's window lies.

use asset::image::{AspectRatio, FocalPoint};

/// Returns `(x, y, width, height)` of the largest window of `ratio` in a picture of `width` × `height` pixels that holds
/// the focal point as near to its middle as the edges allow. The window is never empty and never leaves the picture; its
/// ratio is exact within a pixel. A ratio with a zero in it means the whole picture.
pub fn crop_window(width: u32, height: u32, ratio: AspectRatio, focus: FocalPoint) -> (u32, u32, u32, u32) {
    let (rw, rh) = (u64::from(ratio.width), u64::from(ratio.height));
    if rw == 0 || rh == 0 || width == 0 || height == 0 {
        return (0, 0, width, height);
    }
    let (w, h) = (u64::from(width), u64::from(height));
    // Rounded to nearest, but never to nothing and never beyond the picture.
    let (crop_w, crop_h) = if w * rh >= h * rw {
        (((h * rw + rh / 2) / rh).clamp(1, w), h)
    } else {
        (w, ((w * rh + rw / 2) / rw).clamp(1, h))
    };
    let place = |size: u64, window: u64, thousandths: u16| {
        let center = size * u64::from(thousandths.min(1000)) / 1000;
        center.saturating_sub(window / 2).min(size - window)
    };
    let x = place(w, crop_w, focus.x);
    let y = place(h, crop_h, focus.y);
    // Every value is at most the picture's size, which was a `u32`.
    (x as u32, y as u32, crop_w as u32, crop_h as u32)
}
