//! Recordings, as the user of the binary gets them: what is made of video and audio, what is said of broken ones, and whose captions count.

use axum::body::Bytes;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

const PROFILE: &str = r#"
[models]
speech = "ear"

[[collection]]
name = "default"
keys = ["**"]
jpeg = { quality = 80 }

[[collection.view]]
name = "whole"
widths = [320]

[collection.recordings]
poster = [160, 320]
storyboard = true
waveform = true
clip = true
captions = { profile = "netflix" }
"#;

struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    fn new(url: &str) -> Self {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let book = format!(
            "[[model]]\nid = \"ear\"\nmodel = \"ear-1\"\nkind = \"transcription\"\nprovider = \"openai\"\nurl = \"{url}\"\n\
             inputs = [\"audio\"]\naudio = {{ seconds = 600, bytes = 20000000 }}\nprice = {{ per_minute = 6000, source = \"test\", date = \"2026-01-01\", verified = false }}\n"
        );
        let data = folder.path().join("data");
        std::fs::create_dir_all(&data).expect("a folder");
        std::fs::write(data.join("profile.toml"), PROFILE).expect("writes");
        std::fs::write(data.join("models.toml"), book).expect("writes");
        Home { folder }
    }

    fn run(&self, args: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_greenroom"))
            .args(args)
            .env("GREENROOM_DATA", self.folder.path().join("data"))
            .env("GREENROOM_DURABILITY", "process")
            .output()
            .expect("the binary runs")
    }

    fn json(&self, args: &[&str]) -> Value {
        let output = self.run(&[args, &["--json"]].concat());
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{args:?}: {error}: {output:?}"))
    }

    fn why(&self, key: &str) -> String {
        let output = self.run(&["why", key]);
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Makes a recording with ffmpeg.
    fn film(&self, name: &str, arguments: &str) -> PathBuf {
        let path = self.path(name);
        let made = Command::new("ffmpeg")
            .args(["-v", "error", "-y"])
            .args(arguments.split_whitespace())
            .arg(&path)
            .output()
            .expect("ffmpeg is missing: `apt-get install ffmpeg` installs it");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        path
    }

    /// Adds a file and returns its row.
    fn add(&self, path: &Path) -> Value {
        let rows = self.json(&["add", path.to_str().expect("UTF-8")]);
        rows.as_array().expect("rows").last().cloned().unwrap_or_else(|| panic!("no row: {rows}"))
    }

    /// The store's file whose name ends so.
    fn stored(&self, end: &str) -> Option<String> {
        let mut folders = vec![self.path("data/store")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.to_str().is_some_and(|path| path.ends_with(end)) {
                    return Some(std::fs::read_to_string(path).expect("text"));
                }
            }
        }
        None
    }
}

const PICTURES: &str = "-f lavfi -i testsrc2=size=640x360:rate=25:duration=6";
const TONE: &str = "-f lavfi -i sine=frequency=440:duration=6";
const H264: &str = "-c:v libx264 -preset ultrafast -g 25 -pix_fmt yuv420p -c:a aac -shortest";

