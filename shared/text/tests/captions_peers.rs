//! Our files in independent software, and its files here: packages of PyPI and npm, installed once and pinned.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use text::captions::{
    Chapter, Cue, Format, Line, Profile, Settings, Span, Style, Track, Word, cues, parse, write_chapters,
};

const PYTHON: [&str; 3] = ["webvtt-py==0.6.0", "pysubs2==1.8.1", "ttconv==1.2.3"];
const NODE: &str = "webvtt-parser@2.2.0";

const PEERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/captions/peers.py");
const VALIDATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/captions/validate.js");

fn cache() -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("captions-cache");
    fs::create_dir_all(&path).expect("a cache folder");
    path
}

/// Installs what is not there as pinned. Only one process does at a time.
fn installed(name: &str, pins: &str, install: impl FnOnce(&Path)) -> PathBuf {
    let lock = File::create(cache().join("lock")).expect("a lock");
    lock.lock().expect("a lock");
    let (folder, stamp) = (cache().join(name), cache().join(format!("{name}.pins")));
    if !fs::read_to_string(&stamp).is_ok_and(|found| found == pins) {
        install(&folder);
        fs::write(stamp, pins).expect("a stamp");
    }
    folder
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn python(action: &str, source: &Path, target: &Path) -> String {
    let venv = installed("venv", &PYTHON.join("\n"), |venv| {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(venv));
        let mut pip = Command::new(venv.join("bin/pip"));
        run(pip.args(["install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:"]).args(PYTHON));
    });
    run(Command::new(venv.join("bin/python")).arg(PEERS).arg(action).arg(source).arg(target))
}

/// Returns what the validator says, but for the number of cues.
fn faults(file: &Path, mode: &str, n_cues: usize) -> Vec<String> {
    let node = installed("node", NODE, |node| {
        fs::create_dir_all(node).expect("a folder");
        run(Command::new("npm").args(["install", "--no-audit", "--no-fund", "--prefix"]).arg(node).arg(NODE));
    });
    let parser = node.join("node_modules/webvtt-parser/parser.js");
    let output = run(Command::new("node").arg(VALIDATE).arg(parser).arg(file).arg(mode));
    let mut lines: Vec<_> = output.lines().map(str::to_owned).collect();
    assert_eq!(lines.pop(), Some(format!("{n_cues} cues")), "{output}");
    lines
}

/// A page of prose, spoken.
fn spoken() -> Track {
    let mut at = 0;
    let word = |text: &str| {
        let start_ms = at;
        at += 60 * text.chars().count() as u64 + if text.ends_with(['.', ',']) { 337 } else { 41 };
        Word { text: text.to_owned(), start_ms, end_ms: at - 41, ..Word::default() }
    };
    let words: Vec<_> = include_str!("captions/alice.txt").split_whitespace().map(word).collect();
    let mut track = cues(&words, "en", &Profile::named("netflix").expect("shipped"));
    let hour = 3_600_000;
    track.cues.push(Cue::new(99 * hour, 99 * hour + 1001, "Ñandú, 日本語\nקפה, caffè"));
    track
}

/// All that a WebVTT file can have.
fn styled() -> Track {
    let span = |text: &str, style: Style| Span { text: text.to_owned(), style, ..Span::default() };
    let italic = Style { is_italic: true, is_bold: true, is_underlined: true, ..Style::default() };
    let classes = Style { classes: vec!["yellow".to_owned(), "x".to_owned()], ..Style::default() };
    let voice = |name: &str| Style { voice: Some(name.to_owned()), ..Style::default() };
    let mut first = Cue::new(1000, 2500, "a\n1 < 2 & \"3\" --> x");
    first.id = Some("one --> two".to_owned());
    first.lines[0].spans = vec![span("Hi ", italic), span("there", classes)];
    first.speaker = Some("Ann & Bob".to_owned());
    first.settings = Settings {
        line: Some("84.5%,end".to_owned()),
        position: Some("10%,line-left".to_owned()),
        size: Some("50%".to_owned()),
        align: Some("start".to_owned()),
        ..Settings::default()
    };
    let mut second = Cue::new(3_600_000, 3_601_001, "x\ny");
    let ruby = Span {
        ruby: Some("かん".to_owned()),
        ..span("漢", Style { language: Some("ja".to_owned()), ..voice("Ann") })
    };
    second.lines = vec![
        Line { spans: vec![ruby, Span { at_ms: Some(3_600_500), ..span("字", voice("Ann")) }] },
        Line { spans: vec![span("- I.", voice("Bob"))] },
    ];
    Track { language: None, cues: vec![first, second], blocks: vec!["STYLE\n::cue(.x) { color: red }".to_owned()] }
}

