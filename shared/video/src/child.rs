//! One run of `ffmpeg` or `ffprobe`, shut in: limits on CPU time, memory and files, a deadline, no shell that sees data, no
//! environment, a scratch folder of its own, and bounds on all that it says.

use crate::error::Error;
use crate::feed::Feed;
use crate::refuse;
use crate::source::Source;
use crate::value::{Container, VideoLimits};
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

/// The limits are arguments, like everything else: the text never changes. A limit that cannot be set is one that is already lower.
/// `-f` counts blocks of 512 bytes (POSIX), `-v` kibibytes.
const LIMITED: &str = r#"for limit in "c 0" "t $1" "v $2" "f $3"; do ulimit -${limit% *} ${limit#* } 2>/dev/null; done
shift 3
exec "$@""#;

/// What is kept of the error output: its end.
const STDERR_BYTES: usize = 8 << 10;

// signal(7), the same on every Linux.
const SIGKILL: i32 = 9;
const SIGXCPU: i32 = 24;
const SIGXFSZ: i32 = 25;

/// A program, its arguments, and what it may do.
pub(crate) struct Job<'a> {
    pub(crate) program: &'a Path,
    pub(crate) arguments: Vec<String>,
    /// For people: what this run is for.
    pub(crate) what: &'static str,
    pub(crate) container: Container,
    pub(crate) limits: &'a VideoLimits,
    /// Bytes on the standard output.
    pub(crate) max_output: u64,
    /// The folder it runs in, if not a new one.
    pub(crate) folder: Option<&'a Path>,
}

impl Job<'_> {
    /// Runs it and gives all that it writes to `sink`, block by block.
    pub(crate) fn run(
        &self,
        source: &mut dyn Source,
        feed: Feed,
        mut sink: impl FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let scratch = tempfile::tempdir().map_err(Error::io("make a scratch folder"))?;
        let mut command = self.command(self.folder.unwrap_or(scratch.path()));
        let deadline = Instant::now() + Duration::from_millis(self.limits.max_time_ms);
        let mut child = Killed(command.spawn().map_err(Error::io("start ffmpeg"))?);
        let (Some(stdin), Some(mut stdout), Some(stderr)) =
            (child.0.stdin.take(), child.0.stdout.take(), child.0.stderr.take())
        else {
            return Err(Error::io("talk to ffmpeg")(std::io::ErrorKind::Other.into()));
        };
        let ended = std::thread::scope(|scope| {
            let feeder = scope.spawn(move || feed.write_to(source, stdin));
            let complaints = scope.spawn(move || tail(stderr));
            let (send, blocks) = sync_channel::<Vec<u8>>(4);
            scope.spawn(move || {
                let mut buffer = vec![0; 64 << 10];
                while let Ok(n @ 1..) = stdout.read(&mut buffer) {
                    if send.send(buffer[..n].to_vec()).is_err() {
                        break;
                    }
                }
            });
            let mut n_bytes = 0;
            let taken = loop {
                match blocks.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                    Ok(block) => {
                        n_bytes += block.len() as u64;
                        if n_bytes > self.max_output {
                            break Err(refuse::over("bytes of output", "max_output_bytes", self.max_output).into());
                        }
                        if let Err(error) = sink(&block) {
                            break Err(error);
                        }
                    }
                    Err(RecvTimeoutError::Timeout) => break Err(self.too_slow()),
                    Err(RecvTimeoutError::Disconnected) => break Ok(()),
                }
            };
            if taken.is_err() {
                child.kill();
            }
            drop(blocks);
            let status = self.wait(&mut child, deadline);
            let complaints = complaints.join().unwrap_or_default();
            let fed = feeder.join().unwrap_or_else(|_| Err(std::io::ErrorKind::Other.into()));
            taken.and_then(|()| Ok((status?, complaints, fed)))
        });
        let (status, complaints, fed) = ended?;
        fed.map_err(Error::io("read the recording"))?;
        self.judge(status, &complaints)
    }

    /// Runs it and returns all that it writes.
    pub(crate) fn output(&self, source: &mut dyn Source, feed: Feed) -> Result<Vec<u8>, Error> {
        let mut output = Vec::new();
        self.run(source, feed, |block| {
            output.extend_from_slice(block);
            Ok(())
        })?;
        Ok(output)
    }

    fn command(&self, folder: &Path) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", LIMITED, "sh"]);
        command.arg(self.limits.max_cpu_s.to_string());
        command.arg((self.limits.max_memory_bytes >> 10).to_string());
        command.arg((self.limits.max_output_bytes >> 9).to_string());
        command.arg(self.program).args(&self.arguments);
        command.env_clear().env("HOME", folder).env("TMPDIR", folder).env("LC_ALL", "C");
        // On Lambda, libraries of a layer are found by it.
        if let Some(libraries) = std::env::var_os("LD_LIBRARY_PATH") {
            command.env("LD_LIBRARY_PATH", libraries);
        }
        command.current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Waits for the end; its output has ended already, or it was killed.
    fn wait(&self, child: &mut Killed, deadline: Instant) -> Result<ExitStatus, Error> {
        let mut pause = Duration::from_micros(200);
        loop {
            if let Some(status) = child.0.try_wait().map_err(Error::io("wait for ffmpeg"))? {
                return Ok(status);
            }
            if Instant::now() > deadline {
                child.kill();
                return Err(self.too_slow());
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(10));
        }
    }

    fn judge(&self, status: ExitStatus, complaints: &str) -> Result<(), Error> {
        if status.success() {
            return Ok(());
        }
        let limits = self.limits;
        let lost_memory = ["Cannot allocate memory", "Out of memory", "failed to map segment", "malloc of size"];
        let refusal = match status.signal() {
            // The kernel sends it at the limit; a second later, the other.
            Some(SIGXCPU | SIGKILL) => {
                refuse::timed_out(self.what, "max_cpu_s", &format!("{} s of CPU time", limits.max_cpu_s))
            }
            Some(SIGXFSZ) => refuse::over("bytes of output", "max_output_bytes", limits.max_output_bytes),
            _ if lost_memory.iter().any(|words| complaints.contains(words)) => {
                refuse::over("bytes of memory", "max_memory_bytes", limits.max_memory_bytes)
            }
            _ => {
                let line =
                    complaints.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it does not say why");
                refuse::corrupt(self.container, format!("{} failed: {line}", self.what))
            }
        };
        Err(refusal.into())
    }

    fn too_slow(&self) -> Error {
        refuse::timed_out(self.what, "max_time_ms", &format!("{} ms", self.limits.max_time_ms)).into()
    }
}

/// A child that does not outlive its run.
struct Killed(Child);

impl Killed {
    fn kill(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
    }
}

impl Drop for Killed {
    fn drop(&mut self) {
        self.kill();
        let _ = self.0.wait();
    }
}

/// Reads to the end and keeps the last bytes.
fn tail(mut stream: impl Read) -> String {
    let mut kept: Vec<u8> = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(n @ 1..) = stream.read(&mut buffer) {
        kept.extend_from_slice(&buffer[..n]);
        if kept.len() > 2 * STDERR_BYTES {
            kept.drain(..kept.len() - STDERR_BYTES);
        }
    }
    String::from_utf8_lossy(&kept).into_owned()
}
