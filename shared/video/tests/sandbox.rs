//! What a child may do: seen with programs that do something else than ffmpeg.

mod common;

use common::{Films, H264, PICTURES, source, tools};
use std::io;
use std::ops::Range;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Instant;
use video::{Error, Recording, Source, Tools, VideoLimits};

/// Opens a film with a program that behaves like this instead of ffprobe.
fn open_with(script: &str, limits: VideoLimits) -> String {
    let films = Films::new();
    let film = films.make("a.mp4", &format!("{PICTURES}1 {H264}"));
    let text = format!("#!/bin/sh\n[ \"$2\" = -version ] && echo ffprobe version 1 && exit 0\n{script}\n");
    let program = films.write("ffprobe", text.as_bytes());
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("sets");
    // Another test's child may hold the file open for writing for a moment (execve(2), `ETXTBSY`).
    let find = || Tools::find(Some(tools().ffmpeg().to_owned()), Some(program.clone()));
    let tools = (0..50).find_map(|_| {
        find().ok().or_else(|| {
            std::thread::sleep(std::time::Duration::from_millis(20));
            None
        })
    });
    let tools = tools.expect("runs");
    let mut source = source(&film);
    let start = Instant::now();
    let result = Recording::open(&mut source, &tools, &limits).map(|recording| recording.probe().clone());
    assert!(start.elapsed().as_secs() < 10, "{script}: {:?}", start.elapsed());
    match result {
        Ok(probe) => format!("{probe:?}"),
        Err(Error::Refused(refusal)) => refusal.to_string(),
        Err(error) => panic!("{script}: {error:?}"),
    }
}

#[test]
fn whoever_sleeps_is_ended() {
    let limits = VideoLimits { max_time_ms: 300, ..VideoLimits::default() };
    assert!(open_with("exec sleep 60", limits).starts_with("timed_out: reading what it is was not done within 300 ms"));
    // Also if it has said all that it has to say.
    assert!(open_with("exec sleep 60 >&- 2>&-", limits).starts_with("timed_out: "));
}

#[test]
fn whoever_computes_for_ever_is_ended() {
    let limits = VideoLimits { max_cpu_s: 1, ..VideoLimits::default() };
    let text = open_with("while :; do :; done", limits);
    assert!(text.starts_with("timed_out: reading what it is was not done within 1 s of CPU time"), "{text}");
}

#[test]
fn whoever_talks_for_ever_is_ended() {
    let text = open_with("exec yes", VideoLimits::default());
    assert!(text.starts_with("too_large: more bytes of output than the limit"), "{text}");
    // Complaints are read, and forgotten: it goes on until its time is up.
    let limits = VideoLimits { max_time_ms: 500, ..VideoLimits::default() };
    assert!(open_with("exec yes >&2", limits).starts_with("timed_out: "));
}

#[test]
fn whoever_writes_large_files_is_ended() {
    let limits = VideoLimits { max_output_bytes: 1 << 20, ..VideoLimits::default() };
    let text = open_with("exec dd if=/dev/zero of=large bs=65536 count=100 2>/dev/null", limits);
    assert!(text.starts_with("too_large: more bytes of output than the limit of 1048576"), "{text}");
}

#[test]
fn there_is_no_environment_and_the_folder_is_empty() {
    let text = open_with(
        "set >&2; ls -a >&2; echo \"here $(env | cut -d= -f1 | sort | tr '\\n' ' ')$(ls | wc -l)\" >&2; exit 1",
        VideoLimits::default(),
    );
    let allowed = ["HOME", "LC_ALL", "LD_LIBRARY_PATH", "PWD", "TMPDIR", "_", "SHLVL", "OLDPWD", "0"];
    let names = text.split_once("here ").expect("says it").1.split(';').next().expect("a part");
    assert!(names.split_whitespace().all(|name| allowed.contains(&name)), "{text}");
}

#[test]
fn complaints_are_one_short_line() {
    let text = open_with("printf 'a\\033[31mred\\n%01000d\\n' 7 >&2; exit 3", VideoLimits::default());
    assert!(text.starts_with("corrupt: broken `video/mp4`: reading what it is failed: 0000"), "{text}");
    assert!(text.len() < 400 && !text.contains('\n') && !text.contains('\x1b'), "{text}");
}

/// A source whose second half cannot be read.
struct Broken(Vec<u8>);

impl Source for Broken {
    fn bytes(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&mut self, range: Range<u64>) -> io::Result<Vec<u8>> {
        if range.end > self.0.len() as u64 / 2 {
            Err(io::ErrorKind::ConnectionReset.into())
        } else {
            self.0.read_at(range)
        }
    }
}

#[test]
fn a_source_that_fails_is_worth_another_attempt() {
    let films = Films::new();
    let path = films.make("a.mkv", &format!("{PICTURES}8 {H264} -b:v 3M"));
    let mut source = Broken(std::fs::read(path).expect("reads"));
    let limits = VideoLimits::default();
    let result = Recording::open(&mut source, tools(), &limits).and_then(|mut recording| recording.poster());
    assert!(matches!(result, Err(Error::Io { .. })), "{result:?}");
}

#[test]
fn nobody_opens_another_file() {
    let films = Films::new();
    let secret = films.make("secret.mp4", &format!("{PICTURES}1 {H264}"));
    // A QuickTime file whose samples are in another file: the flag "self-contained" is off.
    let path = films.make("a.mov", &format!("{PICTURES}1 {H264}"));
    let mut bytes = std::fs::read(&path).expect("reads");
    let at = bytes.windows(4).rposition(|window| window == b"dref").expect("is there");
    let flags = at + 4 + 8 + 8 + 3;
    assert_eq!(bytes[flags], 1);
    bytes[flags] = 0;
    let path = films.write("b.mov", &bytes);
    assert!(
        common::refused(&path).starts_with("unsupported: a film whose samples are in another file"),
        "{}",
        common::refused(&path)
    );
    // Lists that name it, under any name.
    let file = Path::new(&secret).display();
    for text in [
        format!("ffconcat version 1.0\nfile '{file}'\n"),
        format!("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{file}\n"),
    ] {
        for name in ["a.mp4", "a.m3u8", "a.txt"] {
            assert!(common::refused(&films.write(name, text.as_bytes())).starts_with("unsupported: "));
        }
    }
}
