//! The paired bootstrap: how low the mean difference could be, given these cases.

const RESAMPLES: usize = 2_000;
const SEED: u64 = 0x6772_6565_6e72_6f6f;

/// Returns the mean, 0 for nothing.
pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// Returns the 5th percentile of the means of resampled differences: the lower 95 % bound. The same input gives the
/// same answer.
pub(super) fn lower_bound(deltas: &[f64]) -> f64 {
    if deltas.is_empty() {
        return 0.0;
    }
    let mut state = SEED;
    let mut resample = || {
        let sum: f64 = (0..deltas.len()).map(|_| deltas[pick(&mut state, deltas.len())]).sum();
        sum / deltas.len() as f64
    };
    let mut means: Vec<f64> = (0..RESAMPLES).map(|_| resample()).collect();
    means.sort_by(f64::total_cmp);
    means[RESAMPLES / 20]
}

/// SplitMix64: a generator in four lines, whose numbers no upgrade of a library can change.
fn pick(state: &mut u64, n: usize) -> usize {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    let scaled = (u128::from(z ^ (z >> 31)) * n as u128) >> 64;
    // Below `n` by construction.
    usize::try_from(scaled).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_difference_has_no_spread() {
        assert_eq!(lower_bound(&[0.0; 30]), 0.0);
        assert_eq!(lower_bound(&[]), 0.0);
    }

    #[test]
    fn the_bound_is_where_theory_has_it() {
        // Half +1, half -1: the standard error is 1/√100, the 5th percentile lies 1.645 of them below the mean.
        let deltas: Vec<f64> = (0..100).map(|n| if n % 2 == 0 { 1.0 } else { -1.0 }).collect();
        let bound = lower_bound(&deltas);
        assert!((bound + 0.1645).abs() < 0.025, "{bound}");
        assert_eq!(bound, lower_bound(&deltas), "the seed is fixed");
    }

    #[test]
    fn a_shift_shifts_the_bound() {
        assert!((lower_bound(&[-0.1; 10]) + 0.1).abs() < 1e-9);
        assert!((mean(&[0.1, 0.3]) - 0.2).abs() < 1e-9);
    }
}
