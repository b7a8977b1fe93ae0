//! Beside `jpeg-decoder`, which is what decodes when this decoder does not.

use std::path::Path;

use jpeg_decoder::{ColorTransform, Decoder};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use proptest::prelude::*;

use super::decode;
use crate::planar::Planar;

/// Returns the size and the interleaved samples at the scale that `wanted` asks for.
fn reference(bytes: &[u8], wanted: u32) -> Result<(u32, u32, Vec<u8>), jpeg_decoder::Error> {
    let mut decoder = Decoder::new(bytes);
    decoder.read_info()?;
    let (width, height) = decoder.scale(wanted as u16, u16::MAX)?;
    if decoder.info().is_some_and(|info| info.pixel_format == jpeg_decoder::PixelFormat::RGB24) {
        decoder.set_color_transform(ColorTransform::RGB);
    }
    Ok((width.into(), height.into(), decoder.decode()?))
}

/// Compares luma sample by sample, and chroma too where it was not subsampled.
fn compare(name: &str, ours: &Planar, theirs: &(u32, u32, Vec<u8>)) {
    let (width, height, samples) = theirs;
    assert_eq!((ours.luma.width, ours.luma.height), (*width, *height), "`{name}` has another size");
    let mut planes = vec![&ours.luma];
    if let Some(chroma) = &ours.chroma {
        planes.extend(chroma);
    }
    let channels = planes.len();
    for (channel, plane) in planes.into_iter().enumerate() {
        if (plane.width, plane.height) != (*width, *height) {
            continue;
        }
        let apart = plane.data.iter().zip(samples.iter().skip(channel).step_by(channels)).map(|(a, b)| a.abs_diff(*b));
        let worst = apart.max().unwrap_or(0);
        assert!(worst <= 2, "`{name}`: channel {channel} lies {worst} apart");
    }
}

/// A picture with edges and noise in it.
fn drawn(width: u16, height: u16, sampling: SamplingFactor, restart: u16, quality: u8, gray: bool) -> Vec<u8> {
    let mut state = 1u32;
    let mut pixel = |x: u32, y: u32, channel: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let noise = state >> 27;
        let shape = if (x / 9 + y / 7 + channel).is_multiple_of(2) { 40 } else { 190 };
        (shape + noise + x % 16) as u8
    };
    let channels = if gray { 1 } else { 3 };
    let mut data = Vec::new();
    for y in 0..u32::from(height) {
        for x in 0..u32::from(width) {
            data.extend((0..channels).map(|channel| pixel(x, y, channel)));
        }
    }
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, quality);
    encoder.set_sampling_factor(sampling);
    encoder.set_restart_interval(restart);
    let color = if gray { ColorType::Luma } else { ColorType::Rgb };
    encoder.encode(&data, width, height, color).expect("it can be encoded");
    out
}

#[test]
fn every_sampling_size_and_scale() {
    use SamplingFactor::{F_1_1, F_1_2, F_2_1, F_2_2};
    for sampling in [F_1_1, F_1_2, F_2_1, F_2_2] {
        for (width, height) in [(1, 1), (8, 8), (17, 33), (64, 48), (401, 297)] {
            for (restart, quality, gray) in [(0, 90, false), (3, 100, false), (0, 40, true)] {
                let bytes = drawn(width, height, sampling, restart, quality, gray);
                for divisor in [1, 2, 4, 8] {
                    let wanted = u32::from(width).div_ceil(divisor);
                    let name = format!("{width} × {height} {sampling:?} {restart} {quality} {gray} 1/{divisor}");
                    let ours = decode(&bytes, wanted).unwrap_or_else(|| panic!("`{name}` was left to the other"));
                    compare(&name, &ours, &reference(&bytes, wanted).expect("it can be decoded"));
                }
            }
        }
    }
}

#[test]
fn every_jpeg_of_the_tests_and_samples() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut decoded, mut left) = (0, 0);
    for folder in ["tests/data", "tests/golden/fixtures", "../../infra/local/samples"] {
        for entry in std::fs::read_dir(root.join(folder)).expect("the folder is there") {
            let path = entry.expect("an entry").path();
            let bytes = std::fs::read(&path).unwrap_or_default();
            if !bytes.starts_with(&[0xFF, 0xD8]) {
                continue;
            }
            let Ok((full, ..)) = reference(&bytes, u16::MAX.into()) else { continue };
            for wanted in [full, full / 3, full / 9] {
                match decode(&bytes, wanted) {
                    Some(ours) => {
                        let theirs = reference(&bytes, wanted).expect("decoded before");
                        compare(&path.display().to_string(), &ours, &theirs);
                        decoded += 1;
                    }
                    None => left += 1,
                }
            }
        }
    }
    // Progressive files and inks are left to the other decoder, all others are not.
    assert!(decoded > left && left > 0, "{decoded} decoded, {left} left");
}

#[test]
fn what_is_cut_is_left_to_the_other() {
    let bytes = drawn(200, 120, SamplingFactor::F_2_2, 0, 80, false);
    for length in (0..bytes.len() - 1).step_by(7) {
        assert!(decode(&bytes[..length], 200).is_none(), "{length} of {} bytes", bytes.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]
    /// Nothing panics, and what is accepted the other decoder accepts as well.
    #[test]
    fn mutations(
        restart in 0u16..4,
        gray: bool,
        divisor in 1u32..9,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..4), 1..5),
    ) {
        let mut bytes = drawn(70, 50, SamplingFactor::F_2_2, restart, 75, gray);
        for (index, value, kind) in changes {
            let at = index.index(bytes.len());
            match kind {
                0 => bytes[at] ^= 1 << (value % 8),
                1 => bytes[at] = value,
                2 => bytes.insert(at, value),
                _ => { bytes.remove(at); }
            }
        }
        let wanted = 70 / divisor;
        if let (Ok(_), Some(ours)) = (Decoder::new(bytes.as_slice()).read_info(), decode(&bytes, wanted)) {
            let theirs = reference(&bytes, wanted);
            prop_assert!(theirs.is_ok(), "{:?}", theirs.err());
            if let Ok((width, height, _)) = theirs {
                prop_assert_eq!((ours.luma.width, ours.luma.height), (width, height));
            }
        }
    }
}
