//! Where a crop's window lies: the same arithmetic as `media::crop`, which the console does not link for the decoders that come with it.

use ::asset::image::{AspectRatio, FocalPoint};

/// Returns `x y width height`, the `viewBox` of the window in a picture of `width` × `height` pixels.
pub fn view_box(width: u32, height: u32, ratio: AspectRatio, focus: FocalPoint) -> String {
    let (w, h) = (u64::from(width.max(1)), u64::from(height.max(1)));
    let (rw, rh) = (u64::from(ratio.width.max(1)), u64::from(ratio.height.max(1)));
    let (crop_w, crop_h) = if w * rh >= h * rw {
        (((h * rw + rh / 2) / rh).clamp(1, w), h)
    } else {
        (w, ((w * rh + rw / 2) / rw).clamp(1, h))
    };
    let place = |size: u64, window: u64, thousandths: u16| {
        (size * u64::from(thousandths.min(1000)) / 1000).saturating_sub(window / 2).min(size - window)
    };
    format!("{} {} {crop_w} {crop_h}", place(w, crop_w, focus.x), place(h, crop_h, focus.y))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_follow_the_focal_point_up_to_the_edge() {
        let square = AspectRatio { width: 1, height: 1 };
        assert_eq!(view_box(400, 300, square, FocalPoint::CENTER), "50 0 300 300");
        assert_eq!(view_box(400, 300, square, FocalPoint { x: 0, y: 0 }), "0 0 300 300");
        assert_eq!(view_box(300, 400, square, FocalPoint { x: 1000, y: 1000 }), "0 100 300 300");
        assert_eq!(view_box(0, 0, square, FocalPoint::CENTER), "0 0 1 1");
    }
}
