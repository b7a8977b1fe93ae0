use asset::image::{Encoding, OutputFormat};
use jpeg_decoder::{ColorTransform, Decoder};

use super::huffman::Table;
use crate::encode::Extras;
use crate::picture::Picture;
use crate::planar::{Planar, Plane, Sampling};

fn plane(width: u32, height: u32, seed: u32) -> Plane {
    let data = (0..height * width).map(|at| ((at % width) * 3 + (at / width) * 2 + seed) as u8 / 2 + 40).collect();
    Plane { width, height, data }
}

fn picture(width: u32, height: u32, sampling: Sampling, gray: bool) -> Planar {
    let (across, down) = sampling.size(width, height);
    let chroma = (!gray).then(|| [plane(across, down, 60), plane(across, down, 120)]);
    Planar { luma: plane(width, height, 0), chroma, sampling }
}

fn encoded(picture: Planar, quality: u8) -> Vec<u8> {
    let encoding = Encoding { format: OutputFormat::Jpeg, quality, effort: 4 };
    super::encode(&Picture::Planes(picture), encoding, &Extras::default()).expect("it can be encoded")
}

#[test]
fn another_decoder_finds_the_planes() {
    for (width, height) in [(1, 1), (7, 9), (16, 16), (33, 50), (200, 119)] {
        for (sampling, quality, gray) in
            [(Sampling::FULL, 100, false), (Sampling::QUARTER, 89, false), (Sampling::FULL, 100, true)]
        {
            let source = picture(width, height, sampling, gray);
            let bytes = encoded(source.clone(), quality);
            let mut decoder = Decoder::new(bytes.as_slice());
            decoder.read_info().expect("a header");
            if !gray {
                decoder.set_color_transform(ColorTransform::RGB);
            }
            let shown = decoder.decode().expect("it can be decoded");
            let channels = if gray { 1 } else { 3 };
            let apart = |plane: &Plane, channel: usize| {
                let pairs = plane.data.iter().zip(shown.iter().skip(channel).step_by(channels));
                let sum: u32 = pairs.map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
                f64::from(sum) / plane.data.len() as f64
            };
            let most = if quality == 100 { 1.0 } else { 3.0 };
            let name = format!("{width} × {height} {sampling:?} {quality} {gray}");
            assert!(apart(&source.luma, 0) < most, "{name}: luma {}", apart(&source.luma, 0));
            if let (Some([blue, red]), Sampling::FULL) = (&source.chroma, sampling) {
                assert!(apart(blue, 1) < most && apart(red, 2) < most, "{name}: chroma");
            }
        }
    }
}

/// Each length of at most 16 bits, together within what Kraft and McMillan allow, and no code of ones alone.
#[test]
fn codes_are_short_enough() {
    let mut rare = [0u32; 256];
    let (mut a, mut b) = (1, 1);
    for count in rare.iter_mut().take(40) {
        *count = a;
        (a, b) = (b, a + b);
    }
    let mut one = [0; 256];
    one[7] = 1000;
    for counts in [rare, one, [5; 256], [0; 256]] {
        let table = Table::new(&counts);
        let occurring = counts.iter().filter(|&&count| count > 0).count();
        assert_eq!(table.symbols.len(), occurring);
        assert_eq!(table.lengths.iter().map(|&count| usize::from(count)).sum::<usize>(), occurring);
        let used: u32 = (1..).zip(&table.lengths).map(|(length, &count)| u32::from(count) << (16 - length)).sum();
        assert!(used < 1 << 16, "{used}");
        for (symbol, &count) in (0..=255u8).zip(&counts) {
            let (code, length) = table.code(symbol);
            assert_eq!(count > 0, length > 0);
            assert!(length <= 16 && (length == 0 || code < (1 << length) - 1));
        }
    }
}
