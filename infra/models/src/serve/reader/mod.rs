//! Visible text by PP-OCR: a network that finds lines, and one that reads them.

mod boxes;
mod ctc;
mod geometry;

use super::network::{Network, Numbers};
use super::picture::{Form, Picture};
use crate::folder::Folder;
use crate::manifest::Model;
use anyhow::{Context, Result, ensure};
use boxes::Map;
use ctc::{Alphabet, Read};
use fast_image_resize::FilterType;
use geometry::{Point, Rectangle};
use serde_json::{Value, json};

/// Pixels of a picture's longer edge: what is larger is made smaller before it is looked at.
pub(super) const LOOK_AT: u32 = 2000;

/// The detector looks at a picture whose shorter edge has at least so many pixels, in whole steps of its own grid.
const SHORTER_EDGE: f64 = 736.0;
const GRID: f64 = 32.0;

/// The recognizer reads lines of this height, no shorter than its training had them, and no longer than can be paid for.
const LINE_HEIGHT: usize = 48;
const LINE_WIDTHS: std::ops::RangeInclusive<usize> = 320..=4096;

/// A rectangle that much taller than wide is a line that stands on its end.
const STANDING: f32 = 1.5;

const FORM: Form = Form { is_bgr: true, is_interleaved: false, mean: [127.5; 3], deviation: 127.5 };

/// Below this, what was read is noise and is left out.
const LOW: f32 = 0.5;
const MEDIUM: f32 = 0.75;
const HIGH: f32 = 0.9;

pub(super) struct Reader {
    detector: Network,
    recognizer: Network,
    alphabet: Alphabet,
}

impl Reader {
    pub fn load(folder: &Folder, model: &Model) -> Result<Self> {
        let detector = Network::load(folder.read(model, "detect.onnx")?)?;
        let recognizer = Network::load(folder.read(model, "recognize.onnx")?)?;
        let alphabet = Alphabet::new(recognizer.metadata("character").context("the model has no list of characters")?);
        Ok(Reader { detector, recognizer, alphabet })
    }

    /// Returns the lines of a picture in the order of reading.
    fn read(&self, picture: &Picture) -> Result<Vec<Read>> {
        let mut lines = Vec::new();
        for rectangle in boxes::in_reading_order(self.detect(picture)?) {
            let read = self.recognize(line(picture, &rectangle))?;
            if read.confidence >= LOW && !read.text.trim().is_empty() {
                lines.push(Read { text: read.text.trim().to_owned(), ..read });
            }
        }
        Ok(lines)
    }

    /// Answers the schema `visible_text`.
    pub fn answer(&self, picture: &Picture) -> Result<Value> {
        let lines = self.read(picture)?.into_iter();
        let lines: Vec<Value> =
            lines.map(|line| json!({"confidence": confidence(line.confidence), "text": line.text})).collect();
        Ok(json!({ "lines": lines }))
    }

    fn detect(&self, picture: &Picture) -> Result<Vec<Rectangle>> {
        let (width, height) = detector_size(picture.width, picture.height);
        let input = picture.to_size(width, height, FilterType::Bilinear)?.to_numbers(&FORM);
        let found = self.detector.run::<4, 4>(input)?;
        let [1, 1, height, width] = found.shape else { anyhow::bail!("the detector answers {:?}", found.shape) };
        let across = picture.width as f32 / width as f32;
        let down = picture.height as f32 / height as f32;
        let found = boxes::find(&Map { width, height, data: &found.data });
        Ok(found.into_iter().map(|rectangle| scaled(&rectangle, across, down)).collect())
    }

    fn recognize(&self, line: Numbers<4>) -> Result<Read> {
        let found = self.recognizer.run::<4, 3>(line)?;
        ensure!(
            found.shape[0] == 1 && found.shape[2] == self.alphabet.len(),
            "the recognizer answers {:?}",
            found.shape
        );
        Ok(self.alphabet.decode(&found.data))
    }
}

fn confidence(mean: f32) -> &'static str {
    match mean {
        _ if mean >= HIGH => "high",
        _ if mean >= MEDIUM => "medium",
        _ => "low",
    }
}

/// Returns the size at which the detector looks at a picture. A long narrow one is not blown up without end.
fn detector_size(width: u32, height: u32) -> (u32, u32) {
    let (width, height) = (f64::from(width), f64::from(height));
    let wanted = (SHORTER_EDGE / width.min(height)).max(1.0);
    let scale = wanted.min(f64::from(LOOK_AT) / width.max(height));
    let snap = |edge: f64| (((edge * scale / GRID).round() * GRID) as u32).max(GRID as u32);
    (snap(width), snap(height))
}

/// Moves a rectangle from the detector's pixels to the picture's, whose axes may be scaled a little differently.
fn scaled(rectangle: &Rectangle, across: f32, down: f32) -> Rectangle {
    let stretch = |direction: Point| Point::new(direction.x * across, direction.y * down);
    let length = |direction: Point| direction.x.hypot(direction.y);
    let (along, height) = (stretch(rectangle.along), length(stretch(rectangle.down())));
    let width = length(along);
    Rectangle {
        center: Point::new((rectangle.center.x + 0.5) * across, (rectangle.center.y + 0.5) * down),
        along: Point::new(along.x / width, along.y / width),
        width: rectangle.width * width,
        height: rectangle.height * height,
    }
}

