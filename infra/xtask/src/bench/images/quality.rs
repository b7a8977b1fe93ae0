//! SSIMULACRA2 of each output against a full decode and a Lanczos3 resize that belongs to none of the engines.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use asset::image::{AspectRatio, FocalPoint};
use image::{RgbImage, imageops};
use ssimulacra2::{ColorPrimaries, Rgb, TransferCharacteristic, compute_frame_ssimulacra2};

use super::ours::{self, Settings};
use super::photo::Bench;
use super::{CROPS, Workload};

/// The whole photograph, decoded at full size.
pub(super) struct Reference(RgbImage);

/// What one output is worth.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grade {
    pub(super) width: u32,
    pub(super) bytes: u64,
    /// SSIMULACRA2: 100 is the reference, 70 looks right, 50 is visibly worse.
    pub(super) score: f64,
}

impl Reference {
    pub(super) fn load(photo: &Path) -> Result<Self> {
        let file = std::fs::File::open(photo).with_context(|| format!("failed to open `{}`", photo.display()))?;
        let mut decoder = jpeg_decoder::Decoder::new(std::io::BufReader::new(file));
        let pixels = decoder.decode().context("failed to decode the photograph")?;
        let info = decoder.info().context("the photograph has no header")?;
        let image = RgbImage::from_raw(u32::from(info.width), u32::from(info.height), pixels);
        Ok(Reference(image.context("the photograph is not RGB")?))
    }

    /// Returns what output number `index` should look like at this size.
    fn at(&self, workload: Workload, index: usize, width: u32, height: u32) -> RgbImage {
        if workload != Workload::E {
            return imageops::resize(&self.0, width, height, imageops::FilterType::Lanczos3);
        }
        let ratio = AspectRatio { width: CROPS[index].0, height: CROPS[index].1 };
        let (x, y, w, h) = media::crop_window(self.0.width(), self.0.height(), ratio, FocalPoint::CENTER);
        let part = imageops::crop_imm(&self.0, x, y, w, h).to_image();
        imageops::resize(&part, width, height, imageops::FilterType::Lanczos3)
    }
}

/// Grades output files, in their order.
pub(super) fn judge(
    outputs: &[PathBuf],
    workload: Workload,
    reference: &Reference,
    bench: &Bench,
) -> Result<Vec<Grade>> {
    let mut grades = Vec::new();
    for (index, path) in outputs.iter().enumerate() {
        let shown = bench.folder.join("out/shown.png");
        let status =
            Command::new("node").arg(bench.folder.join("prepare.mjs")).arg("png").args([path, &shown]).status()?;
        if !status.success() {
            bail!("failed to decode `{}`", path.display());
        }
        let shown = image::open(&shown)?.to_rgb8();
        let (width, height) = shown.dimensions();
        let wanted = reference.at(workload, index, width, height);
        let score = compute_frame_ssimulacra2(rgb(&wanted)?, rgb(&shown)?).context("failed to compare")?;
        grades.push(Grade { width, bytes: std::fs::metadata(path)?.len(), score });
    }
    Ok(grades)
}

fn rgb(image: &RgbImage) -> Result<Rgb> {
    let data = image.pixels().map(|pixel| pixel.0.map(|value| f32::from(value) / 255.0)).collect();
    let (width, height) = (image.width() as usize, image.height() as usize);
    Rgb::new(data, width, height, TransferCharacteristic::SRGB, ColorPrimaries::BT709)
        .context("failed to hold a picture")
}

pub(super) fn mean(grades: &[Grade]) -> f64 {
    grades.iter().map(|grade| grade.score).sum::<f64>() / grades.len() as f64
}

/// Returns our smallest quality whose mean score is not below `aim`, found by halving.
pub(super) fn matched(workload: Workload, aim: f64, reference: &Reference, bench: &Bench) -> Result<Settings> {
    let start = Settings::start(workload);
    let photo = std::fs::read(&bench.photo)?;
    let folder = bench.folder.join("out/search");
    std::fs::create_dir_all(&folder)?;
    let (mut low, mut high) = (start.quality.saturating_sub(20), (start.quality + 16).min(100));
    while low < high {
        let quality = low.midpoint(high);
        let settings = Settings { quality, ..start };
        let mut paths = Vec::new();
        for (index, bytes) in ours::outputs(&photo, workload, settings)?.iter().enumerate() {
            let path = folder.join(format!("{index}.{}", workload.extension()));
            std::fs::write(&path, bytes)?;
            paths.push(path);
        }
        if mean(&judge(&paths, workload, reference, bench)?) >= aim {
            high = quality;
        } else {
            low = quality + 1;
        }
    }
    Ok(Settings { quality: low, ..start })
}
