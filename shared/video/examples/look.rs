//! `cargo run --release -p video --example look -- FILE poster|storyboard|sound|pieces|preview|probe… [--out DIR]`: what is made of a
//! recording, and how many of its bytes were read for it.

use std::path::PathBuf;
use std::time::Instant;
use video::{
    ChunkSpec, CountingSource, FileSource, PreviewSpec, Recording, StoryboardSpec, Tools, VideoLimits, plan_chunks,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    let out = words
        .iter()
        .position(|word| word == "--out")
        .map(|at| PathBuf::from(words.drain(at..).nth(1).unwrap_or_default()));
    let [file, wanted @ ..] = &words[..] else { return Err("wanted FILE and what to make of it".into()) };
    let tools = Tools::find(None, None)?;
    let limits = VideoLimits::default();
    let mut source = CountingSource::new(FileSource::new(std::fs::File::open(file)?)?);
    let save = |name: &str, bytes: &[u8]| out.as_ref().map_or(Ok(()), |out| std::fs::write(out.join(name), bytes));
    let start = Instant::now();
    let mut recording = Recording::open(&mut source, &tools, &limits)?;
    println!("{:#?}", recording.probe());
    for what in wanted {
        match what.as_str() {
            "poster" => {
                let poster = recording.poster()?;
                println!("poster: {}×{} at {} ms {:?}", poster.width, poster.height, poster.at_ms, poster.notes);
                save("poster.png", &poster.png)?;
            }
            "storyboard" => {
                let board = recording.storyboard(&StoryboardSpec::default())?;
                let sizes: Vec<usize> = board.sheets.iter().map(Vec::len).collect();
                println!(
                    "storyboard: {} tiles every {} ms, sheets of {sizes:?} bytes",
                    board.n_tiles, board.interval_ms
                );
                for (sheet, number) in board.sheets.iter().zip(1..) {
                    save(&format!("sheet-{number}.jpg"), sheet)?;
                }
                save("storyboard.vtt", board.vtt.as_bytes())?;
            }
            "sound" | "pieces" => {
                let sound = recording.listen()?;
                let chunks = plan_chunks(&sound, &ChunkSpec::default());
                println!("sound: {} ms, {} points, {chunks:?}", sound.duration_ms, sound.peaks.length);
                save("peaks.json", sound.peaks.to_json().as_bytes())?;
                for (chunk, number) in chunks.iter().zip(1..).filter(|(chunk, _)| what == "pieces" && !chunk.is_silent)
                {
                    let flac = recording.audio_chunk(chunk.start_ms, chunk.end_ms)?;
                    println!("piece {number}: {} bytes", flac.len());
                    save(&format!("piece-{number}.flac"), &flac)?;
                }
            }
            "preview" => {
                let preview = recording.preview(&PreviewSpec::default())?;
                println!("preview: {} bytes of {}", preview.bytes.len(), preview.media_type);
                save("preview.mp4", &preview.bytes)?;
            }
            "probe" => {}
            other => {
                return Err(format!("`{other}` is none of poster, storyboard, sound, pieces, preview, probe").into());
            }
        }
    }
    println!("read {} bytes in {} reads, {} ms", source.n_bytes, source.n_reads, start.elapsed().as_millis());
    Ok(())
}
