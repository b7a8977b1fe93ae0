//! `cargo xtask bench images`: six JPEG, WebP and AVIF widths, one thumbnail and four crops of a 24-megapixel photograph, beside
//! sharp and vipsthumbnail, in the same run and at equal measured quality.
//!
//! Options: `--runs N` (default 7), `--only ACD`, `--quick` (no quality search, 3 runs).

mod engines;
mod measure;
mod ours;
mod photo;
mod quality;
mod report;

use anyhow::{Context, Result, bail};

use engines::Engine;
use ours::Settings;

/// What is asked of each engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Workload {
    /// Six widths as JPEG.
    A,
    /// Six widths as WebP.
    B,
    /// Six widths as AVIF.
    C,
    /// One JPEG of 400 pixels.
    D,
    /// Four crops (1:1, 4:5, 16:9, 9:16), 1080 pixels wide, as JPEG.
    E,
}

impl Workload {
    const ALL: [Workload; 5] = [Workload::A, Workload::B, Workload::C, Workload::D, Workload::E];

    fn name(self) -> &'static str {
        match self {
            Workload::A => "A",
            Workload::B => "B",
            Workload::C => "C",
            Workload::D => "D",
            Workload::E => "E",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Workload::A => "six JPEG widths",
            Workload::B => "six WebP widths",
            Workload::C => "six AVIF widths",
            Workload::D => "one 400 px JPEG",
            Workload::E => "four 1080 px crops",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|workload| workload.name() == text)
    }

    fn extension(self) -> &'static str {
        match self {
            Workload::B => "webp",
            Workload::C => "avif",
            _ => "jpg",
        }
    }
}

pub(crate) const WIDTHS: [u32; 6] = [320, 640, 960, 1280, 1920, 2560];
pub(crate) const CROPS: [(u16, u16); 4] = [(1, 1), (4, 5), (16, 9), (9, 16)];

/// Runs the comparison, or, as `once …`, `warm …` and `measure …`, its parts inside processes of their own.
pub fn run(args: &[String]) -> Result<()> {
    match args.first().map(String::as_str) {
        Some("once") => ours::once(&args[1..]),
        Some("warm") => ours::warm(&args[1..]),
        Some("measure") => measure::run(&args[1..]),
        // Anything else must not start a whole comparison: a part's process that is not understood would start it again.
        Some(word) if !word.starts_with("--") => bail!("`{word}` is not understood; options begin with `--`"),
        _ => compare(args),
    }
}

fn compare(args: &[String]) -> Result<()> {
    let quick = args.iter().any(|arg| arg == "--quick");
    let value = |name: &str| args.iter().position(|arg| arg == name).and_then(|at| args.get(at + 1));
    let runs: usize = match value("--runs") {
        Some(text) => text.parse().context("failed to read `--runs`")?,
        None => {
            if quick {
                3
            } else {
                7
            }
        }
    };
    let only = value("--only").map_or("ABCDE", String::as_str);
    let bench = photo::prepare()?;
    let reference = quality::Reference::load(&bench.photo)?;
    println!("{}", bench.story);
    report::floors(&bench.photo)?;
    let mut lines = Vec::new();
    for workload in Workload::ALL.into_iter().filter(|workload| only.contains(workload.name())) {
        println!("\n{} {}", workload.name(), workload.title());
        // Only sharp decides what quality we have to reach; our settings follow from the better of its two ways.
        let mut aim = f64::MIN;
        for peer in [Engine::SharpTuned, Engine::SharpSix].into_iter().filter(|peer| peer.runs(workload)) {
            let outputs = measure::once(&peer, workload, &bench, Settings::start(workload))?.outputs;
            aim = aim.max(quality::mean(&quality::judge(&outputs, workload, &reference, &bench)?));
        }
        let settings =
            if quick { Settings::start(workload) } else { quality::matched(workload, aim, &reference, &bench)? };
        let rows = measure::cold(workload, runs, settings)?;
        let Some(first) = rows.first() else { bail!("no engine ran `{}`", workload.name()) };
        let warm = measure::warm(workload, runs, &bench, settings)?;
        report::table(workload, &rows, &warm, &reference, &bench, settings)?;
        lines.push(report::ratio(workload, first, &rows)?);
    }
    println!("\nours ÷ tuned sharp, cold, 2 threads, median of {runs} pairs in this run");
    lines.iter().for_each(|line| println!("{line}"));
    Ok(())
}
