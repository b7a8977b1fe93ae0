//! Text search: the words of keys and texts.

use super::place::shard_of;
use super::{Item, key};
use asset::catalog::CatalogEntry;
use std::collections::BTreeSet;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Letters of a word that are indexed; what follows is compared in the entry itself.
const MAX_LETTERS: usize = 40;

/// Splits text into its distinct words, in lower case and without accents.
pub(super) fn words_of(text: &str) -> BTreeSet<String> {
    let plain: String = text.to_lowercase().nfd().filter(|letter| !is_combining_mark(*letter)).collect();
    plain.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Returns whether each of `wanted` is the beginning of a word of `text`.
pub(super) fn matches(wanted: &BTreeSet<String>, text: &str) -> bool {
    if wanted.is_empty() {
        return true;
    }
    let words = words_of(text);
    // The first word that is not before it begins with it, if any does.
    wanted.iter().all(|wanted| words.range(wanted.clone()..).next().is_some_and(|word| word.starts_with(wanted)))
}

fn indexed(word: &str) -> String {
    word.chars().take(MAX_LETTERS).collect()
}

/// Returns the partition of a word and what its sort key begins with.
pub(super) fn search_key(shard: u32, word: &str) -> (String, String) {
    let first = word.chars().next().unwrap_or_default();
    (format!("word#{shard}#{first}"), indexed(word))
}

fn indexed_of(entry: &CatalogEntry) -> BTreeSet<String> {
    words_of(&entry.searchable()).iter().map(|word| indexed(word)).collect()
}

/// Returns the items that make a search find an entry, but for those that the entry before it has already.
pub(super) fn items_of(entry: &CatalogEntry, before: Option<&CatalogEntry>) -> Vec<Item> {
    let asset = entry.asset.as_str();
    let there = before.map(indexed_of).unwrap_or_default();
    let item = |word: &String| {
        let (partition, begin) = search_key(shard_of(asset), word);
        key(partition, format!("{begin}#{asset}"))
    };
    indexed_of(entry).difference(&there).map(item).collect()
}

/// Returns the asset of a word's sort key.
pub(super) fn asset_of(sort_key: &str) -> Option<&str> {
    sort_key.rsplit_once('#').map(|(_, asset)| asset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_no_case_and_no_accents() {
        let words = |text: &str| words_of(text).into_iter().collect::<Vec<_>>().join(" ");
        assert_eq!(words("Café Zürich – ESPRESSO_2.JPG"), "2 cafe espresso jpg zurich");
        assert_eq!(words("cafe\u{301}/CAFÉ"), "cafe");
        assert_eq!(words("İstanbul Straßenbahn"), "istanbul straßenbahn");
        assert_eq!(words(" -\u{301}#~"), "");
    }

    #[test]
    fn a_search_is_for_beginnings() {
        let matches = |text: &str, key: &str| super::matches(&words_of(text), key);
        assert!(matches("caf zur", "Zürich/Café.jpg") && matches("", "x") && matches("x", "x y"));
        assert!(!matches("afe", "Café") && !matches("cafes", "Café") && !matches("a b", "a"));
        // What follows the indexed letters counts too.
        let long = "x".repeat(100);
        assert!(matches(&long, &format!("{long}y")) && !matches(&format!("{long}y"), &long));
        assert_eq!(search_key(0, &long).1.len(), MAX_LETTERS);
    }
}
