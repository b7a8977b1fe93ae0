//! Whole processes, timed from outside; loops, timed from inside.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use wait4::Wait4;

use super::Workload;
use super::engines::{self, Engine};
use super::ours::Settings;
use super::photo::Bench;

/// One run of one engine.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Sample {
    pub(super) wall_ms: f64,
    pub(super) cpu_ms: f64,
    /// Peak resident memory of the largest process.
    pub(super) peak_mib: f64,
    pub(super) outputs: Vec<PathBuf>,
}

/// All runs of one engine.
#[derive(Serialize, Deserialize)]
pub(super) struct Row {
    pub(super) engine: Engine,
    pub(super) samples: Vec<Sample>,
}

/// Measures from a fresh, small process: on Linux a child's peak memory starts with its parent's, and this one holds the
/// reference picture.
pub(super) fn cold(workload: Workload, runs: usize, settings: Settings) -> Result<Vec<Row>> {
    let mut command = engines::myself("measure")?;
    command.args([workload.name(), &runs.to_string(), &settings.quality.to_string(), &settings.effort.to_string()]);
    let output = command.stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        bail!("`{command:?}` ended with {}", output.status);
    }
    serde_json::from_slice(&output.stdout).context("failed to read the measurements")
}

/// `measure WORKLOAD RUNS QUALITY EFFORT`: prints the rows as JSON.
pub(super) fn run(args: &[String]) -> Result<()> {
    let [workload, runs, quality, effort] = args else { bail!("wanted WORKLOAD RUNS QUALITY EFFORT") };
    let workload = Workload::parse(workload).with_context(|| format!("`{workload}` is no workload"))?;
    let settings = Settings { quality: quality.parse()?, effort: effort.parse()? };
    let rows = rows(workload, runs.parse()?, &super::photo::prepare()?, settings)?;
    println!("{}", serde_json::to_string(&rows)?);
    Ok(())
}

/// Runs every engine in turn, `runs` times over, so that a busy minute hits all of them.
fn rows(workload: Workload, runs: usize, bench: &Bench, settings: Settings) -> Result<Vec<Row>> {
    let engines = Engine::ALL.into_iter().filter(|engine| engine.runs(workload));
    let mut rows: Vec<Row> = engines.map(|engine| Row { engine, samples: Vec::new() }).collect();
    for _ in 0..runs {
        for row in &mut rows {
            match once(&row.engine, workload, bench, settings) {
                Ok(sample) => row.samples.push(sample),
                Err(error) if row.engine == Engine::Vips => eprintln!("vipsthumbnail is left out: {error:#}"),
                Err(error) => return Err(error),
            }
        }
        rows.retain(|row| !row.samples.is_empty());
    }
    Ok(rows)
}

/// Runs one whole process.
pub(super) fn once(engine: &Engine, workload: Workload, bench: &Bench, settings: Settings) -> Result<Sample> {
    let out = bench.folder.join("out").join(format!("{}-{engine:?}", workload.name()));
    let _ = std::fs::remove_dir_all(&out);
    std::fs::create_dir_all(&out)?;
    let mut command = engine.cold(workload, bench, &out, settings)?;
    let start = Instant::now();
    let child = command.spawn().with_context(|| format!("failed to start `{}`", engine.name()))?;
    let used = child.wait4().with_context(|| format!("failed to wait for `{}`", engine.name()))?;
    let wall_ms = start.elapsed().as_secs_f64() * 1000.0;
    if !used.status.success() {
        bail!("`{}` ended with {}", engine.name(), used.status);
    }
    let mut outputs: Vec<PathBuf> = std::fs::read_dir(&out)?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    outputs.sort();
    Ok(Sample {
        wall_ms,
        cpu_ms: (used.rusage.utime + used.rusage.stime).as_secs_f64() * 1000.0,
        peak_mib: used.rusage.maxrss as f64 / f64::from(1 << 20),
        outputs,
    })
}

/// Returns the milliseconds of each in-process round, engine by engine.
pub(super) fn warm(
    workload: Workload,
    runs: usize,
    bench: &Bench,
    settings: Settings,
) -> Result<Vec<(Engine, Vec<f64>)>> {
    let mut rows = Vec::new();
    for engine in Engine::ALL.into_iter().filter(|engine| engine.runs(workload)) {
        let Some(mut command) = engine.warm(workload, bench, runs, settings)? else { continue };
        let output = command.stderr(Stdio::inherit()).output()?;
        if !output.status.success() {
            bail!("`{}` ended with {}", engine.name(), output.status);
        }
        rows.push((engine, serde_json::from_slice(&output.stdout).context("failed to read the rounds")?));
    }
    Ok(rows)
}

/// Returns the middle value.
pub(super) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => values[n / 2],
        n => (values[n / 2 - 1] + values[n / 2]) / 2.0,
    }
}
