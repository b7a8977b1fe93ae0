//! Broken on purpose: no mutation of any fixture may panic, hang or allocate without measure. `MUTATIONS=10000` for a long run.

mod common;

use std::time::{Duration, Instant};

use asset::image::{Limits, OutputFormat};
use common::{fixtures, whole};

const DRAWING: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><defs><linearGradient id="g">
    <stop offset="0" stop-color="#f00"/></linearGradient><filter id="f"><feGaussianBlur stdDeviation="2"/></filter></defs>
    <path d="M0 0L40 0L20 20Z" fill="url(#g)" filter="url(#f)"/></svg>"##;

/// A small generator with a fixed seed (SplitMix64): the same mutations on every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}

fn mutate(bytes: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len());
        match random.below(6) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes[at] = random.next() as u8,
            2 => bytes[at] = [0, 0xFF, 0x7F, 0x80][random.below(4)],
            3 => bytes.truncate(at.max(8)),
            4 => {
                let piece: Vec<u8> = bytes[at..(at + random.below(32)).min(bytes.len())].to_vec();
                let to = random.below(bytes.len());
                bytes.splice(to..to, piece);
            }
            _ => {
                let end = (at + random.below(16)).min(bytes.len());
                bytes.drain(at..end);
            }
        }
        if bytes.is_empty() {
            bytes.push(0);
        }
    }
}

#[test]
fn mutated_files_are_drawn_or_refused() {
    // A caught panic of a decoder is an answer; its trace would only drown the output.
    std::panic::set_hook(Box::new(|_| {}));
    let rounds = std::env::var("MUTATIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(600);
    let limits = Limits { max_pixels: 1 << 20, max_memory_bytes: 64 << 20, max_time_ms: 5_000, ..Limits::default() };
    let mut sources = fixtures();
    sources.push(("drawing.svg".into(), DRAWING.as_bytes().to_vec()));
    let mut random = Random(7);
    let mut slowest = (Duration::ZERO, String::new());
    let (mut drawn, mut panicked) = (0, 0);
    for round in 0..rounds {
        let (name, source) = &sources[random.below(sources.len())];
        let mut bytes = source.clone();
        mutate(&mut bytes, &mut random);
        let start = Instant::now();
        let format = if round % 2 == 0 { OutputFormat::Jpeg } else { OutputFormat::Webp };
        let caught = std::panic::catch_unwind(|| {
            let _ = media::probe(&bytes, &limits);
            let _ = media::credit(&bytes);
            media::render(&bytes, &whole(format, &[24]), &limits)
        });
        match caught {
            Ok(Ok(_)) => drawn += 1,
            Ok(Err(refusal)) if refusal.found.contains("panicked") => panicked += 1,
            Ok(Err(_)) => {}
            Err(_) => panic!("round {round}: a panic escaped from `{name}`"),
        }
        if start.elapsed() > slowest.0 {
            slowest = (start.elapsed(), format!("round {round}, `{name}`"));
        }
    }
    let _ = std::panic::take_hook();
    eprintln!("{rounds} rounds, {drawn} drawn, {panicked} caught panics, slowest {slowest:?}");
    assert!(slowest.0 < Duration::from_secs(5), "{slowest:?}");
}
