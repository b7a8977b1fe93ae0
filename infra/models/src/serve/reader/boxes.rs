//! From the detector's map of probabilities to rectangles of text: the second half of Differentiable Binarization (arXiv 1911.08947, §3.4),
//! with the settings of PaddleOCR.

use super::geometry::{Point, Rectangle};

/// A pixel of text.
const PIXEL: f32 = 0.3;
/// A shape of text, by the mean of its own pixels: the rectangle around a curved line is half empty.
const RECTANGLE: f32 = 0.5;
/// How much the network shrank the text that it was taught.
const UNCLIP: f32 = 1.6;
/// Pixels of the shorter edge, before and after the text has got its size back.
const MIN_EDGE: f32 = 3.0;
const MIN_GROWN: f32 = 5.0;
const MAX_RECTANGLES: usize = 1000;

/// Probabilities, rows from the top.
pub(super) struct Map<'a> {
    pub width: usize,
    pub height: usize,
    pub data: &'a [f32],
}

/// Finds the text, in pixels of the map, in no order.
pub(super) fn find(map: &Map<'_>) -> Vec<Rectangle> {
    let mut mask = dilated(map);
    let mut found = Vec::new();
    for start in 0..mask.len() {
        if found.len() == MAX_RECTANGLES {
            break;
        }
        if mask[start] {
            let (edge, mean) = take_shape(map, &mut mask, start);
            found.extend(rectangle(&edge).filter(|_| mean >= RECTANGLE));
        }
    }
    found
}

/// Says where text is. Each pixel reaches one to the right and one down, so that strokes of one word touch.
fn dilated(map: &Map<'_>) -> Vec<bool> {
    let mut mask = vec![false; map.width * map.height];
    for y in 0..map.height {
        for x in 0..map.width {
            if map.data[y * map.width + x] > PIXEL {
                for (x, y) in [(x, y), (x + 1, y), (x, y + 1), (x + 1, y + 1)] {
                    if x < map.width && y < map.height {
                        mask[y * map.width + x] = true;
                    }
                }
            }
        }
    }
    mask
}

/// Takes the connected shape around a pixel out of the mask. Returns its outermost pixels of each row, and the mean of all of them.
fn take_shape(map: &Map<'_>, mask: &mut [bool], start: usize) -> (Vec<Point>, f32) {
    let width = map.width;
    let (mut sum, mut n) = (0.0_f64, 0_u32);
    let mut rows: std::collections::BTreeMap<usize, (usize, usize)> = std::collections::BTreeMap::new();
    let mut pending = vec![start];
    mask[start] = false;
    while let Some(at) = pending.pop() {
        let (x, y) = (at % width, at / width);
        sum += f64::from(map.data[at]);
        n += 1;
        let row = rows.entry(y).or_insert((x, x));
        *row = (row.0.min(x), row.1.max(x));
        let columns = x.saturating_sub(1)..=(x + 1).min(width - 1);
        for y in y.saturating_sub(1)..=y + 1 {
            for x in columns.clone() {
                if let Some(is_text) = mask.get_mut(y * width + x)
                    && std::mem::take(is_text)
                {
                    pending.push(y * width + x);
                }
            }
        }
    }
    // The hull of these is the hull of all.
    let ends = rows.iter().flat_map(|(y, (left, right))| [(*left, *y), (*right, *y)]);
    (ends.map(|(x, y)| Point::new(x as f32, y as f32)).collect(), (sum / f64::from(n)) as f32)
}

fn rectangle(edge: &[Point]) -> Option<Rectangle> {
    let tight = Rectangle::around(edge)?;
    if tight.width.min(tight.height) < MIN_EDGE {
        return None;
    }
    // The offset of a polygon by its area and circumference; around a rectangle it is one again.
    let distance = tight.width * tight.height * UNCLIP / (2.0 * (tight.width + tight.height));
    let grown = Rectangle { width: tight.width + 2.0 * distance, height: tight.height + 2.0 * distance, ..tight };
    (grown.width.min(grown.height) >= MIN_GROWN).then_some(grown)
}

