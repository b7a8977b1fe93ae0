//! What breaking lines needs to know of a language, and how wide its text is.

use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;
use unicode_segmentation::UnicodeSegmentation;

/// One language's words.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Language {
    articles: BTreeSet<String>,
    prepositions: BTreeSet<String>,
    conjunctions: BTreeSet<String>,
    auxiliaries: BTreeSet<String>,
    pronouns: BTreeSet<String>,
    pub(super) profanity: BTreeSet<String>,
    pub(super) has_spaces: bool,
    splits_names: bool,
}

impl Default for Language {
    fn default() -> Self {
        Language {
            articles: BTreeSet::new(),
            prepositions: BTreeSet::new(),
            conjunctions: BTreeSet::new(),
            auxiliaries: BTreeSet::new(),
            pronouns: BTreeSet::new(),
            profanity: BTreeSet::new(),
            has_spaces: true,
            splits_names: false,
        }
    }
}

static LANGUAGES: LazyLock<BTreeMap<String, Language>> = LazyLock::new(|| {
    toml::from_str(include_str!("languages.toml")).expect("the shipped words are valid: a test says so")
});
static UNKNOWN: LazyLock<Language> = LazyLock::new(Language::default);

/// Returns a BCP 47 tag's language, lower case.
pub(super) fn primary(tag: &str) -> String {
    tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase()
}

/// Marks that end a sentence, and that part a clause.
const SENTENCE_ENDS: &[char] = &['.', '?', '!', '…', '。', '？', '！', '．', '؟', '۔', '।', '॥', '։', '።'];
const CLAUSE_ENDS: &[char] = &[',', ';', ':', '，', '、', '；', '：', '،', '؛', '–', '—'];
/// What may stand behind an end mark.
const CLOSERS: &[char] = &['"', '\'', '”', '’', '»', ')', ']', '」', '』', '）', '】', '›', '*', '_'];
/// Kinsoku (JIS X 4051, W3C "Requirements for Japanese Text Layout"): what never begins a line, and what never ends one.
const NEVER_FIRST: &str = "。、．，・：；？！」』）］｝〉》】〕〗ー々ゝゞヽヾ〜～ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ…‥%％℃,.!?;:)]}»”’›";
const NEVER_LAST: &str = "「『（［｛〈《【〔〖＄￥£$([{«“‘‹";

/// How well a line or cue ends between two words.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Break {
    /// Lower is better; 0 is neutral.
    pub(super) cost: f32,
    /// Whether people would call it wrong.
    pub(super) is_bad: bool,
    pub(super) ends_sentence: bool,
}

impl Language {
    /// Returns what is known of a locale's language; nothing, where that is unknown.
    pub(super) fn of(tag: &str) -> &'static Language {
        LANGUAGES.get(&primary(tag)).unwrap_or(&UNKNOWN)
    }

    /// Rates a break between two words. The costs are those that research found best on 30,000 characters of English.
    pub(super) fn rate(&self, before: &str, after: &str) -> Break {
        let neutral = |cost| Break { cost, is_bad: false, ends_sentence: false };
        let bad = |cost| Break { cost, is_bad: true, ends_sentence: false };
        let last = before.chars().next_back().unwrap_or(' ');
        let first = after.chars().next().unwrap_or(' ');
        // A mark alone is a word of its own in French: `Quoi ?`
        if NEVER_FIRST.contains(first) && !is_ellipsis(after) || NEVER_LAST.contains(last) {
            return bad(50.0);
        }
        let bare = before.trim_end_matches(CLOSERS);
        if bare.ends_with(SENTENCE_ENDS) && !is_initial(bare) {
            return Break { cost: -6.0, is_bad: false, ends_sentence: true };
        }
        let word = fold(before);
        let next = fold(after);
        let is_conjunction = self.conjunctions.contains(&next);
        if bare.ends_with(CLAUSE_ENDS) {
            return neutral(if is_conjunction { -3.5 } else { -3.0 });
        }
        if bare.len() < before.len() && !before.ends_with('\'') {
            return neutral(-1.0);
        }
        if is_initial(bare) || self.articles.contains(&word) {
            return bad(8.0);
        }
        if self.prepositions.contains(&word) || self.auxiliaries.contains(&word) || self.conjunctions.contains(&word) {
            return bad(5.0);
        }
        if self.pronouns.contains(&word) {
            return bad(5.0);
        }
        if is_conjunction {
            return neutral(-1.5);
        }
        if self.prepositions.contains(&next) {
            return neutral(-0.7);
        }
        let is_name = |word: &str| word.chars().next().is_some_and(char::is_uppercase);
        if !self.splits_names && is_name(before) && is_name(after) && !next.starts_with("i'") && next != "i" {
            return neutral(4.0);
        }
        // A number and its unit.
        if last.is_ascii_digit() { neutral(3.0) } else { neutral(0.0) }
    }
}

