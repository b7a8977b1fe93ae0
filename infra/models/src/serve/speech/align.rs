//! When each token is said: where some heads of the decoder look while it is written (dynamic time warping, as OpenAI's code does it).

use super::network::Looks;

/// Positions that are smoothed together.
const SMOOTH: usize = 7;

/// Returns for each token after the first `n_before` the position at which it begins. Of each row, `n_heard` positions of `n_positions`
/// are recording. The last row, that of the mark of the end, is left out: what stands before it says where the end is.
pub(super) fn beginnings(looks: &[Looks], n_positions: usize, n_heard: usize, n_before: usize) -> Vec<usize> {
    let n_rows = looks.first().map_or(0, |looks| looks.rows.len() / n_positions.max(1));
    if n_heard == 0 || n_rows <= n_before + 1 {
        return Vec::new();
    }
    let mut mean = vec![0.0f32; n_rows * n_heard];
    for looks in looks {
        let mut shares: Vec<f32> = Vec::with_capacity(mean.len());
        for row in looks.rows.chunks_exact(n_positions) {
            shares.extend(softmax(&row[..n_heard]));
        }
        standardize(&mut shares, n_heard);
        for (sum, row) in mean.chunks_exact_mut(n_heard).zip(shares.chunks_exact(n_heard)) {
            sum.iter_mut().zip(smooth(row)).for_each(|(sum, value)| *sum += value);
        }
    }
    warp(&mean[n_before * n_heard..(n_rows - 1) * n_heard], n_heard)
}

fn softmax(row: &[f32]) -> impl Iterator<Item = f32> {
    let highest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f32 = row.iter().map(|value| (value - highest).exp()).sum();
    row.iter().map(move |value| (value - highest).exp() / sum)
}

/// Gives each column the mean 0 and the deviation 1, so that what all tokens look at counts for none.
fn standardize(rows: &mut [f32], width: usize) {
    let n = (rows.len() / width) as f32;
    for column in 0..width {
        let values = || rows.iter().skip(column).step_by(width);
        let mean = values().sum::<f32>() / n;
        let deviation = (values().map(|value| (value - mean).powi(2)).sum::<f32>() / n).sqrt().max(1e-10);
        rows.iter_mut().skip(column).step_by(width).for_each(|value| *value = (*value - mean) / deviation);
    }
}

/// Replaces each value by the median of those around it; the row is mirrored at its ends.
fn smooth(row: &[f32]) -> Vec<f32> {
    let half = SMOOTH / 2;
    if row.len() <= half {
        return row.to_vec();
    }
    let at = |index: isize| {
        let last = row.len() as isize - 1;
        let index = index.abs();
        row[(if index > last { 2 * last - index } else { index }) as usize]
    };
    let median = |middle: usize| {
        let mut around: [f32; SMOOTH] =
            std::array::from_fn(|offset| at(middle as isize + offset as isize - half as isize));
        around.sort_unstable_by(f32::total_cmp);
        around[half]
    };
    (0..row.len()).map(median).collect()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Both,
    Token,
    Position,
}

/// Finds the way through tokens and positions, both forwards, on which most is looked at; returns where it reaches each token.
fn warp(looks: &[f32], width: usize) -> Vec<usize> {
    let n = looks.len() / width;
    let mut steps = vec![Step::Position; n * width];
    // Costs of the row above, with a column before the first.
    let mut above = vec![f32::INFINITY; width + 1];
    above[0] = 0.0;
    for row in 0..n {
        let mut costs = vec![f32::INFINITY; width + 1];
        for column in 0..width {
            let (both, token, position) = (above[column], above[column + 1], costs[column]);
            let (cost, step) = match () {
                () if both < token && both < position => (both, Step::Both),
                () if token < both && token < position => (token, Step::Token),
                () => (position, Step::Position),
            };
            costs[column + 1] = cost - looks[row * width + column];
            steps[row * width + column] = step;
        }
        above = costs;
    }
    let mut begin = vec![0; n];
    let (mut row, mut column) = (n - 1, width - 1);
    loop {
        begin[row] = column;
        let step = match (row, column) {
            (0, 0) => return begin,
            (0, _) => Step::Position,
            (_, 0) => Step::Token,
            _ => steps[row * width + column],
        };
        row -= usize::from(step != Step::Position);
        column -= usize::from(step != Step::Token);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scores of a head that looks at one position for each token.
    fn looks(at: &[usize], n_positions: usize) -> Looks {
        let row = |at: &usize| {
            (0..n_positions).map(|position| if position.abs_diff(*at) <= 3 { 8.0 } else { 0.0 }).collect::<Vec<f32>>()
        };
        Looks { rows: at.iter().flat_map(row).collect() }
    }

    #[test]
    fn tokens_begin_where_they_are_looked_at() {
        let looks = [looks(&[50, 5, 20, 35, 60], 80)];
        let found = beginnings(&looks, 80, 70, 1);
        assert_eq!(found.len(), 3);
        assert_eq!(found[0], 0);
        // Between two places that are looked at, nothing says where the one token ends and the next begins.
        assert!((6..=20).contains(&found[1]) && (21..=35).contains(&found[2]), "{found:?}");
    }

    #[test]
    fn odd_sizes_have_beginnings_too() {
        assert!(beginnings(&[], 10, 10, 1).is_empty());
        assert!(beginnings(&[looks(&[1, 2], 10)], 10, 10, 1).is_empty());
        assert_eq!(beginnings(&[looks(&[1, 1, 1, 1], 3)], 3, 1, 1), [0, 0]);
        assert_eq!(smooth(&[1.0, 9.0, 1.0]), [1.0, 9.0, 1.0]);
        assert_eq!(smooth(&[1.0, 1.0, 9.0, 1.0, 1.0]), [1.0; 5]);
    }
}
