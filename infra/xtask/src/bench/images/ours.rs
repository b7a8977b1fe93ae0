//! Our own side: the same work in a process of its own, cold or repeated.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use asset::image::{AspectRatio, ColorPolicy, Encoding, FocalPoint, Framing, Limits, OutputFormat, RenderSpec};

use super::{CROPS, WIDTHS, Workload};

/// What may be turned to meet a peer's quality.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) quality: u8,
    pub(super) effort: u8,
}

impl Settings {
    /// Returns the number that sharp uses by default, with our effort for it.
    pub(super) fn start(workload: Workload) -> Self {
        match workload {
            Workload::C => Settings { quality: 50, effort: 1 },
            Workload::B => Settings { quality: 80, effort: 4 },
            _ => Settings { quality: 80, effort: 4 },
        }
    }
}

/// `once WORKLOAD PHOTO OUT QUALITY EFFORT`: reads, renders and writes once.
pub(super) fn once(args: &[String]) -> Result<()> {
    let (workload, photo, out, settings) = parse(args)?;
    let bytes = std::fs::read(photo).with_context(|| format!("failed to read `{photo}`"))?;
    let made = outputs(&bytes, workload, settings)?;
    std::fs::create_dir_all(out).with_context(|| format!("failed to create `{out}`"))?;
    for (index, bytes) in made.iter().enumerate() {
        std::fs::write(Path::new(out).join(format!("{index}.{}", workload.extension())), bytes)?;
    }
    Ok(())
}

/// `warm WORKLOAD PHOTO - QUALITY EFFORT RUNS`: repeats in memory and prints the milliseconds of each round.
pub(super) fn warm(args: &[String]) -> Result<()> {
    let (workload, photo, _, settings) = parse(args)?;
    let runs: usize = args.get(5).context("RUNS is missing")?.parse()?;
    let bytes = std::fs::read(photo).with_context(|| format!("failed to read `{photo}`"))?;
    let mut rounds = Vec::new();
    for round in 0..=runs {
        let start = Instant::now();
        outputs(&bytes, workload, settings)?;
        // The first round warms up.
        if round > 0 {
            rounds.push(start.elapsed().as_secs_f64() * 1000.0);
        }
    }
    println!("{}", serde_json::to_string(&rounds)?);
    Ok(())
}

fn parse(args: &[String]) -> Result<(Workload, &str, &str, Settings)> {
    let [workload, photo, out, quality, effort, ..] = args else { bail!("wanted WORKLOAD PHOTO OUT QUALITY EFFORT") };
    let workload = Workload::parse(workload).with_context(|| format!("`{workload}` is no workload"))?;
    Ok((workload, photo, out, Settings { quality: quality.parse()?, effort: effort.parse()? }))
}

/// Returns the encoded outputs, in the order of widths or crops.
pub(super) fn outputs(bytes: &[u8], workload: Workload, settings: Settings) -> Result<Vec<Vec<u8>>> {
    let format = match workload {
        Workload::B => OutputFormat::Webp,
        Workload::C => OutputFormat::Avif,
        _ => OutputFormat::Jpeg,
    };
    let encoding = Encoding { format, quality: settings.quality, effort: settings.effort };
    let spec = |framing, widths: &[u32]| RenderSpec {
        framing,
        widths: widths.to_vec(),
        encodings: vec![encoding],
        color: ColorPolicy::Srgb,
    };
    let specs: Vec<RenderSpec> = match workload {
        Workload::D => vec![spec(Framing::Whole, &[400])],
        Workload::E => CROPS.map(|(width, height)| crop(&spec, AspectRatio { width, height })).to_vec(),
        _ => vec![spec(Framing::Whole, &WIDTHS)],
    };
    let sets = media::render_all(bytes, &specs, &Limits::default()).context("failed to render the photograph")?;
    let mut made = Vec::new();
    for mut set in sets {
        set.sort_by_key(|rendition| rendition.width);
        made.extend(set.into_iter().map(|rendition| rendition.bytes));
    }
    Ok(made)
}

fn crop(spec: &dyn Fn(Framing, &[u32]) -> RenderSpec, ratio: AspectRatio) -> RenderSpec {
    spec(Framing::Crop { ratio, focus: FocalPoint::CENTER }, &[1080])
}
