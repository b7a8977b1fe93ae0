use super::*;

/// Paints a picture by a function of its pixels.
fn paint(width: u32, height: u32, at: impl Fn(u32, u32) -> [u8; 4]) -> SrgbImage {
    let at = &at;
    let rgba = (0..height).flat_map(|y| (0..width).flat_map(move |x| at(x, y))).collect();
    SrgbImage { width, height, rgba }
}

#[test]
fn a_plain_picture_has_no_subject() {
    let seen = look(&paint(300, 200, |_, _| [40, 90, 200, 255]));
    assert_eq!((seen.focus, seen.focus_from), (FocalPoint::CENTER, FocusSource::Center));
    assert_eq!(seen.dominant_color, "#285ac8");
    assert!(!seen.transparent);
}

#[test]
fn a_spot_on_a_plain_ground_is_the_subject() {
    for (cx, cy) in [(60, 50), (420, 60), (250, 150), (440, 250)] {
        let spot = |x: u32, y: u32| x.abs_diff(cx).pow(2) + y.abs_diff(cy).pow(2) < 30 * 30;
        let seen = look(&paint(500, 300, |x, y| if spot(x, y) { [220, 60, 30, 255] } else { [230, 230, 225, 255] }));
        assert_eq!(seen.focus_from, FocusSource::Saliency);
        let (x, y) = (u32::from(seen.focus.x) * 500 / 1000, u32::from(seen.focus.y) * 300 / 1000);
        assert!(x.abs_diff(cx) <= 15 && y.abs_diff(cy) <= 15, "wanted {cx},{cy}, got {x},{y}");
        assert_eq!(seen.dominant_color, "#e6e6e1");
    }
}

#[test]
fn transparent_pixels_lend_no_colour_and_no_weight() {
    // The transparent part hides a loud red.
    let seen = look(&paint(200, 200, |x, y| if x > 140 && y > 140 { [20, 120, 60, 255] } else { [255, 0, 0, 0] }));
    assert!(seen.transparent);
    assert_eq!(seen.dominant_color, "#14783c");
    assert!(seen.focus.x > 700 && seen.focus.y > 700, "{:?}", seen.focus);
    assert_eq!(look(&paint(10, 10, |_, _| [9, 9, 9, 0])).dominant_color, "#ffffff");
}

#[test]
fn any_shape_of_picture_is_looked_at() {
    for (width, height) in [(1, 1), (1, 512), (512, 1), (40, 40), (41, 512), (3, 2)] {
        let seen = look(&paint(width, height, |x, y| [(x * 7) as u8, (y * 5) as u8, 90, 255]));
        assert!(seen.focus.x <= 1000 && seen.focus.y <= 1000);
        assert!(!seen.thumbhash.is_empty());
    }
}

#[test]
fn faces_weigh_by_size() {
    let picture = paint(500, 250, |_, _| [0, 0, 0, 255]);
    let face = |x, y, size| faces::Face { x, y, size };
    assert_eq!(faces::focus(&picture, &[]), None);
    // Two people, and a passer-by far behind on the left.
    let focus = faces::focus(&picture, &[face(300, 50, 100), face(420, 60, 60), face(0, 0, 30)]);
    assert_eq!(focus, Some(FocalPoint { x: 780, y: 400 }));
}

/// Looks at a sample and returns what was seen, with the square crop as `(left, top, right, bottom)` in thousandths.
fn sample(name: &str) -> (Inspection, [u32; 4]) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/local/samples").join(name);
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("failed to read `{}`: {error}", path.display()));
    let limits = Limits::default();
    let seen = inspect(&bytes, &limits).unwrap_or_else(|refusal| panic!("refused `{name}`: {refusal}"));
    let probe = crate::probe(&bytes, &limits).unwrap_or_else(|refusal| panic!("refused `{name}`: {refusal}"));
    let square = asset::image::AspectRatio { width: 1, height: 1 };
    let (x, y, width, height) = crate::crop_window(probe.width, probe.height, square, seen.focus);
    let part = |value: u32, size: u32| value * 1000 / size;
    let crop =
        [part(x, probe.width), part(y, probe.height), part(x + width, probe.width), part(y + height, probe.height)];
    (seen, crop)
}

#[test]
fn square_crops_of_the_samples_hold_their_subjects() {
    // Boxes of the subjects as a person sees them: left, top, right, bottom in thousandths.
    let subjects = [
        ("Café Zürich – Espresso.jpg", FocusSource::Saliency, [290, 40, 760, 800]),
        ("IMG_4127.JPG", FocusSource::Saliency, [480, 300, 560, 900]),
        ("Portrait Eileen Collins.jpg", FocusSource::Faces, [340, 100, 540, 320]),
        ("Team banner (2 people).jpg", FocusSource::Faces, [560, 270, 880, 560]),
        // Eyes and nose: a raccoon is no face to the detector, and its fur is all over the picture.
        ("Waschbaer_druck_CMYK.jpg", FocusSource::Saliency, [500, 300, 760, 640]),
        ("chelsea scan.tif", FocusSource::Saliency, [300, 250, 760, 900]),
        ("galaxy 16-bit master.png", FocusSource::Saliency, [370, 780, 500, 960]),
        ("greenroom-logo.svg", FocusSource::Saliency, [30, 150, 270, 850]),
    ];
    for (name, from, subject) in subjects {
        let (seen, crop) = sample(name);
        assert_eq!(seen.focus_from, from, "`{name}`");
        let inside = crop[0] <= subject[0] && crop[1] <= subject[1] && crop[2] >= subject[2] && crop[3] >= subject[3];
        assert!(inside, "`{name}`: the crop {crop:?} cuts {subject:?}");
    }
}

#[test]
fn faces_are_counted_and_credits_read() {
    let (portrait, _) = sample("Portrait Eileen Collins.jpg");
    assert_eq!(portrait.faces, 1);
    assert_eq!(portrait.copyright.as_deref(), Some("NASA, no known copyright restrictions"));
    assert_eq!(sample("Team banner (2 people).jpg").0.faces, 2);
    for name in ["World map 5400x2700.jpg", "chelsea scan.tif", "greenroom-logo.svg"] {
        assert_eq!(sample(name).0.faces, 0, "`{name}` shows nobody");
    }
}
