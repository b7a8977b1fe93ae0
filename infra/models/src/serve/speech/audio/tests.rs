use super::*;

/// A WAV file with a format and a size of our choice.
fn wav(kind: u16, n_channels: u16, rate: u32, bits: u16, size: u32, data: &[u8]) -> Vec<u8> {
    let mut file = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0".to_vec();
    file.extend(kind.to_le_bytes());
    file.extend(n_channels.to_le_bytes());
    file.extend(rate.to_le_bytes());
    file.extend([0; 6]);
    file.extend(bits.to_le_bytes());
    file.extend(b"data");
    file.extend(size.to_le_bytes());
    file.extend(data);
    file
}

fn refusal(bytes: &[u8]) -> String {
    format!("{:?}", Recording::read(bytes).expect_err("it is refused"))
}

#[test]
fn samples_of_all_widths_are_the_same() {
    let half = [
        wav(1, 1, 16_000, 8, 2, &[192, 64]),
        wav(1, 1, 16_000, 16, 4, &[0, 64, 0, 192]),
        wav(1, 1, 16_000, 24, 6, &[0, 0, 64, 0, 0, 192]),
        wav(1, 1, 16_000, 32, 8, &[0, 0, 0, 64, 0, 0, 0, 192]),
        wav(3, 1, 16_000, 32, 8, &[0.5f32.to_le_bytes(), (-0.5f32).to_le_bytes()].concat()),
        wav(3, 1, 16_000, 64, 16, &[0.5f64.to_le_bytes(), (-0.5f64).to_le_bytes()].concat()),
        // Two channels, one of them silent.
        wav(3, 2, 16_000, 32, 16, &[1.0f32, 0.0, 0.0, -1.0].map(f32::to_le_bytes).concat()),
        // Sizes that are not true: what is there is read.
        wav(1, 1, 16_000, 16, u32::MAX, &[0, 64, 0, 192]),
        wav(1, 1, 16_000, 16, 0, &[0, 64, 0, 192]),
        wav(1, 1, 16_000, 16, 4, &[0, 64, 0, 192, 7]),
        // What is no number is silent.
        wav(3, 3, 16_000, 32, 24, &[1.5f32, f32::NAN, f32::INFINITY, 0.0, 0.0, -1.5].map(f32::to_le_bytes).concat()),
    ];
    for (at, bytes) in half.iter().enumerate() {
        let found = Recording::read(bytes).expect("it is read");
        assert_eq!(found.samples, [0.5, -0.5], "{at}");
    }
}

#[test]
fn hostile_recordings_are_refused() {
    let data = [0u8; 64];
    let whole = wav(1, 1, 16_000, 16, 64, &data);
    for (bytes, words) in [
        (Vec::new(), "WAV nor FLAC"),
        (b"RIFF".to_vec(), "WAV nor FLAC"),
        (b"ID3\x04mp3".to_vec(), "WAV nor FLAC"),
        (b"RIFF\0\0\0\0WAVE".to_vec(), "no samples"),
        (b"RIFF\0\0\0\0WAVEdata\xff\xff\xff\xffabcd".to_vec(), "what its samples are"),
        (b"RIFF\0\0\0\0WAVEfmt \x04\0\0\0\x01\0\x01\0".to_vec(), "cut off"),
        (b"RIFF\0\0\0\0WAVEjunk\xff\xff\xff\xffabcd".to_vec(), "no samples"),
        (whole[..44].to_vec(), "empty"),
        (whole[..45].to_vec(), "empty"),
        (whole[..40].to_vec(), "no samples"),
        (wav(1, 0, 16_000, 16, 64, &data), "0 channels"),
        (wav(1, u16::MAX, 16_000, 16, 64, &data), "65535 channels"),
        (wav(1, 1, 0, 16, 64, &data), "0 Hz"),
        (wav(1, 1, u32::MAX, 16, 64, &data), "4294967295 Hz"),
        (wav(1, 1, 16_000, 0, 64, &data), "0 bits"),
        (wav(1, 1, 16_000, u16::MAX, 64, &data), "65535 bits"),
        (wav(3, 1, 16_000, 16, 64, &data), "kind 3 with 16"),
        (wav(0x55, 1, 16_000, 16, 64, &data), "kind 85"),
        (wav(0xfffe, 1, 16_000, 16, 64, &data), "cut off"),
        // Eight bits at 1000 Hz: half an hour in two megabytes.
        (wav(1, 1, 1_000, 8, u32::MAX, &vec![128; 1_000 * (MAX_S + 2)]), "longer than 30 min"),
        (b"fLaC".to_vec(), "broken"),
        (b"fLaC\x80\0\0\x22".to_vec(), "broken"),
        ([&b"fLaC\x80\0\0\x22"[..], &[0xff; 34]].concat(), ""),
        ([&b"fLaC\x80\0\0\x22"[..], &[0; 34]].concat(), ""),
    ] {
        let found = refusal(&bytes);
        assert!(found.contains(words), "{words}: {found}");
    }
}

#[test]
fn broken_flac_is_no_trouble() {
    let whole = include_bytes!("../../../../tests/data/speech/jfk.flac");
    assert!((Recording::read(whole).expect("it is whole").seconds() - 11.0).abs() < 1e-9);
    for n in [5, 30, 42, 43, 100, 10_000, whole.len() - 1] {
        let _ = Recording::read(&whole[..n]);
    }
    let mut state = 7u32;
    for _ in 0..200 {
        let mut bytes = whole[..20_000].to_vec();
        for _ in 0..20 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let at = (state >> 8) as usize % bytes.len();
            bytes[at] = state as u8;
        }
        let _ = Recording::read(&bytes);
    }
}
