//! `cargo xtask bench pipeline`: what the pipeline costs beside the pictures, and whether that grows with the number of assets.

use crate::host::{Place, tiny_png};
use anyhow::{Context, Result, bail};
use asset::image::{Encoding, Framing, Limits, OutputFormat, RenderSpec};
use std::fs;
use std::time::{Duration, Instant};

/// Inspect, and one view.
const TASKS_PER_ASSET: u64 = 2;

pub fn run(args: &[String]) -> Result<()> {
    let n_assets: u64 = match args {
        [] => 100_000,
        [flag, number] if flag == "--assets" => number.parse().with_context(|| format!("`{number}` is no number"))?,
        _ => bail!("usage: cargo xtask bench pipeline [--assets N]"),
    };
    let place = Place::new("bench-pipeline", 60)?;
    let pure = pure_work()?;
    let n_workers = std::thread::available_parallelism().map_or(1, |n| n.get());
    println!("pure work on a picture of 16 x 16: {:.2} ms a task; {n_workers} workers", pure.as_secs_f64() * 1e3);
    println!("{:>8} {:>10} {:>12} {:>16}", "assets", "assets/s", "ms a task", "overhead ms/task");
    let (mut host, _) = place.start()?;
    let (mut n_there, mut rates) = (0, Vec::new());
    while n_there < n_assets {
        let n_more = if n_there == 0 { n_assets.min(1000) } else { (n_there * 9).min(n_assets - n_there) };
        let took = make_ready(&place, n_there, n_more)?;
        n_there += n_more;
        let per_task = took.as_secs_f64() * n_workers as f64 * 1e3 / (n_more * TASKS_PER_ASSET) as f64;
        let rate = n_more as f64 / took.as_secs_f64();
        println!("{n_there:>8} {rate:>10.1} {per_task:>12.2} {:>16.2}", per_task - pure.as_secs_f64() * 1e3);
        rates.push((rate, per_task - pure.as_secs_f64() * 1e3));
    }
    host.stop()?;
    let (first, last) = (rates[0], rates[rates.len() - 1]);
    println!(
        "pipeline: {n_assets} assets ready, {:.1} assets/s, {:.2} ms overhead a task, {:.2} times that of the first thousand",
        last.0,
        last.1,
        last.1 / first.1
    );
    Ok(())
}

/// Adds pictures to the inbox and waits until all are ready.
fn make_ready(place: &Place, n_there: u64, n_more: u64) -> Result<Duration> {
    let folder = place.data.join(format!("pictures-{n_there}"));
    fs::create_dir_all(&folder)?;
    for number in n_there..n_there + n_more {
        fs::write(folder.join(format!("{number}.png")), tiny_png(number.wrapping_mul(0x9E37_79B9_7F4A_7C15))?)?;
    }
    let begin = Instant::now();
    let folder = folder.to_str().context("the target folder's name is no UTF-8")?;
    place.ask(&["add", folder, "--no-wait"])?;
    let (mut n_ready, mut since) = (0, Instant::now());
    while n_ready < n_there + n_more {
        // Asking is a process of its own, which should not be what is measured.
        std::thread::sleep(Duration::from_millis(if n_more > 1000 { 1000 } else { 100 }));
        let (status, _) = place.ask(&["status"])?;
        let now_ready = status["assets"]["ready"].as_u64().unwrap_or(0);
        if now_ready > n_ready {
            (n_ready, since) = (now_ready, Instant::now());
        } else if since.elapsed() > Duration::from_secs(120) {
            bail!("nothing got ready for 2 minutes: {status:#}");
        }
    }
    Ok(begin.elapsed())
}

/// Returns what one task costs in process, on average.
fn pure_work() -> Result<Duration> {
    let limits = Limits::default();
    let encodings = vec![Encoding { format: OutputFormat::Jpeg, quality: 80, effort: 4 }];
    let spec = RenderSpec { framing: Framing::Whole, widths: vec![16], encodings, color: Default::default() };
    let n_pictures = 200;
    let mut took = Duration::ZERO;
    for number in 0..n_pictures {
        let png = tiny_png(number * 7919)?;
        let begin = Instant::now();
        media::probe(&png, &limits)?;
        media::inspect(&png, &limits)?;
        media::render(&png, &spec, &limits)?;
        took += begin.elapsed();
    }
    Ok(took / (n_pictures * TASKS_PER_ASSET) as u32)
}
