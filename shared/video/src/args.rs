//! ffmpeg's arguments, as far as they are the same for every run.

use crate::value::{Container, VideoStream};

/// The demuxer is named, never guessed: a playlist or a list of files is not even tried.
fn demuxer(container: Container) -> &'static str {
    match container {
        Container::Mp4 | Container::Mov | Container::M4a => "mov",
        Container::Webm | Container::Matroska => "matroska",
        Container::Mp3 => "mp3",
        Container::Wav => "wav",
        Container::Flac => "flac",
        Container::Ogg => "ogg",
        Container::Aac => "aac",
    }
}

/// Arguments of ffmpeg and ffprobe up to the input, which is always the standard input. `reading` are options of the input.
pub(crate) fn input(container: Container, reading: &[&str]) -> Vec<String> {
    let mut arguments = words(&["-v", "error", "-hide_banner"]);
    arguments.extend(words(reading));
    arguments.extend(words(&["-protocol_whitelist", "pipe", "-f", demuxer(container)]));
    if container.is_mp4() {
        arguments.extend(words(&["-enable_drefs", "0", "-use_absolute_path", "0"]));
    }
    arguments.extend(words(&["-i", "pipe:0"]));
    arguments
}

pub(crate) fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

/// The filter that scales to this size with square pixels. `flags` is the method. An untagged picture of 720 lines or more is
/// BT.709, as every player takes it; swscale would take it for BT.601.
pub(crate) fn scale(video: &VideoStream, width: u32, height: u32, flags: &str) -> String {
    let is_untagged_hd = video.matrix.is_none() && video.width.min(video.height) >= 720;
    let matrix = if is_untagged_hd { ":in_color_matrix=bt709" } else { "" };
    format!("scale={width}:{height}:flags={flags}{matrix},setsar=1")
}

/// Filters that map HDR to what an ordinary screen shows: BT.2020 PQ or HLG to BT.709, by Hable's curve.
pub(crate) fn tone_map(video: &VideoStream) -> String {
    let transfer = if video.transfer.as_deref() == Some("arib-std-b67") { "arib-std-b67" } else { "smpte2084" };
    format!(
        "zscale=tin={transfer}:pin=bt2020:min=bt2020nc:rin=limited:t=linear:npl=100,format=gbrpf32le,zscale=p=bt709,\
         tonemap=hable:desat=0,zscale=t=bt709:m=bt709:r=limited,format=yuv420p"
    )
}

/// Returns the largest size of this shape whose longer edge is at most `edge`, both even: chroma is shared by two pixels.
pub(crate) fn fit(width: u32, height: u32, edge: u32) -> (u32, u32) {
    let longer = width.max(height).max(1);
    let edge = edge.min(longer);
    let scaled = |side: u32| ((u64::from(side) * u64::from(edge) + u64::from(longer) / 2) / u64::from(longer)) as u32;
    let even = |side: u32| (scaled(side).div_ceil(2) * 2).max(2);
    (even(width), even(height))
}
