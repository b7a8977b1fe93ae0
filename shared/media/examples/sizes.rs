//! Times the six sizes of one picture: `cargo run --release -p media --example sizes -- photo.jpg [jpeg|webp|avif] [effort]
//! [quality] [out folder or -] [rounds]`.

use std::time::Instant;

use asset::image::{ColorPolicy, Encoding, Framing, Limits, OutputFormat, RenderSpec};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path =
        arguments.next().ok_or("usage: sizes FILE [jpeg|webp|avif] [effort] [quality] [out folder or -] [rounds]")?;
    let format = match arguments.next().as_deref() {
        Some("webp") => OutputFormat::Webp,
        Some("avif") => OutputFormat::Avif,
        _ => OutputFormat::Jpeg,
    };
    let effort = arguments.next().map_or(Ok(4), |text| text.parse())?;
    let quality =
        arguments.next().map_or(Ok(if format == OutputFormat::Avif { 50 } else { 80 }), |text| text.parse())?;
    let folder = arguments.next().filter(|folder| folder != "-");
    let rounds = arguments.next().map_or(Ok(5), |text| text.parse())?;
    let bytes = std::fs::read(path)?;
    let spec = RenderSpec {
        framing: Framing::Whole,
        widths: vec![320, 640, 960, 1280, 1920, 2560],
        encodings: vec![Encoding { format, quality, effort }],
        color: ColorPolicy::Srgb,
    };
    for round in 0..rounds {
        let start = Instant::now();
        let made = media::render(&bytes, &spec, &Limits::default())?;
        let total: usize = made.iter().map(|rendition| rendition.bytes.len()).sum();
        println!("{} ms, {total} bytes", start.elapsed().as_millis());
        if let (0, Some(folder)) = (round, &folder) {
            for rendition in made {
                let name = format!("{folder}/{}.{}", rendition.width, format.extension());
                std::fs::write(name, rendition.bytes)?;
            }
        }
    }
    Ok(())
}
