//! Who is compared, and how each is started.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::ours::Settings;
use super::photo::Bench;
use super::{WIDTHS, Workload};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Engine {
    Ours,
    SharpTuned,
    SharpSix,
    Vips,
}

impl Engine {
    pub(super) const ALL: [Engine; 4] = [Engine::Ours, Engine::SharpTuned, Engine::SharpSix, Engine::Vips];

    pub(super) fn name(self) -> &'static str {
        match self {
            Engine::Ours => "greenroom",
            Engine::SharpTuned => "sharp, decode once",
            Engine::SharpSix => "sharp, a pipeline each",
            Engine::Vips => "vipsthumbnail",
        }
    }

    /// Returns whether this comparison says anything: one output has no fan-out to tune, so only the pipeline runs.
    pub(super) fn runs(self, workload: Workload) -> bool {
        !(self == Engine::SharpSix && workload == Workload::D)
    }

    /// Returns the command for a whole process which writes its outputs as `0.ext`, `1.ext`… to `out`.
    pub(super) fn cold(self, workload: Workload, bench: &Bench, out: &Path, settings: Settings) -> Result<Command> {
        Ok(match self {
            Engine::Ours => ours("once", workload, bench, out, settings)?,
            Engine::SharpTuned => sharp("tuned", workload, bench, out, 0),
            Engine::SharpSix => sharp("six", workload, bench, out, 0),
            Engine::Vips => vips(workload, bench, out),
        })
    }

    /// Returns the command that repeats the work in memory and prints milliseconds as a JSON list; a command line tool has none.
    pub(super) fn warm(
        self,
        workload: Workload,
        bench: &Bench,
        runs: usize,
        settings: Settings,
    ) -> Result<Option<Command>> {
        let out = Path::new("-");
        Ok(match self {
            Engine::Ours => {
                let mut command = ours("warm", workload, bench, out, settings)?;
                command.arg(runs.to_string());
                Some(command)
            }
            Engine::SharpTuned => Some(sharp("tuned", workload, bench, out, runs)),
            Engine::SharpSix => Some(sharp("six", workload, bench, out, runs)),
            Engine::Vips => None,
        })
    }
}

/// Starts this very program again, whatever words came before ours on its command line.
pub(super) fn myself(verb: &str) -> Result<Command> {
    let exe = std::env::current_exe().context("failed to find this program's own file")?;
    let words: Vec<String> = std::env::args().skip(1).take_while(|word| word != "images").collect();
    let mut command = Command::new(exe);
    command.args(words).args(["images", verb]);
    Ok(command)
}

fn ours(verb: &str, workload: Workload, bench: &Bench, out: &Path, settings: Settings) -> Result<Command> {
    let mut command = myself(verb)?;
    command.arg(workload.name()).arg(&bench.photo).arg(out);
    command.args([settings.quality.to_string(), settings.effort.to_string()]);
    Ok(command)
}

fn sharp(mode: &str, workload: Workload, bench: &Bench, out: &Path, repeat: usize) -> Command {
    let mut command = Command::new("node");
    command.arg(bench.folder.join("sharp.mjs")).args([mode, workload.name()]).arg(&bench.photo).arg(out);
    command.arg(repeat.to_string());
    command
}

/// One process for each output, one after the other, as the tool offers it.
fn vips(workload: Workload, bench: &Bench, out: &Path) -> Command {
    let save = match workload {
        Workload::B => "webp[Q=80,strip]",
        Workload::C => "avif[Q=50,effort=2,strip]",
        _ => "jpg[Q=80,optimize_coding,strip]",
    };
    let sizes: Vec<String> = match workload {
        Workload::D => vec!["-s 400x".to_owned()],
        Workload::E => {
            ["1080x1080", "1080x1350", "1080x608", "1080x1920"].map(|size| format!("-m centre -s {size}")).to_vec()
        }
        _ => WIDTHS.iter().map(|width| format!("-s {width}x")).collect(),
    };
    let mut script = String::from("set -e\n");
    for (index, size) in sizes.iter().enumerate() {
        script += &format!("vipsthumbnail \"$1\" {size} -o \"$2/{index}.{save}\"\n");
    }
    let mut command = Command::new("sh");
    command.arg("-c").arg(script).arg("sh").arg(&bench.photo).arg(out).env("VIPS_CONCURRENCY", "2");
    command
}
