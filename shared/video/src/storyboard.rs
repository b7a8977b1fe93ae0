//! Small pictures of all of a film, for the bar under a player: sheets of tiles, and WebVTT that says which tile is when.

use crate::args::{self, words};
use crate::error::Error;
use crate::frames::{Strip, Way, nearest};
use crate::recording::Recording;
use crate::refuse;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt::Write;

/// Films up to here are decoded whole if their keyframes are too far apart.
const DECODED_MS: u64 = 120_000;

/// What a storyboard should be like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StoryboardSpec {
    /// Longer edge of a tile, in pixels.
    pub tile_edge: u32,
    /// Time from tile to tile where the film is long enough; longer ones have longer intervals.
    pub interval_ms: u64,
    pub columns: u32,
    /// Rows of one sheet at most.
    pub rows: u32,
    pub max_sheets: u32,
    /// ffmpeg's scale for JPEG: 2 (best) to 31.
    pub quality: u8,
}

impl Default for StoryboardSpec {
    fn default() -> Self {
        StoryboardSpec { tile_edge: 160, interval_ms: 10_000, columns: 10, rows: 10, max_sheets: 3, quality: 6 }
    }
}

/// Sheets of tiles, and what is on them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Storyboard {
    /// JPEG files; the cues call them `sheet-1.jpg` and so on.
    pub sheets: Vec<Vec<u8>>,
    /// Pixels of a tile.
    pub tile_width: u32,
    pub tile_height: u32,
    pub columns: u32,
    /// Rows of every sheet; the last one's may be black at the end.
    pub rows: u32,
    pub n_tiles: u32,
    pub interval_ms: u64,
    /// A WebVTT file with a cue for every tile: `sheet-1.jpg#xywh=0,0,160,90`.
    pub vtt: String,
}

impl Recording<'_> {
    /// Makes the sheets from the keyframes that are nearest to each interval.
    ///
    /// # Errors
    /// `unsupported` without pictures, `corrupt`, `too_large`, `timed_out`, or whatever the source says.
    pub fn storyboard(&mut self, spec: &StoryboardSpec) -> Result<Storyboard, Error> {
        let video = self.video()?.clone();
        let duration_ms = self.probe.duration_ms.max(1);
        let (columns, rows) = (spec.columns.clamp(1, 50), spec.rows.clamp(1, 50));
        let max_tiles = u64::from(columns * rows * spec.max_sheets.clamp(1, 20));
        let interval_ms = interval_ms(duration_ms, spec.interval_ms.max(100), max_tiles);
        let n_tiles = duration_ms.div_ceil(interval_ms).clamp(1, max_tiles);
        let columns = u64::from(columns).min(n_tiles) as u32;
        let rows = u64::from(rows).min(n_tiles.div_ceil(columns.into())) as u32;
        let strip = self.strip(duration_ms, interval_ms, n_tiles);
        let (tile_width, tile_height) = args::fit(video.width, video.height, spec.tile_edge.clamp(16, 640));
        let n_sheets = n_tiles.div_ceil(u64::from(columns * rows));
        let (feed, mut arguments, fill) = self.open_strip(&strip, &["-skip_loop_filter", "all"])?;
        let screen = self.screen(&video, &args::scale(&video, tile_width, tile_height, "area"));
        let graph = format!("{fill},{screen},tile={columns}x{rows},format=yuvj420p");
        arguments.extend(words(&["-map", "0:v:0", "-vf", &graph, "-frames:v", &n_sheets.to_string()]));
        let quality = spec.quality.clamp(2, 31).to_string();
        arguments.extend(words(&["-c:v", "mjpeg", "-q:v", &quality, "-f", "image2pipe", "pipe:1"]));
        let sheets = split(&self.job("drawing the storyboard", arguments).output(self.source, feed)?);
        if sheets.len() as u64 != n_sheets {
            return Err(refuse::corrupt(self.probe.container, "its pictures cannot be decoded").into());
        }
        let n_tiles = n_tiles as u32;
        let board =
            Storyboard { sheets, tile_width, tile_height, columns, rows, n_tiles, interval_ms, vtt: String::new() };
        Ok(Storyboard { vtt: vtt(&board, duration_ms), ..board })
    }

    fn strip(&self, duration_ms: u64, interval_ms: u64, n_tiles: u64) -> Strip {
        let middle = |tile: u64| (tile * interval_ms + interval_ms / 2).min(duration_ms);
        let times_ms: Vec<u64> = (0..n_tiles).map(middle).collect();
        let until_ms = n_tiles * interval_ms;
        if self.index.is_none() {
            let from = if duration_ms <= DECODED_MS { Way::All { until_ms } } else { Way::Streamed { until_ms } };
            return Strip { from, times_ms };
        }
        let chosen = nearest(&self.keyframes(), &times_ms);
        let is_sparse = (chosen.len() as u64) * 3 < n_tiles * 2;
        if chosen.is_empty() || (is_sparse && duration_ms <= DECODED_MS) {
            return Strip { from: Way::All { until_ms }, times_ms };
        }
        Strip { from: Way::Keyframes(chosen.into_iter().map(|(keyframe, n)| (keyframe.run, n)).collect()), times_ms }
    }
}