fn shown(track: &Track) -> Vec<(u64, u64, String)> {
    track.cues.iter().map(|cue| (cue.start_ms, cue.end_ms, cue.text().replace('\n', "|"))).collect()
}

fn printed(lines: &str) -> Vec<(u64, u64, String)> {
    let cue = |line: &str| {
        let mut parts = line.splitn(3, ' ');
        let mut number = || parts.next().and_then(|part| part.parse().ok()).expect("a time");
        (number(), number(), parts.next().unwrap_or_default().to_owned())
    };
    lines.lines().map(cue).collect()
}

fn assert_equal(action: &str, found: &[(u64, u64, String)], expected: &[(u64, u64, String)]) {
    assert_eq!(found.len(), expected.len(), "{action}");
    for (found, expected) in found.iter().zip(expected) {
        let is_near = found.0.abs_diff(expected.0) <= 1 && found.1.abs_diff(expected.1) <= 1;
        assert!(is_near && found.2 == expected.2, "{action}: {found:?}, expected {expected:?}");
    }
}

fn written(name: &str, format: Format, track: &Track) -> PathBuf {
    let path = cache().join(name);
    fs::write(&path, format.write(track)).expect("a file");
    path
}

#[test]
fn others_read_our_files() {
    let track = spoken();
    let expected = shown(&track);
    assert!(expected.len() > 30);
    let vtt = written("ours.vtt", Format::Vtt, &track);
    let srt = written("ours.srt", Format::Srt, &track);
    let imsc = written("ours.ttml", Format::Imsc, &track);
    for (action, file) in [("webvtt-py", &vtt), ("pysubs2", &vtt), ("webvtt-py-srt", &srt), ("pysubs2", &srt)] {
        assert_equal(action, &printed(&python(action, file, file)), &expected);
    }
    for (action, format) in [("ttconv-imsc-to-srt", Format::Srt), ("ttconv-imsc-to-vtt", Format::Vtt)] {
        let target = cache().join(format!("{action}.txt"));
        python(action, &imsc, &target);
        let parsed = parse(&fs::read(&target).expect("it wrote a file"), Some(format));
        assert_equal(action, &shown(&parsed.track), &expected);
    }
}

#[test]
fn we_read_others_files() {
    let track = spoken();
    let vtt = written("source.vtt", Format::Vtt, &track);
    let srt = written("source.srt", Format::Srt, &track);
    for (action, source, format) in [
        ("pysubs2-to-vtt", &srt, Format::Vtt),
        ("pysubs2-to-srt", &vtt, Format::Srt),
        ("webvtt-py-to-srt", &vtt, Format::Srt),
        ("ttconv-srt-to-imsc", &srt, Format::Imsc),
    ] {
        // One of them takes no other extension than its own.
        let extension = if format == Format::Srt { "srt" } else { "out" };
        let target = cache().join(format!("{action}.{extension}"));
        python(action, source, &target);
        let parsed = parse(&fs::read(&target).expect("it wrote a file"), None);
        assert_eq!(parsed.findings, [], "{action}");
        assert_eq!(Format::of_text(&fs::read_to_string(&target).expect("text")), format);
        assert_equal(action, &shown(&parsed.track), &shown(&track));
    }
}

#[test]
fn a_strict_validator_finds_nothing() {
    for (name, track) in [("spoken.vtt", spoken()), ("styled.vtt", styled()), ("empty.vtt", Track::default())] {
        let file = written(name, Format::Vtt, &track);
        assert_eq!(faults(&file, "subtitles", track.cues.len()), Vec::<String>::new(), "{name}");
    }
    let chapter = |start_ms, title: &str| Chapter { start_ms, title: title.to_owned() };
    let file = cache().join("chapters.vtt");
    fs::write(&file, write_chapters(&[chapter(0, "Down & out"), chapter(5000, "The <Pool>")], 9000)).expect("a file");
    assert_eq!(faults(&file, "chapters", 2), Vec::<String>::new());
    // It is strict indeed.
    fs::write(&file, "WEBVTT\n\n00:02.000 --> 00:01.000\n<b>x").expect("a file");
    assert!(!faults(&file, "subtitles", 1).is_empty());
}
