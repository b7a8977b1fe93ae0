//! Posters, storyboards and previews: looked at by decoding them.

mod common;

use common::{Films, H264, PICTURES, Picture, TONE, source, tools, turn, with};
use std::path::Path;
use std::time::Instant;
use video::{Error, Poster, PreviewSpec, Recording, Storyboard, StoryboardSpec, VideoLimits};

fn poster(path: &Path) -> Poster {
    with(path, |recording| recording.poster()).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn storyboard(path: &Path) -> Storyboard {
    let board = with(path, |recording| recording.storyboard(&StoryboardSpec::default()));
    board.unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A picture whose left half is red and whose right half is blue, with something on it.
const HALVES: &str = "-f lavfi -i color=red:size=160x180:rate=25:duration=4[a];color=blue:size=160x180:rate=25:duration=4[b];[a][b]hstack,drawgrid=w=40:h=40:c=white";

#[test]
fn the_poster_is_not_black_on_a_film_with_a_fade_in() {
    let films = Films::new();
    // One keyframe, which is black; one every second; the same from a stream.
    let fade = "-vf fade=in:0:75";
    for (name, options) in [
        ("a.mp4", "-c:v libx264 -preset ultrafast -g 250 -pix_fmt yuv420p"),
        ("b.mp4", H264),
        ("c.mkv", H264),
        ("d.webm", "-c:v libvpx-vp9 -deadline realtime -cpu-used 8"),
        ("e.mov", "-c:v mjpeg -pix_fmt yuvj420p"),
        ("f.mp4", "-c:v libx265 -preset ultrafast -x265-params log-level=none -tag:v hvc1"),
    ] {
        let path = films.make(name, &format!("{PICTURES}8 {fade} {options}"));
        let poster = poster(&path);
        let picture = Picture::decode(&poster.png);
        assert!(picture.brightness() > 70 && !poster.is_blank, "{name}: {} at {}", picture.brightness(), poster.at_ms);
        assert!(poster.at_ms >= 1500 && poster.at_ms < 8000, "{name}: {}", poster.at_ms);
        assert_eq!((picture.width, picture.height), (320, 180), "{name}");
    }
}

#[test]
fn a_black_film_has_a_poster_that_says_so() {
    let films = Films::new();
    let path = films.make("a.mp4", &format!("-f lavfi -i color=black:size=320x180:rate=25:duration=3 {H264}"));
    let poster = poster(&path);
    assert!(poster.is_blank && poster.notes[0].contains("no picture was found"), "{:?}", poster.notes);
}

#[test]
fn pictures_are_upright() {
    let films = Films::new();
    for name in ["first.mp4", "last.mov"] {
        let options = if name.starts_with("first") { "-movflags +faststart" } else { "" };
        let path = films.make(name, &format!("{HALVES} {H264} {options}"));
        turn(&path);
        let found = poster(&path);
        let picture = Picture::decode(&found.png);
        assert_eq!((picture.width, picture.height), (180, 320), "{name}");
        assert_eq!((found.width, found.height), (180, 320));
        // A quarter clockwise: what was left is on top.
        let (top, bottom) = (picture.mean(10..90, 5..40), picture.mean(10..90, 60..95));
        assert!(top[0] > 180 && top[2] < 90, "{top:?}");
        assert!(bottom[2] > 180 && bottom[0] < 90, "{bottom:?}");
        let board = storyboard(&path);
        assert!(board.tile_width < board.tile_height, "{board:?}");
    }
}

#[test]
fn the_same_film_gives_the_same_poster() {
    let films = Films::new();
    let path = films.make("a.mp4", &format!("{PICTURES}5 {H264}"));
    assert_eq!(poster(&path), poster(&path));
}

#[test]
fn hdr_is_mapped_to_what_a_screen_shows() {
    let films = Films::new();
    // What a camera calls reference white is 58 hundredths of the scale in PQ: shown as it is, it would be grey.
    let tags = "-color_primaries bt2020 -color_trc smpte2084 -colorspace bt2020nc";
    let bright = "-f lavfi -i testsrc2=size=320x180:rate=25:duration=2 -vf eq=contrast=0.6";
    let path = films.make("a.mp4", &format!("{bright} -c:v libx264 -preset ultrafast -pix_fmt yuv420p10le {tags}"));
    let found = poster(&path);
    assert!(tools().maps_tones(), "Debian's ffmpeg has `zscale` and `tonemap`");
    assert_eq!(found.notes, Vec::<String>::new());
    assert!(Picture::decode(&found.png).brightness() > 50);
}

/// One colour for every ten seconds, so that a tile tells its time.
fn ten_colors(seconds: u32, size: &str) -> String {
    format!(
        "-f lavfi -i color=black:size={size}:rate=5:duration={seconds} -vf geq=lum='16+20*floor(T/10)':cb=128:cr=128"
    )
}

#[test]
fn a_storyboard_shows_every_tile_at_its_time() {
    let films = Films::new();
    for (name, options) in [
        ("a.mp4", H264),
        ("b.mkv", H264),
        ("c.mp4", "-c:v libx265 -preset ultrafast -g 10 -x265-params log-level=none"),
    ] {
        let path = films.make(name, &format!("{} {options}", ten_colors(100, "192x108")));
        let spec =
            StoryboardSpec { interval_ms: 10_000, columns: 4, rows: 2, max_sheets: 3, ..StoryboardSpec::default() };
        let board = with(&path, |recording| recording.storyboard(&spec)).expect(name);
        // 100 s are short: tiles come more often, as often as there is room for.
        assert_eq!((board.interval_ms, board.n_tiles, board.sheets.len()), (5_000, 20, 3), "{name}");
        assert_eq!((board.tile_width, board.tile_height), (160, 90));
        assert_eq!(board.vtt.matches("-->").count(), 20);
        let sheets: Vec<Picture> = board.sheets.iter().map(|sheet| Picture::decode(sheet)).collect();
        assert!(sheets.iter().all(|sheet| (sheet.width, sheet.height) == (640, 180)), "{name}");
        for (tile, cue) in board.vtt.lines().filter(|line| line.contains("#xywh=")).enumerate() {
            let numbers: Vec<usize> = cue.split(['-', '.', '=', ',']).filter_map(|word| word.parse().ok()).collect();
            let [sheet, x, y, ..] = numbers[..] else { panic!("{cue}") };
            let (x, y) = (x * 100 / 640, y * 100 / 180);
            let found = sheets[sheet - 1].mean(x + 5..x + 20, y + 10..y + 40)[0];
            let at_s = tile as u32 * 5 + 2;
            let wanted = (20 * (at_s / 10)) * 255 / 219;
            assert!(found.abs_diff(wanted) < 8, "{name}, tile {tile}: {found}, wanted {wanted}");
        }
    }
}

#[test]
fn open_groups_of_pictures_keep_their_order() {
    // x265 begins groups with pictures that are not IDR, whose numbers go on from the group before.
    let films = Films::new();
    let options =
        "-c:v libx265 -preset medium -g 25 -bf 4 -x265-params open-gop=1:keyint=25:min-keyint=5:log-level=none";
    let path = films.make("a.mp4", &format!("{} {options}", ten_colors(100, "192x108")));
    let board = storyboard(&path);
    let sheet = Picture::decode(&board.sheets[0]);
    let columns = board.columns as usize;
    let rows = board.rows as usize;
    let mut last = 0;
    for tile in 0..board.n_tiles as usize {
        let (x, y) = (tile % columns * 100 / columns, tile / columns * 100 / rows);
        let found = sheet.mean(x + 2..x + 8, y + 5..y + 100 / rows - 5)[0];
        assert!(found + 4 >= last, "tile {tile}: {found} after {last}");
        last = found;
    }
    assert!(last > 190, "{last}");
}

#[test]
fn a_clip_of_one_second_has_a_storyboard() {
    let films = Films::new();
    let path = films.make("a.mp4", &format!("{PICTURES}1 {H264}"));
    let board = storyboard(&path);
    assert_eq!((board.n_tiles, board.sheets.len(), board.columns, board.rows), (1, 1, 1, 1));
    assert!(Picture::decode(&board.sheets[0]).brightness() > 60);
}

#[test]
fn only_what_is_needed_is_read() {
    let films = Films::new();
    let path = films.make("a.mp4", "-f lavfi -i testsrc2=size=640x360:rate=25:duration=120,noise=alls=20:allf=t -c:v libx264 -preset ultrafast -g 50 -b:v 6M");
    let limits = VideoLimits::default();
    let mut source = source(&path);
    let mut recording = Recording::open(&mut source, tools(), &limits).expect("opens");
    recording.poster().expect("a poster");
    let total = std::fs::metadata(&path).expect("is there").len();
    let read = source.n_bytes;
    assert!(read < total / 4, "{read} of {total} bytes in {} reads", source.n_reads);
}

#[test]
fn a_preview_is_short_silent_and_plays_from_its_start() {
    let films = Films::new();
    for (name, options) in
        [("a.mp4", H264), ("b.mkv", H264), ("c.mp4", "-c:v libx265 -preset ultrafast -x265-params log-level=none")]
    {
        let path = films.make(name, &format!("{PICTURES}30 {TONE}30 {options} -c:a aac"));
        let preview = with(&path, |recording| recording.preview(&PreviewSpec { edge: 160, ..PreviewSpec::default() }))
            .expect(name);
        assert_eq!((preview.media_type, preview.width, preview.height), ("video/mp4", 160, 90));
        let made = films.write("preview.mp4", &preview.bytes);
        let probe = with(&made, |recording| Ok(recording.probe().clone())).expect("opens");
        assert!((5500..=6200).contains(&probe.duration_ms), "{name}: {} ms", probe.duration_ms);
        assert!(probe.audio.is_none() && probe.video.expect("pictures").codec == "h264");
        let (moov, mdat) = (common::find_box(&preview.bytes, &[b"moov"]), common::find_box(&preview.bytes, &[b"mdat"]));
        assert!(moov.start < mdat.start);
    }
}

#[test]
fn a_short_clip_has_a_short_preview() {
    let films = Films::new();
    let path = films.make("a.mp4", &format!("{PICTURES}2 {H264}"));
    let preview = with(&path, |recording| recording.preview(&PreviewSpec::default())).expect("a preview");
    let made = films.write("preview.mp4", &preview.bytes);
    let probe = with(&made, |recording| Ok(recording.probe().clone())).expect("opens");
    assert!((1800..=2200).contains(&probe.duration_ms), "{} ms", probe.duration_ms);
}

#[test]
fn sound_alone_has_no_pictures() {
    let films = Films::new();
    for (name, codec) in [("a.mp4", "aac"), ("b.mp3", "libmp3lame")] {
        let path = films.make(name, &format!("{TONE}2 -c:a {codec}"));
        let start = Instant::now();
        let error = with(&path, |recording| recording.poster()).expect_err("has no pictures");
        let Error::Refused(refusal) = error else { panic!("{error:?}") };
        assert!(refusal.to_string().starts_with("unsupported: the recording has no pictures; "), "{refusal}");
        assert!(start.elapsed().as_secs() < 5);
    }
}

#[test]
fn a_film_whose_pictures_are_noise_is_refused() {
    let films = Films::new();
    let path = films.make("a.mp4", &format!("{PICTURES}4 {H264}"));
    let mut bytes = std::fs::read(&path).expect("reads");
    let mdat = common::find_box(&bytes, &[b"mdat"]);
    for (place, byte) in bytes[mdat.start + 8..mdat.end].iter_mut().enumerate() {
        *byte = (place.wrapping_mul(2_654_435_761) >> 7) as u8;
    }
    let path = films.write("noise.mp4", &bytes);
    let start = Instant::now();
    let result = with(&path, |recording| recording.poster().map(drop));
    let refusal = result.expect_err("is noise");
    assert!(refusal.refusal().is_some_and(|refusal| refusal.to_string().starts_with("corrupt: ")), "{refusal:?}");
    assert!(start.elapsed().as_secs() < 10);
}
