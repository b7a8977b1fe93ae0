//! `cargo xtask bench video`: poster, storyboard and sound of a film of ten minutes, beside plain ffmpeg in the same run. CPU time and
//! memory are those of whole processes with their children; what is read is counted.

use crate::setup;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;
use video::{ChunkSpec, CountingSource, FileSource, Recording, StoryboardSpec, Tools, VideoLimits};
use wait4::Wait4;

const ROUNDS: usize = 3;

/// What is made, and how plain ffmpeg is asked for it; its words stand between spaces, `FILM` and `OUT` for paths.
const TASKS: [(&str, &str); 3] = [
    ("poster", "-ss 60 -i FILM -frames:v 1 OUT/poster.png"),
    ("storyboard", "-skip_frame nokey -i FILM -an -vf fps=1/10,scale=160:90,tile=10x6 -frames:v 1 OUT/sheet.jpg"),
    ("sound", "-i FILM -vn -ac 1 -ar 16000 OUT/sound.flac"),
];

/// What a process used.
struct Used {
    cpu_s: f64,
    wall_s: f64,
    /// Of the largest process of all.
    peak_mib: f64,
    read_bytes: u64,
}

pub fn run(args: &[String]) -> Result<()> {
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let film = match words.as_slice() {
        ["ours", task, film] => return ours(task, Path::new(film)),
        ["--film", film] => PathBuf::from(film),
        [] => film()?,
        _ => bail!("wanted nothing, or --film FILE"),
    };
    let folder = setup::workspace().join("target/bench/video");
    std::fs::create_dir_all(&folder)?;
    let bytes = std::fs::metadata(&film).with_context(|| format!("no film `{}`", film.display()))?.len();
    let mut their_total = (0.0, 0);
    for (task, plain) in TASKS {
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            let mut theirs = Command::new("ffmpeg");
            theirs.args(["-v", "error", "-nostdin", "-y"]);
            let word =
                |word: &str| word.replace("FILM", &film.to_string_lossy()).replace("OUT", &folder.to_string_lossy());
            theirs.args(plain.split(' ').map(word));
            rounds.push((measure(myself(task, &film)?)?, measure(theirs)?));
        }
        rounds.sort_by(|a, b| (a.0.cpu_s / a.1.cpu_s).total_cmp(&(b.0.cpu_s / b.1.cpu_s)));
        let (ours, theirs) = &rounds[ROUNDS / 2];
        // ffmpeg goes through the film from its start to its end, but for the poster, where it seeks: that is not counted.
        let read = if task == "poster" { 0 } else { bytes };
        for (name, used, read) in [("ours", ours, ours.read_bytes), ("ffmpeg", theirs, read)] {
            let (cpu_s, wall_s, peak_mib) = (used.cpu_s, used.wall_s, used.peak_mib);
            let read = if read == 0 { "?".to_owned() } else { format!("{:.1}", read as f64 / 1e6) };
            println!("{task:10} {name:6} {cpu_s:6.2} CPU s {wall_s:6.2} s {peak_mib:6.1} MiB {read:>7} MB read");
        }
        println!("ratio video {task} cpu {:.3}", ours.cpu_s / theirs.cpu_s);
        their_total = (their_total.0 + theirs.cpu_s, their_total.1 + read);
    }
    let mut rounds = (0..ROUNDS).map(|_| measure(myself("all", &film)?)).collect::<Result<Vec<_>>>()?;
    rounds.sort_by(|a, b| a.cpu_s.total_cmp(&b.cpu_s));
    let all = &rounds[ROUNDS / 2];
    println!("all three  ours   {:6.2} CPU s, {:7.1} MB read, opened once", all.cpu_s, all.read_bytes as f64 / 1e6);
    println!("all three  ffmpeg {:6.2} CPU s, {:7.1} MB read", their_total.0, their_total.1 as f64 / 1e6);
    let (cpu, read) = (all.cpu_s / their_total.0, all.read_bytes as f64 / their_total.1 as f64);
    println!("ratio video all cpu {cpu:.3} read {read:.4}");
    Ok(())
}

/// This program, asked for our side of a task.
fn myself(task: &str, film: &Path) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe().context("failed to find this program's own file")?);
    command.args(["bench", "video", "ours", task]).arg(film);
    Ok(command)
}

/// Makes the film, once: 1080p, 30 pictures a second, 5 Mb/s, a keyframe every two seconds, noise on it as cameras have.
fn film() -> Result<PathBuf> {
    let folder = setup::workspace().join("target/bench/video");
    let film = folder.join("ten-minutes.mp4");
    if film.exists() {
        return Ok(film);
    }
    std::fs::create_dir_all(&folder)?;
    println!("making a film of ten minutes");
    let pictures = "testsrc2=size=1920x1080:rate=30:duration=600,noise=alls=12:allf=t";
    let sound = "sine=frequency=300:sample_rate=48000:duration=600,tremolo=f=0.2:d=1";
    let options = "-ac 2 -c:v libx264 -preset ultrafast -g 60 -b:v 5M -maxrate 6M -bufsize 10M -pix_fmt yuv420p -c:a aac -b:a 128k";
    let unfinished = folder.join("unfinished.mp4");
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", pictures, "-f", "lavfi", "-i", sound]);
    setup::run(command.args(options.split(' ')).arg(&unfinished))?;
    std::fs::rename(unfinished, &film)?;
    Ok(film)
}

/// Runs a process to its end. What it says on its standard output is how many bytes it read.
fn measure(mut command: Command) -> Result<Used> {
    let start = Instant::now();
    let mut child = command.stdout(Stdio::piped()).spawn().with_context(|| format!("failed to start {command:?}"))?;
    let mut said = String::new();
    std::io::Read::read_to_string(&mut child.stdout.take().context("no output")?, &mut said)?;
    let used = child.wait4()?;
    if !used.status.success() {
        bail!("{command:?} ended with {}", used.status);
    }
    Ok(Used {
        cpu_s: (used.rusage.utime + used.rusage.stime).as_secs_f64(),
        wall_s: start.elapsed().as_secs_f64(),
        peak_mib: used.rusage.maxrss as f64 / f64::from(1 << 20),
        read_bytes: said.trim().parse().unwrap_or(u64::MAX),
    })
}

/// `ours TASK FILM`: does one task, or all of them, from finding the programs and opening the film on, and prints how many bytes it read.
fn ours(task: &str, film: &Path) -> Result<()> {
    let tools = Tools::find(None, None)?;
    let limits = VideoLimits::default();
    let mut source = CountingSource::new(FileSource::new(std::fs::File::open(film)?)?);
    let mut recording = Recording::open(&mut source, &tools, &limits)?;
    if ["poster", "all"].contains(&task) {
        recording.poster()?;
    }
    if ["storyboard", "all"].contains(&task) {
        recording.storyboard(&StoryboardSpec::default())?;
    }
    if ["sound", "all"].contains(&task) {
        recording.pieces(&ChunkSpec::default(), |_, _| Ok(()))?;
    }
    println!("{}", source.n_bytes);
    Ok(())
}
