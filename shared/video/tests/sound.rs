//! Waveforms, silences and pieces of sound: measured on what comes out.

mod common;

use common::{Films, H264, PICTURES, source, tools, with};
use std::path::Path;
use std::process::Command;
use video::{ChunkSpec, Error, Recording, Sound, VideoLimits, plan_chunks, silences};

/// A tone between seconds 0 and 4, and from 7 on; silence in between.
fn pause(seconds: u32) -> String {
    format!("-f lavfi -i sine=frequency=440:sample_rate=44100:duration={seconds},volume=0:enable='between(t,4,7)'")
}

fn listen(path: &Path) -> Sound {
    with(path, |recording| recording.listen()).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Decodes a FLAC file to samples.
fn samples(flac: &[u8]) -> Vec<i16> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.flac");
    std::fs::write(&path, flac).expect("writes");
    let output =
        Command::new(tools().ffmpeg()).args(["-v", "error", "-i"]).arg(&path).args(["-f", "s16le", "-"]).output();
    let output = output.expect("ffmpeg starts");
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout.chunks_exact(2).map(|two| i16::from_le_bytes([two[0], two[1]])).collect()
}

fn loudness(samples: &[i16]) -> f64 {
    (samples.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>() / samples.len().max(1) as f64).sqrt()
}

const KINDS: [(&str, &str); 9] = [
    ("a.m4a", "-c:a aac"),
    ("b.mp3", "-c:a libmp3lame"),
    ("c.wav", ""),
    ("d.flac", ""),
    ("e.ogg", "-c:a libvorbis"),
    ("f.opus", "-c:a libopus"),
    ("g.mov", "-c:a pcm_s16le"),
    ("h.mp4", "-c:a aac -movflags frag_keyframe+empty_moov"),
    ("i.mka", "-c:a aac"),
];

#[test]
fn every_kind_of_sound_is_heard_at_its_time() {
    let films = Films::new();
    for (name, options) in KINDS {
        let path = films.make(name, &format!("{} {options}", pause(10)));
        let sound = listen(&path);
        assert!((9900..=10_150).contains(&sound.duration_ms), "{name}: {} ms", sound.duration_ms);
        let found = silences(&sound, &ChunkSpec::default());
        let pause =
            found.iter().find(|span| span.end_ms - span.start_ms > 1000).unwrap_or_else(|| panic!("{name}: {found:?}"));
        assert!(pause.start_ms.abs_diff(4000) <= 60 && pause.end_ms.abs_diff(7000) <= 60, "{name}: {pause:?}");
        assert!(sound.peaks.length <= 1800 && sound.peaks.data.len() == 2 * sound.peaks.length as usize, "{name}");
        assert!(*sound.peaks.data.iter().max().expect("points") >= 10, "{name}");
    }
}

#[test]
fn a_piece_is_exactly_as_long_as_asked_for() {
    let films = Films::new();
    for (name, options) in KINDS {
        let path = films.make(name, &format!("{} {options}", pause(10)));
        let flac = with(&path, |recording| recording.audio_chunk(3500, 7500))
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let heard = samples(&flac);
        assert_eq!(heard.len(), 64_000, "{name}");
        let (before, during, after) =
            (loudness(&heard[..7000]), loudness(&heard[9000..55_000]), loudness(&heard[57_000..]));
        assert!(before > 1000.0 && after > 1000.0 && during < 40.0, "{name}: {before} {during} {after}");
        // The length is in the header: bits 108 to 143 of STREAMINFO.
        assert_eq!(u32::from_be_bytes(flac[22..26].try_into().expect("four")), 64_000, "{name}");
    }
}

#[test]
fn a_piece_beyond_the_end_is_filled_with_silence() {
    let films = Films::new();
    let path = films.make("a.m4a", &format!("{} -c:a aac", pause(10)));
    let heard = samples(&with(&path, |recording| recording.audio_chunk(9000, 12_000)).expect("a piece"));
    assert_eq!(heard.len(), 48_000);
    assert!(loudness(&heard[..15_000]) > 1000.0 && loudness(&heard[18_000..]) < 40.0);
}

#[test]
fn pieces_of_a_film_read_their_own_ranges() {
    let films = Films::new();
    let path = films.make(
        "a.mp4",
        "-f lavfi -i testsrc2=size=640x360:rate=25:duration=60,noise=alls=20:allf=t -f lavfi -i sine=frequency=300:duration=60 -c:v libx264 -preset ultrafast -b:v 6M -c:a aac",
    );
    let limits = VideoLimits::default();
    let mut source = source(&path);
    let mut recording = Recording::open(&mut source, tools(), &limits).expect("opens");
    recording.audio_chunk(30_000, 40_000).expect("a piece");
    let total = std::fs::metadata(&path).expect("is there").len();
    assert!(source.n_bytes < total / 20, "{} of {total} bytes", source.n_bytes);
}

