//! Nearness of vectors, for adapters: cosine similarity, and a heap that keeps the best of a scan.

use asset::catalog::CatalogEntry;
use asset::embedding::Vector;
use asset::ids::AssetId;
use asset::readiness::State;
use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BinaryHeap};

/// The most entries that one question is answered with; 0 means 100.
pub fn limit_of(limit: usize) -> usize {
    if limit == 0 { 100 } else { limit.min(1000) }
}

/// Returns the vector of length 1 in the same direction; `None` where there is no direction: no numbers, only zeros, or numbers that
/// are none.
pub fn direction(values: &[f32]) -> Option<Vec<f32>> {
    // In double precision, where the square of no single one overflows.
    let length = values.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
    (length > 0.0 && length.is_finite())
        .then(|| values.iter().map(|value| (f64::from(*value) / length) as f32).collect())
}

/// Returns the vector of an entry as adapters keep it: little-endian `f32`s of length 1. `None` where it has no direction, and for a
/// deleted asset, which is never found.
pub fn stored_point(entry: &CatalogEntry) -> Option<(&Vector, Vec<u8>)> {
    let vector = entry.vector.as_ref().filter(|_| entry.state != State::Deleted)?;
    let direction = direction(&vector.values())?;
    Some((vector, direction.iter().flat_map(|value| value.to_le_bytes()).collect()))
}

/// Names the space of a model's vectors of one number of dimensions: those of another one are never compared.
pub fn space_of(model: &str, dimensions: usize) -> String {
    asset::canonical::sha256_hex(format!("{dimensions}\n{model}").as_bytes())[..16].to_owned()
}

/// Numbers that are multiplied side by side: sums in a fixed order let the compiler use the processor's vectors.
const LANES: usize = 16;

/// Returns the cosine of the angle between a question and a stored point, both of length 1; `None` if they are of different spaces.
pub fn cosine(question: &[f32], stored: &[u8]) -> Option<f32> {
    let (numbers, rest) = stored.as_chunks::<4>();
    if numbers.len() != question.len() || !rest.is_empty() {
        return None;
    }
    let mut sums = [0.0_f32; LANES];
    let (blocks, last) = question.as_chunks::<LANES>();
    let (stored_blocks, stored_last) = numbers.as_chunks::<LANES>();
    for (block, stored) in blocks.iter().zip(stored_blocks) {
        for lane in 0..LANES {
            sums[lane] += block[lane] * f32::from_le_bytes(stored[lane]);
        }
    }
    let end: f32 = last.iter().zip(stored_last).map(|(value, stored)| value * f32::from_le_bytes(*stored)).sum();
    Some((sums.iter().sum::<f32>() + end).clamp(-1.0, 1.0))
}

/// Does [`Catalog::nearest`](crate::Catalog::nearest) by looking at every entry: for catalogs in memory.
pub fn among<'a>(
    entries: impl Iterator<Item = &'a CatalogEntry>,
    model: &str,
    query: &[f32],
    limit: usize,
) -> Vec<(CatalogEntry, f32)> {
    let Some(query) = direction(query) else { return Vec::new() };
    let entries: BTreeMap<&AssetId, &CatalogEntry> = entries.map(|entry| (&entry.asset, entry)).collect();
    let mut nearest = Nearest::new(limit_of(limit));
    for (asset, entry) in &entries {
        let stored = stored_point(entry).filter(|(vector, _)| vector.model == model);
        if let Some(score) = stored.and_then(|(_, point)| cosine(&query, &point)) {
            nearest.offer(score, *asset);
        }
    }
    nearest.into_sorted().into_iter().map(|(asset, score)| (entries[asset].without_vector(), score)).collect()
}

/// The best of a scan, in as much memory as there are answers.
pub struct Nearest<T> {
    limit: usize,
    /// The worst of them is on top.
    heap: BinaryHeap<Reverse<Scored<T>>>,
}

struct Scored<T> {
    score: f32,
    what: T,
}

impl<T: Ord> Nearest<T> {
    pub fn new(limit: usize) -> Self {
        Nearest { limit, heap: BinaryHeap::with_capacity(limit + 1) }
    }

    /// Returns whether this score would be among the best: asked first, so that what is not need not be made.
    pub fn takes(&self, score: f32) -> bool {
        self.heap.len() < self.limit || self.heap.peek().is_some_and(|worst| worst.0.score <= score)
    }

    pub fn offer(&mut self, score: f32, what: T) {
        self.heap.push(Reverse(Scored { score, what }));
        if self.heap.len() > self.limit {
            self.heap.pop();
        }
    }

    /// Returns what was kept, the nearest first; of equals the smallest first.
    pub fn into_sorted(self) -> Vec<(T, f32)> {
        self.heap.into_sorted_vec().into_iter().map(|Reverse(Scored { score, what })| (what, score)).collect()
    }
}

impl<T: Ord> Ord for Scored<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.score.total_cmp(&other.score).then_with(|| other.what.cmp(&self.what))
    }
}

impl<T: Ord> PartialOrd for Scored<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: Ord> PartialEq for Scored<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T: Ord> Eq for Scored<T> {}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(values: &[f32]) -> Vec<u8> {
        direction(values).expect("a direction").iter().flat_map(|value| value.to_le_bytes()).collect()
    }

    #[test]
    fn cosines_of_any_length_are_those_of_the_definition() {
        for dimensions in [1, 3, 15, 16, 17, 384, 1025] {
            let a: Vec<f32> = (0..dimensions).map(|n| (n as f32 * 0.7).sin() + 0.1).collect();
            let b: Vec<f32> = (0..dimensions).map(|n| (n as f32 * 1.3).cos() * 40.0).collect();
            let dot = |a: &[f32], b: &[f32]| -> f64 { a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum() };
            let expected = dot(&a, &b) / (dot(&a, &a) * dot(&b, &b)).sqrt();
            let found = cosine(&direction(&a).expect("a direction"), &stored(&b)).expect("one space");
            assert!((f64::from(found) - expected).abs() < 1e-5, "{dimensions}: {found}, expected {expected}");
        }
    }

    #[test]
    fn what_has_no_direction_or_another_space_is_not_compared() {
        for values in [&[][..], &[0.0, 0.0], &[f32::NAN, 1.0], &[f32::INFINITY]] {
            assert_eq!(direction(values), None);
        }
        assert!(direction(&[f32::MAX, f32::MAX]).is_some() && direction(&[1e-30]).is_some());
        assert_eq!(cosine(&[1.0, 0.0], &stored(&[1.0])), None);
        assert_eq!(cosine(&[1.0], &stored(&[1.0])[..3]), None);
        assert_ne!(space_of("m", 3), space_of("m", 4));
        assert_ne!(space_of("m", 3), space_of("n", 3));
    }

    #[test]
    fn the_heap_keeps_the_best_and_the_smallest_of_equals() {
        let mut nearest = Nearest::new(3);
        for (score, what) in [(0.1, 'z'), (0.5, 'd'), (0.5, 'b'), (-1.0, 'a'), (0.9, 'c'), (0.5, 'a')] {
            if nearest.takes(score) {
                nearest.offer(score, what);
            }
        }
        let kept: Vec<char> = nearest.into_sorted().into_iter().map(|(what, _)| what).collect();
        assert_eq!(kept, ['c', 'a', 'b']);
    }
}