/// A server that hears three words in everything.
async fn ear() -> (String, Arc<Mutex<u32>>) {
    let n_calls = Arc::new(Mutex::new(0));
    let seen = n_calls.clone();
    let hear = move |body: Bytes| {
        *seen.lock().expect("not poisoned") += 1;
        assert!(body.windows(4).any(|four| four == b"fLaC"), "it is sent FLAC, never the original");
        let words: Vec<Value> = [("Hello,", 0.5, 1.0), ("green", 1.1, 1.6), ("room.", 1.7, 2.4)]
            .map(|(word, start, end)| json!({"word": word, "start": start, "end": end, "probability": 0.9}))
            .into();
        let answer = json!({"text": "Hello, green room.", "language": "english", "duration": 6.0, "words": words});
        async move { Json(answer) }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let url = format!("http://{}/v1", listener.local_addr().expect("an address"));
    let router =
        Router::new().route("/v1/audio/transcriptions", post(hear)).layer(axum::extract::DefaultBodyLimit::disable());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, n_calls)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_film_becomes_readable_and_browsable() {
    let (url, n_calls) = ear().await;
    let home = Home::new(&url);
    let film = home.film("talk.mp4", &format!("{PICTURES} {TONE} {H264}"));
    let row = home.add(&film);
    assert_eq!(row["state"], "ready", "{row:#}: {}", home.why("talk.mp4"));
    let why = home.why("talk.mp4");
    for part in ["poster: done", "storyboard: done", "waveform: done", "clip: done", "3 words in en, by ear-1"] {
        assert!(why.contains(part), "{part}: {why}");
    }
    assert_eq!(*n_calls.lock().expect("not poisoned"), 1);
    let vtt = home.stored("captions.en.vtt").expect("captions");
    assert_eq!(vtt, "WEBVTT\n\n00:00:00.500 --> 00:00:02.400\nHello, green room.\n");
    assert!(home.stored("captions.en.srt").is_some() && home.stored("captions.en.ttml").is_some());
    assert!(home.stored("storyboard.vtt").expect("a storyboard").contains("sheet-1.jpg#xywh=0,0,"));
    assert!(home.stored("waveform.json").expect("a waveform").contains("\"version\":2"));
    assert_eq!(home.json(&["verify"])["problems"], json!([]));
    let hits = home.json(&["search", "green room"]);
    assert!(hits.to_string().contains("talk.mp4"), "it is found by what is said: {hits}");

    // A person's captions count; no machine replaces them.
    let own = home.path("talk.en.srt");
    std::fs::write(&own, "1\r\n00:00:00,500 --> 00:00:02,400\r\nHello, Greenroom!\r\n").expect("writes");
    let given = home.run(&["captions", "give", "talk.mp4", own.to_str().expect("UTF-8"), "--by", "ada"]);
    assert!(given.status.success(), "{given:?}");
    home.add(&home.film("other.mp4", &format!("{PICTURES} {H264}")));
    assert!(home.why("talk.mp4").contains("captions in en: by a person by ada"), "{}", home.why("talk.mp4"));
    assert_eq!(home.json(&["verify"])["problems"], json!([]));
    assert_eq!(*n_calls.lock().expect("not poisoned"), 1, "nobody is asked again");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_says_why() {
    let (url, n_calls) = ear().await;
    let home = Home::new(&url);
    let whole = home.film("whole.mp4", &format!("{PICTURES} {TONE} {H264}"));
    let bytes = std::fs::read(&whole).expect("reads");
    let cut = home.path("cut off.mp4");
    std::fs::write(&cut, &bytes[..bytes.len() / 2]).expect("writes");
    let empty = home.path("empty.mp4");
    std::fs::write(&empty, b"").expect("writes");
    let zip = home.path("zip.mp4");
    std::fs::write(&zip, b"PK\x03\x04\x14\0\0\0\x08\0and then some more of a zip archive").expect("writes");
    let cases = [
        (home.film("silent.mp4", &format!("{PICTURES} {H264}")), "ready", "nothing to make (no_audio)"),
        (home.film("only sound.mp4", &format!("{TONE} -c:a aac -vn")), "ready", "transcript and captions in en: done"),
        (home.film("quiet.m4a", "-f lavfi -i anullsrc=duration=20 -c:a aac"), "ready", "nothing to make (no_speech)"),
        (cut, "failed", "truncated"),
        (empty, "failed", "empty"),
        (zip, "failed", "unsupported"),
    ];
    for (path, state, said) in cases {
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
        let row = home.add(&path);
        let why = home.why(&name);
        assert_eq!(row["state"], state, "{name}: {why}");
        assert!(why.contains(said), "{name}: {said}: {why}");
    }
    assert_eq!(*n_calls.lock().expect("not poisoned"), 1, "silence is sent to nobody");
}

#[test]
fn without_ffmpeg_it_is_said() {
    let home = Home::new("http://127.0.0.1:9/v1");
    let film = home.film("talk.mp4", &format!("{PICTURES} {TONE} {H264}"));
    let run = |args: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_greenroom"))
            .args(args)
            .env("GREENROOM_DATA", home.path("data"))
            .env("GREENROOM_FFMPEG", "/nowhere/ffmpeg")
            .output()
            .expect("the binary runs")
    };
    let doctor = String::from_utf8(run(&["doctor"]).stdout).expect("UTF-8");
    assert!(doctor.contains("FAIL ffmpeg") && doctor.contains("apt install ffmpeg"), "{doctor}");
    run(&["add", film.to_str().expect("UTF-8")]);
    let why = home.why("talk.mp4");
    assert!(why.contains("blocked") && why.contains("ffmpeg"), "{why}");
}

#[test]
fn captions_are_linted_and_mended() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let path = folder.path().join("talk.en.vtt");
    let bad = "WEBVTT\n\n00:01.000 --> 00:01.200\nWhat is the\nuse of a book?\n";
    std::fs::write(&path, bad).expect("writes");
    let run = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_greenroom"));
        let output = command.args(["captions", "lint"]).arg(&path).args(args).output().expect("the binary runs");
        (output.status.success(), String::from_utf8(output.stdout).expect("UTF-8"))
    };
    let (_, found) = run(&[]);
    assert!(found.contains("min_dur") && found.contains("1 cue in en, by `netflix`"), "{found}");
    let (is_good, mended) = run(&["--fix"]);
    assert!(is_good && mended.contains("mended: min_dur") && mended.contains("0 errors, 0 warnings"), "{mended}");
    assert_eq!(std::fs::read_to_string(folder.path().join("talk.en.vtt.orig")).expect("it is kept"), bad);
    let (is_good, found) = run(&["--profile", "cinema"]);
    assert!(!is_good, "{found}");
}