/// Puts rectangles into the order of reading: rows from the top, each from the left. Two are in one row if their middles are nearer, from
/// top to bottom, than half of the smaller height. Columns of text are read across, because nothing says that they are columns.
pub(super) fn in_reading_order(mut found: Vec<Rectangle>) -> Vec<Rectangle> {
    found.sort_by(|a, b| a.center.y.total_cmp(&b.center.y));
    let mut rows: Vec<Vec<Rectangle>> = Vec::new();
    for rectangle in found {
        let is_in_row = |row: &Vec<Rectangle>| {
            row.last().is_some_and(|last| {
                (rectangle.center.y - last.center.y).abs() < last.height.min(rectangle.height) / 2.0
            })
        };
        match rows.last_mut().filter(|row| is_in_row(row)) {
            Some(row) => row.push(rectangle),
            None => rows.push(vec![rectangle]),
        }
    }
    for row in &mut rows {
        row.sort_by(|a, b| a.center.x.total_cmp(&b.center.x));
    }
    rows.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(width: usize, height: usize, paint: impl Fn(usize, usize) -> f32) -> Vec<f32> {
        (0..width * height).map(|at| paint(at % width, at / width)).collect()
    }

    #[test]
    fn two_lines_are_two_rectangles_in_order() {
        // Rows 5…10 and 25…30, columns 10…49; a faint block and a dot between them are no text.
        let data = map(80, 40, |x, y| match (x, y) {
            (10..50, 5..11 | 25..31) => 0.9,
            (60..75, 15..20) => 0.35,
            (5, 18) => 0.9,
            _ => 0.0,
        });
        let found = in_reading_order(find(&Map { width: 80, height: 40, data: &data }));
        assert_eq!(found.len(), 2, "{found:?}");
        // One more pixel by dilation: 40 × 6 pixel centres. The offset is 40·6·1.6 / 2·46.
        let offset = 40.0 * 6.0 * UNCLIP / 92.0;
        let (first, second) = (found[0], found[1]);
        assert_eq!((first.center, second.center), (Point::new(30.0, 8.0), Point::new(30.0, 28.0)));
        assert!((first.width - 40.0 - 2.0 * offset).abs() < 1e-3 && (first.height - 6.0 - 2.0 * offset).abs() < 1e-3);
    }

    #[test]
    fn a_slanted_line_is_one_turned_rectangle() {
        let data = map(120, 80, |x, y| {
            let middle = 20.0 + 0.3 * x as f32;
            if (10..110).contains(&x) && (y as f32 - middle).abs() < 5.0 { 0.95 } else { 0.0 }
        });
        let found = find(&Map { width: 120, height: 80, data: &data });
        assert_eq!(found.len(), 1, "{found:?}");
        assert!((found[0].along.y / found[0].along.x - 0.3).abs() < 0.03, "{found:?}");
    }

    #[test]
    fn the_edge_of_the_map_and_an_empty_map_are_fine() {
        let full = vec![1.0; 64 * 32];
        let found = find(&Map { width: 64, height: 32, data: &full });
        assert_eq!(found.len(), 1);
        assert!(find(&Map { width: 64, height: 32, data: &vec![0.0; 64 * 32] }).is_empty());
        assert!(find(&Map { width: 0, height: 0, data: &[] }).is_empty());
        // A grid of dots, each too small: bounded work, nothing found.
        let dots = map(200, 200, |x, y| if x % 4 == 0 && y % 4 == 0 { 1.0 } else { 0.0 });
        assert!(find(&Map { width: 200, height: 200, data: &dots }).is_empty());
    }

    #[test]
    fn rows_are_read_from_the_left() {
        let at = |x: f32, y: f32| Rectangle {
            center: Point::new(x, y),
            along: Point::new(1.0, 0.0),
            width: 30.0,
            height: 10.0,
        };
        let found = in_reading_order(vec![at(90.0, 10.0), at(10.0, 31.0), at(10.0, 13.0), at(60.0, 29.0)]);
        let order: Vec<f32> = found.iter().map(|rectangle| rectangle.center.x).collect();
        assert_eq!(order, [10.0, 90.0, 10.0, 60.0]);
        assert_eq!((found[1].center.y, found[2].center.y), (10.0, 31.0));
    }
}