fn is_ellipsis(text: &str) -> bool {
    text.starts_with("...") || text.starts_with('…')
}

/// Returns whether a word is an initial or a title, whose point ends no sentence.
fn is_initial(word: &str) -> bool {
    const TITLES: [&str; 8] = ["Mr.", "Mrs.", "Ms.", "Dr.", "St.", "Prof.", "Sr.", "Sra."];
    let mut chars = word.trim_start_matches(['"', '“', '(']).chars();
    let is_letter = chars.next().is_some_and(|c| c.is_uppercase() && c.is_alphabetic());
    (is_letter && chars.as_str() == ".") || TITLES.contains(&word)
}

/// Returns a word as lists have it: lower case, without punctuation around it.
pub(super) fn fold(word: &str) -> String {
    let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
    bare.chars().flat_map(char::to_lowercase).map(|c| if c == '’' { '\'' } else { c }).collect()
}

/// Returns whether a character is of a script whose lines break between any two: ideographs and kana, not Hangul.
pub(super) fn breaks_anywhere(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{2fff}' | '\u{3001}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{ff01}'..='\u{ff60}' | '\u{20000}'..='\u{3fffd}')
}

/// Returns whether a character takes two columns: East Asian Width W or F (UAX #11), in ranges.
fn is_wide(c: char) -> bool {
    breaks_anywhere(c)
        || matches!(c, '\u{1100}'..='\u{115f}' | '\u{3000}' | '\u{3100}'..='\u{31ef}' | '\u{3200}'..='\u{33ff}'
        | '\u{a000}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{fe30}'..='\u{fe4f}' | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1faff}')
}

/// How text is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    /// Every character is one.
    Characters,
    /// A full-width character is one, any other is a half: ja, zh, ko.
    FullWidth,
}

impl Count {
    pub(super) fn of(tag: &str) -> Count {
        if matches!(primary(tag).as_str(), "ja" | "zh" | "ko" | "yue") { Count::FullWidth } else { Count::Characters }
    }

    /// Returns how long text is, in half characters. Marks on letters count nothing, and so do controls of direction.
    pub(super) fn halves(self, text: &str) -> u32 {
        let half = |cluster: &str| match (cluster.chars().next(), self) {
            (
                None | Some('\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'),
                _,
            ) => 0,
            (Some(c), Count::FullWidth) if !is_wide(c) => 1,
            _ => 2,
        };
        text.graphemes(true).map(half).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn breaks_are_rated() {
        let rate = |tag: &str, before: &str, after: &str| Language::of(tag).rate(before, after);
        for (tag, before, after) in [
            ("en", "the", "cat"),
            ("en-GB", "The", "cat"),
            ("en", "of", "cats"),
            ("en", "don’t", "go"),
            ("en", "and", "go"),
            ("en", "J.", "Smith"),
            ("de", "der", "Hund"),
            ("fr", "les", "chats"),
            ("fr", "Quoi", "?"),
            ("es", "de", "Madrid"),
            ("it", "della", "casa"),
            ("pt", "não", "sei"),
            ("nl", "het", "huis"),
            ("ja", "です", "。"),
            ("ja", "「", "は"),
        ] {
            assert!(rate(tag, before, after).is_bad, "{tag}: {before}|{after}");
        }
        for (tag, before, after) in [
            ("en", "cat", "sat"),
            ("en", "for,", "he"),
            ("en", "it?”", "the"),
            ("xx", "the", "cat"),
            ("de", "Hund", "der"),
            ("ja", "日", "本"),
        ] {
            assert!(!rate(tag, before, after).is_bad, "{tag}: {before}|{after}");
        }
        assert!(rate("en", "over.", "The").ends_sentence && !rate("en", "Dr.", "No").ends_sentence);
        assert!(rate("en", "cat", "and").cost < rate("en", "cat", "sat").cost);
    }

    #[test]
    fn text_is_counted() {
        let count = |tag: &str, text: &str| Count::of(tag).halves(text);
        assert_eq!(count("en", "abc d"), 10);
        assert_eq!(count("ja", "日本ab"), 6);
        assert_eq!(count("ko", "안녕 a"), 6);
        assert_eq!(count("ar", "مُحَمَّد"), 8, "without the marks");
        assert_eq!(count("en", "e\u{301}\u{200f}"), 2);
    }
}