/// What a person sees: `tests/console/player.mjs` looks at the page of a running host.
#[tokio::test(flavor = "multi_thread")]
async fn the_player_works_in_a_browser() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let tools = workspace.join("target/tools/node/node_modules/playwright-core/index.mjs");
    assert!(tools.exists(), "`{}` is missing: run `cargo xtask setup`", tools.display());
    let screenshots = workspace.join("target/screenshots");
    std::fs::create_dir_all(&screenshots).expect("a folder for screenshots");
    let (url, _) = ear().await;
    let home = Home::new(&url);
    home.add(&home.film("talk.mp4", &format!("{PICTURES} {TONE} {H264}")));
    let output = home.path("up.txt");
    let mut host = Command::new(env!("CARGO_BIN_EXE_greenroom"))
        .args(["up", "--console", "127.0.0.1:0", "--s3", "127.0.0.1:0"])
        .env("GREENROOM_DATA", home.path("data"))
        .env("GREENROOM_DURABILITY", "process")
        .stdout(std::fs::File::create(&output).expect("a file"))
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("the host starts");
    let address = loop {
        let printed = std::fs::read_to_string(&output).expect("text");
        let found = printed.split_whitespace().find(|word| word.starts_with("http://") && word.contains("token="));
        match found {
            Some(address) => break address.to_owned(),
            None => tokio::time::sleep(std::time::Duration::from_millis(100)).await,
        }
    };
    let asset = asset::ids::AssetId::of_key("talk.mp4");
    let driven = Command::new("node")
        .arg(workspace.join("tests/console/player.mjs"))
        .args([&address, asset.as_str()])
        .args([&tools, &screenshots])
        .output()
        .expect("node starts");
    host.kill().expect("it ends");
    host.wait().expect("it is gone");
    assert!(
        driven.status.success(),
        "{}{}",
        String::from_utf8_lossy(&driven.stdout),
        String::from_utf8_lossy(&driven.stderr)
    );
}

/// Two hours: five minutes of a tone and ten seconds of silence by turns.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_host_goes_on_with_the_part_it_was_in() {
    let (url, n_calls) = ear().await;
    let home = Home::new(&url);
    let graph = "aevalsrc=if(lt(mod(t\\,310)\\,300)\\,0.3*sin(440*t*6.283)\\,0):s=16000:d=7200";
    let film = home.film("lecture.flac", &format!("-f lavfi -i {graph}"));
    let host = |log: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_greenroom"));
        command
            .args(["up", "--console", "127.0.0.1:0", "--s3", "127.0.0.1:0"])
            .env("GREENROOM_DATA", home.path("data"))
            .env("GREENROOM_DURABILITY", "process")
            .stderr(std::fs::File::create(home.path(log)).expect("a log"))
            .stdout(std::process::Stdio::null());
        command.spawn().expect("the host starts")
    };
    let inbox = home.path("data/inbox");
    std::fs::create_dir_all(&inbox).expect("an inbox");
    let mut first = host("first.log");
    std::fs::copy(&film, inbox.join("lecture.flac")).expect("copies");
    let calls = || *n_calls.lock().expect("not poisoned");
    let wait = async |what: &str, is_done: &dyn Fn() -> bool| {
        for _ in 0..1200 {
            if is_done() {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        panic!("not within two minutes: {what}: {}", home.why("lecture.flac"));
    };
    wait("five parts are heard", &|| calls() >= 5).await;
    let peak = |pid: u32| {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the host runs");
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("Linux tells").to_owned();
        line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).expect("a number") / 1024
    };
    println!("two hours: the host took {} MiB at most", peak(first.id()));
    assert!(peak(first.id()) < 300, "memory grows with the recording");
    first.kill().expect("it is killed");
    first.wait().expect("it is gone");
    let before = calls();

    let mut second = host("second.log");
    wait("it is ready", &|| home.why("lecture.flac").starts_with("=                       ready")).await;
    second.kill().expect("it ends");
    second.wait().expect("it is gone");
    let why = home.why("lecture.flac");
    let n_parts = why.lines().filter(|line| line.contains("hear ") && line.contains(": done")).count();
    assert_eq!(n_parts, 24, "{why}");
    // Who is killed loses what was in hand: two parts at most.
    assert!(calls() as usize <= n_parts + 2, "{} calls for {n_parts} parts, {before} before", calls());
    assert_eq!(home.json(&["verify"])["problems"], json!([]));
}
