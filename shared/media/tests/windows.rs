//! The crop window's law, over thousands of sizes.

use asset::image::{AspectRatio, FocalPoint};
use media::crop_window;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_window_is_inside_exact_and_holds_the_focal_point(
        width in 1u32..20_000, height in 1u32..20_000, rw in 1u16..400, rh in 1u16..400, fx in 0u16..=1000, fy in 0u16..=1000,
    ) {
        let (x, y, w, h) = crop_window(width, height, AspectRatio { width: rw, height: rh }, FocalPoint { x: fx, y: fy });
        prop_assert!(w >= 1 && h >= 1 && x + w <= width && y + h <= height);
        // The largest: one edge is the picture's own.
        prop_assert!(w == width || h == height);
        // Exact within a pixel, unless the ratio asks for less than one.
        let (w64, h64, rw, rh) = (f64::from(w), f64::from(h), f64::from(rw), f64::from(rh));
        prop_assert!((w64 - h64 * rw / rh).abs() <= 1.0 || (h64 - w64 * rh / rw).abs() <= 1.0 || w == 1 || h == 1);
        // The focal point's pixel is inside.
        let (px, py) = ((u64::from(width) * u64::from(fx) / 1000) as u32, (u64::from(height) * u64::from(fy) / 1000) as u32);
        prop_assert!(px >= x && px <= x + w && py >= y && py <= y + h);
    }
}

#[test]
fn the_focal_point_is_in_the_middle_where_the_edges_allow() {
    let square = AspectRatio { width: 1, height: 1 };
    assert_eq!(crop_window(300, 100, square, FocalPoint { x: 500, y: 500 }), (100, 0, 100, 100));
    assert_eq!(crop_window(300, 100, square, FocalPoint { x: 0, y: 500 }), (0, 0, 100, 100));
    assert_eq!(crop_window(300, 100, square, FocalPoint { x: 1000, y: 0 }), (200, 0, 100, 100));
    assert_eq!(crop_window(1920, 1080, AspectRatio { width: 9, height: 16 }, FocalPoint::CENTER), (656, 0, 608, 1080));
}