/// Short films have a tile every second at least, long ones no more tiles than there is room for; whole seconds, so that cues are
/// easy to read.
fn interval_ms(duration_ms: u64, wanted_ms: u64, max_tiles: u64) -> u64 {
    let short = (duration_ms / 40).clamp(1000.min(wanted_ms), wanted_ms);
    let needed = duration_ms.div_ceil(max_tiles);
    match short.max(needed) {
        interval if interval > 1000 => interval.div_ceil(1000) * 1000,
        interval => interval,
    }
}

/// Cuts JPEG files apart: an end marker cannot occur within one (ITU-T T.81 §B.1.1.5), and these have no thumbnails inside.
fn split(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut sheets = Vec::new();
    let mut start = 0;
    for at in 1..bytes.len() {
        if bytes[at - 1..=at] == [0xFF, 0xD9] {
            sheets.push(bytes[start..=at].to_vec());
            start = at + 1;
        }
    }
    sheets
}

/// Media fragments (W3C, §4.2.2) in WebVTT cues, as players' thumbnail plugins read them.
fn vtt(board: &Storyboard, duration_ms: u64) -> String {
    let mut text = "WEBVTT\n".to_owned();
    let per_sheet = board.columns * board.rows;
    for tile in 0..board.n_tiles {
        let start_ms = u64::from(tile) * board.interval_ms;
        let end_ms = (start_ms + board.interval_ms).min(duration_ms.max(start_ms + 1));
        let (sheet, place) = (tile / per_sheet + 1, tile % per_sheet);
        let (x, y) = (place % board.columns * board.tile_width, place / board.columns * board.tile_height);
        let (start, end) = (clock(start_ms), clock(end_ms));
        let (width, height) = (board.tile_width, board.tile_height);
        // Writing to a string cannot fail.
        let _ = write!(text, "\n{start} --> {end}\nsheet-{sheet}.jpg#xywh={x},{y},{width},{height}\n");
    }
    text
}

fn clock(ms: u64) -> String {
    format!("{:02}:{:02}:{:02}.{:03}", ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60, ms % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_grow_with_the_film() {
        assert_eq!(interval_ms(4_000, 10_000, 300), 1000);
        assert_eq!(interval_ms(600_000, 10_000, 300), 10_000);
        assert_eq!(interval_ms(2 * 3_600_000, 10_000, 300), 24_000);
    }

    #[test]
    fn cues_name_sheet_and_tile() {
        let board = Storyboard {
            sheets: Vec::new(),
            tile_width: 160,
            tile_height: 90,
            columns: 2,
            rows: 2,
            n_tiles: 5,
            interval_ms: 10_000,
            vtt: String::new(),
        };
        let text = vtt(&board, 45_500);
        assert!(text.starts_with("WEBVTT\n\n00:00:00.000 --> 00:00:10.000\nsheet-1.jpg#xywh=0,0,160,90\n"), "{text}");
        assert!(text.contains("\n00:00:30.000 --> 00:00:40.000\nsheet-1.jpg#xywh=160,90,160,90\n"), "{text}");
        assert!(text.ends_with("\n00:00:40.000 --> 00:00:45.500\nsheet-2.jpg#xywh=0,0,160,90\n"), "{text}");
    }
}