#[test]
fn a_film_without_sound_says_so() {
    let films = Films::new();
    for (name, options) in [("a.mp4", ""), ("b.mkv", "")] {
        let path = films.make(name, &format!("{PICTURES}2 {H264} {options}"));
        for result in [
            with(&path, |recording| recording.listen().map(drop)),
            with(&path, |recording| recording.audio_chunk(0, 1000).map(drop)),
        ] {
            let Err(Error::Refused(refusal)) = result else { panic!("{name}: {result:?}") };
            assert!(refusal.to_string().starts_with("unsupported: the recording has no sound; "), "{refusal}");
        }
    }
}

#[test]
fn silence_is_never_sent_to_anyone() {
    let films = Films::new();
    let path = films.make("a.m4a", "-f lavfi -i anullsrc=r=44100:cl=mono:d=30 -c:a aac -t 30");
    let chunks = plan_chunks(&listen(&path), &ChunkSpec::default());
    assert!(chunks.iter().all(|chunk| chunk.is_silent), "{chunks:?}");
}

/// Peak resident memory of this process, in KiB (proc(5), `VmHWM`).
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("reads");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    line.trim().trim_end_matches("kB").trim().parse().expect("a number")
}

#[test]
fn two_hours_of_sound_need_no_more_memory_than_two_minutes() {
    let films = Films::new();
    let tone =
        |seconds| format!("-f lavfi -i sine=frequency=200:sample_rate=16000:duration={seconds} -c:a aac -b:a 24k");
    listen(&films.make("short.m4a", &tone(120)));
    let long = films.make("long.m4a", &tone(7200));
    let before = peak_kib();
    let sound = listen(&long);
    let grown = peak_kib() - before;
    assert!(sound.duration_ms.abs_diff(7_200_000) < 200, "{}", sound.duration_ms);
    assert!(sound.peaks.length <= 1800);
    assert!(grown < 12 << 10, "{grown} KiB more");
    let chunks = plan_chunks(&sound, &ChunkSpec::default());
    assert!(chunks.len() >= 15 && chunks.iter().all(|chunk| chunk.end_ms - chunk.start_ms <= 480_000), "{chunks:?}");
}

#[test]
fn pieces_in_one_go_are_the_whole_sound() {
    let films = Films::new();
    // A tone with a second of silence in every ten, and a long silence.
    let gaps = "volume=0:enable='lt(mod(t,10),1)+between(t,60,85)'";
    for (name, options) in [("a.m4a", "-c:a aac"), ("b.ogg", "-c:a libopus")] {
        let path = films
            .make(name, &format!("-f lavfi -i sine=frequency=440:sample_rate=48000:duration=130,{gaps} {options}"));
        let spec = ChunkSpec { target_ms: 20_000, max_ms: 30_000, ..ChunkSpec::default() };
        let mut pieces = Vec::new();
        let sound = with(&path, |recording| {
            recording.pieces(&spec, |chunk, flac| {
                pieces.push((chunk, flac));
                Ok(())
            })
        });
        let sound = sound.expect(name);
        assert_eq!(sound, listen(&path), "{name}");
        assert_eq!(pieces.first().expect("pieces").0.start_ms, 0);
        assert!(pieces.windows(2).all(|two| two[0].0.end_ms == two[1].0.start_ms), "{name}: {pieces:?}");
        assert!(pieces.last().expect("pieces").0.end_ms.abs_diff(sound.duration_ms) <= 1, "{name}");
        assert!(
            pieces
                .iter()
                .any(|(chunk, flac)| chunk.is_silent && flac.is_none() && chunk.end_ms - chunk.start_ms > 20_000),
            "{name}"
        );
        for (chunk, flac) in pieces.iter().filter(|(chunk, _)| !chunk.is_silent) {
            assert!(chunk.end_ms - chunk.start_ms <= 30_000, "{name}: {chunk:?}");
            let heard = samples(flac.as_ref().expect("sound"));
            assert!((heard.len() as u64).abs_diff((chunk.end_ms - chunk.start_ms) * 16) <= 16, "{name}: {chunk:?}");
            // It ends in a silence, so that no word is cut.
            assert!(
                chunk.end_ms + 100 > sound.duration_ms || loudness(&heard[heard.len() - 1600..]) < 40.0,
                "{name}: {chunk:?}"
            );
        }
    }
}
