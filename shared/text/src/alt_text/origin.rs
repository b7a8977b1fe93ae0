//! Names of files, and addresses.

use super::Check;
use super::finding::Findings;
use super::reading::{Reading, excerpt};
use super::words;
use std::collections::HashSet;

pub(super) fn check(reading: &Reading<'_>, findings: &mut Findings<'_>) {
    let text = words::fold(reading.text);
    // What can be read in the picture is part of the description.
    let in_picture = reading.alt.text_in_picture.map(words::fold).unwrap_or_default();
    let in_picture: HashSet<&str> = in_picture.split_whitespace().map(bare).collect();
    let name =
        extension(reading, &text, &in_picture).or_else(|| camera(reading, &text)).or_else(|| stem(reading, &text));
    if let Some(name) = name {
        findings.add(Check::FileName, format!("the text has the file name {}", excerpt(name)));
    }
    if let Some(address) = text.split_whitespace().find(|word| is_address(word) && !in_picture.contains(bare(word))) {
        findings.add(Check::Address, format!("the text has the address {}", excerpt(bare(address))));
    }
}

/// Returns a word with its extension.
fn extension<'t>(reading: &Reading<'_>, text: &'t str, in_picture: &HashSet<&str>) -> Option<&'t str> {
    text.match_indices('.').find_map(|(dot, _)| {
        let is_after_name = text[..dot].chars().next_back().is_some_and(|c| c.is_alphanumeric() || "_-)".contains(c));
        let n = text.as_bytes()[dot + 1..].iter().take(MAX_EXTENSION).take_while(|b| b.is_ascii_alphanumeric()).count();
        let extension = &text[dot + 1..dot + 1 + n];
        let is_known = is_after_name && reading.rules.extensions.iter().any(|known| known == extension);
        let name = is_known.then(|| &text[start_of_name(&text[..dot])..dot + 1 + n])?;
        (!in_picture.contains(name)).then_some(name)
    })
}

const MAX_EXTENSION: usize = 8;
/// A name that is longer is shown by its end.
const MAX_NAME: usize = 64;

fn start_of_name(before: &str) -> usize {
    let name = before.char_indices().rev().take(MAX_NAME).take_while(|(_, c)| !c.is_whitespace());
    name.last().map_or(before.len(), |(index, _)| index)
}

/// Returns what a camera called the file: a known prefix and at least three digits.
fn camera<'t>(reading: &Reading<'_>, text: &'t str) -> Option<&'t str> {
    reading.rules.cameras.iter().filter(|prefix| !prefix.is_empty()).find_map(|prefix| {
        text.match_indices(prefix.as_str()).find_map(|(start, _)| {
            let is_start = !text[..start].chars().next_back().is_some_and(|c| c.is_ascii_alphanumeric());
            let digits = &text.as_bytes()[start + prefix.len()..];
            let n = digits.iter().take(MAX_NAME).take_while(|byte| byte.is_ascii_digit()).count();
            (is_start && n >= 3).then(|| &text[start..start + prefix.len() + n])
        })
    })
}

/// Returns the asset's own file name without its extension, where it does not look like ordinary words.
fn stem<'t>(reading: &Reading<'_>, text: &'t str) -> Option<&'t str> {
    let name = reading.alt.file_name?.rsplit(['/', '\\']).next()?;
    let stem = words::fold(name.rsplit_once('.').map_or(name, |(stem, _)| stem));
    let is_name = stem.chars().nth(3).is_some() && stem.contains(|c: char| c.is_ascii_digit() || "_-".contains(c));
    let is_own = is_name && stem.contains(char::is_alphabetic);
    text.match_indices(stem.as_str()).filter(|_| is_own).find_map(|(start, found)| {
        let is_part = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let is_whole =
            !is_part(text[..start].chars().next_back()) && !is_part(text[start + found.len()..].chars().next());
        is_whole.then_some(found)
    })
}

/// Returns a word without the punctuation around it.
fn bare(word: &str) -> &str {
    word.trim_matches(|c: char| c.is_ascii_punctuation() && c != '/' || "“”„«»。、，".contains(c))
}

fn is_address(word: &str) -> bool {
    let is_web = |start: &str| {
        let follows = |at: usize| word[at + start.len()..].starts_with(char::is_alphanumeric);
        word.match_indices(start).any(|(at, _)| follows(at))
    };
    ["http://", "https://", "ftp://", "www.", "mailto:"].into_iter().any(is_web) || is_mail(word)
}

fn is_mail(word: &str) -> bool {
    word.match_indices('@').any(|(at, _)| {
        let is_named = word[..at].ends_with(|c: char| c.is_alphanumeric() || "._-+".contains(c));
        let host = word[at + 1..].split(|c: char| !c.is_alphanumeric() && c != '.' && c != '-').next();
        is_named
            && host.and_then(|host| host.trim_end_matches('.').rsplit_once('.')).is_some_and(|(name, top)| {
                name.starts_with(char::is_alphanumeric) && top.starts_with(char::is_alphabetic)
            })
    })
}