/// Cuts a line out of a picture and makes it as the recognizer wants it. Pixels beyond the line, to the least width, are zeros.
fn line(picture: &Picture, rectangle: &Rectangle) -> Numbers<4> {
    // A standing line is read from its top down, as the reference has it.
    let upright = match rectangle.height >= rectangle.width * STANDING {
        true => Rectangle { along: rectangle.down(), width: rectangle.height, height: rectangle.width, ..*rectangle },
        false => *rectangle,
    };
    let scale = upright.height.max(1.0) / LINE_HEIGHT as f32;
    let longest = *LINE_WIDTHS.end();
    let width = ((upright.width / scale).ceil() as usize).clamp(1, longest);
    let step_x = upright.width / width as f32;
    let step_y = upright.height / LINE_HEIGHT as f32;
    let padded = width.max(*LINE_WIDTHS.start());
    let n_pixels = padded * LINE_HEIGHT;
    let mut data = vec![0.0; n_pixels * 3];
    let corner = upright.corner();
    // As many samples in each direction as there are pixels below one of the line's, so that fine print does not break up.
    let (across, down) = (step_x.ceil().clamp(1.0, 8.0) as u32, step_y.ceil().clamp(1.0, 8.0) as u32);
    for y in 0..LINE_HEIGHT {
        for x in 0..width {
            let mut sum = [0.0; 3];
            for sub_y in 0..down {
                for sub_x in 0..across {
                    let right = (x as f32 + (sub_x as f32 + 0.5) / across as f32) * step_x;
                    let below = (y as f32 + (sub_y as f32 + 0.5) / down as f32) * step_y;
                    let at = corner.plus(upright.along, right).plus(upright.down(), below);
                    let color = sample(picture, at);
                    (0..3).for_each(|channel| sum[channel] += color[channel]);
                }
            }
            for (channel, sum) in sum.iter().enumerate() {
                let value = sum / (across * down) as f32;
                // The form is the same as the detector's: blue first.
                data[(2 - channel) * n_pixels + y * padded + x] = (value - FORM.mean[0]) / FORM.deviation;
            }
        }
    }
    Numbers { shape: [1, 3, LINE_HEIGHT, padded], data }
}

/// Returns the colour at a point between pixels; beyond the picture, that of its edge.
fn sample(picture: &Picture, at: Point) -> [f32; 3] {
    let (last_x, last_y) = (picture.width as f32 - 1.0, picture.height as f32 - 1.0);
    let (x, y) = ((at.x - 0.5).clamp(0.0, last_x), (at.y - 0.5).clamp(0.0, last_y));
    let (left, top) = (x.floor(), y.floor());
    let (right, bottom) = ((left + 1.0).min(last_x), (top + 1.0).min(last_y));
    let pixel = |x: f32, y: f32| {
        let start = (y as usize * picture.width as usize + x as usize) * 3;
        [0, 1, 2].map(|channel| f32::from(picture.rgb[start + channel]))
    };
    let [a, b, c, d] = [pixel(left, top), pixel(right, top), pixel(left, bottom), pixel(right, bottom)];
    let (share_x, share_y) = (x - left, y - top);
    [0, 1, 2].map(|channel| {
        let above = a[channel] * (1.0 - share_x) + b[channel] * share_x;
        let below = c[channel] * (1.0 - share_x) + d[channel] * share_x;
        above * (1.0 - share_y) + below * share_y
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_detector_looks_at_bounded_sizes() {
        assert_eq!(detector_size(384, 191), (1472, 736));
        assert_eq!(detector_size(2000, 1500), (2016, 1504));
        assert_eq!(detector_size(2000, 10), (2016, 32));
        assert_eq!(detector_size(1, 1), (736, 736));
    }

    #[test]
    fn a_line_is_cut_out_and_padded() {
        // A picture that is black on the left half, red on the right.
        let rgb = (0..64 * 96).flat_map(|at| if at % 96 < 48 { [0, 0, 0] } else { [255, 0, 0] }).collect();
        let picture = Picture { width: 96, height: 64, rgb };
        let whole =
            Rectangle { center: Point::new(48.0, 32.0), along: Point::new(1.0, 0.0), width: 96.0, height: 64.0 };
        let cut = line(&picture, &whole);
        assert_eq!(cut.shape, [1, 3, 48, 320]);
        // 96 by 64 at a height of 48 is 72 wide. Red is the last plane.
        let red = &cut.data[2 * 48 * 320..];
        assert_eq!((red[10], red[70], red[72], cut.data[70]), (-1.0, 1.0, 0.0, -1.0));
        // Standing: the line runs down, and what is on its right is above.
        let standing = Rectangle { width: 20.0, height: 64.0, center: Point::new(48.0, 32.0), ..whole };
        let turned = line(&picture, &standing);
        let red = &turned.data[2 * 48 * 320..];
        assert_eq!((red[2 * 320 + 20], red[45 * 320 + 20]), (1.0, -1.0));
    }
}
