//! Recordings made by ffmpeg for each test, and a look at what comes out.

#![allow(dead_code, reason = "every test program uses some of it")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use video::{CountingSource, Error, FileSource, Recording, Tools, VideoLimits};

/// The programs; without them there is nothing to test, and that is a failure.
pub fn tools() -> &'static Tools {
    static TOOLS: OnceLock<Tools> = OnceLock::new();
    TOOLS.get_or_init(|| match Tools::find(None, None) {
        Ok(tools) => tools,
        Err(refusal) => panic!("{refusal} (`cargo xtask setup` does, or `apt-get install -y ffmpeg`)"),
    })
}

/// A folder with recordings in it.
pub struct Films {
    folder: tempfile::TempDir,
}

impl Films {
    pub fn new() -> Films {
        Films { folder: tempfile::tempdir().expect("a folder") }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Makes a recording; the arguments are words between spaces.
    pub fn make(&self, name: &str, arguments: &str) -> PathBuf {
        let path = self.path(name);
        let output = Command::new(tools().ffmpeg())
            .args(["-v", "error", "-nostdin", "-y", "-threads", "2"])
            .args(arguments.split_whitespace())
            .arg(&path)
            .current_dir(self.folder.path())
            .output()
            .expect("ffmpeg starts");
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        path
    }

    pub fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        std::fs::write(self.path(name), bytes).expect("writes");
        self.path(name)
    }
}

/// Pictures that move, in H.264 with a keyframe every second.
pub const PICTURES: &str = "-f lavfi -i testsrc2=size=320x180:rate=25:duration=";
pub const H264: &str = "-c:v libx264 -preset ultrafast -g 25 -pix_fmt yuv420p";
pub const TONE: &str = "-f lavfi -i sine=frequency=440:sample_rate=44100:duration=";

pub fn source(path: &Path) -> CountingSource<FileSource> {
    let file = std::fs::File::open(path).expect("opens");
    CountingSource::new(FileSource::new(file).expect("has a length"))
}

/// Opens a recording and does something with it.
pub fn with<T>(path: &Path, work: impl FnOnce(&mut Recording<'_>) -> Result<T, Error>) -> Result<T, Error> {
    let limits = VideoLimits::default();
    let mut source = source(path);
    work(&mut Recording::open(&mut source, tools(), &limits)?)
}

/// Returns the code and the text of the refusal that opening ends with.
pub fn refused(path: &Path) -> String {
    match with(path, |recording| Ok(recording.probe().clone())) {
        Ok(probe) => panic!("`{}` was read: {probe:?}", path.display()),
        Err(Error::Refused(refusal)) => refusal.to_string(),
        Err(error) => panic!("`{}`: {error:?}", path.display()),
    }
}

/// A decoded picture.
pub struct Picture {
    pub width: usize,
    pub height: usize,
    pub rgb: Vec<u8>,
}

impl Picture {
    /// Decodes a PNG or a JPEG with ffmpeg.
    pub fn decode(bytes: &[u8]) -> Picture {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("picture");
        std::fs::write(&path, bytes).expect("writes");
        let output = Command::new(tools().ffmpeg())
            .args([
                "-v",
                "error",
                "-f",
                "image2",
                "-c:v",
                if bytes.starts_with(b"\x89PNG") { "png" } else { "mjpeg" },
                "-i",
            ])
            .arg(&path)
            .args(["-frames:v", "1", "-c:v", "ppm", "-pix_fmt", "rgb24", "-f", "image2pipe", "-"])
            .output()
            .expect("ffmpeg starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let ppm = output.stdout;
        let mut lines = ppm.splitn(4, |byte| *byte == b'\n');
        assert_eq!(lines.next(), Some(&b"P6"[..]));
        let size = String::from_utf8(lines.next().expect("a size").to_vec()).expect("text");
        let (width, height) = size.split_once(' ').expect("two numbers");
        let rgb = lines.nth(1).expect("pixels").to_vec();
        Picture { width: width.parse().expect("a number"), height: height.parse().expect("a number"), rgb }
    }

    /// Returns the mean of each colour within a part, in hundredths of width and height.
    pub fn mean(&self, x: std::ops::Range<usize>, y: std::ops::Range<usize>) -> [u32; 3] {
        let (mut sums, mut n) = ([0_u64; 3], 0);
        for row in y.start * self.height / 100..y.end * self.height / 100 {
            for column in x.start * self.width / 100..x.end * self.width / 100 {
                let at = (row * self.width + column) * 3;
                (0..3).for_each(|color| sums[color] += u64::from(self.rgb[at + color]));
                n += 1;
            }
        }
        sums.map(|sum| (sum / n.max(1)) as u32)
    }

    pub fn brightness(&self) -> u32 {
        self.mean(0..100, 0..100).iter().sum::<u32>() / 3
    }
}

/// Returns the first box of that name below `path` in an MP4: its place, and that of its end.
pub fn find_box(bytes: &[u8], path: &[&[u8; 4]]) -> std::ops::Range<usize> {
    let mut within = 0..bytes.len();
    let mut found = within.clone();
    for kind in path {
        let mut at = within.start;
        found = loop {
            let size = u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four")) as usize;
            if bytes[at + 4..at + 8] == kind[..] {
                break at..at + size;
            }
            at += size;
            assert!(at < within.end, "no `{}`", String::from_utf8_lossy(&kind[..]));
        };
        within = found.start + 8..found.end;
    }
    found
}

/// Turns the pictures of an MP4 (version 0 of `tkhd`): the matrix of ISO/IEC 14496-12 §8.3.2 for 90 degrees clockwise.
pub fn turn(path: &Path) {
    let mut bytes = std::fs::read(path).expect("reads");
    let tkhd = find_box(&bytes, &[b"moov", b"trak", b"tkhd"]);
    let matrix = tkhd.start + 8 + 40;
    let height = u32::from_be_bytes(bytes[matrix + 40..matrix + 44].try_into().expect("four"));
    let turned = [0, 0x10000_u32, 0, 0xFFFF_0000, 0, 0, height, 0, 0x4000_0000];
    for (place, value) in turned.iter().enumerate() {
        bytes[matrix + 4 * place..][..4].copy_from_slice(&value.to_be_bytes());
    }
    std::fs::write(path, bytes).expect("writes");
}
