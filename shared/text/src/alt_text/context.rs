//! The text beside other texts: the caption, the words in the picture, the tags, other assets.

use super::finding::Findings;
use super::reading::{Reading, excerpt};
use super::rules::Matching;
use super::words::{self, Token};
use super::{Check, Placement};
use std::collections::HashSet;

pub(super) fn check(reading: &Reading<'_>, findings: &mut Findings<'_>) {
    nearby(reading, findings);
    let n = reading.alt.n_elsewhere;
    if n > reading.rules.limits.duplicates {
        findings.add(Check::Duplicate, format!("{n} other assets have the same text"));
    }
    picture_text(reading, findings);
    tags(reading, findings);
    reading_ease(reading, findings);
}

/// Returns words with a space around each, so that a search finds whole words only.
fn spaced(tokens: &[Token]) -> String {
    let mut spaced = String::from(" ");
    for token in tokens {
        spaced.push_str(&token.folded);
        spaced.push(' ');
    }
    spaced
}

fn nearby(reading: &Reading<'_>, findings: &mut Findings<'_>) {
    let Some(lengths) = reading.rules.lengths(reading.alt.locale) else { return };
    let text = spaced(&reading.tokens);
    let is_passage = |text: &str| text.chars().filter(|c| *c != ' ').count() >= lengths.passage;
    for other in reading.alt.nearby {
        let nearby = spaced(&words::tokens(other, &[]));
        let is_same = text == nearby && text != " ";
        let is_part = (is_passage(&text) && nearby.contains(&text)) || (is_passage(&nearby) && text.contains(&nearby));
        if is_same || is_part {
            findings.add(Check::RepeatsNearby, format!("the text repeats {}", excerpt(other.trim())));
            return;
        }
    }
}

fn picture_text(reading: &Reading<'_>, findings: &mut Findings<'_>) {
    let Some(seen) = reading.alt.text_in_picture.map(|text| words::tokens(text, &[])) else { return };
    let seen: HashSet<&str> = seen.iter().map(|token| token.folded.as_str()).collect();
    let said: HashSet<&str> = reading.tokens.iter().map(|token| token.folded.as_str()).collect();
    if reading.alt.placement == Placement::Text {
        let n_missing = seen.difference(&said).count();
        // Optical recognition misreads words; half of them is no accident.
        if n_missing * 2 > seen.len() {
            let found = format!("{n_missing} of the {} words in the picture are not in the text", seen.len());
            findings.add(Check::PictureTextMissing, found);
        }
    }
    let unseen = reading.tokens.iter().find(|token| token.is_quoted && !seen.contains(token.folded.as_str()));
    if let Some(unseen) = unseen {
        let found =
            format!("{} is quoted, and was not read in the picture", excerpt(&reading.text[unseen.range.clone()]));
        findings.add(Check::PictureTextUnseen, found);
    }
}

/// How many letters at the start make two words the same for tags: enough to look past endings.
const N_STEM: usize = 4;

fn tags(reading: &Reading<'_>, findings: &mut Findings<'_>) {
    let is_description = matches!(reading.alt.placement, Placement::Informative | Placement::Complex);
    if reading.alt.tags.is_empty() || !is_description {
        return;
    }
    let stem = |word: &str| word.chars().take(N_STEM).collect::<String>();
    let stems: HashSet<String> = reading.tokens.iter().map(|token| stem(&token.folded)).collect();
    let is_shared = |tag: &String| match reading.matching {
        Matching::Words => words::tokens(tag, &[]).iter().any(|token| stems.contains(&stem(&token.folded))),
        Matching::Parts => reading.letters.contains(&words::letters(tag)),
    };
    if !reading.alt.tags.iter().any(is_shared) {
        let tags: Vec<_> = reading.alt.tags.iter().take(3).map(|tag| excerpt(tag)).collect();
        findings.add(Check::NoSharedTag, format!("the text has none of the tags {}", tags.join(", ")));
    }
}

/// Fewer words say nothing about how hard they are to read.
const MIN_WORDS: usize = 10;

/// LIX needs no dictionary, so it works for all languages with spaces.
fn reading_ease(reading: &Reading<'_>, findings: &mut Findings<'_>) {
    let n_words = reading.tokens.len();
    if reading.matching != Matching::Words || n_words < MIN_WORDS {
        return;
    }
    let n_long = reading.tokens.iter().filter(|token| token.folded.chars().nth(6).is_some()).count();
    let mut n_sentences = 1;
    for pair in reading.tokens.windows(2) {
        let [first, second] = pair else { continue };
        let between = &reading.text[first.range.end..second.range.start];
        n_sentences += usize::from(between.contains(['.', '!', '?', ':', ';', '।', '؟', '…']));
    }
    let lix = n_words / n_sentences + n_long * 100 / n_words;
    if lix > reading.rules.limits.lix {
        findings.add(Check::HardToRead, format!("its readability index (LIX) is {lix}"));
    }
}
