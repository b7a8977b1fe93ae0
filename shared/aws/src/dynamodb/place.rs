//! Where an asset stands in the lists.

use super::{Item, N_SHARDS, key, text};
use asset::catalog::CatalogEntry;
use asset::readiness::State;
use ports::{Kind, PortError};

/// Sorts below and above everything that can follow a prefix of a sort key: ages are hex, ids are lower-case letters,
/// digits and `-`.
const BELOW: char = '!';
const ABOVE: char = '~';

/// Where an entry stands in the order of lists: latest first, then by asset.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position {
    /// What is left of 2^64 milliseconds.
    age: u64,
    pub(super) asset: String,
}

impl Position {
    pub(super) fn of(entry: &CatalogEntry) -> Self {
        Position { age: u64::MAX - entry.updated_ms, asset: entry.asset.as_str().to_owned() }
    }

    /// Reads what [`Position::sort_key`] wrote.
    fn of_sort_key(text: &str) -> Option<Self> {
        let (age, asset) = text.split_once('.')?;
        Some(Position { age: u64::from_str_radix(age, 16).ok()?, asset: asset.to_owned() })
    }

    fn sort_key(&self) -> String {
        format!("{:016x}.{}", self.age, self.asset)
    }

    /// Writes it for the caller, who gives it back for the next page.
    pub(super) fn to_next(&self) -> String {
        format!("{}.{}", u64::MAX - self.age, self.asset)
    }

    pub(super) fn of_next(text: &str) -> Result<Self, PortError> {
        let position = text.split_once('.').and_then(|(at, asset)| {
            Some(Position { age: u64::MAX - at.parse::<u64>().ok()?, asset: asset.to_owned() })
        });
        position.ok_or_else(|| {
            PortError::new(Kind::Fatal, "list catalog", text).because("`after` is not the `next` of a page")
        })
    }
}

/// Returns the partition that an asset's places and words are in: its id ends in hex digits of a hash.
pub(super) fn shard_of(asset: &str) -> u32 {
    asset.chars().next_back().and_then(|digit| digit.to_digit(16)).unwrap_or_default() % N_SHARDS
}

/// Returns the items that make lists find an entry. They change only with its state, profile, kind and latest arrival.
pub(super) fn places_of(entry: &CatalogEntry) -> [Item; 2] {
    let (state, shard) = (entry.state, shard_of(entry.asset.as_str()));
    let position = Position::of(entry);
    [Stretch::of_state(state, shard), Stretch::of_profile(state, shard, &entry.profile)].map(|stretch| {
        let mut item = key(stretch.partition, format!("{}{}", stretch.prefix, position.sort_key()));
        item.insert("kind".to_owned(), text(&entry.kind));
        item
    })
}

/// A part of a partition in which places stand in the order of lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) partition: String,
    /// Stands before the position in each sort key.
    prefix: String,
}

impl Stretch {
    pub(super) fn of_state(state: State, shard: u32) -> Self {
        Stretch { partition: format!("list#{}#{shard}", state.as_str()), prefix: String::new() }
    }

    pub(super) fn of_profile(state: State, shard: u32, profile: &str) -> Self {
        Stretch { partition: format!("profile#{}#{shard}", state.as_str()), prefix: format!("{profile}.") }
    }

    /// Returns a sort key below everything that comes after `position`, or below everything.
    pub(super) fn lower(&self, after: Option<&Position>) -> String {
        let after = after.map(Position::sort_key).unwrap_or_default();
        format!("{}{after}{BELOW}", self.prefix)
    }

    pub(super) fn upper(&self) -> String {
        format!("{}{ABOVE}", self.prefix)
    }

    pub(super) fn position(&self, sort_key: &str) -> Option<Position> {
        Position::of_sort_key(sort_key.strip_prefix(&self.prefix)?)
    }

    /// Returns the profile of a sort key in a partition by profile.
    pub(super) fn profile(sort_key: &str) -> Option<&str> {
        sort_key.rsplitn(3, '.').nth(2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(at_ms: u64, asset: &str) -> Position {
        Position { age: u64::MAX - at_ms, asset: asset.to_owned() }
    }

    #[test]
    fn sort_keys_are_in_the_order_of_lists() {
        let ids = ["a-0", "a-0-1", "a0-0", "b-0"];
        let times = [u64::MAX, 1_700_000_000_000, 10_000, 9_999, 1, 0];
        let positions: Vec<Position> = times.iter().flat_map(|at| ids.iter().map(|id| position(*at, id))).collect();
        let stretch = Stretch::of_profile(State::Ready, 0, "p");
        for pair in positions.windows(2) {
            assert!(pair[0] < pair[1] && pair[0].sort_key() < pair[1].sort_key(), "{pair:?}");
            let (first, second) = (format!("p.{}", pair[0].sort_key()), format!("p.{}", pair[1].sort_key()));
            let after = stretch.lower(Some(&pair[0]));
            assert!(first < after && after < second && second < stretch.upper(), "{after} of {pair:?}");
            assert!(stretch.lower(None) < first);
            assert_eq!(stretch.position(&second).as_ref(), Some(&pair[1]));
            assert_eq!(Position::of_next(&pair[0].to_next()).ok().as_ref(), Some(&pair[0]));
        }
    }

    #[test]
    fn profiles_do_not_run_into_each_other() {
        let sort_key = |profile: &str| format!("{profile}.{}", position(5, "x-1").sort_key());
        for (profile, other) in [("old", "older"), ("old", "old-2"), ("a", "b")] {
            let stretch = Stretch::of_profile(State::Ready, 0, profile);
            let is_in = |key: &str| key > stretch.lower(None).as_str() && key < stretch.upper().as_str();
            assert!(is_in(&sort_key(profile)) && !is_in(&sort_key(other)), "{profile}, {other}");
            assert_eq!(Stretch::profile(&sort_key(profile)), Some(profile));
        }
    }

    #[test]
    fn what_is_no_next_is_refused() {
        for text in ["", ".", "x.a-1", "12", "-1.a"] {
            assert!(Position::of_next(text).is_err(), "{text}");
        }
    }
}
