//! Hostile indexes: whatever the bytes claim, reading them ends in a value or a refusal, soon, and in little memory.

mod common;

use common::{Films, H264, PICTURES, TONE, tools};
use proptest::prelude::*;
use std::sync::OnceLock;
use std::time::Instant;
use video::{Error, Recording, VideoLimits};

/// The content of `moov` of a film with pictures, sound and chapters, and the length of the film.
fn original() -> &'static (Vec<u8>, u64, Vec<u8>) {
    static ORIGINAL: OnceLock<(Vec<u8>, u64, Vec<u8>)> = OnceLock::new();
    ORIGINAL.get_or_init(|| {
        let films = Films::new();
        let path = films.make("a.mp4", &format!("{PICTURES}3 {TONE}3 {H264} -bf 2 -c:a aac -movflags +faststart"));
        let bytes = std::fs::read(path).expect("reads");
        let moov = common::find_box(&bytes, &[b"moov"]);
        (bytes[moov.start + 8..moov.end].to_vec(), bytes.len() as u64, bytes)
    })
}

/// Numbers that break things.
fn number() -> impl Strategy<Value = u32> {
    prop_oneof![
        Just(0),
        Just(1),
        Just(7),
        Just(8),
        Just(u32::MAX),
        Just(1 << 31),
        Just((1 << 31) - 1),
        0..64_u32,
        any::<u32>()
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_words_may_change(changes in prop::collection::vec((any::<prop::sample::Index>(), number()), 1..6)) {
        let (moov, length, _) = original();
        let mut moov = moov.clone();
        for (place, value) in changes {
            let at = place.index(moov.len() - 3);
            moov[at..at + 4].copy_from_slice(&value.to_be_bytes());
        }
        let start = Instant::now();
        let _ = video::exercise(&moov, *length);
        prop_assert!(start.elapsed().as_secs() < 2);
    }

    #[test]
    fn any_bytes_may_be_missing(from in any::<prop::sample::Index>(), n in 1..200_usize) {
        let (moov, length, _) = original();
        let from = from.index(moov.len());
        let mut moov = moov.clone();
        moov.drain(from..(from + n).min(moov.len()));
        let _ = video::exercise(&moov, *length);
    }

    #[test]
    fn any_bytes_may_be_an_index(bytes in prop::collection::vec(any::<u8>(), 0..2000), length in any::<u64>()) {
        let _ = video::exercise(&bytes, length);
        let _ = video::sniff(&bytes);
    }
}

#[test]
fn an_index_that_nobody_touched_is_read() {
    let (moov, length, _) = original();
    assert!(video::exercise(moov, *length).expect("is whole") > 100);
}

/// Writes a value over the first word of a table, after its name, version and flags.
fn claim(table: &[u8; 4], word: usize, value: u32) -> Vec<u8> {
    let (_, _, bytes) = original();
    let mut bytes = bytes.clone();
    let at = bytes.windows(4).position(|window| window == table).expect("is there");
    bytes[at + 8 + 4 * word..][..4].copy_from_slice(&value.to_be_bytes());
    bytes
}

#[test]
fn claims_are_refused_and_nothing_is_allocated_for_them() {
    for (table, word, value) in [
        (b"stts", 0, u32::MAX),
        (b"stsz", 1, u32::MAX),
        // All samples of one size, and more of them than there are bytes.
        (b"stsz", 0, 1 << 30),
        (b"stsc", 2, u32::MAX),
        (b"ctts", 0, 1 << 29),
        (b"stco", 0, u32::MAX),
        (b"stco", 1, u32::MAX),
    ] {
        let start = Instant::now();
        let limits = VideoLimits::default();
        let mut source = claim(table, word, value);
        let name = String::from_utf8_lossy(table).into_owned();
        match Recording::open(&mut source, tools(), &limits).map(|recording| recording.probe().clone()) {
            Err(Error::Refused(refusal)) => {
                let code = refusal.code.as_str();
                assert!(["corrupt", "truncated"].contains(&code), "{name}: {refusal}");
            }
            // One chunk for all samples: the second is where the file says something else.
            Ok(_) => assert_eq!(name, "stsc"),
            Err(error) => panic!("{name}: {error:?}"),
        }
        assert!(start.elapsed().as_secs() < 3, "{name} took {:?}", start.elapsed());
    }
}

#[test]
fn broken_films_end_in_a_picture_or_a_refusal() {
    let (_, _, bytes) = original();
    for seed in 0..12_usize {
        let mut bytes = bytes.clone();
        for step in 0..8_usize {
            let at = (seed * 7919 + step * 104_729).wrapping_mul(2_654_435_761) % bytes.len();
            bytes[at] ^= 1 << (step % 8);
        }
        let limits = VideoLimits { max_time_ms: 20_000, ..VideoLimits::default() };
        let result = Recording::open(&mut bytes, tools(), &limits).and_then(|mut recording| recording.poster());
        assert!(!matches!(result, Err(Error::Io { .. })), "{seed}: {result:?}");
    }
}
