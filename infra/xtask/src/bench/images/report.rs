//! What is printed.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};

use super::Workload;
use super::engines::Engine;
use super::measure::{Row, median};
use super::ours::Settings;
use super::photo::Bench;
use super::quality::{self, Reference};

/// Prints what no engine can go below on this machine, now: reading the JPEG's entropy code once, and moving its pixels once.
pub(super) fn floors(photo: &Path) -> Result<()> {
    let bytes = std::fs::read(photo)?;
    let decode = || -> Result<f64> {
        let start = Instant::now();
        let mut decoder = jpeg_decoder::Decoder::new(bytes.as_slice());
        decoder.read_info()?;
        decoder.scale(1, 1).context("failed to scale")?;
        decoder.decode()?;
        Ok(start.elapsed().as_secs_f64() * 1000.0)
    };
    let decoded = median((0..5).map(|_| decode()).collect::<Result<Vec<_>>>()?);
    let pixels = vec![1u8; 6000 * 4000 * 3];
    let copied = median((0..5).map(|_| {
        let start = Instant::now();
        std::hint::black_box(std::hint::black_box(&pixels).clone());
        start.elapsed().as_secs_f64() * 1000.0
    }));
    println!(
        "floor: {decoded:.0} ms to decode the photo to an eighth (entropy code, one thread), {copied:.0} ms to copy its pixels once"
    );
    Ok(())
}

/// Prints the rows of one workload, and the quality and bytes of each output.
pub(super) fn table(
    workload: Workload,
    rows: &[Row],
    warm: &[(Engine, Vec<f64>)],
    reference: &Reference,
    bench: &Bench,
    settings: Settings,
) -> Result<()> {
    println!("  ours at quality {}, effort {}", settings.quality, settings.effort);
    println!(
        "  {:<24}{:>10}{:>10}{:>10}{:>10}{:>12}{:>8}",
        "engine", "cold ms", "cpu ms", "MiB", "warm ms", "bytes", "score"
    );
    for row in rows {
        let Some(last) = row.samples.last() else { continue };
        let grades = quality::judge(&last.outputs, workload, reference, bench)?;
        let loops = warm.iter().find(|(engine, _)| *engine == row.engine);
        let loops = loops.map_or("-".to_owned(), |(_, rounds)| format!("{:.0}", median(rounds.iter().copied())));
        println!(
            "  {:<24}{:>10.0}{:>10.0}{:>10.0}{:>10}{:>12}{:>8.2}",
            row.engine.name(),
            median(row.samples.iter().map(|sample| sample.wall_ms)),
            median(row.samples.iter().map(|sample| sample.cpu_ms)),
            median(row.samples.iter().map(|sample| sample.peak_mib)),
            loops,
            grades.iter().map(|grade| grade.bytes).sum::<u64>(),
            quality::mean(&grades),
        );
        let each = grades.iter().map(|grade| format!("{} px {} B {:.1}", grade.width, grade.bytes, grade.score));
        println!("    {}", each.collect::<Vec<_>>().join(" · "));
    }
    Ok(())
}

/// Returns the line that a script can read, after printing the ratio of CPU time: it holds on a busy machine, where wall time
/// says more about the neighbours.
pub(super) fn ratio(workload: Workload, ours: &Row, rows: &[Row]) -> Result<String> {
    let peer = rows.iter().find(|row| row.engine == Engine::SharpTuned).context("sharp did not run")?;
    let pairs = || ours.samples.iter().zip(&peer.samples);
    println!("  cpu time ÷ tuned sharp's: {:.2}", median(pairs().map(|(ours, theirs)| ours.cpu_ms / theirs.cpu_ms)));
    Ok(format!(
        "ratio {} wall {:.2} memory {:.2}",
        workload.name(),
        median(pairs().map(|(ours, theirs)| ours.wall_ms / theirs.wall_ms)),
        median(pairs().map(|(ours, theirs)| ours.peak_mib / theirs.peak_mib)),
    ))
}
