//! What a recording says of itself, and what becomes of files that are none.

mod common;

use common::{Films, H264, PICTURES, TONE, refused, source, tools, turn, with};
use std::path::Path;
use std::time::Instant;
use video::{Container, Probe, Ratio, Recording, VideoLimits};

fn probe(path: &Path) -> Probe {
    with(path, |recording| Ok(recording.probe().clone())).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn an_mp4_says_what_is_in_it() {
    let films = Films::new();
    let path = films.make("a.mp4", &format!("{PICTURES}6 {TONE}6 {H264} -c:a aac -ac 2 -metadata:s:a language=deu"));
    let mut source = source(&path);
    let limits = VideoLimits::default();
    let found = Recording::open(&mut source, tools(), &limits).expect("opens").probe().clone();
    let (video, audio) = (found.video.expect("pictures"), found.audio.expect("sound"));
    assert_eq!((found.container, found.media_type.as_str(), found.n_streams), (Container::Mp4, "video/mp4", 2));
    assert!((5950..=6060).contains(&found.duration_ms), "{}", found.duration_ms);
    assert_eq!((video.width, video.height, video.rotation, video.hdr, video.bit_depth), (320, 180, 0, false, 8));
    assert_eq!((video.codec.as_str(), video.fps), ("h264", Some(Ratio { numerator: 25, denominator: 1 })));
    assert_eq!((audio.codec.as_str(), audio.channels, audio.sample_rate), ("aac", 2, 44_100));
    assert_eq!(audio.language.as_deref(), Some("deu"));
}

#[test]
fn every_container_is_known_by_its_content() {
    let films = Films::new();
    let vp9 = "-c:v libvpx-vp9 -deadline realtime -cpu-used 8";
    let wanted = [
        ("a", format!("{PICTURES}2 {TONE}2 {H264} -c:a aac -f mov"), "video/quicktime", true, true),
        (
            "b",
            format!("{PICTURES}2 {TONE}2 {H264} -c:a aac -movflags frag_keyframe+empty_moov -f mp4"),
            "video/mp4",
            true,
            true,
        ),
        ("c", format!("{PICTURES}2 {TONE}2 {vp9} -c:a libopus -f webm"), "video/webm", true, true),
        ("d", format!("{PICTURES}2 {TONE}2 {H264} -c:a aac -f matroska"), "video/x-matroska", true, true),
        ("e", format!("{TONE}2 -c:a libmp3lame -f mp3"), "audio/mpeg", false, true),
        ("f", format!("{TONE}2 -c:a libmp3lame -write_xing 0 -id3v2_version 0 -f mp3"), "audio/mpeg", false, true),
        ("g", format!("{TONE}2 -c:a aac -f ipod"), "audio/mp4", false, true),
        ("h", format!("{TONE}2 -c:a aac -f mp4"), "audio/mp4", false, true),
        ("i", format!("{TONE}2 -f wav"), "audio/wav", false, true),
        ("j", format!("{TONE}2 -f flac"), "audio/flac", false, true),
        ("k", format!("{TONE}2 -c:a libvorbis -f ogg"), "audio/ogg", false, true),
        ("l", format!("{TONE}2 -c:a libopus -f ogg"), "audio/ogg", false, true),
        ("m", format!("{TONE}2 -c:a aac -f adts"), "audio/aac", false, true),
        ("n", format!("{PICTURES}2 {H264} -an -f mp4"), "video/mp4", true, false),
        ("o", format!("{TONE}2 -c:a pcm_s16le -f mov"), "video/quicktime", false, true),
        ("p", format!("{TONE}2 -c:a libopus -f webm"), "audio/webm", false, true),
    ];
    for (name, arguments, media_type, has_video, has_audio) in wanted {
        let found = probe(&films.make(name, &arguments));
        assert_eq!(found.media_type, media_type, "{arguments}");
        assert_eq!((found.video.is_some(), found.audio.is_some()), (has_video, has_audio), "{arguments}");
        assert!((1900..=2200).contains(&found.duration_ms), "{arguments}: {} ms", found.duration_ms);
        assert!(found.bit_rate > 1000, "{arguments}: {found:?}");
    }
}

#[test]
fn rotation_and_odd_pixels_are_respected() {
    let films = Films::new();
    let path = films.make("a.mp4", &format!("{PICTURES}1 {H264}"));
    turn(&path);
    let video = probe(&path).video.expect("pictures");
    assert_eq!((video.width, video.height, video.rotation), (180, 320, 90));
    let wide = films.make("b.mp4", &format!("{PICTURES}1 {H264} -vf setsar=2/1"));
    let video = probe(&wide).video.expect("pictures");
    assert_eq!((video.width, video.height, video.rotation), (640, 180, 0));
}

#[test]
fn hdr_is_told_by_its_transfer_function() {
    let films = Films::new();
    let tags = "-color_primaries bt2020 -color_trc smpte2084 -colorspace bt2020nc";
    let path = films.make("a.mp4", &format!("{PICTURES}1 -c:v libx264 -preset ultrafast -pix_fmt yuv420p10le {tags}"));
    let video = probe(&path).video.expect("pictures");
    assert_eq!((video.hdr, video.bit_depth, video.transfer.as_deref()), (true, 10, Some("smpte2084")));
}

#[test]
fn chapters_are_read() {
    let films = Films::new();
    let list = ";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=1500\ntitle=Entrée\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=1500\nEND=4000\ntitle=Two\n";
    films.write("list", list.as_bytes());
    for name in ["a.mp4", "b.mov", "c.mkv"] {
        let path = films.make(name, &format!("{PICTURES}4 -f ffmetadata -i list -map 0 -map_metadata 1 {H264}"));
        let found = probe(&path);
        let chapters: Vec<(u64, u64, &str)> =
            found.chapters.iter().map(|chapter| (chapter.start_ms, chapter.end_ms, chapter.title.as_str())).collect();
        assert_eq!(chapters, [(0, 1500, "Entrée"), (1500, 4000, "Two")], "{name}");
    }
}

#[test]
fn what_is_no_recording_is_refused_in_seconds() {
    let films = Films::new();
    let whole = films.make("whole.mp4", &format!("{PICTURES}4 {TONE}4 {H264} -c:a aac"));
    let first = films.make("first.mp4", &format!("{PICTURES}4 {TONE}4 {H264} -c:a aac -movflags +faststart"));
    let cut = |path: &Path, name: &str, missing: usize| {
        let bytes = std::fs::read(path).expect("reads");
        films.write(name, &bytes[..bytes.len() - missing])
    };
    let mut zip = b"PK\x03\x04\x14\0\0\0\x08\0".to_vec();
    zip.extend(vec![7; 3000]);
    let noise: Vec<u8> = (0..100_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let mut garbage = std::fs::read(&first).expect("reads")[..64].to_vec();
    garbage.extend(&noise);
    let bytes = std::fs::metadata(&whole).expect("is there").len();
    let mdat = {
        let all = std::fs::read(&whole).expect("reads");
        common::find_box(&all, &[b"mdat"])
    };
    let cases = [
        (films.write("empty.mp4", b""), "empty: the file has no bytes".to_owned()),
        (films.write("zip.mp4", &zip), "unsupported: a zip archive".to_owned()),
        (films.write("list.mp4", b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"), "unsupported: a playlist".to_owned()),
        (
            films.write("concat.mp4", b"ffconcat version 1.0\nfile /etc/passwd\n"),
            "unsupported: a list of files".to_owned(),
        ),
        (films.write("noise.mp4", &noise), "unsupported: bytes of an unknown kind".to_owned()),
        (films.write("garbage.mp4", &garbage), "corrupt: broken `video/mp4`".to_owned()),
        // Cut in the index, at its start, in the samples.
        (cut(&whole, "a.mp4", 500), "lacks at least 500 bytes".to_owned()),
        (cut(&whole, "b.mp4", bytes as usize - mdat.end), "ends before its index".to_owned()),
        (cut(&first, "c.mp4", 1234), "lacks at least 1234 bytes".to_owned()),
        (cut(&first, "d.mp4", (bytes / 2) as usize), "truncated: `video/mp4` of".to_owned()),
    ];
    for (path, expected) in cases {
        let start = Instant::now();
        let text = refused(&path);
        assert!(text.contains(&expected), "`{}`: {text}", path.display());
        assert!(start.elapsed().as_secs() < 5, "`{}` took {:?}", path.display(), start.elapsed());
    }
}

#[test]
fn limits_are_named() {
    let films = Films::new();
    let path = films.make("a.mp4", &format!("{PICTURES}4 {H264}"));
    let refused = |limits: VideoLimits| {
        let mut source = source(&path);
        let error = Recording::open(&mut source, tools(), &limits).err().expect("is refused");
        error.refusal().expect("for good").to_string()
    };
    let usual = VideoLimits::default();
    let text = refused(VideoLimits { max_duration_ms: 3000, ..usual });
    assert_eq!(
        text,
        "too_large: 4000 milliseconds, the limit is 3000; raise `limits.max_duration_ms` in the profile or upload a smaller recording"
    );
    assert!(
        refused(VideoLimits { max_bytes: 10, ..usual }).contains("the limit is 10; raise `limits.max_recording_bytes`")
    );
    assert!(refused(VideoLimits { max_pixels: 10, ..usual }).contains("57600 pixels, the limit is 10"));
    assert!(refused(VideoLimits { max_index_bytes: 10, ..usual }).contains("upload a smaller recording"));
    assert!(
        refused(VideoLimits { max_time_ms: 0, ..usual })
            .starts_with("timed_out: reading what it is was not done within 0 ms")
    );
    assert!(refused(VideoLimits { max_memory_bytes: 64 << 20, ..usual }).contains("upload a"));
}

#[test]
fn without_ffmpeg_it_is_blocked_and_says_so() {
    let refusal = video::Tools::find(Some("/nonexistent/ffmpeg".into()), None).expect_err("is not there");
    assert_eq!(
        refusal.to_string(),
        "blocked: no program `ffmpeg` at `/nonexistent/ffmpeg`; install it (on Debian: `apt-get install ffmpeg`) or say where it is with `--ffmpeg`"
    );
    assert!(
        tools().version().starts_with(|c: char| c.is_ascii_digit() || c == 'n' || c == 'N'),
        "{}",
        tools().version()
    );
}
